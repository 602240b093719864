"""Permutation importance of features and lags, mostly of planted ones."""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, StandardScaler

from skrnn import (
    Forecaster,
    GRURegressor,
    LSTMRegressor,
    SequenceWindower,
    WindowRegressor,
)
from skrnn.exceptions import MissingStepsWarning
from skrnn.inspection import window_importance


class Weighted(RegressorMixin, BaseEstimator):
    """Predicts a weighted sum of the values of each window."""

    def __init__(self, weights):
        self.weights = weights

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.reshape(X, (len(X), -1)) @ np.ravel(self.weights)


def normal(*shape, seed=0):
    return np.random.RandomState(seed).normal(size=shape)


def reads_lag_7_of_b(n_samples=300):
    """A regressor on windows of ten steps of a, b and c, with windows and targets."""
    weights = np.zeros((10, 3))
    weights[10 - 1 - 7, 1] = 2.0
    windows = normal(n_samples, 10, 3)
    return Weighted(weights), windows, 2 * windows[:, 2, 1]


# A planted lag of a planted feature


def test_the_only_lag_that_is_read_is_the_only_one_with_an_importance():
    how = {"by": "both", "scoring": "neg_mean_squared_error", "random_state": 0}
    found = window_importance(*reads_lag_7_of_b(), n_repeats=50, **how)
    assert found.features == ["x0", "x1", "x2"]
    assert found.lags == [f"lag{lag}" for lag in range(9, -1, -1)]
    assert found.importances.shape == (3, 10, 50)
    expected = np.zeros((3, 10))
    at = 1, found.lags.index("lag7")
    # the mean of (2 x - 2 x')**2 for independent values of variance 1
    expected[at] = 2 * 2**2 * np.var(reads_lag_7_of_b()[1][:, 2, 1])
    others = expected == 0
    assert_allclose(found.importances_mean, expected, rtol=0.03)
    assert_array_equal(found.importances[others], 0)
    assert_array_equal(found.importances_mean, found.importances.mean(axis=-1))
    assert_array_equal(found.importances_std, found.importances.std(axis=-1))
    assert found.importances_std[at] > 0


def test_the_importance_of_a_feature_or_a_lag_is_that_of_its_only_value_that_is_read():
    both, feature, lag = (
        window_importance(*reads_lag_7_of_b(), by=by, random_state=0)
        for by in ("both", "feature", "lag")
    )
    assert "lags" not in feature
    assert "features" not in lag
    assert_array_equal(feature.importances, both.importances.sum(axis=1))
    assert_array_equal(lag.importances, both.importances.sum(axis=0))


def test_the_default_score_is_that_of_the_estimator():
    model, windows, y = reads_lag_7_of_b()
    default, r2 = (
        window_importance(model, windows, y, scoring=scoring, random_state=0)
        for scoring in (None, "r2")
    )
    assert_array_equal(default.importances, r2.importances)
    assert_allclose(default.importances_mean[1], 2, rtol=0.1)  # from 1 to -1


def test_a_function_of_estimator_windows_and_targets_is_a_score():
    model, windows, y = reads_lag_7_of_b()

    def largest_error(estimator, X, y):
        assert X.shape == windows.shape
        return -np.abs(estimator.predict(X) - y).max()

    how = {"n_repeats": 2, "random_state": 0}
    found = window_importance(model, windows, y, scoring=largest_error, **how)
    again = window_importance(model, windows, y, scoring="neg_max_error", **how)
    assert_array_equal(found.importances, again.importances)


def test_a_constant_feature_has_no_importance_even_if_predictions_vary():
    class Noisy(Weighted):
        def predict(self, X):
            return super().predict(X) + np.random.default_rng().normal(size=len(X))

    windows = normal(50, 3, 2)
    windows[..., 1] = 5.0
    model = Noisy(np.ones((3, 2)))
    found = window_importance(model, windows, windows.sum(axis=(1, 2)))
    assert found.importances_mean[0] > 0
    assert_array_equal(found.importances[1], 0)


def test_importances_are_those_of_scikit_learn_for_single_columns():
    columns = [f"{name}_lag{lag}" for lag in (2, 1, 0) for name in "ab"]
    frame = pd.DataFrame(normal(400, 6), columns=columns)
    y = frame @ [1, 0, 0.5, 2, 0, 0] + normal(400, seed=1)
    model = LinearRegression().fit(frame, y)
    how = {"n_repeats": 60, "random_state": 0}
    theirs = permutation_importance(model, frame, y, **how)
    ours = window_importance(model, frame, y, by="both", **how)
    assert (ours.features, ours.lags) == (["a", "b"], ["lag2", "lag1", "lag0"])
    of_columns = ours.importances_mean.T.ravel()
    assert_allclose(of_columns, theirs.importances_mean, rtol=0.03, atol=1e-3)
    deviations = ours.importances_std.T.ravel()
    assert_allclose(deviations, theirs.importances_std, rtol=0.4, atol=1e-3)


# Permutations


def test_random_state_determines_the_importances():
    first, again, other = (
        window_importance(*reads_lag_7_of_b(), random_state=seed).importances
        for seed in (0, np.random.RandomState(0), 1)
    )
    assert_array_equal(first, again)
    assert (first[1] != other[1]).all()


def test_the_importances_do_not_depend_on_n_jobs():
    how = {"by": "both", "n_repeats": 2, "random_state": 0}
    one, two = (
        window_importance(*reads_lag_7_of_b(), n_jobs=n_jobs, **how)
        for n_jobs in (None, 2)
    )
    assert_allclose(one.importances, two.importances, rtol=1e-12)


def of_panel(n=200):
    """Windows of one step of a value and of the level of two series, and targets."""
    index = pd.MultiIndex.from_product([["low", "high"], range(n)])
    level = np.repeat([0.0, 1000.0], n)
    windows = np.stack([normal(2 * n), level], axis=1)[:, np.newaxis]
    return windows, pd.Series(windows.sum(axis=(1, 2)), index)


def test_windows_of_a_panel_are_permuted_within_each_series():
    windows, y = of_panel()
    model, how = Weighted([1.0, 1.0]), {"scoring": "neg_mean_absolute_error"}
    within = window_importance(model, windows, y, random_state=0, **how)
    assert_array_equal(within.importances[1], 0)  # as the level of a series is constant
    assert_allclose(within.importances_mean[0], 2 / np.sqrt(np.pi), rtol=0.1)
    among = window_importance(model, windows, y.to_numpy(), random_state=0, **how)
    assert_allclose(among.importances_mean[1], 500, rtol=0.1)


def test_the_rows_of_a_panel_may_be_in_the_order_of_time():
    windows, y = of_panel()
    in_time = np.argsort(y.index.get_level_values(1), kind="stable")
    assert list(y.index[in_time[:2]]) == [("low", 0), ("high", 0)]
    found = window_importance(Weighted([0.0, 1.0]), windows[in_time], y.iloc[in_time])
    assert_array_equal(found.importances, 0)


def test_series_are_those_of_windows_of_a_windower():
    index = pd.MultiIndex.from_product([["low", "high"], range(50)])
    rows = pd.DataFrame({"level": np.repeat([0.0, 1.0], 50)}, index)
    windows = SequenceWindower(1).fit_transform(rows)
    y = np.repeat([0.0, 1.0], 50)
    found = window_importance(Weighted([1.0]), windows, y, random_state=0)
    assert_array_equal(found.importances, 0)
    lost = window_importance(Weighted([1.0]), np.array(windows), y, random_state=0)
    assert (lost.importances > 0).all()


# What is read


def test_columns_of_flat_windows_may_be_in_any_order():
    columns = [f"{name}_lag{lag}" for lag in (24, 1, 0) for name in "ab"]
    frame = pd.DataFrame(normal(100, 6), columns=columns)
    weights = pd.Series([0, 0, 0, 3.0, 0, 0], columns)
    mixed = frame[["b_lag0", "a_lag0", "b_lag24", "b_lag1", "a_lag24", "a_lag1"]]
    y, how = frame @ weights, {"by": "both", "random_state": 0}
    first = window_importance(Weighted(weights), frame, y, **how)
    other = window_importance(Weighted(weights[mixed.columns]), mixed, y, **how)
    assert (first.features, first.lags) == (["a", "b"], ["lag24", "lag1", "lag0"])
    assert (first.importances[1, 1] > 0).all()
    by_name = first.importances[[first.features.index(name) for name in other.features]]
    assert other.lags == first.lags
    assert_allclose(other.importances, by_name, atol=1e-12)


def test_n_step_features_says_what_columns_of_an_array_are():
    windows = normal(100, 4, 2)
    model = WindowRegressor(LinearRegression(), n_step_features=2)
    flat, y = windows.reshape(100, 8), windows[:, 1, 1]
    found = window_importance(model.fit(flat, y), flat, y, by="both", random_state=0)
    expected = window_importance(
        WindowRegressor(LinearRegression()).fit(windows, y),
        windows,
        y,
        by="both",
        random_state=0,
    )
    assert_allclose(found.importances, expected.importances, atol=1e-9)


def test_samples_with_a_missing_target_are_left_out():
    model, windows, y = reads_lag_7_of_b()
    with_missing = y.copy()
    with_missing[::3] = np.nan
    known = ~np.isnan(with_missing)
    found = window_importance(model, windows, with_missing, random_state=0)
    expected = window_importance(model, windows[known], y[known], random_state=0)
    assert_array_equal(found.importances, expected.importances)


def test_inputs_are_not_changed():
    frame = pd.DataFrame(normal(60, 2), columns=["a", "b"])
    windows = SequenceWindower(3, pad=0.0).fit_transform(frame)
    assert not windows.flags.writeable
    y, before = frame["a"].copy(), frame.copy()
    window_importance(Weighted(np.ones((3, 2))), windows, y, by="both")
    flat = SequenceWindower(3, pad=0.0).set_output(transform="pandas")
    flat = flat.fit_transform(frame)
    of_flat = flat.copy()
    window_importance(Weighted(np.ones(6)), flat, y, by="both")
    pd.testing.assert_frame_equal(frame, before)
    pd.testing.assert_frame_equal(flat, of_flat)
    pd.testing.assert_series_equal(y, before["a"])


@pytest.mark.parametrize("by", ["feature", "lag"])
def test_one_copy_of_the_windows_is_in_memory_at_a_time(by):
    class OfLastStep(Weighted):
        def predict(self, X):
            return X[:, -1, 0]

    windows = SequenceWindower(100, pad=0.0).fit_transform(normal(2000, 1))
    y = windows[:, -1, 0].copy()
    tracemalloc.start()
    window_importance(OfLastStep(None), windows, y, by=by, n_repeats=3)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert windows.nbytes < peak < 1.3 * windows.nbytes


def test_warnings_about_the_windows_are_issued_once():
    gru = GRURegressor(2, epochs=1, random_state=0)
    windows, y = normal(40, 5, 1), normal(40)
    gru.fit(windows, y)
    windows[0] = np.nan
    with pytest.warns(MissingStepsWarning) as record:
        window_importance(gru, windows, y, by="lag")
    assert len(record) == 1


# Pipelines that make windows of rows


ROWS = pd.DataFrame(normal(600, 2), columns=["a", "b"])
TARGET = 2 * ROWS["b"].shift(3, fill_value=0.0)


def of_rows(*steps, window_length=5):
    windower = SequenceWindower(window_length, pad=0.0)
    return make_pipeline(MinMaxScaler(), windower, *steps)


def test_a_network_in_a_pipeline_reads_the_planted_lag():
    lstm = LSTMRegressor(8, epochs=40, learning_rate=0.03, random_state=0)
    pipe = of_rows(lstm).fit(ROWS[:500], TARGET[:500])
    later = ROWS[500:], TARGET[500:]
    assert pipe.score(*later) > 0.9
    found = window_importance(pipe, *later, by="both", random_state=0)
    assert (found.features, found.lags[1]) == (["a", "b"], "lag3")
    planted = found.importances_mean[1, 1]
    others = np.delete(found.importances_mean.ravel(), 6)
    assert planted > 1
    assert np.abs(others).max() < 0.1 * planted


def test_the_windows_of_the_transformed_rows_are_permuted():
    pipe = of_rows(WindowRegressor(Ridge())).fit(ROWS[:500], TARGET[:500])
    later = ROWS[500:], TARGET[500:]
    found = window_importance(pipe, *later, by="both", random_state=0)
    windows = pipe[:-1].transform(ROWS[500:])
    expected = window_importance(
        pipe[-1], windows, TARGET[500:], by="both", random_state=0
    )
    assert found.features == ["a", "b"]
    assert_array_equal(found.importances, expected.importances)


def test_features_have_no_names_if_a_transformer_has_none():
    pipe = make_pipeline(FunctionTransformer(np.asarray), SequenceWindower(2, pad=0.0))
    pipe = make_pipeline(*pipe, WindowRegressor(Ridge())).fit(ROWS, TARGET)
    assert window_importance(pipe, ROWS, TARGET).features == ["x0", "x1"]


@pytest.mark.parametrize("container", [None, "pandas"])
def test_flat_windows_in_a_pipeline_are_permuted(container):
    pipe = of_rows(Ridge(1e-6)).set_params(sequencewindower__flatten=True)
    pipe = pipe.set_output(transform=container).fit(ROWS, TARGET)
    found = window_importance(pipe, ROWS, TARGET, by="both", random_state=0)
    assert found.features == ["a", "b"]
    expected = np.zeros((2, 5))
    expected[1, 1] = 2
    assert_allclose(found.importances_mean, expected, atol=0.1)


def test_searches_and_transformed_targets_are_unwrapped():
    pipe = of_rows(WindowRegressor(Ridge()))
    target = TransformedTargetRegressor(pipe, transformer=StandardScaler())
    folds = TimeSeriesSplit(2)
    name = "regressor__windowregressor__regressor__alpha"
    search = GridSearchCV(target, {name: [1.0]}, cv=folds, scoring="neg_max_error")
    search.fit(ROWS, TARGET)
    found = window_importance(search, ROWS, TARGET, by="lag", random_state=0)
    same = pipe.fit(ROWS, TARGET)
    how = {"by": "lag", "random_state": 0, "scoring": "neg_max_error"}
    expected = window_importance(same, ROWS, TARGET, **how)
    assert_allclose(found.importances, expected.importances, rtol=1e-3, atol=1e-6)
    assert isinstance(search.best_estimator_.regressor_[1], SequenceWindower)


def test_windows_that_the_first_steps_make_in_a_pipeline_are_permuted():
    windows = make_pipeline(StandardScaler(), SequenceWindower(4))
    pipe = make_pipeline(windows, WindowRegressor(Ridge())).fit(ROWS, TARGET)
    flat = make_pipeline(*pipe[0], pipe[1])
    how = {"by": "both", "n_repeats": 2, "random_state": 0}
    found, expected = (window_importance(p, ROWS, TARGET, **how) for p in (pipe, flat))
    assert found.features == expected.features
    assert_array_equal(found.importances, expected.importances)


def test_columns_of_windows_may_have_numbers_as_names():
    columns = SequenceWindower(4, flatten=True).fit_transform(ROWS.to_numpy()[:, :1])
    reader = WindowRegressor(Ridge())
    how = {"by": "lag", "n_repeats": 2, "random_state": 0}
    found, expected = (
        window_importance(reader.fit(X, TARGET), X, TARGET, **how)
        for X in (pd.DataFrame(columns), columns)
    )
    assert list(found.lags) == ["lag3", "lag2", "lag1", "lag0"]
    assert_allclose(found.importances, expected.importances, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda pipe: pipe,
        lambda pipe: TransformedTargetRegressor(pipe, transformer=StandardScaler()),
        lambda pipe: GridSearchCV(pipe, {"sequencewindower__pad": ["nan"]}, cv=2),
    ],
    ids=["pipeline", "transformed target", "search"],
)
def test_windows_that_an_inner_pipeline_makes_are_permuted(wrap):
    inner = wrap(make_pipeline(SequenceWindower(4), WindowRegressor(Ridge())))
    pipe = make_pipeline(StandardScaler(), inner).fit(ROWS.to_numpy(), TARGET)
    how = {"by": "both", "n_repeats": 2, "random_state": 0}
    found = window_importance(pipe, ROWS.to_numpy(), TARGET, **how)
    flat = make_pipeline(
        StandardScaler(), SequenceWindower(4), WindowRegressor(Ridge())
    )
    flat.fit(ROWS.to_numpy(), TARGET)
    expected = window_importance(flat, ROWS.to_numpy(), TARGET, **how)
    assert found.features == expected.features == ["x0", "x1"]
    assert list(found.lags) == list(expected.lags)
    assert_allclose(found.importances, expected.importances, rtol=1e-6, atol=1e-9)


# Forecasters


HOURS = pd.date_range("2026-01-01", periods=900, freq="h", name="hour")


def planted(lag=0):
    """A price and a wind, and a load that is twice the price `lag` hours ago."""
    inputs = pd.DataFrame(normal(900, 2), HOURS, ["price", "wind"])
    load = 2 * inputs["price"].shift(lag, fill_value=0.0) + 0.01 * normal(900, seed=1)
    return inputs, load.rename("load")


OF_DIFFERENCE = 2 / np.sqrt(np.pi)  # mean absolute difference of two normal values


def test_a_forecaster_reads_the_planted_lag_of_a_past_input():
    inputs, load = planted(lag=7)
    forecaster = Forecaster(
        Ridge(), window_length=14, past_features=["price", "wind"], date_features=[]
    )
    forecaster.fit(inputs[:600], load[:600])
    later = inputs[600:], load[600:]
    found = window_importance(forecaster, *later, by="both", random_state=0)
    assert found.features == ["load", "price", "wind"]
    expected = np.zeros((3, 14))  # the price 7 hours before the next is at lag 6
    expected[1, found.lags.index("lag6")] = OF_DIFFERENCE
    assert_allclose(found.importances_mean, expected, atol=0.1)


def test_an_input_known_in_advance_is_read_at_its_lead():
    inputs, load = planted()
    forecaster = Forecaster(Ridge(), horizon=3, window_length=5).fit(
        inputs[:600], load[:600]
    )
    later = inputs[600:], load[600:]
    found = window_importance(forecaster, *later, by="both", random_state=0)
    assert found.features == ["load", "price", "wind"]
    lags = ["lag4", "lag3", "lag2", "lag1", "lag0", "lead1", "lead2", "lead3"]
    assert found.lags == lags
    of_load, of_price, of_wind = found.importances_mean
    assert_allclose(of_load[:5], 0, atol=0.02)
    assert np.isnan(of_load[5:]).all()  # which is not known in advance
    assert np.isnan([of_price[:3], of_wind[:3]]).all()  # five steps up to lead 3
    assert_allclose(of_wind[3:], 0, atol=0.02)
    assert_allclose(of_price[3:5], 0, atol=0.02)
    assert_allclose(of_price[5:], OF_DIFFERENCE / 3, rtol=0.1)  # of one of three steps
    by_lag = window_importance(forecaster, *later, by="lag", random_state=0)
    assert by_lag.lags == lags
    assert_allclose(by_lag.importances_mean[5:], OF_DIFFERENCE / 3, rtol=0.1)


def test_the_importance_of_a_forecaster_is_that_of_its_regressor():
    _, load = planted(lag=7)
    forecaster = Forecaster(
        Ridge(), horizon=2, window_length=4, target_transformer=None
    ).fit(y=load[:600])
    windower = SequenceWindower(4, flatten=True).set_output(transform="pandas")
    windows = windower.fit_transform(load.to_frame())[
        599:-2
    ]  # from the last row of fit
    y = np.column_stack([load[600:-1], load[601:]])
    for scoring in ("neg_mean_absolute_error", "r2"):
        found = window_importance(
            forecaster, None, load[600:], by="lag", scoring=scoring, random_state=0
        )
        expected = window_importance(
            forecaster.regressor_, windows, y, by="lag", scoring=scoring, random_state=0
        )
        assert found.lags == expected.lags
        assert_allclose(found.importances, expected.importances, atol=1e-12)


def test_forecasts_are_not_changed_by_their_inspection():
    _, load = planted()
    forecaster = Forecaster(Ridge(), window_length=4).fit(y=load[:600])
    before = forecaster.forecast(1)
    window_importance(forecaster, None, load[600:])
    pd.testing.assert_series_equal(forecaster.forecast(1), before)


def test_origins_are_left_out_without_all_targets_or_a_whole_window():
    _, load = planted()
    forecaster = Forecaster(Ridge(), horizon=2, window_length=3).fit(y=load[:600])
    later = load[600:700].copy()
    later.iloc[50] = np.nan
    sizes = []

    def count(estimator, X, y):
        sizes.append(len(y))
        return 0.0

    window_importance(forecaster, None, later, scoring=count)
    # 99 origins, without two before the missing value and three that read it
    assert set(sizes) == {99 - 5}


def test_errors_of_series_of_different_levels_count_alike():
    index = pd.MultiIndex.from_product([["low", "high"], HOURS])
    price = np.tile(normal(900), 2)
    inputs = pd.DataFrame({"price": price}, index)
    scale = np.repeat([1.0, 1000.0], 900)
    load = pd.Series(scale * (1 + price), index, name="load")
    is_first = np.tile(np.arange(900) < 600, 2)
    forecaster = Forecaster(Ridge(), window_length=2, date_features=[])
    forecaster.fit(inputs[is_first], load[is_first])
    found = window_importance(
        forecaster, inputs[~is_first], load[~is_first], random_state=0
    )
    assert_allclose(found.importances_mean, [0, OF_DIFFERENCE], atol=0.05)


def test_series_that_were_not_in_fit_are_left_out():
    index = pd.MultiIndex.from_product([["a", "b"], HOURS[:200]])
    load = pd.Series(normal(400), index, name="load")
    is_first = index.get_level_values(1) < HOURS[100]
    forecaster = Forecaster(Ridge(), window_length=2, date_features=[])
    forecaster.fit(y=load[is_first].loc[["a"]])
    later = load[~is_first]
    found = window_importance(forecaster, None, later, random_state=0)
    expected = window_importance(forecaster, None, later.loc[["a"]], random_state=0)
    assert_array_equal(found.importances, expected.importances)


def test_segments_take_the_place_of_lags():
    inputs, load = planted()
    network = GRURegressor(4, segment_length=3, epochs=2, random_state=0)
    forecaster = Forecaster(network, horizon=4, window_length=6)
    forecaster.fit(inputs[:600], load[:600])
    later = inputs[600:], load[600:]
    found = window_importance(forecaster, *later, by="both", n_repeats=1)
    assert found.lags == ["lag5-3", "lag2-0", "lead1-3", "lead4"]
    assert_array_equal(
        np.isnan(found.importances_mean),
        [
            [False, False, True, True],  # the load
            [True, False, False, False],
            [True, False, False, False],
        ],
    )


def test_a_search_around_a_forecaster_is_unwrapped():
    _, load = planted()
    search = GridSearchCV(
        Forecaster(Ridge(), window_length=4),
        {"regressor__alpha": [1.0]},
        cv=TimeSeriesSplit(2),
    ).fit(load.to_frame()[[]][:600], load[:600])
    found = window_importance(search, None, load[600:], random_state=0)
    expected = window_importance(
        search.best_estimator_, None, load[600:], random_state=0
    )
    assert_array_equal(found.importances, expected.importances)


# Errors


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"by": "step"}, "by must be 'feature', 'lag' or 'both'. Got 'step'"),
        ({"n_repeats": 0}, "n_repeats == 0, must be >= 1"),
        ({"scoring": ["r2"]}, r"the name of one scikit-learn scorer.* Got \['r2'\]"),
    ],
)
def test_wrong_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        window_importance(*reads_lag_7_of_b(), **parameters)


def test_columns_of_unknown_lags_raise_an_error():
    X = normal(50, 6)
    model = Ridge().fit(X, X[:, 0])
    with pytest.raises(ValueError, match="the feature and the lag of each column"):
        window_importance(model, X, X[:, 0])


def test_targets_that_are_all_missing_raise_an_error():
    model, windows, y = reads_lag_7_of_b()
    with pytest.raises(ValueError, match="no sample whose targets are all known"):
        window_importance(model, windows, np.full(len(y), np.nan))


def test_rows_shorter_than_the_horizon_raise_an_error():
    _, load = planted()
    forecaster = Forecaster(Ridge(), horizon=3, window_length=4).fit(y=load[:600])
    with pytest.raises(ValueError, match=r"of 3 steps .* the 2 rows of y\. Pass more"):
        window_importance(forecaster, None, load[600:602])


def test_a_forecaster_must_be_fitted():
    with pytest.raises(NotFittedError):
        window_importance(Forecaster(Ridge()), None, planted()[1])


def test_a_single_window_of_each_series_is_an_error():
    """There is nothing to permute it with, which must not look like no importance."""
    y = pd.Series(np.random.RandomState(0).normal(size=120))
    forecaster = Forecaster(Ridge(), horizon=3, window_length=4).fit(y=y[:100])
    with pytest.raises(ValueError, match="no series has more than one"):
        window_importance(forecaster, None, y[100:103])
    found = window_importance(forecaster, None, y[100:104], random_state=0)
    assert found.importances.any()
