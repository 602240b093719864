"""The generators and the bundled series."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from skrnn import datasets


def test_sine():
    series = datasets.make_sine()
    assert series.shape == (1000,)
    assert series[-1] == np.sin(100.0)


@pytest.mark.parametrize("n_timesteps", [2, 7, 50])
def test_adding_marks_one_step_in_each_half(n_timesteps):
    X, y = datasets.make_adding(200, n_timesteps=n_timesteps, random_state=0)
    half = n_timesteps // 2
    assert_array_equal(X[:, :half, 1].sum(axis=1), 1)
    assert_array_equal(X[:, half:, 1].sum(axis=1), 1)
    assert y == pytest.approx((X[..., 0] * X[..., 1]).sum(axis=1))
    assert y.var() == pytest.approx(1 / 6, rel=0.3)


def test_echo_comes_after_the_lag():
    X, y = datasets.make_echo(300, lag=20, random_state=0)
    assert X.shape == (300, 1)
    assert_array_equal(y[20:], X[:-20, 0])
    assert y.var() == pytest.approx(1 / 3, rel=0.2)


@pytest.mark.parametrize("order", [1, 2, 5, 10])
def test_narma_follows_its_recursion(order):
    X, y = datasets.make_narma(300, order=order, random_state=0)
    assert (X.shape, y.shape) == ((300, 1), (300,))
    for t in range(order, 300):
        past = y[t - order : t]
        drive = 1.5 * X[t, 0] * X[t - order + 1, 0]
        next_y = 0.3 * past[-1] + 0.05 * past[-1] * past.sum() + drive + 0.1
        assert y[t] == pytest.approx(next_y, rel=1e-13)


@pytest.mark.parametrize("seed", range(5))
def test_narma_is_bounded(seed):
    X, y = datasets.make_narma(5000, random_state=seed)
    assert X.min() >= 0.0
    assert X.max() < 0.5
    assert y.min() > 0.1
    assert y.max() < 1.1
    assert X.mean() == pytest.approx(0.25, abs=0.01)


@pytest.mark.parametrize("order", [15, 20, 30])
def test_narma_of_an_order_that_diverges(order):
    with pytest.raises(ValueError, match=f"diverge with order={order} and"):
        datasets.make_narma(1000, order=order, random_state=0)


def test_narma_continues_with_more_rows():
    X, y = datasets.make_narma(50, random_state=0)
    longer_X, longer_y = datasets.make_narma(80, random_state=0)
    assert_array_equal(longer_X[:50], X)
    assert_array_equal(longer_y[:50], y)


@pytest.mark.parametrize(
    "make", [datasets.make_adding, datasets.make_echo, datasets.make_narma]
)
def test_a_seed_determines_the_data(make):
    assert_array_equal(make(20, random_state=3)[0], make(20, random_state=3)[0])
    assert not np.array_equal(make(20, random_state=3)[0], make(20, random_state=4)[0])


def test_co2():
    co2 = datasets.load_co2()
    assert isinstance(co2.index, pd.DatetimeIndex)
    assert co2.index.freqstr == "W-SAT"
    assert co2.shape == (2284,)
    assert co2.isna().sum() == 59
    assert co2.min() == 313.0
    assert co2.max() == 373.9
