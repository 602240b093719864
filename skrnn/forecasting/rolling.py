"""Forecasts of one fitted model from many origins."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from skrnn.forecasting.fitted import Fitted, n_remembered
from skrnn.forecasting.future import Future, forecast_future
from skrnn.forecasting.intervals import (
    conformal_quantile,
    is_known,
    quantile_bounds,
)
from skrnn.forecasting.scales import Scales
from skrnn.forecasting.scores import (
    errors_at,
    last_places,
    line_of,
    origins_from,
)
from skrnn.windows.timeline import Timeline, numbered

_ANY_GAP = 2**40  # steps


@dataclass(frozen=True)
class Clock:
    """The time of rows as numbers of steps, the same for all series.

    Parameters
    ----------
    times : Index of shape (n_steps,)
        The time of each number.
    numbers : ndarray of int, shape (n_rows,)
        The number of each row.
    """

    times: pd.Index
    numbers: np.ndarray

    @classmethod
    def of(cls, index, timeline, n_rows):
        """Number the times of rows.

        Parameters
        ----------
        index : Index or None
            Of the rows.
        timeline : Timeline or None
            The index as times, if it is of times.
        n_rows : int
            How many rows there are.

        Returns
        -------
        Clock
        """
        if timeline is None:
            times = pd.RangeIndex(n_rows) if index is None else index
            return cls(times, np.arange(n_rows))
        step = timeline.step()
        codes, unique = pd.factorize(timeline.times, sort=True)
        try:
            if step is None:
                step = Timeline(unique).step()
            of_unique = numbered(Timeline(unique), step, _ANY_GAP)
        except ValueError as error:
            raise ValueError(
                "backtest uses the same origins for all series, but their times have "
                f"no common step: {error} Or run a backtest for each series."
            ) from error
        times = unique[:1].append(step.after(unique[:1], int(of_unique[-1])))
        return cls(times, of_unique[codes])


@dataclass(frozen=True)
class Rolling:
    """Rows that are forecast from several origins by one fitted model.

    Parameters
    ----------
    fitted : Fitted
        Fitted on the rows up to the first origin.
    rows : ndarray of shape (n_rows, n_columns)
        All rows, also those up to the first origin.
    timeline : Timeline or None
        Their times.
    clock : Clock
        Their times as numbers.
    origins : ndarray of int, shape (n_origins,)
        The numbers of the origins.
    """

    fitted: Fitted
    rows: np.ndarray
    timeline: Timeline | None
    clock: Clock
    origins: np.ndarray

    @cached_property
    def line(self):
        """The rows at their places."""
        model, step = self.fitted.model, self.fitted.history.step
        length, horizon = model.window_length, model.horizon
        return line_of(self.rows, self.timeline, step, length, horizon)

    @cached_property
    def wanted(self):
        """The rows to forecast, and for each of them the number of its origin.

        Rows of a series that has no observed value at the origin are left out.
        """
        numbers, horizon = self.clock.numbers, self.fitted.model.horizon
        in_time = np.argsort(numbers, kind="stable")
        ends = np.array([self.origins, self.origins + horizon])
        start, stop = np.searchsorted(numbers[in_time], ends, side="right")
        n_rows = stop - start
        within = np.arange(n_rows.sum()) - np.repeat(np.cumsum(n_rows) - n_rows, n_rows)
        rows = in_time[np.repeat(start, n_rows) + within]
        origin_of = np.repeat(self.origins, n_rows)
        codes = self.line.codes[self.line.places]
        first = np.full(len(self.line.first), np.iinfo(np.int64).max)
        np.minimum.at(first, codes, numbers)
        is_observed = first[codes[rows]] <= origin_of
        return rows[is_observed], origin_of[is_observed]

    def forecasts(self, *, quantiles=False):
        """Forecast the rows.

        Returns
        -------
        forecasts : ndarray of shape (n_forecasts, n_targets, n_levels)
            NaN where the window has a missing value and the regressor takes none.
        leads : ndarray of int, shape (n_forecasts,)
            Steps after the last row observed.
        """
        model, line = self.fitted.model, self.line
        rows, origin_of = self.wanted
        leads = self.clock.numbers[rows] - origin_of
        places = line.places[rows] - leads
        at_once = line.exists[places] & (places >= line.starts[self._codes[rows]])
        if model.columns.known:  # all of their next values are there
            n_rows = np.concatenate([[0], np.cumsum(line.exists)])
            n_next = n_rows[places + 1 + model.horizon] - n_rows[places + 1]
            at_once &= n_next == model.horizon
        n_levels = len(model.levels) if quantiles else 1
        found = np.full((len(rows), model.columns.n_targets, n_levels), np.nan)
        if at_once.any():
            origins, of = np.unique(places[at_once], return_inverse=True)
            forecasts = model.forecast(line, origins, quantiles=quantiles)
            found[at_once] = forecasts[of, leads[at_once] - 1]
        others = np.flatnonzero(~at_once)
        for chosen in self._by_origin_and_series(others):
            row = rows[chosen[0]]
            past = self._past(self._codes[row], origin_of[chosen[0]])
            future = self._future(past, rows[chosen])
            leads[chosen] = future.rows_at[1]
            if future.n_steps <= model.horizon or not quantiles:
                found[chosen] = forecast_future(model, future, quantiles=quantiles)
        return found, leads

    @cached_property
    def _codes(self):
        """The series of each row."""
        return self.line.codes[self.line.places]

    @cached_property
    def _rows_of_series(self):
        """For each series its rows in time order."""
        order = np.lexsort([self.clock.numbers, self._codes])
        ends = np.cumsum(np.bincount(self._codes))
        return np.split(order, ends[:-1])

    def _by_origin_and_series(self, forecasts):
        """Yield the forecasts of each pair of an origin and a series."""
        if not len(forecasts):
            return
        rows, origin_of = self.wanted
        keys = [self._codes[rows[forecasts]], origin_of[forecasts]]
        order = np.lexsort(keys)
        changes = [np.diff(key[order]) != 0 for key in keys]
        yield from np.split(
            forecasts[order], np.flatnonzero(np.any(changes, axis=0)) + 1
        )

    def _past(self, code, origin):
        """Return the last rows of a series until an origin."""
        rows = self._rows_of_series[code]
        n_rows = np.searchsorted(self.clock.numbers[rows], origin, side="right")
        return rows[max(0, n_rows - n_remembered(self.fitted.model)) : n_rows]

    def _future(self, observed, rows):
        """Return rows of one series to forecast, after some that were observed."""
        numbers = self.clock.numbers
        last = numbers[observed[-1]]
        of_observed, of_rows = (np.zeros(len(r), np.intp) for r in (observed, rows))
        return Future(
            self.rows[observed],
            (of_observed, numbers[observed] - last),
            self.rows[rows],
            (of_rows, numbers[rows] - last),
        )

    def intervals(self, leads, points, coverage):
        """Return lower and upper bounds of forecasts.

        After each origin the calibration is that of all rows observed until then.

        Parameters
        ----------
        leads : ndarray of int, shape (n_forecasts,)
            Steps after the last row observed.
        points : ndarray of shape (n_forecasts, n_targets, 1)
            Forecasts.
        coverage : float
            The share of values that should lie between the bounds.

        Returns
        -------
        lower, upper : ndarray of shape (n_forecasts, n_targets)
            NaN where a row is further ahead than the horizon.
        """
        fitted, levels = self.fitted, self.fitted.model.levels
        forecasts = points if levels is None else self.forecasts(quantiles=True)[0]
        if fitted.calibration is None:
            return quantile_bounds(forecasts, levels, coverage)
        scale, errors, known_at = self._errors()
        rows, origin_of = self.wanted
        margins = np.full(points.shape[:2], np.nan)
        size = len(fitted.calibration.errors)
        both = np.concatenate([fitted.calibration.errors, errors])
        scores = replace(fitted.calibration, errors=both).scores(coverage)
        n_new = np.searchsorted(known_at, self.origins, side="right")
        starts = np.searchsorted(origin_of, [*self.origins, np.iinfo(np.int64).max])
        within = leads <= fitted.model.horizon
        for number, first in enumerate(n_new):
            of_origin = np.arange(starts[number], starts[number + 1])
            of_origin = of_origin[within[of_origin]]
            margin = conformal_quantile(scores[first : first + size], coverage)
            margins[of_origin] = margin[leads[of_origin] - 1]
        if fitted.scales is not None:
            codes = self._codes[rows]
            last = [
                self._past(*pair)[-1] for pair in zip(codes, origin_of, strict=True)
            ]
            margins *= scale[self.line.places[last]]
        return fitted.calibration.bounds(forecasts, margins, coverage)

    def _errors(self):
        """Return the errors of all origins, in the order in which they are known.

        Returns
        -------
        scale : ndarray of shape (n_places, n_targets) or float
            Of the series at each place.
        errors : ndarray of shape (n_origins, horizon, n_targets, n_levels)
        known_at : ndarray of int, shape (n_origins,)
            When all of the horizon is observed.
        """
        fitted, line, numbers = self.fitted, self.line, self.clock.numbers
        horizon, old = fitted.model.horizon, numbers <= self.origins[0]
        scale = 1.0
        if fitted.scales is not None:
            none_yet = Scales.before(self.timeline, fitted.scales.default)
            scale, _ = none_yet.at_places(line, self.timeline, 0)
        first = last_places(line, old) - horizon + 1
        origins = origins_from(line, self.timeline, first, horizon)
        in_order = np.argsort(line.places)
        ends = np.searchsorted(line.places[in_order], origins + horizon)
        known_at = numbers[in_order[ends]]
        order = np.argsort(known_at, kind="stable")
        errors = errors_at(fitted.model, line, origins[order], scale)
        known = is_known(errors)
        return scale, errors[known], known_at[order][known]
