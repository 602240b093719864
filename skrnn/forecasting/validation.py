"""Validates series, inputs and their index, and returns forecasts like the series."""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils.validation import validate_data

from skrnn._estimator import check_numbers, floats_of
from skrnn.forecasting.grid import Rows
from skrnn.windows.string_index import warn_of_string_index
from skrnn.windows.timeline import Timeline, index_of


@dataclass(frozen=True)
class TargetFormat:
    """The container and the names of the targets in fit, for forecasts."""

    container: str  # "array", "Series" or "DataFrame"
    labels: list  # the name of a Series, or columns, tuples if they have levels
    n_dims: int
    level_names: list  # of the columns

    @classmethod
    def of(cls, y, values):
        """Return the format of targets as they are given, and as numbers."""
        if isinstance(y, pd.DataFrame):
            return cls("DataFrame", list(y.columns), 2, list(y.columns.names))
        if isinstance(y, pd.Series):
            return cls("Series", [y.name], 1, [None])
        n_targets = 1 if values.ndim == 1 else values.shape[1]
        labels = [None] if n_targets == 1 else list(range(n_targets))
        return cls("array", labels, values.ndim, [None])

    @property
    def names(self):
        """The names of the targets, as strings."""
        if self.labels == [None]:
            return ["y"]
        return [_as_name(label, f"y{j}") for j, label in enumerate(self.labels)]

    def check_same(self, other):
        """Raise a ValueError if more targets do not have the names of these."""
        if self.container == "array" or other.container == "array":
            return
        differ = any(
            old != new and old == old and None not in (old, new)  # names may be NaN
            for old, new in zip(self.labels, other.labels, strict=False)
        )
        if differ or len(self.labels) != len(other.labels):
            raise ValueError(
                f"y has the targets {other.labels}, but in fit they were "
                f"{self.labels}. Pass the same ones in the same order."
            )

    def like(self, values, index, columns=None):
        """Return values (n_rows, n_targets, n_columns) as what the targets were."""
        if columns is None:
            values = values[..., 0]
        if self.container == "array":
            return values[:, 0] if self.n_dims == 1 else values
        if self.n_dims == 1:
            if columns is None:
                return pd.Series(values[:, 0], index, name=self.labels[0])
            return pd.DataFrame(values[:, 0], index, columns=columns)
        labels, names = self.labels, self.level_names
        if columns is not None:
            levels = [t if isinstance(t, tuple) else (t,) for t in labels]
            labels = [
                (*of_target, column) for of_target in levels for column in columns
            ]
            names = [*names, getattr(columns, "name", None)]
        if isinstance(labels[0], tuple):
            columns = pd.MultiIndex.from_tuples(labels, names=names)
        else:
            columns = pd.Index(labels, name=names[0])
        return pd.DataFrame(values.reshape(len(values), -1), index, columns)


def _as_name(label, default):
    if isinstance(label, tuple):
        return "_".join(map(str, label))
    return label if isinstance(label, str) else default


def read_rows(forecaster, X, y, after=None):
    """Return X and y as validated rows that follow others, and the format of y."""
    targets, target_format = read_targets(y)
    inputs = read_inputs(forecaster, X, len(targets), reset=after is None)
    if len(inputs) != len(targets):
        raise ValueError(
            f"X and y must have one row for each time. Got {len(inputs)} rows of X and "
            f"{len(targets)} of y, which are inconsistent numbers of samples."
        )
    index = index_of_both(X, y)
    try:
        timeline = timeline_of(index)
        if after is not None:
            return after.next(targets, inputs, timeline), target_format
        rows = Rows.first(targets, inputs, timeline, forecaster.freq)
    except ValueError as error:
        message = str(error)
        if X is None:  # the index was that of y
            message = re.sub(r"\bX\b", "y", message)
        raise ValueError(message) from None
    return rows, target_format


def read_targets(y):
    """Return targets (n_rows, n_targets) as floats, and their format."""
    if y is None:
        raise ValueError(
            "A Forecaster requires y to be passed, but the target y is None. Pass the "
            "series to forecast by name, one value for each row: `fit(y=series)`. What "
            "comes first is X, the inputs."
        )
    is_list = isinstance(y, list) and any(isinstance(each, pd.Series) for each in y)
    if is_list or isinstance(y, dict):
        raise ValueError(
            f"y is a {type(y).__name__}. Pass several series as one with a (series, "
            'time) index: `pd.concat({"a": first, "b": second})`.'
        )
    if np.ndim(y) > 2:
        raise ValueError(
            "y must have the shape (n_rows,) or (n_rows, n_targets), but it has "
            f"{np.ndim(y)} dimensions."
        )
    values = floats_of(y, "y")
    return values.reshape(len(values), -1), TargetFormat.of(y, values)


def read_inputs(forecaster, X, n_rows, *, reset):
    """Return X as a DataFrame with checked columns, or as an array of floats."""
    if X is None:
        if not reset and forecaster.n_features_in_:
            raise ValueError(
                f"X is None, but X had {forecaster.n_features_in_} columns in fit. "
                "Pass the inputs of these rows."
            )
        X = np.empty((n_rows, 0))
    if isinstance(X, pd.Series):  # or the arguments are in the wrong order
        raise ValueError(
            "X is a Series. X holds the inputs and comes before y. Pass the series to "
            "forecast as y, and a single input as `X.to_frame()`."
        )
    if not reset and forecaster._columns is None and isinstance(X, pd.DataFrame):
        X = check_numbers(X, "X").to_numpy(np.float64, na_value=np.nan)
    if not isinstance(X, pd.DataFrame):
        X = validate_data(
            forecaster,
            check_numbers(X, "X"),
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_features=0,
        )
        if reset:
            forecaster._columns = None
        columns = forecaster._columns
        return X if columns is None else pd.DataFrame(X, columns=columns)
    columns = list(X.columns)
    _check_different(columns, "X")
    if not reset:
        in_fit = forecaster._columns
        at = X.columns.get_indexer(pd.Index(in_fit))  # names may be NaN, or booleans
        if len(columns) == len(in_fit) and (at >= 0).all():
            X = X.iloc[:, at]
        elif not all(isinstance(name, str) for name in in_fit + columns):
            raise ValueError(
                f"X has the columns {columns}, but in fit they were {in_fit}. Pass the "
                "same ones."
            )
    validate_data(forecaster, X, reset=reset, skip_check_array=True)
    if reset:
        forecaster._columns = columns
    return X


def index_of_both(X, y):
    """Return the index of X and y, or None if none of them has one."""
    of_X, of_y = (index_of(data) for data in (X, y))
    if of_X is None or of_y is None:
        return of_y if of_X is None else of_X
    if of_X.equals(of_y):
        return of_X
    differ = np.asarray(of_X != of_y)  # not equal dates of different types
    if differ.any():
        at = int(np.argmax(differ))
        raise ValueError(
            f"X and y have different indices: in row {at} that of X is {of_X[at]!r} "
            f"and that of y is {of_y[at]!r}. Align them, for instance with "
            "`X.loc[y.index]`."
        )
    return of_X


def timeline_of(index):
    """Return the times of rows, or None where the index is not of times."""
    if index is None:
        return None
    timeline = Timeline.of_index(index)
    warn_of_string_index(index)
    return timeline


def params_of_rows(params, rows):
    """Return parameters of fit; those with a value for each row, for some rows."""

    def of_rows(value):
        has_rows = isinstance(value, (list, tuple)) or getattr(value, "ndim", 0) > 0
        has_rows = has_rows and len(value) == len(rows)
        return np.asarray(value)[rows] if has_rows else value

    return {name: of_rows(value) for name, value in params.items()}


def read_past_features(past_features, X):
    """Return the labels, or positions in an array, of inputs not known in advance."""
    if past_features is None:
        return []
    if not pd.api.types.is_list_like(past_features):
        past_features = [past_features]
    labels = list(pd.DataFrame(X).columns)
    for label in past_features:
        if label not in labels:
            raise ValueError(
                f"past_features must name columns of X, which are {labels}. Got "
                f"{label!r}."
            )
    return list(past_features)


def check_differ_from_targets(X, past, targets):
    """Raise a ValueError if an input that is known in advance equals a target."""
    if not isinstance(X, pd.DataFrame) and X.shape[1] > 1:
        return  # checks of scikit-learn pass arrays that hold y beside other columns
    frame = pd.DataFrame(X).select_dtypes("number")
    changes = np.fmin.reduce(targets) < np.fmax.reduce(targets)
    for name in frame.columns[~frame.columns.isin(past)]:
        values = frame[name].to_numpy(np.float64, na_value=np.nan)
        same = (values[:, np.newaxis] == targets) | np.isnan(targets)
        if (same.all(axis=0) & changes).any():
            raise ValueError(
                f"Column {name!r} of X equals y in all rows. Drop it from X: the past "
                "of y is used anyway, and its future is not known."
            )


def check_window_length(model):
    """Raise a ValueError if a window does not hold all inputs known in advance."""
    known = [n for n, k in zip(model.names, model.is_known, strict=True) if k]
    if known and model.window_length < model.horizon:
        raise ValueError(
            f"window_length={model.window_length} is shorter than horizon="
            f"{model.horizon}, so a window does not hold all future values of {known}. "
            "Set window_length to at least the horizon. If they are not known in "
            "advance, name them in past_features."
        )


def target_names(target_format, X, input_names):
    """Return names of the targets that differ from those of the inputs."""
    names = target_format.names
    labels = list(X.columns) if isinstance(X, pd.DataFrame) else []
    both = [name for name in names if name in labels]
    if both and target_format.container != "array" and target_format.labels != [None]:
        raise ValueError(
            f"X has a column {both[0]!r}, which is also the name of y. Drop it from X: "
            "the past of y is used anyway, and its future is not known."
        )
    names = [name if name not in input_names else f"y_{name}" for name in names]
    _check_different(names, "y")
    return names


def _check_different(names, of):
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise ValueError(
            f"The columns of {of} must have different names, but {twice[0]!r} occurs "
            "more than once. Rename or drop one of them."
        )
