"""Intervals of a Forecaster: split conformal prediction, and of quantiles."""

import copy

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge

from skrnn import Forecaster, GRURegressor, SeasonalNaiveRegressor, backtest
from skrnn.forecasting.conformal import _TRACKED


def naive(horizon, **parameters):
    return Forecaster(
        SeasonalNaiveRegressor(), window_length=4, horizon=horizon, **parameters
    )


@pytest.fixture(scope="module")
def series():
    """A random walk by the year, without a season."""
    steps = np.random.RandomState(0).normal(size=400)
    index = pd.date_range("1800-01-01", periods=400, freq="YS")
    return pd.Series(steps.cumsum(), index, name="y")


@pytest.fixture(scope="module")
def quantile_forecaster(series):
    """A network that predicts three quantiles of the walk."""
    network = GRURegressor(
        4,
        loss="quantile",
        quantile=(0.1, 0.5, 0.9),
        normalize="last",
        epochs=2,
        random_state=0,
    )
    forecaster = Forecaster(network, window_length=4, horizon=3, calibration_size=100)
    return forecaster.fit(y=series)


def conformal_quantile(scores, coverage):
    """The k-th smallest of n scores, k = ceil((n + 1) coverage)."""
    rank = int(np.ceil((len(scores) + 1) * coverage))
    return np.sort(scores)[rank - 1]


@pytest.fixture(scope="module")
def mornings():
    """Noise by the hour, ten times as strong in the first twelve hours of a day."""
    hours = pd.date_range("2026-01-01", periods=60 * 24, freq="h")
    noise = np.random.RandomState(0).normal(size=len(hours))
    return pd.Series(noise * np.where(hours.hour < 12, 10, 1), hours)


def test_bounds_are_those_of_forecasts_from_the_same_hour(mornings):
    n_held_out, coverage = 45 * 24, 0.8
    forecaster = Forecaster(
        Ridge(), horizon=24, window_length=2, calibration_size=n_held_out
    ).fit(y=mornings)
    frame = forecaster.forecast(24, coverage=coverage)
    first = len(mornings) - n_held_out
    earlier = clone(forecaster).set_params(calibration_size=0)
    # from midnight on, as the forecast
    past = backtest(earlier, y=mornings, initial_train_size=first, stride=24)
    errors = (past["observed"] - past["pred"]).abs().groupby(past["step"])
    margins = [conformal_quantile(each, coverage) for _, each in errors]
    assert_allclose(frame["upper_bound"] - frame["pred"], margins, rtol=1e-6)
    assert_allclose(frame["pred"] - frame["lower_bound"], margins, rtol=1e-6)
    assert min(margins[:12]) > 4 * max(margins[12:])


def test_after_update_bounds_are_those_of_the_next_hour(mornings):
    forecaster = Forecaster(
        Ridge(), horizon=1, window_length=2, calibration_size=45 * 24
    ).fit(y=mornings[:-13])
    for n_new in (0, 1, 12, 13):
        new = mornings[-13:][:n_new]
        bounds = copy.deepcopy(forecaster).update(y=new).forecast(1, coverage=0.8)
        width = float(bounds["upper_bound"].iloc[0] - bounds["lower_bound"].iloc[0])
        assert (width > 10) == (bounds.index[0].hour < 12)


def test_a_backtest_has_the_bounds_of_the_hour_of_each_origin(mornings):
    forecaster = Forecaster(
        Ridge(), horizon=1, window_length=2, calibration_size=45 * 24
    )
    frame = backtest(
        forecaster, y=mornings, initial_train_size=50 * 24, stride=1, coverage=0.8
    )
    width = (frame["upper_bound"] - frame["lower_bound"]).groupby(
        pd.DatetimeIndex(frame["time"]).hour
    )
    assert width.min()[:12].min() > 3 * width.max()[12:].max()


@pytest.mark.parametrize("coverage", [0.5, 0.8, 0.95])
def test_bounds_are_quantiles_of_the_errors_of_each_step(series, coverage):
    """Persistence errs by the change over so many steps."""
    forecaster = naive(3, calibration_size=50).fit(y=series)
    frame = forecaster.forecast(3, coverage=coverage)
    values = series.to_numpy()
    for step in (1, 2, 3):
        origins = np.arange(len(values) - 51, len(values) - 3)
        errors = np.abs(values[origins + step] - values[origins])
        margin = conformal_quantile(errors, coverage)
        expected = values[-1] + np.array([0, -margin, margin])
        assert_allclose(frame.iloc[step - 1], expected)
    assert list(frame.columns) == ["pred", "lower_bound", "upper_bound"]
    assert_array_equal(frame["pred"], forecaster.forecast(3))


def test_the_rows_kept_back_are_trained_on_in_the_end(series):
    ridge = Forecaster(Ridge(), window_length=4, horizon=2, target_transformer=None)
    calibrated = clone(ridge).set_params(calibration_size=50).fit(y=series)
    assert_array_equal(calibrated.forecast(2), clone(ridge).fit(y=series).forecast(2))
    earlier = ridge.fit(y=series[:-50]).regressor_
    windows = [series[k - 4 : k].to_numpy() for k in range(350, 399)]
    windows = pd.DataFrame(windows, columns=earlier.feature_names_in_)
    errors = series[-50:-1] - earlier.predict(windows)[:, 0]
    margin = conformal_quantile(np.abs(errors), 0.9)
    frame = calibrated.forecast(1, coverage=0.9)
    assert_allclose(frame["upper_bound"] - frame["pred"], margin)


def test_update_takes_new_errors_for_the_oldest_ones(series):
    """However many rows come at a time."""
    fitted = naive(3, calibration_size=50).fit(y=series[:300])
    at_once = copy.deepcopy(fitted).update(y=series[300:400])
    for row in range(300, 400):
        fitted.update(y=series[row : row + 1])
    frame = fitted.forecast(3, coverage=0.9)
    assert_frame_equal(frame, at_once.forecast(3, coverage=0.9))
    later = naive(3, calibration_size=50).fit(y=series)
    # the median of errors does not adapt
    assert_frame_equal(
        fitted.forecast(3, quantiles=[0.5]), later.forecast(3, quantiles=[0.5])
    )


@pytest.fixture(scope="module")
def noisier():
    """Noise by the year that becomes three times as strong after 300 years."""
    noise = np.random.RandomState(0).normal(size=560)
    index = pd.date_range("1700-01-01", periods=560, freq="YS")
    return pd.Series(np.where(np.arange(560) < 300, 1, 3) * noise, index, name="y")


def order_statistic(scores, level):
    rank = int(np.ceil((len(scores) + 1) * level - 1e-9))
    return np.sort(scores)[np.clip(rank, 1, len(scores)) - 1]


def test_coverage_adapts_by_the_rule_of_gibbs_and_candes(noisier):
    """A miss raises the coverage in use, a hit lowers it, and that of quantiles too."""
    forecaster = naive(1, calibration_size=60).fit(y=noisier[:300])
    asked = used = 0.8
    errors = noisier.diff().to_numpy()
    for row in range(300, 330):
        margin = order_statistic(np.abs(errors[row - 60 : row]), used)
        frame = forecaster.forecast(1, coverage=asked)
        assert_allclose(frame["upper_bound"] - frame["pred"], margin)
        forecaster.update(y=noisier[row : row + 1])
        used += 0.03 * (asked - (np.abs(errors[row]) <= margin))
    assert used > asked + 0.05
    last = errors[270:330]
    level = (1 + used) / 2  # of the upper end
    ends = -order_statistic(-last, level), order_statistic(last, level)
    frame = forecaster.forecast(1, quantiles=[0.1, 0.9])
    assert_allclose(frame.iloc[0], noisier.iloc[329] + np.array(ends))


def test_a_target_beyond_the_bound_at_the_asked_coverage_is_a_miss():
    """With 79 errors of 1 to 79, the bound of 90 % is the 72nd."""
    errors = np.arange(1.0, 80) * (-1.0) ** np.arange(79)
    values = np.concatenate([np.zeros(20), np.cumsum(errors)])
    new = values[-1] + 72.5
    forecaster = naive(1, calibration_size=79, target_transformer=None).fit(y=values)
    (pred, _, upper), *_ = forecaster.predict([[]], coverage=0.9)
    assert upper - pred == 72
    (pred, _, upper), *_ = forecaster.update(y=[new]).predict([[]], coverage=0.9)
    assert upper - pred == 75  # of 2 to 79 and 72.5, with a coverage of 0.927


@pytest.mark.parametrize("order", ["ab", "ba"])
def test_bounds_do_not_depend_on_the_order_of_a_panel(noisier, order):
    """Series `a` is younger, and has fewer errors than are kept."""
    young = noisier[240:310].copy()
    young.iloc[15] = 40.0  # among its oldest errors
    panel = {"a": young, "b": noisier[:310]}
    panel = pd.concat({name: panel[name] for name in order}, names=["series"])
    years = panel.index.get_level_values(1).year
    forecaster = naive(1, calibration_size=100, target_transformer=None)
    forecaster.fit(y=panel[years < 1980]).update(y=panel[years >= 1980])
    margin, used = forecaster.forecast(1, coverage=0.8).loc["a"], 0.8
    errors = young.diff().abs().to_numpy()
    for row in range(40, 70):  # those of the first three windows are not known
        bound = order_statistic(errors[4:row], used)
        used += 0.03 * (0.8 - (errors[row] <= bound))
    margin = margin["upper_bound"].item() - margin["pred"].item()
    assert_allclose(margin, order_statistic(errors[4:], used))


def test_a_larger_coverage_has_wider_bounds_after_updates(noisier):
    """Although each coverage adapts to its own misses."""
    forecaster = naive(2, calibration_size=60).fit(y=noisier[:200])
    for row in range(200, 400):
        forecaster.update(y=noisier[row : row + 1])
        widths = [
            np.ptp(
                forecaster.forecast(2, coverage=c)[["lower_bound", "upper_bound"]], 1
            )
            for c in (0.5, 0.8, 0.9, 0.95)
        ]
        assert (np.diff(widths, axis=0) >= 0).all()


def nearest(origins, origin, n_wanted, season=24):
    """The origins that are nearest in the season, more where some are equally near."""
    distance = np.abs((origins - origin + season / 2) % season - season / 2)
    return origins[distance <= np.sort(distance)[n_wanted - 1]]


def test_coverage_adapts_to_errors_from_the_same_hour(mornings):
    """Misses count if errors that were known at the origin give the bounds."""
    n_rows, n_new, horizon, asked = 600, 50, 3, 0.8
    forecaster = naive(horizon, calibration_size=240).fit(y=mornings[:n_rows])
    forecaster.update(y=mornings[n_rows : n_rows + n_new])
    values = mornings.to_numpy()
    errors = {o: values[o + 1 : o + 1 + horizon] - values[o] for o in range(700)}
    scores = np.abs(list(errors.values()))
    n_used, used = 240 - horizon + 1, np.full(horizon, asked)
    last_known = n_rows - 1 - horizon
    first = last_known - n_used + 1
    for origin in range(last_known + 1, last_known + 1 + n_new):
        known = np.arange(origin - horizon - n_used + 1, origin - horizon + 1)
        known = known[known >= first]
        of_hour = scores[nearest(known, origin, 40)]
        for step in range(horizon):
            margin = order_statistic(of_hour[:, step], used[step])
            used[step] += 0.03 * (asked - (scores[origin, step] <= margin))
    last = np.arange(origin - n_used + 1, origin + 1)
    of_hour = scores[nearest(last, n_rows + n_new - 1, 40)]
    margins = [order_statistic(of_hour[:, k], used[k]) for k in range(horizon)]
    frame = forecaster.forecast(horizon, coverage=asked)
    assert_allclose(frame["upper_bound"] - frame["pred"], margins)
    assert (used != asked).all()


def test_coverage_adapts_with_two_horizons_of_calibration(noisier):
    """Their bounds are made from as many errors as are kept for one horizon."""
    forecaster = naive(20, calibration_size=40).fit(y=noisier[:300])
    assert len(forecaster._calibration.errors) == 40 - 20 + 1
    y = noisier[300:]
    used = forecaster.update(y=y)._calibration.used
    assert (used[_TRACKED.index(0.9)] != 0.9).all()


def test_coverage_follows_a_change_of_the_noise(noisier):
    """Although most of the 200 errors are from before the change."""
    forecaster = naive(1, calibration_size=200)
    frame = backtest(forecaster, y=noisier, initial_train_size=300, coverage=0.8)
    covered = frame["observed"].between(frame["lower_bound"], frame["upper_bound"])
    assert abs(covered[:200].mean() - 0.8) < 0.04


def test_quantiles_are_conformalised(quantile_forecaster, series):
    forecaster = quantile_forecaster
    frame = forecaster.forecast(3, coverage=0.8)
    ahead = frame[[]]
    quantiles = forecaster.predict(ahead, quantiles=[0.1, 0.5, 0.9]).to_numpy()
    assert quantiles.shape == (3, 3)
    assert_array_equal(frame["pred"], forecaster.predict(ahead))
    assert_allclose(frame["pred"], quantiles[:, 1], rtol=1e-6)
    earlier = copy.deepcopy(forecaster).set_params(calibration_size=0)
    earlier.fit(y=series[:300])
    scores = []
    for row in range(300, 398):
        lower, upper = earlier.forecast(3, quantiles=[0.1, 0.9]).to_numpy().T
        observed = series[row : row + 3].to_numpy()
        scores.append(np.maximum(lower - observed, observed - upper))
        earlier.update(y=series[row : row + 1])
    margin = [conformal_quantile(of_step, 0.8) for of_step in np.transpose(scores)]
    assert_allclose(frame["lower_bound"], quantiles[:, 0] - margin, rtol=1e-5)
    assert_allclose(frame["upper_bound"], quantiles[:, 2] + margin, rtol=1e-5)


def test_quantiles_without_calibration_are_the_bounds(quantile_forecaster, series):
    forecaster = copy.deepcopy(quantile_forecaster).set_params(calibration_size=0)
    forecaster.fit(y=series)
    frame = forecaster.forecast(2, coverage=0.8)
    quantiles = forecaster.predict(frame[[]], quantiles=[0.1, 0.5, 0.9]).to_numpy()
    assert_allclose(frame[["lower_bound", "upper_bound"]], quantiles[:, [0, 2]])
    with pytest.raises(ValueError, match=r"coverage=0.9 needs the quantile 0.05, but"):
        forecaster.forecast(2, coverage=0.9)


def test_errors_of_a_panel_are_relative_to_the_scale_of_each_series(series):
    """A series a hundred times as large has an interval a hundred times as wide."""
    panel = pd.concat({"small": series, "large": 100 * series}, names=["series"])
    forecaster = naive(2, calibration_size=50).fit(y=panel)
    frame = forecaster.forecast(2, coverage=0.8)
    width = frame["upper_bound"] - frame["lower_bound"]
    assert_allclose(width["large"], 100 * width["small"])
    alone = naive(2, calibration_size=50).fit(y=series)
    expected = alone.forecast(2, coverage=0.8)
    expected = expected["upper_bound"] - expected["lower_bound"]
    assert_allclose(width["small"], expected, rtol=0.1)
    new = pd.concat({"new": 10 * series[:200]}, names=["series"])
    frame = forecaster.update(y=new).forecast(2, coverage=0.8)
    new_width = (frame["upper_bound"] - frame["lower_bound"])["new"]
    assert (new_width / width["small"].to_numpy()).between(5, 20).all()


def test_several_coverages_are_columns_by_their_names(series):
    forecaster = naive(2, calibration_size=50).fit(y=series)
    frame = forecaster.forecast(2, coverage=[0.8, 0.955])
    names = ["pred", "lower_80", "upper_80", "lower_95.5", "upper_95.5"]
    assert list(frame.columns) == names
    for coverage, columns in (0.8, names[1:3]), (0.955, names[3:]):
        alone = forecaster.forecast(2, coverage=coverage)
        assert_array_equal(frame[columns], alone[["lower_bound", "upper_bound"]])


def test_quantiles_of_the_signed_errors(series):
    """Of a walk with a drift, whose errors are not symmetric."""
    walk = series + 3 * np.arange(400)
    forecaster = naive(2, calibration_size=50).fit(y=walk)
    frame = forecaster.forecast(2, quantiles=[0.1, 0.5, 0.9])
    assert list(frame.columns) == [0.1, 0.5, 0.9]
    values = walk.to_numpy()
    for step in (1, 2):
        origins = np.arange(len(values) - 51, len(values) - 2)
        errors = np.sort(values[origins + step] - values[origins])
        upper, lower = (
            conformal_quantile(errors, 0.9),
            -conformal_quantile(-errors, 0.9),
        )
        middle = conformal_quantile(errors, 0.5)
        expected = values[-1] + np.array([lower, middle, upper])
        assert_allclose(frame.iloc[step - 1], expected)


def test_quantiles_between_those_of_a_network_are_interpolated(quantile_forecaster):
    frame = quantile_forecaster.forecast(3, quantiles=[0.1, 0.3, 0.5])
    assert_allclose(frame[0.3], (frame[0.1] + frame[0.5]) / 2)


def test_arrays_have_the_columns_as_their_last_axis(series):
    y = series.to_numpy()
    forecaster = naive(2, calibration_size=50)
    frame = clone(forecaster).fit(y=series).forecast(2, coverage=[0.5, 0.8])
    assert_allclose(forecaster.fit(y=y).forecast(2, coverage=[0.5, 0.8]), frame)
    both = forecaster.fit(y=np.column_stack([y, 2 * y]))
    found = both.forecast(2, coverage=[0.5, 0.8])
    assert_allclose(found, np.stack([frame, 2 * frame], axis=1))
    assert both.predict(np.empty((2, 0)), quantiles=[0.5]).shape == (2, 2, 1)


def test_several_targets_have_two_levels_of_columns(series):
    both = pd.DataFrame({"a": series, "b": 5 * series})
    forecaster = naive(2, calibration_size=50).fit(y=both)
    frame = forecaster.forecast(2, coverage=0.9)
    assert list(frame.columns) == [
        (target, bound)
        for target in "ab"
        for bound in ("pred", "lower_bound", "upper_bound")
    ]
    assert_allclose(frame["b"], 5 * frame["a"])


def test_missing_targets_do_not_count(series):
    holes = series.copy()
    holes.iloc[-20] = np.nan
    frame = naive(1, calibration_size=50).fit(y=holes).forecast(1, coverage=0.9)
    assert np.isfinite(frame.to_numpy()).all()


@pytest.mark.parametrize(
    ("parameters", "steps", "coverage", "message"),
    [
        ({}, 1, 0.9, "No intervals can be forecast. Set calibration_size"),
        (
            {"calibration_size": 50},
            3,
            0.9,
            "up to horizon=2 steps ahead, but some rows",
        ),
        ({"calibration_size": 9}, 2, 0.9, "of at least 9 origins, but there are 8"),
        (
            {"calibration_size": 50},
            2,
            1.5,
            "coverage must lie between 0 and 1",
        ),
        ({"calibration_size": 50}, 2, [0.5, 0.999], "of at least 999 origins"),
        ({"calibration_size": 50}, 2, [], "coverage is empty"),
    ],
)
def test_what_cannot_be_an_interval(series, parameters, steps, coverage, message):
    forecaster = naive(2, **parameters).fit(y=series)
    with pytest.raises(ValueError, match=message):
        forecaster.forecast(steps, coverage=coverage)


def test_only_a_regressor_of_quantiles_has_them(series, quantile_forecaster):
    forecaster = naive(2).fit(y=series)
    with pytest.raises(ValueError, match="No quantiles can be forecast"):
        forecaster.forecast(1, quantiles=[0.5])
    ahead = pd.DataFrame(index=quantile_forecaster.forecast(4).index)
    with pytest.raises(ValueError, match="quantiles are forecast up to horizon=3"):
        quantile_forecaster.predict(ahead, quantiles=[0.1, 0.5, 0.9]).to_numpy()


def test_each_series_has_its_own_errors_where_there_are_enough():
    """Series that do not change have none, and do not narrow the others' intervals."""
    noise = np.random.RandomState(0).normal(size=(3, 300))
    days = pd.date_range("2026-01-01", periods=300)
    calm, wild = (pd.Series(scale * noise[k], days) for k, scale in enumerate((1, 50)))
    short = pd.Series(10 * noise[2, :40], days[-40:])
    dead = {f"dead{k}": 0 * calm + k for k in range(8)}
    panel = pd.concat({"calm": calm, "wild": wild, "short": short, **dead})
    panel.index.names = "series", "day"

    def interval(y, name=None):
        naive = Forecaster(
            SeasonalNaiveRegressor(),
            window_length=2,
            target_transformer=None,
            calibration_size=36,
        )
        forecasts = naive.fit(y=y).forecast(1, coverage=0.9)
        return forecasts if name is None else forecasts.loc[name]

    for name, series in ("calm", calm), ("wild", wild):
        assert_allclose(interval(panel, name), interval(series))
    for name in dead:
        assert_allclose(interval(panel, name).iloc[0], float(name[4:]))


def test_a_series_with_few_errors_shares_those_of_all():
    noise = np.random.RandomState(0).normal(size=(2, 100))
    days = pd.date_range("2026-01-01", periods=100)
    parts = {
        "long": pd.Series(noise[0], days),
        "short": pd.Series(noise[1, :10], days[-10:]),
    }
    panel = pd.concat(parts, names=["series", "day"])
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=2, calibration_size=30)
    bounds = naive.fit(y=panel).forecast(1, coverage=0.8)
    width = (bounds.upper_bound - bounds.lower_bound).droplevel("day")
    scales = panel.groupby("series").std(ddof=0)
    assert_allclose(
        width["short"] / scales["short"], width["long"] / scales["long"], rtol=0.2
    )


def test_a_series_without_a_scale_before_the_rows_held_out_says_so(series):
    flat = series.where(np.arange(400) >= 380, 5.0)
    forecaster = naive(2, calibration_size=20).fit(y=flat)
    with pytest.raises(ValueError, match="whose values are not all the same"):
        forecaster.forecast(1, coverage=0.8)
    forecaster.set_params(target_transformer=None).fit(y=flat)
    assert forecaster.forecast(1, coverage=0.8).notna().all(axis=None)
