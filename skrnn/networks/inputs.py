"""Turns windows into inputs of a network: normalised, filled and in segments.

`skrnn.training.keras_inputs` computes the same with Keras operations.
"""

from dataclasses import dataclass

import numpy as np

FLOOR = 0.1  # smallest divisor of a window, in standard deviations of the feature

_ROUNDING = 1e-15  # spread of equal values, relative to their mean


@dataclass(frozen=True)
class InputSpec:
    """How the windows of the data become the input of a network. Hashable.

    n_timesteps, n_features : int, steps of a window, and features of a step
    segment_length : int, consecutive steps that form one step of the network
    normalize : {"last", "standard"} or None, whether windows are normalised by their
        last observed value, or by their mean and standard deviation
    continued : tuple of int, with `normalize` the feature that each output continues
    fill : bool, whether missing values are filled; otherwise their steps are skipped
    indicators : tuple of int, features with a second input, 1 where a value is filled
    """

    n_timesteps: int
    n_features: int
    segment_length: int = 1
    normalize: str | None = None
    continued: tuple = ()
    fill: bool = False
    indicators: tuple = ()

    @property
    def is_plain(self):
        """Whether the network reads windows unchanged."""
        return self.segment_length == 1 and not (self.normalize or self.fill)

    @property
    def normalized(self):
        """The features that are normalised in each window, in order."""
        return tuple(sorted(set(self.continued))) if self.normalize else ()

    @property
    def n_steps(self):
        """Number of steps of the network in a window."""
        return self.n_timesteps // self.segment_length

    @property
    def n_inputs(self):
        """Number of values in a step of the network."""
        return self.segment_length * (self.n_features + len(self.indicators))


@dataclass(frozen=True)
class FeatureScales:
    """Means and standard deviations, each (n_features,), of the features in fit."""

    means: np.ndarray
    stds: np.ndarray

    @classmethod
    def of(cls, parts):
        """Return the scales of parts, each rows (n, n_features) and weights (n,).

        They are zero for features never observed. Variances of parts are added as in
        Chan, Golub & LeVeque (1983).
        """
        count, means, squares = 0.0, 0.0, 0.0
        for rows, weight in parts:
            rows = np.asarray(rows, np.float64)
            observed = ~np.isnan(rows)
            n = weight @ observed
            mean = weight @ np.where(observed, rows, 0.0) / np.where(n > 0, n, 1.0)
            deviations = np.where(observed, rows - mean, 0.0)
            share, change = n / np.where(n > 0, count + n, 1.0), mean - means
            squares += weight @ deviations**2 + count * share * change**2
            means += share * change
            count += n
        return cls(means, np.sqrt(squares / np.where(count > 0, count, 1.0)))


def prepare(windows, inputs, scales):
    """Return inputs (n_samples, n_steps, n_inputs), with NaN in steps to skip."""
    windows = relative(windows, inputs, scales)
    missing = None
    if inputs.fill:
        missing = np.isnan(windows[:, :, list(inputs.indicators)])
        windows = filled(windows, inputs, scales)
        if inputs.indicators:
            windows = np.concatenate([windows, missing], axis=2)
    return windows.reshape(len(windows), inputs.n_steps, inputs.n_inputs)


def relative(windows, inputs, scales):
    """Return windows, with the continued features normalised if `inputs.normalize`."""
    if not inputs.normalize:
        return windows
    windows = np.array(windows, dtype=np.float64)
    for feature in inputs.normalized:
        center, spread = _reference(windows[:, :, feature], feature, inputs, scales)
        windows[:, :, feature] -= center[:, np.newaxis]
        windows[:, :, feature] /= spread[:, np.newaxis]
    return windows


def references(windows, inputs, scales):
    """Return center and spread of windows, each of shape (n_samples, n_outputs).

    A target is `center + spread * normalised target`.
    """
    of_feature = {
        feature: _reference(windows[:, :, feature], feature, inputs, scales)
        for feature in inputs.normalized
    }
    both = [of_feature[feature] for feature in inputs.continued]
    return tuple(np.stack(columns, axis=1) for columns in zip(*both, strict=True))


def filled(windows, inputs, scales):
    """Return windows with each missing value replaced by the last observed one.

    If there is none, the mean of the feature in fit replaces it, or zero if the feature
    is normalised. Windows without missing values are not copied.
    """
    if not np.isnan(windows).any():
        return windows
    windows = np.array(windows)
    first = np.array(scales.means)
    first[list(inputs.normalized)] = 0.0
    before = np.broadcast_to(first, windows[:, 0].shape)
    for step in windows.transpose(1, 0, 2):
        missing = np.isnan(step)
        step[missing] = before[missing]
        before = step
    return windows


def _reference(values, feature, inputs, scales):
    """Return center and spread of the values (n_samples, n_timesteps) of a feature.

    The copy stores each window contiguously, so that NumPy sums its values in the same
    order however many windows there are.
    """
    values = np.ascontiguousarray(values, dtype=np.float64)
    mean, std = scales.means[feature], scales.stds[feature]
    if inputs.normalize == "last":
        center = _last_observed(values)
        center[np.isnan(center)] = mean
        return center, np.ones(len(values))
    observed = ~np.isnan(values)
    count = np.maximum(observed.sum(axis=1), 1)
    center = np.where(observed, values, 0.0).sum(axis=1) / count
    deviations = np.where(observed, values - center[:, np.newaxis], 0.0)
    spread = np.sqrt((deviations**2).sum(axis=1) / count)
    spread = np.maximum(spread, FLOOR * std)
    empty = ~observed.any(axis=1)
    center[empty], spread[empty] = mean, std
    spread[spread <= _ROUNDING * np.abs(center)] = 1.0
    return center, spread


def _last_observed(values):
    """Return the last value of each row that is not NaN, or NaN if there is none."""
    last = values[:, -1].copy()
    for step in range(values.shape[1] - 2, -1, -1):
        missing = np.isnan(last)
        if not missing.any():
            break
        last[missing] = values[missing, step]
    return last
