"""Finds the missing steps of windows, and the windows to train on in spite of them."""

import math
from functools import cached_property

import numpy as np

from skrnn.networks.missing import observed
from skrnn.training.data import rows_to_train_on, series_of
from skrnn.windows.layout import PanelWindows

_VALUES_AT_ONCE = 2**20
_ROWS_AT_ONCE = 2**16
_FEW_VALUES = 2**14


def few_without_nan(windows):
    """Return whether an array has few values and none of them is missing.

    Many values would take too long to check.
    """
    return windows.size <= _FEW_VALUES and not math.isnan(windows.max())


def usable_rows(windows, rows, inputs):
    """Return the rows to train on: also padded ones, if windows are not of a series."""
    chosen = rows_to_train_on(windows, rows, inputs)
    if inputs.fill or follow_each_other(windows):
        return chosen
    padded = np.flatnonzero(padded_in_front(windows)).astype(np.int32)
    if len(padded) == 0:
        return chosen
    if rows is not None:
        padded = padded[np.isin(padded, rows)]
    length = inputs.segment_length
    segments = [range(k, k + length) for k in range(0, inputs.n_timesteps, length)]
    parts = [
        part[observed(windows, part, segments)]
        for part in np.split(padded, range(_ROWS_AT_ONCE, len(padded), _ROWS_AT_ONCE))
    ]
    return np.union1d(chosen, np.concatenate(parts))


def padded_in_front(windows):
    """Return which windows start with a step without values, of shape (n_windows,)."""
    return np.isnan(windows[:, 0]).all(axis=1)


def follow_each_other(windows):
    """Return whether windows are of a series: most are one step apart, or repeated."""
    n_timesteps = windows.shape[1]
    if isinstance(windows, PanelWindows) or windows.strides[0] == windows.strides[1]:
        return True
    windows = windows[: max(2, _VALUES_AT_ONCE // windows[0].size)]
    if n_timesteps == 1 or len(windows) == 1:
        return False
    repeated = _same(windows[1:], windows[:-1])  # instead of a weight
    follow = _same(windows[1:, :-1], windows[:-1, 1:])
    return bool(follow[~repeated].sum() > (~repeated).sum() / 2)


def _same(windows, others):
    """Return which windows equal others, with NaN at the same places."""
    same = (windows == others) | (np.isnan(windows) & np.isnan(others))
    return same.all(axis=(1, 2))


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
        if self._stride == 1:
            before = np.zeros(self._n_windows, dtype=bool)
            before[: np.argmin(self._missing)] = True
            return before
        row = np.arange(self._n_windows)
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
