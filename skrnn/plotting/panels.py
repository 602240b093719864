"""Axes of one or several panels, their legends and the labels of their times."""

import math
import textwrap

import numpy as np

_SIZE = 3.4, 2.4  # of one of several panels, in inches
OPACITY = 0.3  # of an interval
_CHARACTERS = 17  # of a legend, in an inch
_LINE = 36  # characters, as wide as one of several panels


def _pyplot():
    """Return pyplot, or raise an ImportError that says what to install."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            "Displays need matplotlib. Install it: `pip install matplotlib`."
        ) from error
    return plt


def axes_or_new(ax):
    """Return `ax`, or the axes of a new figure if it is None."""
    plt = _pyplot()
    return plt.subplots(layout="constrained")[1] if ax is None else ax


def axes_of(ax, n_panels):
    """Return an array of axes, and how many are in a row of a new figure, or None."""
    if n_panels == 1 and np.ndim(ax) == 0:
        return np.array([axes_or_new(ax)]), None
    if ax is None:
        return _grid(n_panels)
    axes = np.ravel(ax)
    if len(axes) != n_panels:
        raise ValueError(
            f"ax must be None or an array of {n_panels} axes, one for each series. Got "
            f"{len(axes)}."
        )
    return axes, None


def _grid(n_panels):
    """Return the axes of a new figure, with a common horizontal axis."""
    n_columns = n_panels if n_panels <= 3 else math.ceil(math.sqrt(n_panels))
    n_rows = math.ceil(n_panels / n_columns)
    size = max(6.4, n_columns * _SIZE[0]), max(3.6, n_rows * _SIZE[1])
    how = {"sharex": True, "squeeze": False, "layout": "constrained"}
    _, axes = _pyplot().subplots(n_rows, n_columns, figsize=size, **how)
    for ax in axes.flat[n_panels:]:
        ax.remove()
    return axes.flat[:n_panels], n_columns


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


def draw_legend(axes):
    """Draw a legend of what all axes show, above the only axes or above the figure."""
    entries = {}
    for each in axes:
        for handle, label in zip(*each.get_legend_handles_labels(), strict=True):
            entries.setdefault(label, handle)
    # lines come first
    labels = sorted(entries, key=lambda label: label.endswith("interval"))
    handles = [entries[label] for label in labels]
    owner, place = axes[0], {"loc": "lower left", "bbox_to_anchor": (0, 1)}
    if len(axes) > 1:
        owner, place = owner.figure, {"loc": "outside upper left"}
    width = owner.bbox.width / axes[0].figure.dpi
    n_columns = max(1, int(_CHARACTERS * width / (8 + max(map(len, labels)))))
    style = {"frameon": False, "fontsize": "small", "columnspacing": 1.2}
    legend = owner.legend(handles, labels, ncols=n_columns, **place, **style)
    opacity = 0
    for handle, label in zip(legend.legend_handles, labels, strict=True):
        if label.endswith("interval"):  # narrower ones are drawn over wider ones
            opacity = 1 - (1 - opacity) * (1 - OPACITY)
            handle.set_alpha(opacity)


def label_times(ax, times, name, is_small=False):
    """Name the horizontal axis, and label it with short dates if it has dates."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    ax.set_xlabel(name or "")
    if np.issubdtype(times.dtype, np.datetime64):
        n_ticks = (2, 5) if is_small else (3, 8)  # with fewer, some spans have none
        locator = AutoDateLocator(minticks=n_ticks[0], maxticks=n_ticks[1])
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))


def label_outer(ax, lowest, is_left, is_low):
    """Label axes and their lowest part only at the left and the bottom of a grid."""
    if not is_left:
        ax.set_ylabel("")
        lowest.set_ylabel("")
    if not is_low:
        lowest.set_xlabel("")
    lowest.tick_params(labelbottom=is_low)  # also above an empty place of the grid
    lowest.xaxis.get_offset_text().set_visible(is_low)


def wrapped(name):
    """Return a name as text, on several lines if it is long."""
    return textwrap.fill(str(name), _LINE)


def ink():
    """Return the colour of text, which contrasts with the background."""
    import matplotlib as mpl

    return mpl.rcParams["text.color"]
