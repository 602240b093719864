"""Missing values of windows: windows to fit on, steps to skip (NumPy only)."""

import numpy as np

# What a skipped step holds in every feature: a keras.layers.Masking layer knows it.
MISSING = float(np.finfo(np.float32).min)

_CHUNK = 2**20  # values converted at a time, so that no second copy is ever whole


def observed(windows, rows, steps):
    """Tell which windows have something to be trained on.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        NaN where a value is missing.
    rows : ndarray of int or slice
        The windows to look at.
    steps : iterable of int
        The steps to look at.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        Whether at least one of the steps is observed, without a missing value.
    """
    missing = [np.isnan(windows[rows, step]).any(axis=-1) for step in steps]
    return ~np.all(missing, axis=0)


def mark_missing(steps, dtype):
    """Copy steps to what the network computes in, those with a missing value marked.

    Parameters
    ----------
    steps : ndarray of shape (n, ..., n_features)
        NaN where a value is missing.
    dtype : {"float32", "float64"}
        What the network computes in.

    Returns
    -------
    ndarray of shape (n, ..., n_features)
        `MISSING` in all features of a step that has a missing value.

    Raises
    ------
    ValueError
        If a value does not fit into `dtype`.
    """
    out = np.empty(steps.shape, dtype=dtype)
    n_at_once = max(1, _CHUNK // max(1, out[:1].size))
    for start in range(0, len(steps), n_at_once):
        chunk = out[start : start + n_at_once]
        with np.errstate(over="ignore"):
            chunk[...] = steps[start : start + n_at_once]
        if np.isinf(chunk).any():
            raise ValueError(
                f"X has values too large for dtype={dtype!r}. Scale X, or set "
                'dtype="float64".'
            )
        chunk[np.isnan(chunk).any(axis=-1)] = MISSING
    return out
