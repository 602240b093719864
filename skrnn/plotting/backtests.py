"""Results of a backtest as arrays to draw."""

import numpy as np
import pandas as pd

from skrnn.plotting.times import plottable

_LEVELS = "series", "target", "model"


def errors_by_step(frame):
    """Return the mean absolute error of each model at each step.

    Parameters
    ----------
    frame : DataFrame
        What `backtest` returned.

    Returns
    -------
    DataFrame of shape (n_steps, n_models)
    """
    model = frame.get("model", "predicted")
    errors = (frame["observed"] - frame["pred"]).abs()
    by_step = frame.assign(model=model, error=errors).groupby(["step", "model"])
    return by_step["error"].mean().unstack()


def fans_of(frame):
    """Return the forecasts of each origin as a row.

    Parameters
    ----------
    frame : DataFrame
        What `backtest` returned, of one model, series and target.

    Returns
    -------
    dict of ndarray of shape (n_origins, n_steps)
        `times`, `y_true`, `y_pred` and, if the frame has bounds, `lower` and `upper`.
        A step that is absent repeats the one before.

    Raises
    ------
    ValueError
        If there are several models, series or targets.
    """
    for level in _LEVELS:
        names = frame[level].unique() if level in frame else ()
        if len(names) > 1:
            raise ValueError(
                f"Forecasts are drawn for one {level}, but the frame has "
                f'{list(names)}. Select one, such as frame[frame["{level}"] == '
                f'{names[0]!r}], or draw kind="error_by_step".'
            )
    columns = {"y_true": "observed", "y_pred": "pred"}
    if "lower_bound" in frame:
        columns |= {"lower": "lower_bound", "upper": "upper_bound"}
    times = plottable(pd.Index(frame["time"]))
    cells = pd.DataFrame({"times": times, "origin": frame["origin"].to_numpy()})
    cells["step"] = frame["step"].to_numpy()
    for name, column in columns.items():
        cells[name] = frame[column].to_numpy()
    table = cells.pivot(index="origin", columns="step")
    filled = {
        name: table[name].ffill(axis=1).bfill(axis=1).to_numpy()
        for name in ["times", *columns]
    }
    return {**filled, "times": filled["times"].astype(times.dtype)}


def without_overlap(times):
    """Return rows of which none begins before the one before has ended."""
    chosen = [0]
    for row in range(1, len(times)):
        if times[row, 0] > times[chosen[-1], -1]:
            chosen.append(row)
    return np.array(chosen)


def history_and_forecast(history, forecast):
    """Return a series and its forecast as columns over all times.

    Parameters
    ----------
    history : Series
        What was observed.
    forecast : Series or DataFrame
        What `forecast` or `forecast_interval` returned.

    Returns
    -------
    dict of ndarray of shape (n_rows, 1)
        As from `fans_of`, NaN where there is nothing.

    Raises
    ------
    ValueError
        If these are not of one series and target.
    """
    if isinstance(history, pd.DataFrame) and history.shape[1] == 1:
        history = history.iloc[:, 0]
    frame = forecast
    if isinstance(forecast, pd.Series):
        frame = forecast.to_frame("pred")
    elif isinstance(forecast, pd.DataFrame) and "pred" not in forecast:
        frame = forecast.iloc[:, 0].to_frame("pred") if forecast.shape[1] == 1 else None
    if not isinstance(history, pd.Series) or not isinstance(frame, pd.DataFrame):
        raise ValueError(
            "history must be a Series, and forecast a Series or what "
            "`forecast_interval` returned, of one target. Got "
            f"{type(history).__name__} and {type(forecast).__name__}."
        )
    history, frame = (_of_one_series(data) for data in (history, frame))
    times = plottable(history.index.append(frame.index))
    nothing = np.full(len(history), np.nan), np.full(len(frame), np.nan)
    columns = {"times": times, "y_true": np.r_[history.to_numpy(float), nothing[1]]}
    names = {"pred": "y_pred", "lower_bound": "lower", "upper_bound": "upper"}
    for column in frame:
        columns[names[column]] = np.r_[nothing[0], frame[column].to_numpy(float)]
    return {name: values[:, np.newaxis] for name, values in columns.items()}


def _of_one_series(data):
    """Return the data with their times as index."""
    if not isinstance(data.index, pd.MultiIndex):
        return data
    names = data.index.get_level_values(0).unique()
    if len(names) > 1:
        raise ValueError(
            f"ForecastDisplay draws one series, but there are {list(names)}. Select "
            f"one, such as data.loc[[{names[0]!r}]]."
        )
    return data.droplevel(0)
