"""Inputs of a network, compared with plain loops and with Keras operations."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.networks.affine import Affine
from skrnn.networks.inputs import (
    InputSpec,
    feature_scaling,
    filled,
    network_inputs,
    references,
    relative,
)
from skrnn.networks.missing import MISSING, mark_missing
from skrnn.training import keras_inputs

FEATURES = Affine(np.array([3.0, 0.5, 1.0]), np.array([2.0, -1.0, 0.5]))


def windows_with_gaps(seed=0, n_samples=9, n_timesteps=12):
    """Windows of three features. The last ones lack a feature, or all values."""
    rng = np.random.RandomState(seed)
    windows = FEATURES(rng.normal(size=(n_samples, n_timesteps, 3)))
    windows[rng.rand(*windows.shape) < 0.2] = np.nan
    windows[-1], windows[-2, :, 0], windows[-3, :4] = np.nan, np.nan, np.nan
    return windows


def scaling_of(rows):
    """Return the scaling of rows of equal weight."""
    return feature_scaling([(rows, np.ones(len(rows)))])


def test_scales_are_those_of_all_parts_by_weight():
    rng = np.random.RandomState(0)
    rows = rng.normal(size=(90, 3)) * [1, 1e-3, 5] + [1e6, 0, 3]
    rows[rng.rand(90) < 0.2, 0] = np.nan
    rows[:40, 1] = np.nan
    rows[:, 2] = np.nan
    weight = rng.randint(0, 4, size=90)
    parts = [(rows[a : a + 30], weight[a : a + 30]) for a in (0, 30, 60)]
    found, repeated = feature_scaling(parts), np.repeat(rows, weight, axis=0)
    assert_allclose(found.shift[:2], np.nanmean(repeated[:, :2], axis=0))
    assert_allclose(found.scale[:2], np.nanstd(repeated[:, :2], axis=0))
    assert found.shift[2] == found.scale[2] == 0


def test_last_subtracts_the_last_observed_value():
    windows = np.array([[[1.0], [2.0], [5.0]], [[1.0], [4.0], [np.nan]]])
    inputs = InputSpec(3, 1, normalize="last", target_features=(0,))
    features = Affine(np.array([1.0]), np.array([7.0]))
    found = relative(windows, inputs, features)[..., 0]
    assert_array_equal(found, [[-4, -3, 0], [-3, 0, np.nan]])
    reference = references(windows, inputs, features)
    assert_array_equal(reference.shift, [[5], [4]])
    assert_array_equal(reference.scale, [[1], [1]])


def test_standard_is_the_mean_and_standard_deviation_of_the_window():
    windows = windows_with_gaps()[:-3]
    inputs = InputSpec(12, 3, normalize="standard", target_features=(1, 1))
    reference = references(windows, inputs, FEATURES)
    assert_allclose(reference.shift[:, 0], np.nanmean(windows[:, :, 1], axis=1))
    assert_allclose(reference.scale[:, 1], np.nanstd(windows[:, :, 1], axis=1))
    found = relative(windows, inputs, FEATURES)
    assert_array_equal(found[:, :, [0, 2]], windows[:, :, [0, 2]])


@pytest.mark.parametrize(
    ("values", "shift", "scale"),
    [
        ([3.0, 3.0], 3, 0.1 * 3.0),  # flat: a tenth of the standard deviation in fit
        ([np.nan, np.nan], 2, 3),  # nothing observed: mean and deviation in fit
    ],
)
def test_standard_never_divides_by_next_to_nothing(values, shift, scale):
    windows = np.zeros((1, 2, 3))
    windows[0, :, 0] = values
    inputs = InputSpec(2, 3, normalize="standard", target_features=(0,))
    found = references(windows, inputs, FEATURES)
    assert_allclose([found.shift, found.scale], [[[shift]], [[scale]]])


@pytest.mark.parametrize("value", [0.1, 377.7, 1e6 + 0.3])
def test_equal_values_have_no_spread(value):
    windows = np.full((1, 12, 1), value)
    inputs = InputSpec(12, 1, normalize="standard", target_features=(0,))
    reference = references(windows, inputs, scaling_of(windows[0]))
    assert reference.scale == 1


def test_filling_takes_the_last_value_or_the_mean():
    windows = np.array([[[np.nan, 1], [5.0, np.nan], [np.nan, np.nan]]])
    features = Affine(np.ones(2), np.array([2.0, 9.0]))
    inputs = InputSpec(3, 2, fill=True, indicators=(0,))
    assert_array_equal(filled(windows, inputs, features), [[[2, 1], [5, 1], [5, 1]]])
    found = network_inputs(windows, inputs, features)
    assert_array_equal(found[0, :, 2], [1, 0, 1])


def test_segments_hold_steps_side_by_side():
    windows = np.arange(24.0).reshape(2, 6, 2)
    found = network_inputs(windows, InputSpec(6, 2, segment_length=3), None)
    assert_array_equal(found[1], [[12, 13, 14, 15, 16, 17], [18, 19, 20, 21, 22, 23]])


@given(
    values=arrays(float, (4, 6), elements=st.floats(-1e6, 1e6)),
    target=arrays(float, (4, 2), elements=st.floats(-1e6, 1e6)),
    normalize=st.sampled_from(["last", "standard"]),
)
def test_a_relative_target_is_put_back(values, target, normalize):
    inputs = InputSpec(6, 1, normalize=normalize, target_features=(0, 0))
    features = scaling_of(values.reshape(-1, 1))
    reference = references(values[:, :, None], inputs, features)
    assert (reference.scale > 0).all()
    put_back = reference(reference.inverse(target))
    largest = np.abs([target, reference.shift]).max()
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
        target_features=(2, 0) if normalize else (),
        fill=fill,
        indicators=(0, 2) if fill else (),
    )
    expected = mark_missing(network_inputs(windows, inputs, FEATURES), "float64")
    marked = mark_missing(windows, "float64", np.zeros(3), whole_steps=False)
    found = keras_inputs.network_inputs(marked, inputs, FEATURES)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert found.shape[1:] == (inputs.n_steps, inputs.n_inputs)
    if normalize:
        found = keras_inputs.references(marked, inputs, FEATURES)
        expected = references(windows, inputs, FEATURES)
        assert_allclose(found.scale, expected.scale, rtol=1e-12)
        assert_allclose(found.shift, expected.shift, rtol=1e-12)
    complete = np.nan_to_num(windows)
    found = keras_inputs.network_inputs(complete, inputs, FEATURES, has_missing=False)
    expected = network_inputs(complete, inputs, FEATURES)
    assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("normalize", "fill"), [("standard", True), ("last", False)])
def test_a_window_has_the_same_bits_alone(normalize, fill):
    windows = windows_with_gaps(n_samples=40, n_timesteps=168)[:, :, :1]
    inputs = InputSpec(168, 1, 24, normalize, (0,), fill=fill)
    features = scaling_of(windows[:, -1])
    together = network_inputs(windows, inputs, features)
    for row in (0, 17, 39):
        alone = network_inputs(windows[row : row + 1], inputs, features)
        assert_array_equal(alone[0], together[row])


def test_windows_are_not_changed():
    windows = windows_with_gaps()
    before = windows.copy()
    network_inputs(windows, InputSpec(12, 3, 3, "standard", (0,), True, (0,)), FEATURES)
    assert_array_equal(windows, before)
    assert MISSING not in windows
