"""Solutions of the differential equations: their accuracy and dynamics.

The private solvers are tested because their step is no parameter of the public
functions.
"""

import time

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.integrate import quad

from skrnn.datasets import chaotic, make_lorenz, make_mackey_glass, make_narma


def largest_error(solve, **coarse_and_fine):
    (name, (coarse, fine)) = coarse_and_fine.popitem()
    return abs(solve(**{name: coarse}) - solve(**{name: fine})).max()


def smallest_change(series, lags):
    """Distance of a series from a repetition, in standard deviations."""
    changes = [np.std(series[lag:] - series[:-lag]) for lag in lags]
    return min(changes) / series.std()


# Mackey-Glass


def solve_mackey_glass(steps_per_unit):
    return chaotic._mackey_glass(100, 17, 1.2, steps_per_unit)


def test_mackey_glass_over_two_delays():
    """During the first delay the past is constant, then it is an exponential."""
    limit = 0.2 * 1.2 / (1 + 1.2**10) / 0.1

    def first(t):
        return limit + (1.2 - limit) * np.exp(-0.1 * t)

    def driven(t):
        return np.exp(-0.1 * (17 - t)) * 0.2 * first(t) / (1 + first(t) ** 10)

    x = chaotic._mackey_glass(34, 17, 1.2)
    assert_allclose(x[:18], first(np.arange(18)), rtol=1e-8)
    last = first(17) * np.exp(-1.7) + quad(driven, 0, 17)[0]
    assert x[34] == pytest.approx(last, rel=1e-7)


def test_mackey_glass_steps_are_short_enough_and_of_fourth_order():
    default = largest_error(solve_mackey_glass, steps_per_unit=(10, 100))
    longer = largest_error(solve_mackey_glass, steps_per_unit=(5, 100))
    assert default < 1e-8
    assert longer / default == pytest.approx(2**4, rel=0.3)


@pytest.mark.parametrize("x0", [0.5, 0.9, 1.2])
def test_mackey_glass_range(x0):
    series = make_mackey_glass(5000, x0=x0)
    assert series.shape == (5000,)
    assert series.dtype == np.float64
    assert 0.4 < series.min() < 0.45
    assert 1.25 < series.max() < 1.4


def test_mackey_glass_is_chaotic_or_periodic_by_its_delay():
    lags = range(20, 1000)
    assert smallest_change(make_mackey_glass(3000), lags) > 0.2
    assert smallest_change(make_mackey_glass(3000, tau=10), lags) < 0.02


@pytest.mark.parametrize("tau", [1, 2, 4])
def test_mackey_glass_settles_with_a_short_delay(tau):
    assert_allclose(make_mackey_glass(100, tau=tau), 1.0, atol=1e-6)


@pytest.mark.parametrize("x0", [0.0, 1.0])
def test_mackey_glass_stays_at_its_fixed_points(x0):
    assert_allclose(make_mackey_glass(10, x0=x0), x0, atol=1e-12)


def test_mackey_glass_of_another_history():
    assert_array_equal(make_mackey_glass(100), make_mackey_glass(200)[:100])
    assert abs(make_mackey_glass(200) - make_mackey_glass(200, x0=0.9)).max() > 0.1


@pytest.mark.parametrize("tau", [0, -3, 16.8, "17"])
def test_mackey_glass_delays_that_are_refused(tau):
    with pytest.raises(ValueError, match=f"tau must be an int .* Got {tau!r} instead"):
        make_mackey_glass(tau=tau)


# Lorenz


@pytest.fixture(scope="module")
def attractor():
    return make_lorenz(20000)


def solve_lorenz(longest_step):
    return chaotic._lorenz(100, 28.0, 0.02, (1, 1, 1), longest_step)


def test_lorenz_steps_are_short_enough_and_of_fourth_order():
    default = largest_error(solve_lorenz, longest_step=(0.0025, 0.00025))
    longer = largest_error(solve_lorenz, longest_step=(0.005, 0.00025))
    assert default < 1e-4
    assert longer / default == pytest.approx(2**4, rel=0.3)


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("rho", [14.0, 28.0])
def test_lorenz_stays_at_its_fixed_points(sign, rho):
    x = sign * np.sqrt(8 / 3 * (rho - 1))
    point = (x, x, rho - 1)
    assert_allclose(chaotic._lorenz_slope(point, rho), 0.0, atol=1e-12)
    assert_allclose(make_lorenz(100, rho=rho, x0=point), [point] * 100, rtol=1e-9)


def test_lorenz_is_symmetric():
    series = make_lorenz(1000, x0=(1.0, 2.0, 20.0))
    mirrored = make_lorenz(1000, x0=(-1.0, -2.0, 20.0))
    assert_array_equal(mirrored, series * [-1, -1, 1])


def test_lorenz_range(attractor):
    x, y, z = attractor.T
    # no solution leaves this sphere: radius beta (sigma + rho) / (2 sqrt(beta - 1))
    radius = 8 / 3 * 38 / (2 * np.sqrt(5 / 3))
    assert (x**2 + y**2 + (z - 38) ** 2 < radius**2).all()
    assert z.min() > 0
    assert x.min() < -15
    assert x.max() > 15


def test_lorenz_averages(attractor):
    """For a bounded solution, the averages of dz/dt and d(x^2)/dt are 0."""
    x, y, z = attractor.T
    assert (x * y).mean() == pytest.approx(8 / 3 * z.mean(), rel=0.01)
    assert (x * y).mean() == pytest.approx((x * x).mean(), rel=0.01)


@pytest.mark.parametrize("rho", [0.0, 0.5])
def test_lorenz_without_convection_decays(rho):
    series = make_lorenz(1000, rho=rho)
    assert abs(series[0]).max() < 1e-3
    assert abs(series[-1]).max() < 1e-6


def test_lorenz_solutions_that_start_close_part():
    series, other = make_lorenz(2000), make_lorenz(2000, x0=(1.0, 1.0, 1.0 + 1e-9))
    apart = abs(series - other).max(axis=1)
    assert apart[0] < 1.0
    assert apart.max() > 10


@pytest.mark.parametrize("step", [0.01, 0.05, 0.5])
def test_lorenz_step_is_the_time_between_samples(step):
    every = round(step / 0.01)
    short = chaotic._lorenz(4 * every + 1, 28.0, 0.01, (1, 1, 1))
    assert_allclose(
        chaotic._lorenz(5, 28.0, step, (1, 1, 1)), short[::every], rtol=1e-6
    )
    assert make_lorenz(7, step=step).shape == (7, 3)


@pytest.mark.parametrize("make", [make_mackey_glass, make_lorenz, make_narma])
def test_thousands_of_samples_take_less_than_a_second(make):
    start = time.process_time()
    make(3000)
    assert time.process_time() - start < 1.0
