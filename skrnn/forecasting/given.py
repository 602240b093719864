"""Rows to forecast, as they are given to a fitted Forecaster."""

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
            "X is None, so nothing says which rows to forecast. Use "
            "`forecast(steps)`, or pass a DataFrame without columns, with their index."
        )
    fitted = forecaster._fitted
    index = index_of(X)
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
    check_scalar(steps, "steps", Integral, min_val=1)
    fitted = forecaster._fitted
    columns, history = fitted.model.columns, fitted.history
    index = None if history.timeline is None else times_ahead(history, int(steps))
    if X is None:
        if columns.known:
            names = [columns.names[j] for j in columns.known]
            raise ValueError(
                f"X is None, but {names} are needed for the rows to forecast. Pass X, "
                "or name columns that are not known ahead in past_features."
            )
        n_rows = steps if index is None else len(index)
        inputs = np.full((n_rows, columns.n_inputs), np.nan)
        return _future(forecaster, inputs, index, 0)
    rows = _first_rows(X, steps, index, history)
    inputs = read_inputs(forecaster, _with_past(forecaster, rows), None, reset=False)
    return _future(forecaster, inputs, index, 0)


def _first_rows(X, steps, index, history):
    """Return the rows of X that are to be forecast."""
    if index_of(X) is not None and index is not None:
        absent = ~index.isin(X.index)
        if absent.any():
            raise ValueError(
                f"X has no row for {index[absent][0]}, which is one of the {steps} "
                "rows to forecast. Give a row for each, or lower steps."
            )
        return X.loc[index]
    if index is not None:
        _check_one_series(history)
    rows = X if hasattr(X, "shape") else np.asarray(X)
    if len(rows) < steps:
        raise ValueError(
            f"X has {len(rows)} rows, but steps={steps}. Give a row for each step, or "
            "lower steps."
        )
    return rows[:steps]


def _future(forecaster, inputs, index, gap):
    fitted, timeline = forecaster._fitted, timeline_of(index)
    _warn_of_missing(fitted.model.columns, inputs, index)
    dtype = fitted.history.rows.dtype
    targets = np.full((len(inputs), fitted.model.columns.n_targets), np.nan, dtype)
    rows = joined(targets, inputs)
    return fitted.future(rows, timeline, gap), timeline, index


def _with_past(forecaster, X):
    """Return X with the columns that are not known ahead, if it lacks them."""
    names = getattr(forecaster, "feature_names_in_", None)
    if names is None or not isinstance(X, pd.DataFrame):
        return X
    columns = forecaster._fitted.model.columns
    absent = [j for j in columns.past if columns.names[j] not in X.columns]
    if not absent:
        return X
    X = X.assign(**{columns.names[j]: np.nan for j in absent})
    return X[[name for name in names if name in X]]


def _check_one_series(history):
    if history.timeline.series is not None:
        raise ValueError(
            "X has no (series, time) index, but y had one in fit. Pass a DataFrame "
            "with that index, even if it has no columns."
        )


def _warn_of_missing(columns, inputs, index):
    """Warn of the first input that is known ahead but missing."""
    known = [j - columns.n_targets for j in columns.known]
    missing = pd.isna(inputs[:, known])
    if not missing.any():
        return
    row = int(np.argmax(missing.any(axis=1)))
    name = columns.names[columns.known[int(np.argmax(missing[row]))]]
    time = f"row {row}" if index is None else f"{index[row]}"
    warn_user(
        f"{name!r} is missing at {time}, which is to be forecast: {missing.sum()} "
        "values that are known ahead are missing in X. Give them, or name columns that "
        "are not known ahead in past_features.",
        MissingInputWarning,
    )
