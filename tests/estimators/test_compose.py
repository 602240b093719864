"""Pipelines in scikit-learn's own tools, without adapters."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import BaggingRegressor, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import (
    ElmanRegressor,
    LSTMRegressor,
    SeasonalNaiveRegressor,
    SequenceWindower,
)

N_ROWS = 120


@pytest.fixture(scope="module")
def X():
    t = np.arange(N_ROWS) / 5
    return np.column_stack([np.sin(t), np.cos(t / 2)])


@pytest.fixture(scope="module")
def y(X):
    return np.sin((np.arange(N_ROWS) + 1) / 5)


@pytest.fixture(scope="module")
def pipe():
    return Pipeline(
        [
            ("scale", MinMaxScaler()),
            ("window", SequenceWindower(window_length=4)),
            ("rnn", LSTMRegressor(units=4, epochs=3, random_state=0)),
        ]
    )


def as_array(X, y):
    return X, y


def as_frame(X, y):
    index = pd.date_range("2026-01-01", periods=len(X), freq="D")
    return pd.DataFrame(X, columns=["a", "b"], index=index), pd.Series(y, index=index)


@pytest.mark.parametrize("container", [as_array, as_frame])
def test_grid_search(container, pipe, X, y):
    X, y = container(X, y)
    search = GridSearchCV(
        pipe,
        {"window__window_length": [2, 6], "rnn__units": [2, 4]},
        cv=TimeSeriesSplit(3),
        scoring="neg_mean_squared_error",
        return_train_score=True,
        error_score="raise",
    ).fit(X[:100], y[:100])
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert mean_squared_error(y[100:], search.predict(X[100:])) < 2 * y.var()
    best = clone(pipe).set_params(**search.best_params_).fit(X[:100], y[:100])
    assert_array_equal(search.predict(X[100:]), best.predict(X[100:]))


def test_arrays_and_frames_give_the_same(pipe, X, y):
    frame, series = as_frame(X, y)
    of_frame = clone(pipe).fit(frame[:100], series[:100]).predict(frame[100:])
    of_array = clone(pipe).fit(X[:100], y[:100]).predict(X[100:])
    assert_array_equal(of_frame, of_array)


def test_pandas_output_between_the_steps(pipe, X, y):
    frame, series = as_frame(X, y)
    expected = clone(pipe).fit(frame[:100], series[:100]).predict(frame[100:])
    through_frames = clone(pipe)
    through_frames[:-1].set_output(transform="pandas")
    through_frames.fit(frame[:100], series[:100])
    assert_array_equal(through_frames.predict(frame[100:]), expected)
    assert through_frames[-1].feature_names_in_[0] == "a_lag3"


@pytest.mark.parametrize("rnn", [ElmanRegressor(2), SeasonalNaiveRegressor()])
def test_lags_beside_a_column_without_a_lag(rnn, X, y):
    """The column would become the newest step."""
    frame, series = as_frame(X, y)
    windower = SequenceWindower(4).set_output(transform="pandas")
    beside = make_column_transformer(
        (windower, ["a"]), ("passthrough", ["b"]), verbose_feature_names_out=False
    ).set_output(transform="pandas")
    with pytest.raises(ValueError, match=r"such as 'a_lag3', beside others: 'b'\."):
        make_pipeline(beside, rnn).fit(frame, series)


def test_the_last_step_is_swapped_in_one_line(pipe, X, y):
    linear = clone(pipe).set_params(
        window__flatten=True, window__pad="edge", rnn=Ridge(alpha=1e-3)
    )
    assert linear.fit(X[:100], y[:100]).score(X[100:], y[100:]) > 0.9


def test_cross_validation(pipe, X, y):
    assert cross_val_score(pipe, X, y, cv=TimeSeriesSplit(3)).shape == (3,)
    predicted = cross_val_predict(pipe, X, y, cv=KFold(3))
    for train, test in KFold(3).split(X):
        by_hand = clone(pipe).fit(X[train], y[train]).predict(X[test])
        assert_array_equal(predicted[test], by_hand)


def test_predictions_in_the_units_of_the_target(pipe, X, y):
    pipe = clone(pipe).set_params(rnn__epochs=200)
    whole = TransformedTargetRegressor(pipe, transformer=StandardScaler())
    predicted = whole.fit(X[:100], 500 + 20 * y[:100]).predict(X[100:])
    assert_allclose(predicted, 500 + 20 * y[100:], atol=6)


def test_target_of_several_steps(pipe, X, y):
    later = np.column_stack([y, np.roll(y, -1), np.roll(y, -2)])
    assert clone(pipe).fit(X, later).predict(X).shape == (N_ROWS, 3)
    each = MultiOutputRegressor(pipe).fit(X, later)
    assert each.predict(X).shape == (N_ROWS, 3)


def test_ensembles(pipe, X, y):
    voting = VotingRegressor([("rnn", pipe), ("ridge", Ridge())]).fit(X, y)
    members = [member.predict(X) for member in voting.estimators_]
    assert_allclose(voting.predict(X), np.mean(members, axis=0))
    bagging = BaggingRegressor(pipe, n_estimators=2, random_state=0).fit(X, y)
    assert bagging.predict(X).shape == (N_ROWS,)


def test_bagging_on_flat_windows_with_missing_steps(X, y):
    windows = SequenceWindower(window_length=4, flatten=True).fit_transform(X)
    rnn = ElmanRegressor(units=2, epochs=2, n_step_features=2, random_state=0)
    bagging = BaggingRegressor(rnn, n_estimators=2, random_state=0).fit(windows, y)
    assert np.isfinite(bagging.predict(windows)).all()


def test_permutation_importance(pipe, X, y):
    pipe = clone(pipe).set_params(rnn__epochs=60).fit(X, y)
    found = permutation_importance(pipe, X, y, n_repeats=2, random_state=0)
    assert found.importances_mean[0] > 0.1


def test_halving_grid_search(pipe, X, y):
    search = HalvingGridSearchCV(
        pipe, {"rnn__units": [2, 3]}, cv=TimeSeriesSplit(2), min_resources=40
    ).fit(X, y)
    assert search.n_resources_[0] == 40
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    assert search.predict(X).shape == (N_ROWS,)


def test_sample_weight_through_the_pipeline(pipe, X, y):
    weight = np.zeros(N_ROWS)
    weight[:50] = 1
    weighted = clone(pipe).fit(X, y, rnn__sample_weight=weight)
    wrong = y.copy()
    wrong[50:] = 1e3
    unseen = clone(pipe).fit(X, wrong, rnn__sample_weight=weight)
    assert_array_equal(weighted.predict(X), unseen.predict(X))


def test_nothing_leaks_from_the_future(X, y):
    """Changing a later row does not change predictions up to t."""
    pipe = make_pipeline(
        SequenceWindower(window_length=4), ElmanRegressor(2, epochs=2, random_state=0)
    ).fit(X, y)
    changed = X.copy()
    changed[100] += 1.0
    before, after = pipe.predict(X + 1), pipe.predict(changed + 1)
    assert_array_equal(after[:100], before[:100])
    assert (after[100:104] != before[100:104]).all()
