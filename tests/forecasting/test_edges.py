"""Forecaster and backtest where data or regressors are out of the ordinary."""

import copy
import warnings
from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_series_equal
from sklearn import config_context
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import (
    BaggingRegressor,
    HistGradientBoostingRegressor,
    VotingRegressor,
)
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    PolynomialFeatures,
    SplineTransformer,
    StandardScaler,
)

from skrnn import (
    Forecaster,
    LSTMRegressor,
    SeasonalNaiveRegressor,
    SequenceWindower,
    backtest,
    to_supervised,
)
from skrnn.exceptions import (
    IrregularIndexWarning,
    LaterSeriesWarning,
    MissingInputWarning,
    MissingStepsWarning,
    RowsLeftOutWarning,
)

# Many forecasts here are shorter than the horizon, without inputs of its last steps.
pytestmark = pytest.mark.filterwarnings("ignore:X has no rows for")

HOURS = pd.date_range("2026-01-01", periods=200, freq="h")
RNG = np.random.RandomState(0)
Y = pd.Series(RNG.normal(size=200).cumsum(), HOURS, name="y")
X = pd.DataFrame(RNG.normal(size=(200, 2)), HOURS, ["a", "b"])
TREES = HistGradientBoostingRegressor(max_iter=10, min_samples_leaf=1)


def forecaster(regressor=None, **parameters):
    """A forecaster that takes inputs as they are by default."""
    parameters = {
        "window_length": 4,
        "target_transformer": None,
        "input_transformer": None,
        **parameters,
    }
    return Forecaster(Ridge() if regressor is None else regressor, **parameters)


def naive(**parameters):
    parameters = {"target_transformer": "auto", **parameters}
    return forecaster(SeasonalNaiveRegressor(), **parameters)


# Inputs


def test_inputs_known_ahead_reach_the_first_origins():
    """Where the windows reach back before the start of the series."""
    known = X[["a"]]
    y = (3 * known["a"] + 7).rename("y")
    fitted = forecaster(LinearRegression(), window_length=6, horizon=6)
    fitted.fit(known[:-20], y[:-20])
    assert_allclose(fitted.predict(known[-20:]), y[-20:], atol=1e-6)


def test_inputs_known_ahead_of_a_series_with_a_single_row():
    flags = np.random.RandomState(0).randint(0, 2, size=200)
    flag = pd.DataFrame({"flag": flags}, HOURS)
    panel = pd.concat({"a": flag, "b": flag[3:]}, names=["series"])
    fitted = forecaster(TREES, window_length=6, horizon=6)
    fitted.fit(panel, 10.0 * panel["flag"].rename("y"))
    later = pd.concat({"new": flag.shift(freq="200h")[:7]}, names=["series"])
    fitted.update(later[:1], 10.0 * later["flag"][:1].rename("y"))
    assert_array_equal(fitted.predict(later[1:]) > 5, later["flag"][1:] == 1)


@pytest.mark.filterwarnings("default:X has no rows for")
def test_inputs_that_end_before_the_horizon_are_named():
    fitted = forecaster(Ridge(), window_length=6, horizon=6).fit(X[:150], Y[:150])
    message = "X has no rows for 4 steps .* step 6 after"
    with pytest.warns(MissingInputWarning, match=message) as caught:
        fitted.predict(X[150:152])
    with pytest.warns(MissingInputWarning, match=message):
        fitted.forecast(2, X[150:152])
    assert len(caught) == 1
    assert_allclose(fitted.forecast(2, X[150:156]), fitted.predict(X[150:156])[:2])
    past = forecaster(Ridge(), window_length=6, horizon=6, past_features=["a", "b"])
    past.fit(X[:150], Y[:150]).predict(X[150:152])


@pytest.mark.parametrize(
    "transformer",
    [
        SplineTransformer(),
        PolynomialFeatures(),
        OneHotEncoder(categories=[list(range(24))]),
    ],
)
def test_transformers_that_take_no_missing_values(transformer):
    """They get rows of the data only, and their sparse output is taken."""
    hour = pd.DataFrame({"hour": HOURS.hour.astype(float)}, HOURS)
    inputs = ColumnTransformer([("t", transformer, ["hour"])])
    fitted = forecaster(input_transformer=inputs, horizon=3).fit(hour[:-3], Y[:-3])
    assert np.isfinite(fitted.predict(hour[-3:])).all()


def test_all_inputs_that_are_given_are_used():
    """Whether one step is forecast or all of the horizon."""
    fitted = forecaster(window_length=6, horizon=6).fit(X[["a"]][:-20], Y[:-20])
    ahead = X[["a"]][-20:]
    whole = fitted.forecast(6, ahead)
    for steps in (1, 3):
        assert_array_equal(fitted.forecast(steps, ahead), whole[:steps])
    with pytest.warns(UserWarning, match="valid feature names"):
        of_array = fitted.forecast(2, ahead[:6].to_numpy())
    assert_array_equal(of_array, whole[:2])


def test_inputs_that_are_not_given_keep_the_last_value():
    fitted = forecaster(window_length=6, horizon=6).fit(X[["a"]][:-20], Y[:-20])
    ahead = X[["a"]][-20:-14].copy()
    short = fitted.predict(ahead[:2])
    ahead.iloc[2:] = ahead["a"].iloc[1]
    assert_array_equal(short, fitted.predict(ahead)[:2])


def test_rows_may_be_absent_between_those_to_forecast():
    """Their inputs are those of the row before, which a warning says."""
    ahead = X[["a"]][-20:-14]
    fitted = forecaster(window_length=6, horizon=3).fit(X[["a"]][:-20], Y[:-20])
    filled = ahead.copy()
    filled.iloc[[1, 2, 4]] = ahead.iloc[[0, 0, 3]]
    message = "X has no rows for 3 steps between its first row and step 6"
    with pytest.warns(MissingInputWarning, match=message):
        found = fitted.predict(ahead.iloc[[0, 3, 5]])
    assert_array_equal(found, fitted.predict(filled).iloc[[0, 3, 5]])
    times = Y[-20:].to_frame()[[]].iloc[[0, 3, 5]]
    without = forecaster(horizon=3).fit(y=Y[:-20])
    assert_array_equal(without.predict(times), without.forecast(6).iloc[[0, 3, 5]])


@pytest.mark.parametrize("where", ["X", "y"])
def test_infinity_is_refused_where_missing_values_are_left_out(where):
    data = {"X": X[["a"]].copy(), "y": Y.copy()}
    data[where].iloc[3] = np.inf
    with pytest.raises(ValueError, match=f"{where} contains infinity"):
        forecaster(window_length=6, horizon=6).fit(data["X"], data["y"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"day": HOURS}, "Column 'day' of X holds times"),
        ({"age": HOURS - HOURS[0]}, "Column 'age' of X holds times"),
        (
            {"kind": "u"},
            "Column 'kind' of X holds values that are not num",
        ),
    ],
)
def test_columns_that_are_no_numbers_are_named(columns, message):
    with pytest.raises(ValueError, match=message):
        forecaster().fit(X.assign(**columns), Y)


def test_nullable_numbers_beside_labels():
    inputs = X.assign(n=pd.array([1, None] * 100, dtype="Int64"), kind="u")
    fitted = forecaster(TREES, input_transformer="auto").fit(inputs, Y)
    assert fitted.input_transformer_.n_features_in_ == 4


@pytest.mark.parametrize("past", ["b", ["b"], X.columns[1:], np.array(["b"])])
def test_past_features_are_anything_like_a_list(past):
    fitted = forecaster(past_features=past).fit(X, Y)
    ahead = pd.DataFrame({"a": [0.5]}, Y.index[-1:] + pd.Timedelta(hours=1))
    assert np.isfinite(fitted.predict(ahead)).all()
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(ahead.assign(c=0.0))


def test_past_features_by_position():
    fitted = forecaster(past_features=np.int64(1)).fit(X.to_numpy(), Y)
    other = forecaster(past_features="b").fit(X, Y)
    ahead = np.array([[0.5, np.nan]])
    with pytest.warns(UserWarning, match="valid feature names"):
        expected = other.predict(ahead)
    assert_array_equal(fitted.predict(ahead), expected)


# Missing values and short series, with a regressor that takes no missing values


def test_missing_values_do_not_stop_a_calibration_or_a_backtest():
    y = Y.copy()
    y.iloc[-20] = np.nan
    calibrated = forecaster(horizon=3, calibration_size=50).fit(y=y)
    assert np.isfinite(calibrated.forecast(3, coverage=0.9).to_numpy()).all()
    frame = backtest(forecaster(horizon=3), y=y, initial_train_size=150, stride=1)
    # from the hole itself, the forecast is that from the hour before
    of_hole = frame["origin"].between(HOURS[181], HOURS[183])
    assert frame["pred"].isna().equals(of_hole)


def test_series_that_are_too_short_to_forecast_are_named():
    panel = pd.concat({"a": Y, "b": 2 * Y}, names=["series"])
    fitted = forecaster(horizon=3, calibration_size=50).fit(y=panel)
    fitted.update(y=pd.concat({"new": Y[:2]}, names=["series"]))
    message = r"3 of 9 .* NaN, of series \['new'\].* 2026-01-01 02:00:00 of 'new' has"
    with pytest.warns(MissingStepsWarning, match=message):
        forecasts = fitted.forecast(3)
    assert_array_equal(forecasts.isna(), forecasts.index.get_level_values(0) == "new")
    ahead = forecasts.to_frame()[[]].loc[["new"]]
    with (
        pytest.warns(LaterSeriesWarning),
        pytest.raises(ValueError, match="window for the forecast of 2026-01-01 02"),
    ):
        fitted.predict(ahead)
    fitted.update(y=pd.concat({"new": Y[2:20], "b2": Y[:3]}, names=["series"]))
    with pytest.warns(MissingStepsWarning, match=r"3 of 12 .* of series \['b2'\]"):
        fitted.forecast(3)
    fitted.update(y=pd.concat({"b2": Y[3:20], "c": Y[:1]}, names=["series"]))
    fitted.update(y=pd.concat({"d": Y[:1]}, names=["series"]))
    with pytest.warns(MissingStepsWarning, match=r"6 of 18 .* of series \['c', 'd'\]"):
        fitted.forecast(3)
    rest = pd.concat({name: Y[1:20] for name in "cd"}, names=["series"])
    fitted.update(y=rest)
    assert np.isfinite(fitted.forecast(3, coverage=0.9).to_numpy()).all()


IMPUTED = make_pipeline(SimpleImputer(), Ridge())


@pytest.mark.parametrize(
    "regressor",
    [
        IMPUTED,
        GridSearchCV(IMPUTED, {"ridge__alpha": [1, 2]}),
        HalvingGridSearchCV(IMPUTED, {"ridge__alpha": [1, 2]}, min_resources=50),
        BaggingRegressor(IMPUTED, n_estimators=2),
        VotingRegressor([("imputed", IMPUTED)]),
    ],
)
def test_an_imputer_inside_of_a_regressor_takes_missing_values(regressor):
    y = Y.drop(Y.index[[50, 198]])
    imputed = forecaster(regressor, horizon=3)
    assert np.isfinite(imputed.fit(y=y).forecast(2)).all()


def test_a_scaler_in_a_pipeline_leaves_missing_values():
    scaled = forecaster(make_pipeline(StandardScaler(), Ridge()))
    assert np.isfinite(scaled.fit(y=Y).forecast(2)).all()


def test_unknown_targets_do_not_push_errors_out_of_the_calibration():
    fitted = naive(calibration_size=50).fit(y=Y[:100])
    before = fitted.forecast(1, coverage=0.9)
    fitted.update(y=Y[100:148].where(Y > 1e9))
    assert_allclose(
        np.diff(fitted.forecast(1, coverage=0.9).to_numpy()), np.diff(before.to_numpy())
    )


def test_the_interval_of_a_new_series_does_not_depend_on_the_chunks():
    panel = pd.concat({"a": Y, "b": 100 * Y}, names=["series"])
    new = pd.concat({"new": 10 * Y[:60]}, names=["series"])
    at_once = naive(horizon=2, calibration_size=50).fit(y=panel)
    one_by_one = naive(horizon=2, calibration_size=50).fit(y=panel)
    at_once.update(y=new)
    for row in range(60):
        one_by_one.update(y=new[row : row + 1])
    frame = at_once.forecast(2, coverage=0.9)
    assert_allclose(one_by_one.forecast(2, coverage=0.9).loc[frame.index], frame)


@pytest.mark.filterwarnings(r"ignore:Series \['new'\] have fewer than 10")
def test_intervals_of_a_backtest_of_a_panel_are_those_of_update():
    panel = pd.concat({"a": Y, "b": 9 * Y[:180], "new": 3 * Y[130:]}, names=["series"])
    times = panel.index.get_level_values(1)
    how = {"initial_train_size": 120, "stride": 4, "coverage": 0.8}
    model = naive(horizon=3, calibration_size=40)
    frame = backtest(model, y=panel, **how).set_index(["origin", "series", "time"])
    fitted = naive(horizon=3, calibration_size=40).fit(y=panel[times <= HOURS[119]])
    for first in range(119, 190, 4):
        part = frame.loc[HOURS[first]]
        expected = fitted.forecast(3, coverage=0.8).loc[part.index]
        assert_allclose(part[expected.columns], expected)
        new = (times > HOURS[first]) & (times <= HOURS[first + 4])
        fitted.update(y=panel[new])


# Pipelines


def test_a_step_that_is_passed_through():
    pipeline = Pipeline([("s", "passthrough"), ("r", Ridge())])
    forecasts = forecaster(pipeline).fit(y=Y).forecast(2)
    assert_array_equal(forecasts, forecaster().fit(y=Y).forecast(2))


@pytest.mark.parametrize(
    "wrap",
    [
        TransformedTargetRegressor,
        lambda inner: GridSearchCV(inner, {"season_length": [1]}),
    ],
)
def test_a_regressor_of_steps_inside_of_another_one(wrap):
    """It gets 3-D windows, all targets, and the features that these continue."""
    wrapped = forecaster(wrap(SeasonalNaiveRegressor()), horizon=3)
    ahead = X[-1:].set_axis(Y.index[-1:] + pd.Timedelta(hours=1))
    assert_allclose(wrapped.fit(X, Y).predict(ahead), Y.iloc[-1])


def test_a_frozen_regressor_stays_as_it_was():
    fitted = forecaster().fit(y=Y)
    frozen = forecaster(FrozenEstimator(fitted.regressor_)).fit(y=2 * Y)
    assert frozen.regressor_.estimator is fitted.regressor_
    assert np.isfinite(frozen.forecast(2)).all()


def test_multi_output_regressor_is_not_told_of_all_targets():
    regressor = MultiOutputRegressor(SeasonalNaiveRegressor(target_features=0))
    forecasts = forecaster(regressor, horizon=2).fit(X, Y)
    ahead = X[-1:].set_axis(Y.index[-1:] + pd.Timedelta(hours=1))
    assert_allclose(forecasts.predict(ahead), Y.iloc[-1])


@pytest.mark.parametrize("transform_output", ["default", "pandas"])
def test_the_container_of_a_scaler_does_not_matter(transform_output):
    scaler = StandardScaler().set_output(transform=transform_output)
    expected = forecaster(
        horizon=2,
        target_transformer=StandardScaler(),
        input_transformer=StandardScaler(),
    ).fit(X[:-9], Y[:-9])
    fitted = forecaster(
        horizon=2, target_transformer=scaler, input_transformer=scaler
    ).fit(X[:-9], Y[:-9])
    assert_array_equal(fitted.predict(X[-9:]), expected.predict(X[-9:]))


# Names and indices


def test_targets_of_an_update_are_those_of_fit():
    both = pd.DataFrame({"a": Y, "b": -Y})
    fitted = forecaster().fit(y=both[:150])
    with pytest.raises(ValueError, match=r"y has the targets \['b', 'a'\], but in fit"):
        fitted.update(y=both[150:][["b", "a"]])
    with pytest.raises(ValueError, match="but in fit they were"):
        forecaster().fit(y=Y[:150]).update(y=Y[150:].rename("other"))


def test_columns_without_names():
    y, inputs = pd.DataFrame(Y.to_numpy()), pd.DataFrame(X.to_numpy())
    forecasts = forecaster().fit(inputs[:-2], y[:-2]).predict(inputs[-2:])
    expected = forecaster().fit(X[:-2].to_numpy(), Y[:-2]).predict(X[-2:].to_numpy())
    assert_array_equal(forecasts[0], expected)
    named = forecaster().fit(X.to_numpy(), Y.rename("x0"))
    names = ["y_x0_lag0", "x0_lag0", "x1_lag0"]
    assert list(named.regressor_.feature_names_in_[-3:]) == names
    twice = pd.concat([X["a"], X["a"]], axis=1)
    with pytest.raises(ValueError, match="columns of X must have different names"):
        forecaster().fit(twice, Y)


@pytest.mark.parametrize(
    "names",
    [["a", "b"], [101, 102], [("x", 1), ("x", 2)], [True, False], [np.nan, 1.0]],
)
def test_columns_of_x_are_found_by_name_whatever_names_are(names):
    inputs = X.set_axis(names, axis=1)
    swapped = inputs.iloc[:, ::-1]
    fitted = forecaster().fit(inputs[:-4], Y[:-4])
    expected = fitted.predict(inputs[-4:])
    assert_array_equal(fitted.predict(swapped[-4:]), expected)
    other = copy.deepcopy(fitted).update(swapped[-4:-2], Y[-4:-2])
    fitted.update(inputs[-4:-2], Y[-4:-2])
    assert_array_equal(other.predict(inputs[-2:]), fitted.predict(inputs[-2:]))
    for columns in (["c", "d"], [*names, "c"], names[:1]):
        frame = pd.DataFrame(0.0, inputs.index[-2:], columns)
        with pytest.raises(ValueError, match=r"names should match|has the col"):
            fitted.predict(frame)


def test_past_features_whose_names_are_numbers_may_be_left_out():
    inputs = X.set_axis([101, 102], axis=1)
    fitted = forecaster(past_features=[102]).fit(inputs[:-2], Y[:-2])
    expected = forecaster(past_features="b").fit(X[:-2], Y[:-2]).predict(X[-2:])
    assert_array_equal(fitted.predict(inputs[[101]][-2:]), expected)


def test_an_index_of_nullable_integers():
    y = Y.set_axis(pd.Index(range(200), dtype="Int64"))
    assert forecaster().fit(y=y).forecast(2).index.tolist() == [200, 201]


def test_series_whose_names_are_booleans():
    panel = pd.concat({True: Y, False: 2 * Y}, names=["flag"])
    frame = naive(calibration_size=50).fit(y=panel).forecast(1, coverage=0.9)
    width = (frame["upper_bound"] - frame["lower_bound"]).to_numpy()
    assert_allclose(width[1], 2 * width[0])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (HOURS[:0], "X has no rows to forecast"),
        (HOURS[-3:] + pd.Timedelta(days=9999), "239974 steps after the last row"),
    ],
)
def test_rows_that_cannot_be_forecast(rows, message):
    fitted = forecaster().fit(y=Y)
    with pytest.raises(ValueError, match=message):
        fitted.predict(pd.DataFrame(index=rows))


def test_inputs_of_the_next_rows_with_another_index():
    panel = pd.concat({"a": X, "b": X}, names=["series"])
    fitted = forecaster().fit(panel, pd.concat({"a": Y, "b": Y}, names=["series"]))
    with pytest.raises(ValueError, match="The index of X is a DatetimeIndex, but in"):
        fitted.forecast(2, X)
    single = forecaster().fit(X[:150], Y[:150])
    twice = pd.concat([X[150:153], X[150:153]])
    with pytest.raises(ValueError, match="does not increase"):
        single.forecast(3, twice)
    with pytest.raises(TypeError, match="steps must be an int"):
        single.forecast(True, X)


@pytest.mark.parametrize(
    "convert",
    [
        lambda days: pd.Index(days.date),
        lambda days: days.astype(object),
        pd.CategoricalIndex,
        lambda days: days.as_unit("ns"),
    ],
)
def test_inputs_of_the_next_rows_by_dates_of_another_type(convert):
    days = pd.date_range("2026-01-01", periods=60, unit="s")
    inputs, y = X[:60].set_axis(days), Y[:60].set_axis(days)
    expected = forecaster(horizon=2).fit(inputs[:50], y[:50]).forecast(3, inputs[50:])
    inputs, y = inputs.set_axis(convert(days)), y.set_axis(convert(days))
    fitted = forecaster(horizon=2).fit(inputs[:50], y[:50])
    forecasts = fitted.forecast(3, inputs[50:])
    assert_array_equal(forecasts, expected)
    assert_array_equal(forecasts, fitted.predict(inputs[50:])[:3])


@pytest.mark.parametrize("horizon", [2, 5])
def test_forecasts_start_after_the_last_known_target(horizon):
    """Targets that are not known yet are steps ahead, whose inputs are known."""
    fitted = forecaster(horizon=horizon, window_length=6, past_features=["b"])
    fitted.fit(X[:150], Y[:150])
    late = copy.deepcopy(fitted).update(X[150:153], np.nan * Y[150:153])
    ahead = X[150:160].assign(b=np.nan)
    expected = fitted.predict(ahead)[3:]
    assert_series_equal(late.predict(ahead[3:]), expected, check_freq=False)
    assert_series_equal(late.forecast(7, ahead[3:]), expected, check_freq=False)
    frame = backtest(
        fitted,
        X[:160],
        Y[:160].where(Y.index[:160] < HOURS[150]),
        initial_train_size=153,
    )
    assert_allclose(frame["pred"][:horizon], expected[:horizon])


def test_series_of_a_panel_start_after_their_own_last_known_target():
    late = pd.concat({"a": Y[:150], "b": Y[50:200]}, names=["series"])
    late.iloc[-4:] = np.nan
    fitted = naive(horizon=2, calibration_size=40).fit(y=late)
    alone = naive(horizon=2).fit(y=Y[50:196])
    forecasts = fitted.forecast(3)
    assert_allclose(forecasts["b"], alone.forecast(7)[4:])
    assert_allclose(forecasts["a"], naive(horizon=2).fit(y=Y[:150]).forecast(3))
    with pytest.warns(MissingStepsWarning, match=r"NaN, of series \['b'\]. .* 5 steps"):
        intervals = fitted.forecast(1, coverage=0.8)
    assert intervals.loc["a"].notna().all(axis=None)
    assert intervals.loc["b", "pred"].notna().all()
    assert intervals.loc["b", ["lower_bound", "upper_bound"]].isna().all(axis=None)
    with pytest.warns(MissingStepsWarning, match=r"NaN, of series \['b'\]. .* 5 steps"):
        quantiles = fitted.forecast(1, quantiles=[0.2, 0.8])
    assert quantiles.notna().all(axis=1).to_list() == [True, False]
    message = r"up to horizon=2 steps .* some rows are up to 7 steps"
    with pytest.raises(ValueError, match=message):
        fitted.predict(forecasts.loc[["b"]].to_frame()[[]], coverage=0.8)


def test_inputs_that_a_late_series_lacks_are_named_with_it():
    panel = pd.concat({"a": Y[:150], "b": Y[:149]}, names=["series"])
    inputs = pd.concat({"a": X[:154], "b": X[:154]}, names=["series"])
    fitted = forecaster(horizon=4).fit(inputs.loc[panel.index], panel)
    message = "for 3 steps of series 'b' between .* and step 8 after"
    with pytest.warns(MissingInputWarning, match=message):
        fitted.predict(inputs.drop(panel.index))


@pytest.mark.parametrize("n_rows", [1, 3, 9, 10])
def test_intervals_of_a_series_with_few_values_are_said_to_be_too_narrow(n_rows):
    panel = pd.concat({"a": Y[:150], "b": Y[50:150]}, names=["series"])
    scaled = {"target_transformer": "auto", "calibration_size": 20, "horizon": 2}
    fitted = forecaster(TREES, **scaled).fit(y=panel)
    fitted.update(y=pd.concat({"new": Y[150 - n_rows : 150]}))
    for call in fitted.sample_paths, partial(fitted.forecast, coverage=0.5):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            call(2)
        messages = [str(w.message) for w in caught if "too narrow" in str(w.message)]
        assert len(messages) == (n_rows < 10)
        assert all("Series ['new'] have fewer than 10" in each for each in messages)
    assert np.isfinite(fitted.forecast(2)).all()


SAID = r"Series \['new'\] have fewer than 10 known values"
FEW = {
    "rows": Y[143:150],
    "values": Y[50:150].where(Y.index[50:150] >= HOURS[145]),
    "values of a target": pd.DataFrame({"y": Y, "z": Y.where(Y.index > HOURS[146])})[
        50:150
    ],
}


@pytest.mark.parametrize("few", FEW)
def test_they_are_said_to_be_however_the_values_came(few):
    new = FEW[few]
    old = new.assign(z=Y) if new.ndim == 2 else Y[50:150]
    panel = pd.concat({"old": old, "new": new}, names=["series"])
    scaled = {"target_transformer": "auto", "calibration_size": 20, "horizon": 2}
    fitted = forecaster(TREES, **scaled).fit(y=panel)
    with pytest.warns(MissingStepsWarning, match=SAID):
        fitted.forecast(2, coverage=0.5)


def test_a_backtest_says_it_of_series_that_are_new_to_it():
    panel = pd.concat({"old": Y[:160], "new": Y[147:160]}, names=["series"])
    scaled = {"target_transformer": "auto", "calibration_size": 20, "horizon": 2}
    how = {"initial_train_size": HOURS[145], "coverage": 0.5}
    with pytest.warns(MissingStepsWarning, match=SAID):
        backtest(forecaster(TREES, **scaled), y=panel, **how)


def test_a_score_needs_as_many_rows_of_x_as_of_y():
    fitted = forecaster().fit(X[:150], Y[:150])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.score(X[150:153], Y[150:152])


@pytest.mark.filterwarnings("ignore:X has no rows for 1 steps")
@pytest.mark.parametrize("late", ["a", "b"])
def test_series_of_a_panel_with_late_targets_may_be_forecast_alone(late):
    panel = pd.concat({"a": Y[:154], "b": Y[50:204]}, names=["series"])
    inputs = pd.concat({"a": X[:154], "b": X[50:204] + 1}, names=["series"])
    is_known = panel.index.get_level_values(1) < HOURS[146]
    observed = panel[is_known].copy()
    observed.loc[(late, slice(HOURS[143], None))] = np.nan
    fitted = forecaster(horizon=4).fit(inputs[is_known], observed)
    later = inputs[panel.index.get_level_values(1) > HOURS[146]]
    together = fitted.predict(later)
    for name in ("a", "b"):
        assert_allclose(fitted.predict(later.loc[[name]]), together.loc[[name]])


def test_no_calibrated_error_starts_at_a_row_without_a_target():
    """Forecasts never do, and those errors would be of later steps."""
    walk = pd.Series(RNG.normal(size=600).cumsum(), pd.RangeIndex(600))
    walk[RNG.rand(600) < 0.4] = np.nan
    regressor = SeasonalNaiveRegressor(1)
    found = forecaster(regressor, horizon=2, calibration_size=300).fit(y=walk)
    last = walk.last_valid_index()
    values = walk.to_numpy()
    errors = [
        np.abs(values[origin + 1] - values[origin])
        for origin in range(299, 598)
        if not np.isnan(values[origin : origin + 2]).any()
    ]
    rank = int(np.ceil(0.8 * (len(errors) + 1))) - 1
    interval = found.forecast(1, coverage=0.8)
    assert last == 599
    assert_allclose(interval["upper_bound"] - interval["pred"], np.sort(errors)[rank])


@pytest.mark.parametrize("in_fit", [True, False])
def test_a_series_without_any_target_is_forecast_from_its_inputs(in_fit):
    inputs = pd.concat({name: X for name in "abc"}, names=["series"])
    y = (10 + 5 * X["a"]).rename("y")
    panel = pd.concat({name: y for name in "abc"}, names=["series"])
    panel["c"] = np.nan
    is_past = inputs.index.get_level_values(1) < HOURS[190]
    known = is_past & (in_fit | (panel.index.get_level_values(0) != "c"))
    fitted = forecaster(TREES, horizon=2, target_transformer="auto")
    fitted.fit(inputs[known], panel[known])
    if not in_fit:
        fitted.update(inputs.loc[["c"]][:190], panel.loc[["c"]][:190])
    later = inputs[~is_past].groupby(level=0).head(2)
    found = fitted.predict(later)
    assert_allclose(found["c"], found["a"], atol=1)


def test_windows_that_end_with_only_some_targets_are_warned_of():
    both = pd.DataFrame({"a": Y, "b": -Y})
    fitted = forecaster(TREES, horizon=2).fit(y=both[:150])
    late = both[150:160].copy()
    late.iloc[-3:, 1] = np.nan
    with pytest.warns(MissingStepsWarning, match=r"last values of \['b'\] are missing"):
        copy.deepcopy(fitted).update(y=late).forecast(2)
    late.iloc[-3:, 0] = np.nan
    expected = copy.deepcopy(fitted).update(y=late[:-3]).forecast(5)[3:]
    assert_allclose(fitted.update(y=late).forecast(2), expected)


def test_targets_that_are_seldom_known_are_not_late():
    is_known = np.random.RandomState(1).rand(200) < 0.4
    is_known[149] = False
    seldom = pd.DataFrame({"a": Y, "b": Y.where(is_known)})
    fitted = forecaster(TREES, window_length=24).fit(y=seldom[:150])
    assert fitted.forecast(1).notna().all(axis=None)


def test_a_backtest_forecasts_targets_that_a_series_never_had():
    both = pd.DataFrame({"a": Y, "b": Y})
    panel = pd.concat({"A": both, "B": both.assign(b=np.nan)}, names=["series"])
    regressor = make_pipeline(SimpleImputer(), Ridge())
    until = panel[panel.index.get_level_values(1) < HOURS[150]]
    expected = naive(horizon=2).set_params(regressor=regressor).fit(y=until).forecast(2)
    model = naive(horizon=2).set_params(regressor=regressor)
    frame = backtest(model, y=panel, initial_train_size=150, stride=50)
    found = frame.pivot(index=["series", "time"], columns="target", values="pred")
    assert_allclose(found[["a", "b"]], expected)


@pytest.mark.parametrize("columns", [["a", "b"], [10, 20]])
def test_columns_that_are_missing_ahead_are_named(columns):
    inputs = X[:150].set_axis(columns, axis=1)
    past = columns[:1]
    fitted = forecaster(past_features=past).fit(inputs, Y[:150])
    with pytest.raises(ValueError, match=r"its columns ('b'|20) are needed"):
        fitted.forecast(1)


def test_few_windows_are_warned_of_once():
    holes = Y.where(np.arange(200) % 7 != 3)
    shown = forecaster(horizon=1, window_length=4, calibration_size=20)
    with (
        pytest.warns(MissingStepsWarning, match="% of the forecasts are NaN"),
        pytest.warns(RowsLeftOutWarning) as found,
    ):
        backtest(shown, y=holes, initial_train_size=150, refit=10)
    assert [w.category for w in found].count(RowsLeftOutWarning) == 1


@pytest.mark.filterwarnings("error:X has no rows for")
def test_no_inputs_are_missed_of_a_panel_whose_series_end_at_different_times():
    panel = pd.concat({"a": Y[:95], "b": Y[:100]}, names=["series"])
    inputs = pd.concat({"a": X[:104], "b": X[:104]}, names=["series"])
    fitted = forecaster(horizon=4).fit(inputs.loc[panel.index], panel)
    later = inputs[~inputs.index.isin(panel.index)]
    together = fitted.predict(later)
    for name in ("a", "b"):
        assert_allclose(together.loc[[name]], fitted.predict(later.loc[[name]]))


@pytest.mark.filterwarnings("error:X has no rows for")
def test_a_backtest_reads_all_inputs_of_steps_that_are_forecast_together():
    holes = Y.copy()
    holes[150:155] = np.nan
    frame = backtest(forecaster(horizon=4), X, holes, initial_train_size=153)
    fitted = forecaster(horizon=4).fit(X[:153], holes[:153])
    assert_allclose(frame["pred"][:4], fitted.forecast(4, X[153:]))


def test_more_missing_targets_than_a_window_are_steps_ahead_as_well():
    late = Y[:160].where(Y.index[:160] < HOURS[140])
    expected = naive(horizon=2).fit(y=Y[:140]).forecast(23)[20:]
    found = naive(horizon=2).fit(y=late).forecast(3)
    assert_series_equal(found, expected, check_freq=False)


@pytest.mark.filterwarnings("error:X has no rows for")
def test_inputs_of_whole_blocks_after_the_last_known_target_are_read():
    fitted = forecaster(horizon=4).fit(X[:150], Y[:150])
    late = fitted.update(X[150:152], np.nan * Y[150:152])  # blocks: 150-153, 154-157
    expected = late.predict(X[152:158])
    assert_series_equal(late.forecast(4, X[152:160]), expected[:4], check_freq=False)
    with pytest.warns(MissingInputWarning, match="for 2 steps .* step 6 after"):
        late.predict(X[152:156])


def test_a_series_that_is_also_an_input_is_named():
    for inputs, y in ((Y.to_frame("other"), Y), (Y.to_numpy()[:, np.newaxis], Y.array)):
        with pytest.raises(ValueError, match=r"of X equals y in all rows. Drop it"):
            forecaster().fit(inputs, y)
    forecaster(past_features="other").fit(Y.to_frame("other"), Y)


@pytest.mark.parametrize("regressor", [7, "Ridge", Ridge])
def test_what_is_no_regressor_is_named(regressor):
    with pytest.raises((ValueError, TypeError), match=r"Got|instance of scikit-learn"):
        Forecaster(regressor).fit(y=Y)


@pytest.mark.parametrize("ahead", [None, 3, HOURS[-3:]])
def test_what_predict_needs_is_named(ahead):
    with pytest.raises(ValueError, match=r"predict needs the rows to forecast. Use"):
        forecaster().fit(y=Y[:50]).predict(ahead)


def test_transformers_of_targets_do_not_mind_the_output_of_transformers():
    log = FunctionTransformer(np.exp, np.log)
    expected = forecaster(target_transformer=log).fit(y=Y / 9).forecast(2)
    with config_context(transform_output="pandas"):
        found = forecaster(target_transformer=log).fit(y=Y / 9).forecast(2)
    assert_series_equal(found, expected)


def test_a_calibration_that_leaves_too_few_rows_is_named():
    message = "calibration_size=197 leaves 3 rows to train on, which are too few"
    with pytest.raises(ValueError, match=message):
        forecaster(calibration_size=197).fit(y=Y)


def test_weights_of_another_length():
    with pytest.raises(ValueError, match="sample_weight"):
        forecaster().fit(y=Y, sample_weight=np.ones(3))


def test_a_backtest_of_series_that_are_out_of_phase():
    panel = pd.concat({"a": Y, "b": Y.shift(freq="30min")}, names=["series"])
    assert np.isfinite(forecaster().fit(y=panel).forecast(2)).all()
    with pytest.raises(ValueError, match="times have no common step"):
        backtest(forecaster(), y=panel, initial_train_size=100)


def test_a_backtest_says_at_once_which_model_has_no_interval():
    models = {"with": naive(calibration_size=20), "without": naive()}
    with pytest.raises(
        ValueError, match="No intervals can be forecast for model 'without'"
    ):
        backtest(models, y=Y, initial_train_size=150, coverage=0.8)
    with pytest.raises(ValueError, match="a dict with at least one"):
        backtest({}, y=Y, initial_train_size=150)


@pytest.mark.parametrize(("first", "unit"), [("1500-01-01", "us"), ("2400-01-01", "s")])
@pytest.mark.parametrize("freq", ["D", "MS", "6h"])
def test_years_that_do_not_fit_into_nanoseconds(first, unit, freq):
    index = pd.date_range(first, periods=43, freq=freq, unit=unit)
    y = pd.Series(np.arange(40.0), index[:40].drop(index[20]).insert(20, index[20]))
    forecasts = naive().fit(y=y).forecast(3)
    assert_array_equal(forecasts.index, index[40:])
    assert_array_equal(forecasts, [39, 39, 39])


@pytest.mark.parametrize(
    ("y", "message"),
    [
        (np.zeros((5, 2, 2)), "y must have the shape .* but it has 3 dimensions"),
        ([Y, 2 * Y], r"y is a list. Pass several series as one .*pd\.concat"),
        ({"a": Y, "b": 2 * Y}, "y is a dict. Pass several series as one"),
        (Y.reset_index(), "y holds times .* or make the times the index"),
        (
            pd.DataFrame({"a": [1, 2], "b": [3, "x"]}),
            "Column 'b' of y holds text, such",
        ),
        (pd.Series(["1.5", "low", "2"]), "y holds text, such as 'low'. Pass numbers"),
        (np.array(["low", "high"], dtype=object), "y holds text, such as 'low'"),
        (Y[::-1], "The index of y does not increase"),
        (Y.iloc[[0, 1, 4]].set_axis(np.array([0, 1, 2**63], dtype=np.uint64)), "int64"),
    ],
)
def test_what_is_wrong_with_a_target_is_named(y, message):
    with pytest.raises(ValueError, match=message):
        forecaster().fit(y=y)


def test_what_is_wrong_with_an_update_is_named():
    fitted = forecaster().fit(y=Y[:100])
    for rows, message in [
        (Y[99:120], "^y starts at 2026-01-05 03:00:00, which is not after"),
        (Y[100:120].to_numpy(), "^y has no time index"),
        (Y[120:110:-1], "The index of y does not increase"),
    ]:
        with pytest.raises(ValueError, match=message):
            fitted.update(y=rows)


def test_a_freq_needs_an_index_of_times():
    with pytest.raises(ValueError, match="freq='D' needs an index of times"):
        forecaster(freq="D").fit(y=Y[:60].to_numpy())


def test_masked_values_are_missing():
    values = np.ma.masked_less(Y[:60].to_numpy(), Y[:60].quantile(0.1))
    expected = forecaster(TREES).fit(y=values.filled(np.nan)).forecast(3)
    assert_allclose(forecaster(TREES).fit(y=values).forecast(3), expected)
    inputs = values[:, np.newaxis]
    given = forecaster(TREES).fit(inputs, Y[:60].to_numpy())
    filled = forecaster(TREES).fit(inputs.filled(np.nan), Y[:60].to_numpy())
    with pytest.warns(MissingInputWarning):
        forecasts = given.predict(inputs[:3])
    with pytest.warns(MissingInputWarning):
        assert_allclose(forecasts, filled.predict(inputs.filled(np.nan)[:3]))


@pytest.mark.parametrize("kind", ["M8[s]", "m8[s]"])
def test_times_are_no_numbers(kind):
    """NumPy and scikit-learn read them as numbers."""
    windows, times = np.zeros((9, 3, 1)), np.arange(9).astype(kind)
    column = times[:, np.newaxis]
    fitted = forecaster().fit(y=np.arange(60.0))
    for call in [
        lambda: LSTMRegressor(units=1, epochs=1).fit(windows, times),
        lambda: LSTMRegressor(units=1, epochs=1).fit(windows, pd.DataFrame(column)),
        lambda: SeasonalNaiveRegressor(1).fit(windows, times),
        lambda: SequenceWindower(2).fit(column),
        lambda: to_supervised(times),
        lambda: to_supervised(pd.Series(times)),
        lambda: forecaster().fit(column, np.arange(9.0)),
        lambda: fitted.score(np.empty((9, 0)), times),
    ]:
        with pytest.raises(ValueError, match=r"holds times \(.*Pass numbers"):
            call()


def test_x_and_y_of_a_score_have_one_index():
    fitted = forecaster().fit(X[:150], Y[:150])
    with pytest.raises(ValueError, match="X and y have different indices"):
        fitted.score(X[150:160], Y[151:161])


def test_a_backtest_takes_no_validation_data():
    params = {"X_val": np.zeros((3, 4, 1)), "y_val": np.zeros((3, 2))}
    network = LSTMRegressor(units=1, epochs=1)
    with pytest.raises(ValueError, match="takes no X_val and y_val"):
        backtest(forecaster(network), y=Y, initial_train_size=150, params=params)


def test_a_score_is_of_the_rows_and_targets_that_y_names():
    line = Forecaster(LinearRegression(), window_length=3)
    y = pd.DataFrame({"a": np.arange(60.0), "b": -5 * np.arange(60.0)}, HOURS[:60])
    line.fit(y=y[:50])
    assert line.score(np.empty((5, 0)), y[53:58]) == pytest.approx(1)
    assert line.fit(y=y["a"][:50]).score(
        y[53:58][[]], y["a"][53:58].rename("b")
    ) == pytest.approx(1)
    line.fit(y=y[:50])
    with pytest.raises(ValueError, match=r"y has the targets \['b', 'a'\], but in fit"):
        line.score(y[53:58][[]], y[53:58][["b", "a"]])


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_score_of_an_array_needs_the_columns_of_fit():
    fitted = forecaster().fit(X[:150], Y[:150])
    expected = fitted.score(X[150:160], Y[150:160])
    assert fitted.score(X[150:160].to_numpy(), Y[150:160]) == expected
    with pytest.raises(ValueError, match="X is None"):
        fitted.score(None, Y[150:160])
    with pytest.raises(ValueError, match="X has 1 features, but Forecaster is expect"):
        fitted.score(X[150:160].to_numpy()[:, :1], Y[150:160])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.score(X[150:158].to_numpy(), Y[150:160])


def test_rows_of_an_array_have_no_times_to_follow():
    fitted = forecaster().fit(y=Y[:50].to_numpy())
    later = Y[50:60].reset_index(drop=True)
    updated = copy.deepcopy(fitted).update(y=later)
    assert_allclose(
        updated.forecast(2), forecaster().fit(y=Y[:50]).update(y=Y[50:60]).forecast(2)
    )
    for call in (fitted.predict, lambda X: fitted.update(X, Y[50:52])):
        with pytest.raises(ValueError, match="X had no time index in fit"):
            call(Y[50:52].to_frame()[[]])


class TakesExamples(Ridge):
    """A regressor whose `fit` takes pairs of different shapes."""

    def fit(self, X, y, eval_set, share=0.5):
        """Fit to all rows."""
        (of_X, of_y), *_ = eval_set
        assert of_X.shape != of_y.shape
        return super().fit(X, y)


def test_parameters_of_fit_may_be_lists_of_arrays():
    examples = [(np.zeros((2, 4)), np.zeros(2))]
    fitted = forecaster(TakesExamples(), calibration_size=20)
    fitted.fit(y=Y, eval_set=examples, share=np.array(0.5))
    assert np.isfinite(fitted.forecast(1, coverage=0.8)).all(axis=None)


def test_masked_values_are_missing_in_scores_and_targets():
    y = np.ma.masked_greater([60.0, 61.0, 9e9], 100)
    line = Forecaster(LinearRegression(), window_length=3).fit(y=np.arange(60.0))
    assert line.score(np.empty((3, 0)), y) == pytest.approx(1)
    assert len(to_supervised(np.ma.masked_greater(np.arange(9.0), 6))[0]) == 6
    windows, weight = np.zeros((9, 3, 1)), np.ma.masked_less(np.ones(9), 2)
    with pytest.raises(ValueError, match="sample_weight contains NaN"):
        LSTMRegressor(units=1, epochs=1).fit(windows, np.arange(9), weight)
    with pytest.raises(ValueError, match="y_val contains NaN"):
        LSTMRegressor(units=1, epochs=1).fit(
            windows, np.arange(9), X_val=windows[:3], y_val=y
        )


def test_steps_that_do_not_fit_into_int64_or_memory_are_refused():
    last = Y[:60].set_axis(np.arange(60) + (2**63 - 60))
    with pytest.raises(ValueError, match="9223372036854775808 does not fit into int64"):
        forecaster().fit(y=last).forecast(1)
    far = Y[:60].set_axis(np.append(np.arange(59), 2**62))
    with (
        pytest.warns(IrregularIndexWarning),
        pytest.raises(ValueError, match="only 60 rows, and a backtest needs a place"),
    ):
        backtest(forecaster(), y=far, initial_train_size=40)


def test_sizes_that_no_memory_holds_are_refused():
    with pytest.raises(ValueError, match="steps == 1000000000, must be <= 100000"):
        forecaster().fit(y=Y).forecast(10**9)
    index = pd.DatetimeIndex(["1700", "1900", "2000"]).insert(
        1, pd.Timestamp("1700-01-01 00:00:00.000001")
    )
    far_apart = pd.Series(1.0, index)
    with (
        pytest.warns(IrregularIndexWarning),
        pytest.raises(ValueError, match="steps, but there are only 4 rows"),
    ):
        forecaster(date_features="hour").fit(y=far_apart)


@pytest.mark.parametrize("parameters", [{"horizon": 0}, {"freq": 3}])
def test_parameters_are_validated_before_data(parameters):
    (name,) = parameters
    wrong = forecaster(**parameters)
    with pytest.raises(ValueError, match=f"The '{name}' parameter of"):
        wrong.fit(y=Y)
    with pytest.raises(ValueError, match=f"The '{name}' parameter of"):
        backtest(wrong, y=Y, initial_train_size=100)


@pytest.mark.parametrize("name", ["horizon", "window_length", "calibration_size"])
def test_a_number_is_not_true(name):
    with pytest.raises(TypeError, match=f"{name} must be an int. Got True"):
        forecaster(**{name: True}).fit(y=Y)


@pytest.mark.parametrize("is_panel", [False, True])
def test_a_forecast_over_a_day_without_midnight(is_panel):
    days = pd.date_range("2025-03-10", periods=46, tz="Africa/Cairo")
    y = pd.Series(np.arange(46.0), days)
    y = pd.concat({"a": y, "b": y}) if is_panel else y
    fitted = forecaster(LinearRegression()).fit(y=y)
    forecasts = fitted.forecast(3)
    of_one = forecasts.loc["b"] if is_panel else forecasts
    expected = ["2025-04-25 01:00", "2025-04-26", "2025-04-27"]
    expected = [pd.Timestamp(time, tz="Africa/Cairo") for time in expected]
    assert list(of_one.index) == expected
    assert_allclose(of_one, [46, 47, 48])
    assert_allclose(fitted.update(y=forecasts).forecast(1), 49)


def test_a_declared_step_is_that_of_the_forecast():
    week = Y[:5].set_axis(pd.date_range("2026-01-05", periods=5))
    for freq, expected in (None, "2026-01-10"), ("B", "2026-01-12"):
        plain = week.set_axis(pd.DatetimeIndex(np.array(week.index)))
        fitted = forecaster(Ridge(), window_length=1, freq=freq).fit(y=plain)
        assert fitted.forecast(1).index[0] == pd.Timestamp(expected)


def test_validation_data_for_the_regressor_is_an_error():
    forecaster = Forecaster(SeasonalNaiveRegressor(4), horizon=2)
    with pytest.raises(ValueError, match="set early_stopping=True in the regressor"):
        forecaster.fit(y=np.arange(40.0), y_val=np.arange(4.0))
