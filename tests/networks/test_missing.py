"""The marking of missing steps."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from skrnn.networks.missing import MISSING, mark_missing

NAN = np.nan


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
        mark_missing(np.array([[[1e300]]]), "float32")
