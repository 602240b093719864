"""How windows lie in memory and what their columns are called (NumPy only)."""

import os
import re
import tempfile
import weakref
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

_LAG_NAME = re.compile(r"(?P<feature>.*)_lag(?P<lag>0|[1-9][0-9]*)")


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


def empty_beside(rows, shape):
    """Return an array to fill, where rows are: in memory, or mapped from a file.

    Parameters
    ----------
    rows : ndarray
        Of which the array gets the dtype. If it is a view on a `numpy.memmap`, so is
        the array, on a temporary file that lives as long as the array.
    shape : tuple of int
        The array's.

    Returns
    -------
    ndarray
        Of any values.
    """
    owner = rows
    while owner is not None and not isinstance(owner, np.memmap):
        owner = getattr(owner, "base", None)  # of bytes or a mmap there is none
    if owner is None:
        return np.empty(shape, dtype=rows.dtype)
    with tempfile.NamedTemporaryFile(prefix="skrnn-", delete=False) as file:
        mapped = np.memmap(file, dtype=rows.dtype, mode="w+", shape=shape)
    weakref.finalize(mapped.base, os.unlink, file.name)
    return np.asarray(mapped)


class PanelWindows(np.ndarray):
    """Windows of a panel: `series_codes` says of which series each is.

    Arrays that are made of it, slices too, say nothing.
    """

    series_codes = None

    def __repr__(self):
        return repr(np.asarray(self))

    def __reduce__(self):
        make, arguments, state = super().__reduce__()
        return make, arguments, (state, self.series_codes)

    def __setstate__(self, state):
        state, self.series_codes = state
        super().__setstate__(state)


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
    tuple of (ndarray of int, list of str) or None
        The order of columns that puts the oldest step first with features
        fastest, and the features of a step. None where a name is not of the form
        `<feature>_lag<k>`.

    Raises
    ------
    ValueError
        If two columns have the same name, or a feature lacks a lag that another one
        has.
    """
    names = list(names)
    matches = [_LAG_NAME.fullmatch(name) for name in names]
    if not all(matches):
        return None
    position = {
        (int(match["lag"]), match["feature"]): column
        for column, match in enumerate(matches)
    }
    if len(position) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(
            f"Columns named <feature>_lag<k> must have different names, but {twice!r} "
            "occurs more than once. Drop or rename all but one of these columns."
        )
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
    return np.array([position[step] for step in steps]), features


@dataclass(frozen=True)
class WindowLayout:
    """What makes windows of the X that an estimator gets.

    Parameters
    ----------
    n_dims : int
        Dimensions of X.
    n_timesteps, n_step_features : int
        Steps of a window and features of a step.
    columns : ndarray of int or None
        The order of 2-D X's columns that puts the oldest step first with features
        fastest; None where they are so.
    features : list of str or None
        Names of the features of a step; None where the columns do not tell.
    """

    n_dims: int
    n_timesteps: int
    n_step_features: int
    columns: np.ndarray | None = None
    features: list | None = None

    @classmethod
    def of(cls, X, names, n_step_features):
        """Read the layout of the X of a fit.

        Parameters
        ----------
        X : ndarray of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_columns)
            Windows.
        names : sequence of str or None
            Names of the columns of 2-D X.
        n_step_features : int or None
            What the user says; None leaves it to X.

        Returns
        -------
        WindowLayout
            The layout.

        Raises
        ------
        ValueError
            If X has other dimensions or no values, or contradicts
            `n_step_features`.
        """
        check_two_or_three(X)
        if 0 in X.shape[1:]:
            raise ValueError(f"X holds no values: its shape is {X.shape}.")
        columns, features, found = None, None, X.shape[-1]
        if X.ndim == 2:
            named = layout_of_names(names) if names is not None else None
            columns, features = named or (None, None)
            found = len(features) if features else n_step_features or 1
        if n_step_features not in (None, found):
            raise ValueError(
                f"X has {found} features in a step, but n_step_features="
                f"{n_step_features}. Leave it None where X says it itself."
            )
        if X.shape[-1] % found:
            raise ValueError(
                f"The {X.shape[1]} columns of X are not a multiple of "
                f"n_step_features={found}."
            )
        n_timesteps = X.shape[1] if X.ndim == 3 else int(X.shape[1] // found)
        return cls(X.ndim, n_timesteps, int(found), columns, features)

    def windows(self, X):
        """Return X as (n_samples, n_timesteps, n_features), a view where it can be."""
        if X.ndim == 3:
            return X
        X = X if self.columns is None else X[:, self.columns]
        return X.reshape(len(X), self.n_timesteps, self.n_step_features)


def check_two_or_three(X):
    """Raise a ValueError unless X has two or three dimensions."""
    if X.ndim not in (2, 3):
        raise ValueError(
            "X must have 2 or 3 dimensions: (samples, columns) or (samples, time "
            f"steps, features). Got shape {X.shape}."
        )
