"""Draws the parts of ForecastDisplay: forecasts, residuals and errors by step."""

import numpy as np

from skrnn.plotting.axes import MANY, SOME, ink, line_width


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
