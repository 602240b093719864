"""Chooses the rows to train on and the rows to hold out (NumPy only)."""

import itertools
import math

import numpy as np

from skrnn.networks.missing import observed

_CHUNK = 2**16  # rows checked at a time


def rows_to_train_on(windows, rows, inputs):
    """Return the rows whose windows can be used for training, as a range or array.

    Windows that start with a missing step are not used, unless all windows do. If
    missing values are filled, only windows without any value are left out.
    """
    rows = range(len(windows)) if rows is None else rows
    for n_steps in (1, inputs.n_steps):
        chosen = _observed_rows(windows, rows, inputs, n_steps)
        if len(chosen):
            return chosen
    raise ValueError(
        "X has no observed step: every step of every window has a missing value. "
        "Drop features that are always missing, or fill values before the windower."
    )


def _observed_rows(windows, rows, inputs, n_steps):
    length = inputs.segment_length
    segments = [range(k * length, (k + 1) * length) for k in range(n_steps)]
    if inputs.fill:
        segments = [range(inputs.n_timesteps)]
    parts = []
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        where = chunk
        if isinstance(chunk, range):
            where = slice(chunk.start, chunk.stop)
            chunk = np.arange(chunk.start, chunk.stop, dtype=np.int32)
        found = observed(windows, where, segments, any_value=inputs.fill)
        parts.append(_as_range(chunk[found]))
    return _together([part for part in parts if len(part)])


def _as_range(rows):
    """Return rows that follow each other as a range, which takes no memory."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return range(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _together(parts):
    """Join parts into one range if they follow each other, otherwise into one array."""
    are_ranges = all(isinstance(part, range) for part in parts)
    if are_ranges and all(a.stop == b.start for a, b in itertools.pairwise(parts)):
        return range(parts[0].start, parts[-1].stop) if parts else range(0)
    return np.concatenate([np.asarray(part, np.int32) for part in parts])


def hold_out_last(n_rows, codes, fraction, gap):
    """Return the rows to train on, and the last `fraction` of each series, held out.

    It is rounded up, and `gap` rows before it are left out.
    """
    if codes is None:
        n_series = 1
        first_held_out = n_rows - math.ceil(fraction * n_rows)
        train = range(max(0, first_held_out - gap))
        held_out = range(first_held_out, n_rows)
    else:
        sizes = np.bincount(codes)
        n_series = len(sizes)
        by_series = np.argsort(codes, kind="stable")
        position = np.empty(n_rows, dtype=np.int64)
        position[by_series] = np.arange(n_rows)
        position -= np.concatenate([[0], np.cumsum(sizes)[:-1]])[codes]
        first_held_out = (sizes - np.ceil(fraction * sizes).astype(np.int64))[codes]
        train = np.flatnonzero(position < first_held_out - gap)
        held_out = np.flatnonzero(position >= first_held_out)
    if len(train) == 0:
        raise ValueError(
            f"early_stopping=True leaves no row to train on: of {n_rows} rows in "
            f"{n_series} series, validation_fraction={fraction} holds out the last "
            f"rows, and validation_gap leaves out {gap} before them. Set smaller "
            "values, or pass X_val and y_val."
        )
    return train, held_out
