"""Rows of one or more series on consecutive places, as windows need them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Line:
    """Rows on consecutive places, one series after the other.

    Missing rows have places too, and there is room before and after each series.

    Parameters
    ----------
    values : ndarray of shape (n_places, n_columns)
        NaN where there is no row.
    exists : ndarray of bool, shape (n_places,)
        Where there is a row.
    places : ndarray of int, shape (n_rows,)
        The place of each row.
    starts, first, last : ndarray of int, shape (n_series,)
        For each series its first place, and those of its first and last row.
    """

    values: np.ndarray
    exists: np.ndarray
    places: np.ndarray
    starts: np.ndarray
    first: np.ndarray
    last: np.ndarray

    @classmethod
    def of(cls, rows, codes, numbers, n_before, n_after):
        """Place rows.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_columns)
            The rows.
        codes : ndarray of int, shape (n_rows,)
            The series of each row, from 0 on.
        numbers : ndarray of int, shape (n_rows,)
            Steps from the first row of the series to each row.
        n_before, n_after : int
            Places before and after the rows of a series.

        Returns
        -------
        Line
        """
        length = np.zeros(codes.max() + 1, dtype=np.int64)
        np.maximum.at(length, codes, numbers + 1)
        ends = np.cumsum(n_before + length + n_after)
        first = ends - length - n_after
        places = first[codes] + numbers
        values = np.full((ends[-1], rows.shape[1]), np.nan, dtype=rows.dtype)
        exists = np.zeros(ends[-1], dtype=bool)
        values[places] = rows
        exists[places] = True
        return cls(values, exists, places, first - n_before, first, first + length - 1)

    @property
    def codes(self):
        """The series of each place."""
        lengths = np.diff(self.starts, append=len(self.values))
        return np.repeat(np.arange(len(self.starts)), lengths)


def n_missing_until(values):
    """Count the places with a missing value before each place.

    Parameters
    ----------
    values : ndarray of shape (n_places, n_columns)
        NaN where a value is missing.

    Returns
    -------
    ndarray of int, shape (n_places + 1,)
        Between places a and b, `counts[b] - counts[a]` have a missing value.
    """
    counts = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.isnan(values).any(axis=1), out=counts[1:])
    return counts
