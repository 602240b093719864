"""Chooses the windows to train on in spite of missing steps."""

from functools import reduce

import numpy as np

from skrnn.windows.view import as_index


def usable_rows(windows, rows, inputs):
    """Return those of some rows that can be trained on, as a range or an array."""
    n_timesteps, length = inputs.n_timesteps, inputs.segment_length
    segments = [range(k, k + length) for k in range(0, n_timesteps, length)]
    is_chosen = np.zeros(len(windows), dtype=bool)
    is_chosen[as_index(rows)] = True
    if inputs.fill:
        is_empty = reduce(np.logical_and, map(windows.empty.at, range(n_timesteps)))
        is_usable = is_chosen & ~is_empty
    else:
        is_usable = is_chosen & _observed(windows, segments[:1])
        if not is_usable.any():  # all start with a missing step
            is_usable = is_chosen & _observed(windows, segments)
        elif not windows.is_of_series:  # sequences may be padded in front
            is_padded = is_chosen & windows.empty.at(0)
            is_usable |= is_padded & _observed(windows, segments)
    if not is_usable.any():
        raise ValueError(
            "X has no observed step: every step of every window has a missing value. "
            "Drop features that are always missing, or fill values before the windower."
        )
    first, n_rows = int(is_usable.argmax()), np.count_nonzero(is_usable)
    if is_usable[first : first + n_rows].all():
        return range(first, first + n_rows)  # which takes no memory
    return np.flatnonzero(is_usable).astype(np.int32)


def _observed(windows, segments):
    """Return which windows have a segment, a group of steps, without missing values."""
    is_observed = np.zeros(len(windows), dtype=bool)
    for segment in segments:
        is_observed |= ~reduce(np.logical_or, map(windows.incomplete.at, segment))
    return is_observed
