"""Scaling of targets for training (NumPy only)."""

from dataclasses import dataclass

import numpy as np

from skrnn.networks.affine import Affine
from skrnn.networks.inputs import InputSpec, references

_CHUNK = 2**20  # values of windows processed at a time
_ROWS = 2**13


@dataclass(frozen=True)
class Scaling:
    """Affine maps measured on the training data, from outputs to targets."""

    features: Affine | None  # standard deviations and means, if inputs need them
    targets: Affine  # from outputs to targets relative to their windows
    spread: float = 1.0  # root mean square of the scales of the training windows

    @property
    def unit(self):
        """The unit of errors in the loss, in the units of the targets."""
        return self.targets.scale * self.spread


def fold_scale(weights, scaling):
    """Return weights for outputs that `scaling` is applied to."""
    *others, kernel, bias = weights
    changed = kernel * np.float64(scaling.scale), scaling(bias.astype(np.float64))
    return [*others, *(array.astype(kernel.dtype) for array in changed)]


def unfold_scale(weights, scaling):
    """Undo `fold_scale`, up to rounding errors."""
    *others, kernel, bias = weights
    changed = kernel / scaling.scale, scaling.inverse(bias)
    return [*others, *(array.astype(kernel.dtype) for array in changed)]


@dataclass(frozen=True)
class Targets:
    """Targets as passed to the estimator, and how they are scaled for training."""

    y: np.ndarray  # (n_samples,) or (n_samples, n_targets), in their own units
    windows: np.ndarray  # (n_samples, n_timesteps, n_features)
    inputs: InputSpec
    scaling: Scaling
    offset: np.ndarray | None = None  # of a base, relative to the windows
    is_homogeneous: bool = True  # the loss
    has_metrics: bool = False  # which need the units of `y`
    dtype: str = "float32"

    @property
    def n_targets(self):
        """Number of targets per sample."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]

    @property
    def n_columns(self):
        """Number of columns that `columns` returns."""
        return self.n_targets * (1 if self._are_outputs else 4)

    @property
    def _are_outputs(self):
        """Whether losses and metrics need no units of the targets."""
        normalize, shift = self.inputs.normalize, self.scaling.targets.shift
        is_relative = normalize or shift.any() or self.offset is not None
        if self.scaling.unit == 1 and not is_relative:
            return True
        return self.is_homogeneous and not self.has_metrics and normalize != "standard"

    def columns(self, start, stop):
        """Return outputs to learn or, in units of the loss, targets and their scaling.

        With it, columns are targets without shift, scale, shift, and the unit.
        """
        out = np.empty((stop - start, self.n_columns), self.dtype)
        for rows in self._chunks(start, stop):
            y = self.y[rows].reshape(-1, self.n_targets)
            if np.abs(y).max() > np.finfo(self.dtype).max:
                raise _too_large(self.dtype)
            scaling = self._scaling(rows)
            if self._are_outputs:
                columns = scaling.inverse(y)
            else:
                unit, shift = self.scaling.unit, scaling.shift
                parts = (y - shift) / unit, scaling.scale / unit, shift / unit, unit
                parts = [np.broadcast_to(part, y.shape) for part in parts]
                columns = np.concatenate(parts, axis=1)
            out[rows.start - start : rows.stop - start] = columns
        return out

    def _scaling(self, rows):
        """Return the Affine from outputs to targets."""
        scaling = self.scaling.targets
        if self.offset is not None:
            scaling = Affine(shift=self.offset[rows]).after(scaling)
        return self.references(rows).after(scaling)

    def references(self, rows):
        """Return the Affine from relative targets to targets."""
        if not self.inputs.normalize:
            return Affine()
        return references(self.windows[rows], self.inputs, self.scaling.features)

    def relative(self, rows):
        """Return targets relative to windows and base, and the Affine of windows."""
        y = self.y[rows].reshape(-1, self.n_targets).astype(np.float64)
        reference = self.references(rows)
        y = reference.inverse(y)
        return (y if self.offset is None else y - self.offset[rows]), reference

    def _chunks(self, start, stop):
        n_at_once = max(1, _CHUNK // max(1, self.windows[:1].size))
        for first in range(start, stop, n_at_once):
            yield slice(first, min(first + n_at_once, stop))


def _too_large(dtype):
    wider = ', or set dtype="float64"' if dtype == "float32" else ""
    return ValueError(f"y has values too large for dtype={dtype!r}. Scale y{wider}.")


def power_of_error(loss):
    """Return the power of errors in a loss: 2, 1, or None for other losses."""
    name = loss if isinstance(loss, str) else _name_in_keras(loss)
    return _POWERS.get(name)


_POWERS = {
    **dict.fromkeys(
        ["squared_error", "mean_squared_error", "MeanSquaredError", "mse", "MSE"], 2
    ),
    **dict.fromkeys(
        ["absolute_error", "mean_absolute_error", "MeanAbsoluteError", "mae", "MAE"], 1
    ),
    "quantile": 1,
}


def _name_in_keras(loss):
    """Return the name of a loss function or class of Keras, or None."""
    named = loss if hasattr(loss, "__name__") else type(loss)
    is_of_keras = named.__module__.split(".")[0] == "keras"
    return named.__name__ if is_of_keras else None


def measured(targets, rows, weight):
    """Return Scaling by the targets and weights of the rows to train on."""
    if not targets.is_homogeneous:
        return targets.scaling
    total, of_targets, of_scales = 0.0, 0.0, 0.0
    for w, y, scale in _relative_targets(targets, rows, weight):
        total += w.sum()
        of_targets += w @ y
        of_scales += (w @ (scale**2 * np.ones_like(y))).mean()
    shift = of_targets / total
    if targets.offset is not None:  # outputs of zero are to leave the base alone
        shift = np.zeros_like(shift)
    squares = 0.0
    for w, y, _ in _relative_targets(targets, rows, weight):
        with np.errstate(over="ignore"):
            squares += (w @ (y - shift) ** 2).mean()
    scale = np.sqrt(squares / total)
    if not np.isfinite(scale):
        raise _too_large(targets.dtype)
    return Scaling(
        targets.scaling.features,
        Affine(float(scale) or 1.0, shift),
        float(np.sqrt(of_scales / total)),
    )


def _relative_targets(targets, rows, weight):
    """Yield weights, relative targets and scales of windows, part by part."""
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        if isinstance(some, range):
            some = slice(some.start, some.stop)
        y, reference = targets.relative(some)
        w = np.ones(len(y)) if weight is None else weight[some].astype(np.float64)
        yield w, y, reference.scale
