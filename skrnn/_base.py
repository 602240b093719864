"""What the three regressors share: validate, train, predict."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import assert_all_finite, check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn import _backend
from skrnn._batches import TrainingData
from skrnn._compat import (
    HasMethods,
    Interval,
    StrOptions,
    check_sample_weight,
    fit_context,
)
from skrnn._keeping import FittedNetwork, unchanged_on_error
from skrnn._layout import (
    WindowLayout,
    check_two_or_three,
    series_of,
)
from skrnn._missing import mark_missing, rows_to_fit

MOST_AT_ONCE = 200  # the largest batch_size="auto"
_WRAPPER_PARAMS = (
    "optimizer",
    "learning_rate",
    "clipnorm",
    "loss",
    "epochs",
    "shuffle",
    "verbose",
)
_X_CHECKS = {
    "dtype": [np.float64, np.float32],
    "ensure_all_finite": False,  # of the series behind the windows, see _finite
    "allow_nd": True,
}


class BaseRecurrentRegressor(RegressorMixin, BaseEstimator):
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
        "epochs": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "metrics": [list, tuple, None],
        "warm_start": ["boolean"],
        "dtype": [StrOptions({"float32", "float64"})],
        "jit": ["boolean", StrOptions({"auto"})],
        "random_state": ["random_state"],
        "verbose": [Interval(Integral, 0, 2, closed="both")],
    }

    def __init__(
        self,
        units,
        *,
        activation,
        dropout,
        recurrent_dropout,
        bidirectional,
        n_step_features,
        loss,
        optimizer,
        learning_rate,
        clipnorm,
        batch_size,
        epochs,
        shuffle,
        metrics,
        warm_start,
        dtype,
        jit,
        random_state,
        verbose,
    ):
        self.units = units
        self.activation = activation
        self.dropout = dropout
        self.recurrent_dropout = recurrent_dropout
        self.bidirectional = bidirectional
        self.n_step_features = n_step_features
        self.loss = loss
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.clipnorm = clipnorm
        self.batch_size = batch_size
        self.epochs = epochs
        self.shuffle = shuffle
        self.metrics = metrics
        self.warm_start = warm_start
        self.dtype = dtype
        self.jit = jit
        self.random_state = random_state
        self.verbose = verbose

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

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y, sample_weight=None):
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
        with unchanged_on_error(self):
            windows, y = self._validate_fit(X, y)
            weight = self._validate_weight(sample_weight, y)
            weighed = slice(None) if weight is None else np.flatnonzero(weight)
            samples = rows_to_fit(windows, weighed)
            wrapper = self._new_wrapper(n_rows=len(samples))
            series, stride = series_of(windows)
            data = TrainingData(
                mark_missing(series, self.dtype),
                stride,
                windows.shape[1],
                _targets(y, self.dtype),
                weight,
                samples,
            )
            wrapper.fit(data, data.y)
            self._keep(wrapper)
        return self

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
        check_is_fitted(self)
        windows = self._validate_predict(X)
        wrapper = self._fitted.wrapper

        def windows_of(part):
            return mark_missing(windows[part], wrapper.network["dtype"])

        predicted = wrapper.infer(windows_of, len(windows))
        shape = (-1,) if self._y_is_1d else (-1, self.n_outputs_)
        return predicted.astype(self._y_dtype, copy=False).reshape(shape)

    def _validate_fit(self, X, y):
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **_X_CHECKS)
        names = getattr(self, "feature_names_in_", None)
        self._layout = WindowLayout.of(X, names, self.n_step_features)
        if X.ndim == 3:
            self.n_features_in_ = X.shape[2]
        y = y if y.dtype == np.float32 else y.astype(np.float64, copy=False)
        self._y_dtype, self._y_is_1d = y.dtype, y.ndim == 1
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

    def _new_wrapper(self, n_rows):
        """Build the wrapper to train: a new one, or with warm_start the last one."""
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        wrapper_class = _backend.load().RecurrentWrapper
        auto = self.batch_size == "auto"
        wrapper = wrapper_class(
            network=self._network_params(),
            seed=int(seed),
            batch_size=min(MOST_AT_ONCE if auto else int(self.batch_size), n_rows),
            metrics=tuple(self.metrics or ()),
            jit=self.jit if isinstance(self.jit, str) else bool(self.jit),
            **{name: getattr(self, name) for name in _WRAPPER_PARAMS},
        )
        if self.warm_start and hasattr(self, "_fitted"):
            wrapper.carry_on(self._fitted.wrapper)
        return wrapper

    def _network_params(self):
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
            "n_outputs": self.n_outputs_,
            "cell_options": {n: _plain(getattr(self, n)) for n in self._cell_options},
            "dropout": float(self.dropout),
            "recurrent_dropout": float(self.recurrent_dropout),
            "bidirectional": bool(self.bidirectional),
            "dtype": self.dtype,
        }

    def _keep(self, wrapper):
        self._fitted = FittedNetwork(wrapper)
        self.history_ = {name: list(v) for name, v in wrapper.history_.items()}
        self.loss_curve_ = self.history_["loss"]
        self.best_loss_ = min(self.loss_curve_)
        self.n_iter_ = len(self.loss_curve_)


def _targets(y, dtype):
    with np.errstate(over="ignore"):
        targets = y.reshape(len(y), -1).astype(dtype)
    if np.isinf(targets).any():
        raise ValueError(
            f"y has values too large for dtype={dtype!r}. Scale y, or set "
            'dtype="float64".'
        )
    return targets


def _plain(value):
    """Return a NumPy scalar as the Python one."""
    return value.item() if isinstance(value, np.generic) else value
