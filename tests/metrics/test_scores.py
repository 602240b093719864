"""Measures equal their definitions, and refuse what they cannot measure."""

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from sklearn.datasets import make_regression
from sklearn.linear_model import Ridge
from sklearn.metrics import make_scorer
from sklearn.model_selection import cross_val_score

from skrnn import Forecaster, SeasonalNaiveRegressor
from skrnn.metrics import (
    coverage_score,
    ignore_missing,
    mean_absolute_scaled_error,
    mean_interval_score,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
    weighted_absolute_percentage_error,
)

POINTS = [
    mean_absolute_scaled_error,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
    weighted_absolute_percentage_error,
]
Y_TRAIN = np.random.RandomState(1).normal(size=(40, 2)).cumsum(axis=0)


def measured(metric, *arguments, **options):
    """Call a measure, with training rows if it needs them."""
    if "scaled" in metric.__name__:
        n_outputs = np.shape(arguments[0])[1:]
        y_train = Y_TRAIN if n_outputs else Y_TRAIN[:, 0]
        options |= {"y_train": y_train, "season_length": 4}
    return metric(*arguments, **options)


def by_definition(metric, y, forecast, weight, y_train):
    """Return the measure of one output, from the equations of its reference."""
    error, changes = abs(y - forecast), y_train[4:] - y_train[:-4]

    def mean(values):
        return (weight * values).sum() / weight.sum()

    return {
        "mean_absolute_scaled_error": mean(error) / abs(changes).mean(),
        "root_mean_squared_scaled_error": np.sqrt(mean(error**2) / (changes**2).mean()),
        "symmetric_mean_absolute_percentage_error": mean(
            2 * error / (abs(y) + abs(forecast))
        ),
        "weighted_absolute_percentage_error": (weight * error).sum()
        / (weight * abs(y)).sum(),
    }[metric.__name__]


@pytest.mark.parametrize("metric", POINTS)
@given(seed=st.integers(0, 2**31), n_rows=st.integers(1, 9))
def test_measures_of_points_equal_their_definitions(metric, seed, n_rows):
    rng = np.random.RandomState(seed)
    y, forecast = rng.normal(size=(2, n_rows, 2))
    weight = rng.uniform(0.1, 1, size=n_rows)
    expected = [
        by_definition(metric, y[:, k], forecast[:, k], weight, Y_TRAIN[:, k])
        for k in range(2)
    ]
    for multioutput, mean in (
        ("raw_values", expected),
        ("uniform_average", np.mean(expected)),
        ([0.25, 0.75], np.average(expected, weights=[1, 3])),
    ):
        options = {"sample_weight": weight, "multioutput": multioutput}
        assert_allclose(measured(metric, y, forecast, **options), mean)
    alone = measured(metric, y[:, 0], forecast[:, 0], sample_weight=weight)
    assert_allclose(alone, expected[0])
    column = measured(metric, y[:, 0], forecast[:, :1], sample_weight=weight)
    assert_allclose(column, expected[0], err_msg="a column is one output")


@pytest.mark.parametrize("metric", POINTS)
def test_measures_of_points_raise_the_errors_of_scikit_learn(metric):
    different = "inconsistent numbers of samples"
    with pytest.raises(ValueError, match=different):
        measured(metric, [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match=different):
        measured(ignore_missing(metric), [1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="NaN"):
        measured(metric, [1.0, np.nan], [1.0, 2.0])
    two = np.ones((3, 2))
    with pytest.raises(ValueError, match="custom weights"):
        measured(metric, two, two, multioutput=[1])
    with pytest.raises(ValueError, match="two"):
        measured(metric, [1.0, 2.0], ["1", "two"])


@pytest.mark.parametrize("metric", POINTS)
def test_rows_with_missing_values_can_be_left_out(metric):
    found = measured(ignore_missing(metric), [1.0, np.nan, 3.0], [2.0, 2.0, 2.0])
    assert found == measured(metric, [1.0, 3.0], [2.0, 2.0])


def test_the_scale_is_that_of_the_observed_seasonal_changes():
    y_train = pd.Series([1, 5, np.nan, 7, 4, 3])  # changes over 2: 2 and -4
    error = mean_absolute_scaled_error([0], [6], y_train=y_train, season_length=2)
    assert error == 2


def test_a_naive_forecast_of_the_training_rows_has_the_error_one():
    y = Y_TRAIN[:, 0]
    error = mean_absolute_scaled_error(y[4:], y[:-4], y_train=y, season_length=4)
    assert error == pytest.approx(1)


@pytest.mark.parametrize(
    ("y_train", "season_length", "message"),
    [
        ([1, 2, 1, 2], 2, "repeats itself exactly"),
        ([1, 2], 2, "of 2 rows, has no two observed values that are season_length=2"),
        ([1, np.nan, 3], 1, "no two observed values"),
        ([1, 2, 3], 0, "season_length must be a whole number"),
        ([1, 2, 3], 1.5, "season_length must be a whole number"),
    ],
)
def test_training_rows_without_a_scale_are_an_error(y_train, season_length, message):
    with pytest.raises(ValueError, match=message):
        mean_absolute_scaled_error(
            [1], [2], y_train=y_train, season_length=season_length
        )


def test_the_scale_of_several_series_is_an_error():
    index = pd.MultiIndex.from_product([["a", "b"], range(3)])
    y_train = pd.Series(np.arange(6.0), index)
    with pytest.raises(ValueError, match="several series"):
        mean_absolute_scaled_error([1], [2], y_train=y_train)
    assert mean_absolute_scaled_error([1], [2], y_train=y_train[:3]) == 1


@pytest.mark.parametrize("y_true", [[1.0, 2.0], [[1.0], [2.0]], np.ones((2, 3))])
def test_training_rows_have_the_outputs_of_the_targets(y_true):
    with pytest.raises(ValueError, match=r"y_train has 2 outputs, but y_true has [13]"):
        mean_absolute_scaled_error(y_true, y_true, y_train=Y_TRAIN)


def test_forecasts_have_the_outputs_of_the_targets():
    with pytest.raises(ValueError, match="different number of output"):
        mean_absolute_scaled_error(Y_TRAIN, Y_TRAIN[:, :1], y_train=Y_TRAIN)


def test_rows_and_weights_of_different_length_are_an_error():
    error = ignore_missing(weighted_absolute_percentage_error)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        error([1.0, np.nan, 3.0], [1.0, 2.0, 3.0], sample_weight=[1.0, 1.0])


def test_a_share_of_nothing():
    assert symmetric_mean_absolute_percentage_error([0, 0], [0, 1]) == 1
    with pytest.raises(ValueError, match="zero in all rows"):
        weighted_absolute_percentage_error([0, 0], [1, 2])


def test_a_measure_scores_a_search():
    X, y = make_regression(60, 3, random_state=0)
    scorer = make_scorer(weighted_absolute_percentage_error, greater_is_better=False)
    scores = cross_val_score(Ridge(), X, y, scoring=scorer, error_score="raise")
    assert (scores < 0).all()


# Intervals

Y, BOUNDS = np.array([5.0, 9, 1]), np.array([[4.0, 6], [4, 8], [2, 2]])


def test_intervals_are_scored_by_width_and_distance():
    # widths 2, 4 and 0; distances 0, 1 and 1, each times 2 / (1 - 0.8)
    assert mean_interval_score(Y, BOUNDS, coverage=0.8) == pytest.approx(26 / 3)
    weighted = mean_interval_score(Y, BOUNDS, coverage=0.8, sample_weight=[1, 1, 0])
    assert weighted == pytest.approx(8)


def test_coverage_counts_bounds_as_inside():
    assert coverage_score(Y, BOUNDS) == pytest.approx(1 / 3)
    assert coverage_score([4, 8, 2], BOUNDS) == 1
    assert coverage_score(Y, BOUNDS, sample_weight=[3, 1, 0]) == 0.75
    assert coverage_score(pl.Series(Y), pl.DataFrame(BOUNDS)) == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    "metric", [coverage_score, partial(mean_interval_score, coverage=0.8)]
)
def test_intervals_of_several_targets_are_measured_one_by_one(metric):
    y, bounds = np.stack([Y, Y + 2], axis=1), np.stack([BOUNDS, BOUNDS], axis=1)
    weight = [1, 2, 3]
    each = [metric(y[:, k], BOUNDS, sample_weight=weight) for k in range(2)]
    assert each[0] != each[1]
    how = {"sample_weight": weight}
    assert_allclose(metric(y, bounds, **how, multioutput="raw_values"), each)
    assert_allclose(metric(y, bounds, **how), np.mean(each))
    weighted = metric(y, bounds, **how, multioutput=[0.75, 0.25])
    assert_allclose(weighted, np.average(each, weights=[0.75, 0.25]))
    assert_allclose(metric(y[:, :1], BOUNDS, **how), each[0])
    columns = pd.MultiIndex.from_product([["a", "b"], ["lower_bound", "upper_bound"]])
    frame = pd.DataFrame(bounds.reshape(3, 4), columns=columns)
    assert_allclose(metric(y, frame, **how), np.mean(each))


@given(st.floats(0.05, 0.95))
def test_the_true_quantiles_have_the_least_score(coverage):
    y = np.arange(1, 1000) / 1000
    lowest = (1 - coverage) / 2

    def score(shift):
        bounds = np.tile([lowest - shift, 1 - lowest + shift], (len(y), 1))
        return mean_interval_score(y, bounds, coverage=coverage)

    assert score(0) < min(score(0.02), score(-0.02))


def test_bounds_of_a_forecaster_are_found_by_their_names():
    y = pd.Series(
        np.tile([1.0, 2, 3, 4], 20) + np.random.RandomState(0).normal(size=80),
        pd.date_range("2020", periods=80),
    )
    forecaster = Forecaster(SeasonalNaiveRegressor(4), horizon=4, calibration_size=40)
    frame = forecaster.fit(y=y[:76]).forecast(4, coverage=0.8)
    bounds = frame[["lower_bound", "upper_bound"]].to_numpy()
    assert coverage_score(y[76:], frame) == coverage_score(y[76:], bounds)
    frame.iloc[0] = np.nan
    found = ignore_missing(mean_interval_score)(y[76:], frame, coverage=0.8)
    assert found == mean_interval_score(y[77:], bounds[1:], coverage=0.8)


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        (Y, BOUNDS[:, ::-1], "above its upper bound"),
        (Y, BOUNDS[:, 0], "a lower and an upper bound of each target"),
        (BOUNDS, BOUNDS, "a lower and an upper bound of each target"),
        (Y[:2], BOUNDS, "inconsistent numbers of samples"),
        (Y, BOUNDS * np.nan, "NaN"),
    ],
)
def test_what_are_no_intervals_is_an_error(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        coverage_score(y_true, y_pred)


def test_a_coverage_in_percent_is_an_error():
    with pytest.raises(ValueError, match="between 0 and 1"):
        mean_interval_score(Y, BOUNDS, coverage=80)
