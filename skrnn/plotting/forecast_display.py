"""ForecastDisplay: observed and predicted values over time, and residuals."""

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from skrnn.metrics.summary import check_backtest
from skrnn.plotting.conversion import (
    choose_rows,
    errors_by,
    first_index,
    name_and_leads,
    of_one_shape,
    panels_of_backtest,
    panels_of_forecast,
    quantile_interval,
    several_levels,
    split_as_drawn,
    times_of,
    with_numbers,
)
from skrnn.plotting.panels import (
    OPACITY,
    axes_below,
    axes_of,
    draw_legend,
    ink,
    label_outer,
    label_times,
    wrapped,
)

_ERRORS = {"error_by_step": "step", "error_over_time": "origin"}  # the column
_FORECASTS = ("forecast_and_residuals", "forecast", "residuals")
_MOST_PATHS = 100
_SOME, _MANY = 300, 3000  # numbers of points above which lines and marks are thinner


class ForecastDisplay:
    """Plot observed and predicted values over time, and the residuals below them.

    Create it with :meth:`from_estimator`, :meth:`from_predictions`,
    :meth:`from_backtest` or :meth:`from_forecast`. Forecasts of several steps are drawn
    as fans: one line per forecast, from its first step to its last. A display holds
    forecasts, the displays of several models or series, or the errors of a backtest.

    Parameters
    ----------
    times : ndarray of shape (n_samples, n_steps), default=None
        Time of each value: datetimes or numbers.
    observed : ndarray of shape (n_samples, n_steps), default=None
        Observed values, NaN where unknown.
    predicted : ndarray of shape (n_samples, n_steps), default=None
        Predicted values.
    interval : tuple of two ndarray of shape (n_samples, n_steps) or dict, default=None
        Lower and upper ends of the prediction interval. For several intervals, a dict
        of such tuples by name, the widest interval first.
    breaks : ndarray of shape (n_breaks,), default=None
        Times before which others are missing. Lines are interrupted there.
    split : datetime or number, default=None
        A time to mark, such as the end of the training data.
    shown : ndarray of int, default=None
        The rows whose residuals and fans are drawn; None draws those of all rows.
    name : str, default=None
        Name of the target.
    time_name : str, default=None
        Name of the time axis.
    errors : DataFrame of shape (n_steps or n_origins, n_lines), default=None
        Mean absolute errors of a backtest, with a column for each model and target. The
        index is named `step` or `origin`.
    model : str, default=None
        Name of the model in the legend; None is "predicted".
    panels : dict of list of ForecastDisplay, default=None
        For each series, by name, a display of each model.
    paths : ndarray of shape (n_samples, n_paths), default=None
        Sampled futures, NaN before them. Only for `n_steps=1`.
    n_series : int, default=None
        Number of series of which `panels` are some. A new figure shows it below them
        if there are more than panels.

    Attributes
    ----------
    axes_ : ndarray of matplotlib.axes.Axes
        The axes of each panel.
    observed_ : matplotlib.lines.Line2D or None
        The observed values.
    predicted_ : matplotlib.lines.Line2D or matplotlib.collections.LineCollection \
            or None
        The predicted values: a line for one step, a collection of fans for several.
    interval_ : matplotlib.collections.PolyCollection, dict of these or None
        The band between the ends of the interval, of several intervals by name.
    paths_ : list of matplotlib.lines.Line2D or None
        The sampled futures.
    residuals_ : matplotlib.collections.PathCollection or None
        The residuals, observed minus predicted.
    errors_ : list of matplotlib.lines.Line2D or None
        The errors, a line for each model and target.
    ax_ : matplotlib.axes.Axes
        The axes of the values, or of the residuals or errors if only these are drawn;
        the first of several panels. The displays in `panels` have the attributes of
        what they draw.
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
        model=None,
        panels=None,
        paths=None,
        n_series=None,
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
        self.model = model
        self.panels = panels
        self.paths = paths
        self.n_series = n_series

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
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Axes to draw on, for several series as many as there are. They are split in
            two if residuals are drawn below the values. None makes a new figure.
        kind : {"auto", "error_by_step", "error_over_time", "forecast_and_residuals", \
                "forecast", "residuals"}, default="auto"
            What to draw. `"auto"` is what a display of errors holds, and otherwise
            `"forecast_and_residuals"`.
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
        kind = self._kind(kind)
        panels = self.panels or {None: [self]}
        self.axes_, n_columns = axes_of(ax, len(panels))
        self._start_on(self.axes_[0])
        if self.errors is not None:
            self._draw_errors(line_kwargs or {})
            return self
        models = list({each.model: None for of in panels.values() for each in of})
        how = models, kind, scatter_kwargs or {}, line_kwargs or {}
        several = len(panels) > 1
        for number, (title, displays) in enumerate(panels.items()):
            first, ax = displays[0], self.axes_[number]
            lowest = _draw_panel(ax, displays, *how)
            label_times(lowest, first.times, first.time_name, is_small=several)
            if several:
                ax.set_title(wrapped(title), fontsize="medium")
            if n_columns:
                is_left = number % n_columns == 0
                is_low = number + n_columns >= len(panels)
                label_outer(ax, lowest, is_left, is_low)
        if kind != "residuals" or len(models) > 1:
            draw_legend(self.axes_)
        if n_columns and len(panels) < (self.n_series or 0):
            note = f"{len(panels)} of {self.n_series} series"
            self.figure_.supxlabel(note, x=0.99, ha="right", fontsize="small")
        return self

    def _kind(self, kind):
        """Return what to draw, of what this display holds."""
        by = None if self.errors is None else self.errors.index.name
        kinds = tuple(each for each in _ERRORS if _ERRORS[each] == by) or _FORECASTS
        if kind == "auto":
            return kinds[0]
        if kind not in kinds:
            raise ValueError(
                f"kind must be 'auto' or one of {kinds} for this display. Got {kind!r} "
                "instead."
            )
        return kind

    def _start_on(self, ax):
        """Keep the axes, and forget what was drawn before."""
        self.ax_, self.figure_ = ax, ax.figure
        self.observed_ = self.predicted_ = self.interval_ = self.residuals_ = None
        self.errors_ = self.residuals_ax_ = self.paths_ = None

    def _draw_errors(self, line_kwargs):
        """Draw the errors by step or over time, a line for each column."""
        ax, column = self.ax_, self.errors.index.name
        style = {"marker": "." if len(self.errors) <= 60 else None, **line_kwargs}
        self.errors_ = []
        for name, errors in self.errors.items():
            self.errors_ += ax.plot(errors.dropna(), label=str(name), **style)
        label_times(ax, self.errors.index, {"step": "steps ahead"}.get(column, column))
        ax.set_ylabel("mean absolute error")
        ax.set_ylim(bottom=0, auto=True)  # lines may be added
        if len(self.errors_) > 1:
            ax.legend()

    def _draw_predicted(self, ax, line_kwargs):
        """Draw predicted values and their intervals."""
        n_rows = len(self.predicted)
        style = {"linewidth": _width(n_rows), "alpha": 1.0 if n_rows <= _MANY else 0.7}
        style |= {"label": self.model or "predicted", **line_kwargs}
        self.predicted_ = self._draw_lines(ax, style)
        if self.paths is not None:
            of_paths = {"color": style["color"], "alpha": 0.15, "linewidth": 0.8}
            self.paths_ = ax.plot(self.times, self.paths[:, :_MOST_PATHS], **of_paths)
        several = isinstance(self.interval, dict)
        intervals = self.interval if several else {"interval": self.interval}
        band = {"facecolor": style["color"], "alpha": OPACITY, "linewidth": 0}
        drawn = {}
        for name, ends in intervals.items():
            if ends is not None:
                drawn[name] = self._draw_bands(ax, ends, {**band, "label": name})
        self.interval_ = drawn if several else drawn.get("interval")
        ax.autoscale_view()

    def _draw_lines(self, ax, style):
        """Draw a line of forecasts of one step, or fans of several steps."""
        from matplotlib.collections import LineCollection

        if self.predicted.shape[1] == 1:
            return _plot(ax, *self._with_gaps(self.times, self.predicted), **style)
        fans = LineCollection(self._points(ax, self.predicted), **style)
        return ax.add_collection(fans)

    def _draw_bands(self, ax, ends, style):
        """Draw the interval of forecasts of one step, or of each fan."""
        from matplotlib.collections import PolyCollection

        if self.predicted.shape[1] == 1:
            (times, lower), (_, upper) = (self._with_gaps(self.times, e) for e in ends)
            at = _isolated(lower + upper)
            color = {"color": style["facecolor"], "alpha": OPACITY, "linewidth": 4}
            ax.vlines(times[at], lower[at], upper[at], **color)
            return ax.fill_between(times, lower, upper, **style)
        lower, upper = (self._points(ax, end) for end in ends)
        known = ~np.isnan(lower + upper).any(axis=2)
        bands = [
            np.concatenate([low[here], up[here][::-1]])
            for low, up, here in zip(lower, upper, known, strict=True)
            if here.any()
        ]
        return ax.add_collection(PolyCollection(bands, **style))

    def _points(self, ax, values):
        """Return the points (n_fans, n_steps, 2) of fans."""
        rows = self._rows()
        times = ax.convert_xunits(self.times[rows])
        return np.stack([times, values[rows]], axis=-1)

    def _draw_residuals(self, ax, scatter_kwargs):
        """Draw the residuals."""
        rows = self._rows()
        times, residuals = self.times[rows], (self.observed - self.predicted)[rows]
        style = {"s": 6 if len(times) <= _SOME else 2, "linewidth": 0}
        style |= {"label": self.model, **scatter_kwargs}
        self.residuals_ = ax.scatter(times.ravel(), residuals.ravel(), **style)

    def _rows(self):
        """Return an index of the rows whose residuals and fans are drawn."""
        return slice(None) if self.shown is None else self.shown

    def _with_gaps(self, times, values):
        """Return times and values in one dimension, with NaN where lines are broken."""
        times, values = times.ravel(), values.ravel()
        if self.breaks is None:
            return times, values
        (at,) = np.nonzero(np.isin(times, self.breaks))
        return np.insert(times, at, times[at]), np.insert(values, at, np.nan)

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
        if isinstance(interval, str):
            if interval != "auto":
                raise ValueError(
                    f"interval must be 'auto', None or two arrays. Got {interval!r}."
                )
            interval = quantile_interval(estimator, X)
        return cls.from_predictions(
            y,
            estimator.predict(X),
            index=first_index(index, y, X),
            lead=lead,
            interval=interval,
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
        observed, predicted, *ends = of_one_shape(y_true, y_pred, interval)
        n_rows, n_steps = observed.shape
        name, leads = name_and_leads(y_true, lead, n_steps)
        index = first_index(index, y_true, y_pred)
        index = pd.RangeIndex(n_rows) if index is None else index
        check_consistent_length(observed, index)
        times, breaks = times_of(index, leads)
        rows = np.arange(0, n_rows, int(np.ptp(leads)) + 1)  # fans that do not overlap
        display = cls(
            times=times,
            observed=observed,
            predicted=predicted,
            interval=tuple(ends) or None,
            breaks=breaks,
            split=None if split is None else split_as_drawn(split, index),
            shown=choose_rows(rows, subsample, random_state),
            name=name,
            time_name=None if index.names[-1] is None else str(index.names[-1]),
        )
        return display.plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )

    @classmethod
    def from_backtest(
        cls,
        frame,
        *,
        kind="auto",
        series=None,
        ax=None,
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw what :func:`backtest` returned.

        Parameters
        ----------
        frame : DataFrame
            Forecasts from several origins, with or without intervals.
        kind : {"auto", "error_by_step", "error_over_time", "forecast_and_residuals", \
                "forecast", "residuals"}, default="auto"
            What to draw. `"error_by_step"` is the mean absolute error against the
            steps ahead, and `"error_over_time"` against the origin, with a line for
            each model and target. The others draw a fan from each origin, without those
            that overlap, in a panel for each series, for a frame with one target.
            `"auto"` is `"error_by_step"` if there are several models, series or
            targets, and otherwise `"forecast_and_residuals"`.
        series : list, default=None
            Names of the series of a panel to draw, or to average errors over. None
            draws the first nine, and averages errors over all.
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Where to draw, for several series as many as there are; None makes a new
            figure.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            Passed to the Matplotlib method or class that draws the lines.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the frame is not one of :func:`backtest`, has no such series, or `kind`
            asks for fans of several targets.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from skrnn import Forecaster, ForecastDisplay, backtest
        >>> from skrnn.datasets import load_co2
        >>> forecaster = Forecaster(Ridge(), horizon=13)
        >>> co2 = load_co2()["1986":]
        >>> frame = backtest(forecaster, y=co2, initial_train_size=520)
        >>> display = ForecastDisplay.from_backtest(frame, kind="error_by_step")
        >>> display.ax_.get_xlabel()
        'steps ahead'
        """
        check_backtest(frame)
        if kind == "auto":
            kind = "error_by_step" if several_levels(frame) else _FORECASTS[0]
        kinds = *_ERRORS, *_FORECASTS
        if kind not in kinds:
            raise ValueError(f"kind must be 'auto' or one of {kinds}. Got {kind!r}.")
        frame = with_numbers(frame)
        if kind in _ERRORS:
            display = cls(errors=errors_by(_ERRORS[kind], frame, series))
        else:
            display = cls._of_panels(*panels_of_backtest(frame, series))
        return display.plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )

    @classmethod
    def from_forecast(
        cls, history, forecast, *, series=None, ax=None, line_kwargs=None
    ):
        """Draw a series and the forecast of what comes after it.

        Parameters
        ----------
        history : Series or ndarray of shape (n_rows,)
            What was observed, or the last part of it.
        forecast : Series, DataFrame, ndarray or dict of these
            What `forecast` of a :class:`Forecaster` returned, with or without a
            coverage; a dict of these for several models. Several coverages are drawn as
            bands (not for arrays). Of a DataFrame of `sample_paths`, the median and the
            first 100 paths are drawn.
        series : list, default=None
            Names of the series of a panel to draw. None draws the first nine.
        ax : matplotlib.axes.Axes or array-like of Axes, default=None
            Where to draw, for several series as many as there are; None makes a new
            figure.
        line_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot`, for the forecast.

        Returns
        -------
        ForecastDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `history` and `forecast` are not of the same series and one target.

        Examples
        --------
        >>> from skrnn import Forecaster, ForecastDisplay
        >>> from skrnn.datasets import load_co2
        >>> co2 = load_co2()["1995":]
        >>> forecaster = Forecaster(horizon=13, calibration_size=52).fit(y=co2)
        >>> forecast = forecaster.forecast(13, coverage=0.8)
        >>> display = ForecastDisplay.from_forecast(co2["2001":], forecast)
        >>> display.ax_.get_ylabel()
        'co2'
        """
        display = cls._of_panels(*panels_of_forecast(history, forecast, series))
        return display.plot(ax, kind="forecast", line_kwargs=line_kwargs)

    @classmethod
    def _of_panels(cls, panels, n_series):
        """Return a display of panels, or of the only model of the only series."""
        panels = {n: [cls(**each) for each in of] for n, of in panels.items()}
        (first, *others), *more = panels.values()
        return cls(panels=panels, n_series=n_series) if others or more else first


def _draw_panel(ax, displays, models, kind, scatter_kwargs, line_kwargs):
    """Draw the forecasts of one or several models, and return the lowest axes."""
    below = None
    if kind != "forecast":
        below = ax if kind == "residuals" else axes_below(ax)
        below.axhline(0, color=ink(), alpha=0.5, linewidth=0.8)
        below.set_ylabel("Residual")
    if kind != "residuals":
        ax.set_ylabel(displays[0].name or "")
        observed = _draw_observed(ax, displays)
    for display in displays:
        display._start_on(ax)
        display.residuals_ax_ = below
        color = {"color": f"C{models.index(display.model)}"}
        if kind != "residuals":
            display.observed_ = observed
            display._draw_predicted(ax, color | line_kwargs)
        if below is not None:
            display._draw_residuals(below, color | scatter_kwargs)
    if displays[0].split is not None:
        style = {"color": ink(), "alpha": 0.7, "linestyle": ":", "label": "split"}
        for each in {ax, below} - {None}:
            each.axvline(displays[0].split, **style)
    return below or ax


def _draw_observed(ax, displays):
    """Draw the values that any of the models forecast, and return the line."""
    display = displays[0]
    times, observed = display.times, display.observed
    style = {"color": ink(), "alpha": 0.5, "linewidth": 1.6 * _width(len(times))}
    if times.shape[1] > 1 or len(displays) > 1:
        times = np.concatenate([each.times.ravel() for each in displays])
        observed = np.concatenate([each.observed.ravel() for each in displays])
        times, first = np.unique(times, return_index=True)
        observed = observed[first]
    times, observed = display._with_gaps(times, observed)
    return _plot(ax, times, observed, label="observed", **style)


def _plot(ax, times, values, **style):
    """Draw a line, with points where a value has no neighbour, and return it."""
    at = np.flatnonzero(_isolated(values))
    if len(at) and "marker" not in style:
        style |= {"marker": ".", "markevery": at}
    return ax.plot(times, values, **style)[0]


def _isolated(values):
    """Return whether each value is known, and neither of its neighbours is."""
    known = np.pad(~np.isnan(values), 1)
    return known[1:-1] & ~known[:-2] & ~known[2:]


def _width(n_rows):
    """Return the width of lines with so many points."""
    return 1.6 if n_rows <= _SOME else 1.0 if n_rows <= _MANY else 0.5
