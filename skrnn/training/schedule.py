"""How often a network sees its training data, and in which order (NumPy only)."""

from dataclasses import dataclass

import numpy as np


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

    def n_batches(self, data):
        """Return the number of batches of an epoch on training data."""
        return sum(self.n_batches_of(n) for n in data.n_of_blocks)

    def n_batches_of(self, n_samples):
        """Return the number of batches of a block."""
        return -(-n_samples // self.batch_size)

    def of_epochs(self, n_blocks):
        """Tell for every epoch in which order to train.

        Parameters
        ----------
        n_blocks : int
            Blocks of the training data.

        Yields
        ------
        numbers : ndarray of int, shape (n_blocks,)
            The blocks in their order.
        shuffle : callable
            Puts the samples of the next block into their order, in place; if the data
            are one block, from the order of the last epoch.
        """
        rng = np.random.RandomState(self.seed)
        shuffle = rng.shuffle if self.shuffle else _leave
        for _ in range(self.epochs):
            numbers = np.arange(n_blocks)
            shuffle(numbers)
            yield numbers, shuffle


def _leave(order):
    """Keep the order."""
