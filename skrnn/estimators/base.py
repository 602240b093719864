"""Base classes of the regressors on windows, and of those that are networks."""

from dataclasses import replace
from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import check_random_state
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from skrnn._compat.sklearn import (
    CallbackSupportMixin,
    FitTask,
    HasMethods,
    Interval,
    LinkedHTML,
    StrOptions,
    fit_context,
)
from skrnn._estimator import VersionedEstimator, unchanged_on_error
from skrnn._warnings import warn_user
from skrnn.estimators.data_warnings import warn_if_nothing_learned
from skrnn.estimators.fitted import FittedModel
from skrnn.estimators.html import network_summary
from skrnn.estimators.preparation import Settings, in_parts, prepare
from skrnn.estimators.tasks import (
    attributes_of,
    batch_size_of,
    make_tasks,
    objective_of,
)
from skrnn.estimators.validation import (
    check_unchanged,
    validate_first,
    validate_more,
    validate_windows,
)
from skrnn.networks.quantiles import point_weights, without_crossing
from skrnn.training import tensorflow_import

_AT_LEAST_1 = Interval(Integral, 1, None, closed="left")
_AUTO = StrOptions({"auto"})
_OF_BASE = "base_", "network_share_"  # fitted attributes, only with a base
_BETWEEN_SEEDS = 15_485_863  # a prime, so that seeds of later epochs do not collide
_LARGEST_SEED = np.iinfo(np.int32).max


def _predicts_quantiles(estimator):
    """Return whether an estimator predicts quantiles, or will do so once fitted."""
    if hasattr(estimator, "_fitted"):
        return estimator._fitted.quantile_levels is not None
    return estimator.loss == "quantile"


class BaseWindowRegressor(
    RegressorMixin, VersionedEstimator, LinkedHTML, BaseEstimator
):
    """Base class of regressors on windows. Subclasses add `_fit` and `_predict`."""

    _parameter_constraints = {
        "n_step_features": [_AT_LEAST_1, None],
        "target_features": [str, Integral, list, tuple, None],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit to windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows, oldest step first. NaN marks a missing value.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. None weights all samples equally.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described.
        """
        with unchanged_on_error(self):
            self._fit(validate_first(self, X, y, sample_weight))
        return self

    def predict(self, X):
        """Predict the target of each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape that `y` had in `fit`.

        Raises
        ------
        ValueError
            If X has other features or time steps than in `fit`.
        """
        predicted = self._predict(self._windows(X))
        shape = (-1,) if self._y_is_1d else (-1, self.n_outputs_)
        return predicted.astype(self._y_dtype, copy=False).reshape(shape)

    def _windows(self, X):
        """Return windows after checking that they match those of fit."""
        if not hasattr(self, "_layout"):  # the check takes 0.04 of 0.2 ms for a row
            check_is_fitted(self)
        return validate_windows(self, X)


class BaseRecurrentRegressor(CallbackSupportMixin, BaseWindowRegressor):
    """Base class of the recurrent regressors. Subclasses add a cell and parameters."""

    _cell = None  # a key of skrnn.networks.cells.CELLS
    _costly = ("model_",)

    _parameter_constraints = {
        **BaseWindowRegressor._parameter_constraints,
        "units": [_AT_LEAST_1, tuple, list],
        "activation": [str],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "bidirectional": ["boolean"],
        "segment_length": [_AT_LEAST_1],
        "normalize": [StrOptions({"last", "standard"}), None],
        "missing": [StrOptions({"mask", "fill"})],
        "base": [HasMethods(["fit", "predict"]), None],
        "n_networks": [_AT_LEAST_1],
        "loss": [str, callable],
        "quantile": [Interval(Real, 0, 1, closed="neither"), tuple, list, None],
        "optimizer": [str, HasMethods(["apply", "get_config"])],
        "learning_rate": [Interval(Real, 0, None, closed="neither"), _AUTO],
        "batch_size": [_AT_LEAST_1, _AUTO],
        "block_size": [_AT_LEAST_1, None],
        "epochs": [_AT_LEAST_1],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither"), _AT_LEAST_1],
        "validation_gap": [Interval(Integral, 0, None, closed="left"), _AUTO],
        "n_iter_no_change": [_AT_LEAST_1],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [list, tuple, None],
        "metrics": [list, tuple, None],
        "warm_start": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "trainer": [StrOptions({"auto", "compiled", "xla", "keras"})],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both")],
    }

    def __getstate__(self):
        state = super().__getstate__()
        if any(map(_may_need_keras, self.get_params(deep=False).values())):
            return {"_imports_first": _Imports(), **state}
        return state

    def __setstate__(self, state):
        super().__setstate__({k: v for k, v in state.items() if k != "_imports_first"})

    @property
    def model_(self):
        """A new, uncompiled `keras.Model` with the trained weights.

        It is built at each access, which imports TensorFlow. Changes to it do not
        change the estimator.
        """
        check_is_fitted(self)
        return self._fitted.keras_model()

    def to_scikeras(self):
        """Return a fitted `scikeras.wrappers.KerasRegressor` with the same networks.

        It predicts the same as this regressor up to rounding, for windows without
        missing values, and can be trained on as a Keras model, which is its `model_`.
        It is trained with the loss, optimizer, learning rate, batch size, epochs and
        `shuffle` of this regressor. `partial_fit`, and also `fit` as it has
        `warm_start=True`, continue from the present weights with a new optimizer. The
        loss is then in the units of `y`: scale `y` to a standard deviation near 1.
        Training does not change this regressor. It imports TensorFlow.

        Returns
        -------
        scikeras.wrappers.KerasRegressor
            The fitted regressor. `X` of its methods are windows of shape (n_samples,
            n_timesteps, n_features), and predictions have the shape of `y` in `fit`.

        Raises
        ------
        ValueError
            If there is a `base`, which is not part of the network, or with
            `loss="quantile"`, as a KerasRegressor predicts no quantiles.

        Examples
        --------
        >>> import numpy as np
        >>> from skrnn import GRURegressor
        >>> X = np.random.RandomState(0).rand(100, 5, 1)
        >>> y = X[:, -1, 0] - X[:, 0, 0]
        >>> gru = GRURegressor(units=4, epochs=20, random_state=0).fit(X, y)
        >>> by_keras = gru.to_scikeras()
        >>> bool(np.allclose(by_keras.predict(X), gru.predict(X), atol=1e-5))
        True
        >>> bool(by_keras.fit(X, y, epochs=30).score(X, y) > gru.score(X, y))
        True
        """
        check_is_fitted(self)
        fitted, layout = self._fitted, self._layout
        if fitted.preparation.bases or fitted.quantile_levels is not None:
            what = "base" if fitted.quantile_levels is None else 'loss="quantile"'
            raise ValueError(
                f"to_scikeras does not support {what}: a KerasRegressor predicts the "
                "outputs of a network. Fit without it, or use model_, the network."
            )
        regressor = fitted.keras_regressor(
            objective_of(self),
            batch_size=batch_size_of(self),
            epochs=int(self.epochs),
            shuffle=bool(self.shuffle),
        )
        windows = np.zeros((1, layout.n_timesteps, layout.n_step_features))
        y = np.zeros(1 if self._y_is_1d else (1, self.n_outputs_))
        return regressor.initialize(windows, y)

    def _more_html(self):
        """Return the layers of the network as HTML, for notebooks."""
        return network_summary(self._fitted.spec, self._fitted.states[0].weights)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None):
        """Train the network on windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows, oldest step first. NaN marks a missing value, whose step is skipped
            or filled (see `missing`). With `missing="mask"`, windows that start with a
            missing step are not used for training, unless all do, or unless they are no
            windows of a series and padded at the start.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative. A weight of 2 counts the sample
            twice, a weight of 0 leaves it out. None weights all samples equally.
        X_val : array-like of shape (n_validation_samples, ...), default=None
            Windows for the validation loss, which is computed after every epoch. With
            `early_stopping=True` they are used instead of the last part of X.
        y_val : array-like of shape (n_validation_samples,) or \
                (n_validation_samples, n_outputs), default=None
            Targets of `X_val`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described, or if training
            diverges.
        TypeError
            If X is sparse.
        """
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass both X_val and y_val, or neither.")
        fit_task = FitTask(self, self.epochs * self.n_networks, X, y, sample_weight)
        with unchanged_on_error(self):
            earlier = getattr(self, "_fitted", None) if self.warm_start else None
            features = earlier and self._layout.features
            validated = validate_first(self, X, y, sample_weight)
            if features and self._layout.features:
                now, then = {"features": self._layout.features}, {"features": features}
                check_unchanged(now, then)
            validation = None
            if X_val is not None:
                validation = validate_more(self, X_val, y_val, name="y_val")
            data = validated, validation
            self._train(data, earlier, self._seeds(), self.epochs, fit_task)
        fit_task.end()
        return self

    @fit_context(prefer_skip_nested_validation=False)
    def partial_fit(self, X, y, sample_weight=None):
        """Train for one epoch on a part of the data, continuing from the last call.

        Each call continues from the weights and the optimizer state of the previous
        one, whatever `warm_start` is.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows as in `fit`, with the features and steps of the first call.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, as in `fit`.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described, if training diverges, or
            if `early_stopping=True`, as there are no rows to hold out.
        """
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True, because it holds "
                "out no rows. Set early_stopping=False, or call fit."
            )
        with unchanged_on_error(self):
            earlier = getattr(self, "_fitted", None)
            validate = validate_more if earlier else validate_first
            validated = validate(self, X, y, sample_weight)
            seeds = self._seeds(self.n_iter_ if earlier else 0)
            self._train((validated, None), earlier, seeds, epochs=1)
        return self

    def _train(self, data, earlier, seeds, epochs, fit_task=None):
        """Train the networks one after the other, and set the fitted attributes."""
        settings, before = Settings.of(self), earlier and earlier.preparation
        fit_data = prepare(*data, settings, before)
        tasks = make_tasks(self, fit_data, earlier, seeds, epochs)
        networks, watchers = [], []
        model = FittedModel(
            spec=tasks[0].spec,
            states=[],  # set by `attributes_of`
            preparation=fit_data.preparation,
            quantile_levels=tasks[0].objective.quantile_levels,
            network_weight=earlier.network_weight if earlier else 1.0,
            trained_with_missing=fit_data.training.has_missing
            or bool(earlier and earlier.trained_with_missing),
        )
        if fit_task is not None and fit_task.is_watched:
            fit_task.attributes = lambda epoch: attributes_of([*networks, epoch], model)
            watchers = [fit_task]
        for task in tasks:
            trained = _training().train(
                task,
                self.history_ if earlier else {},
                trainer=self.trainer,
                verbose=self.verbose,
                watchers=watchers,
            )
            state = fit_data.preparation.exact(trained.state)
            networks.append(replace(trained, state=state))
            if trained.interrupted:
                break
        for name in _OF_BASE:  # an earlier fit may have had a base
            vars(self).pop(name, None)
        vars(self).update(attributes_of(networks, model))
        if task.may_keep_first:
            self._weigh_networks(tasks[0], fit_data.refitted)
        if trained.interrupted:
            n = trained.history.n_epochs
            warn_user(f"Training was interrupted by the user after {n} epochs.")
        elif fit_task is not None:
            warn_if_nothing_learned(task, trained.history)

    def _weigh_networks(self, task, refitted):
        """Set the weight of networks, beside a base, that has the lowest loss."""
        model, weight, weigh = self._fitted, 0.0, _training().best_network_weight
        if any(self.best_epochs_):
            outputs = in_parts(model.outputs, *task.validation.used)
            weight, self.best_loss_ = weigh(task, outputs)
            if refitted is not None:
                # up to its best weight, the sum is not worse than the base alone
                task = replace(task, validation=refitted.validation)
                weight = min(weight, weigh(task, outputs)[0])
        if refitted is not None:
            model = replace(model, preparation=refitted.preparation)
            self.base_ = refitted.preparation.bases[0]
        self._fitted = replace(model, network_weight=weight)
        self.network_share_ = weight

    def _predict(self, windows):
        """Return the predictions of the network, or of its median."""
        predicted, levels = self._fitted.predict(windows), self._fitted.quantile_levels
        if levels is None:
            return predicted
        return without_crossing(predicted, len(levels)) @ point_weights(levels)

    @available_if(_predicts_quantiles)
    def predict_quantiles(self, X):
        """Predict the quantiles of the target of each window.

        Only available with `loss="quantile"`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows as in `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles)
            A quantile for each level in `quantile`, in that order. Quantiles never
            cross: they do not decrease along the last axis.

        Raises
        ------
        ValueError
            If X has other features or time steps than in `fit`.
        """
        predicted = self._fitted.predict(self._windows(X))
        quantiles = without_crossing(predicted, len(self._fitted.quantile_levels))
        quantiles = quantiles.astype(self._y_dtype, copy=False)
        return quantiles[:, 0] if self._y_is_1d else quantiles

    def _seeds(self, n_before=0):
        """Return a seed for each network after `n_before` epochs."""
        first = int(check_random_state(self.random_state).randint(_LARGEST_SEED))
        return [
            (first + n_before + number * _BETWEEN_SEEDS) % _LARGEST_SEED
            for number in range(self.n_networks)
        ]


class _Imports:
    """Imports TensorFlow, and silences it, when it is unpickled."""

    def __reduce__(self):
        return tensorflow_import.import_once, ()


def _may_need_keras(value):
    """Return whether a parameter is or contains a Keras object or a function."""
    if isinstance(value, (list, tuple)):
        return any(map(_may_need_keras, value))
    return callable(value) or any(
        c.__module__.startswith("keras.") for c in type(value).__mro__
    )


def _training():
    """Import TensorFlow, and return the module that trains networks."""
    tensorflow_import.load()
    from skrnn.training import train

    return train
