"""Plots in scikit-learn's Display convention; drawing one imports matplotlib."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length, check_random_state

from skrnn.plotting.times import plottable, times_of
from skrnn.windows.supervised import lead_of_name

_SOME, _MANY = 300, 3000  # points, from which lines are thinner
_KINDS = ("forecast_and_residuals", "forecast", "residuals")


class LossCurveDisplay:
    """Training and validation loss by epoch.

    Make it by :meth:`from_estimator`. To compare estimators, give the second one the
    `ax` of the first.

    Parameters
    ----------
    loss_curve : array-like of shape (n_epochs,)
        The training loss of every epoch.
    validation_loss_curve : array-like of shape (n_epochs,) or None, default=None
        The validation loss of every epoch; NaN where there was none.
    best_epoch : int or None, default=None
        The epoch to mark, from 1.
    name : str or None, default=None
        What the legend calls the estimator.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        The training loss and, if there is any, the validation loss.
    best_ : matplotlib.lines.Line2D or None
        The mark of the best epoch.
    ax_ : matplotlib.axes.Axes
        The axes.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    ForecastDisplay : Actual and predicted values over time.

    Examples
    --------
    >>> from skrnn import GRURegressor, LossCurveDisplay, SequenceWindower
    >>> from skrnn.datasets import make_sine
    >>> series = make_sine(300)
    >>> windows = SequenceWindower(10).fit_transform(series[:-1].reshape(-1, 1))
    >>> gru = GRURegressor(4, epochs=5, early_stopping=True, random_state=0)
    >>> display = LossCurveDisplay.from_estimator(gru.fit(windows, series[1:]))
    >>> [line.get_label() for line in display.lines_]
    ['GRURegressor, training', 'GRURegressor, validation']
    """

    def __init__(
        self, *, loss_curve, validation_loss_curve=None, best_epoch=None, name=None
    ):
        self.loss_curve = loss_curve
        self.validation_loss_curve = validation_loss_curve
        self.best_epoch = best_epoch
        self.name = name

    def plot(self, ax=None, *, name=None, scale="auto", line_kwargs=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        name : str, default=None
            What the legend calls the estimator; None takes `name` of the display.
        scale : {"auto", "linear", "log"}, default="auto"
            The scale of the loss. `"auto"` is logarithmic where all losses on the
            axes are positive and the largest is more than ten times the smallest.
        line_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        self : LossCurveDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `scale` is not one of those above.
        """
        if scale not in ("auto", "linear", "log"):
            raise ValueError(
                f"scale must be 'auto', 'linear' or 'log'. Got {scale!r} instead."
            )
        ax = _axes(ax)
        name = self.name if name is None else name
        curves = {"training": self.loss_curve, "validation": self.validation_loss_curve}
        curves = {part: np.asarray(c) for part, c in curves.items() if c is not None}
        self.lines_, self.best_ = [], None
        for part, curve in curves.items():
            alone = part == "validation" or len(curves) == 1
            style = {
                "linewidth": 1.8 if alone else 1.2,
                "alpha": 1.0 if alone else 0.55,
                "label": part if name is None else f"{name}, {part}",
                **(line_kwargs or {}),
            }
            if self.lines_:
                style.setdefault("color", self.lines_[0].get_color())
            self.lines_ += ax.plot(np.arange(1, len(curve) + 1), curve, **style)
        if self.best_epoch is not None:
            best = self.lines_[-1]
            (self.best_,) = ax.plot(
                [self.best_epoch],
                [best.get_ydata()[self.best_epoch - 1]],
                "o",
                color=best.get_color(),
                label=f"best: epoch {self.best_epoch}",
            )
        if scale == "log" or (scale == "auto" and _spans_decades(ax)):
            ax.set_yscale("log")
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="Epoch", ylabel="Loss")
        ax.legend()
        self.ax_, self.figure_ = ax, ax.figure
        return self

    @classmethod
    def from_estimator(
        cls, estimator, *, name=None, ax=None, scale="auto", line_kwargs=None
    ):
        """Draw the curves of a fitted estimator.

        Parameters
        ----------
        estimator : estimator
            A fitted recurrent regressor or another estimator with a `loss_curve_`; or
            a pipeline, a search or a TransformedTargetRegressor of one.
        name : str, default=None
            What the legend calls the estimator; None takes its class.
        ax : matplotlib.axes.Axes, default=None
            Where to draw, perhaps beside the curves of another; None makes a new
            figure.
        scale : {"auto", "linear", "log"}, default="auto"
            The scale of the loss, as in :meth:`plot`.
        line_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.plot`.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If the estimator has no `loss_curve_`.
        """
        inner = _innermost(estimator)
        curve = getattr(inner, "loss_curve_", None)
        if curve is None:
            raise ValueError(
                f"{type(inner).__name__} has no loss_curve_. Fit it first; it must be "
                "an estimator that is trained epoch by epoch."
            )
        display = cls(
            loss_curve=curve,
            validation_loss_curve=getattr(inner, "validation_loss_curve_", None),
            best_epoch=getattr(inner, "best_epoch_", None),
            name=type(inner).__name__ if name is None else name,
        )
        return display.plot(ax, scale=scale, line_kwargs=line_kwargs)


class ForecastDisplay:
    """Actual and predicted values over time, and residuals underneath.

    Make it by :meth:`from_estimator` or :meth:`from_predictions`. Forecasts of several
    steps are drawn as fans: a line from every forecast's first step to its last.

    Parameters
    ----------
    times : ndarray of shape (n_samples, n_steps)
        The time that each value is of: datetimes or numbers.
    y_true : ndarray of shape (n_samples, n_steps)
        Actual values; NaN where one is not known.
    y_pred : ndarray of shape (n_samples, n_steps)
        Predicted values.
    interval : tuple of two ndarray of shape (n_samples, n_steps), default=None
        Lower and upper ends of the interval predicted.
    breaks : ndarray of bool, shape (n_samples,), default=None
        Before which rows times are missing: lines are broken there.
    split : datetime or number, default=None
        A time to mark, as the end of the training data.
    shown : ndarray of int, default=None
        The rows of which residuals and fans are drawn; None draws those of all.
    name : str, default=None
        The name of the target.
    time_name : str, default=None
        The name of the time.

    Attributes
    ----------
    actual_ : matplotlib.lines.Line2D or None
        The actual values.
    predicted_ : matplotlib.lines.Line2D or matplotlib.collections.LineCollection \
            or None
        The predicted values: of one step a line, of several the fans.
    interval_ : matplotlib.collections.PolyCollection or None
        The band between the ends of the interval.
    residuals_ : matplotlib.collections.PathCollection or None
        The residuals, actual minus predicted.
    ax_ : matplotlib.axes.Axes
        The axes of the values; of the residuals if they are drawn alone.
    residuals_ax_ : matplotlib.axes.Axes or None
        The axes of the residuals.
    figure_ : matplotlib.figure.Figure
        The figure.

    See Also
    --------
    LossCurveDisplay : Training and validation loss by epoch.
    sklearn.metrics.PredictionErrorDisplay : Predicted against actual values.

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
        times,
        y_true,
        y_pred,
        interval=None,
        breaks=None,
        split=None,
        shown=None,
        name=None,
        time_name=None,
    ):
        self.times = times
        self.y_true = y_true
        self.y_pred = y_pred
        self.interval = interval
        self.breaks = breaks
        self.split = split
        self.shown = shown
        self.name = name
        self.time_name = time_name

    def plot(
        self,
        ax=None,
        *,
        kind="forecast_and_residuals",
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw actual and predicted values.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; residuals take a part of it. None makes a new figure.
        kind : {"forecast_and_residuals", "forecast", "residuals"}, \
                default="forecast_and_residuals"
            What to draw.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            Passed to what draws the predicted values, `matplotlib.axes.Axes.plot` or,
            for fans, `matplotlib.collections.LineCollection`.

        Returns
        -------
        self : ForecastDisplay
            This display.

        Raises
        ------
        ImportError
            If matplotlib is not installed.
        ValueError
            If `kind` is not one of those above.
        """
        if kind not in _KINDS:
            raise ValueError(f"kind must be one of {_KINDS}. Got {kind!r} instead.")
        ax = _axes(ax)
        self.actual_ = self.predicted_ = self.interval_ = self.residuals_ = None
        self.residuals_ax_ = None
        if kind == "forecast_and_residuals":
            self.residuals_ax_ = _axes_below(ax)
        elif kind == "residuals":
            self.residuals_ax_ = ax
        self.ax_, self.figure_ = ax, ax.figure
        if kind != "residuals":
            self._plot_forecast(ax, line_kwargs or {})
        if self.residuals_ax_ is not None:
            self._plot_residuals(self.residuals_ax_, scatter_kwargs or {})
        lowest = self.residuals_ax_ or ax
        lowest.set_xlabel(self.time_name or "")
        if np.issubdtype(self.times.dtype, np.datetime64):
            _date_ticks(lowest)
        return self

    @property
    def _rows(self):
        return np.arange(len(self.y_pred)) if self.shown is None else self.shown

    def _plot_forecast(self, ax, line_kwargs):
        width = _line_width(len(self.times))
        times, actual = self._actual_line()
        (self.actual_,) = ax.plot(
            times,
            actual,
            color=_ink(),
            alpha=0.5,
            linewidth=1.6 * width,
            label="actual",
        )
        style = {"color": "C0", "linewidth": width, "label": "predicted"}
        style |= {"alpha": 1.0 if len(self.times) <= _MANY else 0.7} | line_kwargs
        if self.y_pred.shape[1] == 1:
            self._plot_line(ax, style)
        else:
            self._plot_fans(ax, style)
        if self.split is not None:
            ax.axvline(
                self.split, color=_ink(), alpha=0.7, linestyle=":", label="split"
            )
        ax.set_ylabel(self.name or "")
        ax.legend(
            loc="lower left",
            bbox_to_anchor=(0, 1),
            ncols=4,
            frameon=False,
            fontsize="small",
            columnspacing=1.2,
        )

    def _plot_line(self, ax, style):
        times, predicted = self._broken(self.times[:, 0], self.y_pred[:, 0])
        (self.predicted_,) = ax.plot(times, predicted, **style)
        if self.interval is not None:
            ends = [
                self._broken(self.times[:, 0], end[:, 0])[1] for end in self.interval
            ]
            band = {"color": style["color"], "alpha": 0.25, "linewidth": 0}
            self.interval_ = ax.fill_between(times, *ends, label="interval", **band)

    def _plot_fans(self, ax, style):
        from matplotlib.collections import LineCollection, PolyCollection
        from matplotlib.dates import date2num

        numbers = self.times
        if np.issubdtype(numbers.dtype, np.datetime64):
            numbers = date2num(numbers)
        numbers = numbers[self._rows]
        lines = np.stack([numbers, self.y_pred[self._rows]], axis=-1)
        self.predicted_ = ax.add_collection(LineCollection(lines, **style))
        if self.interval is not None:
            lower, upper = (
                np.stack([numbers, end[self._rows]], axis=-1) for end in self.interval
            )
            bands = np.concatenate([lower, upper[:, ::-1]], axis=1)
            self.interval_ = ax.add_collection(
                PolyCollection(
                    bands,
                    facecolor=style["color"],
                    alpha=0.25,
                    linewidth=0,
                    label="interval",
                )
            )
        ax.autoscale_view()

    def _plot_residuals(self, ax, scatter_kwargs):
        times, residuals = (
            self.times[self._rows],
            (self.y_true - self.y_pred)[self._rows],
        )
        ax.axhline(0, color=_ink(), alpha=0.5, linewidth=0.8)
        if self.split is not None:
            ax.axvline(self.split, color=_ink(), alpha=0.7, linestyle=":")
        size = 6 if len(times) <= _SOME else 2
        style = {"s": size, "color": "C0", "linewidth": 0}
        self.residuals_ = ax.scatter(
            times.ravel(), residuals.ravel(), **{**style, **scatter_kwargs}
        )
        ax.set_ylabel("Residual")

    def _actual_line(self):
        """Return the actual values in time order, each time once."""
        if self.times.shape[1] == 1:
            return self._broken(self.times[:, 0], self.y_true[:, 0])
        times, first = np.unique(self.times, return_index=True)
        return times, self.y_true.ravel()[first]

    def _broken(self, times, values):
        """Put a NaN where a line is to be broken."""
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
        """Draw the predictions of a fitted estimator beside the actual values.

        Parameters
        ----------
        estimator : estimator
            A fitted regressor, or a pipeline, search or other estimator of one.
        X : array-like of shape (n_samples, ...)
            Input of `predict`.
        y : array-like of shape (n_samples,) or (n_samples, n_steps)
            Actual values.
        index : array-like of shape (n_samples,), default=None
            Time of each row. None takes the index of `y`, or else of `X`.
        lead : int or array-like of shape (n_steps,), default=None
            As in :meth:`from_predictions`.
        interval : "auto", None or tuple of two array-like, default="auto"
            Lower and upper ends of an interval. `"auto"` draws the outermost of the
            quantiles that the estimator predicts, if it does.
        split : time, default=None
            A time to mark, as the end of the training data.
        kind : {"forecast_and_residuals", "forecast", "residuals"}, \
                default="forecast_and_residuals"
            What to draw.
        subsample : int, float or None, default=1000
            As in :meth:`from_predictions`.
        random_state : int, RandomState instance or None, default=None
            Chooses the subsample.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            Passed to what draws the predicted values.

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
        if index is None and _index_of(y) is None:
            index = _index_of(X)
        if isinstance(interval, str):
            if interval != "auto":
                raise ValueError(
                    f"interval must be 'auto', None or two arrays. Got {interval!r}."
                )
            interval = _quantile_interval(estimator, X)
        return cls.from_predictions(
            y,
            y_pred,
            index=index,
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
        """Draw predictions beside the actual values.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,) or (n_samples, n_steps)
            Actual values; NaN where one is not known. Of two dimensions, a column is
            a step ahead, the nearest first, as :func:`to_supervised` makes them.
        y_pred : array-like of the same shape
            Predicted values.
        index : array-like of shape (n_samples,), default=None
            Time of each row: datetimes, periods, timedeltas or numbers. None takes
            the index of `y_true`, or else of `y_pred`, or else numbers the rows.
        lead : int or array-like of shape (n_steps,), default=None
            Steps from the time of a row to the time of its values. None reads them
            from names of the form `<target>_lead<h>`; otherwise one column has the
            time of its row, and of several the first is one step ahead.
        interval : tuple of two array-like of the shape of `y_pred`, default=None
            Lower and upper ends of an interval to draw as a band.
        split : time, default=None
            A time to mark, as the end of the training data.
        kind : {"forecast_and_residuals", "forecast", "residuals"}, \
                default="forecast_and_residuals"
            What to draw.
        subsample : int, float or None, default=1000
            How many rows have their residuals drawn, or what share, chosen at
            random; None draws all. Of forecasts of several steps these are also the
            fans, from such rows that no two fans overlap. Lines are always whole.
        random_state : int, RandomState instance or None, default=None
            Chooses the subsample.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None makes a new figure.
        scatter_kwargs : dict, default=None
            Passed to `matplotlib.axes.Axes.scatter`, for the residuals.
        line_kwargs : dict, default=None
            Passed to what draws the predicted values.

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
        names = _column_names(y_true)
        if index is None:
            index = _index_of(y_true)
        if index is None:
            index = _index_of(y_pred)
        arrays = [_columns(y_true, "y_true"), _columns(y_pred, "y_pred")]
        arrays += [_columns(end, "interval") for end in interval or ()]
        shapes = {array.shape for array in arrays}
        if len(shapes) > 1 or (interval is not None and len(arrays) != 4):
            raise ValueError(
                "y_true, y_pred and both ends of the interval must have one shape. "
                f"Got {[array.shape for array in arrays]}."
            )
        y_true, y_pred, *ends = arrays
        n_rows, n_steps = y_true.shape
        name, leads = _name_and_leads(names, lead, n_steps)
        if not isinstance(index, pd.Index):
            index = pd.RangeIndex(n_rows) if index is None else pd.Index(index)
        check_consistent_length(y_true, index)
        times, breaks = times_of(index, leads)
        rows = np.arange(0, n_rows, n_steps)
        display = cls(
            times=times,
            y_true=y_true,
            y_pred=y_pred,
            interval=tuple(ends) or None,
            breaks=breaks,
            split=_split(split),
            shown=_subsample(rows, subsample, random_state),
            name=name,
            time_name=None if index.names[-1] is None else str(index.names[-1]),
        )
        return display.plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )


def _axes(ax):
    """Return the axes, or those of a new figure."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            'Displays need matplotlib: `pip install "skrnn[plots]"`.'
        ) from error
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def _axes_below(ax):
    """Split axes in two, and return the lower ones."""
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


def _ink():
    """Return the colour of text: dark on light, light on dark."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]


def _line_width(n_points):
    return 1.6 if n_points <= _SOME else 1.0 if n_points <= _MANY else 0.5


def _date_ticks(ax):
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def _spans_decades(ax):
    """Tell whether a logarithmic scale shows the lines better."""
    values = np.concatenate([np.asarray(line.get_ydata()) for line in ax.lines])
    values = values[np.isfinite(values)]
    return len(values) > 0 and values.min() > 0 and values.max() > 10 * values.min()


def _innermost(estimator):
    """Return the estimator at the end of pipelines, searches and the like."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
            continue
        for name in ("best_estimator_", "regressor_", "estimator_"):
            if hasattr(estimator, name):
                estimator = getattr(estimator, name)
                break
        else:
            return estimator


def _quantile_interval(estimator, X):
    """Return the outermost quantiles that an estimator predicts, or None."""
    if hasattr(estimator, "best_estimator_"):
        return _quantile_interval(estimator.best_estimator_, X)
    if hasattr(estimator, "regressor_"):
        ends = _quantile_interval(estimator.regressor_, X)
        to_units = estimator.transformer_.inverse_transform
        return ends and tuple(
            to_units(end.reshape(len(end), -1)).reshape(end.shape) for end in ends
        )
    if isinstance(estimator, Pipeline):
        if not hasattr(estimator[-1], "predict_quantiles"):
            return None
        return _quantile_interval(estimator[-1], estimator[:-1].transform(X))
    if not hasattr(estimator, "predict_quantiles"):
        return None
    quantiles = estimator.predict_quantiles(X)
    if quantiles.shape[-1] == 1:
        return None
    return quantiles[..., 0], quantiles[..., -1]


def _index_of(data):
    index = getattr(data, "index", None)
    return index if isinstance(index, pd.Index) else None  # lists have a method index


def _column_names(y):
    if isinstance(y, pd.Series):
        return None if y.name is None else [str(y.name)]
    return [str(name) for name in y.columns] if isinstance(y, pd.DataFrame) else None


def _columns(y, name):
    """Return values as an array of columns."""
    y = check_array(
        y,
        ensure_2d=False,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name=name,
    )
    return y.reshape(len(y), -1)


def _name_and_leads(names, lead, n_steps):
    """Return the name of the target and the steps ahead of each column."""
    read = [lead_of_name(name) for name in names or ()]
    of_leads = bool(read) and None not in read
    targets = {target for target, _ in read} if of_leads else set(names or ())
    if len(targets) > 1:
        raise ValueError(
            "ForecastDisplay draws one target, or the steps of one, in columns named "
            f"<target>_lead<h>. Got columns {names}. Select those of one target."
        )
    if lead is None:
        default = [0] if n_steps == 1 else range(1, n_steps + 1)
        leads = [step for _, step in read] if of_leads else default
    else:
        leads = np.atleast_1d(lead)
    leads = np.array(leads)
    if len(leads) != n_steps:
        raise ValueError(
            f"lead must be a number for each of {n_steps} columns. Got {lead!r}."
        )
    return (targets.pop() if targets else None), leads


def _split(split):
    """Return the time to mark as it is drawn."""
    if split is None:
        return None
    split = pd.Timestamp(split) if isinstance(split, str) else split
    return plottable(pd.Index([split]))[0]


def _subsample(rows, subsample, random_state):
    """Choose rows, in order."""
    if isinstance(subsample, Integral) and subsample < 1:
        raise ValueError(f"subsample must be at least 1. Got {subsample}.")
    if isinstance(subsample, Real) and not isinstance(subsample, Integral):
        if not 0 < subsample < 1:
            raise ValueError(
                f"subsample as a share must be between 0 and 1. Got {subsample}."
            )
        subsample = max(1, round(subsample * len(rows)))
    if subsample is None or subsample >= len(rows):
        return rows
    rng = check_random_state(random_state)
    return np.sort(rng.choice(rows, size=subsample, replace=False))
