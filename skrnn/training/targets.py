"""Scaling of targets for training (NumPy only)."""

from dataclasses import dataclass

import numpy as np

from skrnn.networks.inputs import FeatureScales, InputSpec, references

_CHUNK = 2**20  # values of windows processed at a time
_ROWS = 2**13


@dataclass(frozen=True)
class Scales:
    """Scales of features and targets, computed from the training data.

    A target is `center + spread * (location + scale * output)`, where center and spread
    belong to its window.

    features : FeatureScales, or None if windows are neither normalised nor filled
    location : ndarray of shape (n_targets,), after normalisation by the window
    scale : float, shared by all targets
    spread : float, root mean square of the spreads of the training windows
    """

    features: FeatureScales | None
    location: np.ndarray
    scale: float = 1.0
    spread: float = 1.0

    @property
    def unit(self):
        """The unit of errors in the loss, in the units of the targets."""
        return self.scale * self.spread

    def put_into(self, weights, share=1.0):
        """Return weights for outputs in the units of the targets, times `share`."""
        *others, kernel, bias = weights
        stretch, shift = share * self.scale, share * self._location_of(bias)
        changed = kernel * stretch, bias * stretch + shift
        return [*others, *(array.astype(kernel.dtype) for array in changed)]

    def take_out_of(self, weights):
        """Undo `put_into`, up to rounding errors."""
        *others, kernel, bias = weights
        changed = kernel / self.scale, (bias - self._location_of(bias)) / self.scale
        return [*others, *(array.astype(kernel.dtype) for array in changed)]

    def _location_of(self, bias):
        """Return the location of each output, quantiles varying fastest."""
        return np.repeat(self.location, len(bias) // len(self.location))


@dataclass(frozen=True)
class Targets:
    """Targets as passed to the estimator, and how they are scaled for training.

    y : ndarray of shape (n_samples,) or (n_samples, n_targets), in their own units
    windows : ndarray of shape (n_samples, n_timesteps, n_features), by which targets
        are normalised
    inputs : InputSpec
    scales : Scales
    offset : ndarray of shape (n_samples, n_targets), the predictions of a base relative
        to the windows, or None
    scales_with_error : bool, whether the loss is homogeneous
    has_metrics : bool, whether metrics are computed, which need the units of `y`
    dtype : str, of the network
    """

    y: np.ndarray
    windows: np.ndarray
    inputs: InputSpec
    scales: Scales
    offset: np.ndarray | None = None
    scales_with_error: bool = True
    has_metrics: bool = False
    dtype: str = "float32"

    @property
    def n_targets(self):
        """Number of targets per sample."""
        return 1 if self.y.ndim == 1 else self.y.shape[1]

    @property
    def n_blocks(self):
        """Number of blocks of columns that `columns` returns."""
        if self.has_metrics and not self._are_as_they_are:
            return 6
        if self._are_as_they_are or (self.scales_with_error and self._is_one_unit):
            return 1
        return 3

    @property
    def _is_one_unit(self):
        return self.inputs.normalize != "standard"

    @property
    def _are_as_they_are(self):
        scales = self.scales
        is_plain = scales.unit == 1 and not scales.location.any()
        return is_plain and self.offset is None and not self.inputs.normalize

    def columns(self, start, stop):
        """Return targets (n, n_blocks * n_targets) of a range, as losses need them.

        One block: outputs to learn. Three: targets, and the factor and shift from
        outputs to predictions. Six: three for the loss, then three for the metrics.
        """
        n_targets, n_blocks = self.n_targets, self.n_blocks
        out = np.empty((stop - start, n_blocks * n_targets), self.dtype)
        for rows in self._chunks(start, stop):
            y = self.y[rows].reshape(-1, n_targets)
            if np.abs(y).max() > np.finfo(self.dtype).max:
                raise _too_large(self.dtype)
            blocks = self._blocks(y, rows) if n_blocks > 1 else [self._one(y, rows)]
            into = out[rows.start - start : rows.stop - start]
            for number, block in enumerate(blocks):
                into[:, number * n_targets : (number + 1) * n_targets] = block
        return out

    def _one(self, y, rows):
        if self._are_as_they_are:
            return y
        stretch, shift = self._stretch_and_shift(rows)
        return (y - shift) / stretch

    def _blocks(self, y, rows):
        stretch, shift = self._stretch_and_shift(rows)
        seen = y, np.broadcast_to(stretch, y.shape), np.broadcast_to(shift, y.shape)
        if not self.scales_with_error:
            return [*seen, *seen][: self.n_blocks]
        unit = self.scales.unit
        of_loss = (y - shift) / unit, seen[1] / unit, np.zeros_like(seen[2])
        return [*of_loss, *seen][: self.n_blocks]

    def _stretch_and_shift(self, rows):
        """Return the factor and the shift that turn outputs into targets."""
        center, spread = self.references(rows)
        if self.offset is not None:
            center = center + spread * self.offset[rows]
        return spread * self.scales.scale, center + spread * self.scales.location

    def references(self, rows):
        """Return center and spread of windows, with shape (n, n_targets) or scalars."""
        if not self.inputs.normalize:
            return 0.0, 1.0
        return references(self.windows[rows], self.inputs, self.scales.features)

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
    """Return Scales with those of the targets, from the rows and weights to train on.

    The location is zero with an offset, or if the loss is not homogeneous.
    """
    if not targets.scales_with_error:
        return targets.scales
    total, of_targets, of_spreads = 0.0, 0.0, 0.0
    for w, y, spread in _relative_targets(targets, rows, weight):
        total += w.sum()
        of_targets += w @ y
        of_spreads += (w @ (spread**2 * np.ones_like(y))).mean()
    location = of_targets / total
    if targets.offset is not None:
        location = np.zeros_like(location)
    squares = 0.0
    for w, y, _ in _relative_targets(targets, rows, weight):
        with np.errstate(over="ignore"):
            squares += (w @ (y - location) ** 2).mean()
    scale = np.sqrt(squares / total)
    if not np.isfinite(scale):
        raise _too_large(targets.dtype)
    return Scales(
        targets.scales.features,
        location,
        float(scale) or 1.0,
        float(np.sqrt(of_spreads / total)),
    )


def _relative_targets(targets, rows, weight):
    """Yield weights, normalised targets and spreads of windows, part by part."""
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        if isinstance(some, range):
            some = slice(some.start, some.stop)
        y = targets.y[some].reshape(-1, targets.n_targets).astype(np.float64)
        center, spread = targets.references(some)
        y = (y - center) / spread
        if targets.offset is not None:
            y -= targets.offset[some]
        w = np.ones(len(y)) if weight is None else weight[some].astype(np.float64)
        yield w, y, spread
