"""What a network reads of a window: relative values, filled gaps and segments.

`skrnn.training.keras_inputs` computes the same with Keras's operations.
"""

from dataclasses import dataclass

import numpy as np

_ROWS = 2**14
FLOOR = 0.1  # of a feature's standard deviation: the least that a window is divided by


@dataclass(frozen=True)
class InputSpec:
    """How the windows of the data become the input of a network.

    Hashable, and made of plain values only.

    Parameters
    ----------
    n_timesteps, n_features : int
        Steps of a window, and values of a step.
    segment_length : int, default=1
        Consecutive steps that are one step of the network.
    normalize : {"last", "standard"} or None, default=None
        What windows are relative to: their last observed value, or their mean and
        standard deviation.
    continued : tuple of int, default=()
        With `normalize`, for each output the feature that it continues.
    fill : bool, default=False
        Whether missing values are filled; otherwise their steps are skipped.
    indicators : tuple of int, default=()
        Features with a second input that tells where they are filled.
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
        """Whether the network reads windows as they are."""
        return self.segment_length == 1 and not (self.normalize or self.fill)

    @property
    def normalized(self):
        """The features that are relative to their window, in order."""
        return tuple(sorted(set(self.continued))) if self.normalize else ()

    @property
    def n_steps(self):
        """Steps of the network in a window."""
        return self.n_timesteps // self.segment_length

    @property
    def n_inputs(self):
        """Values of a step of the network."""
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
        """Take them from the observed values of rows.

        Parameters
        ----------
        *parts : ndarray of shape (n_rows, n_features)
            All rows, in one or more arrays. No copy of one is ever whole.

        Returns
        -------
        FeatureScales
            Zeros for a feature without an observed value.
        """
        count = sum((~np.isnan(rows)).sum(axis=0) for rows in _chunks(parts))
        count = np.maximum(count, 1)
        means = sum(np.nansum(rows, axis=0) for rows in _chunks(parts)) / count
        squares = sum(np.nansum((rows - means) ** 2, axis=0) for rows in _chunks(parts))
        return cls(means, np.sqrt(squares / count))


def _chunks(parts):
    """Yield rows of arrays as float64, so many at a time that copies are small."""
    for part in parts:
        for start in range(0, len(part), _ROWS):
            yield np.asarray(part[start : start + _ROWS], np.float64)


def prepare(windows, inputs, scales):
    """Return what a network reads of windows.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        NaN where a value is missing.
    inputs : InputSpec
        What the network reads.
    scales : FeatureScales or None
        Of fit; None if nothing is normalised or filled.

    Returns
    -------
    ndarray of shape (n_samples, n_steps, n_inputs)
        NaN in steps to skip.
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
    """Return windows with the continued features relative to the window.

    Parameters and shapes are those of `prepare`; without `normalize` the windows are
    returned as they are.
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
    """Return what the outputs of a network are relative to.

    Parameters
    ----------
    windows, inputs, scales
        As in `prepare`, with `normalize`.

    Returns
    -------
    center, spread : ndarray of shape (n_samples, n_outputs)
        A target is `center + spread * relative target`.
    """
    of_feature = {
        feature: _reference(windows[:, :, feature], feature, inputs, scales)
        for feature in inputs.normalized
    }
    both = [of_feature[feature] for feature in inputs.continued]
    return tuple(np.stack(columns, axis=1) for columns in zip(*both, strict=True))


def filled(windows, inputs, scales):
    """Return windows whose missing values are filled.

    Each takes the last observed value of the window. Where there is none, it takes the
    mean of fit, or for a feature that is relative to its window, zero.

    Parameters
    ----------
    windows : ndarray of shape (n_samples, n_timesteps, n_features)
        What `relative` returned.
    inputs, scales
        As in `prepare`.

    Returns
    -------
    ndarray of shape (n_samples, n_timesteps, n_features)
        Without NaN; the windows themselves if none is missing.
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

    The copy has each window in a row, so that NumPy adds up its values in the same
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
    """Return the last value of each row that is not NaN, or NaN."""
    last = values[:, -1].copy()
    for step in range(values.shape[1] - 2, -1, -1):
        missing = np.isnan(last)
        if not missing.any():
            break
        last[missing] = values[missing, step]
    return last
