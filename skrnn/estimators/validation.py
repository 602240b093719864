"""Validates windows, targets and weights passed to the regressors."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from skrnn._compat.sklearn import check_sample_weight
from skrnn._estimator import check_numbers, floats_of, unmasked
from skrnn.estimators.data_warnings import warn_of_columns
from skrnn.windows.layout import SeriesWindows, WindowLayout, check_two_or_three
from skrnn.windows.timeline import Timeline
from skrnn.windows.view import WindowView

_X_CHECKS = {
    "dtype": [np.float64, np.float32],
    "ensure_all_finite": False,  # checked by _check_finite, once per value
    "allow_nd": True,
}
_FEW_VALUES = 2**14


@dataclass(frozen=True)
class WindowData:
    """Windows, targets and weights after validation."""

    windows: WindowView
    layout: WindowLayout  # of X
    y: np.ndarray  # of shape (n_samples, n_outputs)
    weight: np.ndarray | None  # of shape (n_samples,)
    is_1d: bool  # whether y was passed as one-dimensional
    passed: tuple  # X and y, before validation

    @property
    def n_outputs(self):
        """Number of targets per sample."""
        return self.y.shape[1]

    @property
    def rows_with_weight(self):
        """The rows with a nonzero weight, as a range or an array."""
        if self.weight is None:
            return range(len(self.y))
        return np.flatnonzero(self.weight).astype(np.int32)

    @property
    def target_names(self):
        """The names of the targets as a list of str, or None."""
        _, y = self.passed
        if isinstance(y, pd.DataFrame):
            return [str(name) for name in y.columns]
        return [str(y.name)] if isinstance(y, pd.Series) else None


def series_codes(X, y):
    """Return the series of each row as integers, or None if X and y do not tell."""
    for each in (X, y):
        codes = getattr(each, "series_codes", None)
        if codes is not None:
            return codes
        index = getattr(each, "index", None)
        if isinstance(index, pd.MultiIndex):
            return Timeline.of_index(index).codes
    return None


def validate_first(estimator, X, y, sample_weight=None):
    """Return the WindowData of a new fit, and store their layout in the estimator."""
    checked_X, checked_y = validate_data(
        estimator,
        check_numbers(X, "X"),
        check_numbers(y, "y"),
        multi_output=True,
        y_numeric=True,
        **_X_CHECKS,
    )
    columns = getattr(estimator, "feature_names_in_", None)
    layout = WindowLayout.of(checked_X, columns, estimator.n_step_features)
    if columns is not None and estimator.n_step_features is None:
        warn_of_columns(columns, layout)
    if layout.n_dims == 3:
        estimator.n_features_in_ = layout.n_step_features
    if checked_y.dtype != np.float32:
        checked_y = checked_y.astype(np.float64, copy=False)
    assert_all_finite(checked_y, input_name="y")  # objects were None or "inf"
    estimator._layout = layout
    windows = _check_finite(layout.windows(checked_X), estimator)
    data = _window_data(estimator, X, windows, y, checked_y, sample_weight)
    estimator.n_outputs_, estimator._y_is_1d = data.n_outputs, data.is_1d
    estimator._y_dtype = data.y.dtype.name
    return data


def validate_more(estimator, X, y, sample_weight=None, *, name="y"):
    """Return WindowData after checking that they match those of fit."""
    windows = validate_windows(estimator, X)
    checked_y = floats_of(y, name, ensure_all_finite=True)
    check_consistent_length(windows, checked_y)
    data = _window_data(estimator, X, windows, y, checked_y, sample_weight)
    if data.n_outputs != estimator.n_outputs_:
        raise ValueError(
            f"{name} has {data.n_outputs} outputs, but {type(estimator).__name__} is "
            f"expecting {estimator.n_outputs_}."
        )
    return data


def _window_data(estimator, X, windows, y, checked_y, sample_weight):
    if isinstance(X, SeriesWindows):
        windows = windows.view(SeriesWindows)  # scikit-learn's checks lose the type
    weight = None
    if sample_weight is not None:
        weight = unmasked(sample_weight)
        weight = check_sample_weight(
            weight, checked_y, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.any():
            raise ValueError(
                "All sample weights are zero, so there is nothing to fit. Pass at "
                "least one positive weight."
            )
    view = WindowView(windows)
    is_1d = checked_y.ndim == 1
    checked_y = checked_y.reshape(len(checked_y), -1)
    return WindowData(view, estimator._layout, checked_y, weight, is_1d, (X, y))


def validate_windows(estimator, X):
    """Return windows after checking that they match those of fit."""
    if not _needs_no_conversion(estimator, X):
        X = _converted(estimator, X)
    return _check_finite(estimator._layout.windows(X), estimator)


def _converted(estimator, X):
    """Return X as a float array after checking its shape and the names of columns."""
    layout, name = estimator._layout, type(estimator).__name__
    X = check_numbers(X, "X")
    # unlike np.ndim, also of containers that refuse functions of NumPy
    n_dims = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
    if n_dims in (2, 3) and n_dims != layout.n_dims:
        raise ValueError(
            f"X has {n_dims} dimensions, but {name} was fitted on X of "
            f"{layout.n_dims} dimensions."
        )
    if n_dims < 3:
        return validate_data(estimator, X, reset=False, **_X_CHECKS)
    X = check_array(X, input_name="X", estimator=estimator, **_X_CHECKS)
    check_two_or_three(X)
    for axis, what, expected in (
        (2, "features", layout.n_step_features),
        (1, "time steps", layout.n_timesteps),
    ):
        if X.shape[axis] != expected:
            raise ValueError(
                f"X has {X.shape[axis]} {what}, but {name} is expecting {expected} "
                f"{what} as input."
            )
    return X


def _needs_no_conversion(estimator, X):
    """Return whether X is a float array with the dimensions of the fit."""
    # for a single window, scikit-learn's checks take longer than the prediction
    layout = estimator._layout
    shape = (layout.n_timesteps, layout.n_step_features)
    if layout.n_dims == 2:
        shape = (layout.n_timesteps * layout.n_step_features,)
    return (
        type(X) is np.ndarray
        and X.dtype.char in "df"
        and X.shape[1:] == shape
        and len(X) > 0
        and (layout.n_dims == 3 or not hasattr(estimator, "feature_names_in_"))
    )


def _check_finite(windows, estimator):
    """Return windows after checking the rows of their series for infinite values."""
    if windows.size > _FEW_VALUES or np.isinf(windows).any():
        rows, name = WindowView(windows).rows(), type(estimator).__name__
        assert_all_finite(rows, allow_nan=True, estimator_name=name, input_name="X")
    return windows


def check_unchanged(now, then):
    """Raise a ValueError if settings differ from those of the fit to continue from."""
    for name, value in now.items():
        if value != then[name]:
            raise ValueError(
                "warm_start=True and partial_fit continue with the network of the "
                f"last fit, but {name} was {then[name]!r} then and is {value!r} now. "
                "Call fit with warm_start=False to start over."
            )
