"""A fitted forecaster without its containers: model, rows observed, calibration."""

from dataclasses import dataclass, replace

import numpy as np

from skrnn.forecasting.direct import DirectModel
from skrnn.forecasting.future import Future, forecast_future
from skrnn.forecasting.intervals import Calibration, quantile_bounds
from skrnn.forecasting.pipelines import takes_missing_values
from skrnn.forecasting.scales import Scales
from skrnn.forecasting.scores import (
    errors_at,
    last_places,
    last_rows,
    line_of,
    origins_from,
)
from skrnn.windows.history import History


@dataclass(frozen=True)
class Fitted:
    """A model and what it has to know of the rows observed.

    Parameters
    ----------
    model : DirectModel
        The model.
    history : History
        The last rows observed.
    calibration : Calibration or None, default=None
        Errors of earlier forecasts, for intervals.
    scales : Scales or None, default=None
        In a panel with a calibration, how much each series changes.
    """

    model: DirectModel
    history: History
    calibration: Calibration | None = None
    scales: Scales | None = None

    def updated(self, rows, timeline):
        """Return the same after more rows were observed.

        Raises
        ------
        ValueError
            If rows are not later than those observed, or their index is of another
            kind.
        """
        history = self.history.grown_by(rows, timeline, n_remembered(self.model))
        if self.calibration is None:
            return replace(self, history=history)
        line, both = self.line_with(rows, timeline)
        n_old, horizon = len(self.history.rows), self.model.horizon
        scale, scales = 1.0, None
        if self.scales is not None:
            scale, scales = self.scales.at_places(line, both, n_old)
        old = np.arange(len(line.places)) < n_old
        first = last_places(line, old) - horizon + 1
        origins = origins_from(line, both, first, horizon)
        errors = errors_at(self.model, line, origins, scale)
        calibration = self.calibration.followed_by(errors)
        return replace(self, history=history, calibration=calibration, scales=scales)

    def line_with(self, rows, timeline):
        """Return a line of the rows observed and more, and the times of both."""
        both = None
        if self.history.timeline is not None:
            both = self.history.timeline.continued_by(timeline)
        rows = np.concatenate([self.history.rows, rows])
        step = both and (self.history.step or both.step())
        length, horizon = self.model.window_length, self.model.horizon
        return line_of(rows, both, step, length, horizon), both

    def future(self, rows, timeline, gap):
        """Return rows to forecast, which come after those observed.

        Raises
        ------
        ValueError
            As from `Future.after`, or if rows have no times, but those observed have.
        """
        observed = self.history.timeline
        if observed is not None and timeline is None:
            raise ValueError(
                f"X has no time index, but in fit it was {observed.kind}. Pass "
                "data with such an index."
            )
        timeline = None if observed is None else timeline
        return Future.after(self.history, rows, timeline, gap)

    def points(self, future, timeline):
        """Forecast rows: ndarray of shape (n_rows, n_targets, 1).

        Raises
        ------
        ValueError
            If a window has a missing value and the regressor takes none.
        """
        return self._forecast(future, timeline)

    def quantiles(self, future, timeline):
        """Forecast quantiles: ndarray of shape (n_rows, n_targets, n_levels).

        Raises
        ------
        ValueError
            As from `points`, or if a row is beyond the horizon.
        """
        self._check_within_horizon(future, "Quantiles")
        return self._forecast(future, timeline, quantiles=True)

    def _forecast(self, future, timeline, *, quantiles=False):
        forecasts = forecast_future(self.model, future, quantiles=quantiles)
        pipeline = self.model.pipeline
        if not takes_missing_values(pipeline):
            nothing = np.isnan(forecasts).all(axis=(1, 2))
            if nothing.any():
                row = int(np.argmax(nothing))
                raise ValueError(
                    f"{type(pipeline[-1]).__name__} does not support missing values, "
                    f"but the window for the forecast of {_named(row, timeline)} has "
                    f"some: there are fewer than window_length="
                    f"{self.model.window_length} rows, or a timestamp, a target or an "
                    "input is missing. Put an imputer between the windower and the "
                    "regressor, or use a regressor that supports missing values."
                )
        return forecasts

    def interval(self, future, timeline, coverage):
        """Return forecasts, lower and upper bounds: ndarray of (n_rows, n_targets).

        Raises
        ------
        ValueError
            If there is neither a calibration nor a quantile, if they do not suffice
            for the coverage, or a row is beyond the horizon.
        """
        self.check_intervals()
        self._check_within_horizon(future, "Intervals")
        points = self.points(future, timeline)
        forecasts, levels = points, self.model.levels
        if levels is not None:
            forecasts = self.quantiles(future, timeline)
        if self.calibration is None:
            return points[..., 0], *quantile_bounds(forecasts, levels, coverage)
        margins = self.calibration.margins(coverage)[future.leads - 1]
        if self.scales is not None:
            margins = margins * self.scales.of(timeline.series)
        return points[..., 0], *self.calibration.bounds(forecasts, margins, coverage)

    def check_intervals(self):
        """Raise a ValueError if there is nothing to make intervals of."""
        if self.calibration is None and self.model.levels is None:
            raise ValueError(
                "No intervals can be forecast. Set calibration_size to a number of "
                'rows, or let the regressor predict quantiles (loss="quantile").'
            )

    def _check_within_horizon(self, future, what):
        if future.n_steps > self.model.horizon:
            raise ValueError(
                f"{what} are forecast up to horizon={self.model.horizon} steps ahead, "
                f"but the last row is {future.n_steps} steps after the last row "
                "observed. Forecast fewer rows, or set a larger horizon."
            )


def calibrated(fitted, earlier, rows, timeline, n_kept):
    """Give a fitted model the errors of one that was fitted on earlier rows.

    Parameters
    ----------
    fitted : Fitted
        Fitted on all rows.
    earlier : DirectModel
        Fitted on all but the last `n_kept` rows of each series.
    rows : ndarray of shape (n_rows, n_columns)
        All rows.
    timeline : Timeline or None
        Their times.
    n_kept : int
        How many rows of each series were kept back.

    Returns
    -------
    Fitted
    """
    horizon = earlier.horizon
    line = line_of(rows, timeline, fitted.history.step, earlier.window_length, horizon)
    scale, scales = 1.0, None
    if timeline is not None and timeline.series is not None:
        none_yet = Scales.before(timeline, np.ones(earlier.columns.n_targets))
        default = none_yet.at_places(line, timeline, 0)[1].mean()
        scale, scales = Scales.before(timeline, default).at_places(line, timeline, 0)
    first = last_places(line, ~last_rows(timeline, len(rows), n_kept))
    origins = origins_from(line, timeline, first, horizon)
    errors = errors_at(earlier, line, origins, scale)
    calibration = Calibration.of(errors, earlier.levels)
    return replace(fitted, calibration=calibration, scales=scales)


def _named(row, timeline):
    """Say which row, by its time and series where it has them."""
    if timeline is None:
        return f"row {row}"
    time = f"{timeline.times[row]}"
    return time if timeline.series is None else f"{time} of {timeline.series[row]!r}"


def n_remembered(model):
    """Return how many rows of each series forecasts and updates need."""
    return model.window_length + model.horizon
