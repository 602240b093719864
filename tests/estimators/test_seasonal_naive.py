"""The baseline: the value one season before."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import (
    ExponentialSmoothingRegressor,
    SeasonalNaiveRegressor,
    SequenceWindower,
    to_supervised,
)
from skrnn.estimators.outputs import outputs_of
from skrnn.windows.layout import WindowLayout

SERIES = np.arange(100.0, 140.0)


def windows_of(series, n_timesteps):
    return np.lib.stride_tricks.sliding_window_view(series, n_timesteps)[..., None]


def test_persistence_is_the_last_value():
    X = windows_of(SERIES[:-1], 4)
    predicted = SeasonalNaiveRegressor().fit(X, SERIES[4:]).predict(X)
    assert_array_equal(predicted, SERIES[3:-1])


@pytest.mark.parametrize("season_length", [1, 3, 7])
@pytest.mark.parametrize("horizon", [1, 2, 5, 9])
def test_each_step_ahead_has_the_value_a_whole_number_of_seasons_before(
    season_length, horizon
):
    X, y = to_supervised(SERIES, horizon=horizon)
    windows = SequenceWindower(8).fit_transform(X)[8:]
    y = y[8:].reshape(-1, horizon)
    naive = SeasonalNaiveRegressor(season_length).fit(windows, y)
    leads = np.arange(1, horizon + 1)
    seasons = -(-leads // season_length)
    assert naive.leads_ == leads.tolist()
    assert_array_equal(naive.predict(windows), y - season_length * seasons)


def test_a_missing_value_is_that_of_an_earlier_season():
    window = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    window[0, 3] = np.nan
    X = np.concatenate([window, window])[..., None]
    naive = SeasonalNaiveRegressor(3).fit(X, np.array([4.0, 6.0]))
    assert_array_equal(naive.predict(X), [1, 1])
    X[:, [0, 3]] = np.nan
    assert_array_equal(naive.predict(X), [6, 6])  # the last known value
    X[:] = np.nan
    assert_array_equal(naive.predict(X), [5, 5])  # the mean of y


def test_names_tell_features_and_leads():
    """Leads may be in any order."""
    frame = pd.DataFrame({"wind": SERIES, "load": -SERIES})
    X, y = to_supervised(frame, horizon=3, target="load")
    y = y[["load_lead3", "load_lead1"]]
    pipe = make_pipeline(
        SequenceWindower(4, flatten=True).set_output(transform="pandas"),
        SeasonalNaiveRegressor(2),
    )
    predicted = pipe.fit(X, y).predict(X)[4:]
    assert pipe[-1].leads_ == [3, 1]
    assert_array_equal(predicted, y[4:] + np.array([4, 2]))


LAYOUT = WindowLayout(2, 4, 2, None, ["load", "wind"])


@pytest.mark.parametrize(
    ("target_features", "features", "leads"),
    [
        ("wind", [1, 1, 1], [1, 2, 3]),
        (-1, [1, 1, 1], [1, 2, 3]),
        (["load", "wind", "load"], [0, 1, 0], [1, 1, 2]),
    ],
)
def test_target_features_are_names_or_positions(target_features, features, leads):
    assert outputs_of(None, 3, target_features, LAYOUT) == (features, leads)


@pytest.mark.parametrize(
    ("target_features", "message"),
    [
        (None, "has 2 features.*Set target_features to its position"),
        ("sun", r"'sun' is none of them. They are \['load', 'wind'\]\."),
        (2, "must name features of X, but 2 is none.* They are .* Set it"),
        ([0, 1], "one feature for each of the 3 outputs"),
    ],
)
def test_what_target_features_cannot_be(target_features, message):
    with pytest.raises(ValueError, match=message):
        outputs_of(None, 3, target_features, LAYOUT)


def test_a_season_longer_than_the_windows_is_an_error():
    with pytest.raises(ValueError, match="season_length=5 is longer than the windows"):
        SeasonalNaiveRegressor(5).fit(windows_of(SERIES[:-1], 4), SERIES[4:])


@pytest.mark.parametrize(
    "regressor", [SeasonalNaiveRegressor(2), ExponentialSmoothingRegressor(2)]
)
def test_columns_without_the_newest_lags_are_an_error(regressor):
    windows = windows_of(SERIES[:-1], 4).reshape(-1, 4)
    X = pd.DataFrame(windows, columns=[f"load_lag{k}" for k in (4, 3, 2, 1)])
    with pytest.raises(ValueError, match=r"needs all lags .* the lags \[1, 2, 3, 4\]"):
        regressor.fit(X, SERIES[4:])
