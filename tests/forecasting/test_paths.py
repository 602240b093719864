"""Forecaster.sample_paths: whole futures, drawn from errors of whole paths."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal
from scipy.stats import norm
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.linear_model import Ridge
from sklearn.preprocessing import FunctionTransformer

from skrnn import Forecaster, GRURegressor, SeasonalNaiveRegressor
from skrnn.exceptions import MissingStepsWarning

PHI = 0.8


def naive(horizon, **parameters):
    """A forecaster that repeats the last value, whose errors are known by hand."""
    parameters = {"calibration_size": 50, "target_transformer": None, **parameters}
    return Forecaster(
        SeasonalNaiveRegressor(), window_length=4, horizon=horizon, **parameters
    )


def changes_of(values, n_held_out, horizon):
    """The values after each origin of the calibration minus the last, one a column."""
    values = values.to_numpy()
    origins = range(len(values) - n_held_out - 1, len(values) - horizon)
    return np.transpose([values[k + 1 : k + 1 + horizon] - values[k] for k in origins])


def sorted_columns(array):
    return array[:, np.lexsort(array)]


@pytest.fixture(scope="module")
def series():
    """A random walk by the year, without a season."""
    steps = np.random.RandomState(0).normal(size=300)
    index = pd.date_range("1800-01-01", periods=300, freq="YS", name="year")
    return pd.Series(steps.cumsum(), index, name="y")


@pytest.fixture(scope="module")
def autoregressive():
    """A forecaster of 100 autoregressive series, and their last values."""
    noise = np.random.RandomState(0).normal(size=(1000, 100))
    values = np.zeros_like(noise)
    for row in range(1, 1000):
        values[row] = PHI * values[row - 1] + noise[row]
    panel = pd.DataFrame(values).stack().swaplevel().sort_index()
    forecaster = Forecaster(Ridge(), window_length=4, horizon=12, calibration_size=400)
    return forecaster.fit(y=panel), values[-1]


def test_paths_are_the_forecast_plus_the_errors_of_each_origin(series):
    """Of a naive forecaster, what happened after each origin, from the last value on.

    With as many paths as origins, each is drawn once.
    """
    forecaster = naive(3).fit(y=series)
    paths = forecaster.sample_paths(3, n_paths=48, random_state=0)
    expected = series.iloc[-1] + changes_of(series, 50, 3)
    assert_allclose(sorted_columns(paths.to_numpy()), sorted_columns(expected))
    pd.testing.assert_index_equal(paths.index, forecaster.forecast(3).index)
    pd.testing.assert_index_equal(paths.columns, pd.RangeIndex(48, name="path"))
    first = forecaster.sample_paths(2, n_paths=48, random_state=0)
    assert_frame_equal(first, paths[:2], check_freq=False)


def coverage_of_sums(ends, last, n_steps):
    """The mean probability that sums of autoregressive values lie between ends."""
    steps = np.arange(1, n_steps + 1)
    mean = last * (PHI**steps).sum()
    scale = np.sqrt((((1 - PHI**steps) / (1 - PHI)) ** 2).sum())
    return np.diff(norm.cdf((np.transpose(ends) - mean) / scale), axis=0).mean()


def test_quantiles_of_sums_have_their_coverage_and_sums_of_bounds_do_not(
    autoregressive,
):
    forecaster, last = autoregressive
    paths = forecaster.sample_paths(12, n_paths=500, random_state=0)
    sums = paths.groupby(level=0).sum()
    ends = sums.quantile([0.1, 0.9], axis=1).T
    assert abs(coverage_of_sums(ends, last, 12) - 0.8) < 0.03
    upper = sums.quantile(0.95, axis=1)
    ends = np.column_stack([np.full(100, -np.inf), upper])
    assert abs(coverage_of_sums(ends, last, 12) - 0.95) < 0.03
    bounds = forecaster.forecast(12, coverage=0.8).groupby(level=0).sum()
    ends = bounds[["lower_bound", "upper_bound"]]
    assert coverage_of_sums(ends, last, 12) > 0.9


def test_paths_beyond_the_horizon_go_on_from_their_own_past(autoregressive):
    """Their variance and their sums are known of an autoregressive series."""
    forecaster, last = autoregressive
    paths = forecaster.sample_paths(36, n_paths=500, random_state=0)
    deviation = paths.std(axis=1).groupby(level=1).mean()
    steps = np.arange(1, 37)
    expected = np.sqrt((1 - PHI ** (2 * steps)) / (1 - PHI**2))
    assert_allclose(deviation, expected, rtol=0.03)
    ends = paths.groupby(level=0).sum().quantile([0.1, 0.9], axis=1).T
    assert abs(coverage_of_sums(ends, last, 36) - 0.8) < 0.08
    path = paths.loc[0].to_numpy()
    between = np.corrcoef(path[11], path[12])[0, 1]  # the blocks, from one to the next
    assert abs(between - PHI) < 0.1


def test_blocks_beyond_the_horizon_are_changes_of_the_series_too(series):
    """Drawn independently, so that few paths repeat a pair of errors."""
    forecaster = naive(2).fit(y=series)
    paths = forecaster.sample_paths(5, n_paths=490, random_state=0).to_numpy()
    expected = sorted_columns(changes_of(series, 50, 2))
    second = np.unique((paths[2:4] - paths[1]).round(9), axis=1)
    assert_allclose(sorted_columns(second), expected, atol=1e-8)
    assert len(np.unique(paths[3].round(9))) > 350


def test_errors_are_those_of_origins_at_the_same_point_of_the_season():
    hours = pd.date_range("2026-01-01", periods=60 * 24, freq="h")
    noise = np.random.RandomState(0).normal(size=len(hours))
    y = pd.Series(noise * np.where(hours.hour < 12, 10, 1), hours)
    forecaster = Forecaster(
        Ridge(), window_length=2, horizon=6, calibration_size=45 * 24
    )
    paths = forecaster.fit(y=y).sample_paths(24, n_paths=200, random_state=0)
    deviation = paths.std(axis=1)
    assert deviation[:11].min() > 6
    assert deviation[14:23].max() < 3


def test_the_same_seed_draws_the_same_paths(series):
    forecaster = naive(3).fit(y=series)
    paths = forecaster.sample_paths(6, n_paths=20, random_state=1)
    assert_frame_equal(paths, forecaster.sample_paths(6, n_paths=20, random_state=1))
    other = forecaster.sample_paths(6, n_paths=20, random_state=2)
    assert (paths != other).any(axis=None)
    loaded = pickle.loads(pickle.dumps(forecaster))
    assert_frame_equal(paths, loaded.sample_paths(6, n_paths=20, random_state=1))


def test_paths_after_an_update_are_those_of_all_rows(series):
    updated = naive(3).fit(y=series[:-60]).update(y=series[-60:])
    expected = naive(3).fit(y=series).sample_paths(6, random_state=0)
    assert_frame_equal(updated.sample_paths(6, random_state=0), expected)


def test_targets_depend_on_each_other(series):
    both = pd.DataFrame({"a": series, "b": 5 * series})
    paths = naive(2).fit(y=both).sample_paths(3, n_paths=7, random_state=0)
    expected = [(target, path) for target in "ab" for path in range(7)]
    assert list(paths.columns) == expected
    assert paths.columns.names == [None, "path"]
    assert_allclose(paths["b"], 5 * paths["a"])


def test_arrays_give_arrays(series):
    y = series.to_numpy()
    paths = naive(2).fit(y=series).sample_paths(3, n_paths=7, random_state=0)
    found = naive(2).fit(y=y).sample_paths(3, n_paths=7, random_state=0)
    assert_allclose(found, paths)
    both = naive(2).fit(y=np.column_stack([y, 2 * y]))
    found = both.sample_paths(3, n_paths=7, random_state=0)
    assert_allclose(found, np.stack([paths, 2 * paths], axis=1))


def test_series_with_the_same_origins_depend_on_each_other(series):
    panel = pd.concat({"up": series, "down": -series}, names=["series"])
    paths = naive(2).fit(y=panel).sample_paths(4, n_paths=100, random_state=0)
    assert_allclose(paths.loc["up"], -paths.loc["down"])


def test_series_that_lack_other_rows_depend_on_each_other_too(series):
    """Errors of as many steps ago are added up, where both series have them."""
    panel = pd.concat(
        {"up": series.drop(series.index[-20]), "down": -series.drop(series.index[-40])},
        names=["series"],
    )
    paths = naive(2).fit(y=panel).sample_paths(4, n_paths=300, random_state=0)
    is_same = np.isclose(paths.loc["up"], -paths.loc["down"]).all(axis=0)
    assert is_same.mean() > 0.7
    errors = paths.sub(panel.groupby("series").last(), axis=0, level="series")
    assert_allclose(errors.loc["up"].std(axis=1), errors.loc["down"].std(axis=1), 0.1)


def test_a_series_with_few_errors_draws_from_those_of_all(series):
    """Which are in transformed units, and each series draws its own."""
    new = {name: 10 * series[-12:].rename(None) for name in ("left", "right")}
    panel = pd.concat({"long": series, **new}, names=["series"])
    forecaster = naive(2, target_transformer="auto").fit(y=panel)
    paths = forecaster.sample_paths(2, n_paths=300, random_state=0)
    errors = paths.sub(forecaster.forecast(2), axis=0)
    assert_allclose(
        errors.loc["left"].std(axis=1), errors.loc["right"].std(axis=1), rtol=0.2
    )
    scale = 10 * series[-12:].std(ddof=0) / series.std(ddof=0)
    expected = scale * errors.loc["long"].std(axis=1)
    assert_allclose(errors.loc["left"].std(axis=1), expected, rtol=0.3)
    correlation = np.corrcoef(errors.loc["left"].iloc[0], errors.loc["right"].iloc[0])
    assert abs(correlation[0, 1]) < 0.2


def test_only_origins_count_whose_whole_path_was_observed(series):
    holes = series.copy()
    holes.iloc[-20] = np.nan
    forecaster = naive(3).fit(y=holes)
    paths = forecaster.sample_paths(3, n_paths=44, random_state=0).to_numpy()
    changes = changes_of(holes, 50, 3)
    changes = changes[:, ~np.isnan(changes).any(axis=0)]
    assert changes.shape[1] == 44  # not the hole and the three origins before it
    expected = sorted_columns(series.iloc[-1] + changes)
    assert_allclose(sorted_columns(paths), expected)


def test_paths_of_logarithms_are_positive(series):
    log = FunctionTransformer(np.log, np.exp)
    y = np.exp(series / 3)
    forecaster = naive(3, target_transformer=log).fit(y=y)
    paths = forecaster.sample_paths(9, random_state=0)
    assert (paths > 0).all(axis=None)
    plain = naive(3).fit(y=series / 3).sample_paths(9, random_state=0)
    assert_allclose(np.log(paths), plain)


def test_paths_are_within_the_range_of_the_transformer(series):
    root = FunctionTransformer(np.sqrt, np.square)
    y = (series - series.min()) ** 2 / 100
    paths = naive(3, target_transformer=root).fit(y=y).sample_paths(30, random_state=0)
    assert (paths >= 0).all(axis=None)


def test_what_never_changed_does_not_change(series):
    flat = 0 * series + 7
    forecaster = naive(2, target_transformer="auto")
    assert (clone(forecaster).fit(y=flat).sample_paths(5) == 7).all(axis=None)
    panel = pd.concat({"flat": flat, "walk": series}, names=["series"])
    paths = clone(forecaster).fit(y=panel).sample_paths(5, random_state=0)
    assert (paths.loc["flat"] == 7).all(axis=None)
    alone = clone(forecaster).fit(y=series).sample_paths(5, random_state=0)
    assert_allclose(paths.loc["walk"], alone)
    both = clone(forecaster).fit(y=pd.DataFrame({"flat": flat, "walk": series}))
    paths = both.sample_paths(5, random_state=0)
    assert (paths["flat"] == 7).all(axis=None)
    assert_allclose(paths["walk"], alone)


def test_a_series_that_cannot_be_forecast_has_no_paths(series):
    panel = pd.concat({"long": series, "short": series[-2:]}, names=["series"])
    forecaster = Forecaster(Ridge(), window_length=4, horizon=2, calibration_size=50)
    forecaster.fit(y=panel)
    with pytest.warns(MissingStepsWarning, match=r"of series \['short'\]"):
        paths = forecaster.sample_paths(4)
    assert paths.loc["long"].notna().all(axis=None)
    assert paths.loc["short"].isna().all(axis=None)


def test_paths_use_inputs_that_are_known_in_advance(series):
    price = pd.DataFrame({"price": np.random.RandomState(1).normal(size=306)})
    price.index = pd.date_range("1800-01-01", periods=306, freq="YS")
    y = 5 * price["price"] + np.random.RandomState(2).normal(size=306) / 100
    forecaster = Forecaster(
        Ridge(0.01), window_length=3, horizon=3, calibration_size=50
    )
    forecaster.fit(price[:300], y[:300].rename("load"))
    paths = forecaster.sample_paths(6, price[300:], n_paths=20, random_state=0)
    assert_allclose(paths.sub(y[300:], axis=0), 0, atol=0.2)


class KnownQuantiles(RegressorMixin, BaseEstimator):
    """Predicts the quantiles -s, 0 and s of the next steps; s is an input."""

    quantile = (0.1, 0.5, 0.9)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X, y):
        self.n_outputs_ = y.shape[1]
        return self

    def predict(self, X):
        return np.zeros((len(X), self.n_outputs_))

    def predict_quantiles(self, X):
        """Return quantiles (n_samples, horizon, 3)."""
        lags = range(self.n_outputs_ - 1, -1, -1)
        scale = np.stack([X[f"scale_lag{lag}"] for lag in lags], axis=1)
        return scale[..., np.newaxis] * [-1, 0, 1]


def test_paths_keep_their_place_between_the_quantiles():
    """And beyond the outermost one, their distance to it."""
    scale = pd.DataFrame({"scale": np.ones(202)})
    scale[200:] = 10
    values = np.random.RandomState(0).choice([-1.5, -0.5, 0, 0.25, 3], size=202)
    forecaster = Forecaster(
        KnownQuantiles(),
        window_length=2,
        horizon=2,
        target_transformer=None,
        input_transformer=None,
        calibration_size=80,
    ).fit(scale[:200], pd.Series(values[:200]))
    paths = forecaster.sample_paths(2, scale[200:], n_paths=79, random_state=0)
    moved = {-1.5: -10.5, -0.5: -5, 0: 0, 0.25: 2.5, 3: 12}
    origins = range(119, 198)
    expected = [[moved[value] for value in values[k + 1 : k + 3]] for k in origins]
    found = sorted_columns(paths.to_numpy())
    assert_allclose(found, sorted_columns(np.transpose(expected)))


def test_paths_of_a_network_that_predicts_quantiles(series):
    """Their quantiles are those forecast, as far as these have their coverage."""
    network = GRURegressor(
        4,
        loss="quantile",
        quantile=(0.1, 0.5, 0.9),
        normalize="last",
        epochs=5,
        random_state=0,
    )
    forecaster = Forecaster(network, window_length=4, horizon=3, calibration_size=100)
    forecaster.fit(y=series)
    paths = forecaster.sample_paths(3, n_paths=500, random_state=0)
    bounds = forecaster.forecast(3, coverage=0.8)
    width = paths.quantile(0.9, axis=1) - paths.quantile(0.1, axis=1)
    assert_allclose(width, bounds["upper_bound"] - bounds["lower_bound"], rtol=0.25)
    further = forecaster.sample_paths(6, n_paths=500, random_state=0)
    assert further.std(axis=1).iloc[-1] > 1.2 * further.std(axis=1).iloc[2]
    network = copy.deepcopy(forecaster).set_params(calibration_size=0)
    with pytest.raises(ValueError, match="fitted with calibration_size=0"):
        network.fit(y=series).sample_paths(3)


@pytest.mark.parametrize(
    ("parameters", "asked", "error", "message"),
    [
        ({}, {"n_paths": 0}, ValueError, "n_paths == 0, must be >= 1"),
        ({}, {"n_paths": True}, TypeError, "n_paths must be an int. Got True"),
        ({}, {"n_paths": 2.5}, TypeError, "n_paths must be an instance of int"),
        ({}, {"steps": 0}, ValueError, "steps == 0, must be >= 1"),
        ({}, {"steps": True}, TypeError, "steps must be an int. Got True"),
        ({}, {"random_state": "a"}, ValueError, "'a' cannot be used to seed"),
        ({"calibration_size": 0}, {}, ValueError, "fitted with calibration_size=0"),
        (
            {"calibration_size": 9},
            {},
            ValueError,
            "at least 9 origins, but there are 8",
        ),
    ],
)
def test_what_cannot_be_sampled(series, parameters, asked, error, message):
    forecaster = naive(2, **parameters).fit(y=series)
    with pytest.raises(error, match=message):
        forecaster.sample_paths(**{"steps": 2, **asked})


def test_the_errors_of_an_origin_must_be_known_at_all_steps(series):
    later = np.arange(300) >= 240
    every_other = series.where(~later | (np.arange(300) % 2 == 0))
    both = pd.DataFrame({"a": series, "b": every_other})
    with pytest.raises(ValueError, match="at least 9 origins, but there are 0"):
        naive(2).fit(y=both).sample_paths(2)
