"""Losses, metrics and activations, given by name or as objects, and their checks."""

import inspect
from functools import partial

import keras
import numpy as np

from skrnn.networks.quantiles import point_weights
from skrnn.training.scaling import name_in_keras, power_of_error

# Names of scikit-learn, and the Keras losses that they stand for.
LOSSES = {
    "squared_error": "mean_squared_error",
    "absolute_error": "mean_absolute_error",
}

# Keras losses for classification and segmentation.
OF_CLASSES = {
    "categoricalcrossentropy",
    "categoricalfocalcrossentropy",
    "categoricalgeneralizedcrossentropy",
    "categoricalhinge",
    "circle",
    "ctc",
    "dice",
    "hinge",
    "sparsecategoricalcrossentropy",
    "squaredhinge",
    "tversky",
}


def compared(columns, outputs, n_targets, *, in_units):
    """Return targets (n_samples, n_targets) and predictions, from `Samples.columns`."""
    if columns.shape[-1] == n_targets:
        return columns, outputs
    ops, n_levels = keras.ops, outputs.shape[-1] // n_targets
    columns = ops.expand_dims(columns, -1)
    targets, scale, shift, unit = ops.split(columns, 4, axis=1)
    predicted = ops.reshape(outputs, (-1, n_targets, n_levels)) * scale
    if in_units:
        targets, predicted = ((each + shift) * unit for each in (targets, predicted))
    return targets[:, :, 0], ops.reshape(predicted, (-1, outputs.shape[-1]))


class WeightedMeanLoss(keras.losses.Loss):
    """Computes the mean of a loss over a batch, weighted by the sample weights."""

    def __init__(self, function, *, n_targets, in_units, dtype):
        super().__init__("loss", reduction="mean_with_sample_weight", dtype=dtype)
        self.function = function
        self._compared = {"n_targets": n_targets, "in_units": in_units}

    def call(self, y_true, y_pred):
        """Return the loss of each sample."""
        losses = self.function(*compared(y_true, y_pred, **self._compared))
        n_dims = len(getattr(losses, "shape", ()))
        if n_dims == 0:
            raise ValueError(
                "The function passed as the 'loss' parameter must return one value "
                "for each sample, but it returns a scalar. Average over the last axis "
                "only, with axis=-1."
            )
        if n_dims > 1:
            losses = keras.ops.mean(losses, range(1, n_dims))
        self.of_samples = losses
        return losses


def check_activations(spec):
    """Raise a ValueError for an activation that Keras does not know."""
    for parameter, name in spec.options:
        if not isinstance(name, str):
            continue
        try:
            keras.activations.get(name)
        except ValueError as error:
            raise ValueError(
                f"The {parameter!r} parameter must be the name of a Keras activation, "
                f"such as 'tanh', 'relu' or 'sigmoid'. Got {name!r} instead."
            ) from error


def names_keras_alone(spec, objective):
    """Return whether activations, loss and metrics are names of Keras's own."""
    # a notebook cell that defines others may be changed and run again
    if not isinstance(objective.loss, str):
        return False
    named = [keras.activations.get(name) for name in spec.activations]
    named += [_keras_metric(name) for name in objective.metrics]
    if objective.quantile_levels is None:
        named.append(keras.losses.get(LOSSES.get(objective.loss, objective.loss)))
    return None not in map(name_in_keras, named)


def pinball_loss(y_true, y_pred, levels):
    """Return the mean over levels of the pinball loss (Koenker and Bassett, 1978)."""
    shape = (-1, y_true.shape[-1], len(levels))  # in y_pred, levels vary fastest
    levels = keras.ops.convert_to_tensor(levels, y_pred.dtype)
    error = keras.ops.expand_dims(y_true, -1) - keras.ops.reshape(y_pred, shape)
    losses = keras.ops.maximum(levels * error, (levels - 1) * error)
    return keras.ops.mean(losses, axis=-1)


class MetricOfPoint(keras.metrics.Metric):
    """Computes a metric of the point forecast, in the units of the targets."""

    def __init__(self, metric, levels, n_targets):
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric, self._n_targets = metric, n_targets
        self._weights = point_weights(levels)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch."""
        y_true, y_pred = compared(y_true, y_pred, self._n_targets, in_units=True)
        shape = (-1, self._n_targets, len(self._weights))
        quantiles = keras.ops.sort(keras.ops.reshape(y_pred, shape), axis=-1)
        weights = keras.ops.convert_to_tensor(self._weights, y_pred.dtype)
        point = keras.ops.sum(quantiles * weights, axis=-1)
        self._metric.update_state(y_true, point, sample_weight)

    def result(self):
        """Return the metric of all batches."""
        return self._metric.result()

    def reset_state(self):
        """Forget all batches."""
        self._metric.reset_state()


def make_loss(objective, spec):
    """Return a Keras loss that averages with the sample weights."""
    loss = objective.loss
    options = {
        "n_targets": _n_targets(objective, spec),
        "in_units": power_of_error(loss) is None,
        "dtype": spec.dtype,
    }
    if objective.quantile_levels is not None:
        pinball = partial(pinball_loss, levels=objective.quantile_levels)
        return WeightedMeanLoss(pinball, **options)
    try:
        if isinstance(loss, type):  # Keras takes a class for a function
            raise TypeError(loss)
        keras_loss = keras.losses.get(
            LOSSES.get(loss, loss) if isinstance(loss, str) else loss
        )
    except (ValueError, TypeError) as error:
        raise ValueError(
            "The 'loss' parameter must be 'squared_error', 'absolute_error', 'huber', "
            "'log_cosh', 'quantile' or another name of a Keras loss, or a Keras loss. "
            f"Got {loss!r} instead."
        ) from error
    name = name_in_keras(keras_loss) or ""
    if name.replace("_", "").lower() in OF_CLASSES:
        raise ValueError(
            f"The 'loss' parameter must compare numbers, but {loss!r} compares "
            "classes. Use 'squared_error', 'absolute_error', 'huber' or another loss "
            "for regression."
        )
    is_object = isinstance(keras_loss, keras.losses.Loss)
    return WeightedMeanLoss(keras_loss.call if is_object else keras_loss, **options)


def make_metrics(objective, spec):
    """Return new Keras metrics."""
    levels, n_targets = objective.quantile_levels or (0.5,), _n_targets(objective, spec)
    return [
        MetricOfPoint(_metric_of_name(name, spec.dtype), levels, n_targets)
        for name in objective.metrics
    ]


def _n_targets(objective, spec):
    return spec.n_outputs // len(objective.quantile_levels or (None,))


def _keras_metric(name):
    """Return the Keras metric of a name."""
    try:
        metric = keras.metrics.get(LOSSES.get(name, name)) if name else None
    except (ValueError, TypeError):
        metric = None
    if metric is None or not isinstance(name, str):
        raise ValueError(
            "The 'metrics' parameter must hold names of Keras metrics, such as "
            f"'mean_absolute_error'. Got {name!r} instead."
        )
    return metric


def _metric_of_name(name, dtype):
    metric = _keras_metric(name)
    metric = metric() if isinstance(metric, type) else metric
    if not isinstance(metric, keras.metrics.Metric):
        return keras.metrics.MeanMetricWrapper(metric, name=name, dtype=dtype)
    if "y_true" not in inspect.signature(metric.update_state).parameters:
        raise ValueError(
            "The 'metrics' parameter must hold metrics that compare targets with "
            f"predictions, such as 'mean_absolute_error'. Got {name!r} instead."
        )
    metric.update_state(np.zeros((2, 2)), np.zeros((2, 2)))
    if len(metric.result().shape):
        raise ValueError(
            "The 'metrics' parameter must hold metrics with a single value. Got "
            f"{name!r}, which has one value for each output."
        )
    config = {**metric.get_config(), "name": name, "dtype": dtype}
    return type(metric).from_config(config)
