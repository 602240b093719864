"""Quantile levels, and the point forecast of several quantiles (NumPy only)."""

import itertools
from numbers import Real

import numpy as np


def levels_of(loss, quantile):
    """Return the levels that a network predicts, or None if it predicts no quantiles.

    Parameters
    ----------
    loss, quantile
        Parameters of a regressor.

    Returns
    -------
    tuple of float or None

    Raises
    ------
    ValueError
        If `quantile` is not a level or increasing levels, or `loss` is another one.
    """
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
            "The 'quantile' parameter must be a float between 0 and 1, or a tuple of "
            f"such floats that increase. Got {quantile!r} instead."
        )
    return tuple(float(level) for level in levels)


def point_weights(levels):
    """Return the weights of quantiles in their point forecast, the median.

    Linear interpolation between the levels next to 0.5; where 0.5 lies outside the
    levels, the nearest of them.

    Parameters
    ----------
    levels : tuple of float
        Increasing levels.

    Returns
    -------
    ndarray of shape (n_levels,)
        Their sum is 1.
    """
    one_each = np.eye(len(levels))
    return np.array([np.interp(0.5, levels, one) for one in one_each])


def in_order(outputs, n_levels):
    """Return the quantiles that a network predicts, those of a target never crossing.

    Each row is sorted, which never raises the loss [1]_.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_outputs * n_levels)
        The network's output, levels fastest.
    n_levels : int
        Levels of each output.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs, n_levels)
        Not decreasing along the last axis.

    References
    ----------
    .. [1] V. Chernozhukov, I. Fernandez-Val and A. Galichon, "Quantile and
       probability curves without crossing", Econometrica 78(3), 2010.
    """
    return np.sort(outputs.reshape(len(outputs), -1, n_levels), axis=-1)
