"""ForecastDisplay: observed and predicted values over time, and residuals."""

import numpy as np
import pandas as pd
from sklearn.utils import check_consistent_length

from skrnn.plotting.conversion import (
    axes_or_new,
    check_backtest,
    choose_rows,
    errors_by_step,
    fans_of,
    first_index,
    history_and_forecast,
    ink,
    name_and_leads,
    of_one_shape,
    quantile_interval,
    several_levels,
    split_as_drawn,
    times_of,
)

_KINDS = ("error_by_step", "forecast_and_residuals", "forecast", "residuals")
_SOME, _MANY = 300, 3000  # numbers of points above which lines and marks are thinner


class ForecastDisplay:
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
        kinds = _KINDS[1:] if self.errors is None else _KINDS[:1]
        kind = kinds[0] if kind == "auto" else kind
        if kind not in kinds:
            raise ValueError(
                f"kind must be 'auto' or one of {kinds} for this display. Got {kind!r} "
                "instead."
            )
        ax = axes_or_new(ax)
        self.ax_, self.figure_ = ax, ax.figure
        self.observed_ = self.predicted_ = self.interval_ = self.residuals_ = None
        self.errors_ = self.residuals_ax_ = None
        if kind == "error_by_step":
            self._draw_errors(ax, line_kwargs or {})
            return self
        if kind != "forecast":
            self.residuals_ax_ = ax if kind == "residuals" else _axes_below(ax)
        if kind != "residuals":
            self._draw_forecast(ax, line_kwargs or {})
        if kind != "forecast":
            self._draw_residuals(self.residuals_ax_, scatter_kwargs or {})
        self._label_times(self.residuals_ax_ or ax)
        return self

    def _draw_errors(self, ax, line_kwargs):
        """Draw the error at each step, a line for each column."""
        style = {"marker": "." if len(self.errors) <= 60 else None, **line_kwargs}
        self.errors_ = [
            ax.plot(self.errors.index, self.errors[name], label=str(name), **style)[0]
            for name in self.errors
        ]
        ax.set(xlabel="steps ahead", ylabel="mean absolute error")
        ax.set_ylim(bottom=0)
        if len(self.errors_) > 1:
            ax.legend(frameon=False)

    def _draw_forecast(self, ax, line_kwargs):
        """Draw observed and predicted values, the interval and the split."""
        n_rows, n_steps = self.predicted.shape
        width = 1.6 if n_rows <= _SOME else 1.0 if n_rows <= _MANY else 0.5
        if n_steps == 1:
            times, observed = self._with_gaps(self.observed)
        else:
            times, first = np.unique(self.times, return_index=True)
            observed = self.observed.ravel()[first]
        style = {"color": ink(), "alpha": 0.5, "linewidth": 1.6 * width}
        (self.observed_,) = ax.plot(times, observed, label="observed", **style)
        style = {"color": "C0", "alpha": 1.0 if n_rows <= _MANY else 0.7}
        style |= {"linewidth": width, "label": "predicted", **line_kwargs}
        band = {"alpha": 0.25, "linewidth": 0, "label": "interval"}
        draw = self._draw_line if n_steps == 1 else self._draw_fans
        draw(ax, style, band)
        self._draw_split(ax)
        ax.set_ylabel(self.name or "")
        place = {"loc": "lower left", "bbox_to_anchor": (0, 1), "ncols": 4}
        ax.legend(**place, frameon=False, fontsize="small", columnspacing=1.2)

    def _draw_line(self, ax, style, band):
        """Draw forecasts of one step, and the interval."""
        (self.predicted_,) = ax.plot(*self._with_gaps(self.predicted), **style)
        if self.interval is not None:
            (times, lower), (_, upper) = map(self._with_gaps, self.interval)
            band |= {"color": style["color"]}
            self.interval_ = ax.fill_between(times, lower, upper, **band)

    def _draw_fans(self, ax, style, band):
        """Draw forecasts of several steps, and the interval."""
        from matplotlib.collections import LineCollection, PolyCollection

        rows = self._rows()
        times = ax.convert_xunits(self.times[rows])

        def points(values):
            return np.stack([times, values[rows]], axis=-1)

        lines = LineCollection(points(self.predicted), **style)
        self.predicted_ = ax.add_collection(lines)
        if self.interval is not None:
            lower, upper = map(points, self.interval)
            bands = np.concatenate([lower, upper[:, ::-1]], axis=1)
            collection = PolyCollection(bands, facecolor=style["color"], **band)
            self.interval_ = ax.add_collection(collection)
        ax.autoscale_view()

    def _draw_residuals(self, ax, scatter_kwargs):
        """Draw the residuals, a line at zero and the split."""
        rows = self._rows()
        times, residuals = self.times[rows], (self.observed - self.predicted)[rows]
        ax.axhline(0, color=ink(), alpha=0.5, linewidth=0.8)
        self._draw_split(ax)
        style = {"s": 6 if len(times) <= _SOME else 2, "color": "C0", "linewidth": 0}
        style |= scatter_kwargs
        self.residuals_ = ax.scatter(times.ravel(), residuals.ravel(), **style)
        ax.set_ylabel("Residual")

    def _draw_split(self, ax):
        if self.split is not None:
            style = {"color": ink(), "alpha": 0.7, "linestyle": ":"}
            ax.axvline(self.split, label="split", **style)

    def _label_times(self, ax):
        """Name the horizontal axis, and label it with short dates if it has dates."""
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        ax.set_xlabel(self.time_name or "")
        if np.issubdtype(self.times.dtype, np.datetime64):
            locator = AutoDateLocator(minticks=3, maxticks=8)
            ax.xaxis.set_major_locator(locator)
            ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))

    def _rows(self):
        """Return an index of the rows whose residuals and fans are drawn."""
        return slice(None) if self.shown is None else self.shown

    def _with_gaps(self, values):
        """Return times and values of one step, with NaN where the line is broken."""
        times, values = self.times[:, 0], values[:, 0]
        if self.breaks is None:
            return times, values
        at = np.flatnonzero(self.breaks)
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
        y_pred = estimator.predict(X)
        return cls.from_predictions(
            y,
            y_pred,
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
        rows = np.arange(0, n_rows, n_steps)  # so that fans do not overlap
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

    @classmethod
    def from_backtest(
        cls, frame, *, kind="auto", ax=None, scatter_kwargs=None, line_kwargs=None
    ):
        """Draw what :func:`backtest` returned.

        Parameters
        ----------
        frame : DataFrame
            Forecasts from several origins, with or without intervals.
        kind : {"auto", "error_by_step", "forecast_and_residuals", "forecast", \
                "residuals"}, default="auto"
            What to draw. `"error_by_step"` is the mean absolute error against the
            steps ahead, with a line for each model and target. The others draw a fan
            from each origin, without those that overlap, for a frame with one model,
            series and target. `"auto"` is `"error_by_step"` if there are several
            models, series or targets, and otherwise `"forecast_and_residuals"`.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
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
            If the frame is not one of :func:`backtest`, or `kind` asks for fans of
            several models, series or targets.

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
            kind = (
                "error_by_step" if several_levels(frame) else "forecast_and_residuals"
            )
        if kind not in _KINDS:
            raise ValueError(f"kind must be 'auto' or one of {_KINDS}. Got {kind!r}.")
        if kind == "error_by_step":
            display = cls(errors=errors_by_step(frame))
        else:
            display = cls(**fans_of(frame))
        return display.plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )

    @classmethod
    def from_forecast(cls, history, forecast, *, ax=None, line_kwargs=None):
        """Draw a series and the forecast of what comes after it.

        Parameters
        ----------
        history : Series or ndarray of shape (n_rows,)
            What was observed, or the last part of it.
        forecast : Series, DataFrame or ndarray
            What `forecast` of a :class:`Forecaster` returned.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
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
            If `history` and `forecast` are not of one series and one target.

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
        display = cls(**history_and_forecast(history, forecast))
        return display.plot(ax, kind="forecast", line_kwargs=line_kwargs)


def _axes_below(ax):
    """Split axes, and return the lower part, which shares the horizontal axis."""
    figure, spec = ax.figure, ax.get_subplotspec()
    if spec is not None:
        upper, lower = spec.subgridspec(2, 1, height_ratios=[3, 1])
        ax.set_subplotspec(upper)
        below = figure.add_subplot(lower, sharex=ax)
    else:
        left, bottom, width, height = ax.get_position().bounds
        ax.set_position([left, bottom + 0.3 * height, width, 0.7 * height])
        below = figure.add_axes([left, bottom, width, 0.25 * height], sharex=ax)
    ax.tick_params(labelbottom=False)
    return below
