"""Turns the columns of X into numbers, and tells which of them are known ahead."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.preprocessing import OneHotEncoder, StandardScaler

_NUMBERS = {"boolean", "decimal", "empty", "floating", "integer", "mixed-integer-float"}
_TIMES = {"date", "datetime", "datetime64", "period", "time", "timedelta"}


@dataclass(frozen=True)
class Inputs:
    """What a forecaster reads of X.

    transformer : fitted transformer or None
    is_own : bool, whether the user chose the transformer, which gets X as it is given;
        otherwise it gets columns of numbers and labels
    names : list of str, of the columns of its output
    is_known : ndarray of bool, whether each of these is known in advance
    past : dict, for each column of X that is not known in advance one of its values
    """

    transformer: object
    is_own: bool
    names: list
    is_known: np.ndarray
    past: dict

    @classmethod
    def fit(cls, transformer, X, past):
        """Fit a transformer to X; `past` are the columns not known in advance."""
        is_own = not (transformer is None or isinstance(transformer, str))
        if not X.shape[1]:
            return cls(None, is_own, [], np.zeros(0, dtype=bool), {})
        if is_own:
            fitted = clone(transformer).fit(X)
        else:
            frame = numbers_and_labels(X)
            fitted = transformer and automatic(frame).fit(frame)
        values = {column: _column(X, column).iloc[-1] for column in past}
        inputs = cls(fitted, is_own, [], np.ones(0, dtype=bool), values)
        output = inputs.transform(X)
        is_known = np.ones(output.shape[1], dtype=bool)
        if past:  # what changes with them is not known either
            rolled = {c: np.roll(np.arange(len(X)), 1) for c in past}
            rolled = {c: _column(X, c).iloc[rows].array for c, rows in rolled.items()}
            other = inputs.transform(_replaced(X, rolled))
            same = (output == other) | (np.isnan(output) & np.isnan(other))
            is_known = same.all(axis=0)
        return cls(fitted, is_own, _names(fitted, X, output), is_known, values)

    def transform(self, X):
        """Return the numbers of X, (n_rows, n_columns)."""
        if not X.shape[1]:
            return np.empty((len(X), 0))
        X = X if self.is_own else numbers_and_labels(X)
        if self.transformer is not None:
            return _as_numbers(self.transformer.transform(X))
        labels = [name for name in X.columns if X[name].dtype == object]
        if labels:
            value = X[labels[0]].dropna().iloc[0]
            raise ValueError(
                f"Column {labels[0]!r} of X holds values that are not numbers, such as "
                f"{value!r}. Encode them: set input_transformer to 'auto' or to a "
                "transformer such as a ColumnTransformer."
            )
        return X.to_numpy()

    def transform_ahead(self, X):
        """Return the numbers of X for rows in which only some columns are known."""
        return self.transform(_replaced(X, self.past) if self.past else X)


def automatic(frame):
    """Return the transformer that `input_transformer="auto"` stands for, unfitted."""
    labels = [name for name in frame.columns if frame[name].dtype == object]
    numbers = [name for name in frame.columns if name not in labels]
    flags = [name for name in numbers if frame[name].nunique() == 2]
    numbers = [name for name in numbers if name not in flags]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = [
        ("numbers", StandardScaler(), numbers),
        ("flags", "passthrough", flags),
        ("labels", encoder, labels),
    ]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0)


def numbers_and_labels(X):
    """Return X as a DataFrame with columns of floats and of strings as objects."""
    if not isinstance(X, pd.DataFrame):
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    names = [c if isinstance(c, str) else f"x{j}" for j, c in enumerate(X.columns)]
    columns = (_numbers_or_labels(X.iloc[:, j]) for j in range(X.shape[1]))
    return pd.DataFrame(dict(zip(names, columns, strict=True)))


def _numbers_or_labels(column):
    """Return a column as floats if it holds numbers, and otherwise as strings."""
    dtype, name = column.dtype, column.name
    if pd.api.types.is_complex_dtype(dtype):
        raise ValueError(f"Complex data not supported: column {name!r} of X.")
    is_object = pd.api.types.is_object_dtype(dtype)
    kind = pd.api.types.infer_dtype(column, skipna=True) if is_object else ""
    numpy_kind = getattr(getattr(dtype, "numpy_dtype", dtype), "kind", "O")
    if kind in _TIMES or numpy_kind in "mM" or isinstance(dtype, _TIME_DTYPES):
        raise ValueError(
            f"Column {name!r} of X holds times ({kind or dtype}). Make numbers of "
            "them, such as the days since a date, make them the index, or set "
            "date_features."
        )
    if kind in _NUMBERS or pd.api.types.is_numeric_dtype(dtype):
        float_dtype = np.float32 if dtype == np.float32 else np.float64
        values = column.to_numpy(float_dtype, na_value=np.nan)
        if np.isinf(values).any():
            raise ValueError(
                f"Input X contains infinity in column {name!r}. Replace these values, "
                "or mark them as missing by NaN."
            )
        return pd.Series(values)
    missing = column.isna().to_numpy()
    labels = column.astype(object).map(str).to_numpy(dtype=object)
    return pd.Series(np.where(missing, np.nan, labels), dtype=object)


_TIME_DTYPES = (pd.DatetimeTZDtype, pd.PeriodDtype, pd.IntervalDtype)


def _as_numbers(output):
    """Return what a transformer returned as an array of finite floats and NaN."""
    output = output.toarray() if issparse(output) else output
    output = output.to_numpy() if hasattr(output, "to_numpy") else np.asarray(output)
    dtype = np.float32 if output.dtype == np.float32 else np.float64
    try:
        output = output.astype(dtype, copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"input_transformer returns values that are not numbers: {error}. Encode "
            "such columns, for example by a OneHotEncoder in a ColumnTransformer."
        ) from None
    if np.isinf(output).any():
        raise ValueError(
            f"input_transformer returns infinity in column {_first_infinite(output)}."
        )
    return output


def _first_infinite(output):
    return int(np.argmax(np.isinf(output).any(axis=0)))


def _names(transformer, X, output):
    """Return names of the columns that a transformer returned."""
    names = list(numbers_and_labels(X[:0]).columns) if transformer is None else []
    try:
        names = names or list(transformer.get_feature_names_out())
    except (AttributeError, TypeError, ValueError):  # not all transformers have names
        names = [f"input{j}" for j in range(output.shape[1])]
    short = [name.split("__", 1)[-1] for name in names]
    return short if len(set(short)) == len(short) else names


def _column(X, column):
    """Return a column by its name or position."""
    return X[column] if isinstance(X, pd.DataFrame) else pd.Series(X[:, column])


def _replaced(X, values):
    """Return X with other values in some columns."""
    X = X.copy()
    for column, value in values.items():
        if isinstance(X, pd.DataFrame):
            X[column] = value
        else:
            X[:, column] = value
    return X
