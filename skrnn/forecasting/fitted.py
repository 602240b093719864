"""A fitted forecaster without its containers: model, rows observed, calibration."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skrnn.forecasting.direct import DirectModel
from skrnn.forecasting.future import Future, forecast_future
from skrnn.forecasting.intervals import Calibration, quantile_bounds
from skrnn.forecasting.scores import (
    errors_at,
    last_places,
    last_rows,
    line_of,
    origins_from,
    scales_of,
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
    scales : DataFrame of shape (n_series, n_targets) or None, default=None
        In a panel with a calibration, the scale of each series by its name.
    """

    model: DirectModel
    history: History
    calibration: Calibration | None = None
    scales: pd.DataFrame | None = None

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
        n_targets = self.model.columns.n_targets
        scales = with_new_series(self.scales, line, both, n_targets)
        old = np.arange(len(line.places)) < len(self.history.rows)
        first = last_places(line, old) - self.model.horizon + 1
        origins = origins_from(line, both, first, self.model.horizon)
        errors = errors_at(self.model, line, origins, of_codes(scales, line, both))
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
                f"X has no index of times, but in fit it was {observed.kind}. Pass "
                "data with such an index."
            )
        timeline = None if observed is None else timeline
        return Future.after(self.history, rows, timeline, gap)

    def quantiles(self, future):
        """Forecast quantiles: ndarray of shape (n_rows, n_targets, n_levels).

        Raises
        ------
        ValueError
            If a row is beyond the horizon.
        """
        self._check_within_horizon(future, "Quantiles")
        return forecast_future(self.model, future, quantiles=True)

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
        points = forecast_future(self.model, future)
        forecasts, levels = points, self.model.levels
        if levels is not None:
            forecasts = forecast_future(self.model, future, quantiles=True)
        if self.calibration is None:
            return points[..., 0], *quantile_bounds(forecasts, levels, coverage)
        margins = self.calibration.margins(coverage)[future.rows_at[1] - 1]
        if self.scales is not None:
            margins = margins * self.scales.loc[timeline.series].to_numpy()
        return points[..., 0], *self.calibration.bounds(forecasts, margins, coverage)

    def check_intervals(self):
        """Raise a ValueError if there is nothing to make intervals of."""
        if self.calibration is None and self.model.levels is None:
            raise ValueError(
                "There is nothing to make an interval of. Set calibration_size to a "
                "number of rows, or let the regressor predict quantiles "
                '(loss="quantile").'
            )

    def _check_within_horizon(self, future, what):
        if future.n_steps > self.model.horizon:
            raise ValueError(
                f"{what} are forecast up to horizon={self.model.horizon} steps ahead, "
                f"but the last row of X is {future.n_steps} steps after the last row "
                "observed. Give fewer rows, or set a larger horizon."
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
    scales = None
    if timeline is not None and timeline.series is not None:
        n_targets = earlier.columns.n_targets
        scales = with_new_series(pd.DataFrame(), line, timeline, n_targets)
    first = last_places(line, ~last_rows(timeline, len(rows), n_kept))
    origins = origins_from(line, timeline, first, horizon)
    errors = errors_at(earlier, line, origins, of_codes(scales, line, timeline))
    calibration = Calibration(errors, earlier.levels)
    return replace(fitted, calibration=calibration, scales=scales)


def n_remembered(model):
    """Return how many rows of each series forecasts and updates need."""
    return model.window_length + model.horizon


def with_new_series(scales, line, timeline, n_targets):
    """Add the scales of series that have none yet; None stays None."""
    if scales is None:
        return None
    names = timeline.series[np.unique(timeline.codes, return_index=True)[1]]
    found = pd.DataFrame(scales_of(line, n_targets), index=names)
    return pd.concat([scales, found[~names.isin(scales.index)]])


def of_codes(scales, line, timeline):
    """Return the scales of the series of a line, 1 where there are none."""
    if scales is None:
        return np.ones((len(line.first), 1))
    names = timeline.series[np.unique(timeline.codes, return_index=True)[1]]
    return scales.loc[names].to_numpy()
