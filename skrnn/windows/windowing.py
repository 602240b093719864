"""Makes windows, of rows in order or by the times in their index."""

import numpy as np

from skrnn.windows.layout import PanelWindows, empty_beside, view_windows
from skrnn.windows.timeline import place


def window_in_order(known, rows, *, window_length, pad, flatten):
    """Return the window of each row, a read-only view, if rows follow those `known`."""
    n_before = window_length - 1
    padded = empty_beside(rows, (n_before + len(rows), rows.shape[1]))
    padded[n_before:] = rows
    padded[:n_before] = _rows_before(known, n_before, pad, rows[0])
    return view_windows(padded, window_length, flatten=flatten)


def window_by_index(known, rows, timeline, *, window_length, pad, flatten):
    """Return the read-only window of each row by its time, after a History `known`."""
    codes = None if timeline.series is None else timeline.codes
    before = rows[:0]
    # without a step, the distance from the known to the new rows cannot be counted
    if known.timeline is not None and known.step is not None:
        earlier = known.timeline.before(timeline)
        before = known.rows[earlier].astype(rows.dtype)
        timeline = known.timeline[earlier].followed_by(timeline)
    step = known.step or timeline.step()
    places, first = place(timeline, step, window_length)
    rows = np.concatenate([before, rows])
    padded = np.full((places.max() + 1, rows.shape[1]), np.nan, dtype=rows.dtype)
    padded[places] = rows
    if pad != "nan":
        steps = places[first, np.newaxis] - np.arange(1, window_length)
        padded[steps] = rows[first, np.newaxis] if pad == "edge" else pad
    windows = view_windows(padded, window_length, flatten=flatten)
    ends = places[len(before) :] - (window_length - 1)
    if (np.diff(ends) == 1).all():
        chosen = windows[ends[0] : ends[-1] + 1]
    else:
        chosen = windows[ends]
    chosen.flags.writeable = False
    if codes is not None:
        chosen = chosen.view(PanelWindows)
        chosen.series_codes = codes
    return chosen


def _rows_before(known, n_before, pad, first_row):
    """Return the `n_before` steps before a first row: padding, then known rows."""
    known = known[max(0, len(known) - n_before) :]
    n_padded = n_before - len(known)
    fill = (known if len(known) else first_row[np.newaxis])[:1]
    if pad != "edge":
        fill = np.full_like(fill, np.nan if pad == "nan" else pad)
    return np.concatenate([np.repeat(fill, n_padded, axis=0), known])
