"""Scaling of targets for training (NumPy only)."""

from dataclasses import dataclass

import numpy as np

from skrnn.networks.affine import Affine

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
    wide = kernel.astype(np.float64), bias.astype(np.float64)
    changed = wide[0] * scaling.scale, scaling(wide[1])
    return [*others, *(array.astype(kernel.dtype) for array in changed)]


def unfold_scale(weights, scaling):
    """Undo `fold_scale`, up to rounding errors."""
    *others, kernel, bias = weights
    wide = kernel.astype(np.float64), bias.astype(np.float64)
    changed = wide[0] / scaling.scale, scaling.inverse(wide[1])
    return [*others, *(array.astype(kernel.dtype) for array in changed)]


def too_large(dtype):
    """Return the error for targets that do not fit into a dtype."""
    wider = ', or set dtype="float64"' if dtype == "float32" else ""
    return ValueError(f"y has values too large for dtype={dtype!r}. Scale y{wider}.")


def power_of_error(loss):
    """Return the power of errors in a loss: 2, 1, or None for other losses."""
    name = loss if isinstance(loss, str) else name_in_keras(loss)
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


def name_in_keras(thing):
    """Return the name of a function, class or instance's class of Keras, or None."""
    named = thing if hasattr(thing, "__name__") else type(thing)
    is_of_keras = named.__module__.split(".")[0] == "keras"
    return named.__name__ if is_of_keras else None


def measured(samples, rows):
    """Return Scaling by the targets and weights of the Samples to train on."""
    if not samples.is_homogeneous:
        return samples.scaling
    total, of_targets, of_scales = 0.0, 0.0, 0.0
    for w, y, scale, _ in relative_targets(samples, rows):
        total += w.sum()
        of_targets += w @ y
        of_scales += (w @ (scale**2 * np.ones_like(y))).mean()
    shift = of_targets / total
    if samples.offset is not None:  # outputs of zero are to leave the base alone
        shift = np.zeros_like(shift)
    squares = 0.0
    for w, y, *_ in relative_targets(samples, rows):
        with np.errstate(over="ignore"):
            squares += (w @ (y - shift) ** 2).mean()
    scale = np.sqrt(squares / total)
    if not np.isfinite(scale):
        raise too_large(samples.dtype)
    return Scaling(
        samples.scaling.features,
        Affine(float(scale) or 1.0, shift),
        float(np.sqrt(of_scales / total)),
    )


def relative_targets(samples, rows):
    """Yield weights, relative targets, scales of windows and targets, part by part."""
    weight = samples.weight
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        if isinstance(some, range):
            some = slice(some.start, some.stop)
        y, reference = samples.relative(some)
        w = np.ones(len(y)) if weight is None else weight[some].astype(np.float64)
        yield w, y, reference.scale, samples.y[some]
