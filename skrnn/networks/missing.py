"""Marks missing values for Keras (NumPy only)."""

import numpy as np

# Marks the features of a skipped step, for a keras.layers.Masking layer.
MISSING = float(np.finfo(np.float32).min)

_CHUNK = 2**20  # values converted at a time, to avoid a second full copy


def mark_missing(steps, dtype):
    """Return steps in a dtype, with `MISSING` in all features of incomplete steps."""
    out = np.empty(steps.shape, dtype=dtype)
    for chunk in _converted(steps, out):
        chunk[np.isnan(chunk).any(axis=-1)] = MISSING
    return out


def mark_missing_values(steps, dtype, shift):
    """Return steps minus `shift` in a dtype, with `MISSING` for each missing value."""
    out = np.empty(steps.shape, dtype=dtype)
    for chunk in _converted(steps, out, shift):
        chunk[np.isnan(chunk)] = MISSING
    return out


def _converted(steps, out, shift=None):
    """Copy steps into an array of another dtype, and yield it part by part."""
    n_at_once = max(1, _CHUNK // max(1, out[:1].size))
    for start in range(0, len(steps), n_at_once):
        chunk, part = (a[start : start + n_at_once] for a in (out, steps))
        with np.errstate(over="ignore"):
            chunk[...] = part if shift is None else part - shift
        if np.isinf(chunk).any():
            raise ValueError(
                f"X has values too large for dtype={out.dtype.name!r}. Scale X, or set "
                'dtype="float64".'
            )
        yield chunk
