"""Affine maps: inverse, composition and repeated columns."""

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.networks.affine import Affine

VALUES = np.arange(6.0).reshape(3, 2)
OF_COLUMNS = Affine(np.array([2.0, -0.5]), np.array([10.0, 0.0]))
OF_ROWS = Affine(np.array([[3.0], [1.0], [0.1]]), -5.0)


def test_an_affine_map_scales_then_shifts():
    assert_array_equal(OF_COLUMNS(VALUES), [[10, -0.5], [14, -1.5], [18, -2.5]])
    assert_array_equal(Affine()(VALUES), VALUES)


def test_the_inverse_gives_the_values_back():
    assert_allclose(OF_ROWS.inverse(OF_ROWS(VALUES)), VALUES)


def test_composed_maps_are_applied_one_after_the_other():
    found = OF_ROWS.after(OF_COLUMNS)
    assert_allclose(found(VALUES), OF_ROWS(OF_COLUMNS(VALUES)))


def test_columns_are_repeated_numbers_stay():
    found = OF_COLUMNS.repeated(2)
    assert_array_equal(found.scale, [2, 2, -0.5, -0.5])
    assert_array_equal(found.shift, [10, 10, 0, 0])
    assert Affine(2.0, 1.0).repeated(3) == Affine(2.0, 1.0)
