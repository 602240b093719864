"""Training data: rows to train on, blocks of windows, and their order."""

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from numbers import Integral

import numpy as np
import pandas as pd

from skrnn.networks.affine import Affine
from skrnn.networks.inputs import InputSpec, references
from skrnn.networks.missing import mark_missing
from skrnn.training.scaling import Scaling, too_large

_VALUES = 2**20  # of windows processed at a time


@dataclass(frozen=True)
class Block:
    """Windows, stored as a series of rows, with their targets and weights."""

    series: np.ndarray  # (n_rows, n_features), with missing steps or values marked
    stride: int  # window i is `series[i * stride :][:n_timesteps]`
    n_timesteps: int
    y: np.ndarray  # (n_samples, n_columns), as in `Samples.columns`
    weight: np.ndarray | None  # (n_samples,), not negative
    samples: np.ndarray  # int32, the windows to use
    scales: np.ndarray  # (2, n_features), scale and shift of features of the series

    @property
    def total_weight(self):
        """The sum of the weights of the windows to use, or else their number."""
        if self.weight is None:
            return len(self.samples)
        return float(self.weight[self.samples].sum(dtype=np.float64))

    def batch(self, samples):
        """Return windows, targets and weights (or None) of some samples."""
        steps = samples[:, np.newaxis].astype(np.int64) * self.stride
        steps = steps + np.arange(self.n_timesteps)
        weight = None if self.weight is None else self.weight[samples]
        return self.series[steps], self.y[samples], weight


@dataclass(frozen=True)
class Samples:
    """Windows, targets and weights as passed, and how they are scaled for training."""

    windows: object  # WindowView of `skrnn.windows`
    y: np.ndarray  # (n_samples, n_targets), in their own units
    inputs: InputSpec
    scaling: Scaling
    weight: np.ndarray | None  # (n_samples,)
    offset: np.ndarray | None  # of a base, relative to the windows
    is_homogeneous: bool  # the loss
    has_metrics: bool  # which need the units of `y`
    dtype: str

    def __len__(self):
        return len(self.windows)

    def copied(self, start, stop):
        """Return series, stride, targets and weights of a range, ready for training."""
        weight = None if self.weight is None else self.weight[start:stop]
        series, stride = self.windows.rows(start, stop), self.windows.stride
        series = mark_missing(
            series, self.dtype, self._shift, whole_steps=self.inputs.is_plain
        )
        return series, stride, self.columns(start, stop), weight

    @cached_property
    def scales(self):
        """Scale and shift of the features (2, n_features), in the units of `copied`."""
        features = self.scaling.features
        if features is None:
            return np.zeros((2, self.inputs.n_features), self.dtype)
        return np.array([features.scale, features.shift - self._shift], self.dtype)

    @cached_property
    def _shift(self):
        """Subtracted from normalised features, to lose less precision in rounding."""
        shift = np.zeros(self.inputs.n_features)
        for feature in self.inputs.normalized:
            shift[feature] = self.scaling.features.shift[feature]
        return shift

    @cached_property
    def whole(self):
        """Series, stride, targets and weights of all samples, copied once."""
        return self.copied(0, len(self))

    @property
    def n_columns(self):
        """Number of columns that `columns` returns."""
        return self.y.shape[1] * (1 if self._are_outputs else 4)

    @property
    def _are_outputs(self):
        """Whether losses and metrics need no units of the targets."""
        normalize, shift = self.inputs.normalize, self.scaling.targets.shift
        is_relative = normalize or shift.any() or self.offset is not None
        if self.scaling.unit == 1 and not is_relative:
            return True
        return self.is_homogeneous and not self.has_metrics and normalize != "standard"

    def columns(self, start, stop):
        """Return outputs to learn or, in units of the loss, targets and their scaling.

        With it, columns are targets without shift, scale, shift, and the unit.
        """
        out = np.empty((stop - start, self.n_columns), self.dtype)
        n_at_once = max(1, _VALUES // self.windows.values[:1].size)
        for first in range(start, stop, n_at_once):
            rows = slice(first, min(first + n_at_once, stop))
            out[rows.start - start : rows.stop - start] = self._columns(rows)
        return out

    def _columns(self, rows):
        y = self.y[rows]
        if np.abs(y).max() > np.finfo(self.dtype).max:
            raise too_large(self.dtype)
        scaling = self.scaling.targets
        if self.offset is not None:
            scaling = Affine(shift=self.offset[rows]).after(scaling)
        scaling = self.references(rows).after(scaling)
        if self._are_outputs:
            return scaling.inverse(y)
        unit, shift = self.scaling.unit, scaling.shift
        parts = (y - shift) / unit, scaling.scale / unit, shift / unit, unit
        return np.concatenate([np.broadcast_to(p, y.shape) for p in parts], axis=1)

    def references(self, rows):
        """Return the Affine from relative targets to targets."""
        if not self.inputs.normalize:
            return Affine()
        windows = self.windows.values[rows]
        return references(windows, self.inputs, self.scaling.features)

    def relative(self, rows):
        """Return targets relative to windows and base, and the Affine of windows."""
        reference = self.references(rows)
        y = reference.inverse(self.y[rows].astype(np.float64))
        return (y if self.offset is None else y - self.offset[rows]), reference


class TrainingData:
    """Training data in blocks of consecutive samples, one in memory at a time."""

    def __init__(self, source, rows, block_size):
        n_rows = len(source)
        self.inputs = source.inputs
        self.n_timesteps = self.inputs.n_timesteps
        self.is_weighted = source.weight is not None
        self.n_columns = source.n_columns
        self.block_length = n_rows if block_size is None else min(n_rows, block_size)
        self._source = source
        self._rows = rows
        self.has_missing = source.windows.incomplete.any_in(self._rows)
        source.windows.forget_steps()  # a byte a row, which training does not need
        self._one = self.block_length == n_rows
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

    def windows(self, every=1):
        """Return every n-th of the windows to use, as they were passed."""
        return self._source.windows.values[np.asarray(self._rows)[::every]]

    @property
    def used(self):
        """The windows as they were passed, and the rows of those to use."""
        return self._source.windows.values, self._rows

    def targets(self, every=1):
        """Return targets of every n-th window, in their own units."""
        return self._source.y[np.asarray(self._rows)[::every]]

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
        """Return a block by its number, counted from 0. Its samples may be shuffled."""
        return self._make(self._starts[number])

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


@dataclass(frozen=True)
class Schedule:
    """Batch size, number of epochs and order of the training data."""

    batch_size: int
    epochs: int
    shuffle: bool
    seed: int

    def n_batches(self, data):
        """Return the number of batches in an epoch."""
        return sum(-(-n // self.batch_size) for n in data.n_of_blocks)

    def of_epochs(self, n_blocks):
        """Yield the order of blocks, and a function to shuffle samples in place."""
        rng = np.random.RandomState(self.seed)
        shuffle = rng.shuffle if self.shuffle else lambda order: None
        for _ in range(self.epochs):
            numbers = np.arange(n_blocks)
            shuffle(numbers)
            yield numbers, shuffle


def hold_out_last(n_rows, codes, fraction, gap):
    """Return the rows to train on, and after a gap the last rows of each series."""
    if codes is None:
        n_series = 1
        first_held_out = n_rows - int(_n_held_out(fraction, n_rows))
        train = range(max(0, first_held_out - gap))
        held_out = range(first_held_out, n_rows)
    else:
        sizes = np.bincount(codes)
        n_series = len(sizes)
        n_held_out = _n_held_out(fraction, sizes)[codes]
        n_later = pd.Series(codes).groupby(codes).cumcount(ascending=False).to_numpy()
        train = np.flatnonzero(n_later >= n_held_out + gap)
        held_out = np.flatnonzero(n_later < n_held_out)
    if len(train) == 0:
        raise ValueError(
            f"early_stopping=True leaves no row to train on: of {n_rows} rows in "
            f"{n_series} series, validation_fraction={fraction} holds out the last "
            f"rows, and validation_gap leaves out {gap} before them. Set smaller "
            "values, or pass X_val and y_val."
        )
    return train, held_out


def _n_held_out(fraction, sizes):
    """Return how many rows of each series are held out, by their share or number."""
    if isinstance(fraction, Integral):
        return np.minimum(fraction, sizes)
    return np.ceil(np.round(fraction * sizes, 9)).astype(np.int64)
