"""Errors of forecasts from earlier origins, which intervals are made of."""

import numpy as np
import pandas as pd

from skrnn.forecasting.line import Line
from skrnn.windows.layout import view_windows
from skrnn.windows.steps import numbers_of
from skrnn.windows.timeline import numbered


def line_of(rows, timeline, step, window_length, horizon):
    """Place rows with room for windows before and targets after each series.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_columns)
        Rows in time order.
    timeline : Timeline or None
        Their times.
    step : Step or None
        The step of the times.
    window_length, horizon : int
        Steps of a window, and steps ahead.

    Returns
    -------
    Line
    """
    codes = np.zeros(len(rows), dtype=np.intp)
    numbers = np.arange(len(rows))
    if timeline is not None:
        codes = timeline.codes
        numbers = numbered(timeline, step, window_length + horizon)
    return Line.of(rows, codes, numbers, window_length - 1, horizon)


def last_rows(timeline, n_rows, n_last):
    """Tell which rows are the last ones of their series.

    Parameters
    ----------
    timeline : Timeline or None
        Times of the rows.
    n_rows : int
        How many rows there are.
    n_last : int
        How many of each series are the last ones.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
    """
    codes = pd.Series(np.zeros(n_rows) if timeline is None else timeline.codes)
    return (codes.groupby(codes).cumcount(ascending=False) < n_last).to_numpy()


def last_places(line, rows):
    """Return for each series the place of the last of some rows, or its first place."""
    last = line.first.copy()
    places = line.places[rows]
    np.maximum.at(last, line.codes[places], places)
    return last


def origins_from(line, timeline, first, horizon):
    """Return the origins whose whole horizon is observed, in order of time.

    Parameters
    ----------
    line : Line
        Rows.
    timeline : Timeline or None
        Their times.
    first : ndarray of int, shape (n_series,)
        The first place of each series to be an origin.
    horizon : int
        Steps ahead.

    Returns
    -------
    ndarray of int
        Places.
    """
    places = line.places
    if timeline is not None and timeline.series is not None:
        places = places[np.argsort(numbers_of(timeline.times), kind="stable")]
    codes = line.codes[places]
    return places[(places >= first[codes]) & (places + horizon <= line.last[codes])]


def errors_at(model, line, origins, scale):
    """Return what was observed minus what was forecast.

    Parameters
    ----------
    model : DirectModel
        The model.
    line : Line
        Rows.
    origins : ndarray of int, shape (n_origins,)
        Places.
    scale : ndarray of shape (n_places, n_targets) or float
        Errors are divided by it.

    Returns
    -------
    ndarray of shape (n_origins, horizon, n_targets, n_levels)
        NaN where a value is not known, or nothing could be forecast.
    """
    n_targets, horizon = model.columns.n_targets, model.horizon
    n_levels = 1 if model.levels is None else len(model.levels)
    if not len(origins):
        return np.empty((0, horizon, n_targets, n_levels))
    quantiles = model.levels is not None
    forecasts = model.forecast(line, origins, quantiles=quantiles)
    targets = np.ascontiguousarray(line.values[:, :n_targets], dtype=np.float64)
    observed = view_windows(targets, horizon, flatten=False)[origins + 1]
    errors = observed[..., np.newaxis] - forecasts
    if np.ndim(scale):
        errors /= scale[origins][:, np.newaxis, :, np.newaxis]
    return errors
