"""The number of epochs and the order of the training data (NumPy only)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Schedule:
    """Batch size, number of epochs and order of the training data."""

    batch_size: int
    epochs: int
    shuffle: bool
    seed: int

    def n_batches(self, data):
        """Return the number of batches in an epoch."""
        return sum(self.n_batches_of(n) for n in data.n_of_blocks)

    def n_batches_of(self, n_samples):
        """Return the number of batches in a block of `n_samples`."""
        return -(-n_samples // self.batch_size)

    def of_epochs(self, n_blocks):
        """Yield the order of blocks, and a function that shuffles samples, per epoch.

        Call it for each block; it works in place. If there is only one block, it
        expects the samples in the order of the last epoch.
        """
        rng = np.random.RandomState(self.seed)
        shuffle = rng.shuffle if self.shuffle else _leave
        for _ in range(self.epochs):
            numbers = np.arange(n_blocks)
            shuffle(numbers)
            yield numbers, shuffle


def _leave(order):
    """Leave the order unchanged."""
