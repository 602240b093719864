"""Warnings about the windows and columns passed to the regressors."""

import re

import numpy as np

from skrnn._warnings import warn_user
from skrnn.estimators.missing_steps import MissingSteps, few_without_nan
from skrnn.exceptions import (
    MissingStepsWarning,
    NoWindowsWarning,
    RowsLeftOutWarning,
    UnscaledWarning,
)
from skrnn.training.data import series_of

_MOST_LEFT_OUT = 0.1  # of the rows
_LARGEST_STD = 100
_LARGEST_MEAN = 10  # in standard deviations
_FEWEST_TIMESTEPS = 3  # shorter windows are only trials, as in scikit-learn's checks
_SAMPLED_RUNS, _SAMPLED_ROWS = 64, 1024  # rows in a run
_LAG_OF_OTHERS = re.compile(r"lag|(?<![a-z])t\s*-\s*\d", re.IGNORECASE)
_NAMES_SHOWN = 5


def warn_of_training_windows(regressor, windows, rows):
    """Warn if many windows are not used for training, or features are not scaled.

    `rows` are the windows to train on; None for all.
    """
    if regressor.missing == "mask":
        _warn_of_rows_left_out(regressor, windows, rows)
    if regressor.normalize is None:
        _warn_of_unscaled_features(regressor, windows)


def _warn_of_rows_left_out(regressor, windows, rows):
    missing = MissingSteps(windows)
    if not missing.any():
        return
    rows = range(len(windows)) if rows is None else rows
    chosen = slice(rows.start, rows.stop) if isinstance(rows, range) else rows
    left_out = missing.at_first_step[chosen]
    n_left_out = np.count_nonzero(left_out)
    # if all windows start with a missing step, all are used
    if n_left_out <= _MOST_LEFT_OUT * len(rows) or n_left_out == len(rows):
        return
    rows = np.asarray(rows)
    left_out = rows[left_out & ~missing.before_start()[rows]]
    share = len(left_out) / len(rows)
    if share <= _MOST_LEFT_OUT:
        return
    counts = np.isnan(windows[left_out, 0]).sum(axis=0)
    order = [k for k in np.argsort(-counts, kind="stable") if counts[k]]
    where = [f"{_name(regressor, k)} ({counts[k]} times)" for k in order]
    warn_user(
        f"{len(left_out)} of {len(rows)} rows ({share:.0%}) are not used for training, "
        "because their window starts with a missing step. A step is missing if any "
        f"of its features is missing; here: {_listed(where)}. "
        'Set missing="fill", or drop features '
        "that are often missing.",
        RowsLeftOutWarning,
    )


def _warn_of_unscaled_features(regressor, windows):
    values = _sampled(series_of(np.asarray(windows))[0]).astype(np.float64)
    with np.errstate(all="ignore"):
        n_observed = np.maximum(1, (~np.isnan(values)).sum(axis=0))
        mean = np.nansum(values, axis=0) / n_observed
        std = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / n_observed)
        # Values within [-1, 1] are small enough, and a constant cannot be scaled.
        is_far = np.abs(mean) > _LARGEST_MEAN * std
        is_far &= (np.abs(values) > 1).any(axis=0) & (std > 1e-7 * np.abs(mean))
        is_far &= windows.shape[1] >= _FEWEST_TIMESTEPS
    unscaled = np.flatnonzero((std > _LARGEST_STD) | is_far)
    if len(unscaled) == 0:
        return
    found = [
        f"{_name(regressor, k)} (mean {mean[k]:.3g}, standard deviation {std[k]:.3g})"
        for k in unscaled
    ]
    warn_user(
        f"Features of X are not scaled: {_listed(found)}. A recurrent network learns "
        "little from values that are large or far from zero. Put a scaler such as "
        "StandardScaler() before the windower, or at the end of target_transformer of "
        'a Forecaster, or set normalize="standard" if y continues the feature.',
        UnscaledWarning,
    )


def warn_of_columns(regressor):
    """Warn if the columns of X look like features, not like steps of a window.

    Columns whose names only differ in a number, such as `x0` and `x1`, may be steps.
    """
    names = getattr(regressor, "feature_names_in_", ())
    if (
        len(names) < 2
        or regressor.n_step_features is not None
        or regressor._layout.n_dims != 2
        or regressor._layout.features is not None
        or any(_LAG_OF_OTHERS.search(name) for name in names)
        or len({re.sub(r"\d+", "0", name) for name in names}) == 1
    ):
        return
    warn_user(
        f"The columns of X, {_listed([repr(str(name)) for name in names])}, are "
        f"treated as the {len(names)} steps of a window with one feature. If they are "
        "features of a single time step, put a SequenceWindower before the regressor "
        "to make windows of the rows. If they are steps, set n_step_features=1.",
        NoWindowsWarning,
    )


def warn_of_windows_to_predict(regressor, windows):
    """Warn about windows with too few observed steps for a good prediction."""
    if few_without_nan(windows):
        return
    missing = MissingSteps(windows, filled=regressor.missing == "fill")
    if not missing.any():
        return
    is_empty = missing.counts == missing.n_timesteps
    is_sparse = (missing.counts > missing.n_timesteps / 2) & ~is_empty
    # Predicting a whole series, including its first rows, is not a mistake.
    if is_sparse.sum() <= len(windows) / 2:
        is_sparse &= ~missing.before_start()
    if getattr(regressor, "_trained_with_missing", True):
        is_sparse[:] = False
    if not is_empty.any() and not is_sparse.any():
        return
    found = []
    if is_empty.any():
        found.append(f"{is_empty.sum()} have no observed step")
    if is_sparse.any():
        found.append(
            f"{is_sparse.sum()} have fewer than half of their steps observed, "
            "while no step was missing in training"
        )
    warn_user(
        f"Of {len(windows)} windows to predict, {' and '.join(found)}. Their "
        "predictions may be poor. Fill missing values before the windower. If the "
        "windows need earlier rows that were not passed, pass those too, or set "
        'history="auto" in the SequenceWindower, which stores the last rows of fit.',
        MissingStepsWarning,
    )


def _sampled(series):
    """Return the rows of a series, or several runs of rows if it is long."""
    if len(series) <= _SAMPLED_RUNS * _SAMPLED_ROWS:
        return series
    starts = np.linspace(0, len(series) - _SAMPLED_ROWS, _SAMPLED_RUNS, dtype=int)
    return series[(starts[:, np.newaxis] + np.arange(_SAMPLED_ROWS)).ravel()]


def _name(regressor, feature):
    """Return the name or position by which messages refer to a feature."""
    names = regressor._layout.features
    return f"feature {feature}" if names is None else repr(names[feature])


def _listed(names):
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
