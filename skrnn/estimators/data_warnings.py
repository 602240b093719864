"""Warnings about windows, columns and training that would give poor predictions."""

import math
import re

import numpy as np
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.metrics import mean_pinball_loss

from skrnn._warnings import listed, warn_user
from skrnn.exceptions import (
    MissingStepsWarning,
    NothingLearnedWarning,
    NoWindowsWarning,
    RowsLeftOutWarning,
    UnscaledWarning,
)
from skrnn.networks.inputs import feature_scaling
from skrnn.training.scaling import power_of_error
from skrnn.windows.layout import lags_of_names
from skrnn.windows.view import WindowView, as_index

_FEWEST_TIMESTEPS = 3  # shorter windows are only trials, as in scikit-learn's checks
_FAR = 10  # standard deviations
_FEW_VALUES = 2**14  # quick to check for NaN


def warn_of_columns(names, layout):
    """Warn if the columns of X look like features, not like steps of a window."""
    if (
        layout.n_dims != 2
        or layout.features is not None
        or any(lags_of_names(names))
        # names that only differ in a number, such as x0 and x1, may be steps
        or len({re.sub(r"\d+", "0", name) for name in names}) < 2
    ):
        return
    warn_user(
        f"The columns of X, {listed([repr(str(name)) for name in names])}, are "
        f"treated as the {len(names)} steps of a window with one feature. If they are "
        "features of a single time step, put a SequenceWindower before the regressor "
        "to make windows of the rows. If they are steps, set n_step_features=1.",
        NoWindowsWarning,
    )


def warn_of_rows_left_out(data, rows, used):
    """Warn if many rows are not used for training, except at the start of a series."""
    n_rows, windows = len(rows), data.windows
    if n_rows - len(used) <= 0.1 * n_rows:
        return
    is_left_out = np.zeros(len(windows), dtype=bool)
    is_left_out[as_index(rows)] = True
    is_left_out[as_index(used)] = False
    missing, n_timesteps = windows.incomplete, windows.shape[1]
    is_left_out &= missing.at(0)
    if not windows.is_of_series:  # sequences that are shorter than a segment
        is_left_out &= ~(windows.empty.at(0) & (missing.counts < n_timesteps))
    left_out = np.flatnonzero(is_left_out > missing.before_start())
    share = len(left_out) / n_rows
    if share <= 0.1:
        return
    names = _feature_names(data)
    counts = np.isnan(windows.values[left_out, 0]).sum(axis=0)
    order = np.argsort(-counts, kind="stable")
    found = [f"{names[k]} ({counts[k]} times)" for k in order if counts[k]]
    warn_user(
        f"{len(left_out)} of {n_rows} rows ({share:.0%}) are not used for training, "
        "because their window starts with a missing step. A step is missing if any of "
        f"its features is missing; here: {listed(found)}. "
        'Set missing="fill", or drop features that are often missing.',
        RowsLeftOutWarning,
    )


def warn_of_unscaled_features(data):
    """Warn of means over 10 standard deviations from zero, and of these over 100."""
    windows, names = data.windows, _feature_names(data)
    series = windows.rows()
    every = len(series) // 65_536 | 1  # odd, so that it is no multiple of 24 hours
    values = series[::every].astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        scaling = feature_scaling([(values, np.ones(len(values)))])
    mean, std = scaling.shift, scaling.scale
    # Values within [-1, 1] are small enough, and a constant cannot be scaled.
    is_large = (abs(values) > 1).any(axis=0) & (std > 1e-7 * abs(mean))
    is_far = is_large & (abs(mean) > 10 * std) & (windows.shape[1] >= _FEWEST_TIMESTEPS)
    unscaled = np.flatnonzero((std > 100) | is_far)
    if len(unscaled) == 0:
        return
    what = "{} (mean {:.3g}, standard deviation {:.3g})"
    found = [what.format(names[k], mean[k], std[k]) for k in unscaled]
    warn_user(
        f"Features of X are not scaled: {listed(found)}. A recurrent network learns "
        "little from values that are large or far from zero. Put a scaler such as "
        "StandardScaler() before the windower, or at the end of target_transformer or "
        'input_transformer of a Forecaster, or set normalize="standard" if y continues '
        "the feature.",
        UnscaledWarning,
    )


def warn_of_other_targets(parts, scaling):
    """Warn of targets that are far from those of the first call, for their Affine."""
    total, distances = 0.0, 0.0
    with np.errstate(over="ignore"):
        for weights, targets, *_ in parts:
            total += weights.sum()
            distances += weights @ np.abs(scaling.inverse(targets))
    distance = np.max(distances) / total
    if distance > _FAR:
        warn_user(
            f"Targets are some {distance:.0f} standard deviations away from those of "
            "the first call, which the outputs of the network were scaled by. It "
            "learns little from such targets. Let the first rows be like those to "
            "come, or start again: call fit with warm_start=False.",
            UnscaledWarning,
        )


def warn_of_windows_to_predict(windows, filled, trained_with_missing):
    """Warn about windows with too few observed steps for a good prediction."""
    if windows.size <= _FEW_VALUES and not math.isnan(windows.max()):
        return
    n_timesteps, view = windows.shape[1], WindowView(windows)
    missing = view.empty if filled else view.incomplete
    if not missing.any():
        return
    n_observed = n_timesteps - missing.counts
    part, few = 10, "fewer than a tenth of their steps observed"
    if not trained_with_missing:
        part, few = 2, "fewer than half of their steps observed, while no step was "
        few += "missing in training"
    is_empty = n_observed == 0
    is_sparse = (n_observed * part < n_timesteps) & ~is_empty
    if is_sparse.sum() <= len(windows) / 2:
        # predicting a whole series, including its first rows, is not a mistake
        is_sparse &= ~missing.before_start()
    found = []
    if is_empty.any():
        found += [f"{is_empty.sum()} have no observed step"]
    if is_sparse.any():
        found += [f"{is_sparse.sum()} have {few}"]
    if not found:
        return
    warn_user(
        f"Of {len(windows)} windows to predict, {' and '.join(found)}. Their "
        "predictions may be poor. Fill missing values before the windower. If the "
        "windows need earlier rows that were not passed, pass those too, or set "
        'history="auto" in the SequenceWindower, which stores the last rows of fit.',
        MissingStepsWarning,
    )


def warn_if_nothing_learned(task, history):
    """Warn if the training loss is not at least 1 % below that of the best constant."""
    data, n_epochs, loss = task.data, history.n_epochs, history.values["loss"][-1]
    # in short trials, a high loss means nothing
    if (
        n_epochs < 10
        or n_epochs * task.schedule.n_batches(data) < 100
        or data.n_samples < 50
        or data.n_timesteps < _FEWEST_TIMESTEPS
    ):
        return
    lowest = _loss_of_constant(task.objective, data.targets(), data.weights())
    if not lowest or loss < 0.99 * lowest:
        return
    if loss < 1.1 * lowest and _looks_like_noise(data):
        return
    warn_user(
        f"The network has learned nothing: after {n_epochs} epochs the training loss "
        f"is {loss:.4g}, while the best constant prediction has {lowest:.4g}. "
        "Scale X if it is not scaled. Then try another learning_rate, or more epochs.",
        NothingLearnedWarning,
    )


def _loss_of_constant(objective, y, weight):
    """Return the loss of the best constant prediction, or None if unknown."""
    power = power_of_error(objective.loss)
    if power == 2:
        y = y - y[0]  # exactly 0 for a constant
        error = y - np.average(y, axis=0, weights=weight)
        return np.average(error**2, axis=0, weights=weight).mean()
    if power == 1:
        levels = objective.quantile_levels
        factor = 2 if levels is None else 1  # as twice the loss of a median
        losses = [_pinball_loss(y, weight, each) for each in levels or (0.5,)]
        return factor * np.mean(losses)
    return None


def _pinball_loss(y, weight, level):
    """Return the pinball loss of the best constant, averaged over the outputs."""
    constant = DummyRegressor(strategy="quantile", quantile=level).fit(y, y, weight)
    return mean_pinball_loss(y, constant.predict(y), sample_weight=weight, alpha=level)


def _looks_like_noise(data):
    """Return whether no value of the windows explains 10 % of the variance of y."""
    every = -(-data.n_samples // 2000)
    y = pd.DataFrame(data.targets(every), dtype=np.float64)
    values = pd.DataFrame(data.windows(every).reshape(len(y), -1), dtype=np.float64)
    explained = y.apply(values.corrwith) ** 2
    return not (explained > max(0.1, 20 / len(y))).any(axis=None)


def _feature_names(data):
    names = data.layout.features or ()
    n_features = data.layout.n_step_features
    return list(map(repr, names)) or [f"feature {k}" for k in range(n_features)]
