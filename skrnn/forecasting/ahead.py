"""The rows to forecast: what is given for them, and their forecasts."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skrnn._warnings import warn_user
from skrnn.exceptions import MissingStepsWarning
from skrnn.forecasting.grid import Rows
from skrnn.forecasting.validation import (
    index_of,
    read_inputs,
    timeline_of,
    warn_of_absent,
    warn_of_later_series,
    warn_of_missing,
)


@dataclass(frozen=True)
class Ahead:
    """Rows to forecast, after those observed.

    observed : Rows, those observed; of new series, the first row to forecast
    is_new : ndarray of bool, shape (n_series,), the series of which none was observed
    codes : ndarray of int, shape (n_rows,), the number of the series of each row
    leads : ndarray of int, shape (n_rows,), its steps after the last row observed
    inputs : ndarray of shape (n_rows, n_inputs), transformed
    wanted : ndarray of bool, shape (n_rows,), which are forecast; the others are given
        for their inputs
    index : Index or None, of the wanted rows
    """

    observed: Rows
    is_new: np.ndarray
    codes: np.ndarray
    leads: np.ndarray
    inputs: np.ndarray
    wanted: np.ndarray
    index: object


def read_ahead(forecaster, X):
    """Return the rows that `predict` gets as rows ahead."""
    if X is None:
        raise ValueError(
            "X is None, but predict needs the rows to forecast. Use "
            "`forecast(steps)`, or pass a DataFrame without columns that has their "
            "index."
        )
    if hasattr(X, "__len__") and not len(X):
        raise ValueError("X has no rows to forecast (n_samples=0).")
    model, observed, index = forecaster._model, forecaster._observed, index_of(X)
    X = _read_inputs(forecaster, X)
    if index is None:
        _check_one_series(observed)
        *_, index = observed.ahead(len(X))
    rows = _later(observed, X, index)
    warn_of_later_series(rows.names, rows.times, observed.times)
    return make_ahead(model, observed, rows, index)


def read_next(forecaster, steps, X):
    """Return the next rows of each series as rows ahead, with inputs of X."""
    model, observed = forecaster._model, forecaster._observed
    inputs = model.columns.inputs
    if X is None:
        if inputs.is_known.any():
            known = np.array(inputs.names)[inputs.is_known].tolist()
            raise ValueError(
                f"X is None, but {known} are needed for the rows to forecast. Pass "
                "X, or name columns that are not known in advance in past_features."
            )
        codes, leads, index = observed.ahead(steps)
        numbers = np.full((len(codes), len(inputs.names)), np.nan)
        none_new = np.zeros(observed.n_series, dtype=bool)
        wanted = np.ones(len(codes), dtype=bool)
        return Ahead(observed, none_new, codes, leads, numbers, wanted, index)
    # inputs of all steps that are forecast at once with the wanted ones
    n_steps = -(-steps // model.horizon) * model.horizon
    if observed.times is None or index_of(X) is None:
        _check_one_series(observed)
        X = (X if hasattr(X, "shape") else np.asarray(X))[:n_steps]
        if len(X) < steps:
            raise ValueError(
                f"X has {len(X)} rows, but steps={steps}. Give a row for each "
                "step, or lower steps."
            )
        *_, index = observed.ahead(len(X))
    else:
        observed.timeline.check_same_kind(timeline_of(X.index))
        _, leads, index = observed.ahead(n_steps)
        wanted = index[leads <= steps]
        absent = wanted[~wanted.isin(X.index)]
        if len(absent):
            raise ValueError(
                f"X has no row for {named(absent[0])}, which is one of the "
                f"{steps} rows to forecast. Give a row for each, or lower steps."
            )
        X = X[X.index.isin(index)]
        index = X.index
    X = _read_inputs(forecaster, X)
    return make_ahead(model, observed, _later(observed, X, index), index, steps)


def _later(observed, X, index):
    """Return rows to forecast, which have no targets yet."""
    return observed.next(
        np.empty((len(X), 0)),
        X,
        timeline_of(index),
        message=(
            "Rows of fit cannot be forecast: use `backtest` for forecasts of past "
            "rows. {where} Scores of training rows, as in learning curves or with "
            "`return_train_score=True`, are not available."
        ),
    )


def make_ahead(model, observed, rows, index, most_steps=None):
    """Return later rows, of which the first steps are forecast, as rows ahead.

    X without columns stands for inputs that are not known in advance.
    """
    inputs, X = model.columns.inputs, rows.X
    observed, is_new = _observed_of(observed, rows)
    leads = observed.steps_to(rows) + is_new[rows.codes]
    wanted = leads <= (most_steps or leads.max())
    of_wanted = None if index is None else index[wanted]
    if X.shape[1]:
        warn_of_missing(X, inputs.past, index)
        if inputs.is_known.any():
            warn_of_absent(rows.codes, leads, wanted, model.horizon)
        numbers = inputs.transform_ahead(X)
    else:
        numbers = np.full((len(X), len(inputs.names)), np.nan)
    return Ahead(observed, is_new, rows.codes, leads, numbers, wanted, of_wanted)


def _observed_of(observed, rows):
    """Return the rows to forecast from, and which series are new.

    A new series has its first row to forecast, without values.
    """
    is_new = np.bincount(observed.codes, minlength=rows.n_series) == 0
    _, first = np.unique(rows.codes, return_index=True)
    first = first[is_new[rows.codes[first]]]
    if not len(first):
        return observed, is_new
    new = rows[first]
    warn_user(
        f"Nothing was observed of series {new.series.tolist()}. They are forecast "
        "from their inputs alone, or are NaN if the regressor does not support "
        "missing values. Pass rows of them to `update` first.",
        MissingStepsWarning,
    )
    targets, X = (
        np.full((len(first), values.shape[1]), np.nan)
        for values in (observed.targets, observed.X)
    )
    return observed.followed_by(replace(new, targets=targets, X=X)), is_new


def _read_inputs(forecaster, X):
    """Return validated inputs; columns that are not known in advance may be absent."""
    names = getattr(forecaster, "feature_names_in_", None)
    if names is not None and isinstance(X, pd.DataFrame):
        past = forecaster._model.columns.inputs.past
        absent = [name for name in names if name not in X.columns]
        if set(past).issuperset(absent) and not len(X.columns.difference(names)):
            X = X.assign(**{name: past[name] for name in absent})[list(names)]
    return read_inputs(forecaster, X, None, reset=False)


def _check_one_series(observed):
    if observed.names is not None:
        raise ValueError(
            "X has no (series, time) index, but y had one in fit. Pass a DataFrame "
            "with that index, even if it has no columns."
        )


def named(label):
    """Return the time of a row in words, with its series if it has one."""
    return f"{label[1]} of {label[0]!r}" if isinstance(label, tuple) else f"{label}"


def forecast_ahead(model, ahead, *, quantiles=False):
    """Return forecasts (n_wanted, n_targets, n_levels), in blocks of the horizon.

    A block is fed with the forecasts of those before it.
    """
    columns, horizon, observed = model.columns, model.horizon, ahead.observed
    if observed.names is not None:
        observed = observed[np.isin(observed.codes, ahead.codes)]
    n_steps = -(-ahead.leads[ahead.wanted].max() // horizon) * horizon
    grid, values = columns.on_grid(observed, model.window_length, n_steps)
    grids = np.searchsorted(grid.series, ahead.codes)
    last = grid.last - ahead.is_new[grid.series]
    used = ahead.leads <= n_steps
    at = last[grids[used]] + ahead.leads[used]
    inputs = columns.n_targets + np.arange(ahead.inputs.shape[1])
    values[np.ix_(at, inputs)] = ahead.inputs[used]
    fill_inputs(values, columns, last, n_steps, at)
    blocks = []
    for start in range(0, n_steps, horizon):
        origins = last + start
        forecasts = model.forecast(values, origins, quantiles=quantiles)
        blocks.append(forecasts)
        if start + horizon < n_steps and not quantiles:
            next_places = origins[:, np.newaxis] + np.arange(1, horizon + 1)
            values[next_places, : columns.n_targets] = forecasts[..., 0]
    forecasts = np.concatenate(blocks, axis=1)
    return forecasts[grids[ahead.wanted], ahead.leads[ahead.wanted] - 1]


def fill_inputs(values, columns, last, n_steps, given=()):
    """Fill the inputs at the places after the last rows, except at given places.

    Those that are known in advance keep the last given value, the others that of the
    last row.
    """
    last = last[:, np.newaxis]
    places = last + np.arange(1, n_steps + 1)
    is_given = np.zeros(len(values), dtype=bool)
    is_given[np.asarray(given, dtype=np.intp)] = True
    source = np.maximum.accumulate(np.where(is_given[places], places, last), axis=1)
    for position, is_known in enumerate(columns.inputs.is_known, columns.n_targets):
        values[places, position] = values[source if is_known else last, position]
