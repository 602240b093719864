"""Prepares training data: inputs, scales and the base, before a network is trained."""

from dataclasses import dataclass, fields, replace
from functools import partial, reduce

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import gen_batches, get_tags

from skrnn._estimator import weights_of_fit
from skrnn.estimators.data_warnings import (
    warn_of_other_targets,
    warn_of_rows_left_out,
    warn_of_unscaled_features,
)
from skrnn.estimators.outputs import outputs_of, warn_of_other_units
from skrnn.estimators.validation import check_unchanged, series_codes
from skrnn.networks.affine import Affine
from skrnn.networks.inputs import (
    InputSpec,
    feature_scaling,
    filled,
    references,
    relative,
)
from skrnn.training.data import Samples, TrainingData, hold_out_last
from skrnn.training.scaling import Scaling, measured, power_of_error, relative_targets
from skrnn.windows.view import as_index

_VALUES_AT_ONCE = 2**20  # largest copy of windows
_OF_STEPS_AT_ONCE = 2**17
_ROUNDING = 1e-14  # of differences, relative to the targets
_LEAST_WEIGHT = 1e-30  # relative to the largest, so that float32 holds it


@dataclass(frozen=True)
class Settings:
    """The parameters of a regressor that data are prepared by, under their names."""

    segment_length: int
    normalize: str | None
    target_features: object
    missing: str
    base: object
    loss: object
    metrics: object
    dtype: str
    block_size: int | None
    early_stopping: bool
    validation_fraction: float  # or the number of rows
    validation_gap: object

    @classmethod
    def of(cls, regressor):
        """Return the settings of a regressor."""
        return cls(*(getattr(regressor, each.name) for each in fields(cls)))


@dataclass(frozen=True)
class Preparation:
    """How windows and targets are prepared for a network."""

    inputs: InputSpec
    scaling: Scaling
    bases: tuple = ()  # fitted regressors, each on the residuals of those before it
    # the value of each target that is constant after normalisation, NaN for the others
    constants: np.ndarray | None = None

    def samples(self, data, settings):
        """Return the samples of WindowData that networks are trained on."""
        weight = data.weight
        if weight is not None:  # only ratios matter to a network
            ratios = np.maximum(weight / weight.max(), _LEAST_WEIGHT)
            weight = np.where(weight > 0, ratios, 0).astype(settings.dtype)
        return Samples(
            data.windows,
            data.y,
            self.inputs,
            self.scaling,
            weight,
            self.offset(data.windows.values),
            is_homogeneous=power_of_error(settings.loss) is not None,
            has_metrics=bool(settings.metrics),
            dtype=settings.dtype,
        )

    def offset(self, windows):
        """Return predictions (n_samples, n_targets) of bases, relative to windows."""
        if not self.bases:
            return None
        predicted = in_parts(self._sum_of_bases, windows)
        return predicted.astype(np.float64).reshape(len(windows), -1)

    def _sum_of_bases(self, windows):
        read = self._read_by(self.bases, windows)
        first, *others = (_predicted(base, read) for base in self.bases)
        return sum((each.reshape(first.shape) for each in others), start=first)

    def references(self, windows):
        """Return the Affine from targets relative to the windows to targets."""
        return references(windows, self.inputs, self.scaling.features)

    def _read_by(self, bases, windows):
        """Return windows (n_samples, n_timesteps, n_features) that bases read."""
        features = self.scaling.features
        windows = relative(windows, self.inputs, features)
        if self.inputs.fill or not all(map(_allows_nan, bases)):
            windows = filled(windows, self.inputs, features)
        return np.asarray(windows, dtype=np.float64)

    def exact(self, state):
        """Return a TrainingState whose outputs for constant targets are constant."""
        if self.constants is None:
            return state
        *others, kernel, bias = state.weights
        outputs = self.scaling.targets.inverse(self.constants)
        outputs = np.repeat(outputs, len(bias) // len(outputs))
        is_constant = ~np.isnan(outputs)
        kernel = np.where(is_constant, 0.0, kernel).astype(kernel.dtype)
        bias = np.where(is_constant, outputs, bias).astype(bias.dtype)
        return replace(state, weights=[*others, kernel, bias])

    def with_fitted(self, bases, data, rows):
        """Return the same preparation with clones of bases, by name, fitted on rows."""
        windows, index = data.windows.values, as_index(rows)
        weight = None if data.weight is None else data.weight[index]
        y, is_1d = data.y[index], data.is_1d
        if self.inputs.normalize:
            y = self.references(windows[index]).inverse(y)
        if not is_1d:
            bases = {name: _of_outputs(base) for name, base in bases.items()}
        names = data.target_names
        # regressors of skrnn read names; for the others, y keeps its order in memory
        if names and (len(bases) > 1 or any(map(_reads_steps, bases.values()))):
            y = pd.DataFrame(y, columns=names)
        read = in_parts(partial(self._read_by, bases.values()), windows, rows)
        fitted = []
        for name, base in bases.items():
            if fitted:
                y = y - _predicted(fitted[-1], read).reshape(y.shape)
            weights = weights_of_fit(name, base, weight)
            y_read = y if _reads_steps(base) else np.asarray(y)  # without names
            y_read = y_read.squeeze(axis=1) if is_1d else y_read
            fitted.append(clone(base).fit(_as_read(base, read), y_read, **weights))
        return replace(self, bases=tuple(fitted))


def _of_outputs(regressor):
    """Return a regressor that takes all outputs, with a clone for each if needed."""
    if not get_tags(regressor).target_tags.multi_output:
        return MultiOutputRegressor(regressor)
    return regressor


def _allows_nan(regressor):
    return get_tags(regressor).input_tags.allow_nan


def _reads_steps(regressor):
    """Return whether a regressor reads windows with a dimension for steps."""
    return get_tags(regressor).input_tags.three_d_array


def _as_read(regressor, windows):
    """Return windows in the shape that a regressor reads."""
    return windows if _reads_steps(regressor) else windows.reshape(len(windows), -1)


def _predicted(regressor, windows):
    """Return what a fitted regressor predicts for windows."""
    return np.asarray(regressor.predict(_as_read(regressor, windows)))


@dataclass(frozen=True)
class FitData:
    """The data that a fit trains on."""

    preparation: Preparation
    training: TrainingData
    validation: TrainingData | None = None  # to evaluate after each epoch
    # FitData to evaluate with a new base that is also fitted on the rows held out
    refitted: object = None


def prepare(data, validation, settings, earlier=None):
    """Return the FitData of WindowData, prepared as for an earlier fit, if any."""
    rows, held_out = data.rows_with_weight, None
    if settings.early_stopping and validation is None:
        rows, held_out = _hold_out(data, rows, settings)
    if not settings.normalize:
        warn_of_unscaled_features(data)
    inputs = _input_spec(
        data,
        settings.normalize,
        settings.target_features,
        fill=settings.missing == "fill",
        segment_length=int(settings.segment_length),
    )
    used = usable_rows(data.windows, rows, inputs)
    if not inputs.fill:
        warn_of_rows_left_out(data, rows, used)
    if earlier is None:
        prepared, samples = _prepare_first(data, used, inputs, settings)
    else:
        inputs = replace(inputs, indicators=earlier.inputs.indicators)
        check_unchanged(
            _described(inputs, settings.base),
            _described(earlier.inputs, *earlier.bases),
        )
        prepared = replace(earlier, inputs=inputs, constants=None)
        samples = prepared.samples(data, settings)
        if len(used) and samples.is_homogeneous:
            parts = relative_targets(samples, used)
            warn_of_other_targets(parts, earlier.scaling.targets)
    training = TrainingData(samples, used, settings.block_size)
    if validation is not None:
        samples = prepared.samples(validation, settings)
        held_out = range(len(samples))
    elif held_out is None:
        return FitData(prepared, training)
    evaluated = TrainingData(samples, held_out, settings.block_size)
    fit_data = FitData(prepared, training, evaluated)
    if validation is not None or settings.base is None or earlier is not None:
        return fit_data
    used = usable_rows(data.windows, data.rows_with_weight, inputs)
    prepared = prepared.with_fitted({"base": settings.base}, data, used)
    samples = prepared.samples(data, settings)
    evaluated = TrainingData(samples, held_out, settings.block_size)
    return replace(fit_data, refitted=FitData(prepared, training, evaluated))


def _hold_out(data, rows, settings):
    """Return the rows to train on, and the last ones of each series."""
    codes, gap = series_codes(*data.passed), settings.validation_gap
    divided = hold_out_last(
        len(rows),
        None if codes is None else codes[as_index(rows)],
        settings.validation_fraction,
        data.n_outputs - 1 if gap == "auto" else gap,
    )
    if isinstance(rows, range):  # all rows
        return divided
    return tuple(rows[part] for part in divided)


def usable_rows(windows, rows, inputs):
    """Return those of some rows that can be trained on, as a range or an array."""
    n_timesteps, length = inputs.n_timesteps, inputs.segment_length
    segments = [range(k, k + length) for k in range(0, n_timesteps, length)]
    is_chosen = np.zeros(len(windows), dtype=bool)
    is_chosen[as_index(rows)] = True
    if inputs.fill:
        is_empty = reduce(np.logical_and, map(windows.empty.at, range(n_timesteps)))
        is_usable = is_chosen & ~is_empty
    else:
        is_usable = is_chosen & _observed(windows, segments[:1])
        if not is_usable.any():  # all start with a missing step
            is_usable = is_chosen & _observed(windows, segments)
        elif not windows.is_of_series:  # sequences may be padded at the start
            is_padded = is_chosen & windows.empty.at(0)
            is_usable |= is_padded & _observed(windows, segments)
    if not is_usable.any():
        raise ValueError(
            "X has no observed step: every step of every window has a missing value. "
            "Drop features that are always missing, or fill values before the windower."
        )
    first, n_rows = int(is_usable.argmax()), np.count_nonzero(is_usable)
    if is_usable[first : first + n_rows].all():
        return range(first, first + n_rows)  # which takes no memory
    return np.flatnonzero(is_usable).astype(np.int32)


def _observed(windows, segments):
    """Return which windows have a segment, a group of steps, without missing values."""
    is_observed = np.zeros(len(windows), dtype=bool)
    for segment in segments:
        is_observed |= ~reduce(np.logical_or, map(windows.incomplete.at, segment))
    return is_observed


def _prepare_first(data, rows, inputs, settings):
    """Return the Preparation of a new fit on some rows, and the samples."""
    features = None
    if inputs.normalize or inputs.fill or settings.base is not None:
        features = feature_scaling(_weighted_steps(data, rows))
        if inputs.fill:
            parts = _weighted_steps(data, rows)
            missing = [
                np.isnan(steps[weight > 0]).any(axis=0) for steps, weight in parts
            ]
            missing = np.flatnonzero(np.any(missing, axis=0))
            inputs = replace(inputs, indicators=tuple(map(int, missing)))
    targets = Affine(shift=np.zeros(data.n_outputs))
    prepared = Preparation(inputs, Scaling(features, targets))
    if settings.base is not None:
        prepared = prepared.with_fitted({"base": settings.base}, data, rows)
    samples = prepared.samples(data, settings)
    scaling, constants = measured(samples, rows), None
    if isinstance(settings.loss, str) or samples.is_homogeneous:
        constants = _constants(samples, rows)
        if settings.base is None:  # constant targets are the shift
            is_constant = ~np.isnan(constants)
            shift = np.where(is_constant, constants, scaling.targets.shift)
            scale = 1.0 if is_constant.all() else scaling.targets.scale
            scaling = replace(scaling, targets=Affine(scale, shift))
    samples = replace(samples, scaling=scaling)
    return replace(prepared, scaling=scaling, constants=constants), samples


def prepare_bases(data, bases, normalize, target_features):
    """Return a Preparation of WindowData with regressors that are fitted on them."""
    inputs = _input_spec(data, normalize, target_features, fill=True)
    rows = usable_rows(data.windows, data.rows_with_weight, inputs)
    features = feature_scaling(_weighted_steps(data, rows))
    targets = Affine(shift=np.zeros(data.n_outputs))
    # regressors that support missing values get them
    inputs = replace(inputs, fill=False)
    prepared = Preparation(inputs, Scaling(features, targets))
    return prepared.with_fitted(bases, data, rows)


def _constants(samples, rows):
    """Return the value of each relative target that is constant, NaN for the others."""
    is_plain = samples.offset is None and not samples.inputs.normalize
    lowest, highest, largest = np.inf, -np.inf, 0.0
    for _, y, scale, given in relative_targets(samples, rows):
        lowest = np.minimum(lowest, y.min(axis=0))
        highest = np.maximum(highest, y.max(axis=0))
        largest = np.maximum(largest, np.abs(given / scale).max(axis=0))
        rounding = 0.0 if is_plain else _ROUNDING * largest
        is_constant = highest <= lowest + rounding
        if not is_constant.any():
            break
    return np.where(is_constant, lowest / 2 + highest / 2, np.nan)


def _input_spec(data, normalize, target_features, *, fill, segment_length=1):
    """Return the InputSpec of windows, for parameters of a regressor."""
    _, n_timesteps, n_features = data.windows.shape
    if n_timesteps % segment_length:
        raise ValueError(
            f"The windows have {n_timesteps} steps, which is not a multiple of "
            f"segment_length={segment_length}. Set another segment_length, or make "
            f"windows of {segment_length * -(-n_timesteps // segment_length)} steps."
        )
    continued = ()
    if normalize:
        features, leads = outputs_of(
            data.target_names, data.n_outputs, target_features, data.layout
        )
        warn_of_other_units(data.windows, data.y, features, leads)
        continued = tuple(features)
    return InputSpec(
        n_timesteps,
        n_features,
        segment_length,
        normalize,
        target_features=continued,
        fill=fill,
    )


def _weighted_steps(data, rows):
    """Yield steps (n_steps, n_features), and sums of the weights of their windows."""
    windows, weight = data.windows, data.weight
    _, n_timesteps, n_features = windows.shape
    of_windows = np.zeros(len(windows))
    of_windows[as_index(rows)] = 1.0 if weight is None else weight[as_index(rows)]
    n_at_once = max(1, _OF_STEPS_AT_ONCE // (windows.stride * n_features))
    for start in range(rows[0], rows[-1] + 1, n_at_once):
        stop = min(start + n_at_once, rows[-1] + 1)
        part = of_windows[start:stop]
        if windows.stride == n_timesteps:
            part = np.repeat(part, n_timesteps)
        else:
            part = np.convolve(part, np.ones(n_timesteps))
        yield windows.rows(start, stop), part


def _described(inputs, base=None):
    """Return settings, by name, that must not change when training continues."""
    if isinstance(base, MultiOutputRegressor):  # made by `_of_outputs`
        base = base.estimator
    if base is not None:
        return {"base": type(base).__name__, **vars(inputs)}
    return {"base": None, **vars(replace(inputs, n_timesteps=0))}  # may change


def in_parts(function, windows, rows=None):
    """Return a function of windows, computed in parts so that copies are small."""
    rows = range(len(windows)) if rows is None else rows
    n_at_once = max(1, _VALUES_AT_ONCE // max(1, windows[:1].size))
    parts = gen_batches(len(rows), n_at_once)
    return np.concatenate([function(windows[as_index(rows[part])]) for part in parts])
