"""Quantile levels, and the point forecast from several quantiles (NumPy only)."""

import itertools
from numbers import Real

import numpy as np


def quantile_levels_of(loss, quantile):
    """Return the quantile levels to predict, or None if the loss is another one."""
    if not (isinstance(loss, str) and loss == "quantile"):
        if quantile is None:
            return None
        raise ValueError(
            f"quantile={quantile!r} has no effect with loss={loss!r}. Set "
            'loss="quantile", or quantile=None.'
        )
    if quantile is None:
        return (0.5,)
    levels = tuple(quantile) if isinstance(quantile, (tuple, list)) else (quantile,)
    if (
        not levels
        or not all(isinstance(level, Real) and 0 < level < 1 for level in levels)
        or any(b <= a for a, b in itertools.pairwise(levels))
    ):
        raise ValueError(
            "The 'quantile' parameter must be a float between 0 and 1, or an "
            f"increasing tuple of such floats. Got {quantile!r} instead."
        )
    return tuple(float(level) for level in levels)


def point_weights(levels):
    """Return the weights (n_levels,) of quantiles in the interpolated median."""
    one_each = np.eye(len(levels))
    return np.array([np.interp(0.5, levels, one) for one in one_each])


def without_crossing(outputs, n_levels):
    """Return outputs as quantiles (n_samples, n_outputs, n_levels) that never cross.

    Sorting never increases the loss (Chernozhukov, Fernandez-Val and Galichon, 2010).
    """
    return np.sort(outputs.reshape(len(outputs), -1, n_levels), axis=-1)
