"""Turns the columns of X into numbers, and tells which of them are known ahead."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder, StandardScaler

_NUMBERS = {"boolean", "decimal", "empty", "floating", "integer", "mixed-integer-float"}
_TIMES = {"date", "datetime", "datetime64", "period", "time", "timedelta"}


@dataclass(frozen=True)
class Inputs:
    """What a forecaster reads of X."""

    transformer: object  # fitted
    is_own: bool  # chosen by the user, for X as it is; else for numbers and labels
    labels: list  # columns that are encoded as labels
    names: list  # of the columns of the output
    is_known: np.ndarray  # whether each of these is known in advance
    past: dict  # a value of each column of X that is not known in advance

    @classmethod
    def fit(cls, transformer, X, past, like=None):
        """Fit to X with `past` columns not known ahead, choosing as `like` did."""
        is_own = not (transformer is None or isinstance(transformer, str))
        if not X.shape[1]:
            return cls(None, is_own, [], [], np.zeros(0, dtype=bool), {})
        labels, fitted = [], None
        if is_own:
            fitted = clone(transformer).fit(X.copy())  # it may work in place
        else:
            frame = _numbers_and_labels(X, like and like.labels)
            labels = [name for name in frame.columns if frame[name].dtype == object]
            if transformer is not None:
                chosen = clone(like.transformer) if like else _automatic(frame, labels)
                with np.errstate(invalid="ignore"):  # columns without a value stay so
                    fitted = chosen.fit(frame)
        values = {column: _column(X, column).iloc[-1] for column in past}
        inputs = cls(fitted, is_own, labels, [], np.ones(0, dtype=bool), values)
        output = inputs.transform(X)
        if is_own:
            inputs._check_rows(X, output)
        is_known = np.ones(output.shape[1], dtype=bool)
        if past:  # what changes with them is not known either
            changed = {column: _changed(X, column, is_own) for column in past}
            other = inputs.transform(_replaced(X, changed))
            same = (output == other) | (np.isnan(output) & np.isnan(other))
            is_known = same.all(axis=0)
            if len(set(past)) == X.shape[1]:  # perhaps of a value that never changed
                is_known &= np.fmin.reduce(output) < np.fmax.reduce(output)
        return replace(inputs, names=_names(fitted, X, output), is_known=is_known)

    def transform(self, X):
        """Return the numbers of X, (n_rows, n_columns)."""
        if not X.shape[1]:
            return np.empty((len(X), 0))
        X = X.copy() if self.is_own else _numbers_and_labels(X, self.labels)
        if self.transformer is not None:
            return _as_numbers(self.transformer.transform(X))
        if self.labels:
            value = X[self.labels[0]].dropna().iloc[0]
            raise ValueError(
                f"Column {self.labels[0]!r} of X holds values that are not numbers, "
                f"such as {value!r}. Encode them: set input_transformer to 'auto' or "
                "to a transformer such as a ColumnTransformer."
            )
        return X.to_numpy()

    def _check_rows(self, X, output):
        """Raise a ValueError if the numbers of rows depend on other rows."""
        # half of the rows, so that shifted flags show wherever they are
        (some,) = np.nonzero(np.random.RandomState(0).uniform(size=len(X)) < 0.5)
        cut = np.searchsorted(some, len(X) * 5 // 13)  # hardly where a series ends
        if not 0 < cut < len(some):
            return
        rows = X.iloc if isinstance(X, pd.DataFrame) else X
        parts = [self.transform(rows[part]) for part in (some[:cut], some[cut:])]
        output = output[some]
        low, high = np.fmin.reduce(output), np.fmax.reduce(output)
        rounding = 1e3 * np.finfo(output.dtype).eps * np.fmax(abs(low), abs(high))
        rounding += 1e-3 * (high - low)  # of transformers that iterate
        is_same = all(part.shape[1] == output.shape[1] for part in parts)
        again = np.concatenate(parts) if is_same else output[:0]
        is_same = again.shape == output.shape
        if is_same:
            both_missing = np.isnan(again) & np.isnan(output)
            is_same = (both_missing | (abs(again - output) <= rounding)).all()
        if not is_same:
            raise ValueError(
                "input_transformer must give a row the same values whatever the other "
                "rows are, and each time. Compute moving averages, differences and the "
                "like before, as columns of X."
            )

    def transform_ahead(self, X):
        """Return the numbers of X for rows in which only some columns are known."""
        return self.transform(_replaced(X, self.past))


def _automatic(frame, labels):
    """Return the transformer that `input_transformer="auto"` stands for, unfitted."""
    from sklearn.compose import ColumnTransformer  # imports linear models

    numbers = [name for name in frame.columns if name not in labels]
    flags = [name for name in numbers if _is_flag(frame[name])]
    numbers = [name for name in numbers if name not in flags]
    encoder = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    steps = [
        ("numbers", StandardScaler(), numbers),
        ("flags", "passthrough", flags),
        ("labels", encoder, labels),
    ]
    return ColumnTransformer([step for step in steps if step[2]], sparse_threshold=0)


def _is_flag(column):
    """Return whether a column of numbers holds zeros and ones."""
    return column.isin([0, 1, np.nan]).all() and column.notna().any()


def _numbers_and_labels(X, labels=None):
    """Return X as a DataFrame of floats, and of strings in `labels`, if given."""
    if not isinstance(X, pd.DataFrame):
        return pd.DataFrame(X, columns=[f"x{j}" for j in range(X.shape[1])])
    names = [c if isinstance(c, str) else f"x{j}" for j, c in enumerate(X.columns)]
    columns = {}
    for j, name in enumerate(unique_names(names)):
        as_labels = None if labels is None else name in labels
        columns[name] = _numbers_or_labels(X.iloc[:, j], as_labels)
    return pd.DataFrame(columns)


def unique_names(names):
    """Return names with a number behind those that occurred before."""
    seen = []
    for name in names:
        number, unique = 2, name
        while unique in seen:
            unique, number = f"{name}_{number}", number + 1
        seen.append(unique)
    return seen


def _numbers_or_labels(column, as_labels=None):
    """Return a column as floats or as strings; None decides by what it holds."""
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
    is_number = (
        kind in _NUMBERS or numpy_kind == "b"
    )  # not numeric to pandas if of Arrow
    is_number |= pd.api.types.is_numeric_dtype(dtype)
    if as_labels is False and not is_number:
        other = column[pd.to_numeric(column, errors="coerce").isna() & column.notna()]
        if not column.isna().all():
            value = [*other, *column.dropna()][0]
            raise ValueError(
                f"Column {name!r} of X held numbers in fit, but now holds "
                f"{value!r}. Pass numbers."
            )
        column, is_number = column.astype(object), True
    if is_number and not as_labels:
        float_dtype = np.float32 if dtype == np.float32 else np.float64
        values = column.to_numpy(float_dtype, na_value=np.nan)
        if np.isinf(values).any():
            raise ValueError(
                f"Input X contains infinity in column {name!r}. Replace these values, "
                "or mark them as missing by NaN."
            )
        return pd.Series(values)
    missing = column.isna().to_numpy()
    labels = column.astype(object).map(_label).to_numpy(dtype=object)
    return pd.Series(np.where(missing, np.nan, labels), dtype=object)


def _label(value):
    """Return a label as a string, the same one for 1 and 1.0."""
    is_whole = isinstance(value, float) and value.is_integer()
    return str(int(value) if is_whole else value)


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
        column = np.argmax(np.isinf(output).any(axis=0))
        raise ValueError(f"input_transformer returns infinity in column {column}.")
    return output


def _names(transformer, X, output):
    """Return names of the columns that a transformer returned."""
    if transformer is None:
        return list(_numbers_and_labels(X[:0]).columns)
    try:
        names = list(transformer.get_feature_names_out())
    except (AttributeError, TypeError, ValueError):  # not all transformers have names
        names = [f"input{j}" for j in range(output.shape[1])]
    short = [name.split("__", 1)[-1] for name in names]
    return short if len(set(short)) == len(short) else names


def _column(X, column):
    """Return a column by its name or position."""
    return X[column] if isinstance(X, pd.DataFrame) else pd.Series(X[:, column])


def _changed(X, column, is_own):
    """Return other values for a column: of the row before, larger ones, or None."""
    values = _column(X, column)
    is_number = pd.api.types.is_numeric_dtype(values.dtype)
    if values.nunique() > 1 or (is_own and not is_number):  # it may refuse other labels
        return values.iloc[np.roll(np.arange(len(X)), 1)].array
    if not is_number:
        return np.full(len(X), None)
    return (values.astype(np.float64).fillna(0) + 1).array


def _replaced(X, values):
    """Return X with other values in some columns."""
    X = X.copy()
    for column, value in values.items():
        if isinstance(X, pd.DataFrame):
            X[column] = value
        else:
            X[:, column] = value
    return X
