"""The same as `skrnn.networks.inputs` in Keras, for marked missing values."""

import numpy as np
from keras import ops

from skrnn.networks.affine import Affine
from skrnn.networks.inputs import FLOOR
from skrnn.networks.missing import MISSING


def network_inputs(windows, inputs, scales, *, has_missing=True):
    """Return inputs (n_samples, n_steps, n_inputs), with `MISSING` in steps to skip."""
    observed = ops.not_equal(windows, MISSING) if has_missing else None
    values = windows
    if inputs.normalize:
        reference = _references(windows, observed, inputs, scales)
        values = Affine(reference.scale[:, None], reference.shift[:, None])
        values = values.inverse(windows)
    if inputs.fill:
        if has_missing:
            values = _filled(values, observed, inputs, scales)
        if inputs.indicators:
            values = ops.concatenate([values, _indicators(windows, inputs)], axis=-1)
        observed = None
    shape = (-1, inputs.n_steps, inputs.n_inputs)
    values = ops.reshape(values, shape)
    if observed is None:
        return values
    skipped = ops.any(ops.logical_not(ops.reshape(observed, shape)), -1, keepdims=True)
    return ops.where(skipped, ops.cast(MISSING, values.dtype), values)


def references(windows, inputs, scales):
    """Return the Affine (n_samples, n_outputs) from relative targets to targets."""
    observed = ops.not_equal(windows, MISSING)
    reference = _references(windows, observed, inputs, scales)
    of_outputs = list(inputs.target_features)
    return Affine(
        ops.take(reference.scale, of_outputs, axis=1),
        ops.take(reference.shift, of_outputs, axis=1),
    )


def _references(windows, observed, inputs, scales):
    """Return the Affine of each feature, without effect if it is not normalised."""
    chosen = np.isin(np.arange(inputs.n_features), inputs.normalized)
    stds, means = (
        ops.cast(each, windows.dtype) for each in (scales.scale, scales.shift)
    )
    find = _last if inputs.normalize == "last" else _moments
    scale, shift = find(windows, observed, stds, means)
    scale = ops.where(chosen, scale, ops.ones_like(scale))
    return Affine(scale, ops.where(chosen, shift, ops.zeros_like(shift)))


def _last(windows, observed, stds, means):
    if observed is None:
        return ops.ones_like(windows[:, -1]), windows[:, -1]
    steps = _numbers(windows)
    last = ops.max(ops.where(observed, steps, -1), axis=1, keepdims=True)
    values = ops.take_along_axis(windows, ops.maximum(last, 0), axis=1)[:, 0]
    return ops.ones_like(values), ops.where(last[:, 0] < 0, means, values)


def _moments(windows, observed, stds, means):
    if observed is None:
        shift = ops.mean(windows, axis=1)
        variance = ops.mean(ops.square(windows - shift[:, None]), axis=1)
    else:
        weight = ops.cast(observed, windows.dtype)
        count = ops.maximum(ops.sum(weight, axis=1), 1)
        values = ops.where(observed, windows, ops.zeros_like(windows))
        shift = ops.sum(values, axis=1) / count
        deviations = (values - shift[:, None]) * weight
        variance = ops.sum(ops.square(deviations), axis=1) / count
    scale = ops.maximum(ops.sqrt(variance), FLOOR * stds)
    if observed is not None:
        is_empty = ops.logical_not(ops.any(observed, axis=1))
        shift = ops.where(is_empty, means, shift)
        scale = ops.where(is_empty, stds, scale)
    return ops.where(scale > 0, scale, ops.ones_like(scale)), shift


def _filled(values, observed, inputs, scales):
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
    means = ops.cast(scales.shift, values.dtype)
    first = ops.where(is_relative, ops.zeros_like(means), means)
    return ops.where(last < 0, first, found)


def _indicators(windows, inputs):
    chosen = ops.take(windows, list(inputs.indicators), axis=-1)
    return ops.cast(ops.equal(chosen, MISSING), windows.dtype)


def _numbers(windows):
    """Return the position of each step, in the shape of the windows."""
    steps = ops.cumsum(ops.ones_like(windows, dtype="int32"), axis=1)
    return steps - 1
