"""Generators of series and of benchmark problems."""

import numpy as np
from sklearn.utils import check_random_state

_NARMA_WARM_UP = 200  # steps
_NARMA_DIVERGED = 2.0
_NARMA_ATTEMPTS = 10


def make_sine(n_samples=1000, *, t_max=100.0):
    """Generate a sine wave: sin(t) at equally spaced t in [0, `t_max`].

    Parameters
    ----------
    n_samples : int, default=1000
        Number of samples.
    t_max : float, default=100.0
        Last value of t, in radians.

    Returns
    -------
    ndarray of shape (n_samples,)
        The series, float64.

    Examples
    --------
    >>> from skrnn.datasets import make_sine
    >>> make_sine(3, t_max=3.14159265).round(3).tolist()
    [0.0, 1.0, 0.0]
    """
    return np.sin(np.linspace(0.0, t_max, n_samples))


def make_adding(n_samples=1000, *, n_timesteps=50, random_state=None):
    """Generate the adding problem: the sum of the two marked values of a sequence.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of sequences.
    n_timesteps : int, default=50
        Length of a sequence, at least 2.
    random_state : int, RandomState instance or None, default=None
        Determines the values and the marks.

    Returns
    -------
    X : ndarray of shape (n_samples, n_timesteps, 2)
        For each step a value, uniform in [0, 1), and a mark, 0 or 1. One step in
        each half of a sequence is marked with 1.
    y : ndarray of shape (n_samples,)
        The sums. A constant prediction of 1 has a mean squared error of 1/6.

    References
    ----------
    S. Hochreiter and J. Schmidhuber, "Long short-term memory", Neural Computation
    9(8), 1997, experiment 4.

    Examples
    --------
    >>> from skrnn.datasets import make_adding
    >>> X, y = make_adding(5, n_timesteps=8, random_state=0)
    >>> X.shape, bool((y == (X[..., 0] * X[..., 1]).sum(axis=1)).all())
    ((5, 8, 2), True)
    """
    rng = check_random_state(random_state)
    X = np.zeros((n_samples, n_timesteps, 2))
    X[..., 0] = rng.uniform(size=(n_samples, n_timesteps))
    half = n_timesteps // 2
    rows = np.arange(n_samples)
    X[rows, rng.randint(0, half, size=n_samples), 1] = 1.0
    X[rows, rng.randint(half, n_timesteps, size=n_samples), 1] = 1.0
    return X, (X[..., 0] * X[..., 1]).sum(axis=1)


def make_echo(n_samples=1000, *, lag=10, random_state=None):
    """Generate the echo problem: the target is the input from `lag` steps before.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    lag : int, default=10
        Number of steps between a value and its echo.
    random_state : int, RandomState instance or None, default=None
        Determines the noise.

    Returns
    -------
    X : ndarray of shape (n_samples, 1)
        Rows in time order, uniform in [-1, 1).
    y : ndarray of shape (n_samples,)
        `y[t]` is `X[t - lag, 0]`. A constant prediction of 0 has a mean squared error
        of 1/3.

    Examples
    --------
    >>> from skrnn.datasets import make_echo
    >>> X, y = make_echo(100, lag=3, random_state=0)
    >>> bool((y[3:] == X[:-3, 0]).all())
    True
    """
    noise = check_random_state(random_state).uniform(-1.0, 1.0, size=n_samples + lag)
    return noise[lag:].reshape(-1, 1), noise[:n_samples]


def make_narma(n_samples=1000, *, order=10, random_state=None):
    """Generate the NARMA problem: a nonlinear system with memory, driven by noise.

    The outputs are y[t] = 0.3 y[t - 1] + 0.05 y[t - 1] (y[t - 1] + ... +
    y[t - order]) + 1.5 u[t] u[t - order + 1] + 0.1 for inputs u.

    Parameters
    ----------
    n_samples : int, default=1000
        Number of rows.
    order : int, default=10
        Number of past outputs in the sum, at least 1. The older of the two inputs is
        `order - 1` steps old.
    random_state : int, RandomState instance or None, default=None
        Determines the inputs.

    Returns
    -------
    X : ndarray of shape (n_samples, 1)
        The inputs u in time order, uniform in [0, 0.5).
    y : ndarray of shape (n_samples,)
        The outputs. `y[t]` is the first output that depends on `X[t, 0]`; in the
        notation of the paper it is the output at time t + 1. The system has run for
        200 steps before the first row.

    Raises
    ------
    ValueError
        If the outputs diverge. This is rare with `order=10`, and almost certain from
        about `order=12` on.

    References
    ----------
    A. F. Atiya and A. G. Parlos, "New results on recurrent network training: unifying
    the algorithms and accelerating convergence", IEEE Transactions on Neural Networks
    11(3), 2000.

    Examples
    --------
    >>> from skrnn.datasets import make_narma
    >>> X, y = make_narma(100, random_state=0)
    >>> memory = 0.3 * y[49] + 0.05 * y[49] * y[40:50].sum()
    >>> bool(abs(y[50] - (memory + 1.5 * X[50, 0] * X[41, 0] + 0.1)) < 1e-12)
    True
    """
    rng = check_random_state(random_state)
    n_inputs = _NARMA_WARM_UP + n_samples + order - 1
    for _ in range(_NARMA_ATTEMPTS):
        u = rng.uniform(0.0, 0.5, size=n_inputs)
        y = _narma_outputs(u, order)
        if (y < _NARMA_DIVERGED).all():
            return u[n_inputs - n_samples :].reshape(-1, 1), y[len(y) - n_samples :]
    raise ValueError(
        f"The outputs diverge with order={order} and n_samples={n_samples}, after "
        f"{_NARMA_ATTEMPTS} draws of the inputs. Pass a smaller order or n_samples."
    )


def _narma_outputs(u, order):
    """Return the outputs for the inputs, starting at input `order - 1`."""
    outputs = [0.0] * order
    for drive in (1.5 * u[order - 1 :] * u[: len(u) - order + 1] + 0.1).tolist():
        memory = 0.3 + 0.05 * sum(outputs[-order:])
        outputs.append(memory * outputs[-1] + drive)
    return np.array(outputs[order:])
