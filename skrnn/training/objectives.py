"""Optimizers, losses and metrics: by name or given, checked, never shared."""

import keras
import numpy as np

from skrnn._compat.tensorflow import without_all_reduce
from skrnn.networks.quantiles import point_weights

# scikit-learn's names beside Keras's.
LOSSES = {
    "squared_error": "mean_squared_error",
    "absolute_error": "mean_absolute_error",
}
AUTO_LEARNING_RATE = 0.005


class WeightedMeanLoss(keras.losses.Loss):
    """A loss function whose mean over a batch is weighted by the sample weights."""

    def __init__(self, function, *, name, dtype):
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype=dtype)
        self.function = function

    def call(self, y_true, y_pred):
        """Return the loss of each sample."""
        losses = self.function(y_true, y_pred)
        n_dims = len(losses.shape)
        if n_dims == 0:
            raise ValueError(
                "The 'loss' parameter must give one value for each sample, but its "
                "function returns a scalar. Average over the last axis only, "
                "with axis=-1."
            )
        return losses if n_dims == 1 else keras.ops.mean(losses, range(1, n_dims))


def check_activations(cell_options):
    """Raise a ValueError for an activation that Keras does not know."""
    for parameter, name in cell_options.items():
        if not isinstance(name, str):
            continue
        try:
            keras.activations.get(name)
        except ValueError as error:
            raise ValueError(
                f"The {parameter!r} parameter must be the name of a Keras activation, "
                f"such as 'tanh', 'relu' or 'sigmoid'. Got {name!r} instead."
            ) from error


def make_optimizer(optimizer, learning_rate, clipnorm):
    """Return a new Keras optimizer, never the instance that was given."""
    named = isinstance(optimizer, str)
    try:
        given = keras.optimizers.get(optimizer)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            "The 'optimizer' parameter must be the name of a Keras optimizer, such as "
            f"'adam', 'rmsprop' or 'sgd', or an instance of one. Got {optimizer!r} "
            "instead."
        ) from error
    if isinstance(given, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "The 'optimizer' parameter cannot be a LossScaleOptimizer: the network "
            "computes in float32 or float64, which need no scaling of the loss."
        )
    changes = {}
    if learning_rate != "auto":
        changes["learning_rate"] = float(learning_rate)
    elif named:
        changes["learning_rate"] = AUTO_LEARNING_RATE
    if clipnorm is not None:
        changes["clipnorm"] = float(clipnorm)
    return copy_of(given, **changes)


def copy_of(optimizer, **changes):
    """Return a new optimizer of the same configuration but for the changes.

    Keras numbers the names of optimizers, and TensorFlow never forgets a variable's
    name, at some 36 kB each: so all optimizers of a class get one name.
    """
    name = type(optimizer).__name__.lower()
    config = {**optimizer.get_config(), "name": name, **changes}
    return without_all_reduce(type(optimizer).from_config(config))


class PinballLoss:
    """The mean over quantile levels of the loss that each quantile minimises [1]_.

    Parameters
    ----------
    levels : tuple of float
        Levels of the quantiles, between 0 and 1.

    References
    ----------
    .. [1] R. Koenker and G. Bassett, "Regression quantiles", Econometrica 46(1), 1978.
    """

    def __init__(self, levels):
        self.levels = levels

    def __call__(self, y_true, y_pred):
        """Return a loss for each target; of `y_pred` the levels are fastest."""
        levels = keras.ops.convert_to_tensor(self.levels, y_pred.dtype)
        quantiles = keras.ops.reshape(y_pred, (-1, y_true.shape[-1], len(self.levels)))
        error = keras.ops.expand_dims(y_true, -1) - quantiles
        losses = keras.ops.maximum(levels * error, (levels - 1) * error)
        return keras.ops.mean(losses, axis=-1)


class MetricOfPoint(keras.metrics.Metric):
    """A metric of the point forecast of several quantiles.

    Parameters
    ----------
    metric : keras.metrics.Metric
        What to compute.
    levels : tuple of float
        Levels of the quantiles.
    """

    def __init__(self, metric, levels):
        super().__init__(name=metric.name, dtype=metric.dtype)
        self._metric = metric
        self._weights = point_weights(levels)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch."""
        shape = (-1, y_true.shape[-1], len(self._weights))
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


def make_loss(loss, levels, dtype):
    """Return a Keras loss that averages by the sample weights."""
    if levels is not None:
        return WeightedMeanLoss(PinballLoss(levels), name="loss", dtype=dtype)
    try:
        given = keras.losses.get(
            LOSSES.get(loss, loss) if isinstance(loss, str) else loss
        )
    except (ValueError, TypeError) as error:
        raise ValueError(
            "The 'loss' parameter must be 'squared_error', 'absolute_error', 'huber', "
            "'log_cosh', 'quantile' or another name of a Keras loss, or a Keras loss. "
            f"Got {loss!r} instead."
        ) from error
    function = given.call if isinstance(given, keras.losses.Loss) else given
    return WeightedMeanLoss(function, name="loss", dtype=dtype)


def make_metric(name, levels, dtype):
    """Return a new Keras metric of that name."""
    metric = _metric_of_name(name, dtype)
    several = levels is not None and len(levels) > 1
    return MetricOfPoint(metric, levels) if several else metric


def _metric_of_name(name, dtype):
    try:
        given = keras.metrics.get(LOSSES.get(name, name)) if name else None
    except (ValueError, TypeError):
        given = None
    if given is None or not isinstance(name, str):
        raise ValueError(
            "The 'metrics' parameter must hold names of Keras metrics, such as "
            f"'mean_absolute_error'. Got {name!r} instead."
        )
    given = given() if isinstance(given, type) else given
    if not isinstance(given, keras.metrics.Metric):
        return keras.metrics.MeanMetricWrapper(given, name=name, dtype=dtype)
    given.update_state(np.zeros((2, 2)), np.zeros((2, 2)))
    if len(given.result().shape):
        raise ValueError(
            "The 'metrics' parameter must hold metrics of one value. Got "
            f"{name!r}, which has one for each output."
        )
    config = {**given.get_config(), "name": name, "dtype": dtype}
    return type(given).from_config(config)
