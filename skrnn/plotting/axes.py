"""Creates, splits and scales axes, and chooses the style of lines."""

import numpy as np

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


def spans_decades(ax):
    """Return whether all lines are positive and span more than a decade."""
    values = np.concatenate([np.asarray(line.get_ydata()) for line in ax.lines])
    values = values[np.isfinite(values)]
    return len(values) > 0 and values.min() > 0 and values.max() > 10 * values.min()


def ink():
    """Return the colour of text, which contrasts with the background."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]


def line_width(n_points):
    """Return the width of a line in points, which is smaller for more values."""
    return 1.6 if n_points <= SOME else 1.0 if n_points <= MANY else 0.5
