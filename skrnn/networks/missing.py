"""Finds observed windows, and marks missing values for Keras (NumPy only)."""

import numpy as np

# Marks the features of a skipped step, for a keras.layers.Masking layer.
MISSING = float(np.finfo(np.float32).min)

_CHUNK = 2**20  # values converted at a time, to avoid a second full copy


def observed(windows, rows, segments, *, any_value=False):
    """Tell which windows have at least one observed segment.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows, NaN where a value is missing.
    rows : ndarray of int or slice
        The windows to check.
    segments : iterable of iterable of int
        The steps to check, grouped by the step of the network that they belong to.
    any_value : bool, default=False
        Whether a segment counts as observed if any of its values is observed. If
        False, all of its values must be.

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
    """Copy steps to the dtype of the network, and mark those with a missing value.

    Parameters
    ----------
    steps : ndarray of shape (n, ..., n_features)
        Steps, NaN where a value is missing.
    dtype : {"float32", "float64"}
        Data type of the network.

    Returns
    -------
    ndarray of shape (n, ..., n_features)
        Copy with `MISSING` in all features of a step that has a missing value.

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
    """Copy steps, minus a shift, to the dtype of the network; mark missing values.

    Parameters
    ----------
    steps : ndarray of shape (n, n_features)
        Steps, NaN where a value is missing.
    dtype : {"float32", "float64"}
        Data type of the network.
    shift : ndarray of shape (n_features,)
        Subtracted from each feature before the values are rounded to `dtype`.

    Returns
    -------
    ndarray of shape (n, n_features)
        Copy with `MISSING` in place of each missing value.

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
    """Copy steps into an array of another dtype, and yield it part by part."""
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
