"""Finds the missing steps of windows, from the series that the windows view."""

import math
from functools import cached_property

import numpy as np

from skrnn.training.data import series_of

_VALUES_AT_ONCE = 2**20
_FEW_VALUES = 2**14


def few_without_nan(windows):
    """Return whether an array has few values and none of them is missing.

    Many values would take too long to check.
    """
    return windows.size <= _FEW_VALUES and not math.isnan(windows.max())


class MissingSteps:
    """The missing steps of windows (n_windows, n_timesteps, n_features).

    With `filled`, a step is only missing if all of its values are.
    """

    def __init__(self, windows, *, filled=False):
        self._n_windows, self.n_timesteps, _ = windows.shape
        series, self._stride = series_of(np.asarray(windows))
        self._missing = _missing_rows(series, np.all if filled else np.any)

    def any(self):
        """Return whether any step is missing."""
        return bool(self._missing.any())

    @property
    def at_first_step(self):
        """Whether the first step of each window is missing, of shape (n_windows,)."""
        return self._missing[:: self._stride][: self._n_windows]

    @cached_property
    def counts(self):
        """The number of missing steps of each window, of shape (n_windows,)."""
        if self._stride != 1:
            shape = (self._n_windows, self.n_timesteps)
            return np.count_nonzero(self._missing.reshape(shape), axis=1)
        until = np.concatenate([[0], np.cumsum(self._missing)])
        return until[self.n_timesteps :] - until[: -self.n_timesteps]

    def before_start(self):
        """Return which windows reach back before the start of their series.

        Without a view on a series, its start looks the same as the end of a gap that is
        at least as long as a window: only the last step is observed.
        """
        row = np.arange(self._n_windows)
        if self._stride == 1:
            return row < np.argmin(self._missing)
        last_missing = self._missing[self.n_timesteps - 1 :: self.n_timesteps]
        starts = (self.counts == self.n_timesteps - 1) & ~last_missing
        latest = np.maximum.accumulate(np.where(starts, row, -self.n_timesteps))
        return self.at_first_step & (row - latest < self.n_timesteps - 1)


def _missing_rows(series, of_values):
    missing = np.empty(len(series), dtype=bool)
    n_at_once = max(1, _VALUES_AT_ONCE // series.shape[1])
    for start in range(0, len(series), n_at_once):
        rows = slice(start, start + n_at_once)
        of_values(np.isnan(series[rows]), axis=1, out=missing[rows])
    return missing
