"""Windows as views on the rows of a series, and their missing steps (NumPy only)."""

from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import as_strided

from skrnn.windows.layout import SeriesWindows

_VALUES_AT_ONCE = 2**20


class WindowView:
    """Windows, and the rows of the series that they are taken from."""

    def __init__(self, windows):
        self.values = np.asarray(windows)  # NaN where a value is missing
        self.shape = windows.shape  # (n_windows, n_timesteps, n_features)
        self._is_panel = isinstance(windows, SeriesWindows)
        is_view = windows.strides[0] == windows.strides[1]
        self.stride = 1 if is_view else windows.shape[1]  # in rows

    def __len__(self):
        return len(self.values)

    def rows(self, start=0, stop=None):
        """Return rows (n_rows, n_features) of windows, without a copy if possible."""
        windows = self.values[start:stop]
        n_windows, n_timesteps, n_features = windows.shape
        if self.stride == n_timesteps:
            return windows.reshape(-1, n_features)
        shape = (n_windows + n_timesteps - 1, n_features)
        return as_strided(windows, shape, windows.strides[1:], writeable=False)

    @property
    def is_of_series(self):
        """Whether the windows are those of one series, or of several."""
        return self._is_panel or self.follow_each_other

    @cached_property
    def follow_each_other(self):
        """Whether most windows start one step after the one before, or repeat it."""
        windows = self.values[: max(2, _VALUES_AT_ONCE // self.values[0].size)]
        if self.stride == 1 or len(windows) == 1:
            return self.stride == 1
        repeated = _same(windows[1:], windows[:-1])  # instead of a weight
        follow = _same(windows[1:, :-1], windows[:-1, 1:])
        return bool(follow[~repeated].sum() > (~repeated).sum() / 2)

    @cached_property
    def incomplete(self):
        """The `MissingSteps` with a missing value."""
        return MissingSteps(self, np.any)

    @cached_property
    def empty(self):
        """The `MissingSteps` without a value."""
        return MissingSteps(self, np.all)

    def forget_steps(self):
        """Free the steps that were found; they are found again when they are read."""
        for name in ("incomplete", "empty"):
            vars(self).pop(name, None)


class MissingSteps:
    """The steps of windows that have `any` or `all` values missing."""

    def __init__(self, windows, any_or_all):
        self._n_windows, self._n_timesteps, _ = windows.shape
        self._stride = windows.stride
        series = windows.rows()
        self._missing = np.empty(len(series), dtype=bool)
        n_at_once = max(1, _VALUES_AT_ONCE // series.shape[1])
        for start in range(0, len(series), n_at_once):
            part = slice(start, start + n_at_once)
            any_or_all(np.isnan(series[part]), axis=1, out=self._missing[part])

    def any(self):
        """Return whether there are any such steps."""
        return bool(self._missing.any())

    def any_in(self, rows):
        """Return whether the windows of some rows have any such steps."""
        # counts of a long series take much memory
        rows, steps = as_index(rows), range(self._n_timesteps)
        return self.any() and any(self.at(step)[rows].any() for step in steps)

    def at(self, step):
        """Return which windows have such a step at a position, as a view."""
        return self._missing[step :: self._stride][: self._n_windows]

    @cached_property
    def counts(self):
        """The number of such steps in each window, of shape (n_windows,)."""
        if self._stride != 1:
            shape = (self._n_windows, self._n_timesteps)
            return np.count_nonzero(self._missing.reshape(shape), axis=1)
        until = np.concatenate([[0], np.cumsum(self._missing)])
        return until[self._n_timesteps :] - until[: -self._n_timesteps]

    def before_start(self):
        """Return which windows reach back before the start of their series."""
        if self._stride == 1:
            before = np.zeros(self._n_windows, dtype=bool)
            before[: np.argmin(self._missing)] = True
            return before
        # a start looks like the end of a gap as long as a window: the last step is left
        row, n_before = np.arange(self._n_windows), self._n_timesteps - 1
        starts = (self.counts == n_before) & ~self.at(n_before)
        latest = np.maximum.accumulate(np.where(starts, row, -self._n_timesteps))
        return self.at(0) & (row - latest < n_before)


def as_index(rows):
    """Return rows as an index into an array, a slice if possible to avoid a copy."""
    return slice(rows.start, rows.stop) if isinstance(rows, range) else rows


def _same(windows, others):
    """Return which windows equal others, with NaN at the same places."""
    same = (windows == others) | (np.isnan(windows) & np.isnan(others))
    return same.all(axis=(1, 2))
