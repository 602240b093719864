"""ForecastDisplay: observed and predicted values over time, and residuals."""

import numpy as np

from skrnn.plotting.axes import axes_below, axes_or_new, date_ticks
from skrnn.plotting.forecast_artists import draw_errors, draw_forecast, draw_residuals
from skrnn.plotting.forecast_makers import MadeFromForecasts
from skrnn.plotting.inputs import (
    choose_rows,
    columns_of_one_shape,
    index_of,
    index_of_rows,
    interval_of,
    name_and_leads,
    split_as_drawn,
)
from skrnn.plotting.times import times_of

_KINDS = ("forecast_and_residuals", "forecast", "residuals")
_ERROR_KINDS = ("error_by_step",)


class ForecastDisplay(MadeFromForecasts):
    """Plot observed and predicted values over time, and the residuals below them.

    Create it with :meth:`from_estimator`, :meth:`from_predictions`,
    :meth:`from_backtest` or :meth:`from_forecast`. Forecasts of several steps are drawn
    as fans: one line per forecast, from its first step to its last. A display holds
    either forecasts or the errors of a backtest.

    Parameters
    ----------
    times : ndarray of shape (n_samples, n_steps), default=None
        Time of each value: datetimes or numbers.
    observed : ndarray of shape (n_samples, n_steps), default=None
        Observed values, NaN where unknown.
    predicted : ndarray of shape (n_samples, n_steps), default=None
        Predicted values.
    interval : tuple of two ndarray of shape (n_samples, n_steps), default=None
        Lower and upper ends of the prediction interval.
    breaks : ndarray of bool, shape (n_samples,), default=None
        Whether times are missing before each row. Lines are interrupted there.
    split : datetime or number, default=None
        A time to mark, such as the end of the training data.
    shown : ndarray of int, default=None
        The rows whose residuals and fans are drawn; None draws those of all rows.
    name : str, default=None
        Name of the target.
    time_name : str, default=None
        Name of the time axis.
    errors : DataFrame of shape (n_steps, n_lines), default=None
        Mean absolute errors of a backtest, with the number of steps ahead as index and
        a column for each model and target.

    Attributes
    ----------
    observed_ : matplotlib.lines.Line2D or None
        The observed values.
    predicted_ : matplotlib.lines.Line2D or matplotlib.collections.LineCollection \
            or None
        The predicted values: a line for one step, a collection of fans for several.
    interval_ : matplotlib.collections.PolyCollection or None
        The band between the ends of the interval.
    residuals_ : matplotlib.collections.PathCollection or None
        The residuals, observed minus predicted.
    errors_ : list of matplotlib.lines.Line2D or None
        The errors by step, a line for each model and target.
    ax_ : matplotlib.axes.Axes
        The axes of the values, or of the residuals or errors if only these are drawn.
    residuals_ax_ : matplotlib.axes.Axes or None
        The axes of the residuals.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    LossCurveDisplay : Training and validation loss by epoch.
    sklearn.metrics.PredictionErrorDisplay : Predicted against observed values.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import ForecastDisplay, to_supervised
    >>> from skrnn.datasets import load_co2
    >>> X, y = to_supervised(load_co2()[-520:])
    >>> ridge = Ridge().fit(X[:-104], y[:-104])
    >>> display = ForecastDisplay.from_estimator(ridge, X[-104:], y[-104:])
    >>> display.ax_.get_ylabel()
    'co2'
    """

    def __init__(
        self,
        *,
        times=None,
        observed=None,
        predicted=None,
        interval=None,
        breaks=None,
        split=None,
        shown=None,
        name=None,
        time_name=None,
        errors=None,
    ):
        self.times = times
        self.observed = observed
        self.predicted = predicted
        self.interval = interval
        self.breaks = breaks
        self.split = split
        self.shown = shown
        self.name = name
        self.time_name = time_name
        self.errors = errors

    def plot(
        self,
        ax=None,
        *,
        kind="auto",
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw observed and predicted values, or errors.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on, split in two if residuals are drawn below the values. None
            makes a new figure.
        kind : {"auto", "error_by_step", "forecast_and_residuals", "forecast", \
                "residuals"}, default="auto"
            What to draw. `"auto"` is `"error_by_step"` for a display of errors, and
            otherwise `"forecast_and_residuals"`.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot`, or for fans to
            `matplotlib.collections.LineCollection`, for the predicted values or errors.

        Returns
        -------
        self : ForecastDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` is not one that this display can draw.
        """
        kinds = _KINDS if self.errors is None else _ERROR_KINDS
        kind = kinds[0] if kind == "auto" else kind
        if kind not in kinds:
            raise ValueError(
                f"kind must be 'auto' or one of {kinds} for this display. Got {kind!r} "
                "instead."
            )
        ax = axes_or_new(ax)
        self.observed_ = self.predicted_ = self.interval_ = self.residuals_ = None
        self.errors_ = None
        if kind == "error_by_step":
            self.ax_, self.residuals_ax_, self.figure_ = ax, None, ax.figure
            self.errors_ = draw_errors(ax, self.errors, line_kwargs or {})
            return self
        if kind == "forecast_and_residuals":
            below = axes_below(ax)
        else:
            below = ax if kind == "residuals" else None
        self.ax_, self.residuals_ax_, self.figure_ = ax, below, ax.figure
        if kind != "residuals":
            artists = draw_forecast(ax, self, line_kwargs or {})
            self.observed_, self.predicted_, self.interval_ = artists
        if below is not None:
            self.residuals_ = draw_residuals(below, self, scatter_kwargs or {})
        lowest = below or ax
        lowest.set_xlabel(self.time_name or "")
        if np.issubdtype(self.times.dtype, np.datetime64):
            date_ticks(lowest)
        return self

    @classmethod
    def from_estimator(
        cls,
        estimator,
        X,
        y,
        *,
        index=None,
        lead=None,
        interval="auto",
        split=None,
        kind="forecast_and_residuals",
        subsample=1_000,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw the predictions of a fitted estimator and the observed values.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor, or a pipeline, search or other estimator around one.
        X : array-like of shape (n_samples, ...)
            Input of `predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            Observed values.
        index : array-like of shape (n_samples,), default=None
            Time of each row. None uses the index of `y`, or else of `X`.
        lead : int or array-like of shape (n_steps,), default=None
            As in :meth:`from_predictions`.
        interval : "auto", None or tuple of two array-like, default="auto"
            Lower and upper ends of an interval. `"auto"` draws the lowest and the
            highest quantile, if the estimator predicts several.
        split : time, default=None
            A time to mark, such as the end of the training data.
        kind : {"forecast_and_residuals", "forecast", "residuals"}, \
                default="forecast_and_residuals"
            What to draw.
        subsample : int, float or None, default=1000
            As in :meth:`from_predictions`.
        random_state : int, RandomState instance or None, default=None
            Determines the subsample.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            As in :meth:`plot`.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the data are not as described.
        """
        y_pred = estimator.predict(X)
        if index is None and index_of(y) is None:
            index = index_of(X)
        return cls.from_predictions(
            y,
            y_pred,
            index=index,
            lead=lead,
            interval=interval_of(estimator, X, interval),
            split=split,
            kind=kind,
            subsample=subsample,
            random_state=random_state,
            ax=ax,
            scatter_kwargs=scatter_kwargs,
            line_kwargs=line_kwargs,
        )

    @classmethod
    def from_predictions(
        cls,
        y_true,
        y_pred,
        *,
        index=None,
        lead=None,
        interval=None,
        split=None,
        kind="forecast_and_residuals",
        subsample=1_000,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw predictions and the observed values.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_steps)
            Observed values, NaN where unknown. In two dimensions, each column is one
            lead, the nearest first, as :func:`to_supervised` returns them.
        y_pred : array-like of the same shape
            Predicted values.
        index : array-like of shape (n_samples,), default=None
            Time of each row: datetimes, periods, timedeltas or numbers. None uses
            the index of `y_true`, or else of `y_pred`, or else numbers the rows.
        lead : int or array-like of shape (n_steps,), default=None
            Number of steps from the time of a row to the time of its values. None
            reads it from names of the form `<target>_lead<h>`. Without such names, it
            is 0 for a single column, and 1, 2, ... for several columns.
        interval : tuple of two array-like of the shape of `y_pred`, default=None
            Lower and upper ends of an interval to draw as a band.
        split : time, default=None
            A time to mark, such as the end of the training data.
        kind : {"forecast_and_residuals", "forecast", "residuals"}, \
                default="forecast_and_residuals"
            What to draw.
        subsample : int, float or None, default=1000
            Number or fraction of the rows whose residuals are drawn, chosen at
            random; None draws all. For forecasts of several steps, the fans of the
            same rows are drawn, chosen so that they do not overlap. Lines are always
            complete.
        random_state : int, RandomState instance or None, default=None
            Determines the subsample.
        ax : matplotlib.axes.Axes, default=None
            Axes to draw on; None makes a new figure.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            As in :meth:`plot`.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If shapes differ, times do not increase, or there is more than one series.
        """
        observed, predicted, *ends = columns_of_one_shape(y_true, y_pred, interval)
        n_rows, n_steps = observed.shape
        name, leads = name_and_leads(y_true, lead, n_steps)
        index = index_of_rows(index, (y_true, y_pred), observed)
        times, breaks = times_of(index, leads)
        rows = np.arange(0, n_rows, n_steps)
        display = cls(
            times=times,
            observed=observed,
            predicted=predicted,
            interval=tuple(ends) or None,
            breaks=breaks,
            split=split_as_drawn(split),
            shown=choose_rows(rows, subsample, random_state),
            name=name,
            time_name=None if index.names[-1] is None else str(index.names[-1]),
        )
        return display.plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )
