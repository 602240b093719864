"""Inputs of a network, compared with plain loops and with Keras operations."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.networks.inputs import (
    FeatureScales,
    InputSpec,
    filled,
    prepare,
    references,
    relative,
)
from skrnn.networks.missing import MISSING, mark_missing, mark_missing_values
from skrnn.training import keras_inputs

SCALES = FeatureScales(np.array([2.0, -1.0, 0.5]), np.array([3.0, 0.5, 1.0]))


def windows_with_gaps(seed=0, n_samples=9, n_timesteps=12):
    """Windows of three features. The last ones lack a feature, or all values."""
    rng = np.random.RandomState(seed)
    windows = rng.normal(size=(n_samples, n_timesteps, 3)) * SCALES.stds + SCALES.means
    windows[rng.rand(*windows.shape) < 0.2] = np.nan
    windows[-1], windows[-2, :, 0], windows[-3, :4] = np.nan, np.nan, np.nan
    return windows


def scales_of(rows):
    """Return the scales of rows of equal weight."""
    return FeatureScales.of([(rows, np.ones(len(rows)))])


def test_scales_are_those_of_all_parts_by_weight():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(90, 3)) * [1, 1e-3, 5] + [1e6, 0, 3]
    rows[rng.rand(90) < 0.2, 0] = np.nan
    rows[:40, 1] = np.nan
    rows[:, 2] = np.nan
    weight = rng.randint(0, 4, size=90)
    parts = [(rows[a : a + 30], weight[a : a + 30]) for a in (0, 30, 60)]
    found, repeated = FeatureScales.of(parts), np.repeat(rows, weight, axis=0)
    assert_allclose(found.means[:2], np.nanmean(repeated[:, :2], axis=0))
    assert_allclose(found.stds[:2], np.nanstd(repeated[:, :2], axis=0))
    assert found.means[2] == found.stds[2] == 0


def test_last_subtracts_the_last_observed_value():
    windows = np.array([[[1.0], [2.0], [5.0]], [[1.0], [4.0], [np.nan]]])
    inputs = InputSpec(3, 1, normalize="last", continued=(0,))
    scales = FeatureScales(np.array([7.0]), np.array([1.0]))
    found = relative(windows, inputs, scales)[..., 0]
    assert_array_equal(found, [[-4, -3, 0], [-3, 0, np.nan]])
    center, spread = references(windows, inputs, scales)
    assert_array_equal(center, [[5], [4]])
    assert_array_equal(spread, [[1], [1]])


def test_standard_is_the_mean_and_standard_deviation_of_the_window():
    windows = windows_with_gaps()[:-3]
    inputs = InputSpec(12, 3, normalize="standard", continued=(1, 1))
    center, spread = references(windows, inputs, SCALES)
    assert_allclose(center[:, 0], np.nanmean(windows[:, :, 1], axis=1))
    assert_allclose(spread[:, 1], np.nanstd(windows[:, :, 1], axis=1))
    found = relative(windows, inputs, SCALES)
    assert_array_equal(found[:, :, [0, 2]], windows[:, :, [0, 2]])


@pytest.mark.parametrize(
    ("values", "center", "spread"),
    [
        ([3.0, 3.0], 3, 0.1 * 3.0),  # flat: a tenth of the standard deviation in fit
        ([np.nan, np.nan], 2, 3),  # nothing observed: mean and deviation in fit
    ],
)
def test_standard_never_divides_by_next_to_nothing(values, center, spread):
    windows = np.zeros((1, 2, 3))
    windows[0, :, 0] = values
    inputs = InputSpec(2, 3, normalize="standard", continued=(0,))
    found = references(windows, inputs, SCALES)
    assert_allclose(found, [[[center]], [[spread]]])


@pytest.mark.parametrize("value", [0.1, 377.7, 1e6 + 0.3])
def test_equal_values_have_no_spread(value):
    windows = np.full((1, 12, 1), value)
    inputs = InputSpec(12, 1, normalize="standard", continued=(0,))
    _, spread = references(windows, inputs, scales_of(windows[0]))
    assert spread == 1


def test_filling_takes_the_last_value_or_the_mean():
    windows = np.array([[[np.nan, 1], [5.0, np.nan], [np.nan, np.nan]]])
    scales = FeatureScales(np.array([2.0, 9.0]), np.ones(2))
    inputs = InputSpec(3, 2, fill=True, indicators=(0,))
    assert_array_equal(filled(windows, inputs, scales), [[[2, 1], [5, 1], [5, 1]]])
    found = prepare(windows, inputs, scales)
    assert_array_equal(found[0, :, 2], [1, 0, 1])


def test_segments_hold_steps_side_by_side():
    windows = np.arange(24.0).reshape(2, 6, 2)
    found = prepare(windows, InputSpec(6, 2, segment_length=3), None)
    assert_array_equal(found[1], [[12, 13, 14, 15, 16, 17], [18, 19, 20, 21, 22, 23]])


@given(
    values=arrays(float, (4, 6), elements=st.floats(-1e6, 1e6)),
    target=arrays(float, (4, 2), elements=st.floats(-1e6, 1e6)),
    normalize=st.sampled_from(["last", "standard"]),
)
def test_a_relative_target_is_put_back(values, target, normalize):
    inputs = InputSpec(6, 1, normalize=normalize, continued=(0, 0))
    scales = scales_of(values.reshape(-1, 1))
    center, spread = references(values[:, :, None], inputs, scales)
    assert (spread > 0).all()
    put_back = center + spread * ((target - center) / spread)
    largest = np.abs([target, center]).max()
    assert_allclose(put_back, target, rtol=1e-12, atol=1e-12 * largest)


PARAMETERS = list(
    itertools.product([None, "last", "standard"], [1, 3, 12], [False, True])
)


@pytest.mark.parametrize(("normalize", "segment_length", "fill"), PARAMETERS)
def test_keras_computes_the_same(normalize, segment_length, fill):
    windows = windows_with_gaps()
    inputs = InputSpec(
        12,
        3,
        segment_length=segment_length,
        normalize=normalize,
        continued=(2, 0) if normalize else (),
        fill=fill,
        indicators=(0, 2) if fill else (),
    )
    expected = mark_missing(prepare(windows, inputs, SCALES), "float64")
    marked = mark_missing_values(windows, "float64", np.zeros(3))
    found = keras_inputs.prepare(marked, inputs, SCALES.means, SCALES.stds)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert found.shape[1:] == (inputs.n_steps, inputs.n_inputs)
    if normalize:
        found = keras_inputs.references(marked, inputs, SCALES.means, SCALES.stds)
        assert_allclose(found, references(windows, inputs, SCALES), rtol=1e-12)
    complete = np.nan_to_num(windows)
    found = keras_inputs.prepare(
        complete, inputs, SCALES.means, SCALES.stds, has_missing=False
    )
    expected = prepare(complete, inputs, SCALES)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("normalize", "fill"), [("standard", True), ("last", False)])
def test_a_window_has_the_same_bits_alone(normalize, fill):
    windows = windows_with_gaps(n_samples=40, n_timesteps=168)[:, :, :1]
    inputs = InputSpec(168, 1, 24, normalize, (0,), fill=fill)
    scales = scales_of(windows[:, -1])
    together = prepare(windows, inputs, scales)
    for row in (0, 17, 39):
        alone = prepare(windows[row : row + 1], inputs, scales)
        assert_array_equal(alone[0], together[row])


def test_windows_are_not_changed():
    windows = windows_with_gaps()
    before = windows.copy()
    prepare(windows, InputSpec(12, 3, 3, "standard", (0,), True, (0,)), SCALES)
    assert_array_equal(windows, before)
    assert MISSING not in windows
