"""Forecaster.windows: what the regressor reads to forecast the next steps."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from skrnn import Forecaster, SeasonalNaiveRegressor

DAYS = pd.date_range("2026-01-01", periods=60, freq="D", name="day")
RNG = np.random.RandomState(0)
X = pd.DataFrame({"price": RNG.rand(60), "wind": RNG.rand(60)}, DAYS)
Y = pd.Series(RNG.rand(60), DAYS, name="load")


class Spy(Ridge):
    """Ridge that keeps the windows it predicted from."""

    seen = []

    def predict(self, X):
        self.seen.append(X)
        return super().predict(X)


def forecaster(**parameters):
    parameters = {"window_length": 5, "horizon": 3, **parameters}
    return Forecaster(Spy(), **parameters)


def windows_read(fitted, X):
    """The windows that the regressor gets for the forecasts of a horizon, 3-D."""
    Spy.seen.clear()
    fitted.forecast(fitted.horizon, X)
    (windows,) = Spy.seen
    length = fitted.window_length_
    names = [name.removesuffix("_lag0") for name in windows.columns if "lag0" in name]
    return windows.to_numpy().reshape(len(windows), length, -1), names


def test_each_value_is_that_of_the_window_at_its_own_time():
    """Known inputs, which the window has shifted back, stand at their times."""
    fitted = forecaster(past_features=["wind"], date_features="day_of_week")
    fitted.fit(X[:50], Y[:50])
    frame = fitted.windows(X[50:])
    (window,), names = windows_read(fitted, X[50:])
    assert list(frame.columns) == names
    assert_array_equal(frame.index, DAYS[45:53])
    assert frame.index.name == "day"
    for position, name in enumerate(names):
        known = name not in ("load", "wind")
        shown, other = (frame[3:], frame[:3]) if known else (frame[:5], frame[5:])
        assert_array_equal(shown[name], window[:, position])
        assert other[name].isna().all()
    scaled = StandardScaler().fit(X[:50]).transform(X)
    assert_allclose(frame["price"][3:], scaled[48:53, 0])
    assert_allclose(frame["wind"][:5], scaled[45:50, 1])
    mean, deviation = Y[:50].mean(), Y[:50].std(ddof=0)
    assert_allclose(frame["load"][:5], (Y[45:50] - mean) / deviation)


def test_without_known_inputs_there_is_the_window_alone():
    fitted = forecaster(past_features=["price", "wind"]).fit(X[:50], Y[:50])
    fitted.update(X[50:], Y[50:])
    frame = fitted.windows()
    (window,), names = windows_read(fitted, None)
    assert list(frame.columns) == names == ["load", "price", "wind"]
    assert_array_equal(frame, window)
    assert_array_equal(frame.index, DAYS[55:])


def test_rows_of_an_array_have_their_numbers():
    fitted = forecaster().fit(X[:50].to_numpy(), Y[:50].to_numpy())
    frame = fitted.windows(X[50:53].to_numpy())
    assert_array_equal(frame.index, np.arange(45, 53))
    assert list(frame.columns) == ["y", "x0", "x1"]
    assert_array_equal(forecaster().fit(y=Y.to_numpy()).windows().index, range(55, 60))


def test_a_panel_has_a_window_for_each_series():
    """Which may end at different times, or begin within their window."""
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=5, horizon=2)
    short = Y[20:23]
    panel = pd.concat({"b": Y, "a": Y[:40], "c": short}, names=["series"])
    fitted = naive.set_params(date_features="month", target_transformer=None)
    frame = fitted.fit(y=panel).windows()
    assert list(frame.index.unique("series")) == ["b", "a", "c"]
    assert frame.index.names == ["series", "day"]
    for name, end, first in ("b", 60, 55), ("a", 40, 35), ("c", 23, 20):
        of_series = frame.loc[name]
        ahead = DAYS.append(DAYS[-1:].shift(1)).append(DAYS[-1:].shift(2))
        assert_array_equal(of_series.index, ahead[first : end + 2])
        assert_array_equal(of_series["load"][:-2], Y[first:end])
        assert of_series["load"][-2:].isna().all()


def test_missing_days_are_missing_steps():
    holes = Y.drop(DAYS[[52, 53, 57]])
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=5, horizon=2)
    frame = naive.fit(y=holes).windows()
    assert_array_equal(frame.index, DAYS[55:])
    assert_array_equal(frame["load"].isna(), [False, False, True, False, False])
    frame = naive.set_params(window_length=8).fit(y=holes).windows()
    assert_array_equal(frame.index, DAYS[54:], "not the steps before the first row")


def test_inputs_of_the_horizon_are_needed():
    fitted = forecaster().fit(X[:50], Y[:50])
    with pytest.raises(ValueError, match="are needed for the rows to forecast"):
        fitted.windows()
    with pytest.raises(ValueError, match="X has no row for 2026-02-22"):
        fitted.windows(X[50:52])
