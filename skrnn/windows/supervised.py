"""Turns series into a supervised learning problem."""

import re
from numbers import Integral

import numpy as np
import pandas as pd

from skrnn._estimator import check_numbers, floats_of
from skrnn.windows.layout import view_windows
from skrnn.windows.timeline import Timeline, place

_LEAD_NAME = re.compile(r"(?P<target>.*)_lead(?P<lead>[1-9][0-9]*)")


def to_supervised(series, horizon=1, *, target=None):
    """Turn series into aligned X and y for forecasting.

    Row t of X holds the values at time t. Row t of y holds the target at time t + 1,
    or with a longer horizon at t + 1, ..., t + `horizon`. Rows without all of these
    future values are left out.

    Parameters
    ----------
    series : Series, DataFrame or array-like of shape (n_rows,) or (n_rows, n_columns)
        Series in time order. The index of pandas data tells which rows follow each
        other, as in :class:`SequenceWindower`: a row before a gap has no next value.
        A (series, time) MultiIndex is a panel.
    horizon : int, default=1
        Number of steps ahead to predict. With more than 1, y has a column for each
        step.
    target : str, list of str, int or list of int, default=None
        The columns to predict, by name, or by position for arrays. None predicts all
        of them.

    Returns
    -------
    X : DataFrame or ndarray of shape (n_rows_out, n_columns)
        All columns at time t. pandas data keep their index.
    y : Series, DataFrame or ndarray of shape (n_rows_out,) or \
            (n_rows_out, n_targets * horizon)
        The future values, one-dimensional for one target and a horizon of 1. Columns
        are named `<target>_lead<h>`, nearest step first, targets varying fastest.

    Raises
    ------
    ValueError
        If `horizon` is not a positive int, a target is not a column, no row has a
        known future, the index is not regular, or an array has missing targets.

    See Also
    --------
    SequenceWindower : Turns the rows of X into windows.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import to_supervised
    >>> days = pd.date_range("2026-01-01", periods=4, freq="D")
    >>> load = pd.DataFrame({"load": [1.0, 2.0, 3.0, 4.0], "wind": 0.0}, index=days)
    >>> X, y = to_supervised(load, target="load")
    >>> X.join(y)
                load  wind  load_lead1
    2026-01-01   1.0   0.0         2.0
    2026-01-02   2.0   0.0         3.0
    2026-01-03   3.0   0.0         4.0
    >>> to_supervised([1.0, 2.0, 3.0, 4.0], horizon=2)[1]
    array([[2., 3.],
           [3., 4.]])
    """
    if isinstance(horizon, bool) or not isinstance(horizon, Integral) or horizon < 1:
        raise ValueError(f"horizon must be an int of at least 1. Got {horizon!r}.")
    if not len(series):
        raise ValueError("The series has no rows.")
    in_pandas = isinstance(series, (pd.Series, pd.DataFrame))
    X = _as_frame(series)
    if horizon >= len(X):
        raise ValueError(_no_future(horizon, X))
    timeline = Timeline.of(X) if in_pandas else None
    targets = _target_columns(X, target)
    values = check_numbers(X[targets], "series")
    dtype = np.float32 if (values.dtypes == np.float32).all() else np.float64
    values = values.to_numpy(dtype=dtype, na_value=np.nan)
    future = _future(values, timeline, horizon)
    known = ~pd.isna(future).any(axis=1)
    if not known.any():
        raise ValueError(_no_future(horizon, X))
    if timeline is None and not known[: np.flatnonzero(known)[-1]].all():
        raise ValueError(
            "The target has missing values. Without a time index, their rows "
            "cannot be left out, because windows would ignore the gaps. Pass a "
            "DataFrame with a time index, or fill the missing values."
        )
    steps = range(1, horizon + 1)
    names = [f"{name}_lead{step}" for step in steps for name in targets]
    y = pd.DataFrame(future[known], index=X.index[known], columns=names)
    X = X[known].copy()
    if len(names) == 1:
        y = y[names[0]]
    return (X, y) if in_pandas else (X.to_numpy(), y.to_numpy())


def lead_of_name(name):
    """Return target and lead of a name `<target>_lead<h>`, None for other names."""
    match = _LEAD_NAME.fullmatch(name)
    return match and (match["target"], int(match["lead"]))


def _no_future(horizon, X):
    return f"No row has a known future: horizon={horizon} with {len(X)} rows."


def _as_frame(series):
    if isinstance(series, pd.DataFrame):
        return series
    if isinstance(series, pd.Series):
        return series.to_frame("x0" if series.name is None else series.name)
    array = floats_of(series, "series", dtype="numeric")
    return pd.DataFrame(array.reshape(len(array), -1))


def _target_columns(X, target):
    columns = list(X.columns)
    if len(set(columns)) < len(columns):
        raise ValueError(f"The columns must have different names. Got {columns}.")
    if target is None:
        return columns
    several = pd.api.types.is_list_like(target) and not (
        isinstance(target, tuple) and target in columns
    )
    targets = list(target) if several else [target]
    different = set(targets)
    if not targets or not different <= set(columns) or len(different) < len(targets):
        raise ValueError(
            f"target must name one or several different columns of {columns}. "
            f"Got {target!r}."
        )
    return targets


def _future(values, timeline, horizon):
    """Return the values 1, ..., horizon steps later, NaN if there is none."""
    places = np.arange(len(values))
    if timeline is not None:
        places, _ = place(timeline, timeline.step(), horizon + 1)
    shape = (places.max() + 1 + horizon, values.shape[1])
    ahead = np.full(shape, np.nan, dtype=values.dtype)
    ahead[places] = values
    return view_windows(ahead, horizon, flatten=True)[places + 1]
