"""Rolling-origin evaluation of forecasters."""

import datetime
import warnings
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_scalar
from sklearn.utils.parallel import delayed

from skrnn._progress import in_parallel, start_bar
from skrnn._warnings import listed, warn_user
from skrnn.exceptions import MissingStepsWarning, RowsLeftOutWarning
from skrnn.forecasting.ahead import make_ahead, warn_of_missing
from skrnn.forecasting.conformal import check_available, column_labels, in_order
from skrnn.forecasting.forecaster import Forecaster
from skrnn.forecasting.grid import Rows, first_of, last_of, most_places
from skrnn.forecasting.seasons import mean_changes, shortest_season
from skrnn.forecasting.validation import (
    index_of_both,
    params_of_rows,
    read_past_features,
)
from skrnn.metrics.summary import SCALES
from skrnn.windows.layout import slice_or
from skrnn.windows.timeline import ANY_DISTANCE, Timeline, numbered

_MOST_MISSING = 0.1  # of the forecasts, without a warning


def backtest(
    forecaster,
    X=None,
    y=None,
    *,
    initial_train_size,
    stride=None,
    refit=False,
    max_train_size=None,
    coverage=None,
    season_length="auto",
    params=None,
    n_jobs=None,
):
    """Evaluate forecasters from a rolling origin.

    The forecaster is fitted on the first rows and forecasts the next `horizon` steps.
    The origin then advances by `stride` steps, until the end of the data. Forecasts are
    those that `fit`, `update` and `predict` return. Where a window has a missing value
    and the regressor does not support that, the forecast is NaN.

    Parameters
    ----------
    forecaster : Forecaster or dict of Forecaster
        Forecaster, or dict of names and forecasters. They are cloned.
    X : array-like or DataFrame of shape (n_rows, n_features), or None
        Inputs, as in :meth:`Forecaster.fit`.
    y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
        The series, or a panel.
    initial_train_size : int, str or datetime
        Number of rows before the first forecast; in a panel, number of distinct times.
        Or the date of the last of these rows, where `"2024-06"` includes all of June.
    stride : int or None, default=None
        Steps from one origin to the next. None uses the horizon, so that each later row
        is forecast once.
    refit : bool or int, default=False
        True refits at every origin, an int k at every k-th one. At other origins, the
        rows since the last one are passed to `update`.
    max_train_size : int or None, default=None
        Number of last rows, or distinct times in a panel, that a fit uses: a training
        period that moves along. None uses all rows.
    coverage : float, list of float or None, default=None
        Coverage of intervals to add, or several of them. None adds no intervals.
    season_length : int or "auto", default="auto"
        Number of steps in a season, for the scales of the errors: 1 compares them with
        the changes from one step to the next. `"auto"` is the shortest season of
        `window_length="auto"` of :class:`Forecaster`, such as a day of hourly values.
        It is 1 without an index of dates, or with fewer than two seasons before the
        first forecast.
    params : dict or None, default=None
        Passed to `fit`. Of arrays with a value for each row, such as `sample_weight`,
        each fit gets the values of its rows.
    n_jobs : int or None, default=None
        Number of parallel fits. None means 1 unless in a `joblib.parallel_config`
        context. The results do not depend on it, except for rounding in regressors that
        use several threads.

    Returns
    -------
    DataFrame of shape (n_forecasts, n_columns)
        A row for each origin, step ahead and target, with columns `origin` and `time`
        (row numbers, if there is no index), `step`, `observed`, `pred`, and with
        `coverage` `lower_bound` and `upper_bound`, or `lower_80` and the like for a
        list. For a dict there is a column `model`, for a panel `series`, for several
        targets `target`. Bounds of rows beyond the horizon of their series, after
        missing rows, are NaN. `mase_scale` and `rmsse_scale` are what scaled errors are
        divided by: the mean absolute and the root mean squared change in a season in
        all rows of the series up to the origin, NaN if these are too few.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the data are not as in
        :meth:`Forecaster.fit`.

    Warns
    -----
    MissingInputWarning
        If an input that is known in advance is missing in a row to forecast.
    MissingStepsWarning
        If more than a tenth of the forecasts of a model are NaN, or more than a tenth
        of the series of a panel are not forecast.

    See Also
    --------
    metrics.summarize : Measures of the result, by model, step, series or origin.
    Forecaster : Forecasts what comes after the data.
    ForecastDisplay : Draws the result.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import Forecaster, SeasonalNaiveRegressor, backtest
    >>> from skrnn.datasets import load_co2
    >>> from skrnn.metrics import summarize
    >>> models = {
    ...     "naive": Forecaster(SeasonalNaiveRegressor(52), horizon=13),
    ...     "Ridge": Forecaster(Ridge(), horizon=13),
    ... }
    >>> frame = backtest(models, y=load_co2()["1986":], initial_train_size="1995")
    >>> summarize(frame).round(2)
            MAE  RMSE  MASE
    model
    Ridge  0.56  0.69  0.35
    naive  1.67  1.88  1.06
    """
    several = isinstance(forecaster, dict)
    models = forecaster if several else {None: forecaster}
    if not models or not all(isinstance(m, Forecaster) for m in models.values()):
        raise ValueError(
            "forecaster must be a Forecaster, or a dict with at least one. Wrap a "
            "regressor in Forecaster(regressor); for a search, pass best_estimator_. "
            f"Got {forecaster!r}."
        )
    column_labels(coverage, None)
    _check(stride, refit, max_train_size, season_length)
    tasks = []
    for name, model in models.items():
        template, data = _prepared(model, X, y, params or {})
        first_origin = data.position_of(initial_train_size)
        data = replace(data, season=_season(season_length, data, first_origin))
        if coverage is not None:
            has_quantiles = hasattr(model.regressor, "predict_quantiles")
            of = f" for model {name!r}" if several else ""
            check_available(model.calibration_size, has_quantiles, coverage, of)
        later = data.positions > first_origin
        past = read_past_features(model.past_features, data.rows.X)
        index = None if data.index is None else data.index[later]
        warn_of_missing(data.rows[later].X, past, index)
        tasks += [
            (name, template, data, origins, origins[0] == first_origin)
            for origins in _groups(data, first_origin, stride or model.horizon, refit)
        ]
    work = (
        delayed(_run)(template, data, origins, is_first, max_train_size, coverage)
        for _, template, data, origins, is_first in tasks
    )
    frames = list(_with_bar(in_parallel(work, n_jobs), len(tasks)))
    if several:
        named = zip(tasks, frames, strict=True)
        frames = [f.assign(model=name)[["model", *f]] for (name, *_), f in named]
    frame = pd.concat(frames, ignore_index=True)
    _warn_of_missing(frame, several)
    if data.rows.names is not None:
        _warn_of_absent(data.rows.names, frame["series"])
    return frame


def _warn_of_missing(frame, several):
    """Warn of models if more than a tenth of their forecasts are NaN."""
    of_model = frame["model"] if several else np.zeros(len(frame))
    for name, share in frame["pred"].isna().groupby(of_model).mean().items():
        if share > _MOST_MISSING:
            of = f" of model {name!r}" if several else ""
            warn_user(
                f"{share:.0%} of the forecasts{of} are NaN: its regressor does not "
                "support missing values, and their windows have some. Let it be a "
                "pipeline that starts with an imputer, or pass more rows.",
                MissingStepsWarning,
            )


def _warn_of_absent(names, forecast):
    """Warn if more than a tenth of the series are not forecast."""
    absent = names[~names.isin(forecast)]
    if len(absent) > _MOST_MISSING * len(names):
        warn_user(
            f"{len(absent)} of {len(names)} series are not forecast, as they have no "
            "rows before an origin, or none in the horizon after it: "
            f"{listed(absent.map(repr))}. Set another initial_train_size, or run a "
            "backtest for each of them.",
            MissingStepsWarning,
        )


@dataclass(frozen=True)
class _Data:
    """The data of a backtest."""

    rows: Rows  # with X as it was passed
    index: object
    params: dict  # of `fit`
    times: pd.Index  # (n_times,), regular, that all series share
    positions: np.ndarray  # (n_rows,), of the rows in `times`, as those of origins
    season: int = 1  # in steps

    @cached_property
    def scales(self):
        """Keys of the rows of all series in order, and their scales up to each row."""
        targets, codes = self.rows.targets, self.rows.codes
        changes = np.stack(mean_changes(targets, codes, self.positions, self.season))
        keys = codes * len(self.times) + self.positions
        order = np.argsort(keys)
        return keys[order], changes[:, order]

    def scales_at(self, origins, which, codes):
        """Return the scales (2, n_rows, n_targets) of series at one of the origins."""
        (keys, scales), n_series = self.scales, self.rows.n_series
        searched = np.add.outer(origins, np.arange(n_series) * len(self.times))
        at = np.searchsorted(keys, searched.ravel(), "right") - 1
        return scales.take(at[which * n_series + codes], axis=1)

    def position_of(self, initial_train_size):
        """Return the step of the last row before the first forecast."""
        positions, n_rows = np.unique(self.positions), initial_train_size
        if isinstance(n_rows, Real) and not isinstance(n_rows, Integral):
            raise TypeError(
                f"initial_train_size={n_rows!r} must be a number of rows or a date. "
                "For a share of the rows, pass int(share * len(y))."
            )
        if not isinstance(n_rows, Integral):
            if not isinstance(self.times, (pd.DatetimeIndex, pd.PeriodIndex)):
                raise TypeError(
                    f"initial_train_size={n_rows!r} must be a number of rows, as the "
                    "rows have no index of dates."
                )
            zone = getattr(self.times, "tz", None)
            if type(n_rows) is datetime.date:
                n_rows = str(n_rows)  # the whole day
            elif isinstance(n_rows, (datetime.datetime, np.datetime64)):
                n_rows = pd.Timestamp(n_rows)
                if n_rows.tzinfo is None:
                    n_rows = pd.Timestamp(n_rows.to_pydatetime(), tz=zone)
            n_rows = self.times[positions].slice_locs(end=n_rows)[1]
            if not n_rows:
                raise ValueError(
                    f"initial_train_size={initial_train_size!r} is before the first "
                    f"row, {self.times[0]}."
                )
        check_scalar(n_rows, "initial_train_size", Integral, min_val=1)
        if n_rows >= len(positions):
            raise ValueError(
                f"initial_train_size={initial_train_size!r} leaves nothing to "
                f"forecast: the data have {len(positions)} rows (distinct times in a "
                "panel). Set a smaller initial_train_size."
            )
        return positions[n_rows - 1]


def _prepared(model, X, y, params):
    """Return an unfitted clone that knows the format of the data, and the data."""
    template = clone(model)
    rows = template._read_first(X, y)
    index = index_of_both(X, y)
    return template, _Data(rows, index, params, *_positions_in_time(rows, index))


def _positions_in_time(rows, index):
    """Return times that all series share, and the position of each row in them."""
    if rows.times is None:
        return pd.RangeIndex(len(rows)) if index is None else index, rows.steps
    codes, unique = pd.factorize(rows.times, sort=True)
    timeline = Timeline(unique.rename(rows.times.name))
    try:
        step = rows.step or timeline.step()
        steps = numbered(timeline, step)
    except ValueError as error:
        raise ValueError(
            "backtest uses the same origins for all series, but their times have "
            f"no common step: {error} Or run a backtest for each series."
        ) from error
    first = timeline.times[:1]
    if steps[-1] > most_places(len(rows)):
        raise ValueError(
            f"The rows span {steps[-1]} steps, but there are only {len(rows)} rows, "
            "and a backtest needs a place in memory for each step. Check their index."
        )
    return first.append(step.after(first, int(steps[-1]))), steps[codes]


def _check(stride, refit, max_train_size, season_length):
    for name, value in ("stride", stride), ("max_train_size", max_train_size):
        if value is not None:
            check_scalar(value, name, Integral, min_val=1)
    if not isinstance(refit, (bool, np.bool_)):
        check_scalar(refit, "refit", Integral, min_val=1)
    is_number = isinstance(season_length, Integral) and season_length >= 1
    if not (is_number or season_length == "auto"):
        raise ValueError(
            'season_length must be "auto" or a number of steps, at least 1. Got '
            f"{season_length!r}."
        )


def _season(season_length, data, first):
    """Return the number of steps in a season, for the rows up to position `first`."""
    if season_length != "auto":
        return season_length
    n_rows = np.bincount(data.rows.codes[data.positions <= first]).max()
    return shortest_season(data.rows, n_rows)


def _groups(data, first, stride, refit):
    """Yield the origins of each fit."""
    origins = np.arange(first, data.positions.max(), stride)
    size = int(refit) or len(origins)
    for start in range(0, len(origins), size):
        yield origins[start : start + size]


def _run(template, data, origins, is_first, max_train_size, coverage):
    """Fit on the rows up to the first origin, and forecast from all of them."""
    positions = np.unique(data.positions[data.positions <= origins[0]])
    first = positions[-min(max_train_size or len(positions), len(positions))]
    trained = (data.positions >= first) & (data.positions <= origins[0])
    params = params_of_rows(data.params, trained)
    with warnings.catch_warnings():
        if not is_first:
            warnings.simplefilter("ignore", RowsLeftOutWarning)
        fitted = copy(template)._fit_rows(data.rows[trained], params)
    return _Evaluation(fitted, data, first, origins, coverage).frame()


@dataclass(frozen=True)
class _Evaluation:
    """Forecasts of a fitted forecaster from origins in its future."""

    fitted: Forecaster
    data: _Data
    first: int  # the first position that it was fitted on
    origins: np.ndarray  # (n_origins,), positions
    coverage: object = None

    def frame(self):
        """Return the forecasts as a DataFrame."""
        fitted, data = self.fitted, self.data
        if self.coverage is not None:
            fitted._check_calibration()
        values = self.at_once() if self.is_regular() else self.in_turn()
        (rows, which, leads), n_targets = self.wanted, fitted.n_outputs_
        frame = {"origin": data.times.take(self.origins[which])}
        frame["time"] = data.times.take(data.positions[rows])
        frame["step"] = leads
        if data.rows.names is not None:
            frame["series"] = data.rows.names[data.rows.codes[rows]]
        if n_targets > 1:
            frame = {name: column.repeat(n_targets) for name, column in frame.items()}
            targets = np.empty(n_targets, dtype=object)
            targets[:] = fitted._format.labels
            frame["target"] = np.tile(targets, len(rows))
        frame["observed"] = data.rows.targets[rows].ravel()
        columns = values.reshape(-1, values.shape[-1]).T
        frame |= dict(zip(self.labels, columns, strict=True))
        scales = data.scales_at(self.origins, which, data.rows.codes[rows])
        frame |= dict(zip(SCALES, scales.reshape(2, -1), strict=True))
        return pd.DataFrame(frame, copy=False)

    @property
    def labels(self):
        """The names of the columns that are forecast."""
        return column_labels(self.coverage, None) or ["pred"]

    @cached_property
    def wanted(self):
        """The rows to forecast, of series observed before; their origins and leads."""
        positions, all_rows, origins = self.data.positions, self.data.rows, self.origins
        in_time = np.argsort(positions, kind="stable")
        ends = np.array([origins, origins + self.fitted.horizon])
        starts, stops = np.searchsorted(positions[in_time], ends, side="right")
        counts = stops - starts
        which = np.arange(len(origins)).repeat(counts)
        before = (stops - np.cumsum(counts)).repeat(counts)
        rows = in_time[np.arange(len(which)) + before]
        leads = positions[rows] - origins[which]
        if all_rows.n_series == 1:  # which was trained on
            return rows, which, leads
        seen = positions >= self.first
        how = positions[seen], all_rows.codes[seen], all_rows.n_series
        earliest = first_of(*how, default=ANY_DISTANCE)
        is_observed = earliest[all_rows.codes[rows]] <= origins[which]
        return rows[is_observed], which[is_observed], leads[is_observed]

    @cached_property
    def recent(self):
        """The rows that forecasts of series with a row at the first origin may read."""
        positions, rows, origin = self.data.positions, self.data.rows, self.origins[0]
        at_origin = np.zeros(rows.n_series, dtype=bool)
        at_origin[rows.codes[positions == origin]] = True
        earliest = max(origin - self.fitted._model.n_steps_read + 1, self.first)
        recent = (positions >= earliest) & at_origin[rows.codes]
        return slice_or(np.flatnonzero(recent))

    def is_regular(self):
        """Return whether all origins can be forecast from at once: without holes."""
        all_rows, positions = self.data.rows, self.data.positions[self.recent]
        codes, n_series = all_rows.codes[self.recent], all_rows.n_series
        n_rows = np.bincount(codes, minlength=n_series)
        if not (n_rows > 0)[all_rows.codes[self.wanted[0]]].all():
            return False
        first, last = (find(positions, codes, n_series) for find in (first_of, last_of))
        has_holes = ((n_rows > 0) & (n_rows <= last - first)).any()
        unknown = np.isnan(all_rows.targets[self.recent]).all(axis=1)
        if has_holes or np.isin(positions[unknown], self.origins).any():
            return False
        pairs = self.fitted._model.transform.pairs
        is_new = pairs["is_provisional"].any(axis=1)[codes]
        is_new &= (positions > self.origins[0]) & (positions <= self.origins[-1])
        pairs, values = pairs[codes[is_new]], all_rows.targets[self.recent][is_new]
        is_same = (values == pairs["constant"]) | np.isnan(values)
        return bool((is_same | ~pairs["is_provisional"]).all())

    def in_turn(self):
        """Return forecasts (n_rows, n_targets, n_labels), origin by origin."""
        fitted, data, positions = self.fitted, self.data, self.data.positions
        rows, which, _ = self.wanted
        values = np.full((len(rows), fitted.n_outputs_, len(self.labels)), np.nan)
        before, short = self.origins[0], np.empty(0, dtype=np.intp)
        for number, origin in enumerate(self.origins):
            new = (positions > before) & (positions <= origin)
            if new.any():
                fitted._update_rows(data.rows[new])
            before = origin
            of_origin = np.flatnonzero(which == number)
            _, are_far = fitted._observed.leads_of(data.rows[rows[of_origin]])
            of_origin = of_origin[~are_far]
            if len(of_origin):
                ahead = self.ahead(origin, rows[of_origin])
                values[of_origin] = fitted._values(ahead, self.coverage, None)
                if self.coverage is not None:
                    few = fitted._short_series(values[of_origin], ahead)
                    short = np.union1d(short, few)
        fitted._warn_of_few_values(short)
        return values

    def ahead(self, origin, chosen):
        """Return the chosen rows as rows ahead, with the inputs of those after them."""
        rows, positions = self.data.rows, self.data.positions
        observed = self.fitted._observed
        # whole blocks of steps are forecast together
        after = (positions > origin) & (positions <= origin + 2 * self.fitted.horizon)
        after &= np.isin(rows.codes, rows.codes[chosen])
        after[chosen] = False
        later = rows[np.append(chosen, np.flatnonzero(after))]
        wanted = np.arange(len(later)) < len(chosen)
        leads, none_new = observed.steps_to(later), np.zeros(rows.n_series, dtype=bool)
        return make_ahead(self.fitted._model, observed, later, leads, wanted, none_new)

    def at_once(self):
        """Return forecasts (n_rows, n_targets, n_labels) from windows of one grid."""
        (rows, which, leads), all_rows = self.wanted, self.data.rows
        model, horizon = self.fitted._model_of(all_rows.n_series), self.fitted.horizon
        known = replace(all_rows[self.recent], step=self.fitted._observed.step)
        known = model.with_inputs(known)
        grid, values = model.on_grid(known, horizon)
        model.fill_inputs(values, grid.last, horizon)
        place = np.full(len(all_rows), -1)
        place[self.recent] = grid.places
        # faster than np.unique, as each origin has many rows
        of_row, places = pd.factorize(place[rows] - leads, sort=True)
        codes, at = all_rows.codes[rows], (of_row, leads - 1)
        points = model.forecast(values, places)[at]
        if self.coverage is None:
            return model.transform.inverse(points, codes)
        forecasts = points
        if model.quantile_levels is not None:
            forecasts = model.forecast(values, places, quantiles=True)[at]
        wanted = np.array([leads, codes, all_rows.steps[rows] - leads])
        z = np.empty((*points.shape[:2], len(self.labels)))
        ends = np.cumsum(np.bincount(which, minlength=len(self.origins)))
        parts = map(slice, [0, *ends], ends)
        calibrations = self._calibrations(grid, values, known)
        for calibration, part in zip(calibrations, parts, strict=True):
            z[part] = calibration.intervals(
                points[part], forecasts[part], wanted[:, part], self.coverage
            )
        return in_order(model.transform.inverse(z, codes), self.coverage, None)

    def _calibrations(self, grid, values, known):
        """Yield the calibration at each origin, with all errors known by then."""
        calibration, model = self.fitted._calibration, self.fitted._model
        if calibration.errors is None:
            yield from [calibration] * len(self.origins)
            return
        positions = self.data.positions[self.recent]
        earlier = positions <= self.origins[0]
        errors, found = model.errors_after(grid, values, known, earlier)
        codes, steps = known.codes[found], known.steps[found]
        known_at = positions[found] + model.horizon
        n_known = np.searchsorted(known_at, self.origins, "right")
        for start, stop in zip([0, *n_known[:-1]], n_known, strict=True):
            new = slice(start, stop)
            calibration = calibration.followed_by(errors[new], codes[new], steps[new])
            yield calibration


def _with_bar(results, n_results):
    """Yield results and show a progress bar on a terminal if there are several."""
    with ExitStack() as resources:
        bar = None
        if n_results > 1:
            bar = start_bar(resources, "backtest", n_results, on_stderr=True)
        for result in results:
            if bar is not None:
                bar.advance(bar.task_ids[0])
            yield result
