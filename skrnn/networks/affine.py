"""Affine maps, with which features, windows and targets are scaled (NumPy only)."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Affine:
    """The map to `scale * values + shift`, where each is a number or broadcasts."""

    scale: object = 1.0
    shift: object = 0.0

    def __call__(self, values):
        """Return mapped values."""
        return self.scale * values + self.shift

    def inverse(self, values):
        """Return the values that are mapped to these."""
        return (values - self.shift) / self.scale

    def after(self, first):
        """Return the map that applies `first`, then this one."""
        return Affine(self.scale * first.scale, self(first.shift))

    def repeated(self, n_times):
        """Return the map for values whose columns are each repeated."""
        parts = self.scale, self.shift
        repeated = (np.repeat(p, n_times, axis=-1) if np.ndim(p) else p for p in parts)
        return Affine(*repeated)
