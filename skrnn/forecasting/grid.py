"""The regular grid of steps on which the rows of each series lie."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from skrnn.windows.timeline import Timeline, numbered

ANY_DISTANCE = 2**40  # steps


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

    @cached_property
    def has_row(self):
        """Whether there is a row at each place."""
        exists = np.zeros(self.n_places, dtype=bool)
        exists[self.places] = True
        return exists

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

    def times(self, timeline, step):
        """Return the places from the first row of each series on, and their times."""
        row_at = np.empty(self.n_places, dtype=np.intp)
        row_at[self.places] = np.arange(len(self.places))
        of_time, starts = _unique(timeline.times[row_at[self.first]])
        n_steps = np.append(self.starts[1:], self.n_places) - self.first
        longest = np.zeros(len(starts), dtype=np.int64)
        np.maximum.at(longest, of_time, n_steps)
        times = [
            part
            for start, n in enumerate(longest)
            for part in (starts[[start]], step.after(starts[[start]], n - 1))
        ]
        places = np.flatnonzero(np.arange(self.n_places) >= self.first[self.codes])
        codes = self.codes[places]
        at = (np.cumsum(longest) - longest)[of_time[codes]] + places - self.first[codes]
        return places, times[0].append(times[1:])[at]


def grid_of(timeline, step, n_rows, n_before, n_after, longest_hole=ANY_DISTANCE):
    """Return the grid of rows; longer holes are shortened to `longest_hole` steps."""
    if timeline is None:
        codes, numbers = np.zeros(n_rows, dtype=np.intp), np.arange(n_rows)
    else:
        codes, numbers = timeline.codes, numbered(timeline, step, longest_hole)
    return Grid.of(codes, numbers, n_before, n_after)


def last_rows(timeline, n_rows, n_last):
    """Return whether each row is one of the last `n_last` of its series."""
    codes = pd.Series(np.zeros(n_rows) if timeline is None else timeline.codes)
    return (codes.groupby(codes).cumcount(ascending=False) < n_last).to_numpy()


def index_ahead(history, n_steps):
    """Return the index of the next `n_steps` steps of each series."""
    step, timeline = history.step, history.timeline
    if step is None:
        raise ValueError(
            "The step of the index is not known, as no series has two rows. Give an "
            "index with a freq, or pass the rows to forecast to `predict`."
        )
    if timeline.series is None:
        return step.after(timeline.times[-1:], n_steps)
    last = pd.Series(np.arange(len(timeline.times))).groupby(timeline.codes).last()
    last = timeline[last.to_numpy()]
    of_time, origins = _unique(last.times)
    ahead = [step.after(origins[[k]], n_steps) for k in range(len(origins))]
    at = (of_time[:, np.newaxis] * n_steps + np.arange(n_steps)).ravel()
    times = ahead[0].append(ahead[1:])[at]
    return Timeline(times, last.series.repeat(n_steps)).index


def common_times(index, timeline, n_rows):
    """Return the times of the steps that all series share, and the step of each row."""
    if timeline is None:
        times = pd.RangeIndex(n_rows) if index is None else index
        return times, np.arange(n_rows)
    step = timeline.step()
    codes, unique = pd.factorize(timeline.times, sort=True)
    unique = unique.rename(timeline.times.name)
    try:
        if step is None:
            step = Timeline(unique).step()
        numbers = numbered(Timeline(unique), step, ANY_DISTANCE)
    except ValueError as error:
        raise ValueError(
            "backtest uses the same origins for all series, but their times have "
            f"no common step: {error} Or run a backtest for each series."
        ) from error
    return unique[:1].append(step.after(unique[:1], int(numbers[-1]))), numbers[codes]


def _unique(times):
    """Return the number of each time among the different ones, and these."""
    codes, unique = pd.factorize(times)
    return codes, unique.rename(times.name)
