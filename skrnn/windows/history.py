"""The last rows that a windower has seen."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skrnn.windows.steps import Step
from skrnn.windows.timeline import Timeline, are_last, place

_VALUES_AT_ONCE = 2**14  # copied at a time to compute a fingerprint
_ROUNDING = 1e-5  # of scaled float32 values, relative to the largest of the feature
_LEAST_EQUAL = 0.9  # share of equal values in rows that are taken for the same
_RARE = 0.1  # share of the rows with such a value: zeros and constants tell nothing
_ROWS_SEARCHED, _PLACES_COMPARED, _ROWS_COUNTED = 10_000, 100, 1000


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
            which = are_last(self.timeline.codes, n_rows)
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
class FirstRows:
    """The first rows of a fit, as many as a window has steps."""

    rows: np.ndarray  # (window_length, n_features)
    is_rare: np.ndarray  # of the same shape, which values are rare; all if none is

    @classmethod
    def of(cls, rows, n_rows):
        """Return a copy of the first rows, None if too few or if they repeat."""
        if len(rows) < n_rows:
            return None
        first = cls(np.array(rows[:n_rows]), np.ones((n_rows, rows.shape[1]), bool))
        is_rare = first.are_rare_in(rows[:: -(-len(rows) // _ROWS_COUNTED)])
        if is_rare.any():
            first = replace(first, is_rare=is_rare)
        rarest = first.is_rare.sum(axis=1).argmax()
        later = rows[rarest + 1 : rarest + _ROWS_SEARCHED]
        same = first.equal(later, rarest) | ~first.is_rare[rarest]
        places = 1 + np.flatnonzero(same.all(axis=1))[:_PLACES_COMPARED]
        return None if any(first.are_alike(rows[k:]) for k in places) else first

    @property
    def margin(self):
        """The largest difference of equal values of each feature, by rounding."""
        return _ROUNDING * np.nan_to_num(abs(self.rows)).max(axis=0)

    def equal(self, rows, which=slice(None)):
        """Return which values equal those of the first rows, to float32 precision."""
        first = self.rows[which]
        near = abs(rows - first) <= self.margin
        return near | (np.isnan(rows) & np.isnan(first))

    def are_rare_in(self, rows):
        """Return which values few of some rows have in their column."""
        columns = zip(np.sort(rows, axis=0).T, self.rows.T, self.margin, strict=True)
        counts = [
            np.searchsorted(ordered, values + margin, "right")
            - np.searchsorted(ordered, values - margin, "left")
            for ordered, values, margin in columns
        ]
        return np.transpose(counts) <= max(1, _RARE * len(rows))

    def are_alike(self, rows):
        """Return whether rows start with most of the rare values."""
        if len(rows) < len(self.rows):
            return False
        same = self.equal(rows[: len(self.rows)]) & self.is_rare
        n_equal, n_rare = same.sum(axis=0), self.is_rare.sum(axis=0)
        # columns of the calendar alone are alike at the same hour of any day
        is_half = (2 * n_equal >= n_rare).all()
        return bool(is_half and n_equal.sum() >= _LEAST_EQUAL * n_rare.sum())


@dataclass(frozen=True)
class Fingerprint:
    """What is kept of the rows of a fit to recognise them later."""

    shape: tuple  # of the rows
    is_long: bool  # at least as many rows as in a window
    first: FirstRows | None  # None for times, for too few rows, and if they repeat
    sums: np.ndarray  # (n_features,), of hashes of values; without `first` in order

    @classmethod
    def of(cls, rows, n_first=None):
        """Return the fingerprint of rows (n_rows, n_features)."""
        first = None if n_first is None else FirstRows.of(rows, n_first)
        is_long = n_first is not None and len(rows) >= n_first
        sums = sums_of_hashes(rows, in_order=first is None)
        return cls(rows.shape, is_long, first, sums)

    def starts(self, rows):
        """Return whether rows start where those of the fit did.

        Either their first rows are alike, or all rows are those of the fit, in some
        columns in another order or with a single value instead.
        """
        first = self.first
        if first is not None and first.are_alike(rows):
            return True
        if first is None and self.is_long:  # more rows may follow those of the fit
            rows = rows[: self.shape[0]]
        if rows.shape != self.shape:
            return False
        is_same = self.sums == sums_of_hashes(rows, in_order=first is None)
        if first is None:
            return is_same.all()
        starts = first.equal(rows[: len(first.rows)]).mean(axis=0) >= _LEAST_EQUAL
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
