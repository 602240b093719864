"""summarize: the measures of a backtest, compared with loops over its groups."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.linear_model import Ridge
from sklearn.metrics import (
    max_error,
    mean_absolute_error,
    median_absolute_error,
    root_mean_squared_error,
)

from skrnn import Forecaster, SeasonalNaiveRegressor, backtest
from skrnn.exceptions import RowsLeftOutWarning
from skrnn.metrics import (
    coverage_score,
    mean_absolute_scaled_error,
    mean_interval_score,
    root_mean_squared_scaled_error,
    summarize,
    symmetric_mean_absolute_percentage_error,
    weighted_absolute_percentage_error,
)

# Ridge does not forecast from windows with holes.
pytestmark = pytest.mark.filterwarnings("ignore:1.% of the forecasts")

POINTS = {
    "MAE": mean_absolute_error,
    "RMSE": root_mean_squared_error,
    "WAPE": weighted_absolute_percentage_error,
    "sMAPE": symmetric_mean_absolute_percentage_error,
    "bias": lambda y_true, y_pred: np.mean(y_pred - y_true),
}
SCALED = {
    "MASE": mean_absolute_scaled_error,
    "RMSSE": root_mean_squared_scaled_error,
}
DAYS = pd.date_range("2026-01-01", periods=120, name="day")


def ridge(**parameters):
    return Forecaster(Ridge(), window_length=7, **parameters)


@pytest.fixture(scope="module")
def panel():
    """Two targets of three series: one starts late, and one has holes."""
    rng = np.random.RandomState(0)
    y = pd.DataFrame(rng.normal(size=(120, 2)).cumsum(axis=0), DAYS, ["x", "z"])
    parts = {"whole": y, "late": 3 * y[60:], "holes": y.drop(DAYS[[40, 95, 101]]) - 5}
    parts["whole"].iloc[[30, 90], 0] = np.nan
    return pd.concat(parts, names=["series"])


@pytest.fixture(scope="module")
def frame(panel):
    """Forecasts of two models."""
    naive = Forecaster(SeasonalNaiveRegressor(7), horizon=4, window_length=7)
    models = {"ridge": ridge(horizon=4), "naive": naive}
    return backtest(models, y=panel, initial_train_size=80)


def compared(frame):
    """Return the rows that all models forecast."""
    known = frame.dropna()
    models = known.groupby(["series", "target", "origin", "time"])["model"]
    return known[models.transform("nunique") == frame["model"].nunique()]


def by_hand(frame, by, measure):
    """Measure each group of rows with an observed value."""
    known = frame[frame["observed"].notna() & frame["pred"].notna()]
    return {key: measure(group) for key, group in known.groupby(by)}


BY = [["model"], ["model", "step"], ["series"], ["model", "origin"], ["target"]]


@pytest.mark.parametrize("by", BY, ids=" ".join)
@pytest.mark.parametrize("name", POINTS)
def test_measures_of_points_are_those_of_the_rows_of_a_group(frame, name, by):
    frame = compared(frame)
    table = summarize(frame, name, by)
    assert list(table.columns) == [name]
    assert table.index.names == by
    expected = by_hand(frame, by, lambda g: POINTS[name](g["observed"], g["pred"]))
    assert_allclose(table[name], list(expected.values()))


def scaled_error(group, name, panel, season):
    """Return the mean over series and targets, with rows before each origin."""
    found = []
    for (series, target), part in group.groupby(["series", "target"]):
        y = panel.loc[series, target].asfreq("D")
        errors = [
            SCALED[name](
                rows["observed"],
                rows["pred"],
                y_train=y[: rows["origin"].iloc[0]],
                season_length=season,
            )
            for _, rows in part.groupby("origin")
        ]
        power = 1 if name == "MASE" else 2
        sizes = part.groupby("origin").size()
        found.append(np.average(np.power(errors, power), weights=sizes) ** (1 / power))
    return np.mean(found)


@pytest.mark.parametrize("by", BY, ids=" ".join)
@pytest.mark.parametrize("name", SCALED)
def test_scaled_measures_are_means_of_those_of_series_and_targets(
    frame, panel, name, by
):
    frame = compared(frame)
    measured = by_hand(frame, by, lambda g: scaled_error(g, name, panel, season=7))
    assert_allclose(summarize(frame, name, by)[name], list(measured.values()))


def test_the_mase_of_one_origin_is_that_of_its_training_rows(panel):
    y = panel.loc["whole", "z"]
    frame = backtest(ridge(horizon=10), y=y, initial_train_size=110, season_length=3)
    for name, function in SCALED.items():
        expected = function(y[110:], frame["pred"], y_train=y[:110], season_length=3)
        assert summarize(frame, name)[name].item() == pytest.approx(expected)


def test_worked_out_by_hand():
    frame = pd.DataFrame(
        {
            "origin": 3,
            "time": [4, 5, 4, 5],
            "step": [1, 2, 1, 2],
            "series": ["a", "a", "b", "b"],
            "observed": [10.0, 12.0, 4.0, np.nan],
            "pred": [11.0, 10.0, 1.0, 7.0],
            "mase_scale": [2.0, 2.0, 6.0, 6.0],
            "rmsse_scale": [1.0, 1.0, 3.0, 3.0],
        }
    )
    table = summarize(frame, ["MAE", "bias", "MASE", "RMSSE", "WAPE"], by=())
    # errors 1, -2 and -3; MASE 0.75 of a and 0.5 of b; squares 2.5 of a and 1 of b
    rmsse = (np.sqrt(2.5) + 1) / 2
    assert_allclose(table.to_numpy(), [[2, -4 / 3, 0.625, rmsse, 6 / 26]])


def test_scales_survive_what_pandas_does_to_a_frame(frame, panel, tmp_path):
    models = {"ridge": ridge(horizon=4)}
    other = backtest(models, y=10 * panel, initial_train_size=60).assign(model="other")
    both = pd.concat([frame, other]).sort_values("pred")
    both.to_csv(tmp_path / "frame.csv", index=False)
    for some in both, pd.read_csv(tmp_path / "frame.csv"):
        with pytest.warns(RowsLeftOutWarning, match="forecast of 'ridge'"):
            found = summarize(some.query("step < 3"), "MASE")["MASE"]
        rows = compared(both)
        for name in "ridge", "naive", "other":
            alone = rows[(rows["model"] == name) & (rows["step"] < 3)]
            expected = summarize(alone, "MASE")["MASE"].item()
            assert found[name] == pytest.approx(expected)


def test_models_are_compared_on_rows_that_all_of_them_forecast():
    rows = pd.DataFrame(
        {"origin": 0, "time": [1, 2], "step": [1, 2], "observed": [1.0, 1.0]}
    )
    good = rows.assign(model="good", pred=[2.0, 100.0])
    poor = rows.assign(model="poor", pred=[3.0, np.nan])
    message = r"2 of 4 rows .* NaN or no forecast of 'poor' \(1 times\)\. If a regr"
    with pytest.warns(RowsLeftOutWarning, match=message):
        table = summarize(pd.concat([good, poor]), "MAE")
    assert dict(table["MAE"]) == {"good": 1, "poor": 2}
    assert summarize(good, "MAE").loc["good", "MAE"] == 50
    with pytest.raises(ValueError, match="No row has an observed value and a forecast"):
        summarize(poor[1:], "MAE")


def test_a_single_model_needs_no_name(panel):
    frame = backtest(ridge(horizon=4), y=panel["z"], initial_train_size=80)
    assert summarize(frame).shape == (1, 3)
    assert list(summarize(frame, by=["model", "series"]).index) == [
        "holes",
        "late",
        "whole",
    ]


def test_functions_are_measures_too(frame):
    frame = compared(frame)
    table = summarize(frame, [max_error, "MAE", median_absolute_error])
    assert list(table) == ["max_error", "MAE", "median_absolute_error"]
    for function in max_error, median_absolute_error:
        expected = by_hand(
            frame, "model", lambda g, f=function: f(g["observed"], g["pred"])
        )
        assert_allclose(table[function.__name__], list(expected.values()))


# Intervals


@pytest.fixture(scope="module")
def with_intervals(panel):
    """Intervals of two coverages, which cannot all be made after holes."""
    forecaster = ridge(horizon=4, calibration_size=30)
    y = panel["z"].drop([("holes", day) for day in DAYS[102:104]])
    frame = backtest(
        forecaster, y=y, initial_train_size=80, stride=3, coverage=[0.5, 0.975]
    )
    frame.loc[3, ["lower_50", "upper_50"]] = np.nan
    return frame.dropna(subset="pred")


def test_intervals_of_each_coverage_have_a_column(with_intervals):
    measures = ["coverage", "interval_score"]
    table = summarize(with_intervals, measures, by="series")
    assert list(table) == [f"{m}_{c}" for m in measures for c in ("50", "97.5")]
    for series, group in with_intervals.groupby("series"):
        for suffix, coverage in ("_50", 0.5), ("_97.5", 0.975):
            known = group.dropna(subset=[f"lower{suffix}", "observed"])
            bounds = known[[f"lower{suffix}", f"upper{suffix}"]]
            shown = table.loc[series, [m + suffix for m in measures]]
            assert_allclose(
                shown,
                [
                    coverage_score(known["observed"], bounds),
                    mean_interval_score(known["observed"], bounds, coverage=coverage),
                ],
            )


def test_the_score_of_one_interval_needs_its_coverage(with_intervals):
    names = {"lower_50": "lower_bound", "upper_50": "upper_bound"}
    frame = with_intervals.rename(columns=names).drop(columns=["lower_97.5"])
    table = summarize(frame, ["coverage", "interval_score"], coverage=0.5)
    expected = summarize(with_intervals, ["coverage", "interval_score"])
    assert_allclose(table, expected[["coverage_50", "interval_score_50"]])
    assert summarize(frame, "coverage").shape == (1, 1)
    with pytest.raises(ValueError, match="Pass the coverage= of the backtest to sum"):
        summarize(frame, "interval_score")
    with pytest.raises(ValueError, match="between 0 and 1"):
        summarize(frame, "interval_score", coverage=50)


# Errors


@pytest.mark.parametrize(
    ("metrics", "by", "message"),
    [
        ("coverage", "model", r"coverage needs intervals.*Pass coverage= to backtest"),
        ("interval_score", "model", "the frame has none"),
        ("mae", "model", r"names among \['MAE', .*\. Got 'mae'"),
        ([3], "model", "functions or names among"),
        ("MAE", "level", r"columns of the frame, which are \['model', .*Got 'level'"),
    ],
)
def test_what_cannot_be_measured_is_an_error(frame, metrics, by, message):
    frame = compared(frame)
    with pytest.raises(ValueError, match=message):
        summarize(frame, metrics, by)


def test_what_is_no_backtest_is_an_error(frame):
    frame = compared(frame)
    with pytest.raises(ValueError, match="as `backtest` returns it, but it has no col"):
        summarize(frame.drop(columns="pred"))
    with pytest.raises(ValueError, match="frame has no rows"):
        summarize(frame[:0])
    with pytest.raises(ValueError, match="MASE needs the column 'mase_scale'"):
        summarize(frame.drop(columns="mase_scale"), "MASE")


def test_series_without_a_scale_are_left_out_of_scaled_measures():
    wave = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 12)
    panel = pd.concat(
        {
            "walk": pd.Series(wave + np.arange(84) ** 1.5, DAYS[:84]),
            "wave": pd.Series(wave, DAYS[:84]),
            "short": pd.Series(wave[:9], DAYS[75:84]),
        },
        names=["series"],
    )
    naive = Forecaster(SeasonalNaiveRegressor(1), horizon=2, window_length=2)
    frame = backtest(naive, y=panel, initial_train_size=80)
    measures = ["MAE", "MASE", "RMSSE"]
    with pytest.warns(RowsLeftOutWarning) as caught:
        table = summarize(frame, measures)
    (warning,) = caught
    assert warning.filename == __file__
    assert (
        "8 of 12 rows are left out of MASE and RMSSE, in series 'wave', 'short':"
        in (str(warning.message))
    )
    walk = summarize(frame[frame["series"] == "walk"], measures)
    assert_allclose(table[["MASE", "RMSSE"]], walk[["MASE", "RMSSE"]])
    assert table["MAE"].item() == pytest.approx(
        frame.eval("abs(observed - pred)").mean()
    )
    with pytest.warns(RowsLeftOutWarning):
        table = summarize(frame, by="series")
    assert list(table["MASE"].isna()) == [True, False, True]
    alone = frame[frame["series"] == "short"]
    with pytest.raises(ValueError, match=r"scale of MASE, in series 'short': the v"):
        summarize(alone, "MASE")
    assert set(frame["series"][frame["mase_scale"] > 0]) == {"walk"}
    frame = backtest(naive, y=panel, initial_train_size=80, season_length=1)
    assert list(summarize(frame, "MASE", by="series").index) == [
        "short",
        "walk",
        "wave",
    ]


def test_constant_targets_and_a_series_that_changes_later_are_left_out(panel):
    y = panel.loc["whole"].assign(x=1.0)
    frame = backtest(ridge(horizon=4), y=y, initial_train_size=80)
    with pytest.warns(RowsLeftOutWarning, match="rows are left out of MASE, in target"):
        table = summarize(frame, "MASE", by="target")
    assert list(table["MASE"].isna()) == [True, False]
    z = y["z"].where(np.arange(120) > 90, 0.0)
    frame = backtest(ridge(horizon=4), y=z, initial_train_size=80, season_length=1)
    with pytest.warns(RowsLeftOutWarning, match="12 of 40 rows .* MASE: the values"):
        table = summarize(frame, "MASE")
    alone = frame[frame["mase_scale"] > 0]
    assert table["MASE"].item() == summarize(alone, "MASE")["MASE"].item()


def test_forecasts_that_many_rows_lack_are_named():
    rows = pd.DataFrame({"origin": 0, "time": range(10), "step": range(10)})
    rows = rows.assign(observed=1.0, pred=2.0)
    holes = rows.assign(model="holes", pred=rows["pred"].where(rows["time"] > 1))
    frame = pd.concat(
        [rows.assign(model="whole"), holes, holes[3:].assign(model="new")]
    )
    message = r"6 of 27 rows .* forecast of 'new' \(3 times\), 'holes' \(2 times\)"
    with pytest.warns(RowsLeftOutWarning, match=message):
        assert summarize(frame, "MAE").to_numpy().tolist() == [[1], [1], [1]]
    summarize(frame[frame["time"] > 2], "MAE")
    with pytest.warns(
        RowsLeftOutWarning, match="2 of 10 rows .* their forecasts are N"
    ):
        summarize(holes.drop(columns="model"), "MAE")
    holes.loc[0, "pred"] = 2.0  # a tenth is not many
    summarize(holes, "MAE")


def test_models_of_different_horizons_are_compared_on_the_same_rows(panel):
    y = panel.loc["whole", "z"]
    far = Forecaster(SeasonalNaiveRegressor(7), horizon=5, window_length=7)
    models = {"near": ridge(horizon=2), "far": far}
    frame = backtest(models, y=y, initial_train_size=80, stride=1)
    with pytest.warns(RowsLeftOutWarning, match=r"no forecast of 'near' \(111 times\)"):
        table = summarize(frame, ["MAE", lambda y_true, y_pred: len(y_true)])
    both = frame[frame["step"] <= 2]
    assert_allclose(table.iloc[:, 0], summarize(both, "MAE")["MAE"])
    assert table.iloc[:, 1].tolist() == [len(both) / 2] * 2


def test_a_series_whose_name_was_read_as_missing_is_measured(panel):
    y = panel["z"].rename({"whole": "NA"}, level=0)
    frame = backtest(ridge(horizon=4), y=y, initial_train_size=80)
    read = frame.assign(series=frame["series"].replace("NA", np.nan))
    table = summarize(read, ["MAE", "MASE"], by="series")
    assert_allclose(table, summarize(frame, ["MAE", "MASE"], "series").iloc[[1, 2, 0]])


def test_a_model_whose_name_was_read_as_missing_is_one_of_all():
    frame = pd.DataFrame(
        {
            "model": ["a", "a", np.nan],
            "origin": 0,
            "time": [1, 2, 1],
            "step": [1, 2, 1],
            "observed": 0.0,
            "pred": [1.0, 9.0, 2.0],
        }
    )
    with pytest.warns(RowsLeftOutWarning, match="no forecast of nan"):
        table = summarize(frame, "MAE")
    assert table["MAE"].tolist() == [1, 2]


def test_intervals_are_compared_on_rows_of_which_all_models_have_them():
    frame = pd.DataFrame(
        {
            "model": ["a", "a", "b", "b"],
            "origin": 0,
            "time": [1, 2, 1, 2],
            "step": [1, 2, 1, 2],
            "observed": 0.0,
            "pred": 0.0,
            "lower_80": [-1.0, np.nan, -1.0, -9.0],
            "upper_80": [1.0, np.nan, 1.0, 9.0],
        }
    )
    table = summarize(frame, ["interval_score", "coverage"])
    assert table["interval_score_80"].tolist() == [2, 2]
    alone = summarize(frame[frame["model"] == "b"], "interval_score")
    assert alone["interval_score_80"].tolist() == [10]


def test_no_metrics_are_an_error(frame):
    with pytest.raises(ValueError, match="metrics is empty"):
        summarize(frame, [])
