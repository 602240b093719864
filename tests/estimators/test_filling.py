"""`missing="fill"`: filled values and their indicators.

`_fitted` and `_data` are read for the means and inputs of a fit, which have no public
name: predictions would hardly differ if they were wrong.
"""

import tracemalloc

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import ElmanRegressor, GRURegressor, SequenceWindower
from skrnn.estimators import preparation
from skrnn.estimators.validation import WindowData, validate_first
from skrnn.networks.inputs import feature_scaling
from skrnn.windows.layout import view_windows
from skrnn.windows.view import WindowView

SMALL = {"units": 4, "epochs": 3, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def rows():
    """Rows of two features. A tenth of the second is missing."""
    rng = np.random.RandomState(0)
    rows = np.stack([np.sin(np.arange(120) / 3), rng.normal(size=120) + 5], axis=1)
    rows[rng.rand(120) < 0.1, 1] = np.nan
    return rows


@pytest.fixture(scope="module")
def windows(rows):
    return SequenceWindower(8, pad="edge").fit_transform(rows)


@pytest.fixture(scope="module")
def target(rows):
    return np.roll(rows[:, 0], -1)


def by_hand(windows, means):
    """Fill windows one value at a time, and mark what was filled."""
    filled, marks = np.array(windows), np.isnan(windows[:, :, 1:]).astype(float)
    for window in filled:
        for feature, mean in enumerate(means):
            last = mean
            for step in window:
                if np.isnan(step[feature]):
                    step[feature] = last
                last = step[feature]
    return np.concatenate([filled, marks], axis=2)


@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
def test_a_network_on_filled_windows_is_one_on_windows_filled_by_hand(
    trainer, windows, target, rows
):
    copied = by_hand(windows, np.nanmean(windows, axis=(0, 1)))
    rnn = GRURegressor(**SMALL, trainer=trainer).fit(copied, target)
    expected, curve = rnn.predict(copied), rnn.loss_curve_
    rnn.set_params(missing="fill").fit(windows, target)
    assert_allclose(rnn.loss_curve_, curve, rtol=1e-3)
    assert_allclose(rnn.predict(windows), expected, rtol=1e-3, atol=1e-4)


def test_only_features_with_missing_values_have_a_second_input(windows, target):
    rnn = ElmanRegressor(**SMALL, missing="fill").fit(windows, target)
    assert rnn._fitted.spec.inputs.indicators == (1,)
    assert rnn._fitted.spec.n_inputs == 3


def test_a_window_of_weight_zero_has_no_part_in_the_inputs(windows, target):
    """Its missing value would give the first feature a second input."""
    windows, weight = np.array(windows), np.ones(len(windows))
    windows[30, 2, 0], weight[30] = np.nan, 0.0
    weighted = ElmanRegressor(**SMALL, missing="fill")
    weighted.fit(windows, target, sample_weight=weight)
    kept, without = weight > 0, ElmanRegressor(**SMALL, missing="fill")
    without.fit(windows[kept], target[kept])
    assert weighted._fitted.spec.inputs.indicators == (1,)
    assert_array_equal(weighted.predict(windows), without.predict(windows))


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.SkrnnWarning")  # expected here
def test_other_features_are_filled_in_predict(windows, target):
    rnn = ElmanRegressor(**SMALL, missing="fill").fit(windows, target)
    holes = np.array(windows[20:25])
    holes[0], holes[1, :, 0], holes[2, -1, 0] = np.nan, np.nan, np.nan
    assert np.isfinite(rnn.predict(holes)).all()
    repeated = np.array(windows[20:25])
    repeated[2, -1, 0] = repeated[2, -2, 0]
    assert rnn.predict(holes)[2] == rnn.predict(repeated)[2]


def test_windows_that_begin_with_a_missing_step_are_trained_on(rows, target):
    """Windows at the start of a series reach back before it."""
    windows = SequenceWindower(8).fit_transform(rows)
    n_samples = []
    for missing in ("mask", "fill"):
        rnn = ElmanRegressor(**SMALL, missing=missing, early_stopping=False)
        rnn.fit(windows, target)
        changed = target.copy()
        changed[0] += 1000
        other = ElmanRegressor(**SMALL, missing=missing).fit(windows, changed)
        n_samples.append(other.loss_curve_ == rnn.loss_curve_)
    assert n_samples == [True, False]


def test_the_mean_is_that_of_the_rows_to_train_on(windows, target):
    rnn = ElmanRegressor(
        **SMALL, missing="fill", early_stopping=True, validation_fraction=0.5
    )
    rnn.fit(np.array(windows), target)
    means = rnn._fitted.preparation.scaling.features.shift
    changed = np.array(windows)
    changed[60:] += 100
    again = ElmanRegressor(**rnn.get_params()).fit(changed, target)
    assert_allclose(again._fitted.preparation.scaling.features.shift, means)


def scales_of_fit(windows, weight=None, **params):
    """Return the means and standard deviations of the features in a fit."""
    params = {"missing": "fill", "normalize": "standard", "target_features": 0} | params
    rnn = ElmanRegressor(1, epochs=1, random_state=0, **params)
    target = np.nan_to_num(windows[:, -1, 0])
    data = validate_first(rnn, windows, target, weight)
    prepared = preparation.prepare(data, None, rnn).preparation
    features = prepared.scaling.features
    return features.shift, features.scale


@pytest.mark.parametrize("as_view", [True, False])
@pytest.mark.parametrize("window_length", [1, 8])
@pytest.mark.parametrize("values_at_once", [2**17, 100])
def test_the_mean_is_that_of_all_steps_of_the_windows(
    values_at_once, window_length, as_view, rows, monkeypatch
):
    monkeypatch.setattr(preparation, "_OF_STEPS_AT_ONCE", values_at_once)
    windows = SequenceWindower(window_length).fit_transform(rows)
    windows = windows if as_view else np.array(windows)
    means, stds = scales_of_fit(windows)
    assert_allclose(means, np.nanmean(windows, axis=(0, 1)))
    assert_allclose(stds, np.nanstd(windows, axis=(0, 1)))


def test_the_mean_of_windows_of_ones_own():
    """The oldest steps of these windows are far from the newest ones."""
    windows = np.random.RandomState(0).normal(size=(200, 10, 1))
    windows[:, :9] += 100
    windows[:, 3] = np.nan
    means, _ = scales_of_fit(windows, normalize=None)
    assert_allclose(means, np.nanmean(windows))


def test_the_mean_of_a_panel():
    index = pd.MultiIndex.from_product([["a", "b"], range(60)])
    level = np.repeat([0.0, 250.0], 60) + np.random.RandomState(0).rand(120)
    rows = pd.DataFrame({"load": level}, index=index)
    windows = SequenceWindower(8).fit_transform(rows)
    assert_allclose(scales_of_fit(windows)[0], np.nanmean(windows))


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.SkrnnWarning")  # 1e15
@pytest.mark.parametrize("params", [{"normalize": None}, {"missing": "mask"}, {}])
def test_a_weight_of_two_is_the_window_twice(params, rows):
    windows = SequenceWindower(8).fit_transform(rows)
    weight = np.random.RandomState(1).randint(0, 3, size=len(windows))
    expected = scales_of_fit(np.repeat(windows, weight, axis=0), **params)
    assert_allclose(scales_of_fit(windows, weight, **params), expected)
    weight[5:] = 0  # rows that are only in windows of weight 0
    weight[7] = 2
    huge = rows.copy()
    huge[8:] = 1e15
    windows = SequenceWindower(8).fit_transform(huge)
    expected = scales_of_fit(windows[7:8], **params)
    assert_allclose(scales_of_fit(windows[7:], weight[7:], **params), expected)


def test_the_mean_of_a_long_series_needs_no_memory_for_windows():
    rows = np.random.RandomState(0).normal(size=(200_000, 1))
    windows = view_windows(rows, 1000, flatten=False)
    tracemalloc.start()
    data = WindowData(WindowView(windows), None, None, None, True, None)
    parts = preparation._weighted_steps(data, range(len(windows)))
    features = feature_scaling(parts)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6 * rows.nbytes
    assert_allclose(features.shift, 0, atol=0.01)


def test_more_data_keep_the_inputs(windows, target):
    rnn = ElmanRegressor(**SMALL, missing="fill").partial_fit(windows, target)
    rnn.partial_fit(np.nan_to_num(windows), target)
    assert rnn._fitted.spec.inputs.indicators == (1,)
    with pytest.raises(ValueError, match="fill was True then and is False now"):
        rnn.set_params(missing="mask").partial_fit(windows, target)
