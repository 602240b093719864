"""What ForecastDisplay is made from besides predictions: backtests and forecasts."""

import pandas as pd

from skrnn.plotting.backtests import (
    check_backtest,
    errors_by_step,
    fans_of,
    history_and_forecast,
    without_overlap,
)


class MadeFromForecasts:
    """Class methods of ForecastDisplay."""

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
