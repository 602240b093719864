"""Converts losses and weights for the user's callbacks in the Keras loop."""

import keras

from skrnn.training.callbacks import ShownWeights
from skrnn.training.keras_network import assign, values_of

_MEAN_LOSS = "weighted_mean_loss"


def mean_loss(loss):
    """Return a metric: the mean of a WeightedMeanLoss over all samples, by weight.

    Keras itself weights the batches of an epoch by their rows, not by their weights.
    """
    return keras.metrics.MeanMetricWrapper(
        lambda *_: loss.of_samples, _MEAN_LOSS, dtype=loss.dtype
    )


def use_mean_loss(logs):
    """Replace the losses in the logs of Keras by those of `mean_loss`, if any."""
    for name in [name for name in logs if name.endswith(_MEAN_LOSS)]:
        logs[name.replace(_MEAN_LOSS, "loss")] = logs.pop(name)


def in_units(task, events):
    """Return the callbacks of a task, between two that convert units and back."""
    shown = ShownWeights(task.scaling)

    def show(model, logs):
        assign(model.weights, shown.show(values_of(model.weights)))
        if logs:
            use_mean_loss(logs)
            logs.update(events.in_units(logs))

    def hide(model, logs):
        assign(model.weights, shown.read(values_of(model.weights)))

    return [_Before(show), *task.callbacks, _Before(hide)]


class _Before(keras.callbacks.Callback):
    """Calls a function at every event, with the model and logs not converted yet."""

    def __init__(self, function):
        super().__init__()
        self._function = function

    def _call(self, logs=None):
        self._function(self.model, logs)

    def on_epoch_begin(self, epoch, logs=None):
        """Call the function when an epoch begins."""
        self._call()

    def on_epoch_end(self, epoch, logs=None):
        """Call the function when an epoch ends, without the logs already converted."""
        self._call()

    def on_train_batch_begin(self, batch, logs=None):
        """Call the function when a batch begins."""
        self._call()

    def on_train_batch_end(self, batch, logs=None):
        """Call the function when a batch ends."""
        self._call(logs)

    def on_test_batch_begin(self, batch, logs=None):
        """Call the function when a batch of the validation data begins."""
        self._call()

    def on_test_batch_end(self, batch, logs=None):
        """Call the function when a batch of the validation data ends."""
        self._call(logs)

    def on_test_begin(self, logs=None):
        """Call the function when an evaluation begins."""
        self._call()

    def on_test_end(self, logs=None):
        """Call the function when an evaluation ends."""
        self._call(logs)

    def on_train_begin(self, logs=None):
        """Call the function when training begins."""
        self._call()

    def on_train_end(self, logs=None):
        """Call the function when training ends."""
        self._call(logs)
