"""Finds tiles in which a row of a matrix product has the same bits, whatever its place.

BLAS has several ways to compute a product, so that the last bits of a row may depend on
the number of rows and on its place among them. Predictions must not depend on what else
is predicted (scikit-learn's `check_methods_subset_invariance`).
"""

import numpy as np

from skrnn.networks.blas import one_thread
from skrnn.networks.cells import TileShape

_BLOCKS = (16, 8, 4, 2)  # rows to multiply at a time if BLAS treats rows differently


def heights_and_block(matrices, heights):
    """Return the heights of tiles to use, and the rows to multiply at a time, or None.

    They give each row the bits of the tallest tile, of the given increasing heights.
    """
    with one_thread:
        same = _of_same_bits(matrices, heights)
        if same:
            return same, None
        for block in _BLOCKS:
            if block <= heights[-1] and _of_same_bits(matrices, [block], block):
                return [n for n in heights if n % block == 0], block
    return list(heights[-1:]), None


def _of_same_bits(matrices, heights, block=None):
    """Return the heights that give each row the bits of the tallest, if it does."""
    rng, tallest = np.random.RandomState(0), heights[-1]
    for matrix in matrices:
        rows = rng.uniform(-1, 1, size=(tallest, len(matrix))).astype(matrix.dtype)
        expected = _product(rows, matrix, TileShape(tallest, tallest, block))
        heights = [
            n for n in heights if _gives_the_bits(expected[:n], rows[:n], matrix, block)
        ]
    return heights if tallest in heights else []


def _gives_the_bits(expected, rows, matrix, block):
    """Return whether a product of some rows has these bits, in any order of rows."""
    n_rows = len(rows)
    shape, for_one_row = (TileShape(n, n_rows, block) for n in (n_rows, 1))
    return (
        (_product(rows, matrix, shape) == expected).all()
        and (_product(rows[::-1], matrix, shape)[::-1] == expected).all()
        and (_product(rows[:1], matrix, for_one_row) == expected[:1]).all()
    )


def _product(rows, matrix, shape):
    """Return the product of rows as it is computed in a tile."""
    left = shape.zeros(len(matrix), matrix.dtype)
    out = shape.zeros(matrix.shape[1], matrix.dtype)
    left[: len(rows)] = rows
    shape.multiply(left, matrix, out)
    return out[: len(rows)]
