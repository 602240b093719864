"""The last rows that a windower has seen."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skrnn.windows.steps import Step
from skrnn.windows.timeline import Timeline, place

_VALUES_AT_ONCE = 2**14  # copied at a time to compute a fingerprint
_ROUNDING = 1e-5  # of scaled float32 values, relative to the largest of the feature
_LEAST_EQUAL = 0.9  # share of equal values in rows that are taken for the same
_ROWS_SEARCHED, _PLACES_COMPARED = 10_000, 100


@dataclass(frozen=True)
class History:
    """The rows that precede those to transform, in time order."""

    rows: np.ndarray  # of shape (n_rows, n_features)
    timeline: Timeline | None  # None for rows without a time index
    step: Step | None  # of the index, None if it is not known

    def last(self, n_rows):
        """Return copies of the last `n_rows` rows of each series."""
        which = slice(max(0, len(self.rows) - n_rows), None)
        if self.timeline and self.timeline.series is not None:
            codes = pd.Series(self.timeline.codes)
            which = (codes.groupby(codes).cumcount(ascending=False) < n_rows).to_numpy()
        timeline = self.timeline and self.timeline[which]
        if timeline is not None:  # a slice would keep the whole index in memory
            timeline = replace(timeline, times=timeline.times.copy(deep=True))
        return History(self.rows[which].copy(), timeline, self.step)

    def grown_by(self, rows, timeline, n_last):
        """Check and append rows, and return the last `n_last` rows of each series."""
        step = self.step
        if self.timeline is not None:
            both = self.timeline.continued_by(timeline)
            step = step or both.step()
            place(both, step, 1)  # raises an error for times that are not on the step
        elif timeline is not None and timeline.series is not None:
            raise ValueError(
                f"The index of X is {timeline.kind}, but X had no time index in fit. "
                "Call `fit` with rows that have such an index."
            )
        new = History(rows, self.timeline and timeline, step).last(n_last)
        rows = np.concatenate([self.rows, new.rows])
        timeline = new.timeline and self.timeline.followed_by(new.timeline)
        return History(rows, timeline, step).last(n_last)


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of the rows of a fit to recognise them later."""

    # `first` is None for times, for too few rows, and if they repeat.

    shape: tuple  # of the rows
    first: np.ndarray | None  # the first rows of a window
    sums: np.ndarray  # (n_features,), of hashes of values; without `first` in order

    @classmethod
    def of(cls, rows, n_first=None):
        """Return the fingerprint of rows (n_rows, n_features)."""
        first = None if n_first is None else first_rows(rows, n_first)
        return cls(rows.shape, first, sums_of_hashes(rows, in_order=first is None))

    def starts(self, rows):
        """Return whether rows start where those of the fit did.

        Either their first rows are alike, or all rows are those of the fit, in some
        columns in another order or with a single value instead.
        """
        first = self.first
        if first is not None and start_alike(rows, first):
            return True
        if rows.shape != self.shape:
            return False
        is_same = self.sums == sums_of_hashes(rows, in_order=first is None)
        if first is None:
            return is_same.all()
        starts = _equal(rows[: len(first)], first, first).mean(axis=0) >= _LEAST_EQUAL
        is_single = ((rows == rows[0]) | np.isnan(rows)).all(axis=0)
        return starts.any() and (starts | is_single | is_same).all()


def sums_of_hashes(rows, *, in_order):
    """Return the sum of hashes of each column's values, `in_order` with their rows."""
    sums = np.zeros(rows.shape[1], dtype=np.uint64)
    n_at_once = max(1, _VALUES_AT_ONCE // rows.shape[1])
    for start in range(0, len(rows), n_at_once):
        chunk = rows[start : start + n_at_once]
        hashes = pd.util.hash_array(np.add(chunk, 0.0, dtype=np.float64))  # -0.0 is 0.0
        if in_order:
            numbers = np.arange(start, start + len(chunk), dtype=np.uint64)
            hashes = pd.util.hash_array(hashes + numbers[:, np.newaxis])
        sums += hashes.sum(axis=0, dtype=np.uint64)
    return sums


def first_rows(rows, n_rows):
    """Return a copy of the first rows of a fit, None if too few or if they repeat."""
    if len(rows) < n_rows:
        return None
    first = np.array(rows[:n_rows])
    later = rows[1:_ROWS_SEARCHED]
    places = 1 + np.flatnonzero(_equal(later, first[:1], first).all(axis=1))
    again = any(start_alike(rows[k:], first) for k in places[:_PLACES_COMPARED])
    return None if again else first


def start_alike(rows, first):
    """Return whether rows start with all but a tenth of the values of `first`."""
    if len(rows) < len(first):
        return False
    return _equal(rows[: len(first)], first, first).mean() >= _LEAST_EQUAL


def _equal(rows, others, first):
    """Return which values are equal, to the precision of float32."""
    largest = np.nan_to_num(abs(first)).max(axis=0)
    near = abs(rows - others) <= _ROUNDING * largest
    return near | (np.isnan(rows) & np.isnan(others))
