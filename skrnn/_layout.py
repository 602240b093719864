"""How windows lie in memory and what their columns are called (NumPy only)."""

import re

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

_LAG_NAME = re.compile(r"(?P<feature>.*)_lag(?P<lag>\d+)")


def view_windows(padded, window_length, *, flatten):
    """Return every window over the rows of `padded` as a read-only view.

    Parameters
    ----------
    padded : ndarray of shape (n_rows + window_length - 1, n_features)
        C-contiguous rows in time order.
    window_length : int
        Steps in a window.
    flatten : bool
        Whether a window is one row of numbers, oldest step first and features
        fastest, instead of a matrix.

    Returns
    -------
    ndarray of shape (n_rows, window_length, n_features) \
            or (n_rows, window_length * n_features)
        A view on `padded`.
    """
    n_features = padded.shape[1]
    if flatten:
        runs = sliding_window_view(padded.reshape(-1), window_length * n_features)
        return runs[::n_features]
    return sliding_window_view(padded, window_length, axis=0).transpose(0, 2, 1)


def lag_names(features, window_length):
    """Return `<feature>_lag<k>`, oldest step first and features fastest."""
    lags = range(window_length - 1, -1, -1)
    return [f"{feature}_lag{lag}" for lag in lags for feature in features]


def layout_of_names(names):
    """Read the layout of 2-D windows from the names of their columns.

    Parameters
    ----------
    names : sequence of str
        Column names.

    Returns
    -------
    tuple of (ndarray of int, int) or None
        The order of columns that puts the oldest step first with features
        fastest, and the number of features of a step. None where a name is not
        of the form `<feature>_lag<k>`.

    Raises
    ------
    ValueError
        If a feature lacks a lag that another one has.
    """
    matches = [_LAG_NAME.fullmatch(name) for name in names]
    if not all(matches):
        return None
    position = {
        (int(match["lag"]), match["feature"]): column
        for column, match in enumerate(matches)
    }
    lags = sorted({lag for lag, _ in position}, reverse=True)
    features = list(dict.fromkeys(feature for _, feature in position))
    steps = [(lag, feature) for lag in lags for feature in features]
    absent = [f"{f}_lag{k}" for k, f in steps if (k, f) not in position]
    if absent:
        raise ValueError(
            "Columns named <feature>_lag<k> must hold the same lags of every "
            f"feature, but {absent[0]!r} is absent. Select whole lags, or set "
            "n_step_features after renaming the columns."
        )
    return np.array([position[step] for step in steps]), len(features)
