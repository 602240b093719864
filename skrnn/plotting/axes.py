"""Creates and splits axes, and converts times to values along an axis."""

import numpy as np
import pandas as pd

from skrnn.windows.timeline import Timeline

SOME, MANY = 300, 3000  # numbers of points above which lines are thinner


def axes_or_new(ax):
    """Return `ax`, or the axes of a new figure if it is None."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays need matplotlib. Install it: `pip install matplotlib`."
        ) from error
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def axes_below(ax):
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


def date_ticks(ax):
    """Label the horizontal axis with short dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=8)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def ink():
    """Return the colour of text, which contrasts with the background."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]


def line_width(n_points):
    """Return the width of a line in points, which is smaller for more values."""
    return 1.6 if n_points <= SOME else 1.0 if n_points <= MANY else 0.5


def times_of(index, leads):
    """Return the times (n_rows, n_steps) that are `leads` steps after those of rows.

    Also return whether times are missing before each row. Rows are numbered if the
    index holds neither times nor numbers.
    """
    if isinstance(index, pd.MultiIndex):
        if len(index.get_level_values(0).unique()) > 1:
            raise ValueError(
                "ForecastDisplay draws one series. Select one of the panel, for "
                "instance with `y.loc[['a']]`."
            )
        index = index.get_level_values(-1)
    n_steps = _steps_between(index)
    at = np.concatenate([[0], np.cumsum(n_steps)])
    times = plottable(index if is_plottable(index) else pd.RangeIndex(len(index)))
    breaks = np.concatenate([[False], n_steps > 1])
    if not np.any(leads):
        return np.repeat(times[:, np.newaxis], len(leads), axis=1), breaks
    return _at_steps(times, at, at[:, np.newaxis] + leads), breaks


def _steps_between(index):
    """Return the number of steps between times, or ones if there is no regular step."""
    same = np.ones(len(index) - 1, dtype=bool)
    try:
        timeline = Timeline.of_index(index)
        step = timeline and timeline.step()
    except ValueError:
        if is_plottable(index) and not index.is_monotonic_increasing:
            raise
        step = None
    steps = step and step.count(index, same)
    return same.astype(np.int64) if steps is None else steps


def is_plottable(index):
    """Return whether an index holds times or numbers."""
    times = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    return isinstance(index, times) or pd.api.types.is_numeric_dtype(index.dtype)


def _at_steps(times, known, wanted):
    """Interpolate and extrapolate times at steps from known ones."""
    numbers = times
    is_date = np.issubdtype(times.dtype, np.datetime64)
    if is_date:
        numbers = (times - times[0]).astype("timedelta64[us]").astype(np.float64)
    n_steps = known[-1] - known[0]
    length = (numbers[-1] - numbers[0]) / n_steps if n_steps else 1.0
    found = np.interp(wanted, known, numbers)
    found += length * np.maximum(wanted - known[-1], 0)
    found += length * np.minimum(wanted - known[0], 0)
    if not is_date:
        return found
    return times[0] + found.round().astype("timedelta64[us]")


def plottable(index):
    """Convert times or numbers to values that matplotlib can draw.

    Datetimes with a time zone become local times, and timedeltas become hours.
    """
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return index.tz_localize(None).to_numpy()
    if isinstance(index, pd.TimedeltaIndex):
        return (index / pd.Timedelta(hours=1)).to_numpy()
    return index.to_numpy(dtype=np.float64)
