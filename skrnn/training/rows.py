"""Chooses the rows to hold out (NumPy only)."""

import math

import numpy as np


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
