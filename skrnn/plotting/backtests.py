"""Results of a backtest as arrays to draw."""

import numpy as np
import pandas as pd

from skrnn.plotting.times import is_plottable, plottable

_LEVELS = "series", "target", "model"
_BOUNDS = "lower_bound", "upper_bound"


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
