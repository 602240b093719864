"""What a forecaster without a regressor chooses, and by what."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config
from numpy.testing import assert_allclose
from pandas.testing import assert_frame_equal, assert_series_equal
from sklearn.base import clone
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import (
    Forecaster,
    GRURegressor,
    MeanRegressor,
    SeasonalNaiveRegressor,
    WindowRegressor,
    backtest,
)
from skrnn.exceptions import NothingChosenWarning
from skrnn.forecasting.candidates import Candidate, Options
from skrnn.forecasting.choice import Search, choose
from skrnn.forecasting.target_transform import TargetTransform
from skrnn.forecasting.validation import read_rows

HORIZON, N_ROWS = 3, 160
N_HELD_OUT = N_ROWS // 5


@pytest.fixture(scope="module")
def sales():
    """Daily sales with a week, a trend and some noise."""
    days = pd.date_range("2024-01-01", periods=N_ROWS, name="day")
    noise = np.random.RandomState(0).normal(size=N_ROWS).cumsum()
    week = 20 * np.sin(2 * np.pi * days.day_of_week / 7)
    return pd.Series(200 + np.arange(N_ROWS) / 5 + week + noise, days, name="sales")


@pytest.fixture(scope="module")
def fitted(sales):
    return Forecaster(horizon=HORIZON).fit(y=sales)


def test_it_forecasts_what_the_chosen_forecaster_does(fitted, sales):
    chosen = fitted.chosen_.fit(y=sales)
    assert chosen.regressor is not None
    assert_series_equal(fitted.forecast(HORIZON), chosen.forecast(HORIZON))
    assert_series_equal(fitted.forecast(HORIZON), sales_ahead(fitted))


def sales_ahead(forecaster):
    return pickle.loads(pickle.dumps(forecaster)).forecast(HORIZON)


def test_errors_are_those_of_forecasts_from_all_origins_in_the_last_fifth(
    fitted, sales
):
    table = fitted.candidates_.set_index("name")
    for name in ("Ridge (last)", "seasonal naive, 7 steps"):
        row = table.loc[[name]].iloc[0]
        forecaster = Forecaster(horizon=HORIZON).set_params(**row["params"])
        first = N_ROWS - N_HELD_OUT
        frame = backtest(forecaster, y=sales, initial_train_size=first, stride=1)
        frame = frame.groupby("origin").filter(lambda part: len(part) == HORIZON)
        change = sales.diff(7).abs().mean()
        error = (frame["pred"] - frame["observed"]).abs().mean() / change
        assert row["error"] == pytest.approx(error)


@pytest.mark.parametrize(("horizon", "n_held_out"), [(3, 32), (16, 32), (18, 36)])
def test_at_least_two_horizons_are_held_out(sales, horizon, n_held_out):
    forecaster = Forecaster(horizon=horizon)
    rows, _ = read_rows(forecaster, None, sales)
    search = Search(forecaster, rows, {})
    assert search.earlier.tolist() == [True] * (160 - n_held_out) + [False] * n_held_out


def test_without_seasons_naive_forecasts_are_the_last_value():
    y = np.random.RandomState(0).normal(size=60).cumsum()
    forecaster = Forecaster(horizon=3, candidates="fast").fit(y=y)
    assert "seasonal naive, 1 steps" in set(forecaster.candidates_["name"])


def test_the_choice_is_not_worse_than_ridge_or_naive(fitted):
    table = fitted.candidates_
    params = fitted.chosen_.get_params(deep=False)
    is_chosen = [each.items() <= params.items() for each in table["params"]]
    (chosen,) = table["error"][is_chosen]
    simple = table["name"].str.match("Ridge|seasonal naive")
    assert chosen <= 1.01 * table["error"][simple].min()
    names = {"GRU", "GRU beside Ridge", "Ridge beside seasonal naive", "extra trees"}
    assert names <= set(table["name"])
    assert {14, 28} <= set(table["window_length"])
    assert table["logarithm"].any()
    assert "auto" in set(table["date_features"])


def test_parallel_candidates_have_the_same_errors(fitted, sales):
    parallel = Forecaster(horizon=HORIZON, n_jobs=2).fit(y=sales)
    columns = ["name", "window_length", "logarithm", "error"]
    assert_frame_equal(
        parallel.candidates_[columns], fitted.candidates_[columns], rtol=1e-4
    )
    assert_allclose(parallel.forecast(HORIZON), fitted.forecast(HORIZON), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")  # it forks
def test_candidates_run_with_a_backend_that_gives_all_results_at_once():
    wave = np.sin(np.arange(60) / 2) + np.arange(60) / 100
    y = pd.Series(wave, pd.date_range("2020", periods=60, freq="MS"))
    forecaster = Forecaster(horizon=3, candidates="fast", n_jobs=2)
    expected = clone(forecaster).fit(y=y).candidates_.drop(columns="seconds")
    with parallel_config(backend="multiprocessing"):
        found = forecaster.fit(y=y).candidates_.drop(columns="seconds")
    columns = ["name", "window_length", "error"]
    assert_frame_equal(found[columns], expected[columns])


def test_what_is_set_is_kept(sales):
    scaler = make_pipeline(StandardScaler())
    forecaster = Forecaster(
        horizon=HORIZON,
        window_length=9,
        target_transformer=scaler,
        date_features=[],
        candidates="fast",
    ).fit(y=sales)
    table = forecaster.candidates_
    assert set(table["window_length"]) == {9}
    assert list(table["date_features"]) == [[]] * len(table)
    assert not table["logarithm"].any()
    assert forecaster.chosen_.target_transformer is scaler
    networks = [each for each in table["name"] if each.startswith("GRU")]
    assert networks == ["GRU beside Ridge"]


def test_windows_shorter_than_the_horizon_get_no_calendar(sales):
    forecaster = Forecaster(horizon=HORIZON, window_length=2).fit(y=sales)
    assert set(forecaster.candidates_["date_features"]) == {None}


def test_means_are_those_of_the_best_two_the_best_three_and_so_on():
    none = TargetTransform(None, [], np.zeros((1, 1)))
    rows, _ = read_rows(Forecaster(), None, np.arange(100.0))
    search, codes = Search(Forecaster(), rows, {}), np.zeros(5, dtype=int)
    search.scale = np.full((1, 1), 10.0)

    def trial(name, forecast):  # of zeros
        pair = np.broadcast_to([0.0, forecast], (5, HORIZON, 1, 2))
        params, error = {"regressor": name}, abs(forecast)
        return Candidate(name, params, error, 0.0, pair, none, codes)

    trials = [trial("third", 90.0), trial("first", 10.0), trial("second", -20.0)]
    two, three = search.means(trials)
    assert (two.error, three.error) == (0.5, pytest.approx(80 / 30))
    members = [name for name, _ in three.params["regressor"].estimators]
    assert members == ["first", "second", "third"]
    assert two.name == "mean of first, second"
    assert search.means(trials[:1]) == []


@pytest.mark.parametrize("offset", [0, -1000])
def test_a_series_that_begins_late_has_too_few_rows_to_choose_by(offset):
    """As a column of a wide table may."""
    y = np.append(np.full(112, np.nan), offset + np.arange(5.0, 13))
    with pytest.warns(NothingChosenWarning):
        late = Forecaster(horizon=5).fit(y=y)
    with pytest.warns(NothingChosenWarning):
        alone = Forecaster(horizon=5).fit(y=y[112:])
    assert np.isfinite(late.forecast(5)).all()
    assert late.candidates_["name"].to_list() == alone.candidates_["name"].to_list()


def test_the_error_of_a_panel_is_scaled_by_series():
    rows, _ = read_rows(Forecaster(), None, np.arange(100.0))
    search = Search(Forecaster(), rows, {})
    search.scale = np.array([[10.0], [1.0]])
    none = TargetTransform(None, [], np.zeros((2, 1)))
    pairs = np.zeros((2, HORIZON, 1, 2))
    pairs[0, ..., 1], pairs[1, ..., 1] = 20.0, 4.0  # forecasts of zeros
    assert search._error(pairs, none, np.array([0, 1])) == (2 + 4) / 2


def test_the_mean_has_the_best_that_read_the_same(fitted):
    table = fitted.candidates_
    is_mean = table["name"].str.startswith("mean of")
    (params,) = table["params"][is_mean]
    assert isinstance(params["regressor"], MeanRegressor)
    read = ["window_length", "date_features", "target_transformer"]
    alike = table["params"].map(lambda each: all(each[n] == params[n] for n in read))
    names = list(table["name"][~is_mean & alike])  # from the smallest error on
    members = [name for name, _ in params["regressor"].estimators]
    assert len(members) > 1
    assert members == names[: len(members)]


@pytest.mark.parametrize(
    ("errors", "n_members"),
    [
        ([0.5, 0.9, 0.95], 2),  # of the means of two, three and four
        ([0.9, 0.5, 0.504], 4),
        ([0.9, 0.5, 0.506], 3),
        ([1.009, 1.02, 1.009], 4),
        ([1.02, 1.2, 1.3], 1),
    ],
)
def test_the_largest_mean_close_to_the_smallest_error_is_chosen(
    monkeypatch, errors, n_members
):
    def means(search, trials):
        found = []
        for number, error in enumerate(errors, start=2):
            found.append(Candidate(f"mean of {number}", params, error))
        return found

    params = Forecaster(Ridge(), window_length=7).get_params(deep=False)
    rows, _ = read_rows(Forecaster(), None, np.arange(100.0) % 7)
    monkeypatch.setattr(Search, "means", means)
    monkeypatch.setattr(Search, "tried", lambda *_: [best])
    best = Candidate("best", {**params, "regressor": WindowRegressor(Ridge())}, 1.0)
    chosen, table = choose(Forecaster(), rows, {})
    assert chosen.name == (f"mean of {n_members}" if n_members > 1 else "best")
    assert [row["name"].startswith("mean of") for row in table].count(True) == 1


@pytest.mark.parametrize(
    ("is_long", "n_rows", "has_trees"),
    [(True, 2000, True), (False, 2000, False), (True, 30_000, False)],
    ids=["long", "few horizons", "many values"],
)
def test_trees_read_long_series_and_exponential_smoothing_others(
    is_long, n_rows, has_trees
):
    forecaster = Forecaster(horizon=40 if is_long else 41, window_length=28)
    days = pd.date_range("1950-01-01", periods=n_rows)
    y = pd.Series(np.sin(np.arange(n_rows)), days)
    rows, _ = read_rows(forecaster, pd.DataFrame(np.ones((n_rows, 2)), days), y)
    options = Options(forecaster, rows)
    names = [each.name for each in options.others(options.linear()[0])]
    assert ("extra trees" in names) is has_trees
    smoothing = {f"exponential smoothing, {season} steps" for season in (7, 1)}
    assert smoothing & set(names) == (set() if is_long else smoothing)


def test_inputs_that_determine_the_target_are_not_lost(sales):
    X = pd.DataFrame({"price": np.random.RandomState(1).normal(size=N_ROWS)})
    X.index = sales.index
    y = (3 * X["price"]).rename("sales")
    forecaster = Forecaster(horizon=HORIZON, candidates="fast")
    forecaster.fit(X[:-HORIZON], y[:-HORIZON])
    assert_allclose(forecaster.predict(X[-HORIZON:]), y[-HORIZON:], atol=0.01)


@pytest.mark.parametrize(("n_rows", "season_length"), [(12, 1), (14, 7), (21, 7)])
def test_few_rows_get_a_mean_of_simple_regressors_with_a_warning(
    sales, n_rows, season_length
):
    forecaster = Forecaster(horizon=HORIZON)
    with pytest.warns(NothingChosenWarning, match=f"of {n_rows} rows.*10 times"):
        forecaster.fit(y=sales[:n_rows])
    names, (_, smoothing, ridge) = zip(
        *forecaster.chosen_.regressor.estimators, strict=True
    )
    beside = "Ridge beside seasonal naive"
    assert names == ("Ridge (last)", "exponential smoothing", beside)
    assert smoothing.season_length == ridge.base.season_length == season_length
    assert isinstance(forecaster.chosen_.target_transformer[0], FunctionTransformer)
    (row,) = forecaster.candidates_.itertuples()
    assert np.isnan(row.error)
    expected = clone(forecaster.chosen_).fit(y=sales[:n_rows]).forecast(HORIZON)
    assert_series_equal(forecaster.forecast(HORIZON), expected)


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
@pytest.mark.parametrize("seed", [3, 5, 6, 7, 9])
def test_forecasts_from_rows_without_a_whole_window_stay_near_them(seed):
    y = np.random.RandomState(seed).poisson(20, 9 + seed % 3)
    forecasts = Forecaster(horizon=7).fit(y=y.astype(float)).forecast(7)
    assert y.min() / 2 < forecasts.min() < forecasts.max() < 1.5 * y.max()


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
def test_a_season_that_fits_twice_is_used():
    months = pd.date_range("2020-01-01", periods=36, freq="MS")
    noise = np.random.RandomState(0).normal(size=36)
    y = pd.Series(100 + 10 * np.sin(np.arange(36) / 6 * np.pi) + noise / 2, months)
    forecaster = Forecaster(horizon=6).fit(y=y[:24])
    assert forecaster.window_length_ == 12
    assert_allclose(forecaster.forecast(6), y[24:30], atol=3)
    assert Forecaster(horizon=6).fit(y=y[:23]).window_length_ == 6


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
def test_forecasts_after_a_fall_to_a_tenth_do_not_explode():
    """A logarithm gave 10^21, from rows whose last fifth was at the lower level."""
    rng, days = np.random.RandomState(0), pd.date_range("2020-01-01", periods=140)
    level = np.where(np.arange(140) < 112, 6000.0, 600.0)
    week = 1 + 0.1 * np.sin(np.arange(140) * 2 * np.pi / 7)
    y = pd.Series(level * week * np.exp(0.05 * rng.normal(size=170)[:140]), days)
    forecaster = Forecaster(horizon=30).fit(y=y)
    assert forecaster.chosen_.target_transformer == "auto"
    assert forecaster.forecast(30).max() < 1e5


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
def test_a_logarithm_is_not_used_for_few_rows_where_it_fails_in_the_last_ones():
    days = pd.date_range("2020-01-01", periods=200)
    rng, level = np.random.RandomState(1), np.linspace(6000, 1500, 200)
    found = {}
    for name, y in (("falling", level), ("growing", np.exp(np.arange(200) / 50))):
        y = pd.Series(y + 0.01 * y * rng.normal(size=200), days)
        chosen = Forecaster(horizon=30).fit(y=y).chosen_
        found[name] = chosen.target_transformer != "auto"
    assert found == {"falling": False, "growing": True}


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
def test_the_first_zero_of_a_series_of_large_values_can_be_read_and_forecast():
    rng, months = np.random.RandomState(0), pd.date_range("2020", periods=60, freq="MS")
    growth = np.exp(np.arange(60) / 20 + 0.1 * rng.normal(size=60))
    closed, next_month = pd.Series([0.0], months[57:58]), months[58]
    for level, takes_zero in ((20, True), (0.1, False)):
        y = pd.Series(level * growth, months)[:57]
        forecaster = Forecaster(horizon=12).fit(y=y)
        assert forecaster.chosen_.target_transformer != "auto"  # but a logarithm
        if takes_zero:
            assert forecaster.update(y=closed).forecast(1).index == next_month
        else:
            with pytest.raises(ValueError, match=r"turns y = 0\.0 into -inf"):
                forecaster.update(y=closed)


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
def test_skops_keeps_what_was_chosen(sales):
    forecaster = Forecaster(horizon=HORIZON).fit(y=sales[:27])
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    data = skops_io.dumps(forecaster)
    kept = skops_io.loads(data, trusted=skops_io.get_untrusted_types(data=data))
    tables = (each.candidates_.drop(columns="params") for each in (kept, forecaster))
    assert_frame_equal(*tables)
    assert_series_equal(kept.forecast(HORIZON), forecaster.forecast(HORIZON))
    del kept._candidates
    assert not hasattr(kept, "candidates_")


def test_few_rows_with_inputs_are_forecast_from_the_inputs(sales):
    y, X = sales[:27], pd.DataFrame({"price": np.arange(N_ROWS) % 5.0}, sales.index)
    forecaster = Forecaster(horizon=HORIZON)
    with pytest.warns(NothingChosenWarning):
        forecaster.fit(X[:27], y + 50 * X["price"][:27])
    names = [name for name, _ in forecaster.chosen_.regressor.estimators]
    beside = [
        f"Ridge beside {name}" for name in ("exponential smoothing", "seasonal naive")
    ]
    assert names == ["Ridge (last)", *beside]
    assert forecaster.chosen_.target_transformer == "auto"
    ahead = forecaster.predict(X[27:30]) - sales[27:30]
    assert_allclose(ahead, 50 * X["price"][27:30], atol=30)


def test_unknown_targets_are_no_rows_to_choose_by(sales):
    y = sales[:155].where(np.arange(155) >= 130)
    with pytest.warns(NothingChosenWarning, match="too few"):
        Forecaster(horizon=HORIZON, candidates="fast").fit(y=y)


def test_candidates_are_compared_by_rows_before_late_targets(sales):
    errors = [
        Forecaster(horizon=HORIZON, candidates="fast").fit(y=y).candidates_["error"]
        for y in (sales.where(np.arange(N_ROWS) < 130), sales[:130])
    ]
    assert_series_equal(*errors)


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.NothingChosenWarning")
def test_a_single_whole_window_is_enough_to_be_trained_on():
    months = pd.date_range("2020-01-01", periods=24, freq="MS")
    wave = 100 + 10 * np.sin(np.arange(36) / 6 * np.pi)
    forecaster = Forecaster(horizon=12).fit(y=pd.Series(wave[:24], months))
    assert forecaster.window_length_ == 12
    assert_allclose(forecaster.forecast(12), wave[24:], atol=3)


def test_a_constant_series_is_forecast_exactly(sales):
    forecaster = Forecaster(horizon=HORIZON)
    with pytest.warns(NothingChosenWarning, match="values that change"):
        forecaster.fit(y=0 * sales + 3)
    assert forecaster.forecast(HORIZON).to_list() == [3, 3, 3]


def test_weights_of_rows_reach_all_candidates(sales):
    weight = np.ones(N_ROWS)
    weight[:100] = 0  # a break in the series
    y = sales.where(weight > 0, -sales)
    forecaster = Forecaster(horizon=HORIZON, candidates="fast", window_length=7)
    forecaster.fit(y=y, sample_weight=weight)
    error = (forecaster.forecast(HORIZON) - sales[-7:-4].to_numpy()).abs()
    assert error.max() < 10


def test_with_a_regressor_nothing_is_left_of_an_earlier_choice(fitted, sales):
    forecaster = copy.copy(fitted).set_params(regressor=SeasonalNaiveRegressor(7))
    forecaster.fit(y=sales)
    assert not hasattr(forecaster, "chosen_")
    assert not hasattr(forecaster, "candidates_")
    assert hasattr(fitted, "chosen_")


def test_other_parameters_of_fit_are_refused(sales):
    with pytest.raises(ValueError, match=r"no parameters but sample_weight.*'epochs'"):
        Forecaster(horizon=HORIZON).fit(y=sales, epochs=3)


def test_it_says_what_it_chose(sales, capsys):
    Forecaster(horizon=HORIZON, candidates="fast", verbose=1).fit(y=sales)
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("Chosen from ")
    assert "window_length=28" in line


def test_networks_of_a_week_read_days():
    hours = pd.date_range("2024-01-01", periods=900, freq="h")
    y = pd.Series(np.sin(2 * np.pi * hours.hour / 24), hours)
    table = Forecaster(horizon=24, candidates="fast").fit(y=y).candidates_
    network = table.set_index("name").loc["GRU beside Ridge", "params"]["regressor"]
    assert isinstance(network, GRURegressor)
    assert network.segment_length == 24


def test_a_large_panel_is_chosen_by_some_of_its_series():
    n_series, n_rows = 300, 1200
    index = pd.MultiIndex.from_product(
        [range(n_series), pd.date_range("2024-01-01", periods=n_rows)]
    )
    y = pd.Series(np.arange(float(len(index))), index)
    forecaster = Forecaster(horizon=HORIZON)
    rows, _ = read_rows(forecaster, None, y)
    search = Search(forecaster, rows, {"sample_weight": np.arange(len(y))})
    assert len(search.rows) == 100 * n_rows
    assert_allclose(np.unique(search.rows.codes), np.arange(0, n_series, 3))
    assert_allclose(search.fit_params["sample_weight"], search.rows.targets[:, 0])


def test_a_series_that_was_nearly_constant_before_does_not_decide_alone():
    days = pd.date_range("2024-01-01", periods=160)
    week = 10 * np.sin(2 * np.pi * days.day_of_week / 7)
    noise = np.random.RandomState(0).normal(size=(4, 160))
    series = {f"shop {k}": 100 + week + noise[k] for k in range(3)}
    series["opened late"] = np.where(np.arange(160) < 136, 0, 50 + 5 * noise[3])
    series["opened late"][60] = 1
    frame = pd.DataFrame(series, days).unstack()
    table = Forecaster(horizon=7, candidates="fast").fit(y=frame).candidates_
    assert table["error"].min() < 5  # over 100 in changes of the first rows


def test_each_series_of_different_scale_is_forecast_as_if_alone():
    days = pd.date_range("2024-01-01", periods=N_ROWS)
    wave = np.sin(2 * np.pi * np.arange(N_ROWS) / 7)
    noise = np.random.RandomState(0).normal(size=(4, N_ROWS)) / 10
    series = {n: pd.Series(10.0**n * (wave + noise[n]), days) for n in range(4)}
    forecaster = Forecaster(horizon=HORIZON, candidates="fast")
    ahead = forecaster.fit(y=pd.concat(series)).forecast(HORIZON)
    for n in range(4):
        together = ahead.loc[n] / 10.0**n
        assert_allclose(
            together, np.sin(2 * np.pi * (N_ROWS + np.arange(3)) / 7), atol=0.2
        )
