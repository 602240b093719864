"""What a network is trained on, and in which order (NumPy only)."""

import math
from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import as_strided

from skrnn.networks.missing import MISSING, mark_missing, observed


def series_of(windows):
    """Return the rows that windows are made of, without a copy where it can be.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        A view as `view_windows` gives it, or any array.

    Returns
    -------
    rows : ndarray of shape (n_rows, n_features)
        The series behind a view; the steps of all windows for another array.
    stride : int
        Window i is `rows[i * stride : i * stride + n_timesteps]`.
    """
    n_samples, n_timesteps, n_features = windows.shape
    if windows.strides[0] != windows.strides[1] or n_timesteps == 1:
        return windows.reshape(-1, n_features), n_timesteps
    shape = (n_samples + n_timesteps - 1, n_features)
    return as_strided(windows, shape, windows.strides[1:], writeable=False), 1


@dataclass(frozen=True)
class Block:
    """Windows, as the rows they are made of, with their targets and weights.

    Parameters
    ----------
    series : ndarray of shape (n_rows, n_features)
        Missing steps marked.
    stride, n_timesteps : int
        Window i is `series[i * stride : i * stride + n_timesteps]`.
    y : ndarray of shape (n_samples, n_outputs)
        Targets.
    weight : ndarray of shape (n_samples,) or None
        Weights, not negative; None weighs all alike.
    samples : ndarray of int32, shape (n_chosen,)
        The windows to use.
    """

    series: np.ndarray
    stride: int
    n_timesteps: int
    y: np.ndarray
    weight: np.ndarray | None
    samples: np.ndarray

    @cached_property
    def has_missing(self):
        """Whether a window to use has a missing step."""
        missing = self.series[:, 0] == MISSING
        if not missing.any():
            return False
        until = np.zeros(len(missing) + 1, dtype=np.int32)
        np.cumsum(missing, out=until[1:])
        first = self.samples.astype(np.int64) * self.stride
        return bool((until[first + self.n_timesteps] > until[first]).any())

    def batch(self, samples):
        """Return windows, targets and, if there are any, weights of some samples."""
        steps = samples[:, np.newaxis].astype(np.int64) * self.stride
        steps = steps + np.arange(self.n_timesteps)
        batch = self.series[steps], self.y[samples]
        return batch if self.weight is None else (*batch, self.weight[samples])


@dataclass(frozen=True)
class Samples:
    """Windows, targets and weights as an estimator got them.

    Parameters
    ----------
    windows : ndarray of shape (n_rows, n_timesteps, n_features)
        May be a view on a series; NaN marks a missing value.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Targets.
    weight : ndarray of shape (n_rows,) or None
        Weights.
    dtype : str
        What the network computes in.
    """

    windows: np.ndarray
    y: np.ndarray
    weight: np.ndarray | None
    dtype: str

    def copied(self, start, stop):
        """Return series, stride, targets and weights of a range as copies.

        Raises
        ------
        ValueError
            If a value is too large for the dtype.
        """
        series, stride = series_of(self.windows[start:stop])
        y = self.y[start:stop]
        with np.errstate(over="ignore"):
            targets = y.reshape(len(y), -1).astype(self.dtype)
        if np.isinf(targets).any():
            raise ValueError(
                f"y has values too large for dtype={self.dtype!r}. Scale y, or set "
                'dtype="float64".'
            )
        weight = None if self.weight is None else self.weight[start:stop]
        return mark_missing(series, self.dtype), stride, targets, weight

    @cached_property
    def whole(self):
        """All of it, made once."""
        return self.copied(0, len(self.y))


class TrainingData:
    """Blocks of consecutive samples, in memory one at a time unless there is but one.

    Parameters
    ----------
    source : Samples
        Where they come from.
    rows : range or ndarray of int, default=None
        The windows to use, in order; None uses all.
    block_size : int, default=None
        Windows in a block; None makes one block of all.
    only_observed : bool, default=True
        Whether to leave out the windows whose first step is missing, or if all are
        such, those without an observed step.

    Raises
    ------
    ValueError
        If a value is too large for the dtype, or no window has an observed step.
    """

    def __init__(self, source, rows=None, block_size=None, *, only_observed=True):
        n_rows, self.n_timesteps, _ = source.windows.shape
        self._source = source
        self._rows = range(n_rows) if rows is None else rows
        self.is_weighted = source.weight is not None
        self.n_targets = 1 if source.y.ndim == 1 else source.y.shape[1]
        self.block_length = n_rows if block_size is None else min(n_rows, block_size)
        self._one = block_size is None or block_size >= n_rows
        for steps in ([0], range(self.n_timesteps)) if only_observed else [None]:
            self._steps = steps
            if self._survey():
                return
        raise ValueError(
            "X has no observed step: every step of every window has a missing value."
        )

    def _survey(self):
        """Look at every block; return the number of samples."""
        n_rows = len(self._source.y)
        first, stop = (0, n_rows) if self._one else (self._rows[0], self._rows[-1] + 1)
        self._starts, self.n_of_blocks, self.has_missing = [], [], False
        for start in range(first, stop, self.block_length):
            block = self._make(start)
            if len(block.samples):
                self._starts.append(start)
                self.n_of_blocks.append(len(block.samples))
                self.has_missing |= block.has_missing
        if self._one:
            self._whole = block
        return self.n_samples

    @property
    def n_samples(self):
        """Windows to use, of all blocks."""
        return sum(self.n_of_blocks)

    def block(self, number):
        """Return a block, from 0."""
        return self._whole if self._one else self._make(self._starts[number])

    def _make(self, start):
        stop = min(start + self.block_length, len(self._source.y))
        first, last = bisect_left(self._rows, start), bisect_left(self._rows, stop)
        rows = self._rows[first:last]
        where = rows
        if isinstance(rows, range):
            where = slice(rows.start, rows.stop)
            rows = np.arange(rows.start, rows.stop, dtype=np.int32)
        if self._steps is not None:
            rows = rows[observed(self._source.windows, where, self._steps)]
        series, stride, y, weight = (
            self._source.whole if self._one else self._source.copied(start, stop)
        )
        samples = (rows - start).astype(np.int32, copy=False)
        return Block(series, stride, self.n_timesteps, y, weight, samples)


def hold_out_last(n_rows, codes, fraction, gap):
    """Split rows in time order: the last of every series are for validation.

    Parameters
    ----------
    n_rows : int
        Rows in all.
    codes : ndarray of int, shape (n_rows,), or None
        The series of each row; the rows of a series are in time order. None: it is
        one series.
    fraction : float
        Share of the rows of a series that are held out, rounded up.
    gap : int
        Rows before them that are left out.

    Returns
    -------
    train, validation : range or ndarray of int
        The rows for either.

    Raises
    ------
    ValueError
        If no row is left to train on.
    """
    if codes is None:
        n_series = 1
        first_held_out = n_rows - math.ceil(fraction * n_rows)
        train = range(max(0, first_held_out - gap))
        held_out = range(first_held_out, n_rows)
    else:
        sizes = np.bincount(codes)
        n_series = len(sizes)
        by_series = np.argsort(codes, kind="stable")
        position = np.empty(n_rows, dtype=np.int64)
        position[by_series] = np.arange(n_rows)
        position -= np.concatenate([[0], np.cumsum(sizes)[:-1]])[codes]
        first_held_out = (sizes - np.ceil(fraction * sizes).astype(np.int64))[codes]
        train = np.flatnonzero(position < first_held_out - gap)
        held_out = np.flatnonzero(position >= first_held_out)
    if len(train) == 0:
        raise ValueError(
            f"early_stopping=True leaves no row to train on: of {n_rows} rows in "
            f"{n_series} series, validation_fraction={fraction} holds out the last "
            f"and validation_gap leaves out {gap} before them. Set smaller ones, or "
            "pass X_val and y_val."
        )
    return train, held_out
