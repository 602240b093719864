"""Windows that can be used for training, and the marking of missing steps."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skrnn.networks.missing import MISSING, mark_missing, observed

NAN = np.nan


def windows_of(*rows):
    """Windows of one feature."""
    return np.array(rows, dtype=float)[..., np.newaxis]


WINDOWS = windows_of([1, 2, 3], [NAN, 2, 3], [1, NAN, 3], [NAN, NAN, NAN])


def test_windows_are_observed_in_any_of_the_steps():
    everything = slice(None)
    first, each, two = [[0]], [[0], [1], [2]], [[0, 1]]
    assert_array_equal(observed(WINDOWS, everything, first), [True, False, True, False])
    assert_array_equal(observed(WINDOWS, everything, each), [True, True, True, False])
    assert_array_equal(observed(WINDOWS, everything, two), [True, False, False, False])


def test_a_single_value_is_enough_where_the_others_are_filled():
    windows = np.array([[[NAN, NAN], [NAN, 1.0]], [[NAN, NAN], [NAN, NAN]]])
    found = observed(windows, slice(None), [range(2)], any_value=True)
    assert_array_equal(found, [True, False])


def test_only_the_rows_asked_for_are_looked_at():
    assert_array_equal(observed(WINDOWS, np.array([1, 2]), [[0]]), [False, True])


def test_a_step_with_one_missing_feature_is_marked_in_all():
    windows = np.array([[[1.0, NAN], [2.0, 3.0]]])
    marked = mark_missing(windows, "float32")
    assert marked.dtype == np.float32
    assert_array_equal(marked, np.float32([[[MISSING, MISSING], [2, 3]]]))
    assert np.isnan(windows[0, 0, 1]), "the input is not changed"


def test_many_steps_are_copied_in_parts_alike():
    steps = np.random.RandomState(0).rand(3000, 40, 10)
    assert_array_equal(mark_missing(steps, "float64"), steps)


def test_a_value_beyond_float32_is_an_error():
    with pytest.raises(ValueError, match=r"too large for dtype='float32'.*float64"):
        mark_missing(windows_of([1e300]), "float32")
