"""Exponential smoothing beside its equations, a window and a step at a time."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import (
    ElmanRegressor,
    ExponentialSmoothingRegressor,
    SequenceWindower,
    WindowRegressor,
    to_supervised,
)

RNG = np.random.RandomState(0)
MONTHS = np.arange(90)
SALES = 50 + MONTHS / 4 + 10 * np.sin(2 * np.pi * MONTHS / 12) + RNG.normal(size=90)


def windows_of(series, n_steps, horizon):
    """Windows, and the values of the steps that follow each of them."""
    n_windows = len(series) - n_steps - horizon + 1
    view = np.lib.stride_tricks.sliding_window_view
    X = view(series, n_steps)[:n_windows, :, np.newaxis]
    return X.copy(), view(series, horizon)[n_steps:].copy()


def mean(values):
    """Return the mean of the values that are not NaN, or else 0."""
    known = [value for value in values if not np.isnan(value)]
    return sum(known) / len(known) if known else 0.0


def forecasts(window, m, smoothing, leads):
    """Return the forecasts after a window, from the equations of the docstring."""
    alpha, beta, phi, gamma = smoothing
    n, b = len(window), 0.0
    if phi and n >= 2 * m:
        b = mean([window[t] - window[t - m] for t in range(m, n)]) / m
    rest = [y - b * (t + 1) for t, y in enumerate(window)]
    level = mean(rest)
    known = [k for k in range(m) if not np.isnan(rest[k::m]).all()]
    s = [mean(rest[k::m]) - level if k in known else 0.0 for k in range(m)]
    for t, y in enumerate(window):
        e = 0.0 if np.isnan(y) else y - (level + phi * b + s[t])
        level = level + phi * b + alpha * e
        b = phi * b + alpha * beta * e
        s.append(s[t] + (1 - alpha) * gamma * e)
    at = [s[n + (lead - 1) % m] for lead in leads]
    trends = [sum(phi**k for k in range(1, lead + 1)) * b for lead in leads]
    return [level + trend + season for trend, season in zip(trends, at, strict=True)]


GRID = [
    (alpha, beta, phi, gamma)
    for (beta, phi), alpha, gamma in product(
        [(0, 0), (0, 0.98), (0.1, 0.98)], [0.05, 0.1, 0.2, 0.4, 0.8], [0, 0.1, 0.3]
    )
]


@pytest.mark.parametrize(
    ("season_length", "n_steps", "horizon"), [(12, 24, 15), (12, 20, 2), (1, 6, 3)]
)
@pytest.mark.parametrize("has_missing", [False, True])
def test_parameters_and_predictions_are_those_of_the_equations(
    season_length, n_steps, horizon, has_missing
):
    X, y = windows_of(SALES, n_steps, horizon)
    if has_missing:
        X[RNG.uniform(size=X.shape) < 0.2] = np.nan
        X[3] = np.nan
    smoothing = ExponentialSmoothingRegressor(season_length).fit(X, y)
    leads = range(1, horizon + 1)
    known = ~np.isnan(X).all(axis=(1, 2))

    def error(parameters):
        after = [forecasts(x[:, 0], season_length, parameters, leads) for x in X[known]]
        return np.abs(np.array(after) - y[known]).mean()

    grid = [each for each in GRID if season_length > 1 or each[3] == 0]
    best = min(grid, key=error)
    assert_array_equal(smoothing.smoothing_, [best] * horizon)
    expected = [forecasts(x[:, 0], season_length, best, leads) for x in X]
    predicted = smoothing.predict(X)
    assert_allclose(predicted[known], np.array(expected)[known])
    assert_allclose(predicted[~known], np.tile(y.mean(axis=0), (sum(~known), 1)))


def test_weights_choose_the_parameters():
    """Windows without weight are as if they were not there."""
    X, y = windows_of(np.concatenate([SALES, 30 * RNG.normal(size=90)]), 24, 3)
    weight = np.zeros(len(X))
    weight[:60] = RNG.uniform(1, 2, size=60)
    weighted = ExponentialSmoothingRegressor(12).fit(X, y, sample_weight=weight)
    alone = ExponentialSmoothingRegressor(12).fit(X[:60], y[:60], weight[:60])
    assert_array_equal(weighted.smoothing_, alone.smoothing_)
    every = ExponentialSmoothingRegressor(12).fit(X, y)
    assert (every.smoothing_ != weighted.smoothing_).any()


def test_each_feature_has_its_own_parameters():
    noise = 50 + np.random.RandomState(1).normal(size=90)
    frame = pd.DataFrame({"sales": SALES, "noise": noise})
    X, y = to_supervised(frame, horizon=4)
    y = y[["noise_lead3", "sales_lead1", "noise_lead1"]]
    windower = SequenceWindower(24, flatten=True).set_output(transform="pandas")
    pipe = make_pipeline(windower, ExponentialSmoothingRegressor(12))
    predicted = pipe.fit(X[24:], y[24:]).predict(X[24:])
    assert pipe[-1].leads_ == [3, 1, 1]
    windows = pipe[0].transform(X[24:]).to_numpy().reshape(-1, 24, 2)
    for feature, outputs, leads in [(1, [0, 2], [3, 1]), (0, [1], [1])]:
        named = y[24:].iloc[:, outputs]
        alone = ExponentialSmoothingRegressor(12, target_features=feature)
        alone.fit(windows, named)
        assert alone.leads_ == leads
        assert_allclose(
            predicted[:, outputs], alone.predict(windows).reshape(-1, len(leads))
        )
        assert_allclose(pipe[-1].smoothing_[outputs], alone.smoothing_)


def test_of_many_windows_a_thousand_are_tried():
    series = np.tile(SALES, 30)
    X, y = windows_of(series, 24, 2)
    smoothing = ExponentialSmoothingRegressor(12).fit(X, y)
    rows = slice(None, None, 3)
    assert 700 < len(X[rows]) <= 1000
    some = ExponentialSmoothingRegressor(12).fit(X[rows], y[rows])
    assert_array_equal(smoothing.smoothing_, some.smoothing_)


@pytest.mark.parametrize(
    "beside",
    [
        WindowRegressor(ElmanRegressor(2, epochs=1, random_state=0)),
        ElmanRegressor(2, epochs=30, random_state=0),
    ],
    ids=["WindowRegressor", "network"],
)
def test_it_is_the_base_of_other_regressors(beside):
    X, y = windows_of(SALES, 24, 2)
    beside.set_params(base=ExponentialSmoothingRegressor(12)).fit(X[:50], y[:50])
    alone = ExponentialSmoothingRegressor(12).fit(X[:50], y[:50])
    assert_array_equal(beside.base_.smoothing_, alone.smoothing_)
    others = np.abs(beside.predict(X[50:]) - y[50:]).mean()
    assert others < 2 * np.abs(alone.predict(X[50:]) - y[50:]).mean()


def test_without_any_value_the_mean_of_the_targets_is_predicted():
    X, y = windows_of(SALES, 24, 2)
    smoothing = ExponentialSmoothingRegressor(12).fit(np.full_like(X, np.nan), y)
    assert_allclose(smoothing.predict(X[:1] * np.nan), [y.mean(axis=0)])


def test_a_season_longer_than_the_windows_is_an_error():
    X, y = windows_of(SALES, 4, 1)
    with pytest.raises(ValueError, match="season_length=5 is longer than the windows"):
        ExponentialSmoothingRegressor(5).fit(X, y[:, 0])
