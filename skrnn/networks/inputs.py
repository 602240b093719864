"""Turns windows into inputs of a network: normalised, filled and in segments.

`skrnn.training.keras_inputs` computes the same with Keras operations.
"""

from dataclasses import dataclass

import numpy as np

from skrnn.networks.affine import Affine

FLOOR = 0.1  # smallest divisor of a window, in standard deviations of the feature

_ROUNDING = 1e-15  # spread of equal values, relative to their mean


@dataclass(frozen=True)
class InputSpec:
    """How the windows of the data become the input of a network. Hashable."""

    n_timesteps: int  # of a window
    n_features: int
    segment_length: int = 1  # consecutive steps that form one step of the network
    normalize: str | None = None  # by the "last" value, or to "standard" deviations
    target_features: tuple = ()  # that outputs continue, with `normalize`
    fill: bool = False  # missing values are filled; otherwise their steps are skipped
    indicators: tuple = ()  # features with a second input, 1 where a value is filled

    @property
    def is_plain(self):
        """Whether the network reads windows unchanged."""
        return self.segment_length == 1 and not (self.normalize or self.fill)

    @property
    def normalized(self):
        """The features that are normalised in each window, in order."""
        return tuple(sorted(set(self.target_features))) if self.normalize else ()

    @property
    def n_steps(self):
        """Number of steps of the network in a window."""
        return self.n_timesteps // self.segment_length

    @property
    def n_inputs(self):
        """Number of values in a step of the network."""
        return self.segment_length * (self.n_features + len(self.indicators))


def feature_scaling(parts):
    """Return the Affine by stds and means of parts: rows (n, n_features), weights (n,).

    Variances of parts are added as in Chan, Golub & LeVeque (1983).
    """
    count, means, squares = 0.0, 0.0, 0.0
    for rows, weight in parts:
        rows = np.asarray(rows, np.float64)
        observed = ~np.isnan(rows)
        n = weight @ observed
        mean = weight @ np.where(observed, rows, 0.0) / np.where(n > 0, n, 1.0)
        deviations = np.where(observed, rows - mean, 0.0)
        part, change = n / np.where(n > 0, count + n, 1.0), mean - means
        squares += weight @ deviations**2 + change * (count * part) * change
        means += part * change
        count += n
    return Affine(np.sqrt(squares / np.where(count > 0, count, 1.0)), means)


def network_inputs(windows, inputs, scales):
    """Return inputs (n_samples, n_steps, n_inputs), with NaN in steps to skip."""
    windows = relative(windows, inputs, scales)
    if inputs.fill:
        missing = np.isnan(windows[:, :, list(inputs.indicators)])
        windows = filled(windows, inputs, scales)
        if inputs.indicators:
            windows = np.concatenate([windows, missing], axis=2)
    return windows.reshape(len(windows), inputs.n_steps, inputs.n_inputs)


def relative(windows, inputs, scales):
    """Return windows, with target features normalised if `inputs.normalize`."""
    if not inputs.normalize:
        return windows
    windows = np.array(windows, dtype=np.float64)
    for feature in inputs.normalized:
        values = windows[:, :, feature]
        reference = _reference(values, feature, inputs, scales)
        values -= reference.shift[:, np.newaxis]
        values /= reference.scale[:, np.newaxis]
    return windows


def references(windows, inputs, scales):
    """Return the Affine (n_samples, n_outputs) from relative targets to targets."""
    of_feature = {
        feature: _reference(windows[:, :, feature], feature, inputs, scales)
        for feature in inputs.normalized
    }
    of_outputs = [of_feature[feature] for feature in inputs.target_features]
    scale = np.stack([reference.scale for reference in of_outputs], axis=1)
    return Affine(scale, np.stack([each.shift for each in of_outputs], axis=1))


def filled(windows, inputs, scales):
    """Return windows with missing values replaced by the last one, or else the mean."""
    if not np.isnan(windows).any():
        return windows
    windows = np.array(windows)
    first = np.array(scales.shift)
    first[list(inputs.normalized)] = 0.0
    before = np.broadcast_to(first, windows[:, 0].shape)
    for step in windows.transpose(1, 0, 2):
        missing = np.isnan(step)
        step[missing] = before[missing]
        before = step
    return windows


def _reference(values, feature, inputs, scales):
    """Return the Affine (n_samples,) by which windows of a feature are normalised."""
    # contiguous, so that the order of a sum does not depend on the number of windows
    values = np.ascontiguousarray(values, dtype=np.float64)
    mean, std = scales.shift[feature], scales.scale[feature]
    observed = ~np.isnan(values)
    if inputs.normalize == "last":
        last = values.shape[1] - 1 - observed[:, ::-1].argmax(axis=1)
        shift = values[np.arange(len(values)), last]
        shift[np.isnan(shift)] = mean  # no value is observed
        return Affine(np.ones(len(values)), shift)
    count = np.maximum(observed.sum(axis=1), 1)
    shift = np.where(observed, values, 0.0).sum(axis=1) / count
    deviations = np.where(observed, values - shift[:, np.newaxis], 0.0)
    scale = np.sqrt((deviations**2).sum(axis=1) / count)
    scale = np.maximum(scale, FLOOR * std)
    empty = ~observed.any(axis=1)
    shift[empty], scale[empty] = mean, std
    scale[scale <= _ROUNDING * np.abs(shift)] = 1.0
    return Affine(scale, shift)
