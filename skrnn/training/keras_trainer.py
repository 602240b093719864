"""The Keras trainer: a `scikeras.wrappers.KerasRegressor` of the network.

It is the reference for the compiled trainer, and trains what that cannot train.
"""

import contextlib
import gc
import threading

import keras
from keras import ops
from scikeras.wrappers import KerasRegressor

from skrnn._compat.tensorflow import forget_kernels
from skrnn.networks.affine import Affine
from skrnn.training.keras_inputs import network_inputs
from skrnn.training.keras_network import assign, build_model, values_of, variables_of
from skrnn.training.loop import load_data
from skrnn.training.objectives import make_loss, make_metrics
from skrnn.training.optimizers import make_optimizer
from skrnn.training.tensorflow_import import without_retracing_notices

_VALUES = 2**24  # largest copy of windows
_VALUES_LEFT = 2**18  # of windows that are no longer used
_floatx_lock = threading.RLock()


def train(task, plan, run):
    """Train a network with `keras.Model.fit`, and return the last Epoch of a run."""
    forget_kernels()  # each `keras.Model.fit` compiles new functions
    program = KerasProgram(task, run)
    with without_retracing_notices(), _floatx(task.spec.dtype):
        return run.train(program, *load_data(program, task))


@contextlib.contextmanager
def _floatx(dtype):
    """Let Keras keep arrays of a dtype, which it would round to another `floatx`."""
    if keras.config.floatx() == dtype:
        yield
        return
    with _floatx_lock:  # the setting is that of the process
        before = keras.config.floatx()
        keras.config.set_floatx(dtype)
        try:
            yield
        finally:
            keras.config.set_floatx(before)


class KerasProgram:
    """Trains or evaluates an epoch with a KerasRegressor."""

    def __init__(self, task, run):
        self._task, self._n_values = task, 0
        self._run = run  # whose SeenModel gets the events of batches
        self._callback = self._callback_for_parts()
        self._regressor = KerasRegressor(
            lambda: self._build(),
            batch_size=task.schedule.batch_size,
            shuffle=False,  # parts of an epoch are passed in the order to train on
            verbose=0,
            callbacks=[self._callback],
        )
        block = task.data.block(0)
        X, y, _ = self._arrays(block, block.samples[:1])
        self.model = self._regressor.initialize(X, y).model_
        self._regressor.feature_encoder_.set_output(transform="default")
        self.optimizer = self.model.optimizer
        self._state = variables_of(self.model, self.optimizer)
        self.first_optimizer_values = values_of(self.optimizer.variables)

    def _build(self):
        """Return the compiled network with its present weights."""
        spec, objective = self._task.spec, self._task.objective
        loss = make_loss(objective, spec)
        self._metrics = [_mean_loss(loss), *make_metrics(objective, spec)]
        model = build_model(spec, self._task.state)
        model.compile(
            make_optimizer(objective),
            loss,
            metrics=self._metrics[1:],
            weighted_metrics=self._metrics[:1],
            auto_scale_loss=False,
        )
        model.optimizer.build(model.trainable_variables)
        return model

    def _callback_for_parts(self):
        """Return a Keras callback for the epochs and batches of parts of an epoch."""

        def on_epoch_end(epoch, logs):  # before Keras replaces weights by averages
            self._last_state = self.state()

        return keras.callbacks.LambdaCallback(
            on_epoch_end=on_epoch_end,
            on_train_batch_begin=lambda batch, logs: self._begin_batch(batch, "train"),
            on_train_batch_end=lambda batch, logs: self._end_batch("train"),
            on_test_batch_begin=lambda batch, logs: self._begin_batch(batch, "test"),
            on_test_batch_end=lambda batch, logs: self._end_batch("test"),
        )

    def set_state(self, values):
        """Set the variables of the model, then of the optimizer, to arrays."""
        assign(self._state, values)

    def state(self):
        """Return the values that `set_state` sets."""
        return values_of(self._state)

    def final_state(self):
        """Return the state, with the averaged weights of optimizers that keep them."""
        self.optimizer.finalize_variable_values(self.model.trainable_variables)
        return self.state()

    def load(self, block, **_):
        """Return a block as it is."""
        return block

    def train(self, blocks):
        """Train one epoch on blocks, in order, and return loss and metrics."""
        for X, y, weight in self._parts(blocks):
            self._regressor.partial_fit(X, y, sample_weight=weight)
            del X, y, weight  # before the next are made
            self.set_state(self._last_state)
            if self.model.stop_training:
                break
        return self._losses()

    def evaluate(self, blocks):
        """Return loss and metrics of blocks, without training."""
        self._tell("on_test_begin", {})
        for X, y, weight in self._parts(blocks):
            self.model.evaluate(
                X,
                y,
                batch_size=self._task.schedule.batch_size,
                sample_weight=weight,
                verbose=0,
                callbacks=[self._callback],
            )
            del X, y, weight
        self._tell("on_test_end", self._logs())
        return self._losses()

    def _parts(self, blocks):
        """Yield arrays of as many batches of an epoch as fit into memory."""
        self._n_batches, self._metrics_so_far = 0, None
        batch_size = self._task.schedule.batch_size
        for block in blocks:
            n_values = block.n_timesteps * block.series.shape[1]
            n_at_once = batch_size * max(1, _VALUES // (batch_size * n_values))
            for start in range(0, len(block.samples), n_at_once):
                samples = block.samples[start : start + n_at_once]
                self._n_values += len(samples) * n_values
                yield self._arrays(block, samples)
                self._metrics_so_far = values_of(self.model.metrics_variables)
                if self._n_values > _VALUES_LEFT:  # Keras leaves arrays in cycles
                    self._n_values = 0
                    gc.collect()

    def _arrays(self, block, samples):
        """Return inputs of the network, targets, and weights or None."""
        windows, y, weight = block.batch(samples)
        inputs = self._task.data.inputs
        if not inputs.is_plain:
            features = Affine(*block.scales)
            windows = network_inputs(ops.convert_to_tensor(windows), inputs, features)
            windows = ops.convert_to_numpy(windows)
        return windows, y, weight

    def _begin_batch(self, batch, what):
        """Continue the metrics of the epoch, which Keras resets for each part."""
        if batch == 0 and self._metrics_so_far is not None:
            assign(self.model.metrics_variables, self._metrics_so_far)
        self._tell(f"on_{what}_batch_begin", self._n_batches, {})

    def _end_batch(self, what):
        """Count the batch."""
        if self._task.callbacks:
            self._tell(f"on_{what}_batch_end", self._n_batches, self._logs())
        self._n_batches += 1

    def _tell(self, event, *news):
        """Call a method of every callback, which may change weights or stop."""
        seen = self._run.seen
        seen.show()
        seen.tell(event, *news)
        seen.take_over()
        self.model.stop_training |= seen.stop_training

    def _losses(self):
        """Return loss and metrics of all batches so far."""
        return [float(metric.result()) for metric in self._metrics]

    def _logs(self):
        """Return loss and metrics by name, the loss in the units of the targets."""
        names = ["loss", *self._task.objective.metrics]
        logs = dict(zip(names, self._losses(), strict=True))
        return logs | {"loss": logs["loss"] * self._task.loss_unit}


def _mean_loss(loss):
    """Return a metric: the mean of a WeightedMeanLoss over all samples, by weight."""
    # Keras itself weights the batches of an epoch by their rows
    return keras.metrics.MeanMetricWrapper(
        lambda *_: loss.of_samples, "mean_loss", dtype=loss.dtype
    )
