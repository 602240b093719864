"""What a forecaster is given: targets, inputs and their index."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.validation import validate_data

from skrnn.forecasting.columns import Columns
from skrnn.windows.string_index import warn_of_string_index
from skrnn.windows.timeline import Timeline


@dataclass(frozen=True)
class TargetKind:
    """What `y` was like in fit, so that forecasts are alike.

    Parameters
    ----------
    container : {"array", "Series", "DataFrame"}
        What held the targets.
    labels : list
        The name of a Series, or the columns.
    n_dims : int
        Dimensions.
    """

    container: str
    labels: list
    n_dims: int

    @classmethod
    def of(cls, y, values):
        """Look at targets as they are given, and as numbers of their own shape."""
        if isinstance(y, pd.DataFrame):
            return cls("DataFrame", list(y.columns), 2)
        if isinstance(y, pd.Series):
            return cls("Series", [y.name], 1)
        n_targets = 1 if values.ndim == 1 else values.shape[1]
        return cls("array", list(range(n_targets)), values.ndim)

    @property
    def names(self):
        """The names of the targets, as strings."""
        if self.container == "Series":
            return ["y" if self.labels[0] is None else str(self.labels[0])]
        if self.container == "DataFrame":
            return [
                label if isinstance(label, str) else f"y{number}"
                for number, label in enumerate(self.labels)
            ]
        n_targets = len(self.labels)
        return ["y"] if n_targets == 1 else [f"y{j}" for j in range(n_targets)]

    def check_same(self, other):
        """Check that more targets have the names of these, where both have names.

        Raises
        ------
        ValueError
            If they do not.
        """
        if self.container == "array" or other.container == "array":
            return
        pairs = zip(self.labels, other.labels, strict=False)
        differ = [
            pair
            for pair in pairs
            if pair[0] != pair[1] and None not in pair and pair[0] == pair[0]
        ]
        if differ or len(self.labels) != len(other.labels):
            raise ValueError(
                f"y has the targets {other.labels}, but in fit they were "
                f"{self.labels}. Pass the same ones in the same order."
            )

    def like(self, values, index):
        """Return values of shape (n_rows, n_targets) as what `y` was."""
        if self.container == "DataFrame":
            return pd.DataFrame(values, index, columns=self.labels)
        if self.container == "Series":
            return pd.Series(values[:, 0], index, name=self.labels[0])
        return values[:, 0] if self.n_dims == 1 else values


def read_targets(y):
    """Return targets as numbers of shape (n_rows, n_targets), and what they were like.

    Raises
    ------
    ValueError
        If they are no numbers, infinite, or of more than two dimensions.
    """
    if y is None:
        raise ValueError(
            "A Forecaster requires y to be passed, but the target y is None. Pass the "
            "series to forecast, one value for each row."
        )
    values = check_array(
        y,
        ensure_2d=False,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name="y",
    )
    return values.reshape(len(values), -1), TargetKind.of(y, values)


def read_inputs(forecaster, X, n_rows, *, reset):
    """Return inputs as an array of shape (n_rows, n_inputs).

    Parameters
    ----------
    forecaster : Forecaster
        Keeps number and names of the inputs.
    X : array-like, DataFrame or None
        Inputs; None has no columns.
    n_rows : int
        How many rows there are if X is None.
    reset : bool
        Whether to keep number and names, instead of comparing with them.

    Returns
    -------
    ndarray
        Of floats, or of objects if a column is not of numbers.
    """
    if X is None:
        if not reset and forecaster.n_features_in_:
            raise ValueError(
                f"X is None, but X had {forecaster.n_features_in_} columns in fit. "
                "Pass the inputs of these rows."
            )
        X = np.empty((n_rows, 0))
    if isinstance(X, pd.Series):
        X = X.to_frame()
    if not isinstance(X, pd.DataFrame):
        return validate_data(
            forecaster,
            X,
            reset=reset,
            dtype=[np.float64, np.float32],
            ensure_all_finite="allow-nan",
            ensure_min_features=0,
        )
    _check_different(list(X.columns), "X")
    validate_data(forecaster, X, reset=reset, skip_check_array=True)
    if not X.shape[1]:
        return np.empty((len(X), 0))
    columns = [_numbers_or_objects(forecaster, X.iloc[:, j]) for j in range(X.shape[1])]
    if any(column.dtype == object for column in columns):
        columns = [column.astype(object) for column in columns]
    return np.column_stack(columns)


def _numbers_or_objects(forecaster, column):
    """Return the values of a column: floats if they are numbers, and else objects.

    Raises
    ------
    ValueError
        If they are times, complex or infinite.
    """
    dtype = column.dtype
    if pd.api.types.is_complex_dtype(dtype):
        raise ValueError("Complex data not supported.")
    if not pd.api.types.is_numeric_dtype(dtype):
        times = (pd.DatetimeTZDtype, pd.PeriodDtype, pd.IntervalDtype)
        if isinstance(dtype, times) or getattr(dtype, "kind", "O") in "mM":
            raise ValueError(
                f"Column {column.name!r} of X holds times ({dtype}). Make numbers of "
                "them, such as the hour or the days since a date, or make them the "
                "index."
            )
        return column.to_numpy(dtype=object)
    kind = np.float32 if dtype == np.float32 else np.float64
    values = column.to_numpy(kind, na_value=np.nan)
    assert_all_finite(
        values,
        allow_nan=True,
        estimator_name=type(forecaster).__name__,
        input_name="X",
    )
    return values


def joined(targets, inputs):
    """Return rows of targets and inputs, in one array."""
    if not inputs.shape[1]:
        return targets
    if inputs.dtype == object:
        return np.hstack([targets.astype(object), inputs])
    return np.hstack([targets, inputs])


def index_of_both(X, y):
    """Return the index of X and y, or None if none of them has one.

    Raises
    ------
    ValueError
        If lengths differ, or both have an index and they are not the same.
    """
    if X is not None:
        n_rows = [len(data) if hasattr(data, "__len__") else None for data in (X, y)]
        if None not in n_rows and n_rows[0] != n_rows[1]:
            raise ValueError(
                f"X and y must have one row for each time. Got {n_rows[0]} rows of X "
                f"and {n_rows[1]} of y, which are inconsistent numbers of samples."
            )
        check_consistent_length(X, y)
    of_X, of_y = (index_of(data) for data in (X, y))
    if of_X is None or of_y is None:
        return of_y if of_X is None else of_X
    if not of_X.equals(of_y):
        at = int(np.argmax(np.asarray(of_X != of_y)))
        raise ValueError(
            f"X and y have different indices: in row {at} that of X is {of_X[at]!r} "
            f"and that of y is {of_y[at]!r}. Align them, for instance with "
            "`X.loc[y.index]`."
        )
    return of_X


def index_of(data):
    """Return the index of pandas data, or None."""
    index = getattr(data, "index", None)
    return index if isinstance(index, pd.Index) else None  # lists have a method index


def timeline_of(index, of="X"):
    """Return the times of rows, or None where the index is not of times.

    Raises
    ------
    ValueError
        As from `Timeline.of_index`; it names the data with the index.
    """
    if index is None:
        return None
    warn_of_string_index(pd.DataFrame(index=index))
    try:
        return Timeline.of_index(index)
    except ValueError as error:
        raise ValueError(str(error).replace("index of X", f"index of {of}")) from None


def _check_different(names, of):
    """Raise a ValueError if a name occurs twice."""
    twice = [name for k, name in enumerate(names) if name in names[:k]]
    if twice:
        raise ValueError(
            f"The columns of {of} must have different names, but {twice[0]!r} occurs "
            "more than once. Rename or drop one of them."
        )


def columns_of(kind, X, n_inputs, past_features):
    """Describe the columns of rows.

    Parameters
    ----------
    kind : TargetKind
        Of the targets.
    X : array-like, DataFrame or None
        Inputs.
    n_inputs : int
        How many there are.
    past_features : list of str or int, str, int or None
        Inputs that are not known in advance.

    Returns
    -------
    Columns

    Raises
    ------
    ValueError
        If `past_features` names what is no column, or an input is called like a
        target.
    """
    names = kind.names
    labels = list(X.columns) if isinstance(X, pd.DataFrame) else list(range(n_inputs))
    if isinstance(X, pd.Series):
        labels = [X.name]
    in_pandas = isinstance(X, (pd.DataFrame, pd.Series))
    both = [label for label in labels if isinstance(label, str) and label in names]
    if both:
        raise ValueError(
            f"X has a column {both[0]!r}, which is also the name of y. Drop it from X: "
            "the past of y is used anyway, and its future is not known."
        )
    inputs = [
        label if isinstance(label, str) else f"x{number}"
        for number, label in enumerate(labels)
    ]
    names = [name if name not in inputs else f"y_{name}" for name in names]
    _check_different(names, "y")
    if past_features is None:
        past_features = []
    elif not pd.api.types.is_list_like(past_features):
        past_features = [past_features]
    past = []
    for label in past_features:
        if label not in labels:
            raise ValueError(
                f"past_features must name columns of X, which are {labels}. Got "
                f"{label!r}."
            )
        past.append(len(names) + labels.index(label))
    known = [j for j in range(len(names), len(names) + n_inputs) if j not in past]
    are_named = kind.container != "array" or in_pandas
    return Columns([*names, *inputs], len(names), known, past, are_named)
