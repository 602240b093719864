"""Rows to forecast, as they are given to a fitted Forecaster."""

from dataclasses import replace
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils.validation import check_is_fitted, check_scalar

from skrnn._warnings import warn_user
from skrnn.exceptions import MissingInputWarning
from skrnn.forecasting.future import times_ahead
from skrnn.forecasting.rows import index_of, joined, read_inputs, timeline_of


def future_rows(forecaster, X):
    """Read the rows that `predict` gets.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    X : array-like or DataFrame of shape (n_rows, n_features)
        Inputs of rows to forecast.

    Returns
    -------
    future : Future
        The rows.
    timeline : Timeline or None
        Their times.
    index : Index or None
        The index of forecasts.

    Raises
    ------
    ValueError
        If X is not as in fit, or its rows do not follow those observed.
    """
    check_is_fitted(forecaster)
    if X is None:
        raise ValueError(
            "X is None, but predict needs the rows to forecast. Use `forecast(steps)`, "
            "or pass a DataFrame without columns that has their index."
        )
    fitted = forecaster._fitted
    index = index_of(X)
    if hasattr(X, "__len__") and not len(X):
        raise ValueError("X has no rows to forecast (n_samples=0).")
    inputs = read_inputs(forecaster, _with_past(forecaster, X), None, reset=False)
    gap = fitted.model.gap
    if index is None and fitted.history.timeline is not None:
        _check_one_series(fitted.history)
        index = times_ahead(fitted.history, gap + len(inputs))[gap:]
    return _future(forecaster, inputs, index, gap)


def next_rows(forecaster, steps, X):
    """Read what `forecast` gets: how many rows, and their inputs.

    Parameters
    ----------
    forecaster : Forecaster
        Fitted.
    steps : int
        How many rows of each series.
    X : array-like, DataFrame or None
        Their inputs.

    Returns
    -------
    tuple
        As from `future_rows`.

    Raises
    ------
    ValueError
        If inputs are absent.
    """
    check_is_fitted(forecaster)
    if isinstance(steps, (bool, np.bool_)):
        raise TypeError(f"steps must be an int. Got {steps!r}.")
    check_scalar(steps, "steps", Integral, min_val=1)
    history, model = forecaster._fitted.history, forecaster._fitted.model
    if X is None:
        _check_no_input_is_needed(model.columns)
        index = None if history.timeline is None else times_ahead(history, int(steps))
        n_rows = steps if index is None else len(index)
        inputs = np.full((n_rows, model.columns.n_inputs), np.nan)
        return _future(forecaster, inputs, index, 0)
    n_in_blocks = -(-int(steps) // model.horizon) * model.horizon
    rows, index, wanted = _first_rows(X, int(steps), n_in_blocks, history)
    inputs = read_inputs(forecaster, _with_past(forecaster, rows), None, reset=False)
    return _future(forecaster, inputs, index, 0, wanted)


def _check_no_input_is_needed(columns):
    if columns.known:
        names = [columns.names[j] for j in columns.known]
        raise ValueError(
            f"X is None, but {names} are needed for the rows to forecast. Pass X, or "
            "name columns that are not known in advance in past_features."
        )


def _first_rows(X, steps, n_in_blocks, history):
    """Return the next rows of X, their index, and which of them are to be forecast.

    The others are inputs of the steps that are forecast in the same block.
    """
    index_of_X = index_of(X)
    if history.timeline is None or index_of_X is None:
        if history.timeline is not None:
            _check_one_series(history)
        rows = X if hasattr(X, "shape") else np.asarray(X)
        if len(rows) < steps:
            raise ValueError(
                f"X has {len(rows)} rows, but steps={steps}. Give a row for each step, "
                "or lower steps."
            )
        rows = rows[:n_in_blocks]
        index = None
        if history.timeline is not None:
            index = times_ahead(history, len(rows))
        return rows, index, np.arange(len(rows)) < steps
    index = times_ahead(history, n_in_blocks)
    timeline = timeline_of(index_of_X)
    if timeline is None or timeline.kind != history.timeline.kind:
        kind = type(index_of_X).__name__ if timeline is None else timeline.kind
        raise ValueError(
            f"The index of X is {kind}, but in fit it was {history.timeline.kind}."
        )
    is_there = index.isin(index_of_X).reshape(-1, n_in_blocks)
    wanted = np.broadcast_to(np.arange(n_in_blocks) < steps, is_there.shape)
    absent = index[(wanted & ~is_there).ravel()]
    if len(absent):
        raise ValueError(
            f"X has no row for {absent[0]}, which is one of the {steps} rows to "
            "forecast. Give a row for each, or lower steps."
        )
    used = np.logical_and.accumulate(is_there, axis=1).ravel()
    return X.loc[index[used]], index[used], wanted.ravel()[used]


def _future(forecaster, inputs, index, gap, wanted=None):
    """Return the rows, and times and index of those to forecast."""
    fitted, timeline = forecaster._fitted, timeline_of(index)
    wanted = np.ones(len(inputs), dtype=bool) if wanted is None else wanted
    of_wanted = None if index is None else index[wanted]
    warn_of_missing(fitted.model.columns, inputs[wanted], of_wanted)
    dtype = fitted.history.rows.dtype
    targets = np.full((len(inputs), fitted.model.columns.n_targets), np.nan, dtype)
    future = fitted.future(joined(targets, inputs), timeline, gap)
    future = replace(future, wanted=wanted)
    return future, timeline and timeline[wanted], of_wanted


def _with_past(forecaster, X):
    """Return X with the columns that are not known in advance, if it lacks them."""
    names = getattr(forecaster, "feature_names_in_", None)
    if names is None or not isinstance(X, pd.DataFrame):
        return X
    columns = forecaster._fitted.model.columns
    past = {columns.names[j] for j in columns.past}
    absent = [name for name in names if name not in X.columns]
    if not absent or not past.issuperset(absent) or len(X.columns.difference(names)):
        return X
    return X.assign(**dict.fromkeys(absent, np.nan))[list(names)]


def _check_one_series(history):
    if history.timeline.series is not None:
        raise ValueError(
            "X has no (series, time) index, but y had one in fit. Pass a DataFrame "
            "with that index, even if it has no columns."
        )


def warn_of_missing(columns, inputs, index):
    """Warn of the first input that is known in advance but missing.

    Parameters
    ----------
    columns : Columns
        Of the rows.
    inputs : ndarray of shape (n_rows, n_inputs)
        Inputs of rows to forecast.
    index : Index or None
        Their index.

    Warns
    -----
    MissingInputWarning
        If there is one.
    """
    known = [j - columns.n_targets for j in columns.known]
    missing = pd.isna(inputs[:, known])
    if not missing.any():
        return
    row = int(np.argmax(missing.any(axis=1)))
    name = columns.names[columns.known[int(np.argmax(missing[row]))]]
    time = f"row {row}" if index is None else f"{index[row]}"
    warn_user(
        f"X lacks {missing.sum()} values of inputs that are known in advance, the "
        f"first of {name!r} at {time}. Pass these values, or list columns that are not "
        "known in advance in past_features.",
        MissingInputWarning,
    )
