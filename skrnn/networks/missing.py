"""Missing values of windows: windows to fit on, steps to skip (NumPy only)."""

import numpy as np

# What a skipped step holds in every feature: a keras.layers.Masking layer knows it.
MISSING = float(np.finfo(np.float32).min)

_CHUNK = 2**20  # values converted at a time, so that no second copy is ever whole


def observed(windows, rows, segments, *, any_value=False):
    """Tell which windows have something to be trained on.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        NaN where a value is missing.
    rows : ndarray of int or slice
        The windows to look at.
    segments : iterable of iterable of int
        The steps to look at, those together that are one step of the network.
    any_value : bool, default=False
        Whether a single value makes a segment an observed one; without, no value of
        it may be missing.

    Returns
    -------
    ndarray of bool, shape (n_rows,)
        Whether at least one of the segments is observed.
    """
    of_all = np.logical_and if any_value else np.logical_or
    result = False
    for segment in segments:
        missing = any_value
        for step in segment:
            values = np.isnan(windows[rows, step])
            missing = of_all(missing, of_all.reduce(values, axis=-1))
        result = result | ~missing
    return result


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
    for chunk in _converted(steps, out):
        chunk[np.isnan(chunk).any(axis=-1)] = MISSING
    return out


def mark_missing_values(steps, dtype, shift):
    """Copy steps to what the network computes in, less a shift of each feature.

    Parameters
    ----------
    steps : ndarray of shape (n, n_features)
        NaN where a value is missing.
    dtype : {"float32", "float64"}
        What the network computes in.
    shift : ndarray of shape (n_features,)
        Subtracted before the values are rounded.

    Returns
    -------
    ndarray of shape (n, n_features)
        `MISSING` in the place of each missing value.

    Raises
    ------
    ValueError
        If a value does not fit into `dtype`.
    """
    out = np.empty(steps.shape, dtype=dtype)
    for chunk in _converted(steps, out, shift):
        chunk[np.isnan(chunk)] = MISSING
    return out


def _converted(steps, out, shift=None):
    """Copy steps into an array of another dtype; yield it part by part."""
    n_at_once = max(1, _CHUNK // max(1, out[:1].size))
    for start in range(0, len(steps), n_at_once):
        chunk, given = (a[start : start + n_at_once] for a in (out, steps))
        with np.errstate(over="ignore"):
            chunk[...] = given if shift is None else given - shift
        if np.isinf(chunk).any():
            raise ValueError(
                f"X has values too large for dtype={out.dtype.name!r}. Scale X, or set "
                'dtype="float64".'
            )
        yield chunk
