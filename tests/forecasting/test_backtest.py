"""backtest: forecasts from one origin after the other."""

import copy
import datetime

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge

from skrnn import (
    Forecaster,
    GRURegressor,
    SeasonalNaiveRegressor,
    backtest,
)
from skrnn.exceptions import MissingInputWarning, MissingStepsWarning

SCALES = ["mase_scale", "rmsse_scale"]
# Many forecasts here are shorter than the horizon, without inputs of its last steps.
pytestmark = pytest.mark.filterwarnings("ignore:X has no rows for")


@pytest.fixture(scope="module")
def data():
    """An input that is known in advance, one that is not, and a target of both."""
    rng = np.random.RandomState(0)
    index = pd.date_range("2026-01-01", periods=130, freq="h", name="hour")
    X = pd.DataFrame(rng.normal(size=(130, 2)), index, ["known", "past"])
    y = X["known"] + X["past"].shift(1, fill_value=0) + 0.1 * rng.normal(size=130)
    return X, y.cumsum().rename("y")


def ridge(horizon=4, **parameters):
    parameters = {"past_features": "past", "window_length": 5, **parameters}
    return Forecaster(Ridge(), horizon=horizon, **parameters)


def written_out(forecaster, X, y, *, initial_train_size, stride, refit, coverage):
    """A loop of fit, update and predict."""
    parts, fitted = [], None
    for number, origin in enumerate(range(initial_train_size, len(y), stride)):
        if fitted is None or (refit and number % refit == 0):
            fitted = clone(forecaster).fit(X[:origin], y[:origin])
        else:
            new = slice(origin - stride, origin)
            fitted.update(X[new], y[new])
        ahead = slice(origin, origin + forecaster.horizon)
        if coverage is None:
            part = fitted.predict(X[ahead]).rename("pred").to_frame()
        else:
            part = fitted.predict(X[ahead], coverage=coverage)
        part.insert(0, "origin", y.index[origin - 1])
        part.insert(1, "time", part.index)
        part.insert(2, "step", np.arange(1, len(part) + 1))
        part.insert(3, "observed", y[ahead])
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("coverage", [None, 0.8])
@pytest.mark.parametrize("refit", [False, True, 2])
@pytest.mark.parametrize("stride", [3, 4, 6])
def test_it_is_a_loop_of_fit_update_and_predict(data, stride, refit, coverage):
    how = {
        "initial_train_size": 80,
        "stride": stride,
        "refit": refit,
        "coverage": coverage,
    }
    forecaster = ridge(calibration_size=30 if coverage else 0)
    frame = backtest(forecaster, *data, **how)
    expected = written_out(forecaster, *data, **how)
    assert_frame_equal(frame.drop(columns=SCALES), expected)


def test_a_network_predicts_the_same_bits_from_all_origins_at_once(data):
    network = GRURegressor(3, epochs=1, random_state=0, normalize="last")
    forecaster = Forecaster(network, window_length=6, horizon=5)
    how = {"initial_train_size": 80, "stride": 5, "refit": False, "coverage": None}
    y = data[1]
    frame = backtest(forecaster, y=y, **how)
    expected = written_out(forecaster, pd.DataFrame(index=y.index), y, **how)
    assert_array_equal(frame["pred"], expected["pred"])


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")  # it forks
def test_models_by_name_and_the_same_figures_whatever_n_jobs(data):
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=5, horizon=4)
    models = {"ridge": ridge(), "naive": naive}
    how = {"initial_train_size": 100, "refit": True}
    frame = backtest(models, *data, **how)
    assert_frame_equal(frame, backtest(models, *data, **how, n_jobs=2))
    with parallel_config(backend="multiprocessing"):
        assert_frame_equal(frame, backtest(models, *data, **how, n_jobs=2))
    alone = backtest(models["naive"], *data, **how)
    of_naive = frame[frame["model"] == "naive"].drop(columns="model")
    assert_frame_equal(of_naive.reset_index(drop=True), alone)
    assert list(frame.groupby(["model", "step"]).size()) == [8, 8, 7, 7] * 2


def test_the_stride_is_the_horizon_so_that_every_row_is_forecast_once(data):
    frame = backtest(ridge(), *data, initial_train_size=100)
    assert_array_equal(frame["time"], data[1].index[100:])
    assert_array_equal(frame["observed"], data[1][100:])


def test_arrays_have_row_numbers(data):
    X, y = (part.to_numpy() for part in data)
    frame = backtest(ridge(past_features=[1]), X, y, initial_train_size=100)
    assert_array_equal(frame["time"], range(100, 130))
    assert_array_equal(frame["origin"].unique(), range(99, 130, 4))
    assert_allclose(
        frame["pred"], backtest(ridge(), *data, initial_train_size=100)["pred"]
    )


def test_the_series_of_a_panel_have_the_same_origins(data):
    """Those without a row at the origin, or before it, too."""
    y = data[1]
    parts = {
        "whole": y,
        "late": y[105:],
        "new": y[103:],
        "hole": y.drop(y.index[[107, 108, 109, 111]]),
        "short": y[:112],
    }
    panel = pd.concat(parts, names=["series"])
    trees = HistGradientBoostingRegressor(max_iter=5)
    forecaster = Forecaster(trees, window_length=3, horizon=4)
    frame = backtest(forecaster, y=panel, initial_train_size=100)
    times = panel.index.get_level_values("hour")
    fitted = clone(forecaster).fit(y=panel[times < y.index[100]])
    columns = ["origin", "time", "step", "series", "observed", "pred", *SCALES]
    assert list(frame.columns) == columns
    for origin in frame["origin"].unique():
        until = copy.deepcopy(fitted)
        later = (times > y.index[99]) & (times <= origin)
        if later.any():
            until.update(y=panel[later])
        of_origin = frame[frame["origin"] == origin]
        for name, rows in of_origin.groupby("series"):
            n_hours = (
                rows["time"].max() - parts[name][:origin].index[-1]
            ) // pd.Timedelta("1h")
            ahead = until.forecast(int(n_hours)).loc[name]
            assert_allclose(rows["pred"], ahead[rows["time"]])
    sizes = frame.groupby("series").size()
    assert dict(sizes) == {"whole": 30, "late": 22, "new": 26, "hole": 26, "short": 12}


def test_a_date_ends_the_first_training_rows(data):
    X, y = data
    at = y.index[99]
    frame = backtest(ridge(), X, y, initial_train_size=at)
    assert_frame_equal(frame, backtest(ridge(), X, y, initial_train_size=100))
    for day in ("2026-01-04", datetime.date(2026, 1, 4)):
        frame = backtest(ridge(), X, y, initial_train_size=day)
        assert frame["origin"].iloc[0] == pd.Timestamp("2026-01-04 23:00")
    local = X.tz_localize("Europe/Paris"), y.tz_localize("Europe/Paris")
    for naive in (at, at.to_pydatetime(), at.to_numpy()):
        frame = backtest(ridge(), *local, initial_train_size=naive)
        assert frame["origin"].iloc[0] == local[1].index[99]
    periods = X.set_axis(X.index.to_period("h")), y.set_axis(y.index.to_period("h"))
    frame = backtest(ridge(), *periods, initial_train_size="2026-01-04")
    assert str(frame["origin"].iloc[0]) == "2026-01-04 23:00"


@pytest.mark.parametrize("max_train_size", [40, 70])
def test_a_sliding_window_of_rows_is_trained_on(data, max_train_size):
    X, y = data
    how = {"initial_train_size": 60, "refit": 2}
    frame = backtest(ridge(), X, y, **how, max_train_size=max_train_size)
    for origin in range(60, 130, 8):
        rows = slice(max(0, origin - max_train_size), origin)
        fitted = ridge().fit(X[rows], y[rows])
        expected = fitted.predict(X[origin : origin + 4])
        part = frame[frame["origin"] == y.index[origin - 1]]
        assert_allclose(part["pred"], expected)


def test_a_panel_slides_by_times(data):
    y = data[1]
    panel = pd.concat({"a": y, "ended": y[:50], "late": y[95:]}, names=["series"])
    how = {"initial_train_size": 80, "refit": True, "max_train_size": 20}
    with pytest.warns(MissingStepsWarning, match="1 of 3 series are not .*: 'ended'"):
        frame = backtest(ridge(past_features=None), y=panel, **how)
    assert set(frame["series"]) == {"a", "late"}
    first = frame[frame["series"] == "late"]["origin"].min()
    assert first >= y.index[95]


def test_rows_before_the_sliding_window_are_not_read(data):
    y = data[1]
    forecaster = Forecaster(
        SeasonalNaiveRegressor(18),
        window_length=20,
        horizon=2,
        target_transformer=None,
    )
    how = {"initial_train_size": 60, "max_train_size": 15}
    frame = backtest(forecaster, y=y, **how)
    expected = forecaster.fit(y=y[45:60]).forecast(2)
    assert_array_equal(frame["pred"][:2], expected)


def test_weights_of_rows_go_to_each_fit(data):
    X, y = data
    weight = np.linspace(0, 1, len(y))
    how = {"initial_train_size": 100, "refit": 3}
    frame = backtest(ridge(), X, y, **how, params={"sample_weight": weight})
    fitted = ridge().fit(X[:100], y[:100], sample_weight=weight[:100])
    assert_allclose(frame["pred"][:4], fitted.predict(X[100:104]))
    unweighted = backtest(ridge(), X, y, **how)
    assert not np.allclose(frame["pred"], unweighted["pred"])


def test_targets_with_levels_of_columns(data):
    y = data[1]
    both = pd.DataFrame({("a", "x"): y, ("a", "z"): -y})
    frame = backtest(ridge(past_features=None), y=both, initial_train_size=100)
    assert list(frame["target"][:2]) == [("a", "x"), ("a", "z")]


@pytest.mark.parametrize("series", ["regular", "with a hole", "panel"])
def test_several_coverages(data, series):
    """All origins at once, and one after the other where a row is missing."""
    y = data[1]
    if series == "with a hole":
        y = y.drop(y.index[110])
    elif series == "panel":
        y = pd.concat({"a": y, "b": 5 * y[:90]}, names=["series"])
    how = {"y": y, "initial_train_size": 80}
    forecaster = ridge(past_features=None, calibration_size=30)
    frame = backtest(forecaster, **how, coverage=[0.5, 0.8])
    for coverage in 0.5, 0.8:
        alone = backtest(forecaster, **how, coverage=coverage)
        for bound in "lower", "upper":
            found = frame[f"{bound}_{100 * coverage:.0f}"]
            assert_array_equal(found, alone[f"{bound}_bound"])


def test_several_targets(data):
    X, y = data
    both = pd.DataFrame({"y": y, "z": -y})
    frame = backtest(ridge(), X, both, initial_train_size=100)
    assert list(frame["target"][:2]) == ["y", "z"]
    z = frame[frame["target"] == "z"]
    assert_array_equal(z["observed"], -y[100:])


@pytest.mark.parametrize("season_length", [1, 3])
def test_scales_are_the_changes_in_a_season_in_all_rows_up_to_the_origin(
    data, season_length
):
    """Whatever rows a fit uses, and in whatever order the rows of series come."""
    y = data[1].copy()
    y.iloc[50] = np.nan
    both = pd.DataFrame({"y": y, "z": -2 * y**2})
    parts = {"whole": both, "hole": both.drop(y.index[[40, 41, 104]])}
    panel = pd.concat(parts, names=["series"]).sort_index(level="hour")
    how = {"initial_train_size": 100, "max_train_size": 20, "refit": True}
    forecaster = ridge(past_features=None)
    frame = backtest(forecaster, y=panel, **how, season_length=season_length)
    for (series, target, origin), rows in frame.groupby(["series", "target", "origin"]):
        values = parts[series][target].asfreq("h")[:origin]
        changes = values.diff(season_length)
        assert_allclose(rows["mase_scale"], changes.abs().mean())
        assert_allclose(rows["rmsse_scale"], np.sqrt((changes**2).mean()))


def test_the_season_of_the_scales_is_that_of_the_index(data):
    y, forecaster = data[1], ridge(past_features=None)
    frame = backtest(forecaster, y=y, initial_train_size=100)
    assert frame["mase_scale"][0] == pytest.approx(y[:100].diff(24).abs().mean())
    for rows, n_rows in (y.to_numpy(), 100), (y, 40):  # no dates; less than two days
        frame = backtest(forecaster, y=rows, initial_train_size=n_rows)
        scale = y[:n_rows].diff().abs().mean()
        assert frame["mase_scale"][0] == pytest.approx(scale)


def test_quantiles_make_intervals(data):
    network = GRURegressor(
        3, loss="quantile", quantile=(0.1, 0.9), epochs=1, random_state=0
    )
    forecaster = Forecaster(network, window_length=4, horizon=2)
    how = {"initial_train_size": 100, "stride": 2, "refit": False, "coverage": 0.8}
    X = data[0][[]]
    frame = backtest(forecaster, X, data[1], **how)
    expected = written_out(forecaster, X, data[1], **how)
    assert_frame_equal(frame.drop(columns=SCALES), expected)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"initial_train_size": 130},
            "initial_train_size=130 leaves nothing to forecast",
        ),
        ({"initial_train_size": 0}, "initial_train_size == 0, must be >= 1"),
        ({"initial_train_size": "2025"}, "'2025' is before the first row"),
        ({"initial_train_size": 0.8}, r"For a share .* pass int\(share \* len\(y\)\)"),
        ({"max_train_size": 0}, "max_train_size == 0, must be >= 1"),
        ({"stride": 0}, "stride == 0, must be >= 1"),
        ({"refit": 0.5}, "refit must be an instance of"),
        ({"season_length": 0}, 'season_length must be "auto" or a number of steps'),
        ({"season_length": "week"}, "at least 1. Got 'week'"),
        ({"coverage": 1}, "coverage must lie between 0 and 1, such as 0.8"),
        ({"coverage": 0}, "coverage must lie between 0 and 1, such as 0.8"),
        ({"coverage": 0.8}, "No intervals can be forecast"),
        ({"forecaster": Ridge()}, "forecaster must be a Forecaster, or a dict"),
    ],
)
def test_bad_parameters(data, parameters, message):
    given = {"forecaster": ridge(), "initial_train_size": 100, **parameters}
    with pytest.raises((ValueError, TypeError), match=message):
        backtest(given.pop("forecaster"), *data, **given)


def test_it_prints_nothing(data, capfd):
    backtest(ridge(), *data, initial_train_size=110, refit=True)
    assert capfd.readouterr() == ("", "")


def test_rows_after_a_very_long_hole_are_not_forecast():
    """`fit` and `update` take such a hole, and so does a backtest."""
    start = pd.date_range("2026-01-01", periods=60, freq="s")
    later = start[30:] + pd.Timedelta(11_000, "s")
    y = pd.Series(np.arange(60.0), start[:30].append(later))
    how = {"horizon": 2, "window_length": 3, "freq": "s"}
    forecaster = Forecaster(SeasonalNaiveRegressor(), **how)
    frame = backtest(forecaster, y=y, initial_train_size=20)
    from_hole = (frame["origin"] > start[29]) & (frame["origin"] < later[0])
    assert_array_equal(frame["pred"].isna(), from_hole)
    assert from_hole.any()


def test_series_without_a_forecast_are_named(data):
    y = data[1]
    panel = pd.concat({"whole": y, "ended": y[:90]}, names=["series"])
    with pytest.warns(MissingStepsWarning, match="1 of 2 series are not.*: 'ended'"):
        frame = backtest(ridge(past_features=None), y=panel, initial_train_size=100)
    assert set(frame["series"]) == {"whole"}


def test_an_input_that_is_missing_ahead_is_named(data):
    X, y = data
    holes = X.copy()
    holes.iloc[110, 0] = np.nan
    with (
        pytest.warns(MissingInputWarning, match="first of 'known' at 2026-01-05 14"),
        pytest.warns(MissingStepsWarning, match="13% of the forecasts are NaN: its"),
    ):
        frame = backtest(ridge(), holes, y, initial_train_size=100)
    of_hole = frame["origin"] == y.index[107]
    assert_array_equal(frame["pred"].isna(), of_hole)
