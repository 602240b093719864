"""Any regressor on windows: normalised by hand, filled, and in a forecaster."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.neighbors import KNeighborsRegressor

from skrnn import (
    Forecaster,
    SeasonalNaiveRegressor,
    SequenceWindower,
    WindowRegressor,
)

WALK = np.random.RandomState(0).normal(size=200).cumsum()
WINDOWS = SequenceWindower(6).fit_transform(WALK[:-2, np.newaxis])[5:]
NEXT = np.stack([WALK[6:-1], WALK[7:]], axis=1)


def test_windows_are_read_step_by_step():
    fitted = WindowRegressor(Ridge()).fit(WINDOWS, NEXT)
    flat = WINDOWS.reshape(len(WINDOWS), -1)
    expected = Ridge().fit(flat, NEXT).predict(flat)
    assert_allclose(fitted.predict(WINDOWS), expected, atol=1e-6)


def test_last_makes_windows_and_targets_changes_from_the_last_value():
    fitted = WindowRegressor(Ridge(), normalize="last").fit(WINDOWS, NEXT)
    last = WINDOWS[:, -1]
    changes = WINDOWS[..., 0] - last
    expected = Ridge().fit(changes, NEXT - last).predict(changes) + last
    assert_allclose(fitted.predict(WINDOWS), expected, atol=1e-6)


def test_standard_divides_by_the_deviation_of_the_window():
    fitted = WindowRegressor(Ridge(), normalize="standard").fit(WINDOWS, NEXT)
    mean, std = WINDOWS.mean(axis=1), WINDOWS.std(axis=1)
    std = np.maximum(std, 0.1 * WINDOWS.std())
    scaled, y = (WINDOWS[..., 0] - mean) / std, (NEXT - mean) / std
    expected = Ridge().fit(scaled, y).predict(scaled) * std + mean
    assert_allclose(fitted.predict(WINDOWS), expected, rtol=0.02, atol=0.02)


def test_trees_follow_a_trend_on_relative_windows():
    trend = np.arange(200.0)
    trees = HistGradientBoostingRegressor(random_state=0)
    relative = WindowRegressor(trees, normalize="last")
    plain, followed = (
        Forecaster(each, horizon=1, window_length=4).fit(y=trend).forecast(1)[0]
        for each in (trees, relative)
    )
    assert plain < 199.5
    assert followed == pytest.approx(200)


def test_each_output_has_a_clone_where_the_regressor_supports_one():
    trees = HistGradientBoostingRegressor(max_iter=5, random_state=0)
    fitted = WindowRegressor(trees).fit(WINDOWS, NEXT)
    assert isinstance(fitted.regressor_, MultiOutputRegressor)
    first = WindowRegressor(trees).fit(WINDOWS, NEXT[:, 0]).predict(WINDOWS)
    assert_allclose(fitted.predict(WINDOWS)[:, 0], first)


def test_missing_values_are_filled_by_the_last_observed_one():
    missing, filled = WINDOWS.copy(), WINDOWS.copy()
    missing[:, 3], filled[:, 3] = np.nan, WINDOWS[:, 2]
    fitted = WindowRegressor(Ridge()).fit(WINDOWS, NEXT)
    assert_allclose(fitted.predict(missing), fitted.predict(filled))


class Recorder(RegressorMixin, BaseEstimator):
    """Predicts zeros, and keeps how many values are missing in fit and in predict."""

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def fit(self, X, y):
        self.in_fit_ = int(np.isnan(X).sum())
        return self

    def predict(self, X):
        self.in_predict_ = int(np.isnan(X).sum())
        return np.zeros(len(X))


@pytest.mark.parametrize("y", [NEXT[:, 0], NEXT[:, :1], NEXT], ids=["1-D", "1", "2"])
def test_a_regressor_reads_the_same_windows_in_fit_and_predict(y):
    """One that does not support several outputs is filled for, if it is cloned."""
    missing = WINDOWS.copy()
    missing[::2, 3] = np.nan
    regressor = WindowRegressor(Recorder()).fit(missing, y)
    regressor.predict(missing)
    fitted = regressor.regressor_
    parts = [fitted] if y.ndim == 1 else fitted.estimators_
    n_missing = len(missing[::2]) if y.ndim == 1 else 0
    assert {(part.in_fit_, part.in_predict_) for part in parts} == {(n_missing,) * 2}


def test_missing_values_reach_a_regressor_that_supports_them():
    missing = WINDOWS.copy()
    missing[::2, 3] = np.nan
    trees = HistGradientBoostingRegressor(max_iter=5, random_state=0)
    y = NEXT[:, 0]
    expected = trees.fit(missing.reshape(len(missing), -1), y)
    fitted = WindowRegressor(trees).fit(missing, y)
    predicted = expected.predict(missing.reshape(len(missing), -1))
    assert_allclose(fitted.predict(missing), predicted)


def test_weights_are_passed_on():
    weight = np.random.RandomState(1).uniform(size=len(NEXT))
    fitted = WindowRegressor(Ridge(alpha=1e-8)).fit(WINDOWS, NEXT, weight)
    flat = WINDOWS.reshape(len(WINDOWS), -1)
    expected = Ridge(alpha=1e-8).fit(flat, NEXT, weight / weight.max()).predict(flat)
    assert_allclose(fitted.predict(WINDOWS), expected, rtol=1e-6)


@pytest.mark.parametrize(
    ("name", "regressor"),
    [
        ("regressor", WindowRegressor(KNeighborsRegressor())),
        ("regressor", WindowRegressor(KNeighborsRegressor(), base=Ridge())),
        ("base", WindowRegressor(Ridge(), base=KNeighborsRegressor())),
    ],
)
def test_a_regressor_without_weights_refuses_them(name, regressor):
    with pytest.raises(ValueError, match=f"fit of {name}=KNeighborsRegressor"):
        regressor.fit(WINDOWS, NEXT, np.ones(len(NEXT)))


@pytest.mark.parametrize("normalize", [None, "last"])
def test_the_regressor_learns_residuals_of_the_base(normalize):
    weight = np.random.RandomState(1).uniform(size=len(NEXT))
    regressor = WindowRegressor(
        Ridge(), normalize=normalize, base=SeasonalNaiveRegressor(4)
    )
    fitted = regressor.fit(WINDOWS, NEXT, weight)
    season_ago = WINDOWS[:, [2, 3], 0]
    steps = WINDOWS[..., 0] - (0 if normalize is None else WINDOWS[:, -1])
    residuals = NEXT - season_ago
    expected = Ridge().fit(steps, residuals, weight).predict(steps) + season_ago
    assert_allclose(fitted.predict(WINDOWS), expected, rtol=1e-5, atol=1e-5)
    assert isinstance(fitted.base_, SeasonalNaiveRegressor)
    assert isinstance(fitted.regressor_, Ridge)
    assert not hasattr(fitted.set_params(base=None).fit(WINDOWS, NEXT), "base_")


def test_each_output_has_a_clone_of_the_base_too_and_all_get_one_dimension():
    trees = HistGradientBoostingRegressor(max_iter=5, random_state=0)
    fitted = WindowRegressor(trees, base=trees).fit(WINDOWS, NEXT)
    assert isinstance(fitted.base_, MultiOutputRegressor)
    first = WindowRegressor(trees, base=trees).fit(WINDOWS, NEXT[:, 0])
    flat, y = WINDOWS.reshape(len(WINDOWS), -1), NEXT[:, 0]
    expected = trees.fit(flat, y).predict(flat)
    expected = expected + trees.fit(flat, y - expected).predict(flat)
    for predicted in (fitted.predict(WINDOWS)[:, 0], first.predict(WINDOWS)):
        assert_allclose(predicted, expected)


def test_missing_values_are_filled_unless_the_base_and_the_regressor_take_them():
    missing = WINDOWS.copy()
    missing[::2, 3] = np.nan
    filled = np.where(np.isnan(missing), WINDOWS[:, [2]], missing)
    regressor = WindowRegressor(Ridge(), base=SeasonalNaiveRegressor(2))
    predicted = regressor.fit(missing, NEXT).predict(missing)
    assert_allclose(predicted, regressor.fit(filled, NEXT).predict(filled))
