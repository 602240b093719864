"""ForecastDisplay: observed and predicted values over time, and residuals."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length, check_random_state

from skrnn.plotting.axes import (
    MANY,
    SOME,
    axes_below,
    axes_or_new,
    date_ticks,
    ink,
    is_plottable,
    line_width,
    plottable,
    times_of,
)
from skrnn.windows.supervised import lead_of_name

_KINDS = ("forecast_and_residuals", "forecast", "residuals")
_ERROR_KINDS = ("error_by_step",)
_LEVELS = "series", "target", "model"
_BOUNDS = "lower_bound", "upper_bound"


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
            levels = [n for n in ("model", "series", "target") if n in frame]
            several = any(frame[level].nunique() > 1 for level in levels)
            kind = "error_by_step" if several else "forecast_and_residuals"
        kinds = ("error_by_step", "forecast_and_residuals", "forecast", "residuals")
        if kind not in kinds:
            raise ValueError(f"kind must be 'auto' or one of {kinds}. Got {kind!r}.")
        if kind == "error_by_step":
            display = cls(errors=errors_by_step(frame))
            return display.plot(ax, line_kwargs=line_kwargs)
        fans = fans_of(frame)
        display = cls(
            times=fans["times"],
            observed=fans["observed"],
            predicted=fans["predicted"],
            interval=(fans["lower"], fans["upper"]) if "lower" in fans else None,
            shown=without_overlap(fans["times"]),
        )
        return display.plot(
            ax, kind=kind, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )

    @classmethod
    def from_forecast(cls, history, forecast, *, ax=None, line_kwargs=None):
        """Draw a series and the forecast of what comes after it.

        Parameters
        ----------
        history : Series
            What was observed, or the last part of it.
        forecast : Series or DataFrame
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
        columns = history_and_forecast(history, forecast)
        name = history.columns[0] if isinstance(history, pd.DataFrame) else history.name
        time_name = history.index.names[-1]
        interval = (columns["lower"], columns["upper"]) if "lower" in columns else None
        display = cls(
            times=columns["times"],
            observed=columns["observed"],
            predicted=columns["predicted"],
            interval=interval,
            split=columns["times"][len(history) - 1, 0] if len(history) else None,
            name=None if name is None else str(name),
            time_name=None if time_name is None else str(time_name),
        )
        return display.plot(ax, kind="forecast", line_kwargs=line_kwargs)


def interval_of(estimator, X, interval):
    """Return the given interval, or with `"auto"` that of the predicted quantiles."""
    if not isinstance(interval, str):
        return interval
    if interval != "auto":
        raise ValueError(
            f"interval must be 'auto', None or two arrays. Got {interval!r}."
        )
    return _quantile_interval(estimator, X)


def _quantile_interval(estimator, X):
    """Return the lowest and highest predicted quantile, or None without quantiles."""
    if hasattr(estimator, "best_estimator_"):
        return _quantile_interval(estimator.best_estimator_, X)
    if hasattr(estimator, "forecast"):
        return _forecast_interval(estimator, X)
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


def _forecast_interval(forecaster, X):
    """Return the outermost quantiles that a forecaster predicts, or None."""
    regressor = forecaster.regressor_
    if not hasattr(regressor, "predict_quantiles"):
        return None
    levels = np.ravel(regressor.quantile)
    if len(levels) < 2:
        return None
    quantiles = np.asarray(forecaster.predict(X, quantiles=[levels[0], levels[-1]]))
    return quantiles[..., 0], quantiles[..., 1]


def index_of(data):
    """Return the pandas index of data, or None."""
    index = getattr(data, "index", None)
    return index if isinstance(index, pd.Index) else None  # lists have a method index


def index_of_rows(index, data, rows):
    """Return the given times, else the first index of `data`, else row numbers."""
    indices = [index, *map(index_of, data)]
    index = next((found for found in indices if found is not None), None)
    if not isinstance(index, pd.Index):
        index = pd.RangeIndex(len(rows)) if index is None else pd.Index(index)
    check_consistent_length(rows, index)
    return index


def columns_of_one_shape(y_true, y_pred, interval):
    """Return observed, predicted and interval values as arrays (n_samples, n_steps)."""
    arrays = [_columns(y_true, "y_true"), _columns(y_pred, "y_pred")]
    arrays += [_columns(end, "interval") for end in interval or ()]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1 or (interval is not None and len(arrays) != 4):
        raise ValueError(
            "y_true, y_pred and both ends of the interval must have the same shape. "
            f"Got {[array.shape for array in arrays]}."
        )
    return arrays


def _columns(y, name):
    """Return values as a 2-D array."""
    y = check_array(
        y,
        ensure_2d=False,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name=name,
    )
    return y.reshape(len(y), -1)


def name_and_leads(y, lead, n_steps):
    """Return the name of the target, or None, and the lead of each column.

    A lead is the number of steps from the time of a row to the time of its values.
    """
    names = _column_names(y)
    read = [lead_of_name(name) for name in names or ()]
    of_leads = bool(read) and None not in read
    targets = {target for target, _ in read} if of_leads else set(names or ())
    if len(targets) > 1:
        raise ValueError(
            "ForecastDisplay draws a single target, whose columns for several steps "
            f"must be named <target>_lead<h>. Got columns {names}. Select the columns "
            "of one target."
        )
    if lead is None:
        default = [0] if n_steps == 1 else range(1, n_steps + 1)
        leads = [step for _, step in read] if of_leads else default
    else:
        leads = np.atleast_1d(lead)
    leads = np.array(leads)
    if len(leads) != n_steps:
        raise ValueError(
            f"lead must have one number for each of {n_steps} columns. Got {lead!r}."
        )
    return (targets.pop() if targets else None), leads


def _column_names(y):
    if isinstance(y, pd.Series):
        return None if y.name is None else [str(y.name)]
    return [str(name) for name in y.columns] if isinstance(y, pd.DataFrame) else None


def split_as_drawn(split):
    """Convert the time to mark, if any, to a value that matplotlib can draw."""
    if split is None:
        return None
    split = pd.Timestamp(split) if isinstance(split, str) else split
    return plottable(pd.Index([split]))[0]


def choose_rows(rows, subsample, random_state):
    """Return a random subset of rows, in their order.

    `subsample` is a number (int) or a fraction (float) of rows; None returns all.
    """
    if isinstance(subsample, Integral) and subsample < 1:
        raise ValueError(f"subsample must be at least 1. Got {subsample}.")
    if isinstance(subsample, Real) and not isinstance(subsample, Integral):
        if not 0 < subsample < 1:
            raise ValueError(
                f"subsample as a fraction must be between 0 and 1. Got {subsample}."
            )
        subsample = max(1, round(subsample * len(rows)))
    if subsample is None or subsample >= len(rows):
        return rows
    rng = check_random_state(random_state)
    return np.sort(rng.choice(rows, size=subsample, replace=False))


def check_backtest(frame):
    """Raise a ValueError unless a frame has rows and the columns of `backtest`."""
    needed = ["origin", "time", "step", "observed", "pred"]
    absent = [name for name in needed if name not in getattr(frame, "columns", ())]
    if absent:
        raise ValueError(
            f"frame must be a DataFrame as `backtest` returns it, but it has no column "
            f"{absent[0]!r}."
        )
    if not len(frame):
        raise ValueError("frame has no rows.")


def errors_by_step(frame):
    """Return mean absolute errors (n_steps, n_lines), a line per model and target."""
    line = frame.get("model", pd.Series("predicted", frame.index)).astype(str)
    if "target" in frame and frame["target"].nunique() > 1:
        target = frame["target"].astype(str)
        line = line + ": " + target if "model" in frame else target
    errors = (frame["observed"] - frame["pred"]).abs()
    return errors.groupby([frame["step"], line]).mean().unstack()


def fans_of(frame):
    """Return the forecasts of each origin as a row of arrays (n_origins, n_steps).

    The keys are `times`, `observed`, `predicted` and, if the frame has bounds, `lower`
    and `upper`. An absent step repeats the one before, or the first one.
    """
    for level in _LEVELS:
        names = frame[level].unique() if level in frame else ()
        if len(names) > 1:
            raise ValueError(
                f"Forecasts are drawn for one {level}, but the frame has "
                f'{list(names)}. Select one, such as frame[frame["{level}"] == '
                f'{names[0]!r}], or draw kind="error_by_step".'
            )
    columns = {"observed": "observed", "predicted": "pred"}
    if all(bound in frame for bound in _BOUNDS):
        columns |= {"lower": "lower_bound", "upper": "upper_bound"}
    times = pd.Index(frame["time"])
    if not is_plottable(times):  # labels, which are numbered
        times = pd.Index(pd.factorize(times)[0])
    times = plottable(times)
    cells = pd.DataFrame({"times": times, "origin": frame["origin"].to_numpy()})
    cells["step"] = frame["step"].to_numpy()
    for name, column in columns.items():
        cells[name] = frame[column].to_numpy()
    if cells.duplicated(["origin", "step"]).any():
        raise ValueError("frame has several rows for one origin and step.")
    table = cells.pivot(index="origin", columns="step")
    present = table["times"].notna().to_numpy()
    steps = np.where(present, np.arange(present.shape[1]), -1)
    steps = np.maximum.accumulate(steps, axis=1)
    steps = np.where(steps < 0, present.argmax(axis=1)[:, np.newaxis], steps)
    filled = {
        name: np.take_along_axis(table[name].to_numpy(), steps, axis=1)
        for name in ["times", *columns]
    }
    return {**filled, "times": filled["times"].astype(times.dtype)}


def without_overlap(times):
    """Return rows that do not overlap: each begins after the one before has ended."""
    chosen = [0]
    for row in range(1, len(times)):
        if times[row, 0] > times[chosen[-1], -1]:
            chosen.append(row)
    return np.array(chosen)


def history_and_forecast(history, forecast):
    """Return a series and its forecast as columns (n_rows, 1) over all times.

    The keys are those of `fans_of`. Values that do not exist are NaN.
    """
    if isinstance(history, pd.DataFrame) and history.shape[1] == 1:
        history = history.iloc[:, 0]
    frame = _one_target(forecast)
    if not isinstance(history, pd.Series) or frame is None:
        raise ValueError(
            "history must be a Series, and forecast a Series or what "
            "`forecast` returned with coverage, of one target. Got "
            f"{type(history).__name__} and {type(forecast).__name__}."
        )
    history, frame = _of_one_series(history, frame)
    if type(history.index) is not type(frame.index) and not (
        _is_numbered(history.index) and _is_numbered(frame.index)
    ):
        raise ValueError(
            "history and forecast must have the same kind of index. Got "
            f"{type(history.index).__name__} and {type(frame.index).__name__}."
        )
    times = plottable(history.index.append(frame.index))
    nothing = np.full(len(history), np.nan), np.full(len(frame), np.nan)
    columns = {"times": times, "observed": np.r_[history.to_numpy(float), nothing[1]]}
    names = {"pred": "predicted"}
    if all(bound in frame for bound in _BOUNDS):
        names |= {"lower_bound": "lower", "upper_bound": "upper"}
    for column in names:
        columns[names[column]] = np.r_[nothing[0], frame[column].to_numpy(float)]
    return {name: values[:, np.newaxis] for name, values in columns.items()}


def _one_target(forecast):
    """Return a forecast of one target as a frame with a column `pred`, or None."""
    if isinstance(forecast, pd.Series):
        return forecast.to_frame("pred")
    if not isinstance(forecast, pd.DataFrame):
        return None
    if forecast.columns.nlevels == 2 and forecast.columns.levshape[0] == 1:
        forecast = forecast.droplevel(0, axis=1)
    if "pred" in forecast:
        return forecast
    return forecast.iloc[:, 0].to_frame("pred") if forecast.shape[1] == 1 else None


def _is_numbered(index):
    return pd.api.types.is_numeric_dtype(index.dtype)


def _of_one_series(history, frame):
    """Return history and forecast of one series with their times as index."""
    indices = [data.index for data in (history, frame)]
    names = [i.get_level_values(0) for i in indices if isinstance(i, pd.MultiIndex)]
    if names:
        names = names[0].append(names[1:]).unique()
    if len(names) > 1:
        raise ValueError(
            f"ForecastDisplay draws one series, but there are {list(names)}. Select "
            f"one, such as data.loc[[{names[0]!r}]]."
        )
    return tuple(
        data.droplevel(0) if isinstance(data.index, pd.MultiIndex) else data
        for data in (history, frame)
    )


def draw_forecast(ax, data, line_kwargs):
    """Draw observed and predicted values, the interval and the split.

    Return the artists of the first three, None for an absent interval.
    """
    width = line_width(len(data.times))
    times, values = _observed_line(data)
    style = {"color": ink(), "alpha": 0.5, "linewidth": 1.6 * width}
    (observed,) = ax.plot(times, values, label="observed", **style)
    style = {"color": "C0", "linewidth": width, "label": "predicted"}
    style |= {"alpha": 1.0 if len(data.times) <= MANY else 0.7} | line_kwargs
    draw = _draw_line if data.predicted.shape[1] == 1 else _draw_fans
    predicted, interval = draw(ax, data, style)
    if data.split is not None:
        _draw_split(ax, data.split, label="split")
    ax.set_ylabel(data.name or "")
    ax.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=4,
        frameon=False,
        fontsize="small",
        columnspacing=1.2,
    )
    return observed, predicted, interval


def draw_residuals(ax, data, scatter_kwargs):
    """Draw the residuals, a line at zero and the split; return the residuals."""
    rows = _rows(data)
    times, residuals = data.times[rows], (data.observed - data.predicted)[rows]
    ax.axhline(0, color=ink(), alpha=0.5, linewidth=0.8)
    if data.split is not None:
        _draw_split(ax, data.split)
    size = 6 if len(times) <= SOME else 2
    style = {"s": size, "color": "C0", "linewidth": 0}
    drawn = ax.scatter(times.ravel(), residuals.ravel(), **{**style, **scatter_kwargs})
    ax.set_ylabel("Residual")
    return drawn


def draw_errors(ax, errors, line_kwargs):
    """Draw the error at each step, a line for each column; return the lines."""
    style = {"marker": "." if len(errors) <= 60 else None, **line_kwargs}
    lines = [
        ax.plot(errors.index, errors[name], label=str(name), **style)[0]
        for name in errors
    ]
    ax.set(xlabel="steps ahead", ylabel="mean absolute error")
    ax.set_ylim(bottom=0)
    if len(lines) > 1:
        ax.legend(frameon=False)
    return lines


def _draw_line(ax, data, style):
    """Draw forecasts of one step; return the line and the interval."""
    times, predicted = _broken(data, data.predicted[:, 0])
    (line,) = ax.plot(times, predicted, **style)
    if data.interval is None:
        return line, None
    ends = [_broken(data, end[:, 0])[1] for end in data.interval]
    band = {"color": style["color"], "alpha": 0.25, "linewidth": 0}
    return line, ax.fill_between(times, *ends, label="interval", **band)


def _draw_fans(ax, data, style):
    """Draw forecasts of several steps; return the fans and the interval."""
    from matplotlib.collections import LineCollection, PolyCollection
    from matplotlib.dates import date2num

    rows, numbers = _rows(data), data.times
    if np.issubdtype(numbers.dtype, np.datetime64):
        numbers = date2num(numbers)
    numbers = numbers[rows]
    lines = np.stack([numbers, data.predicted[rows]], axis=-1)
    fans, interval = ax.add_collection(LineCollection(lines, **style)), None
    if data.interval is not None:
        lower, upper = (
            np.stack([numbers, end[rows]], axis=-1) for end in data.interval
        )
        bands = np.concatenate([lower, upper[:, ::-1]], axis=1)
        band = {"facecolor": style["color"], "alpha": 0.25, "linewidth": 0}
        interval = PolyCollection(bands, label="interval", **band)
        ax.add_collection(interval)
    ax.autoscale_view()
    return fans, interval


def _draw_split(ax, split, **label):
    ax.axvline(split, color=ink(), alpha=0.7, linestyle=":", **label)


def _rows(data):
    """Return the rows whose residuals and fans are drawn."""
    return np.arange(len(data.predicted)) if data.shown is None else data.shown


def _observed_line(data):
    """Return the observed values in time order, one for each time."""
    if data.times.shape[1] == 1:
        return _broken(data, data.observed[:, 0])
    times, first = np.unique(data.times, return_index=True)
    return times, data.observed.ravel()[first]


def _broken(data, values):
    """Return times and values of one step, with NaN where the line is interrupted."""
    times = data.times[:, 0]
    if data.breaks is None:
        return times, values
    at = np.flatnonzero(data.breaks)
    return np.insert(times, at, times[at]), np.insert(values, at, np.nan)
