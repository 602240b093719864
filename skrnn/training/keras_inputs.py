"""Turns windows into inputs of a network with Keras operations.

Computes the same as `skrnn.networks.inputs`, for windows with marked missing values.
"""

import numpy as np
from keras import ops

from skrnn.networks.inputs import FLOOR
from skrnn.networks.missing import MISSING


def prepare(windows, inputs, means, stds, *, has_missing=True):
    """Return inputs (n_samples, n_steps, n_inputs), with `MISSING` in steps to skip."""
    observed = ops.not_equal(windows, MISSING) if has_missing else None
    values = windows
    if inputs.normalize:
        center, spread = _references(windows, observed, inputs, means, stds)
        values = (windows - center[:, None]) / spread[:, None]
    if inputs.fill:
        if has_missing:
            values = _filled(values, observed, inputs, means)
        if inputs.indicators:
            values = ops.concatenate([values, _indicators(windows, inputs)], axis=-1)
        observed = None
    shape = (-1, inputs.n_steps, inputs.n_inputs)
    values = ops.reshape(values, shape)
    if observed is None:
        return values
    skipped = ops.any(ops.logical_not(ops.reshape(observed, shape)), -1, keepdims=True)
    return ops.where(skipped, ops.cast(MISSING, values.dtype), values)


def references(windows, inputs, means, stds):
    """Return center and spread of windows, each of shape (n_samples, n_outputs)."""
    observed = ops.not_equal(windows, MISSING)
    both = _references(windows, observed, inputs, means, stds)
    return tuple(ops.take(each, list(inputs.continued), axis=1) for each in both)


def _references(windows, observed, inputs, means, stds):
    """Return center and spread per feature, 0 and 1 for features not normalised."""
    chosen = np.isin(np.arange(inputs.n_features), inputs.normalized)
    means, stds = (ops.cast(each, windows.dtype) for each in (means, stds))
    find = _last if inputs.normalize == "last" else _moments
    center, spread = find(windows, observed, means, stds)
    center = ops.where(chosen, center, ops.zeros_like(center))
    return center, ops.where(chosen, spread, ops.ones_like(center))


def _last(windows, observed, means, stds):
    if observed is None:
        return windows[:, -1], ops.ones_like(windows[:, -1])
    steps = _numbers(windows)
    last = ops.max(ops.where(observed, steps, -1), axis=1, keepdims=True)
    values = ops.take_along_axis(windows, ops.maximum(last, 0), axis=1)[:, 0]
    center = ops.where(last[:, 0] < 0, means, values)
    return center, ops.ones_like(center)


def _moments(windows, observed, means, stds):
    if observed is None:
        center = ops.mean(windows, axis=1)
        variance = ops.mean(ops.square(windows - center[:, None]), axis=1)
    else:
        weight = ops.cast(observed, windows.dtype)
        count = ops.maximum(ops.sum(weight, axis=1), 1)
        values = ops.where(observed, windows, ops.zeros_like(windows))
        center = ops.sum(values, axis=1) / count
        deviations = (values - center[:, None]) * weight
        variance = ops.sum(ops.square(deviations), axis=1) / count
    spread = ops.maximum(ops.sqrt(variance), FLOOR * stds)
    if observed is not None:
        is_empty = ops.logical_not(ops.any(observed, axis=1))
        center = ops.where(is_empty, means, center)
        spread = ops.where(is_empty, stds, spread)
    return center, ops.where(spread > 0, spread, ops.ones_like(spread))


def _filled(values, observed, inputs, means):
    """Replace each missing value by the last observed one."""
    last = ops.where(observed, _numbers(values), -1)
    distance = 1
    while distance < inputs.n_timesteps:  # doubles the steps looked back each time
        nothing = -ops.ones_like(last[:, :distance])
        before = ops.concatenate([nothing, last[:, :-distance]], axis=1)
        last = ops.maximum(last, before)
        distance *= 2
    found = ops.take_along_axis(values, ops.maximum(last, 0), axis=1)
    is_relative = np.isin(np.arange(inputs.n_features), inputs.normalized)
    means = ops.cast(means, values.dtype)
    first = ops.where(is_relative, ops.zeros_like(means), means)
    return ops.where(last < 0, first, found)


def _indicators(windows, inputs):
    chosen = ops.take(windows, list(inputs.indicators), axis=-1)
    return ops.cast(ops.equal(chosen, MISSING), windows.dtype)


def _numbers(windows):
    """Return the position of each step, in the shape of the windows."""
    steps = ops.cumsum(ops.ones_like(windows, dtype="int32"), axis=1)
    return steps - 1
