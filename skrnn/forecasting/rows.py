"""Rows of series: targets, inputs and times, and the index that follows them."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from skrnn.windows.history import History
from skrnn.windows.steps import Step
from skrnn.windows.timeline import Timeline


@dataclass(frozen=True)
class Rows:
    """Rows of one or more series, in time order within each series.

    targets : ndarray of float, shape (n_rows, n_targets), in their units
    X : DataFrame or ndarray of shape (n_rows, n_features), as given or transformed
    timeline : Timeline or None
    step : Step or None
    """

    targets: np.ndarray
    X: object
    timeline: Timeline | None
    step: Step | None

    def __len__(self):
        return len(self.targets)

    def __getitem__(self, rows):
        X = self.X.iloc[rows] if isinstance(self.X, pd.DataFrame) else self.X[rows]
        timeline = self.timeline and self.timeline[rows]
        return Rows(self.targets[rows], X, timeline, self.step)

    @property
    def times(self):
        """The time of each row, or None."""
        return self.timeline and self.timeline.times

    @property
    def series(self):
        """The series of each row, or None if there is only one."""
        return self.timeline and self.timeline.series

    @property
    def codes(self):
        """The number of the series of each row, in order of appearance."""
        if self.timeline is None:
            return np.zeros(len(self), dtype=np.intp)
        return self.timeline.codes

    def followed_by(self, later):
        """Return these and later rows, with arrays as X, after checking their times."""
        seen = History(self.targets, self.timeline, self.step)
        step, timeline = seen.step_with(later.timeline), None
        if self.timeline is not None:
            timeline = self.timeline.followed_by(later.timeline)
        targets = np.concatenate([self.targets, later.targets])
        return Rows(targets, np.concatenate([self.X, later.X]), timeline, step)

    def are_last(self, n_last):
        """Return whether each row is one of the last of its series.

        `n_last` is a number for all series, or for the series of each row.
        """
        codes = pd.Series(self.codes)
        return (codes.groupby(codes).cumcount(ascending=False) < n_last).to_numpy()

    def last(self, n_last):
        """Return a copy of the last rows of each series, as `are_last` tells them."""
        if self.series is None:
            kept = self[slice(max(0, len(self) - int(np.max(n_last))), None)]
        else:
            kept = self[self.are_last(n_last)]
        timeline = kept.timeline
        if timeline is not None:  # a slice would keep the whole index in memory
            timeline = Timeline.of_index(timeline.index.copy(deep=True))
        X = kept.X.copy()
        return replace(kept, targets=kept.targets.copy(), X=X, timeline=timeline)

    def index_ahead(self, n_steps):
        """Return the index of the next steps of each series, None without times."""
        if self.timeline is None:
            return None
        if self.step is None:
            raise ValueError(
                "The step of the index is not known, as no series has two rows. Give "
                "an index with a freq, or pass the rows to forecast to `predict`."
            )
        if self.series is None:
            return _with_freq(self.step.after(self.times[-1:], n_steps), self.times)
        last = pd.Series(np.arange(len(self))).groupby(self.codes).last().to_numpy()
        of_time, origins = pd.factorize(self.times[last])
        origins = origins.rename(self.times.name)
        ahead = [self.step.after(origins[[k]], n_steps) for k in range(len(origins))]
        at = (of_time[:, np.newaxis] * n_steps + np.arange(n_steps)).ravel()
        times = ahead[0].append(ahead[1:])[at]
        return Timeline(times, self.series[last].repeat(n_steps)).index


def _with_freq(ahead, times):
    """Return times that follow others with the freq of these, or one inferred."""
    if not isinstance(ahead, pd.DatetimeIndex):
        return ahead
    freq = times.freq
    if freq is None and ahead.freq == pd.offsets.Day(7):
        freq = pd.offsets.Week(weekday=ahead[0].weekday())
    if freq is None and ahead.freq is None:
        freq = "infer"
    try:
        if freq == "infer":
            return pd.DatetimeIndex(ahead, freq=freq, name=ahead.name)
        later = ahead.copy()
        later.freq = freq or ahead.freq
    except ValueError:  # fewer than three times, or not regular to pandas
        return ahead
    return later


def of_rows(value, rows):
    """Return the part of an array with a value for each row; others as they are."""
    is_of_rows = np.ndim(value) > 0 and len(value) == len(rows)
    return np.asarray(value)[rows] if is_of_rows else value
