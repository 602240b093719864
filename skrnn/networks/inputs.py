"""Turns windows into inputs of a network: normalised, filled and in segments.

`skrnn.training.keras_inputs` computes the same with Keras operations.
"""

from dataclasses import dataclass

import numpy as np

_ROWS = 2**14
FLOOR = 0.1  # smallest divisor of a window, in standard deviations of the feature


@dataclass(frozen=True)
class InputSpec:
    """How the windows of the data become the input of a network.

    Hashable, and consists of plain values only.

    Parameters
    ----------
    n_timesteps, n_features : int
        Number of steps of a window, and of features of a step.
    segment_length : int, default=1
        Number of consecutive steps that form one step of the network.
    normalize : {"last", "standard"} or None, default=None
        Whether windows are normalised by their last observed value, or by their mean
        and standard deviation.
    continued : tuple of int, default=()
        With `normalize`, for each output the feature that it continues.
    fill : bool, default=False
        Whether missing values are filled; otherwise their steps are skipped.
    indicators : tuple of int, default=()
        Features with a second input that is 1 where the value is filled.
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
    """Mean and standard deviation of the features in fit.

    Parameters
    ----------
    means, stds : ndarray of shape (n_features,)
        In the units of the features.
    """

    means: np.ndarray
    stds: np.ndarray

    @classmethod
    def of(cls, *parts):
        """Compute them from the observed values of rows.

        Parameters
        ----------
        *parts : ndarray of shape (n_rows, n_features)
            All rows, in one or more arrays, which are never copied as a whole.

        Returns
        -------
        FeatureScales
            Means and standard deviations, zero for a feature without observed values.
        """
        count = sum((~np.isnan(rows)).sum(axis=0) for rows in _chunks(parts))
        count = np.maximum(count, 1)
        means = sum(np.nansum(rows, axis=0) for rows in _chunks(parts)) / count
        squares = sum(np.nansum((rows - means) ** 2, axis=0) for rows in _chunks(parts))
        return cls(means, np.sqrt(squares / count))


def _chunks(parts):
    """Yield rows of arrays as float64, in small copies."""
    for part in parts:
        for start in range(0, len(part), _ROWS):
            yield np.asarray(part[start : start + _ROWS], np.float64)


def prepare(windows, inputs, scales):
    """Return the inputs of a network for windows.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows, NaN where a value is missing.
    inputs : InputSpec
        How windows become inputs.
    scales : FeatureScales or None
        Scales of the features in fit; None if nothing is normalised or filled.

    Returns
    -------
    ndarray of shape (n_samples, n_steps, n_inputs)
        Inputs, with NaN in steps to skip.
    """
    windows = relative(windows, inputs, scales)
    missing = None
    if inputs.fill:
        missing = np.isnan(windows[:, :, list(inputs.indicators)])
        windows = filled(windows, inputs, scales)
        if inputs.indicators:
            windows = np.concatenate([windows, missing], axis=2)
    return windows.reshape(len(windows), inputs.n_steps, inputs.n_inputs)


def relative(windows, inputs, scales):
    """Return windows with the continued features normalised.

    Parameters and shapes are those of `prepare`. Without `normalize`, the windows are
    returned unchanged.
    """
    if not inputs.normalize:
        return windows
    windows = np.array(windows, dtype=np.float64)
    for feature in inputs.normalized:
        center, spread = _reference(windows[:, :, feature], feature, inputs, scales)
        windows[:, :, feature] -= center[:, np.newaxis]
        windows[:, :, feature] /= spread[:, np.newaxis]
    return windows


def references(windows, inputs, scales):
    """Return the center and spread of windows, by which outputs are normalised.

    Parameters
    ----------
    windows, inputs, scales
        As in `prepare`, with `normalize`.

    Returns
    -------
    center, spread : ndarray of shape (n_samples, n_outputs)
        A target is `center + spread * normalised target`.
    """
    of_feature = {
        feature: _reference(windows[:, :, feature], feature, inputs, scales)
        for feature in inputs.normalized
    }
    both = [of_feature[feature] for feature in inputs.continued]
    return tuple(np.stack(columns, axis=1) for columns in zip(*both, strict=True))


def filled(windows, inputs, scales):
    """Return windows whose missing values are filled.

    Each missing value is replaced by the last observed value of its feature in the
    window. If there is none, it is replaced by the mean of the feature in fit, or by
    zero for a normalised feature.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        Windows as `relative` returns them.
    inputs, scales
        As in `prepare`.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, n_features)
        Windows without NaN; the same array if no value is missing.
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
    spread[spread == 0] = 1.0
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
