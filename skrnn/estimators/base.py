"""What the three regressors share: validate, train, predict."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import (
    assert_all_finite,
    check_array,
    check_consistent_length,
    check_random_state,
)
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._compat.sklearn import (
    CallbackSupportMixin,
    FitTask,
    HasMethods,
    Interval,
    LinkedHTML,
    StrOptions,
    check_sample_weight,
    fit_context,
)
from skrnn._estimator import unchanged_on_error
from skrnn.estimators.html import network_summary
from skrnn.estimators.persistence import FittedNetwork, KeptEstimator
from skrnn.networks.missing import mark_missing
from skrnn.networks.quantiles import in_order, levels_of, point_weights
from skrnn.training import start
from skrnn.training.data import Samples, TrainingData, hold_out_last, series_of
from skrnn.windows.layout import (
    WindowLayout,
    check_two_or_three,
)
from skrnn.windows.timeline import Timeline

MOST_AT_ONCE = 200  # the largest batch_size="auto"
_WRAPPER_PARAMS = (
    "optimizer",
    "learning_rate",
    "clipnorm",
    "loss",
    "shuffle",
    "verbose",
)
_X_CHECKS = {
    "dtype": [np.float64, np.float32],
    "ensure_all_finite": False,  # of the series behind the windows, see _finite
    "allow_nd": True,
}


def _predicts_quantiles(estimator):
    """Tell whether it does, or once fitted will."""
    if hasattr(estimator, "_fitted"):
        return estimator._fitted.levels is not None
    return estimator.loss == "quantile"


class BaseRecurrentRegressor(
    CallbackSupportMixin, RegressorMixin, KeptEstimator, LinkedHTML, BaseEstimator
):
    """Base of the recurrent regressors; a child adds its cell and its parameters."""

    _cell = None  # "elman", "lstm" or "gru"
    _cell_options = ("activation",)  # parameters that go to the recurrent layer

    _parameter_constraints = {
        "units": [Interval(Integral, 1, None, closed="left"), tuple, list],
        "activation": [str],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "recurrent_dropout": [Interval(Real, 0, 1, closed="left")],
        "bidirectional": ["boolean"],
        "n_step_features": [Interval(Integral, 1, None, closed="left"), None],
        "loss": [str, callable],
        "quantile": [Interval(Real, 0, 1, closed="neither"), tuple, list, None],
        "optimizer": [str, HasMethods(["apply", "get_config"])],
        "learning_rate": [
            Interval(Real, 0, None, closed="neither"),
            StrOptions({"auto"}),
        ],
        "clipnorm": [Interval(Real, 0, None, closed="neither"), None],
        "batch_size": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "block_size": [Interval(Integral, 1, None, closed="left"), None],
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "validation_gap": [
            Interval(Integral, 0, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left")],
        "callbacks": [list, tuple, None],
        "metrics": [list, tuple, None],
        "warm_start": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "jit": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both")],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags

    @property
    def model_(self):
        """The trained `keras.Model`."""
        check_is_fitted(self)
        return self._fitted.wrapper.model_

    def _more_html(self):
        """Return the layers of the network as HTML, for notebooks."""
        return network_summary(self.model_)

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None, *, X_val=None, y_val=None):
        """Train the network on windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows, oldest step first. NaN marks a missing value: the step that
            has it is skipped. A window whose first step is missing is left out
            unless all are such.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative. A weight of 2 is the same as the
            sample twice, one of 0 as its absence. None weighs all alike.
        X_val : array-like of shape (n_validation_samples, ...), default=None
            Windows to compute the validation loss on after every epoch, as X. With
            `early_stopping=True` they are used instead of the last part of X.
        y_val : array-like of shape (n_validation_samples,) or \
                (n_validation_samples, n_outputs), default=None
            Their targets.

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
        task = FitTask(self, self.epochs, X, y, sample_weight)
        with unchanged_on_error(self):
            parts = self._training_parts(X, y, sample_weight, X_val, y_val)
            wrapper = self._new_wrapper(
                n_rows=parts[0].n_samples,
                epochs=self.epochs,
                seed=self._draw_seed(),
                patience=self._patience(),
            )
            if self.warm_start and hasattr(self, "_fitted"):
                wrapper.carry_on(self._fitted.wrapper)
            if task.is_watched:
                wrapper.watch(task, lambda: _attributes(wrapper, snapshot=True))
            wrapper.fit(parts, np.zeros(1))  # which scikeras asks for
            vars(self).update(_attributes(wrapper))
        task.end()
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None):
        """Train one epoch on a part of the data, carrying on where training stands.

        Weights and the optimizer's state live on from call to call, whatever
        `warm_start` is.

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
            If a parameter or the data are not as described, if training diverges,
            or with `early_stopping=True`, as one part has no later one to stop on.
        """
        if self.early_stopping:
            raise ValueError(
                "partial_fit does not support early_stopping=True: one part has no "
                "later one to stop on. Set early_stopping=False, or call fit."
            )
        with unchanged_on_error(self):
            goes_on = hasattr(self, "_fitted")
            validate = self._validate_more if goes_on else self._validate_fit
            windows, y = validate(X, y)
            data = self._weighted_data(windows, y, sample_weight)
            n_before = self.n_iter_ if goes_on else 0
            wrapper = self._new_wrapper(
                n_rows=data.n_samples,
                epochs=1,
                seed=(self._draw_seed() + n_before) % np.iinfo(np.int32).max,
                patience=None,
            )
            if goes_on:
                wrapper.carry_on(self._fitted.wrapper)
            wrapper.fit((data, None), np.zeros(1))
            vars(self).update(_attributes(wrapper))
        return self

    def _training_parts(self, X, y, sample_weight, X_val, y_val):
        """Return what to train on, and what to evaluate after each epoch or None."""
        if (X_val is None) != (y_val is None):
            raise ValueError("X_val and y_val go together: give both or none.")
        hold_out = self.early_stopping and X_val is None
        codes = _series_codes(X, y) if hold_out else None
        windows, y = self._validate_fit(X, y)
        if not hold_out:
            data = self._weighted_data(windows, y, sample_weight)
            return data, None if X_val is None else self._validation_data(X_val, y_val)
        weight = self._validate_weight(sample_weight, y)
        gap = (
            self.n_outputs_ - 1
            if self.validation_gap == "auto"
            else self.validation_gap
        )
        rows = _rows_with_weight(weight)
        if rows is not None and codes is not None:
            codes = codes[rows]
        parts = hold_out_last(
            len(y) if rows is None else len(rows), codes, self.validation_fraction, gap
        )
        train, held_out = parts if rows is None else (rows[part] for part in parts)
        samples = Samples(windows, y, weight, self.dtype)
        return (
            TrainingData(samples, train, self.block_size),
            TrainingData(samples, held_out, self.block_size, only_observed=False),
        )

    def _validation_data(self, X_val, y_val):
        windows, y_val = self._validate_more(X_val, y_val, "y_val")
        samples = Samples(windows, y_val, None, self.dtype)
        return TrainingData(samples, block_size=self.block_size, only_observed=False)

    def _weighted_data(self, windows, y, sample_weight):
        weight = self._validate_weight(sample_weight, y)
        samples = Samples(windows, y, weight, self.dtype)
        return TrainingData(samples, _rows_with_weight(weight), self.block_size)

    def _validate_more(self, X, y, name="y"):
        """Return windows and targets of the kind that a fit has seen."""
        windows = self._validate_predict(X)
        y = check_array(
            y, ensure_2d=False, dtype=[np.float64, np.float32], input_name=name
        )
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if n_outputs != self.n_outputs_:
            raise ValueError(
                f"{name} has {n_outputs} outputs, but {type(self).__name__} is "
                f"expecting {self.n_outputs_}."
            )
        check_consistent_length(windows, y)
        return windows, y

    def predict(self, X):
        """Predict the target of each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows as in `fit`. Missing steps are skipped; a window without an
            observed step gets the prediction of an empty past.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape that `y` had in `fit`.

        Raises
        ------
        ValueError
            If X has other features or time steps than in `fit`.
        """
        predicted = self._outputs(X)
        levels = self._fitted.levels
        if levels is not None:
            predicted = in_order(predicted, len(levels)) @ point_weights(levels)
        shape = (-1,) if self._y_is_1d else (-1, self.n_outputs_)
        return predicted.astype(self._y_dtype, copy=False).reshape(shape)

    @available_if(_predicts_quantiles)
    def predict_quantiles(self, X):
        """Predict the quantiles of the target of each window.

        Only with `loss="quantile"`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows as in `predict`.

        Returns
        -------
        ndarray of shape (n_samples, n_quantiles) or \
                (n_samples, n_outputs, n_quantiles)
            A quantile for each level in `quantile`, in that order. They never
            cross: along the last axis none is smaller than the one before.

        Raises
        ------
        ValueError
            If X has other features or time steps than in `fit`.
        """
        check_is_fitted(self)
        n_levels = len(self._fitted.levels)
        quantiles = in_order(self._outputs(X), n_levels)
        quantiles = quantiles.astype(self._y_dtype, copy=False)
        return quantiles[:, 0] if self._y_is_1d else quantiles

    def _outputs(self, X):
        """Return what the network says of each window."""
        if not hasattr(self, "_fitted"):  # of 0.2 ms for a row, the check takes 0.04
            check_is_fitted(self)
        windows = self._validate_predict(X)
        wrapper = self._fitted.wrapper

        def windows_of(part):
            return mark_missing(windows[part], wrapper.network["dtype"])

        return wrapper.infer(windows_of, len(windows))

    def _validate_fit(self, X, y):
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **_X_CHECKS)
        names = getattr(self, "feature_names_in_", None)
        self._layout = WindowLayout.of(X, names, self.n_step_features)
        if X.ndim == 3:
            self.n_features_in_ = X.shape[2]
        y = y if y.dtype == np.float32 else y.astype(np.float64, copy=False)
        self._y_dtype, self._y_is_1d = y.dtype.name, y.ndim == 1
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        return self._finite(self._layout.windows(X)), y

    def _validate_weight(self, sample_weight, y):
        """Return the weights, the largest 1, if any: only their ratios matter."""
        if sample_weight is None:
            return None
        weight = check_sample_weight(
            sample_weight, y, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.any():
            raise ValueError("The sample weights are all zero: nothing to fit.")
        return (weight / weight.max()).astype(self.dtype)

    def _validate_predict(self, X):
        n_dims = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
        layout = self._layout
        if n_dims in (2, 3) and n_dims != layout.n_dims:
            raise ValueError(
                f"X has {n_dims} dimensions, but {type(self).__name__} was fitted on "
                f"X of {layout.n_dims} dimensions."
            )
        if n_dims < 3:
            X = validate_data(self, X, reset=False, **_X_CHECKS)
            return self._finite(layout.windows(X))
        X = check_array(X, input_name="X", estimator=self, **_X_CHECKS)
        check_two_or_three(X)
        for axis, what, expected in (
            (2, "features", layout.n_step_features),
            (1, "time steps", layout.n_timesteps),
        ):
            if X.shape[axis] != expected:
                raise ValueError(
                    f"X has {X.shape[axis]} {what}, but {type(self).__name__} is "
                    f"expecting {expected} {what} as input."
                )
        return self._finite(X)

    def _finite(self, windows):
        """Check the series behind windows, not each of its values in every window."""
        assert_all_finite(
            series_of(windows)[0],
            allow_nan=True,
            estimator_name=type(self).__name__,
            input_name="X",
        )
        return windows

    def _draw_seed(self):
        rng = check_random_state(self.random_state)
        return int(rng.randint(np.iinfo(np.int32).max))

    def _patience(self):
        if not self.early_stopping:
            return None
        return int(self.n_iter_no_change), float(self.tol)

    def _new_wrapper(self, n_rows, *, epochs, seed, patience):
        wrapper_class = start.load().RecurrentWrapper
        auto = self.batch_size == "auto"
        levels = levels_of(self.loss, self.quantile)
        return wrapper_class(
            network=self._network_params(levels),
            levels=levels,
            seed=seed,
            epochs=epochs,
            patience=patience,
            batch_size=min(MOST_AT_ONCE if auto else int(self.batch_size), n_rows),
            metrics=tuple(self.metrics or ()),
            callbacks=tuple(self.callbacks or ()),
            jit=self.jit if isinstance(self.jit, str) else bool(self.jit),
            **{name: getattr(self, name) for name in _WRAPPER_PARAMS},
        )

    def _network_params(self, levels):
        units = self.units if isinstance(self.units, (tuple, list)) else [self.units]
        ints = [n for n in units if isinstance(n, Integral) and not isinstance(n, bool)]
        if not units or len(ints) < len(units) or min(ints) < 1:
            raise ValueError(
                f"The 'units' parameter of {type(self).__name__} must be an int of at "
                "least 1, or a tuple of such ints with one for each layer. Got "
                f"{self.units!r} instead."
            )
        return {
            "cell": self._cell,
            "units": [int(n) for n in units],
            "n_features": self._layout.n_step_features,
            "n_outputs": self.n_outputs_ * len(levels or (None,)),
            "cell_options": {n: _plain(getattr(self, n)) for n in self._cell_options},
            "dropout": float(self.dropout),
            "recurrent_dropout": float(self.recurrent_dropout),
            "bidirectional": bool(self.bidirectional),
            "dtype": self.dtype,
        }


def _attributes(wrapper, *, snapshot=False):
    """Return what makes an estimator a fitted one.

    Parameters
    ----------
    wrapper : RecurrentWrapper
        Trained, or in training.
    snapshot : bool, default=False
        Whether the network is to stay as it is now.

    Returns
    -------
    dict
        Attributes by name.
    """
    history = wrapper.history_
    if snapshot:
        history = {name: list(values) for name, values in history.items()}
    validation_curve = history.get("val_loss")
    first = wrapper.n_epochs_before_
    curve = np.array(validation_curve or history["loss"])
    if np.isnan(curve[first:]).all():  # an earlier fit had validation data
        curve = np.array(history["loss"])
    best = first + int(np.nanargmin(curve[first:]))
    return {
        "_fitted": (FittedNetwork.snapshot if snapshot else FittedNetwork)(wrapper),
        "history_": history,
        "loss_curve_": history["loss"],
        "validation_loss_curve_": validation_curve,
        "n_iter_": len(curve),
        "best_epoch_": best + 1,
        "best_loss_": float(curve[best]),
    }


def _rows_with_weight(weight):
    """Return the rows whose weight is not zero; None if there are no weights."""
    return None if weight is None else np.flatnonzero(weight).astype(np.int32)


def _series_codes(*data):
    """Return the series of each row, of the first data that tell, or None."""
    for part in data:
        codes = getattr(part, "series_codes", None)
        if codes is not None:
            return codes
        index = getattr(part, "index", None)
        if isinstance(index, pd.MultiIndex):
            return Timeline.of_index(index).codes
    return None


def _plain(value):
    """Return a NumPy scalar as the Python one."""
    return value.item() if isinstance(value, np.generic) else value
