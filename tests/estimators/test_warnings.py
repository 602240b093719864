"""Warnings about data and training are issued for mistakes, not for sound data."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from skrnn import (
    ElmanRegressor,
    GRURegressor,
    SeasonalNaiveRegressor,
    SequenceWindower,
)
from skrnn.exceptions import (
    IgnoredIndexWarning,
    MissingStepsWarning,
    NothingLearnedWarning,
    NoWindowsWarning,
    RowsLeftOutWarning,
    SkrnnWarning,
    UnscaledWarning,
)

CLASSES = [
    IgnoredIndexWarning,
    MissingStepsWarning,
    NoWindowsWarning,
    NothingLearnedWarning,
    RowsLeftOutWarning,
    UnscaledWarning,
]
SINE = np.sin(np.arange(301) / 5)
ROWS, TARGET = SINE[:-1].reshape(-1, 1), SINE[1:]


def net(**params):
    return ElmanRegressor(**{"units": 4, "epochs": 1, "random_state": 0, **params})


def windowed(window_length=10, **params):
    return make_pipeline(SequenceWindower(window_length), net(**params))


def with_nan(share=None, rows=None):
    X = ROWS.copy()
    X[np.random.RandomState(0).rand(len(X)) < share if rows is None else rows] = np.nan
    return X


def warnings_of(call, *args):
    """Return all warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*args)
    return caught


def said(call, *args):
    """Return the only warning of a call."""
    (one,) = warnings_of(call, *args)
    assert one.filename == __file__, "the line of the user's code"
    return one


def test_all_are_of_one_class():
    assert all(issubclass(each, SkrnnWarning) for each in CLASSES)
    assert issubclass(SkrnnWarning, UserWarning)


def test_a_step_of_a_pipeline_and_a_search_point_to_the_line_of_the_user():
    """Both call the estimator from code of joblib."""
    X = pd.DataFrame(ROWS, pd.date_range("2026", periods=300).astype(str), ["x"])
    pipe = make_pipeline(SequenceWindower(3), SeasonalNaiveRegressor(2))
    assert said(pipe.fit, X, TARGET).category is IgnoredIndexWarning
    search = GridSearchCV(pipe, {"sequencewindower__window_length": [2]}, refit=False)
    caught = warnings_of(search.fit, X, TARGET)
    assert {warning.category for warning in caught} == {IgnoredIndexWarning}
    assert {warning.filename for warning in caught} == {__file__}


# Targets of later calls


@pytest.mark.parametrize("factor", [0.01, 1, 100])
@pytest.mark.parametrize("offset", [0, 1000])
def test_targets_far_from_those_of_the_first_call(factor, offset):
    windows = np.random.RandomState(0).normal(size=(60, 3, 1))
    y = windows[:, -1, 0]
    first, again = (GRURegressor(2, epochs=1, warm_start=w) for w in (False, True))
    for rnn, call in (first, first.partial_fit), (again, again.fit):
        rnn.fit(windows, offset + factor * y)
        if (offset, factor) in [(0, 1), (0, 100)]:
            assert warnings_of(call, windows, y) == []
        else:
            warning = said(call, windows, y)
            assert warning.category is UnscaledWarning
            assert "away from those of the first call" in str(warning.message)


@pytest.mark.parametrize("n_first", [100, 19_000])
def test_all_targets_of_a_later_call_are_compared_by_their_weights(n_first):
    rng = np.random.RandomState(0)
    windows, y = rng.normal(size=(20_000, 2, 1)), rng.normal(size=20_000)
    rnn = ElmanRegressor(1, epochs=1, batch_size=5000).fit(windows[:100], y[:100])
    other = y + 1000 * (np.arange(20_000) >= n_first)
    assert said(rnn.partial_fit, windows, other).category is UnscaledWarning
    weights = np.where(other > 500, 1e-9, 1)
    rnn.fit(windows[:100], y[:100])
    assert warnings_of(rnn.partial_fit, windows, other, weights) == []


# Missing steps, in prediction


@pytest.fixture(scope="module")
def pipe():
    return windowed().fit(ROWS[:200], TARGET[:200])


def test_windows_to_predict_without_an_observed_step(pipe):
    windows = np.zeros((5, 10, 1))
    windows[[1, 3]] = np.nan
    warning = said(pipe[-1].predict, windows)
    assert warning.category is MissingStepsWarning
    assert "Of 5 windows to predict, 2 have no observed step." in str(warning.message)
    assert "Fill missing values before the windower" in str(warning.message)


def test_they_are_said_of_a_network_trained_with_missing_steps_too():
    estimator = windowed().fit(with_nan(share=0.05), TARGET)[-1]
    windows = np.full((2, 10, 1), np.nan)
    windows[0, 0] = 0  # few steps, as in some training windows
    warning = said(estimator.predict, windows)
    assert "Of 2 windows to predict, 1 have no observed step." in str(warning.message)


@pytest.mark.parametrize("as_view", [True, False])
def test_windows_to_predict_with_fewer_than_half_of_their_steps(pipe, as_view):
    windows = SequenceWindower(10).fit_transform(with_nan(rows=slice(50, 58)))
    windows = windows if as_view else windows.copy()
    warning = said(pipe[-1].predict, windows)
    assert warning.category is MissingStepsWarning
    # windows of 10 steps; 6, 7, 8, 8, 8, 7 and 6 of them are missing
    assert "Of 300 windows to predict, 7 have fewer" in str(warning.message)


def test_a_few_rows_without_the_rows_before_them(pipe):
    alone = SequenceWindower(10, history="none").fit(ROWS).transform(ROWS[200:203])
    warning = said(pipe[-1].predict, alone)
    assert "Of 3 windows to predict, 3 have fewer than half" in str(warning.message)
    assert 'history="auto"' in str(warning.message)


@pytest.mark.parametrize("as_view", [True, False])
def test_the_first_rows_of_a_series_are_no_mistake(pipe, as_view):
    windows = pipe[0].fit(ROWS).transform(ROWS)
    windows = windows if as_view else windows.copy()
    assert not warnings_of(pipe[-1].predict, windows)


def test_the_first_rows_of_each_series_of_a_panel_are_no_mistake():
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(100)])
    X = pd.DataFrame(ROWS, index=index, columns=["load"])
    assert not warnings_of(lambda: windowed().fit(X, TARGET).predict(X))


def test_where_missing_values_are_filled_one_value_makes_a_step(pipe):
    both = np.column_stack([ROWS, np.full(300, np.nan)])
    both[::20, 1] = 1.0
    filled = windowed(missing="fill").fit(both, TARGET)
    windows = filled[0].transform(both)
    assert not warnings_of(filled[-1].predict, windows[100:])
    assert "1 have no observed step" in str(
        said(filled[-1].predict, np.full((1, 10, 2), np.nan)).message
    )


@pytest.mark.parametrize("missing", ["mask", "fill"])
@pytest.mark.parametrize("share", [0, 0.05])
def test_fewer_than_a_tenth_of_the_steps_whatever_the_training(share, missing):
    """One later row without its history, and a gap."""
    pipe = windowed(30, missing=missing).fit(with_nan(share), TARGET)
    later = pipe[0].set_params(history="none").transform(ROWS[:1])
    warning = said(pipe[-1].predict, later)
    assert warning.category is MissingStepsWarning
    is_known = share > 0 or missing == "fill"  # in training: filled before the start
    few = "a tenth of their steps observed." if is_known else "half of their steps"
    assert f"Of 1 windows to predict, 1 have fewer than {few}" in str(warning.message)
    gap = pipe[0].transform(with_nan(rows=slice(100, 128)))
    if is_known:  # 28 of 30 steps are missing in three windows
        assert " 3 have fewer than a tenth" in str(
            said(pipe[-1].predict, gap[80:]).message
        )
    gap = pipe[0].transform(with_nan(rows=slice(100, 127)))  # three steps are enough
    assert not (is_known and warnings_of(pipe[-1].predict, gap[80:]))


def test_half_of_the_steps_are_enough(pipe):
    windows = np.zeros((5, 10, 1))
    windows[2, 2:7] = np.nan
    assert not warnings_of(pipe[-1].predict, windows)


def test_quantiles_say_it_as_well():
    estimator = windowed(loss="quantile", quantile=(0.1, 0.9)).fit(ROWS, TARGET)[-1]
    warning = said(estimator.predict_quantiles, np.full((2, 10, 1), np.nan))
    assert warning.category is MissingStepsWarning


# Rows left out of training


def test_more_than_a_tenth_of_the_rows_left_out():
    rows = np.column_stack([ROWS, ROWS])
    rows[:, 1][np.random.RandomState(0).rand(300) < 0.2] = np.nan
    frame = pd.DataFrame(rows, columns=["load", "wind"])
    windower = SequenceWindower(10).set_output(transform="pandas")
    windows = windower.fit_transform(frame)
    warning = said(net().fit, windows, TARGET)
    assert warning.category is RowsLeftOutWarning
    n = np.isnan(rows[:-9, 1]).sum()
    assert f"{n} of 300 rows ({n / 300:.0%}) are not used" in str(warning.message)
    assert f"here: 'wind' ({n} times)." in str(warning.message)
    assert 'Set missing="fill"' in str(warning.message)
    net(missing="fill").fit(windows, TARGET)


def test_of_arrays_the_position_of_the_feature_is_said():
    windows = SequenceWindower(10).fit_transform(with_nan(share=0.3)).copy()
    assert "here: feature 0 (" in str(said(net().fit, windows, TARGET).message)
    assert "here: feature 0 (" in str(said(net().partial_fit, windows, TARGET).message)


def test_rows_left_out_of_the_rows_with_a_weight():
    weight = np.ones(300)
    weight[:150] = 0
    windows = SequenceWindower(10).fit_transform(with_nan(rows=slice(0, 130)))
    net().fit(windows, TARGET, sample_weight=weight)
    windows = SequenceWindower(10).fit_transform(with_nan(rows=slice(200, 220)))
    warning = said(net().fit, windows, TARGET, weight)
    assert "20 of 150 rows (13%)" in str(warning.message)


def test_rows_left_out_beside_those_held_out():
    windows = SequenceWindower(10).fit_transform(with_nan(rows=slice(100, 140)))
    estimator = net(early_stopping=True, validation_fraction=0.5)
    warning = said(estimator.fit, windows, TARGET)
    assert "40 of 150 rows (27%)" in str(warning.message)


def test_rows_before_the_first_full_window_are_no_loss():
    assert not warnings_of(windowed().fit, ROWS[:30], TARGET[:30])  # 9 rows
    windows = SequenceWindower(10).fit_transform(ROWS[:30]).copy()
    assert not warnings_of(net().fit, windows, TARGET[:30])


def test_rows_before_the_first_full_window_of_a_panel_are_no_loss():
    index = pd.MultiIndex.from_product([list("abcdef"), range(50)])
    X = pd.DataFrame(ROWS.copy(), index=index, columns=["load"])
    assert not warnings_of(windowed().fit, X, TARGET)  # 54 rows
    X.iloc[[70, 80, 90]] = np.nan
    assert not warnings_of(windowed().fit, X, TARGET)


def test_missing_steps_are_known_from_all_fits():
    windows = SequenceWindower(10).fit_transform(ROWS).copy()
    windows[20:, 2:8] = np.nan
    estimator = net().fit(windows, TARGET)
    estimator.partial_fit(np.nan_to_num(windows), TARGET)
    assert not warnings_of(estimator.predict, windows)


def test_nothing_is_left_out_if_all_windows_start_missing():
    pipe = windowed(window_length=31)
    assert not warnings_of(pipe.fit, ROWS[:30], TARGET[:30])


# Training that learns nothing


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "quantile"])
def test_a_learning_rate_far_too_low(loss):
    quantile = (0.1, 0.5) if loss == "quantile" else None
    estimator = windowed(epochs=60, learning_rate=1e-7, loss=loss, quantile=quantile)
    warning = said(estimator.fit, ROWS, 5000 + 1000 * TARGET)
    assert warning.category is NothingLearnedWarning
    assert "after 60 epochs the training loss is" in str(warning.message)
    assert "another learning_rate" in str(warning.message)


def test_a_second_fit_with_warm_start_learns_nothing_either():
    pipe = windowed(epochs=60, learning_rate=1e-7, warm_start=True)
    for _ in range(2):
        warning = said(pipe.fit, ROWS, 5000 + 1000 * TARGET)
        assert "after 60 epochs the training loss is" in str(warning.message)


def test_a_large_target_far_from_zero_is_learned():
    pipe = windowed(epochs=60, learning_rate=0.01)
    assert not warnings_of(pipe.fit, ROWS, 5000 + 1000 * TARGET)


def test_a_learning_rate_far_too_high():
    warning = said(windowed(epochs=60, learning_rate=20.0).fit, ROWS, TARGET)
    assert warning.category is NothingLearnedWarning
    assert "another learning_rate" in str(warning.message)


@pytest.mark.parametrize("block_size", [None, 100])
def test_a_constant_although_there_is_something_to_learn(block_size):
    """The units are saturated, so that the network predicts the mean."""
    windows = SequenceWindower(10).fit_transform(with_nan(share=0.01) + 50)
    estimator = net(epochs=60, learning_rate=0.02, block_size=block_size)
    with pytest.warns(SkrnnWarning) as caught:
        estimator.fit(windows, TARGET - TARGET.mean())
    assert [each.category for each in caught] == [
        UnscaledWarning,
        NothingLearnedWarning,
    ]


def test_a_target_of_noise_says_nothing():
    noise = np.random.RandomState(0).randn(300, 1)
    pipe = windowed(epochs=60, units=1, learning_rate=1e-7)
    assert not warnings_of(pipe.fit, noise, noise[::-1].ravel())


@pytest.mark.parametrize("block_size", [None, 100])
def test_the_loss_of_the_best_constant(block_size):
    """The loss of a constant, with sample weights and several outputs."""
    y = np.column_stack([5000 + 1000 * TARGET, 3000 - 1000 * TARGET**2])
    weight = np.random.RandomState(0).rand(300)
    estimator = windowed(epochs=60, learning_rate=1e-7, block_size=block_size)
    with pytest.warns(NothingLearnedWarning) as caught:
        estimator.fit(ROWS, y, elmanregressor__sample_weight=weight)
    y, weight = y[9:], weight[9:]
    mean = np.average(y, axis=0, weights=weight)
    loss = np.average((y - mean) ** 2, axis=0, weights=weight).mean()
    assert f"best constant prediction has {loss:.4g}." in str(caught[0].message)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_the_pinball_loss_of_the_best_constant(level):
    y = 5000 + 1000 * TARGET
    estimator = windowed(epochs=60, learning_rate=1e-7, loss="quantile", quantile=level)
    warning = said(estimator.fit, ROWS, y)
    error = y[9:] - np.quantile(y[9:], level, method="inverted_cdf")
    loss = np.maximum(level * error, (level - 1) * error).mean()
    assert f"best constant prediction has {loss:.4g}." in str(warning.message)


def test_a_network_that_learns_says_nothing():
    for loss in ("squared_error", "absolute_error"):
        pipe = windowed(epochs=60, loss=loss, learning_rate=0.01)
        assert not warnings_of(pipe.fit, ROWS, TARGET)


@pytest.mark.parametrize(
    "params",
    [{"epochs": 9, "batch_size": 10}, {"epochs": 40}, {"epochs": 60, "loss": "huber"}],
    ids=["few epochs", "few batches", "another loss"],
)
def test_trial_runs_and_other_losses_say_nothing(params):
    pipe = windowed(**params, learning_rate=1e-7)
    assert not warnings_of(pipe.fit, ROWS, 5000 + 1000 * TARGET)


def test_a_constant_target_says_nothing():
    assert not warnings_of(windowed(epochs=60).fit, ROWS, np.full(300, 0.1))


# Unscaled features


@pytest.mark.parametrize("rows", [1000 * ROWS, 300 + ROWS], ids=["large", "far"])
def test_unscaled_features(rows):
    both = np.column_stack([ROWS, rows])
    warning = said(windowed().fit, both, TARGET)
    assert warning.category is UnscaledWarning
    assert "not scaled: feature 1 (mean" in str(warning.message)
    assert "StandardScaler()" in str(warning.message)
    windows = SequenceWindower(10).fit_transform(both)
    warning = said(GRURegressor(units=4).partial_fit, windows, TARGET)
    assert warning.category is UnscaledWarning


def test_unscaled_features_by_name():
    frame = pd.DataFrame(np.hstack([ROWS + 300, ROWS]), columns=["kelvin", "load"])
    windows = SequenceWindower(10).set_output(transform="pandas").fit_transform(frame)
    assert "not scaled: 'kelvin' (mean 300" in str(
        said(net().fit, windows, TARGET).message
    )


def test_unscaled_features_of_a_long_series():
    rows = 300 + np.tile(ROWS, (400, 1))
    windows = SequenceWindower(10).fit_transform(rows)
    estimator = net(units=1, batch_size=10_000)
    warning = said(estimator.partial_fit, windows, np.zeros(len(rows)))
    assert warning.category is UnscaledWarning


@pytest.mark.parametrize(
    "rows",
    [
        10 * ROWS,
        0.99 + 0.01 * ROWS,  # within [-1, 1], as a scaler leaves it
        np.full((300, 1), 50.0),
        np.full((300, 1), 0.1, dtype=np.float32),
    ],
    ids=["small", "scaled", "constant", "constant too"],
)
def test_features_of_a_usual_size_say_nothing(rows):
    assert not warnings_of(windowed().fit, rows, TARGET)


def test_a_regressor_that_normalizes_says_nothing():
    rows = 1000 * ROWS
    pipe = windowed(normalize="standard")
    assert not warnings_of(pipe.fit, rows[:-1], rows[1:, 0])


# A missing windower

FRAME = pd.DataFrame(np.hstack([ROWS, ROWS]), columns=["temperature", "wind"])


@pytest.mark.parametrize(
    "regressor",
    [net(), SeasonalNaiveRegressor(target_features=0)],
    ids=["net", "naive"],
)
def test_a_frame_of_features_without_a_windower(regressor):
    warning = said(regressor.fit, FRAME, TARGET)
    assert warning.category is NoWindowsWarning
    assert "'temperature', 'wind', are treated as the 2 steps" in str(warning.message)
    assert "SequenceWindower" in str(warning.message)


def test_names_that_contain_lag_but_are_none():
    frame = FRAME.set_axis(["village", "holiday_flag"], axis=1)
    assert said(net().fit, frame, TARGET).category is NoWindowsWarning


@pytest.mark.parametrize(
    "names",
    [
        ["load_lag1", "load_lag0"],
        ["lag_2", "lag_1"],  # skforecast
        ["load(t-1)", "load(t)"],
        ["x0", "x1"],
        [0, 1],
    ],
)
def test_columns_that_may_be_steps_say_nothing(names):
    assert not warnings_of(net().fit, FRAME.set_axis(names, axis=1), TARGET)


def test_n_step_features_says_that_columns_are_steps():
    for n_step_features in (1, 2):
        estimator = net(n_step_features=n_step_features)
        assert not warnings_of(estimator.fit, FRAME, TARGET)


def test_one_column_says_nothing():
    assert not warnings_of(net().fit, FRAME[["wind"]], TARGET)


# Filters


def test_as_errors_they_leave_the_estimator_as_it_was():
    estimator = windowed(epochs=60, learning_rate=1e-7)
    with warnings.catch_warnings(action="error", category=SkrnnWarning):
        with pytest.raises(NothingLearnedWarning):
            estimator.fit(ROWS, 5000 + 1000 * TARGET)
        assert not hasattr(estimator[-1], "history_")


def test_a_filter_of_the_common_class_drops_all():
    rows = 1000 * np.hstack([ROWS, with_nan(share=0.3)])
    index = pd.date_range("2026-01-01", periods=300).astype(str)
    frame = pd.DataFrame(rows, columns=["temperature", "wind"], index=index)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", SkrnnWarning)
        pipe = windowed(epochs=100).fit(frame, 5000 + 1000 * TARGET)
        pipe[-1].predict(np.full((2, 10, 2), np.nan))
        net().fit(FRAME, TARGET)
    assert not caught
