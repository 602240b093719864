"""Validates windows, targets and weights passed to the regressors."""

from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from skrnn._compat.sklearn import check_sample_weight
from skrnn._estimator import check_numbers, unmasked
from skrnn.estimators.data_warnings import warn_of_columns, warn_of_training_windows
from skrnn.estimators.missing_steps import usable_rows
from skrnn.estimators.preparation import (
    FitData,
    described,
    inputs_of,
    prepare_first,
)
from skrnn.training.data import TrainingData, series_of
from skrnn.training.rows import hold_out_last
from skrnn.windows.layout import PanelWindows, WindowLayout, check_two_or_three
from skrnn.windows.timeline import Timeline

_X_CHECKS = {
    "dtype": [np.float64, np.float32],
    "ensure_all_finite": False,  # checked by _check_finite, once per value
    "allow_nd": True,
}
_FEW_VALUES = 2**14


class ValidatesWindows:
    """Validation and preparation of data, shared by the regressors."""

    def _data(self, X, y, sample_weight, X_val, y_val, earlier=None):
        """Return the data to train on, prepared as in an earlier fit, if any."""
        if (X_val is None) != (y_val is None):
            raise ValueError("Pass both X_val and y_val, or neither.")
        if self.early_stopping and X_val is None:
            return self._divided_data(X, y, sample_weight, earlier)
        windows, checked = self._validate_first(X, y)
        data = self._undivided_data(windows, checked, sample_weight, y, earlier)
        if X_val is None:
            return data
        windows, y_val = self._validate_more(X_val, y_val, "y_val")
        samples = data.preparation.samples(self, windows, y_val, None)
        validation = TrainingData(samples, block_size=self.block_size)
        return replace(data, validation=validation)

    def _part(self, X, y, sample_weight, earlier=None):
        """Return the data that `partial_fit` trains on."""
        validate = self._validate_more if earlier else self._validate_first
        windows, checked = validate(X, y)
        return self._undivided_data(windows, checked, sample_weight, y, earlier)

    def _undivided_data(self, windows, y, sample_weight, given_y, earlier):
        """Return training data of all rows with a nonzero weight."""
        weight = self._validate_weight(sample_weight, y)
        prepared, samples, rows = self._prepare(
            windows, y, _rows_with_weight(weight), weight, given_y, earlier
        )
        return FitData(prepared, TrainingData(samples, rows, self.block_size))

    def _divided_data(self, X, y, sample_weight, earlier):
        """Return the earlier rows for training, and the last ones for validation."""
        codes, given_y = series_codes(X, y), y
        windows, y = self._validate_first(X, y)
        weight = self._validate_weight(sample_weight, y)
        usable = _rows_with_weight(weight)
        rows, held_out = self._hold_out(len(y), usable, codes)
        prepared, samples, rows = self._prepare(
            windows, y, rows, weight, given_y, earlier
        )

        def divided(prepared, samples, refitted=None):
            training, validation = (
                TrainingData(samples, each, self.block_size)
                for each in (rows, held_out)
            )
            return FitData(prepared, training, validation, refitted)

        if self.base is None or earlier is not None:
            return divided(prepared, samples)
        usable = usable_rows(windows, usable, prepared.inputs)
        again = prepared.with_fitted_base(self, windows, y, usable, weight, given_y)
        refitted = divided(again, again.samples(self, windows, y, weight))
        return divided(prepared, samples, refitted)

    def _prepare(self, windows, y, rows, weight, given_y, earlier):
        """Return preparation, samples and the rows of them to train on."""
        warn_of_training_windows(self, windows, rows)
        if earlier is None:
            return prepare_first(self, windows, y, rows, weight, given_y)
        prepared = earlier.preparation
        inputs = inputs_of(self, windows, y, given_y)
        inputs = replace(inputs, indicators=prepared.inputs.indicators)
        check_unchanged(
            described(inputs, self.base), described(prepared.inputs, prepared.base)
        )
        prepared = replace(prepared, inputs=inputs, constants=None)
        rows = usable_rows(windows, rows, inputs)
        return prepared, prepared.samples(self, windows, y, weight), rows

    def _hold_out(self, n_rows, rows, codes):
        """Return the earlier rows for training, and the last ones for validation."""
        gap = self.validation_gap
        if rows is not None and codes is not None:
            codes = codes[rows]
        divided = hold_out_last(
            n_rows if rows is None else len(rows),
            codes,
            self.validation_fraction,
            self.n_outputs_ - 1 if gap == "auto" else gap,
        )
        return divided if rows is None else tuple(rows[of] for of in divided)

    def _validate_first(self, X, y):
        """Return windows and targets, and store their layout, dtype and names."""
        check_numbers(X, "X")
        check_numbers(y, "y")
        given_X, X, y = X, unmasked(X), unmasked(y)
        X, y = validate_data(self, X, y, multi_output=True, y_numeric=True, **_X_CHECKS)
        names = getattr(self, "feature_names_in_", None)
        self._layout = WindowLayout.of(X, names, self.n_step_features)
        warn_of_columns(self)
        if X.ndim == 3:
            self.n_features_in_ = X.shape[2]
        y = y if y.dtype == np.float32 else y.astype(np.float64, copy=False)
        self._y_dtype, self._y_is_1d = y.dtype.name, y.ndim == 1
        self.n_outputs_ = 1 if y.ndim == 1 else y.shape[1]
        windows = self._check_finite(self._layout.windows(X))
        return _windows_like(given_X, windows), y

    def _validate_more(self, X, y, name="y"):
        """Return windows and targets after checking that they match those of fit."""
        windows = _windows_like(X, self._validate_windows(X))
        check_numbers(y, name)
        y = check_array(
            unmasked(y),
            ensure_2d=False,
            dtype=[np.float64, np.float32],
            input_name=name,
        )
        n_outputs = 1 if y.ndim == 1 else y.shape[1]
        if n_outputs != self.n_outputs_:
            raise ValueError(
                f"{name} has {n_outputs} outputs, but {type(self).__name__} is "
                f"expecting {self.n_outputs_}."
            )
        check_consistent_length(windows, y)
        return windows, y

    def _validate_weight(self, sample_weight, y):
        """Return the weights divided by the largest, as only their ratios matter."""
        if sample_weight is None:
            return None
        weight = check_sample_weight(
            unmasked(sample_weight), y, dtype=np.float64, ensure_non_negative=True
        )
        if not weight.any():
            raise ValueError(
                "All sample weights are zero, so there is nothing to fit. Pass at "
                "least one positive weight."
            )
        return (weight / weight.max()).astype(self.dtype)

    def _validate_windows(self, X):
        """Return windows after checking that they match those of fit."""
        if self._needs_no_conversion(X):
            return self._check_finite(self._layout.windows(X))
        check_numbers(X, "X")
        X, layout = unmasked(X), self._layout
        n_dims = X.ndim if hasattr(X, "ndim") else np.asarray(X).ndim
        if n_dims in (2, 3) and n_dims != layout.n_dims:
            raise ValueError(
                f"X has {n_dims} dimensions, but {type(self).__name__} was fitted on "
                f"X of {layout.n_dims} dimensions."
            )
        if n_dims < 3:
            X = validate_data(self, X, reset=False, **_X_CHECKS)
            return self._check_finite(layout.windows(X))
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
        return self._check_finite(X)

    def _needs_no_conversion(self, X):
        """Return whether X is a float array with the dimensions of the fit.

        For a single window, scikit-learn's checks take longer than the prediction.
        """
        layout = self._layout
        shape = (layout.n_timesteps, layout.n_step_features)
        if layout.n_dims == 2:
            shape = (layout.n_timesteps * layout.n_step_features,)
        return (
            type(X) is np.ndarray
            and X.dtype.char in "df"
            and X.shape[1:] == shape
            and len(X) > 0
            and (layout.n_dims == 3 or not hasattr(self, "feature_names_in_"))
        )

    def _check_finite(self, windows):
        """Check for infinite values in the series behind the windows."""
        if windows.size <= _FEW_VALUES and not np.isinf(windows).any():
            return windows
        assert_all_finite(
            series_of(windows)[0],
            allow_nan=True,
            estimator_name=type(self).__name__,
            input_name="X",
        )
        return windows


def series_codes(*data):
    """Return the series of each row, from the first data that have them, or None."""
    for each in data:
        codes = getattr(each, "series_codes", None)
        if codes is not None:
            return codes
        index = getattr(each, "index", None)
        if isinstance(index, pd.MultiIndex):
            return Timeline.of_index(index).codes
    return None


def check_unchanged(now, then):
    """Raise a ValueError if settings differ from those of the fit to continue from."""
    for name, value in now.items():
        if value != then[name]:
            raise ValueError(
                "warm_start=True and partial_fit continue with the network of the "
                f"last fit, but {name} was {then[name]!r} then and is {value!r} now. "
                "Call fit with warm_start=False to start over."
            )


def _windows_like(X, windows):
    """Return windows as PanelWindows if X is: scikit-learn's checks lose the type."""
    return windows.view(PanelWindows) if isinstance(X, PanelWindows) else windows


def _rows_with_weight(weight):
    """Return the rows with a nonzero weight, or None if there are no weights."""
    return None if weight is None else np.flatnonzero(weight).astype(np.int32)
