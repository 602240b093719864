"""Prepares training data: inputs, scales and the base, before a network is trained."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import gen_batches, get_tags
from sklearn.utils.validation import has_fit_parameter

from skrnn.estimators.missing_steps import usable_rows
from skrnn.estimators.outputs import outputs_of, warn_of_other_units
from skrnn.networks.affine import Affine
from skrnn.networks.inputs import InputSpec, feature_scaling, filled, relative
from skrnn.training.data import Samples, TrainingData, series_of
from skrnn.training.scaling import Scaling, Targets, measured, power_of_error

_VALUES_AT_ONCE = 2**20  # largest copy of windows
_OF_STEPS_AT_ONCE, _ROWS_AT_ONCE = 2**17, 2**13
_ROUNDING = 1e-14  # of differences, relative to the targets


@dataclass(frozen=True)
class Preparation:
    """How windows and targets are prepared for a network.

    inputs : InputSpec, how windows become inputs of the network
    scaling : Scaling of features and targets
    base : fitted regressor whose residuals the network learns, or None
    constants : ndarray of shape (n_targets,), the value of each target that is constant
        after normalisation and without the base, NaN for the others; or None
    """

    inputs: InputSpec
    scaling: Scaling
    base: object = None
    constants: np.ndarray | None = None

    def samples(self, regressor, windows, y, weight):
        """Return the samples of windows and targets that networks are trained on."""
        return self._samples(regressor, windows, y, weight, self.offset(windows))

    def _samples(self, regressor, windows, y, weight, offset):
        targets = Targets(
            y,
            windows,
            self.inputs,
            self.scaling,
            offset,
            power_of_error(regressor.loss) is not None,
            bool(regressor.metrics),
            regressor.dtype,
        )
        return Samples(windows, targets, weight)

    def offset(self, windows):
        """Return predictions (n_samples, n_targets) of the base relative to windows.

        None if there is no base.
        """
        if self.base is None:
            return None
        parts = [
            self.base.predict(self._of_base(windows[rows])) for rows in batches(windows)
        ]
        return np.concatenate(parts).astype(np.float64).reshape(len(windows), -1)

    def _of_base(self, windows):
        """Return windows in the form that the base is fitted on."""
        features = self.scaling.features
        windows = relative(windows, self.inputs, features)
        tags = get_tags(self.base).input_tags
        if self.inputs.fill or not tags.allow_nan:
            windows = filled(windows, self.inputs, features)
        windows = np.asarray(windows, dtype=np.float64)
        return windows if tags.three_d_array else windows.reshape(len(windows), -1)

    def exact(self, state):
        """Return a TrainingState whose outputs for constant targets are constant."""
        if self.constants is None or np.isnan(self.constants).all():
            return state
        *others, kernel, bias = state.weights
        outputs = self.scaling.targets.inverse(self.constants)
        outputs = np.repeat(outputs, len(bias) // len(outputs))
        is_constant = ~np.isnan(outputs)
        kernel = np.where(is_constant, 0.0, kernel).astype(kernel.dtype)
        bias = np.where(is_constant, outputs, bias).astype(bias.dtype)
        return replace(state, weights=[*others, kernel, bias])

    def with_fitted_base(self, regressor, windows, y, rows, weight, given_y):
        """Return the same preparation with a clone of the base fitted on the rows."""
        base = clone(regressor.base)
        if weight is not None and not has_fit_parameter(base, "sample_weight"):
            raise ValueError(
                f"sample_weight was passed, but fit of base={base!r} does not accept "
                "it. Choose another base, or fit without sample_weight."
            )
        prepared = replace(self, base=base)
        y = prepared._relative_targets(regressor, windows, y, rows)
        parts = [
            prepared._of_base(windows[_index(rows[part])])
            for part in batches(windows, len(rows))
        ]
        weights = {} if weight is None else {"sample_weight": weight[_index(rows)]}
        if get_tags(base).input_tags.three_d_array:  # of skrnn, reads target names
            y = _named_like(given_y, y)
        base.fit(np.concatenate(parts), y, **weights)
        return prepared

    def _relative_targets(self, regressor, windows, y, rows):
        y, one_column = y[_index(rows)], y.ndim == 1
        if self.inputs.normalize:
            targets = self._samples(regressor, windows, y, None, None).targets
            y = targets.references(_index(rows)).inverse(y.reshape(len(y), -1))
        return y.ravel() if one_column else y


@dataclass(frozen=True)
class FitData:
    """The data that a fit trains on.

    preparation : Preparation of windows and targets
    training : TrainingData
    validation : TrainingData to evaluate after each epoch, or None
    refitted : FitData with a base that is also fitted on the rows held out, or None if
        there is no new base, or no rows are held out
    """

    preparation: Preparation
    training: TrainingData
    validation: TrainingData | None = None
    refitted: object = None


def prepare_first(regressor, windows, y, rows, weight, given_y):
    """Prepare a new fit; return the preparation, the samples and the rows to train on.

    `rows` may be used for training, None for all. `given_y` are the targets as the user
    passed them, with their names.
    """
    inputs = inputs_of(regressor, windows, y, given_y)
    rows = usable_rows(windows, rows, inputs)
    features = None
    if inputs.normalize or inputs.fill or regressor.base is not None:
        features = feature_scaling(_weighted_steps(windows, rows, weight))
        if inputs.fill:
            series, _ = series_of(windows[rows[0] : rows[-1] + 1])
            missing = np.flatnonzero(np.isnan(series).any(axis=0))
            inputs = replace(inputs, indicators=tuple(map(int, missing)))
    n_targets = 1 if y.ndim == 1 else y.shape[1]
    prepared = Preparation(inputs, Scaling(features, Affine(shift=np.zeros(n_targets))))
    if regressor.base is not None:
        prepared = prepared.with_fitted_base(
            regressor, windows, y, rows, weight, given_y
        )
    samples = prepared.samples(regressor, windows, y, weight)
    scaling, constants = measured(samples.targets, rows, weight), None
    if isinstance(regressor.loss, str) or power_of_error(regressor.loss) is not None:
        constants = _constants(samples.targets, rows)
        scaling = _exact_scaling(scaling, constants, prepared.base)
    samples = replace(samples, targets=replace(samples.targets, scaling=scaling))
    return replace(prepared, scaling=scaling, constants=constants), samples, rows


def _constants(targets, rows):
    """Return the value of each relative target that is constant, NaN for the others."""
    is_plain = targets.offset is None and not targets.inputs.normalize
    lowest, highest, largest = np.inf, -np.inf, 0.0
    for part in gen_batches(len(rows), _ROWS_AT_ONCE):
        some = _index(rows[part])
        y, reference = targets.relative(some)
        lowest = np.minimum(lowest, y.min(axis=0))
        highest = np.maximum(highest, y.max(axis=0))
        given_y = targets.y[some].reshape(y.shape)
        largest = np.maximum(largest, np.abs(given_y / reference.scale).max(axis=0))
        rounding = 0.0 if is_plain else _ROUNDING * largest
        is_constant = highest <= lowest + rounding
        if not is_constant.any():
            break
    return np.where(is_constant, lowest / 2 + highest / 2, np.nan)


def _exact_scaling(scaling, constants, base):
    """Return Scaling with constant targets as their shift, unless there is a base."""
    is_constant = ~np.isnan(constants)
    if base is not None or not is_constant.any():
        return scaling
    shift = np.where(is_constant, constants, scaling.targets.shift)
    scale = 1.0 if is_constant.all() else scaling.targets.scale
    return replace(scaling, targets=Affine(scale, shift))


def inputs_of(regressor, windows, y, given_y):
    """Return the `InputSpec` that follows from the parameters of a regressor."""
    _, n_timesteps, n_features = windows.shape
    length = int(regressor.segment_length)
    if n_timesteps % length:
        raise ValueError(
            f"The windows have {n_timesteps} steps, which is not a multiple of "
            f"segment_length={length}. Set another segment_length, or make windows of "
            f"{length * -(-n_timesteps // length)} steps."
        )
    target_features = ()
    if regressor.normalize:
        outputs = outputs_of(given_y, regressor.target_features, regressor._layout)
        warn_of_other_units(windows, y, outputs)
        target_features = tuple(outputs.features)
    return InputSpec(
        n_timesteps,
        n_features,
        segment_length=length,
        normalize=regressor.normalize,
        target_features=target_features,
        fill=regressor.missing == "fill",
    )


def _weighted_steps(windows, rows, weight):
    """Yield the steps (n_steps, n_features) of the windows in `rows`, and weights.

    A step of several windows is in a part once, with the sum of their weights.
    """
    _, n_timesteps, n_features = windows.shape
    of_windows = np.zeros(len(windows))
    of_windows[_index(rows)] = 1.0 if weight is None else weight[_index(rows)]
    _, stride = series_of(windows[:2])
    n_at_once = max(1, _OF_STEPS_AT_ONCE // (stride * n_features))
    for start in range(rows[0], rows[-1] + 1, n_at_once):
        part = slice(start, min(start + n_at_once, rows[-1] + 1))
        steps, stride = series_of(windows[part])
        if stride == n_timesteps:
            yield steps, np.repeat(of_windows[part], n_timesteps)
        else:
            yield steps, np.convolve(of_windows[part], np.ones(n_timesteps))


def described(inputs, base):
    """Return settings, by name, that must not change when training continues.

    The number of steps of a window may change, unless there is a base.
    """
    if base is not None:
        return {"base": type(base).__name__, **vars(inputs)}
    return {
        "base": None,
        **{k: v for k, v in vars(inputs).items() if k != "n_timesteps"},
    }


def batches(windows, n_rows=None):
    """Yield slices of rows, each so short that a copy of its windows is small."""
    n_at_once = max(1, _VALUES_AT_ONCE // max(1, windows[:1].size))
    return gen_batches(len(windows) if n_rows is None else n_rows, n_at_once)


def _named_like(given_y, y):
    """Return targets with the names of those that the user passed, if any."""
    if isinstance(given_y, pd.DataFrame):
        return pd.DataFrame(y.reshape(len(y), -1), columns=given_y.columns)
    return pd.Series(y, name=given_y.name) if isinstance(given_y, pd.Series) else y


def _index(rows):
    """Return rows as an index into an array, a slice if possible to avoid a copy."""
    return slice(rows.start, rows.stop) if isinstance(rows, range) else rows
