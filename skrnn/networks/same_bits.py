"""Finds tiles in which a row of a matrix product has the same bits, whatever its place.

BLAS has several ways to compute a product, so that the last bits of a row may depend on
the number of rows and on its place among them. Predictions must not depend on what else
is predicted (scikit-learn's `check_methods_subset_invariance`).
"""

import numpy as np

from skrnn.networks.blas import one_thread

_BLOCKS = (16, 8, 4, 2)  # rows to multiply at a time if BLAS treats rows differently


def heights_and_block(matrices, heights):
    """Return the heights of tiles to use, and the rows to multiply at a time, or None.

    They give each row the bits of the tallest tile, of the given increasing heights.
    """
    with one_thread():
        same = _of_same_bits(matrices, heights)
        if same:
            return same, None
        for block in _BLOCKS:
            if block <= heights[-1] and _of_same_bits(matrices, [block]):
                return [n for n in heights if n % block == 0], block
    return list(heights[-1:]), None


def _of_same_bits(matrices, heights):
    """Return the heights that give each row the bits of the tallest, if it does."""
    rng, tallest = np.random.RandomState(0), heights[-1]
    for matrix in matrices:
        rows = rng.uniform(-1, 1, size=(tallest, len(matrix))).astype(matrix.dtype)
        expected = np.dot(rows, matrix)
        heights = [
            n for n in heights if _gives_the_bits(expected[:n], rows[:n], matrix)
        ]
    return heights if tallest in heights else []


def _gives_the_bits(expected, rows, matrix):
    """Return whether a product of some rows has these bits, in any order of rows."""
    backwards = np.ascontiguousarray(rows[::-1])
    return (np.dot(rows, matrix) == expected).all() and (
        np.dot(backwards, matrix)[::-1] == expected
    ).all()
