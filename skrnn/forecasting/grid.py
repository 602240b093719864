"""Rows of series, and the regular grid of steps on which they lie."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd

from skrnn.windows.index_state import PlainIndices
from skrnn.windows.steps import Step
from skrnn.windows.timeline import (
    ANY_DISTANCE,
    LATER_ROWS,
    Timeline,
    are_last,
    numbered,
)

_MOST_PLACES = 2**27
_LONGEST_GAP = 10_000  # steps to the first row to forecast
_MOST_WINDOWS = 10  # of targets that are not known yet


@dataclass(frozen=True)
class Rows(PlainIndices):
    """Rows of one or more series, in time order within each series."""

    targets: np.ndarray  # (n_rows, n_targets), in their units
    X: object  # (n_rows, n_features), as passed, or an array of transformed inputs
    codes: np.ndarray  # (n_rows,), the number of the series of each row
    steps: np.ndarray  # (n_rows,), from the first row of the series
    times: pd.Index | None  # (n_rows,)
    names: pd.Index | None  # of the series by number, None if there is only one
    step: Step | None  # of the times

    @classmethod
    def first(cls, targets, X, timeline, freq=None):
        """Return the rows of a fit, whose series are numbered as they appear."""
        if timeline is None:
            if freq is not None:
                raise ValueError(f"freq={freq!r} needs an index of times.")
            n_rows = len(targets)
            codes, steps = np.zeros(n_rows, dtype=np.intp), np.arange(n_rows)
            return cls(targets, X, codes, steps, None, None, None)
        names = None if timeline.series is None else timeline.series.unique()
        step = timeline.step_of_fit(freq)
        steps = numbered(timeline, step)
        return cls(targets, X, timeline.codes, steps, timeline.times, names, step)

    def next(self, targets, X, timeline, message=LATER_ROWS):
        """Return rows that follow these, after checking their times."""
        if self.times is None:
            if timeline is not None and not timeline.has_numbers:
                raise ValueError(
                    f"The index of X is {timeline.kind}, but X had no time index in "
                    "fit. Call `fit` with rows that have such an index."
                )
            rows = Rows.first(targets, X, None)
            return replace(rows, steps=self.steps[-1] + 1 + rows.steps)
        both = self.timeline.continued_by(timeline, message)
        steps, n_rows = numbered(both, self.step), len(self)
        names, codes = self.names, np.zeros(len(both.times) - n_rows, dtype=np.intp)
        if names is not None:
            unique = timeline.series.unique()
            names = names.append(unique[~unique.isin(names)])
            codes = names.get_indexer(timeline.series)
        # series whose first rows were not kept do not start at step 0
        start = np.zeros(1 if names is None else len(names), dtype=np.int64)
        start[self.codes] = self.steps - steps[:n_rows]
        steps = steps[n_rows:] + start[codes]
        return Rows(targets, X, codes, steps, both.times[n_rows:], names, self.step)

    def __len__(self):
        return len(self.codes)

    def __getitem__(self, rows):
        return replace(
            self,
            targets=self.targets[rows],
            X=self.X.iloc[rows] if isinstance(self.X, pd.DataFrame) else self.X[rows],
            codes=self.codes[rows],
            steps=self.steps[rows],
            times=None if self.times is None else self.times[rows],
        )

    @property
    def n_series(self):
        """The number of series, also of those without a row."""
        return 1 if self.names is None else len(self.names)

    def n_known(self):
        """Return the numbers of known values, (n_series, n_targets)."""
        known = [self.codes[~np.isnan(y)] for y in self.targets.T]
        return np.transpose([np.bincount(c, minlength=self.n_series) for c in known])

    @property
    def longest(self):
        """The number of rows of the longest series."""
        return int(np.bincount(self.codes).max())

    @property
    def timeline(self):
        """The time and the name of the series of each row; times must be known."""
        return Timeline(self.times, self.series)

    @property
    def series(self):
        """The name of the series of each row, None if there is only one."""
        return None if self.names is None else self.names[self.codes]

    @property
    def last_steps(self):
        """The step of the last row of each series, 0 for a series without a row."""
        return last_of(self.steps, self.codes, self.n_series)

    def late_steps(self, window_length):
        """Return the steps after the last known target of each series, 0 if many."""
        known = ~np.isnan(self.targets).all(axis=1)
        last = last_of(self.steps[known], self.codes[known], self.n_series, default=-1)
        n_late = self.last_steps - last
        most = _MOST_WINDOWS * window_length
        return np.where((last >= 0) & (n_late <= most), n_late, 0)

    def are_late(self, window_length):
        """Return which rows come after the last known target, if these are not many."""
        last_known = self.last_steps - self.late_steps(window_length)
        return self.steps > last_known[self.codes]

    def followed_by(self, later):
        """Return these rows and later ones, which follow them."""
        values = {
            name: np.concatenate([getattr(self, name), getattr(later, name)])
            for name in ("targets", "X", "codes", "steps")
        }
        times = self.times if self.times is None else self.times.append(later.times)
        return replace(later, **values, times=times)  # with the names of new series

    def are_last(self, n_last):
        """Return whether each row is one of the last of its series."""
        if self.names is None:
            return np.arange(len(self))[::-1] < n_last
        return are_last(self.codes, n_last)

    def last(self, n_last):
        """Return a copy of the last rows of each series, as `are_last` tells them."""
        kept = self[self.are_last(n_last)]
        if kept.times is None:
            return kept
        # a slice would keep the whole index in memory
        return replace(kept, times=kept.times.copy(deep=True))

    def steps_to(self, later):
        """Return how many steps later rows are after the last row of their series."""
        leads, are_far = self.leads_of(later)
        if are_far.any():
            first = np.argmax(are_far)
            raise ValueError(
                f"X starts at {later.times[first]}, which is {leads[first]} steps "
                f"after the last row observed. The limit is {_LONGEST_GAP}. Pass the "
                "rows observed since to `update`, or check the index of X."
            )
        return leads

    def leads_of(self, later):
        """Return the same, and which rows are of series whose next row is far ahead."""
        leads = later.steps - self.last_steps[later.codes]
        nearest = first_of(leads, later.codes, later.n_series)
        return leads, (nearest > _LONGEST_GAP)[later.codes]

    def ahead(self, n_steps):
        """Return series and leads of the next rows, and their index or None."""
        present = np.unique(self.codes)
        codes = present.repeat(n_steps)
        leads = np.tile(np.arange(1, n_steps + 1), len(present))
        if self.times is None:
            return codes, leads, None
        if self.names is None:
            times = self.step.after(self.times[-1:], n_steps)
            return codes, leads, _with_freq(times, self.times)
        last = last_of(np.arange(len(self)), self.codes, self.n_series)
        times, starts = _runs(self.times[last[present]], self.step, n_steps)
        times = times[(starts[:, np.newaxis] + np.arange(1, n_steps + 1)).ravel()]
        return codes, leads, Timeline(times, self.names[codes]).index


def last_of(values, codes, n_series, default=0):
    """Return the last value of each series, or the default."""
    last = np.full(n_series, default, dtype=values.dtype)
    last[codes] = values
    return last


def first_of(values, codes, n_series, default=0):
    """Return the first value of each series, or the default."""
    return last_of(values[::-1], codes[::-1], n_series, default)


def _with_freq(ahead, times):
    """Return times that follow others with the freq of these, or one inferred."""
    if not isinstance(ahead, pd.DatetimeIndex):
        return ahead
    freq = times.freq
    if freq is None and ahead.freq == pd.offsets.Day(7):
        freq = pd.offsets.Week(weekday=ahead[0].weekday())
    if ahead.freq is not None and freq in (None, ahead.freq):
        return ahead
    try:
        plain = ahead.copy()
        plain.freq = None  # in pandas 2, it would win
        return pd.DatetimeIndex(plain, freq=freq or "infer", name=ahead.name)
    except ValueError:  # fewer than three times, or not regular to pandas
        return ahead


class Grid:
    """Places of rows on the grids of their series, one grid after the other."""

    # A missing row has a place too, and there is room before and after each series.
    # Holes longer than `longest_hole` steps are shortened.

    def __init__(self, rows, n_before, n_after, longest_hole=ANY_DISTANCE):
        order = np.argsort(rows.codes, kind="stable")
        codes, steps = rows.codes[order], rows.steps[order]
        starts = np.flatnonzero(np.diff(codes, prepend=-1))
        jumps = np.minimum(np.diff(steps, prepend=0), longest_hole)
        jumps[starts] = n_before + 1 + n_after
        in_order = np.cumsum(jumps) - 1 - n_after
        self.codes = codes[starts]  # (n_grids,), the number of the series of each grid
        self.first = in_order[starts]  # (n_grids,), the place of its first row
        self.last = in_order[np.append(starts[1:], 0) - 1]
        self.ends = self.last + 1 + n_after  # where the room after a series ends
        self.n_places = int(self.ends[-1])
        if self.n_places > most_places(len(rows)):
            n_steps = (self.last - self.first + 1).sum()
            raise ValueError(
                f"The rows span {n_steps} steps, but there are only {len(rows)} rows, "
                "and each step needs a place in memory; long gaps only with features "
                "of dates. Check the index of X, or set date_features=None."
            )
        self.places = np.empty_like(in_order)  # (n_rows,)
        self.places[order] = in_order

    @cached_property
    def grid_of(self):
        """The number of the grid of each place."""
        return np.repeat(np.arange(len(self.ends)), np.diff(self.ends, prepend=0))

    def times(self, rows):
        """Return the places from the first row of each series on, and their times."""
        _, first = np.unique(self.grid_of[self.places], return_index=True)
        n_steps = self.ends - self.first - 1
        times, starts = _runs(rows.times[first], rows.step, n_steps)
        places = np.flatnonzero(np.arange(self.n_places) >= self.first[self.grid_of])
        grids = self.grid_of[places]
        return places, times[(starts - self.first)[grids] + places]


def _runs(times, step, n_steps):
    """Return an index with times, each before its next steps, and where each one is."""
    of_time, unique = pd.factorize(times, sort=True)
    longest = np.zeros(len(unique), dtype=np.int64)
    np.maximum.at(longest, of_time, n_steps)
    unique = unique.rename(times.name)
    between = step.count(unique, np.ones(len(unique) - 1, dtype=bool))
    if between is not None and between.sum() <= longest.sum():
        # calendars are slow: the times of all are made once
        starts = np.append(0, np.cumsum(between))
        n_after = int((starts + longest).max())
        return unique[:1].append(step.after(unique[:1], n_after)), starts[of_time]
    parts = [
        part
        for k, n in enumerate(longest)
        for part in (unique[[k]], step.after(unique[[k]], int(n)))
    ]
    starts = np.cumsum(longest + 1) - longest - 1
    return parts[0].append(parts[1:]), starts[of_time]


def most_places(n_rows):
    """Return how many steps have a place in memory, of series with `n_rows` rows."""
    return max(_MOST_PLACES, 8 * n_rows)
