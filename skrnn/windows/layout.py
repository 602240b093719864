"""The memory layout of windows and the names of their columns (NumPy only)."""

import errno
import math
import os
import re
import shutil
import tempfile
import weakref
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from skrnn._warnings import listed

_LAG_NAME = re.compile(r"(?P<feature>.*)_lag(?P<lag>0|[1-9][0-9]*)")
# Names of other packages, such as lag_3, load.lag3 and load(t-3) beside load(t)
_LAG = re.compile(
    r"(?<![a-z])(?:lags?[\s_.(\[-]*|t\s*-\s*)(?P<lag>[0-9]+)", re.IGNORECASE
)
_LAST_STEP = re.compile(r"(?<=[_(\[ ])t[)\]]?$", re.IGNORECASE)


def view_windows(padded, window_length, *, flatten):
    """Return windows (n_rows, window_length, n_features), or flat, a read-only view."""
    # of n_rows + window_length - 1 C-contiguous rows
    windows = sliding_window_view(padded, window_length, axis=0).transpose(0, 2, 1)
    return windows.reshape(len(windows), -1) if flatten else windows


def slice_or(numbers):
    """Return consecutive numbers as a slice, which picks a view."""
    if len(numbers) and (np.diff(numbers) == 1).all():
        return slice(numbers[0], numbers[-1] + 1)
    return numbers


def empty_beside(rows, shape):
    """Return an empty array like `rows`, in a temporary file if they are mapped."""
    owner = rows
    while owner is not None and not isinstance(owner, np.memmap):
        owner = getattr(owner, "base", None)  # bytes and mmap have no base
    if owner is None:
        return np.empty(shape, dtype=rows.dtype)
    with tempfile.NamedTemporaryFile(prefix="skrnn-", delete=False) as file:
        try:
            _reserve(file, math.prod(shape) * rows.dtype.itemsize)
            mapped = np.memmap(file, dtype=rows.dtype, mode="w+", shape=shape)
        except BaseException:
            os.unlink(file.name)
            raise
    weakref.finalize(mapped.base, os.unlink, file.name)
    return np.asarray(mapped)


def _reserve(file, n_bytes):
    """Reserve space on the disk, as a process that writes to a full one is killed."""
    folder = os.path.dirname(file.name)
    is_full = False
    try:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, n_bytes)
        else:
            is_full = shutil.disk_usage(folder).free < n_bytes
    except OSError as error:  # any other: the file system cannot reserve
        is_full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if is_full:
        raise OSError(
            errno.ENOSPC,
            f"Memory-mapped rows need a temporary file of {n_bytes} bytes, for which "
            "there is no space. Make some, or set the environment variable TMPDIR to "
            "another folder",
            folder,
        )


class SeriesWindows(np.ndarray):
    """Windows of series. `series_codes` has the number of each one's, or is None."""

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
    """Return the names `<feature>_lag<k>`, oldest step first, features fastest."""
    lags = range(window_length - 1, -1, -1)
    return [f"{feature}_lag{lag}" for lag in lags for feature in features]


def layout_of_names(names):
    """Return the order that sorts columns `<feature>_lag<k>`, and their features."""
    matches = [_LAG_NAME.fullmatch(name) for name in names]
    if not all(matches):
        return None
    position = {name: column for column, name in enumerate(names)}
    if len(position) < len(names):
        twice = next(name for k, name in enumerate(names) if name in names[:k])
        raise ValueError(
            f"Columns named <feature>_lag<k> must have different names, but {twice!r} "
            "occurs more than once. Drop or rename all but one of these columns."
        )
    lags = sorted({int(match["lag"]) for match in matches}, reverse=True)
    features = list(dict.fromkeys(match["feature"] for match in matches))
    in_order = [f"{feature}_lag{lag}" for lag in lags for feature in features]
    absent = [name for name in in_order if name not in position]
    if absent:
        raise ValueError(
            "Columns named <feature>_lag<k> must hold the same lags of every "
            f"feature, but {absent[0]!r} is absent. Select the same lags of all "
            "features, or rename the columns and set n_step_features."
        )
    return np.array([position[name] for name in in_order]), features


def lags_of_names(names):
    """Return (feature, lag) of each name in any spelling, None for names without."""
    matches = [_LAG_NAME.fullmatch(name) or _LAG.search(name) for name in names]
    if any(matches):
        pairs = zip(names, matches, strict=True)
        matches = [match or _LAST_STEP.search(name) for name, match in pairs]
    return [match and _feature_and_lag(match) for match in matches]


def _feature_and_lag(match):
    if match.re is _LAG_NAME:  # features may have lags or brackets in their names
        return match["feature"], int(match["lag"])
    name, lag = match.string, match.groupdict().get("lag", "0")
    feature = name[: match.start()] + name[match.end() :]
    return feature.strip(" _.-()[]"), int(lag)


def check_lags(names):
    """Raise a ValueError if names have lags, but not sorted ones of one feature."""
    lags = lags_of_names(names)
    of_lags = [name for name, lag in zip(names, lags, strict=True) if lag]
    if not of_lags:
        return
    ours = [name for name in of_lags if _LAG_NAME.fullmatch(name)]
    others = [name for name in names if name not in (ours or of_lags)]
    if others:
        shown = listed([repr(str(name)) for name in others])
        form = "named <feature>_lag<k>" if ours else "with a lag"
        raise ValueError(
            f"X has columns {form}, such as {str((ours or of_lags)[0])!r}, beside "
            f"others: {shown}. The steps of a window must all have the same features. "
            "Pass the other columns through the SequenceWindower too, or leave them "
            "out. If the columns are in the order of steps, set n_step_features."
        )
    features, steps = zip(*lags, strict=True)
    if len(set(features)) > 1 or list(steps) != sorted(set(steps), reverse=True):
        raise ValueError(
            f"X has columns with lags in their names, such as {str(names[0])!r}, but "
            "not those of one feature with the oldest first. Rename the columns to "
            "<feature>_lag<k>, which may be in any order, or sort them, oldest step "
            "first and features of a step side by side, and set n_step_features."
        )


@dataclass(frozen=True)
class WindowLayout:
    """The layout of windows in the X that an estimator gets."""

    n_dims: int  # of X
    n_timesteps: int
    n_step_features: int
    # the order of 2-D columns, oldest step first and features fastest, None if it is so
    columns: np.ndarray | None = None
    features: list | None = None  # names of the features of a step, if there are any

    @classmethod
    def of(cls, X, names, n_step_features):
        """Return the layout of 2-D or 3-D X, from its shape and column names."""
        check_two_or_three(X)
        if 0 in X.shape[1:]:
            raise ValueError(f"X contains no values: its shape is {X.shape}.")
        columns, features, found = None, None, X.shape[-1]
        if X.ndim == 2:
            named = layout_of_names(names) if names is not None else None
            columns, features = named or (None, None)
            if named is None and names is not None and n_step_features is None:
                check_lags(names)
            found = len(features) if features else n_step_features or 1
        if n_step_features not in (None, found):
            raise ValueError(
                f"X has {found} features per step, but n_step_features="
                f"{n_step_features}. Set n_step_features=None to use those of X."
            )
        if X.shape[-1] % found:
            raise ValueError(
                f"The number of columns of X, {X.shape[1]}, is not a multiple of "
                f"n_step_features={found}."
            )
        n_timesteps = X.shape[1] if X.ndim == 3 else int(X.shape[1] // found)
        return cls(X.ndim, n_timesteps, int(found), columns, features)

    def windows(self, X):
        """Return X as (n_samples, n_timesteps, n_features), as a view if possible."""
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
