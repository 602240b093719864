"""The rows to forecast, and what is known of them."""

from dataclasses import dataclass, replace
from numbers import Integral

import numpy as np
import pandas as pd

from skrnn._warnings import listed, warn_user
from skrnn.exceptions import (
    LaterSeriesWarning,
    MissingInputWarning,
    MissingStepsWarning,
)
from skrnn.forecasting.grid import Grid, Rows, first_of, last_of
from skrnn.forecasting.validation import read_inputs, timeline_of
from skrnn.windows.timeline import Timeline, index_of


@dataclass(frozen=True)
class Ahead:
    """Rows to forecast, after those observed."""

    observed: Rows  # those observed; of new series, the first row to forecast
    is_new: np.ndarray  # (n_series,), whether none of its rows was observed
    codes: np.ndarray  # (n_rows,), the number of the series of each row
    leads: np.ndarray  # (n_rows,), steps after the last row of `observed`
    index: object  # of these rows
    inputs: tuple  # (codes, leads, transformed inputs) of these rows, and of later ones

    def of_rows(self, values):
        """Return the values (n_series, n_steps, ...) of the rows to forecast."""
        numbers = np.searchsorted(np.unique(self.codes), self.codes)
        return values[numbers, self.leads - 1]


def read_ahead(forecaster, X):
    """Return the rows that `predict` gets as rows ahead."""
    if X is None or isinstance(X, (Integral, pd.Index)):
        raise ValueError(
            f"X is {X}, but predict needs the rows to forecast. Use `forecast(steps)`, "
            "or pass a DataFrame without columns that has their index."
        )
    if hasattr(X, "__len__") and not len(X):
        raise ValueError("X has no rows to forecast (n_samples=0).")
    return _read(forecaster, X, index_of(X))


def read_next(forecaster, steps, X):
    """Return the next rows of each series as rows ahead, with inputs of X."""
    observed, inputs = forecaster._observed, forecaster._model.inputs
    if X is None:
        if inputs.is_known.any():
            columns = forecaster._columns or ()
            known = [repr(name) for name in columns if name not in inputs.past]
            known = known or np.array(inputs.names)[inputs.is_known].tolist()
            raise ValueError(
                f"X is None, but its columns {listed(known)} are needed for the rows "
                "to forecast. Pass X, or name columns that are not known in advance in "
                "past_features."
            )
        codes, leads, index = observed.ahead(steps)
        none_new = np.zeros(observed.n_series, dtype=bool)
        none_given = codes[:0], leads[:0], np.empty((0, len(inputs.names)))
        ahead = Ahead(observed, none_new, codes, leads, index, none_given)
        return _after_known_targets(ahead, forecaster._model)
    n_steps = int(_steps_read(steps, observed, forecaster._model).max())
    if observed.times is None or index_of(X) is None:
        X = (X if hasattr(X, "shape") else np.asarray(X))[:n_steps]
        if len(X) < steps:
            raise ValueError(
                f"X has {len(X)} rows, but steps={steps}. Give a row for each "
                "step, or lower steps."
            )
        return _read(forecaster, X, None, steps)
    given = timeline_of(X.index)
    observed.timeline.check_same_kind(given)
    _, leads, index = observed.ahead(n_steps)
    wanted = index[leads <= steps]
    absent = wanted[~wanted.isin(given.index)]
    if len(absent):
        raise ValueError(
            f"X has no row for {named(absent[0])}, which is one of the "
            f"{steps} rows to forecast. Give a row for each, lower steps, or pass the "
            "rows to forecast to `predict`."
        )
    X = X[given.index.isin(index)]
    return _read(forecaster, X, X.index, steps)


def _read(forecaster, X, index, most_steps=None):
    """Return rows with inputs X as rows ahead; without an index, they are the next."""
    model, observed = forecaster._model, forecaster._observed
    X = _read_inputs(forecaster, X)
    if index is None:
        if observed.names is not None:
            raise ValueError(
                "X has no (series, time) index, but y had one in fit. Pass a DataFrame "
                "with that index, even if it has no columns."
            )
        *_, index = observed.ahead(len(X))
    rows = observed.next(
        np.empty((len(X), 0)),
        X,
        timeline_of(index),
        message=(
            "Rows of fit cannot be forecast: use `backtest` for forecasts of past "
            "rows. {where} Folds must be in time order, as in "
            "cv=TimeSeriesSplit(5, test_size=horizon). Scores of training rows, as in "
            "learning curves or with `return_train_score=True`, are not available."
        ),
    )
    if rows.names is not None and rows.times.max() <= observed.times.max():
        warn_user(
            f"The rows to forecast end at {rows.times.max()}, but other series were "
            f"observed until {observed.times.max()}, and the forecasts may use that. "
            "For folds of a panel in time order, use PanelTimeSeriesSplit.",
            LaterSeriesWarning,
        )
    observed, is_new = _observed_of(observed, rows)
    leads = observed.steps_to(rows) + is_new[rows.codes]
    wanted = leads <= (most_steps or leads.max())
    warn_of_missing(rows.X, model.inputs.past, index)
    if model.inputs.is_known.any():
        n_wanted = last_of(leads[wanted], rows.codes[wanted], rows.n_series)
        n_steps = _steps_read(n_wanted, observed, model)
        _warn_of_absent(rows, leads, n_steps, model.horizon)
    index = None if index is None else index[wanted]
    return make_ahead(model, observed, rows, leads, wanted, is_new, index)


def make_ahead(model, observed, rows, leads, wanted, is_new, index=None):
    """Return the wanted ones of later rows as rows ahead, with the inputs of all."""
    inputs = rows.codes, leads, model.inputs.transform_ahead(rows.X)
    ahead = Ahead(observed, is_new, rows.codes[wanted], leads[wanted], index, inputs)
    return _after_known_targets(ahead, model)


def _after_known_targets(ahead, model):
    """Return rows ahead as those after the last known target of each series."""
    observed, (codes, leads, values) = ahead.observed, ahead.inputs
    n_late = observed.late_steps(model.window_length)
    if not n_late.any():
        return ahead
    last, is_late = observed.last_steps - n_late, observed.are_late(model.window_length)
    observed, late = observed[~is_late], observed[is_late]
    return replace(
        ahead,
        observed=observed,
        leads=ahead.leads + n_late[ahead.codes],
        inputs=(  # those of late rows are known too
            np.concatenate([late.codes, codes]),
            np.concatenate([late.steps - last[late.codes], leads + n_late[codes]]),
            np.concatenate([late.X, values]),
        ),
    )


def _steps_read(n_wanted, observed, model):
    """Return the steps ahead whose inputs are read for wanted ones, (n_series,)."""
    n_late, horizon = observed.late_steps(model.window_length), model.horizon
    # whole blocks after the last known target
    return -(-(n_wanted + n_late) // horizon) * horizon - n_late


def _observed_of(observed, rows):
    """Return the rows to forecast from, and which series are new."""
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
    if forecaster._columns is not None and isinstance(X, pd.DataFrame):
        past = forecaster._model.inputs.past
        absent = [name for name in forecaster._columns if name not in X.columns]
        if absent and set(past).issuperset(absent):
            X = X.copy()
            for name in absent:
                X[name] = past[name]
    return read_inputs(forecaster, X, None, reset=False)


def window_frame(model, ahead):
    """Return the windows that are read to forecast, each value at its own time."""
    length, observed, is_known = model.window_length, ahead.observed, model.is_known
    n_after = model.horizon if is_known.any() else 0
    values = model.values_ahead(ahead)[:, : length + n_after]
    values[:, length:, ~is_known] = np.nan
    values[:, :n_after, is_known] = np.nan
    last = observed.last_steps[observed.codes]
    recent = observed[observed.steps > last - length]
    grid = Grid(recent, 0, n_after)
    first = length - 1 - (grid.last - grid.first)
    is_shown = np.arange(length + n_after) >= first[:, np.newaxis]
    if recent.times is None:
        index = recent.steps[0] + pd.RangeIndex(grid.n_places)
    else:
        _, index = grid.times(recent)
    if recent.names is not None:
        index = Timeline(index, recent.names[grid.codes[grid.grid_of]]).index
    return pd.DataFrame(values[is_shown], index, columns=model.names)


def named(label):
    """Return the time of a row in words, with its series if it has one."""
    return f"{label[1]} of {label[0]!r}" if isinstance(label, tuple) else f"{label}"


def warn_of_missing(X, past, index):
    """Warn of the first input that is known in advance but missing."""
    frame = pd.DataFrame(X)
    frame = frame.loc[:, [column not in past for column in frame.columns]]
    missing = frame.isna().to_numpy()
    if not missing.any():
        return
    row = int(np.argmax(missing.any(axis=1)))
    name = list(frame)[int(np.argmax(missing[row]))]
    time = f"row {row}" if index is None else f"{index[row]}"
    warn_user(
        f"X lacks {missing.sum()} values of inputs that are known in advance, the "
        f"first of {name!r} at {time}. Pass these values, or name columns that are "
        "not known in advance in past_features.",
        MissingInputWarning,
    )


def _warn_of_absent(rows, leads, n_steps, horizon):
    """Warn of steps after the first row to forecast that lack inputs."""
    is_read = leads <= n_steps[rows.codes]
    given = np.bincount(rows.codes[is_read], minlength=len(n_steps))
    span = n_steps - first_of(leads, rows.codes, len(given)) + 1
    n_absent = np.where(given > 0, span - given, 0)
    most = int(np.argmax(n_absent))
    if n_absent[most] > 0:
        name = None if rows.names is None else rows.names[[most]].tolist()[0]
        of = "" if name is None else f" of series {name!r}"
        warn_user(
            f"X has no rows for {n_absent[most]} steps{of} between its first row and "
            f"step {n_steps[most]} after the last known target. Forecasts read the "
            f"inputs of all these steps, as horizon={horizon} steps are forecast "
            "together; absent ones are taken to be those of the row before. Pass a row "
            "for each step whose inputs are known in advance, or name columns that are "
            "not known in advance in past_features.",
            MissingInputWarning,
        )
