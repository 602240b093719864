"""Chaotic series: differential equations solved with the Runge-Kutta method."""

from math import ceil
from numbers import Integral

import numpy as np

# Mackey-Glass: strength of the feedback, rate of the decay, exponent
_STRENGTH, _DECAY, _EXPONENT = 0.2, 0.1, 10
_MACKEY_GLASS_TRANSIENT = 1000  # units of time

_SIGMA, _BETA = 10.0, 8.0 / 3.0
_LORENZ_TRANSIENT = 20.0  # units of time


def make_mackey_glass(n_samples=1000, *, tau=17, x0=1.2):
    """Generate a Mackey-Glass series, a chaotic solution of a delay equation.

    The equation is dx/dt = 0.2 x(t - tau) / (1 + x(t - tau)^10) - 0.1 x(t). The
    solution is chaotic with `tau=17`, periodic with `tau=10`, and converges to 1 if
    `tau` is at most 4.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of samples, one per unit of time.
    tau : int, default=17
        Delay, in units of time, at least 1.
    x0 : float, default=1.2
        Value of x up to the start. Another value usually gives another series; for 0
        and 1, x is constant.

    Returns
    -------
    ndarray of shape (n_samples,)
        The values of x, float64 and dimensionless. With `tau=17` they are between
        0.4 and 1.4. The first 1000 units of time are discarded.

    Raises
    ------
    ValueError
        If `tau` is not an integer of at least 1.

    Notes
    -----
    The equation is solved with the fourth-order Runge-Kutta method, with 10 steps per
    unit of time. Delayed values in the middle of a step are computed by cubic Hermite
    interpolation, which has the same order.

    References
    ----------
    M. C. Mackey and L. Glass, "Oscillation and chaos in physiological control
    systems", Science 197(4300), 1977.

    Examples
    --------
    >>> from skrnn.datasets import make_mackey_glass
    >>> series = make_mackey_glass(500)
    >>> series.shape, bool(series.min() > 0.4), bool(series.max() < 1.4)
    ((500,), True, True)
    >>> make_mackey_glass(3, tau=2).round(6).tolist()
    [1.0, 1.0, 1.0]
    """
    if not (isinstance(tau, Integral) and tau >= 1):
        raise ValueError(f"tau must be an int of at least 1. Got {tau!r} instead.")
    n_units = _MACKEY_GLASS_TRANSIENT + n_samples - 1
    return _mackey_glass(n_units, tau, x0)[_MACKEY_GLASS_TRANSIENT:]


def _mackey_glass(n_units, tau, x0, steps_per_unit=10):
    """Return x at the times 0, 1, ..., `n_units`."""
    nodes = np.full(tau * steps_per_unit + 1, x0, dtype=np.float64)
    middles = nodes[1:]
    solution = [nodes[-1:]]
    for _ in range(ceil(n_units / tau)):
        nodes, middles = _over_one_delay(nodes, middles, 1.0 / steps_per_unit)
        solution.append(nodes[1:])
    return np.concatenate(solution)[: n_units * steps_per_unit + 1 : steps_per_unit]


def _over_one_delay(nodes, middles, step):
    """Return x at the ends and in the middle of each step of the next delay."""
    feedback = _feedback(nodes)
    known = (feedback[:-1], _feedback(middles), feedback[1:])
    x = [float(nodes[-1])]
    for start, middle, end in zip(*(part.tolist() for part in known), strict=True):
        k1 = start - _DECAY * x[-1]
        k2 = middle - _DECAY * (x[-1] + step / 2 * k1)
        k3 = middle - _DECAY * (x[-1] + step / 2 * k2)
        k4 = end - _DECAY * (x[-1] + step * k3)
        x.append(x[-1] + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    x = np.array(x)
    slope = feedback - _DECAY * x
    middles = (x[:-1] + x[1:]) / 2 + step / 8 * (slope[:-1] - slope[1:])
    return x, middles


def _feedback(x):
    return _STRENGTH * x / (1.0 + x**_EXPONENT)


def make_lorenz(n_samples=1000, *, rho=28.0, step=0.02, x0=(1.0, 1.0, 1.0)):
    """Generate a Lorenz series, a chaotic model of convection with three variables.

    The equations are dx/dt = 10 (y - x), dy/dt = x (rho - z) - y and
    dz/dt = x y - 8/3 z. The solution is chaotic with `rho=28`, and decays to zero if
    `rho` is below 1.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of samples.
    rho : float, default=28.0
        Rayleigh number, relative to the value at which convection starts.
    step : float, default=0.02
        Time between two samples, in the units of the equations.
    x0 : array-like of shape (3,), default=(1.0, 1.0, 1.0)
        Initial state. Another one usually gives another series.

    Returns
    -------
    ndarray of shape (n_samples, 3)
        The columns x, y and z, float64 and dimensionless. The first 20 units of time
        are discarded.

    Notes
    -----
    The equations are solved with the fourth-order Runge-Kutta method, which divides
    `step` into equal parts of at most 0.0025 units of time.

    References
    ----------
    E. N. Lorenz, "Deterministic nonperiodic flow", Journal of the Atmospheric Sciences
    20(2), 1963.

    Examples
    --------
    >>> from skrnn.datasets import make_lorenz
    >>> series = make_lorenz(500)
    >>> series.shape, bool((series[:, 2] > 0).all())
    ((500, 3), True)
    """
    n_discarded = ceil(_LORENZ_TRANSIENT / step)
    return _lorenz(n_discarded + n_samples, rho, step, x0)[n_discarded:]


def _lorenz(n_samples, rho, step, x0, longest_step=0.0025):
    """Return the states at the times 0, `step`, ..., `(n_samples - 1) * step`."""
    n_parts = ceil(step / longest_step)
    states = np.empty((n_samples, 3))
    state = [float(value) for value in x0]
    for row in states:
        row[:] = state
        for _ in range(n_parts):
            state = _runge_kutta(state, rho, step / n_parts)
    return states


def _runge_kutta(state, rho, step):
    # lists of floats, because NumPy is slower for arrays of three values
    k1 = _lorenz_slope(state, rho)
    k2 = _lorenz_slope(_moved(state, k1, step / 2), rho)
    k3 = _lorenz_slope(_moved(state, k2, step / 2), rho)
    k4 = _lorenz_slope(_moved(state, k3, step), rho)
    slopes = zip(k1, k2, k3, k4, strict=True)
    return _moved(state, [(a + 2 * b + 2 * c + d) / 6 for a, b, c, d in slopes], step)


def _lorenz_slope(state, rho):
    x, y, z = state
    return _SIGMA * (y - x), x * (rho - z) - y, x * y - _BETA * z


def _moved(state, slope, step):
    return [s + step * ds for s, ds in zip(state, slope, strict=True)]
