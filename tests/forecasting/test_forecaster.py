"""Forecaster: forecasts of rows that come after the series.

`_observed` is read for the times after the last row, which need inputs to be forecast.
"""

import copy
import pickle
import pickletools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import sklearn
from brute_force import BruteForce
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from pandas.testing import assert_frame_equal, assert_index_equal, assert_series_equal
from sklearn.base import clone
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.exceptions import NotFittedError
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import make_scorer, mean_absolute_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from skrnn import (
    Forecaster,
    GRURegressor,
    LSTMRegressor,
    MeanRegressor,
    PanelTimeSeriesSplit,
    SeasonalNaiveRegressor,
    SequenceWindower,
    WindowRegressor,
    backtest,
    to_supervised,
)
from skrnn.exceptions import (
    LaterSeriesWarning,
    MissingInputWarning,
    MissingStepsWarning,
    NothingChosenWarning,
    RowsLeftOutWarning,
)
from skrnn.metrics import ignore_missing
from skrnn.windows.steps import Step

# Many forecasts here are shorter than the horizon, without inputs of its last steps.
pytestmark = pytest.mark.filterwarnings("ignore:X has no rows for")


def ridge(window_length=4, **parameters):
    """A forecaster with Ridge on rows as they are."""
    return plain(Ridge(), window_length=window_length, **parameters)


def of_windows(forecaster, windows):
    """What the regressor of a forecaster predicts from windows."""
    names = forecaster.regressor_.feature_names_in_
    return forecaster.regressor_.predict(pd.DataFrame(np.array(windows), columns=names))


def plain(regressor, **parameters):
    """A forecaster that transforms nothing by default."""
    untransformed = {"target_transformer": None, "input_transformer": None}
    return Forecaster(regressor, **{**untransformed, **parameters})


def hours(n, start="2026-03-01"):
    return pd.date_range(start, periods=n, freq="h", name="hour")


@pytest.fixture(scope="module")
def load():
    """Two weeks of an hourly series with a daily wave."""
    rng = np.random.RandomState(0)
    index = hours(14 * 24)
    wave = np.sin(2 * np.pi * index.hour / 24)
    return pd.Series(100 + 20 * wave + rng.normal(size=len(index)), index, name="load")


@pytest.fixture(scope="module")
def weather(load):
    """Inputs of the load."""
    rng = np.random.RandomState(1)
    n = len(load)
    inputs = {"temperature": rng.normal(size=n), "wind": rng.normal(size=n)}
    return pd.DataFrame(inputs, load.index)


@pytest.fixture(scope="module")
def network(load):
    """A forecaster with a network, fitted on the load."""
    regressor = LSTMRegressor(4, segment_length=4, epochs=2, random_state=0)
    return Forecaster(regressor, window_length=24, horizon=6).fit(y=load)


# What is forecast


@st.composite
def problems(draw):
    """Random data without some of their rows, and how to forecast them."""
    seed = draw(st.integers(0, 10**6))
    n_series, n_rows = draw(st.integers(1, 3)), draw(st.integers(40, 60))
    n_known, n_past = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    horizon = draw(st.integers(1, 4))
    window_length = draw(st.integers(horizon if n_known else 1, 6))
    gap, n_ahead = draw(st.integers(0, 3)), draw(st.integers(1, 9))
    rng = np.random.RandomState(seed)
    columns = ["y", *(f"known{k}" for k in range(n_known))]
    columns += [f"past{k}" for k in range(n_past)]
    frames, later = [], []
    for start in rng.randint(0, 9, size=n_series):
        n = n_rows + rng.randint(0, 9)
        index = np.arange(start, start + n + gap + n_ahead)
        frame = pd.DataFrame(
            rng.normal(size=(len(index), len(columns))), index, columns
        )
        frame["y"] = frame["y"].cumsum()
        frames.append(frame[:n])
        later.append(frame[n + gap :])
    if draw(st.booleans()):  # a hole, which the last windows do not reach
        frames[0] = frames[0].drop(frames[0].index[8:10])
    return frames, later, window_length, horizon


def joined(frames):
    """One frame for one series, and a panel for several."""
    if len(frames) == 1:
        return frames[0]
    return pd.concat(dict(enumerate(frames)), names=["series", "time"])


LOG = FunctionTransformer(np.arcsinh, np.sinh)
NEGATIVE_CUBE_ROOT = FunctionTransformer(lambda y: -np.cbrt(y), lambda z: -(z**3))
TRANSFORMERS = [
    FunctionTransformer(),
    StandardScaler(),
    MinMaxScaler((-1, 3)),
    PowerTransformer(),
    LOG,
    make_pipeline(LOG, RobustScaler()),
    NEGATIVE_CUBE_ROOT,
]


@given(problems(), st.sampled_from(TRANSFORMERS))
def test_it_forecasts_what_a_brute_force_forecaster_does(problem, transformer):
    frames, later, window_length, horizon = problem
    reference = BruteForce(Ridge(), window_length, horizon, transformer).fit(*frames)
    expected = [
        reference.predict(number, *each)
        for number, each in enumerate(zip(frames, later, strict=True))
    ]
    past = [column for column in frames[0] if column.startswith("past")]
    forecaster = Forecaster(
        Ridge(),
        window_length=window_length,
        horizon=horizon,
        target_transformer=transformer,
        past_features=past,
    )
    data, ahead = joined(frames), joined(later)
    forecaster.fit(data.drop(columns="y"), data["y"])
    forecasts = forecaster.predict(ahead.drop(columns="y"))
    assert_allclose(forecasts, np.concatenate(expected), rtol=1e-6, atol=1e-8)
    assert_index_equal(forecasts.index, ahead.index)


@pytest.fixture(scope="module")
def signal(load):
    """Noise that is known in advance."""
    rng = np.random.RandomState(0)
    return pd.DataFrame({"signal": rng.normal(size=len(load))}, load.index)


@pytest.fixture(scope="module", params=["Ridge", "GRU with a base"])
def follower(request):
    """A forecaster that can learn a linear law."""
    regressor = Ridge(1e-8)
    if request.param != "Ridge":
        regressor = GRURegressor(
            2, base=regressor, early_stopping=True, epochs=2, random_state=0
        )
    return Forecaster(regressor, window_length=6, horizon=6)


def test_an_input_that_is_the_target_is_used_at_every_step(signal, follower):
    """And at its own step: the input of another step says nothing about it."""
    y = 3 * signal["signal"].rename("y") + 7
    forecaster = clone(follower).fit(signal[:-20], y[:-20])
    assert_allclose(forecaster.predict(signal[-20:]), y[-20:], atol=1e-5)
    assert_allclose(forecaster.predict(signal[-20:-17]), y[-20:-17], atol=1e-5)
    frame = backtest(follower, signal, y, initial_train_size=300, stride=4)
    assert_allclose(frame["pred"], frame["observed"], atol=1e-5)


def test_an_input_that_is_the_target_is_used_in_a_panel(signal, follower):
    panel = pd.concat({"a": signal, "b": 1 - signal[30:]}, names=["series"])
    y = 3 * panel["signal"].rename("y") + 7
    later = panel.index.get_level_values("hour") >= signal.index[-20]
    forecaster = clone(follower).set_params(target_transformer=None)
    forecaster.fit(panel[~later], y[~later])
    assert_allclose(forecaster.predict(panel[later]), y[later], atol=1e-5)


def test_nothing_after_the_origin_changes_a_forecast(load, weather):
    X = weather.assign(target=load.shift(-1))  # looks into the future, by a step
    forecaster = ridge(horizon=3, past_features=["wind", "target"])
    forecaster.fit(X[:-9], load[:-9])
    forecasts = forecaster.predict(X[-9:])
    other = X.copy()
    other.loc[X.index[-9] :, ["wind", "target"]] = 1e6
    assert_series_equal(forecaster.predict(other[-9:]), forecasts)
    other.loc[X.index[-6] :, "temperature"] = 1e6
    assert_array_equal(forecaster.predict(other[-9:])[:3], forecasts[:3])


def test_only_targets_in_the_rows_given_are_trained_on(load):
    forecaster = ridge(horizon=5).fit(y=load[:100])
    n_windows = len(load[:100]) - 3 - 5
    mean = np.mean([load[k + 4 : k + 9] for k in range(n_windows)], axis=0)
    assert_allclose(of_windows(forecaster, _flat_windows(load)).mean(axis=0), mean)


def _flat_windows(load):
    return np.array([load[k : k + 4] for k in range(100 - 3 - 5)])


# Units


@pytest.mark.parametrize(
    "transformer",
    [
        "auto",
        StandardScaler(),
        MinMaxScaler((-1, 1)),
        RobustScaler(),
        MaxAbsScaler(),
        make_pipeline(MaxAbsScaler(), StandardScaler()),
        FunctionTransformer(lambda y: 5 - y / 3, lambda z: 3 * (5 - z)),
    ],
)
def test_a_linear_model_does_not_depend_on_linear_transformers(
    load, weather, transformer
):
    X = weather[["wind"]]
    linear = {"regressor": LinearRegression(), "window_length": 4, "horizon": 3}
    expected = plain(**linear).fit(X, load)
    forecaster = Forecaster(**linear, target_transformer=transformer).fit(X, load)
    ahead = pd.DataFrame({"wind": 0.5}, hours(5, load.index[-1])[1:])
    assert_allclose(forecaster.predict(ahead), expected.predict(ahead), rtol=1e-6)


@pytest.mark.parametrize("normalize", ["last", "standard"])
def test_relative_windows_work_under_a_scaler_and_with_inputs(load, weather, normalize):
    """`target_features` is set by the forecaster, which knows the column."""
    regressor = GRURegressor(
        4, normalize=normalize, base=Ridge(), epochs=1, random_state=0
    )
    forecaster = Forecaster(
        regressor, window_length=6, horizon=6, target_transformer=MinMaxScaler()
    )
    shifted = clone(forecaster).fit(weather[:-6], 1000 + 5 * load[:-6])
    forecaster.fit(weather[:-6], load[:-6])
    forecasts = forecaster.predict(weather[-6:])
    assert_allclose(shifted.predict(weather[-6:]), 1000 + 5 * forecasts, rtol=1e-4)
    assert forecaster.regressor_.target_features == [0] * 6


NAIVE = SeasonalNaiveRegressor(24)


@pytest.mark.parametrize(
    "regressor",
    [
        WindowRegressor(NAIVE, normalize="last"),
        WindowRegressor(MeanRegressor([("a", NAIVE), ("b", WindowRegressor(NAIVE))])),
        TransformedTargetRegressor(make_pipeline(WindowRegressor(NAIVE))),
        GRURegressor(  # learns nothing
            2,
            base=WindowRegressor(NAIVE),
            learning_rate=1e-9,
            epochs=1,
            early_stopping=True,
        ),
    ],
    ids=["window", "mean", "transformed", "base"],
)
def test_regressors_inside_others_know_which_column_is_the_target(regressor, load):
    forecaster = Forecaster(
        regressor, window_length=24, horizon=4, date_features="dayofweek"
    )
    forecasts = forecaster.fit(y=load).forecast(4)
    assert_allclose(forecasts, load[-24:-20])


# The rows that are observed


def test_rows_observed_one_at_a_time_count_like_those_of_fit(load, weather):
    X, y = weather, load
    forecaster = ridge(horizon=3).fit(X[:200], y[:200])
    one_by_one, at_once = (copy.deepcopy(forecaster) for _ in range(2))
    for row in range(200, 250):
        one_by_one.update(X[row : row + 1], y[row : row + 1])
    at_once.update(X[200:250], y[200:250])
    assert_series_equal(one_by_one.predict(X[250:256]), at_once.predict(X[250:256]))
    window = np.column_stack([y[246:250], X[249:253]]).ravel()
    assert_allclose(at_once.predict(X[250:253]), of_windows(forecaster, [window])[0])


def test_more_rows_than_the_horizon_are_fed_with_the_forecasts_before(load):
    forecaster = ridge(horizon=4).fit(y=load)
    by_hand = copy.deepcopy(forecaster)
    blocks = []
    for _ in range(3):
        blocks.append(by_hand.forecast(4))
        by_hand.update(y=blocks[-1])
    assert_allclose(forecaster.forecast(10), np.concatenate(blocks)[:10])


def test_a_gap_before_the_first_row_counts_as_steps(load):
    forecaster = ridge(horizon=6).fit(y=load)
    times = forecaster.forecast(9).index
    for gap in (0, 2, 7):
        ahead = forecaster.predict(pd.DataFrame(index=times[gap:]))
        assert_series_equal(ahead, forecaster.forecast(9)[gap:], check_freq=False)


def test_a_missing_timestamp_is_a_missing_step(load):
    """It counts as one, and no window or target bridges it."""
    holes = load.drop(load.index[[50, 51, 120]])
    forecaster = ridge(horizon=3).fit(y=holes)
    filled = ridge(horizon=3).fit(y=holes.asfreq("h"))
    assert_allclose(forecaster.forecast(3), filled.forecast(3))


def test_a_regressor_that_is_trained_on_few_windows_is_warned_of(load):
    holes = load.where(np.arange(len(load)) % 20 != 10)
    message = "Ridge does not support missing values, and more than half of the"
    with pytest.warns(RowsLeftOutWarning, match=message):
        Forecaster(Ridge(), window_length=11).fit(y=holes)
    Forecaster(SeasonalNaiveRegressor(), window_length=11).fit(y=holes)


def test_rows_with_an_unknown_target_are_not_trained_on(load):
    y = load.copy()
    y.iloc[100:110] = np.nan
    trees = HistGradientBoostingRegressor(max_iter=5)
    forecasts = Forecaster(trees, window_length=4).fit(y=y).forecast(3)
    assert forecasts.between(70, 130).all()


# The window


@pytest.mark.parametrize(
    ("freq", "n_rows", "horizon", "expected"),
    [
        ("1min", 2000, 10, 60),
        ("5min", 2000, 12, 288),
        ("15min", 3000, 4, 96),
        ("30min", 2000, 48, 336),
        ("30min", 1000, 48, 144),  # a week is too long: days
        ("h", 2000, 24, 168),
        ("h", 300, 24, 72),  # a week is too long: days
        ("6h", 500, 4, 28),
        ("D", 500, 7, 28),
        ("B", 500, 5, 25),
        ("2B", 500, 5, 25),
        (pd.offsets.CustomBusinessDay(weekmask="1111110"), 500, 6, 24),
        (pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri"), 500, 3, 24),
        ("bh", 500, 8, 40),
        ("2bh", 500, 8, 40),
        ("W-SUN", 500, 13, 52),
        ("W-SUN", 500, 30, 104),
        ("MS", 200, 12, 36),
        ("ME", 100, 12, 24),  # at most a third of the rows
        ("QS", 200, 4, 24),
        ("YS", 100, 3, 24),
        (None, 500, 7, 28),
        (None, 60, 7, 14),
        (None, 30, 20, 20),
    ],
)
def test_the_window_has_whole_seasons_of_the_step(freq, n_rows, horizon, expected):
    y = pd.Series(np.random.RandomState(0).normal(size=n_rows))
    if freq is not None:
        y.index = pd.date_range("2020-01-01", periods=n_rows, freq=freq)
    trees = HistGradientBoostingRegressor(max_iter=1)
    regressor = SeasonalNaiveRegressor() if horizon > 1 else trees
    forecaster = Forecaster(regressor, horizon=horizon).fit(y=y)
    assert forecaster.window_length_ == expected
    if freq in ("MS", "D"):
        y.index = y.index.to_period({"MS": "M"}.get(freq, freq))
        assert forecaster.fit(y=y).window_length_ == expected


def test_days_around_a_change_of_the_clocks_have_a_season_of_a_week():
    y = pd.Series(np.random.RandomState(0).normal(size=500))
    y.index = pd.date_range("2024-10-20", periods=500, tz="Europe/Berlin")
    naive = Forecaster(SeasonalNaiveRegressor(7), horizon=5)
    assert naive.fit(y=y).window_length_ == 28


@pytest.mark.parametrize(
    ("regressor", "reads_windows"),
    [
        (Ridge(), False),
        (make_pipeline(StandardScaler(), Ridge()), False),
        (GridSearchCV(Ridge(), {"alpha": [1, 2]}), False),
        (TransformedTargetRegressor(Ridge()), False),
        (GRURegressor(2, epochs=1), True),
        (GridSearchCV(GRURegressor(epochs=1), {"units": [2]}, cv=2), True),
        (TransformedTargetRegressor(GRURegressor(2, epochs=1)), True),
        (make_pipeline(SimpleImputer(), GRURegressor(2, epochs=1)), False),
    ],
)
def test_a_regressor_gets_the_windows_that_it_reads(
    load, weather, regressor, reads_windows
):
    forecaster = Forecaster(clone(regressor), window_length=3, horizon=2)
    fitted = forecaster.fit(weather[:200], load[:200])
    names = getattr(fitted.regressor_, "feature_names_in_", [])
    if not reads_windows:
        of_step = ["load", "temperature", "wind"]
        assert list(names) == [f"{n}_lag{k}" for k in (2, 1, 0) for n in of_step]
    else:
        assert len(names) == 0
    assert np.isfinite(fitted.predict(weather[200:204])).all()


def test_it_is_a_pipeline_of_windows_and_supervised_targets(load):
    """Where both apply: no inputs, and a scaler fitted to the same rows."""
    scaler = StandardScaler().fit(load.to_frame())
    z = pd.DataFrame(scaler.transform(load.to_frame()), load.index, ["load"])
    X, y = to_supervised(z, 6)
    network = GRURegressor(4, epochs=2, random_state=0)
    pipeline = make_pipeline(SequenceWindower(24), network)
    windows = pipeline[0].fit_transform(X)[23:]
    pipeline[-1].fit(windows, y[23:].to_numpy())
    expected = pipeline[-1].predict(z.to_numpy()[np.newaxis, -24:])
    forecaster = Forecaster(network, window_length=24, horizon=6).fit(y=load)
    assert_allclose(
        forecaster.forecast(6), scaler.inverse_transform(expected)[0], rtol=1e-5
    )


# Folds and searches


def test_folds_of_scikit_learn_are_honest_as_they_stand(load, weather):
    X = weather
    folds = TimeSeriesSplit(3, test_size=6)
    forecaster = ridge(6, horizon=6, past_features="wind")
    metric = "neg_mean_absolute_error"
    scores = cross_val_score(forecaster, X, load, cv=folds, scoring=metric)
    for score, (train, test) in zip(scores, folds.split(X), strict=True):
        fitted = clone(forecaster).fit(X.iloc[train], load.iloc[train])
        forecasts = fitted.forecast(6, X[["temperature"]].iloc[test])
        assert -score == pytest.approx(mean_absolute_error(load.iloc[test], forecasts))


def test_a_search_chooses_the_window(load):
    grid = {"window_length": [2, 24]}
    search = GridSearchCV(
        ridge(horizon=12),
        grid,
        cv=TimeSeriesSplit(3, test_size=12),
        scoring="neg_mean_absolute_error",
    )
    search.fit(pd.DataFrame(index=load.index), load)
    assert search.best_params_ == {"window_length": 24}
    assert len(search.best_estimator_.forecast(5)) == 5


def test_a_search_over_all_new_parameters_in_two_processes(load, weather):
    log = make_pipeline(FunctionTransformer(np.log1p, np.expm1), StandardScaler())
    grid = {
        "window_length": [12, "auto"],
        "regressor__alpha": [1.0, 10.0],
        "target_transformer": [StandardScaler(), log, None],
        "input_transformer": ["auto", StandardScaler()],
        "date_features": [None, ["hour"]],
    }
    search = GridSearchCV(
        Forecaster(Ridge(), horizon=12),
        grid,
        cv=TimeSeriesSplit(2, test_size=12),
        scoring="neg_mean_absolute_error",
        n_jobs=2,
        error_score="raise",
    )
    search.fit(weather, load)
    alone = clone(search.best_estimator_)
    folds = TimeSeriesSplit(2, test_size=12)
    scores = cross_val_score(
        alone, weather, load, cv=folds, scoring="neg_mean_absolute_error"
    )
    assert scores.mean() == pytest.approx(search.best_score_)
    assert search.best_params_["date_features"] == ["hour"]


def test_folds_of_a_panel(load):
    panel = pd.concat({"a": load, "b": 2 * load}, names=["series"])
    X = pd.DataFrame(index=panel.index)
    folds = PanelTimeSeriesSplit(3, test_size=6)
    scores = cross_val_score(ridge(24, horizon=6), X, panel, cv=folds)
    assert scores.min() > 0.5


# Containers


def test_forecasts_are_what_y_was(load):
    fit = ridge(horizon=2).fit
    frame, array = load.to_frame(), load.to_numpy()
    of_series = fit(y=load).forecast(3)
    assert isinstance(of_series, pd.Series)
    assert of_series.name == "load"
    assert of_series.index.name == "hour"
    assert_frame_equal(fit(y=frame).forecast(3), of_series.to_frame())
    assert_array_equal(fit(y=array).forecast(3), of_series)
    assert_array_equal(fit(y=array[:, None]).forecast(3), of_series.to_frame())
    assert_array_equal(
        fit(frame[[]], array).predict(of_series.to_frame()[[]]), of_series
    )
    assert fit(y=load.astype("float32")).forecast(3).index.equals(of_series.index)


def test_several_targets(load, weather):
    both = pd.DataFrame({"load": load, "wind": weather["wind"]})
    forecaster = Forecaster(Ridge(), window_length=3, horizon=2)
    forecasts = forecaster.fit(y=both).forecast(2)
    assert list(forecasts.columns) == ["load", "wind"]
    scaled = (both - both.mean()) / both.std(ddof=0)
    windows = [scaled[k : k + 3].to_numpy().ravel() for k in range(len(both) - 4)]
    targets = [scaled[k + 3 : k + 5].to_numpy().ravel() for k in range(len(both) - 4)]
    expected = Ridge().fit(windows, targets).predict([scaled[-3:].to_numpy().ravel()])
    expected = expected.reshape(2, 2) * both.std(ddof=0).to_numpy()
    assert_allclose(forecasts, expected + both.mean().to_numpy())
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=4, horizon=2)
    forecasts = naive.fit(y=both).forecast(3)
    assert_allclose(forecasts, both.iloc[[-1] * 3])


def one_hot():
    encoder = OneHotEncoder(sparse_output=False)
    return ColumnTransformer([("encode", encoder, ["shift"])], remainder="passthrough")


@pytest.mark.parametrize("transformer", ["auto", one_hot()])
@pytest.mark.parametrize("dtype", [object, "category", "string"])
def test_labels_are_encoded(load, transformer, dtype):
    X = pd.DataFrame({"shift": np.where(load.index.hour < 12, "early", "late")})
    X = X.astype(dtype).set_axis(load.index)
    y = X["shift"].eq("late").astype(float).rename("y")
    forecaster = Forecaster(
        Ridge(1e-6), window_length=6, horizon=6, input_transformer=transformer
    )
    forecaster.fit(X[:-12], y[:-12])
    assert_allclose(forecaster.predict(X[-12:]), y[-12:], atol=1e-3)


@pytest.mark.parametrize(
    "freq", ["D", "h", "B", "MS", "ME", "QE", "YS", "15min", "W-SAT"]
)
@pytest.mark.parametrize("keeps_freq", [True, False])
def test_the_index_of_a_forecast_goes_on(freq, keeps_freq):
    index = pd.date_range("2020-01-31", periods=45, freq=freq)
    index.freq = freq if keeps_freq else None
    y = pd.Series(np.random.RandomState(0).normal(size=40), index[:40])
    forecasts = ridge(2).fit(y=y).forecast(5)
    assert_array_equal(forecasts.index, index[40:])
    assert forecasts.index.freq == pd.tseries.frequencies.to_offset(freq)


@pytest.mark.parametrize(
    "index",
    [
        pd.period_range("2020-01", periods=45, freq="M"),
        pd.timedelta_range("0h", periods=45, freq="h"),
        pd.RangeIndex(45),
        pd.Index(range(3, 48)),
        pd.date_range("2026-03-10", periods=45, freq="D", tz="Europe/Berlin"),
        pd.date_range("2026-03-28", periods=45, freq="h", tz="Europe/Berlin"),
    ],
)
def test_the_index_of_a_forecast_goes_on_for_other_kinds(index):
    y = pd.Series(np.random.RandomState(0).normal(size=40), index[:40])
    forecasts = ridge(2).fit(y=y).forecast(5)
    assert type(forecasts.index) is type(index[40:]) or index.dtype == "int64"
    assert forecasts.index.dtype == index.dtype
    assert_array_equal(forecasts.index, index[40:])


# Panels


@pytest.fixture(scope="module")
def panel(load):
    """Three series that start and end at different times."""
    parts = {"a": load[:200], "b": 3 * load[40:250], "c": 10 - load[100:170]}
    return pd.concat(parts, names=["series"])


def test_each_series_has_its_own_origin(panel):
    forecaster = ridge(horizon=3).fit(y=panel)
    forecasts = forecaster.forecast(3)
    for name in "abc":
        last = panel[name].index[-1]
        assert forecasts[name].index[0] == last + pd.Timedelta(hours=1)
        expected = of_windows(forecaster, [panel[name][-4:]])[0]
        assert_allclose(forecasts[name], expected)
    alone = forecaster.predict(forecasts[["b"]].to_frame()[[]])
    assert_series_equal(alone, forecasts[["b"]])


def test_interleaved_rows_are_the_same_panel(panel):
    by_time = panel.sort_index(level="hour", sort_remaining=False)
    forecaster = ridge(horizon=3)
    forecasts = forecaster.fit(y=panel).forecast(2)
    again = forecaster.fit(y=by_time).forecast(2)
    assert_allclose(again.loc[forecasts.index], forecasts)


def test_a_new_series_is_forecast_from_its_own_rows(panel, load):
    forecaster = ridge(horizon=3).fit(y=panel)
    new = pd.concat({"new": load.shift(freq="1000h")[:22]}, names=["series"])
    forecaster.update(y=new[:20])
    expected = of_windows(forecaster, [load[16:20]])[0]
    assert_allclose(forecaster.predict(new[20:].to_frame()[[]]), expected[:2])


def test_a_series_that_was_never_observed_is_forecast_from_its_inputs():
    hours = pd.date_range("2026-01-01", periods=60, freq="h")
    X = pd.DataFrame({"x": np.random.RandomState(0).rand(60)}, hours)
    panel = pd.concat({"a": X[:40], "b": X[:40]}, names=["series"])
    new = pd.concat({"a": X[40:42], "new": X[40:46]}, names=["series"])
    for transformer, scale in (None, 2), ("auto", 10):
        y = scale * panel["x"].rename("y")
        trees = HistGradientBoostingRegressor(min_samples_leaf=1, max_iter=200)
        forecaster = Forecaster(
            trees, horizon=2, window_length=3, target_transformer=transformer
        ).fit(panel, y)
        with pytest.warns(MissingStepsWarning, match=r"observed of series \['new'\]"):
            forecasts = forecaster.predict(new)
        assert_index_equal(forecasts.index, new.index)
        assert_allclose(forecasts.loc["new"], scale * X["x"][40:46], atol=0.1 * scale)


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.MissingStepsWarning")
def test_a_series_that_was_never_observed_is_missing_without_missing_values(panel):
    forecaster = ridge(horizon=3).fit(y=panel)
    of_known = forecaster.forecast(2).to_frame()[[]]
    last = of_known.index.levels[1][-2:]
    of_new = pd.DataFrame(index=pd.MultiIndex.from_product([["new"], last]))
    forecasts = forecaster.predict(pd.concat([of_known, of_new]))
    assert forecasts.loc["new"].isna().all()
    assert_allclose(forecasts.drop("new"), forecaster.predict(of_known))
    assert forecaster.predict(of_new).isna().all()


@pytest.mark.parametrize("freq", ["MS", "ME", "B", "W-WED", "D", "YE"])
@pytest.mark.parametrize("tz", [None, "Africa/Cairo"])
def test_series_that_end_at_different_times(freq, tz):
    times = pd.date_range("2000-01-01", periods=60, freq=freq)
    times = times.tz_localize(tz, nonexistent="shift_forward")
    series = {
        f"{end}": pd.Series(1.0, times[end - 9 : end]) for end in (57, 20, 21, 9, 40)
    }
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=3)
    forecasts = naive.fit(y=pd.concat(series)).forecast(3)
    expected = [(end, time) for end in series for time in times[int(end) :][:3]]
    assert forecasts.index.tolist() == expected


def test_the_calendar_is_asked_once_for_all_series(monkeypatch):
    """It would take several times as long as the forecasts of many series."""
    months = pd.date_range("2000-01-01", periods=60, freq="MS")
    series = {end: pd.Series(1.0, months[end - 9 : end]) for end in range(10, 60)}
    fitted = Forecaster(SeasonalNaiveRegressor(), window_length=3)
    fitted.fit(y=pd.concat(series))
    asked, after = [], Step.after
    monkeypatch.setattr(Step, "after", lambda *a: asked.append(a) or after(*a))
    assert len(fitted.forecast(3)) == 150
    assert len(asked) == 1


def test_series_that_are_out_of_phase_or_far_apart():
    days = pd.date_range("2000-01-01", periods=9, freq="2D")
    starts = {"a": 0, "b": 1, "c": 90_000}  # pandas 2 ends in 2262
    series = {
        name: pd.Series(1.0, days + pd.Timedelta(days=n)) for name, n in starts.items()
    }
    naive = Forecaster(SeasonalNaiveRegressor(), window_length=3)
    forecasts = naive.fit(y=pd.concat(series)).forecast(2)
    for name, of_series in series.items():
        expected = of_series.index[-1] + pd.to_timedelta([2, 4], "D")
        assert_array_equal(forecasts[name].index, expected)


def test_folds_that_test_one_series_of_a_panel_are_named(load):
    panel = pd.concat({"a": load, "b": 2 * load}, names=["series"])
    X = panel.to_frame()[[]]
    train, test = list(TimeSeriesSplit(3, test_size=20).split(X))[-1]
    forecaster = ridge().fit(X.iloc[train], panel.iloc[train])
    with pytest.warns(LaterSeriesWarning, match="use PanelTimeSeriesSplit"):
        forecaster.predict(X.iloc[test])
    train, test = list(PanelTimeSeriesSplit(3).split(X))[-1]
    ridge().fit(X.iloc[train], panel.iloc[train]).predict(X.iloc[test])


def test_rows_of_fit_cannot_be_forecast(load):
    X = load.to_frame()[[]]
    forecaster = ridge().fit(y=load)
    message = (
        r"^Rows of fit cannot be forecast: use `backtest` .* X starts at 2026-03-01"
    )
    with pytest.raises(ValueError, match=message):
        forecaster.predict(X)


def test_scores_leave_out_missing_targets():
    """A search would take the first candidate otherwise."""
    weekly = np.arange(140) % 7 + 1e-3 * np.random.RandomState(0).rand(140)
    y = pd.Series(weekly, pd.date_range("2026-01-01", periods=140))
    y.iloc[-3] = np.nan
    X = y.to_frame()[[]]
    mae = make_scorer(ignore_missing(mean_absolute_error), greater_is_better=False)
    for scoring in (None, mae):
        search = GridSearchCV(
            Forecaster(SeasonalNaiveRegressor(), window_length=7),
            {"regressor__season_length": [1, 2, 7]},
            cv=TimeSeriesSplit(3, test_size=7),
            scoring=scoring,
            n_jobs=2,
        ).fit(X, y)
        assert search.best_params_ == {"regressor__season_length": 7}
        assert np.isfinite(search.cv_results_["mean_test_score"]).all()


# What may go wrong


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"y": slice(1, None)}, "inconsistent numbers of samples"),
        ({"X": "other index"}, "X and y have different indices: in row 0"),
        ({"window_length": 2}, "window_length=2 is shorter than horizon=3"),
        (
            {"regressor": make_pipeline(SequenceWindower(2), Ridge())},
            "contains a SequenceWindower, but a Forecaster makes the windows itself",
        ),
        ({"horizon": 400}, "window_length=4 is shorter than horizon=400"),
        ({"past_features": ["rain"]}, "past_features must name columns of X"),
        ({"X": "target"}, "X has a column 'load', which is also the name of y"),
        ({"y": "irregular"}, "has no regular step"),
        ({"y": "empty"}, "No row is followed by 3 known targets"),
        ({"y": None}, "requires y to be passed"),
        ({"calibration_size": 2}, "calibration_size=2 is shorter than horizon=3"),
        ({"calibration_size": 999}, "calibration_size=999 holds out all 336 rows"),
    ],
)
def test_bad_data_for_fit(load, weather, change, message):
    X, y = weather, load
    if change.get("X") == "other index":
        X = X.set_index(X.index + pd.Timedelta(hours=1))
    if change.get("X") == "target":
        X = X.assign(load=load)
    if isinstance(change.get("y", 0), slice):
        y = y[change["y"]]
    elif change.get("y") == "irregular":
        y = y.set_axis(load.index + pd.to_timedelta(np.arange(len(y)) ** 2, "s"))
        X = X.set_axis(y.index)
    elif change.get("y", y) is None:
        y = None
    elif change.get("y") == "empty":
        y = y.where(y.index.hour % 3 == 0)
    parameters = {"regressor": Ridge(), "window_length": 4, "horizon": 3}
    parameters |= {k: v for k, v in change.items() if k not in "Xy"}
    with pytest.raises(ValueError, match=message):
        plain(**parameters).fit(X, y)


def test_a_horizon_longer_than_the_data(load):
    message = "No row is followed by 400 known targets: .* series has n_samples=336"
    with pytest.raises(ValueError, match=message):
        ridge(horizon=400).fit(y=load)


def test_windows_longer_than_the_data_for_a_regressor_without_missing_values(load):
    with pytest.raises(
        ValueError, match="Ridge does not support missing values, and all windows"
    ):
        ridge(335).fit(y=load[:300])


@pytest.fixture(scope="module")
def fitted(load, weather):
    """A forecaster with two inputs, fitted on all but the last day."""
    return ridge(horizon=3).fit(weather[:-24], load[:-24])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            slice(-30, -20),
            "X starts at 2026-03-13 18:00:00, which is not after the last",
        ),
        ("renamed", "feature names should match"),
        (
            "numbered",
            "The index of X is an integer Index, but in fit it was a Datetime",
        ),
        ("half past", "are not multiples of"),
        ("labels", "X has no time index"),
        (None, "X is None, but predict needs the rows to forecast"),
    ],
)
def test_bad_rows_to_forecast(fitted, weather, rows, message):
    X = weather.iloc[rows] if isinstance(rows, (list, slice)) else weather[-24:]
    if rows == "renamed":
        X = X.rename(columns={"wind": "sun"})
    elif rows == "numbered":
        X = X.reset_index(drop=True)
    elif rows == "half past":
        X = X.set_index(X.index + pd.Timedelta(minutes=30))
    elif rows == "labels":
        X = X.set_axis([f"row{k}" for k in range(24)])
    with pytest.raises(ValueError, match=message):
        fitted.predict(None if rows is None else X)


def test_bad_inputs_for_the_next_rows(fitted, weather):
    with pytest.raises(ValueError, match=r"but its columns 'temperature', 'wind' are"):
        fitted.forecast(3)
    with pytest.raises(ValueError, match="X has no row for 2026-03-14 02:00:00"):
        fitted.forecast(3, weather[-24:-22])
    with pytest.raises(ValueError, match="X has 2 rows, but steps=3"):
        fitted.forecast(3, weather[-24:-22].to_numpy())
    with pytest.raises(ValueError, match="steps == 0, must be >= 1"):
        fitted.forecast(0)
    with pytest.raises(NotFittedError):
        Forecaster().forecast(1)


def test_rows_given_as_an_array_follow_those_observed(fitted, weather):
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        of_array = fitted.predict(weather[-24:].to_numpy())
    assert_series_equal(of_array, fitted.predict(weather[-24:]), check_freq=False)


def test_more_rows_than_steps_are_allowed(fitted, weather):
    forecasts = fitted.forecast(3, weather)
    assert_series_equal(forecasts, fitted.predict(weather[-24:-21]), check_freq=False)


def test_an_input_that_is_missing_ahead_is_named(load, weather):
    trees = HistGradientBoostingRegressor(max_iter=5)
    fitted = Forecaster(trees, window_length=4, horizon=3).fit(
        weather[:-24], load[:-24]
    )
    X = weather[-24:].copy()
    X.loc[X.index[1], "wind"] = np.nan
    with pytest.warns(
        MissingInputWarning, match="the first of 'wind' at 2026-03-14 01:00"
    ):
        fitted.predict(X)
    with pytest.warns(MissingInputWarning, match="1 values .* 'wind' at 2026-03-14 01"):
        fitted.forecast(1, X)  # with all steps of the horizon


def test_a_failed_update_changes_nothing(fitted, load, weather):
    before = fitted.predict(weather[-24:])
    with pytest.raises(ValueError, match="y has 2 targets"):
        fitted.update(weather[-24:], weather[-24:])
    with pytest.raises(ValueError, match="which is not after the last row seen"):
        fitted.update(weather[-25:], load[-25:])
    assert_series_equal(fitted.predict(weather[-24:]), before)


# scikit-learn


def test_weights_of_rows_weigh_targets(load):
    """A row of weight zero is not learned as a target."""
    y = load.copy()
    y.iloc[150:] += 50
    weight = (np.arange(len(y)) < 150).astype(float)
    forecaster = plain(LinearRegression(), window_length=2)
    expected = clone(forecaster).fit(y=y[:150]).regressor_.coef_
    weighted = clone(forecaster).fit(y=y, sample_weight=weight)
    assert_allclose(weighted.regressor_.coef_, expected)
    pipeline = make_pipeline(SimpleImputer(), LinearRegression())
    of_step = clone(forecaster).set_params(regressor=pipeline)
    of_step.fit(y=y, linearregression__sample_weight=weight)
    assert_allclose(of_step.regressor_[-1].coef_, expected)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sample_weights'"):
        forecaster.fit(y=y, sample_weights=weight)
    with pytest.raises(ValueError, match="Negative values in data passed to `sample"):
        forecaster.fit(y=y, sample_weight=-weight)


def test_metadata_routing(load):
    weight = (np.arange(len(load)) < 150).astype(float)
    forecaster = plain(LinearRegression(), window_length=2)
    expected = clone(forecaster).fit(y=load, sample_weight=weight)
    with sklearn.config_context(enable_metadata_routing=True):
        forecaster.regressor.set_fit_request(sample_weight=True)
        routed = forecaster.fit(y=load, sample_weight=weight)
    assert_allclose(routed.regressor_.coef_, expected.regressor_.coef_)


def test_metadata_routing_does_not_matter_without_a_regressor(load):
    weight = np.where(np.arange(len(load)) < 150, 1.0, 3.0)
    forecasts = []
    for is_on in (True, False):
        with sklearn.config_context(enable_metadata_routing=is_on):
            forecaster = Forecaster(horizon=48, window_length=48, candidates="fast")
            with pytest.warns(NothingChosenWarning):
                forecaster.fit(y=load, sample_weight=weight)
        forecasts.append(forecaster.forecast(3))
    assert_series_equal(*forecasts)


def test_the_parameters_are_not_changed(load):
    regressor, scaler = SeasonalNaiveRegressor(), StandardScaler()
    forecaster = Forecaster(
        regressor, window_length=2, horizon=2, target_transformer=scaler
    )
    forecaster.fit(y=load)
    assert not hasattr(scaler, "mean_")
    assert regressor.target_features is None
    (fitted,) = forecaster.target_transformers_
    assert fitted.mean_ == pytest.approx(load.mean())


SERVE = """
import pickle, sys
with open(sys.argv[1], "rb") as file:
    forecaster = pickle.load(file)
print(*forecaster.forecast(7))
assert "tensorflow" not in sys.modules
"""


def test_a_pickle_forecasts_without_tensorflow(network, tmp_path):
    path = tmp_path / "forecaster.pickle"
    path.write_bytes(pickle.dumps(network))
    command = [sys.executable, "-c", SERVE, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    printed = [float(number) for number in done.stdout.split()]
    assert_array_equal(printed, network.forecast(7))


@pytest.fixture
def panel_of_labels(load):
    index = pd.MultiIndex.from_product([["a", "b"], load.index[:150]])
    y = pd.Series(np.tile(load[:150], 2), index, name="load")
    kind = np.where(np.arange(300) % 3 == 0, "x", "z")
    return pd.DataFrame({"kind": kind}, index), y


def test_skops_keeps_a_forecaster(panel_of_labels):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    X, y = panel_of_labels
    network = GRURegressor(3, epochs=1, random_state=0)
    forecaster = Forecaster(
        network, window_length=4, date_features="auto", calibration_size=20
    )
    forecaster.fit(X, y)
    kept = skops_io.dumps(forecaster)
    unknown = skops_io.get_untrusted_types(data=kept)
    # older versions of skops do not know all of scikit-learn
    assert all(name.startswith(("skrnn.", "sklearn.")) for name in unknown)
    loaded = skops_io.loads(kept, trusted=unknown)
    ahead = X[:1].set_axis(forecaster._observed.ahead(1)[-1][:1])
    expected = forecaster.predict(ahead, coverage=0.8)
    assert_frame_equal(loaded.predict(ahead, coverage=0.8), expected)
    assert_index_equal(
        loaded._observed.ahead(2)[-1],
        expected.index[:0].append(forecaster._observed.ahead(2)[-1]),
    )


def test_a_pickle_holds_nothing_of_pandas(panel_of_labels):
    """So that another version of it can load the pickle."""
    X, y = panel_of_labels
    forecaster = Forecaster(
        Ridge(), window_length=4, date_features="auto", calibration_size=20
    )
    kept = pickle.dumps(forecaster.fit(X, y))
    names = [str(argument) for _, argument, _ in pickletools.genops(kept)]
    assert any("skrnn" in name for name in names)
    assert not any("pandas" in name for name in names)
    ahead = X[:1].set_axis(forecaster._observed.ahead(1)[-1][:1])
    expected = forecaster.predict(ahead)
    assert_series_equal(pickle.loads(kept).predict(ahead), expected)


def test_the_default_regressor_learns(load):
    forecaster = Forecaster(horizon=24)
    X = pd.DataFrame(index=load.index)
    forecaster.fit(X[:-24], load[:-24])
    error = mean_absolute_error(load[-24:], forecaster.predict(X[-24:]))
    assert error < 1.5
    assert forecaster.window_length_ == 72
