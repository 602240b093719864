"""Quantile levels, and the point forecast from several quantiles (NumPy only)."""

import itertools
from numbers import Real

import numpy as np


def levels_of(loss, quantile):
    """Return the quantile levels to predict, or None if the loss is another one.

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
        If `quantile` is not a level or a tuple of increasing levels, or if it is set
        but `loss` is not "quantile".
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
            "The 'quantile' parameter must be a float between 0 and 1, or an "
            f"increasing tuple of such floats. Got {quantile!r} instead."
        )
    return tuple(float(level) for level in levels)


def point_weights(levels):
    """Return the weights with which quantiles add up to the point forecast.

    The point forecast is the median: the quantile at 0.5, interpolated linearly between
    the levels next to it, or the nearest one if 0.5 lies outside the levels.

    Parameters
    ----------
    levels : tuple of float
        Increasing levels.

    Returns
    -------
    ndarray of shape (n_levels,)
        Weights, whose sum is 1.
    """
    one_each = np.eye(len(levels))
    return np.array([np.interp(0.5, levels, one) for one in one_each])


def in_order(outputs, n_levels):
    """Sort the predicted quantiles of each target, so that they never cross.

    Sorting never increases the loss [1]_.

    Parameters
    ----------
    outputs : ndarray of shape (n_samples, n_outputs * n_levels)
        Outputs of the network, levels varying fastest.
    n_levels : int
        Number of levels of each output.

    Returns
    -------
    ndarray of shape (n_samples, n_outputs, n_levels)
        Quantiles that do not decrease along the last axis.

    References
    ----------
    .. [1] V. Chernozhukov, I. Fernandez-Val and A. Galichon, "Quantile and
       probability curves without crossing", Econometrica 78(3), 2010.
    """
    return np.sort(outputs.reshape(len(outputs), -1, n_levels), axis=-1)
