"""The regular grid of steps on which the rows of each series lie."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from skrnn.windows.timeline import Timeline, numbered

ANY_DISTANCE = 2**40  # steps
_LONGEST_GAP = 10_000  # steps to the first row to forecast


@dataclass(frozen=True)
class Grid:
    """Places of rows on the grids of their series, one grid after the other.

    A missing row has a place too, and there is room before and after each series.

    places : ndarray of int, shape (n_rows,), the place of each row
    starts, first, last : ndarray of int, shape (n_series,), the place at which the room
        before a series begins, and the places of its first and last row
    n_places : int
    """

    places: np.ndarray
    starts: np.ndarray
    first: np.ndarray
    last: np.ndarray
    n_places: int

    @classmethod
    def of(cls, codes, numbers, n_before, n_after):
        """Place rows by the number of their series and their steps from its first."""
        length = np.zeros(codes.max() + 1, dtype=np.int64)
        np.maximum.at(length, codes, numbers + 1)
        ends = np.cumsum(n_before + length + n_after)
        first = ends - length - n_after
        return cls(
            first[codes] + numbers,
            first - n_before,
            first,
            first + length - 1,
            int(ends[-1]),
        )

    @cached_property
    def codes(self):
        """The series of each place."""
        lengths = np.diff(self.starts, append=self.n_places)
        return np.repeat(np.arange(len(self.starts)), lengths)

    def spread(self, rows):
        """Return rows (n_rows, n_columns) at their places, NaN at all others."""
        values = np.full((self.n_places, rows.shape[1]), np.nan, dtype=rows.dtype)
        values[self.places] = rows
        return values

    def last_before(self, rows):
        """Return the place of the last of some rows of each series, or its first."""
        last = self.first.copy()
        places = self.places[rows]
        np.maximum.at(last, self.codes[places], places)
        return last

    def times(self, rows):
        """Return the places from the first row of each series on, and their times."""
        row_at = np.empty(self.n_places, dtype=np.intp)
        row_at[self.places] = np.arange(len(self.places))
        of_time, starts = pd.factorize(rows.times[row_at[self.first]])
        n_steps = np.append(self.starts[1:], self.n_places) - self.first
        longest = np.zeros(len(starts), dtype=np.int64)
        np.maximum.at(longest, of_time, n_steps)
        times = [
            part
            for start, n in enumerate(longest)
            for part in (starts[[start]], rows.step.after(starts[[start]], n - 1))
        ]
        places = np.flatnonzero(np.arange(self.n_places) >= self.first[self.codes])
        codes = self.codes[places]
        at = (np.cumsum(longest) - longest)[of_time[codes]] + places - self.first[codes]
        return places, times[0].append(times[1:])[at]


def grid_of(rows, n_before, n_after, longest_hole=ANY_DISTANCE):
    """Return the grid of rows; longer holes are shortened to `longest_hole` steps."""
    if rows.timeline is None:
        return Grid.of(rows.codes, np.arange(len(rows)), n_before, n_after)
    numbers = numbered(rows.timeline, rows.step, longest_hole)
    return Grid.of(rows.codes, numbers, n_before, n_after)


def steps_ahead(observed, timeline):
    """Return the series and the steps after the last observed row of later rows."""
    before, n_observed = observed.timeline, len(observed)
    before.check_same_kind(timeline)
    if timeline.series is not None and before.series is not None:
        unknown = ~timeline.series.isin(before.series)
        if unknown.any():
            name = timeline.series[unknown][0]
            raise ValueError(
                f"Nothing was observed of series {name!r}. Pass its rows to `update` "
                "first."
            )
    both = before.continued_by(timeline)
    codes = both.codes
    numbers = numbered(both, observed.step or both.step(), ANY_DISTANCE)
    last = np.zeros(codes.max() + 1, dtype=np.int64)
    np.maximum.at(last, codes[:n_observed], numbers[:n_observed])
    codes, leads = codes[n_observed:], numbers[n_observed:]
    leads = leads - last[codes]
    nearest = np.full(len(last), ANY_DISTANCE)
    np.minimum.at(nearest, codes, leads)
    (far,) = np.nonzero((leads > _LONGEST_GAP) & (leads == nearest[codes]))
    if len(far):
        raise ValueError(
            f"X starts at {timeline.times[far[0]]}, which is {leads[far[0]]} steps "
            f"after the last row observed. The limit is {_LONGEST_GAP}. Pass the rows "
            "observed since to `update`, or check the index of X."
        )
    return codes, leads


def common_steps(rows, index):
    """Return the times of the steps that all series share, and the step of each row."""
    if rows.timeline is None:
        times = pd.RangeIndex(len(rows)) if index is None else index
        return times, np.arange(len(rows))
    codes, unique = pd.factorize(rows.times, sort=True)
    unique = unique.rename(rows.times.name)
    try:
        step = rows.step or Timeline(unique).step()
        numbers = numbered(Timeline(unique), step, ANY_DISTANCE)
    except ValueError as error:
        raise ValueError(
            "backtest uses the same origins for all series, but their times have "
            f"no common step: {error} Or run a backtest for each series."
        ) from error
    return unique[:1].append(step.after(unique[:1], int(numbers[-1]))), numbers[codes]
