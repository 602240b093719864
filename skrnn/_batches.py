"""What a network is trained on, and in which order (NumPy only)."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from skrnn._layout import series_of
from skrnn._missing import MISSING, mark_missing


@dataclass(frozen=True)
class TrainingData:
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
    samples : ndarray of int32, shape (n_fit,)
        The windows to train on.
    """

    series: np.ndarray
    stride: int
    n_timesteps: int
    y: np.ndarray
    weight: np.ndarray | None
    samples: np.ndarray

    @cached_property
    def has_missing(self):
        """Whether a window to train on has a missing step."""
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
        parts = self.series[steps], self.y[samples]
        return parts if self.weight is None else (*parts, self.weight[samples])


def training_data(windows, y, weight, samples, dtype):
    """Return windows and targets as the network takes them.

    Parameters
    ----------
    windows : ndarray of shape (n_rows, n_timesteps, n_features)
        May be a view on a series; NaN marks a missing value.
    y : ndarray of shape (n_rows,) or (n_rows, n_outputs)
        Targets.
    weight : ndarray of shape (n_rows,) or None
        Weights.
    samples : ndarray of int32, shape (n_fit,)
        The windows to use.
    dtype : str
        What the network computes in.

    Returns
    -------
    TrainingData

    Raises
    ------
    ValueError
        If the targets are too large for the dtype.
    """
    series, stride = series_of(windows)
    with np.errstate(over="ignore"):
        targets = y.reshape(len(y), -1).astype(dtype)
    if np.isinf(targets).any():
        raise ValueError(
            f"y has values too large for dtype={dtype!r}. Scale y, or set "
            'dtype="float64".'
        )
    n_timesteps = windows.shape[1]
    series = mark_missing(series, dtype)
    return TrainingData(series, stride, n_timesteps, targets, weight, samples)


def hold_out_last(codes, fraction, gap):
    """Split rows in time order: the last of every series are for validation.

    Parameters
    ----------
    codes : ndarray of int, shape (n_rows,)
        The series of each row; the rows of a series are in time order.
    fraction : float
        Share of the rows of a series that are held out, rounded up.
    gap : int
        Rows before them that are left out.

    Returns
    -------
    train, validation : ndarray of bool, shape (n_rows,)
        Which rows are for what.

    Raises
    ------
    ValueError
        If no row is left to train on.
    """
    sizes = np.bincount(codes)
    by_series = np.argsort(codes, kind="stable")
    position = np.empty(len(codes), dtype=np.int64)
    position[by_series] = np.arange(len(codes))
    position -= np.concatenate([[0], np.cumsum(sizes)[:-1]])[codes]
    first_held_out = (sizes - np.ceil(fraction * sizes).astype(np.int64))[codes]
    train = position < first_held_out - gap
    if not train.any():
        raise ValueError(
            f"early_stopping=True leaves no row to train on: of {len(codes)} rows in "
            f"{len(sizes)} series, validation_fraction={fraction} holds out the last "
            f"and validation_gap leaves out {gap} before them. Set smaller ones, or "
            "pass X_val and y_val."
        )
    return train, position >= first_held_out


@dataclass(frozen=True)
class Schedule:
    """How often a network sees its training data, and in which order.

    Parameters
    ----------
    batch_size, epochs : int
        Samples in a batch, passes over the data.
    shuffle : bool
        Whether each epoch has an order of its own.
    seed : int
        Seeds those orders.
    """

    batch_size: int
    epochs: int
    shuffle: bool
    seed: int

    def n_batches(self, n_samples):
        """Return the number of batches of an epoch."""
        return -(-n_samples // self.batch_size)

    def orders(self, order):
        """Give the same array for every epoch, put into the order to train in.

        Parameters
        ----------
        order : ndarray of int32, shape (n_fit,)
            The samples; changed in place.

        Yields
        ------
        ndarray of int32, shape (n_fit,)
            `order`.
        """
        rng = np.random.RandomState(self.seed)
        for _ in range(self.epochs):
            if self.shuffle:
                rng.shuffle(order)
            yield order
