"""Marks missing values for Keras (NumPy only)."""

import numpy as np

# Marks the features of a skipped step, for a keras.layers.Masking layer.
MISSING = float(np.finfo(np.float32).min)

_CHUNK = 2**20  # values converted at a time, to avoid a second full copy


def mark_missing(steps, dtype, shift=0.0, *, whole_steps=True):
    """Return steps minus `shift`, with `MISSING` in missing values or whole steps."""
    out = np.empty(steps.shape, dtype=dtype)
    n_at_once = max(1, _CHUNK // max(1, out[:1].size))
    for start in range(0, len(steps), n_at_once):
        chunk = out[start : start + n_at_once]
        with np.errstate(over="ignore"):
            chunk[...] = steps[start : start + n_at_once] - shift
        if np.isinf(chunk).any():
            raise ValueError(
                f"X has values too large for dtype={out.dtype.name!r}. Scale X, or set "
                'dtype="float64".'
            )
        missing = np.isnan(chunk)
        chunk[missing.any(axis=-1) if whole_steps else missing] = MISSING
    return out
