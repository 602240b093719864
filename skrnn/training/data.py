"""Training data, in blocks of consecutive windows (NumPy only)."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skrnn.networks.missing import mark_missing, mark_missing_values
from skrnn.training.targets import Targets

_ROWS = 2**11  # windows copied at a time


@dataclass(frozen=True)
class Block:
    """Windows, stored as a series of rows, with their targets and weights.

    series : ndarray of shape (n_rows, n_features), in which missing steps are marked,
        or missing values if the network does not read windows unchanged
    stride, n_timesteps : int, window i is `series[i * stride :][:n_timesteps]`
    y : ndarray of shape (n_samples, n_columns), as `Targets.columns` returns them
    weight : ndarray of shape (n_samples,), not negative, or None for equal weights
    samples : ndarray of int32, shape (n_chosen,), the windows to use
    scales : ndarray of shape (2, n_features), means and standard deviations of the
        features, in the units of the series
    """

    series: np.ndarray
    stride: int
    n_timesteps: int
    y: np.ndarray
    weight: np.ndarray | None
    samples: np.ndarray
    scales: np.ndarray

    @property
    def total_weight(self):
        """The sum of the weights of the windows to use, or else their number."""
        if self.weight is None:
            return len(self.samples)
        return float(self.weight[self.samples].sum(dtype=np.float64))

    def batch(self, samples):
        """Return windows, targets and weights (if any) of some samples."""
        steps = samples[:, np.newaxis].astype(np.int64) * self.stride
        steps = steps + np.arange(self.n_timesteps)
        batch = self.series[steps], self.y[samples]
        return batch if self.weight is None else (*batch, self.weight[samples])


@dataclass(frozen=True)
class Samples:
    """Windows, targets and weights as passed to the estimator.

    windows : WindowView of `skrnn.windows`
    targets : Targets, with their scales in training
    weight : ndarray of shape (n_rows,) or None
    """

    windows: object
    targets: Targets
    weight: np.ndarray | None

    def __len__(self):
        return len(self.windows)

    def copied(self, start, stop):
        """Return series, stride, targets and weights of a range, ready for training."""
        targets = self.targets.columns(start, stop)
        weight = None if self.weight is None else self.weight[start:stop]
        series, stride = self.windows.rows(start, stop), self.windows.stride
        if self.inputs.is_plain:
            series = mark_missing(series, self.dtype)
        else:
            series = mark_missing_values(series, self.dtype, self._shift)
        return series, stride, targets, weight

    @property
    def inputs(self):
        """How windows become inputs of the network."""
        return self.targets.inputs

    @property
    def dtype(self):
        """Data type that the network computes with."""
        return self.targets.dtype

    @cached_property
    def scales(self):
        """Means and standard deviations of the features, in the units of `copied`."""
        features = self.targets.scales.features
        if features is None:
            return np.zeros((2, self.inputs.n_features), self.dtype)
        return np.array([features.means - self._shift, features.stds], self.dtype)

    @cached_property
    def _shift(self):
        """Subtracted from normalised features, to lose less precision in rounding."""
        shift = np.zeros(self.inputs.n_features)
        for feature in self.inputs.normalized:
            shift[feature] = self.targets.scales.features.means[feature]
        return shift

    @cached_property
    def whole(self):
        """Series, stride, targets and weights of all samples, copied once."""
        return self.copied(0, len(self))


class TrainingData:
    """Training data in blocks of consecutive samples, one in memory at a time."""

    def __init__(self, source, rows=None, block_size=None):
        n_rows = len(source)
        self.inputs, self.scales = source.inputs, source.scales
        self.n_timesteps = self.inputs.n_timesteps
        self.is_weighted = source.weight is not None
        self.n_columns = source.targets.n_blocks * source.targets.n_targets
        self.block_length = n_rows if block_size is None else min(n_rows, block_size)
        self._source = source
        self._rows = range(n_rows) if rows is None else rows
        self.has_missing = source.windows.incomplete.any_in(self._rows)
        self._one = block_size is None or block_size >= n_rows
        self._survey()

    def _survey(self):
        """Count the samples of every block, and check that values fit the dtype."""
        n_rows = len(self._source)
        first, stop = (0, n_rows) if self._one else (self._rows[0], self._rows[-1] + 1)
        self._starts, self.n_of_blocks = [], []
        for start in range(first, stop, self.block_length):
            block = self._make(start)
            if len(block.samples):
                self._starts.append(start)
                self.n_of_blocks.append(len(block.samples))
        if self._one:
            self._whole = block

    def windows(self, every=1):
        """Return every n-th of the windows to use, as they were passed."""
        return self._source.windows.values[np.asarray(self._rows)[::every]]

    def parts(self):
        """Yield the windows to use, part by part."""
        for start in range(0, len(self._rows), _ROWS):
            rows = np.asarray(self._rows[start : start + _ROWS])
            yield self._source.windows.values[rows]

    def targets(self, every=1):
        """Return targets of every n-th window, in their own units, as columns."""
        y = self._source.targets.y[np.asarray(self._rows)[::every]]
        return y.reshape(len(y), -1)

    def weights(self):
        """Return the weights of the windows to use, or ones if there are no weights."""
        weight = self._source.weight
        if weight is None:
            return np.ones(len(self._rows))
        return weight[np.asarray(self._rows)]

    @property
    def n_samples(self):
        """Number of windows to use, in all blocks."""
        return sum(self.n_of_blocks)

    def block(self, number):
        """Return a block by its number, counted from 0."""
        return self._whole if self._one else self._make(self._starts[number])

    def _make(self, start):
        stop = min(start + self.block_length, len(self._source))
        first, last = bisect_left(self._rows, start), bisect_left(self._rows, stop)
        rows = self._rows[first:last]
        if isinstance(rows, range):
            samples = np.arange(rows.start - start, rows.stop - start, dtype=np.int32)
        else:
            samples = (rows - start).astype(np.int32, copy=False)
        series, stride, y, weight = (
            self._source.whole if self._one else self._source.copied(start, stop)
        )
        scales = self._source.scales
        return Block(series, stride, self.n_timesteps, y, weight, samples, scales)
