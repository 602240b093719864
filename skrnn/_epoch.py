"""One epoch as a compiled program: a loop over the batches of an order.

The last batch is filled up with rows of weight zero.
"""

import functools
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from skrnn._backend import quiet_tensorflow
from skrnn._programs import filled_up

# What XLA raises where it cannot compile.
_REFUSALS = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


class CannotServeError(Exception):
    """What `keras.Model.fit` has to do."""


@dataclass(frozen=True)
class ProgramKind:
    """What of the data and the machine a program is built for.

    Parameters
    ----------
    xla : bool
        Whether XLA compiles it.
    masked : bool
        Whether it looks for missing steps.
    weighted : bool
        Whether the samples have weights.
    n_targets : int
        Columns of the targets; the network may have more outputs.
    """

    xla: bool
    masked: bool
    weighted: bool
    n_targets: int


class EpochProgram:
    """One epoch of training, or one evaluation, compiled.

    Parameters
    ----------
    network : keras.Model
        The twin of the network to train: same variables, of its own.
    optimizer : keras.optimizers.Optimizer
        The twin's own optimizer.
    loss : keras.losses.Loss
        Normalised by the weights of a batch.
    metrics : list of keras.metrics.Metric
        Computed batch by batch.
    kind : ProgramKind
        What to compile.
    """

    def __init__(self, network, optimizer, loss, metrics, kind):
        self.network = network
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.kind = kind
        optimizer.build(network.trainable_variables)
        self._train = self._compile(self._train_step)
        self._evaluate = self._compile(self._test_step)
        self._ready_for = set()

    @property
    def variables(self):
        """What training changes: the network's variables and the optimizer's."""
        return [*self.network.variables, *self.optimizer.variables]

    def tensors(self, data):
        """Return series, targets and weights in the lengths that the program takes."""
        capacity = self._capacity(len(data.y))
        n_rows = (capacity - 1) * data.stride + data.n_timesteps
        weight = data.weight
        if weight is None:
            weight = np.ones(len(data.y) if self.kind.weighted else 1, data.y.dtype)
        return [
            tf.constant(filled_up(data.series, n_rows)),
            tf.constant(filled_up(data.y, capacity)),
            tf.constant(filled_up(weight, capacity if self.kind.weighted else 1)),
        ]

    def room_for(self, data, batch_size):
        """Copy the samples, with room behind them for the rest of the last batch."""
        n_batches = -(-self._capacity(len(data.y)) // batch_size)
        room = np.zeros(n_batches * batch_size, dtype=np.int32)
        room[: len(data.samples)] = data.samples
        return room

    def train(self, tensors, order, data, batch_size):
        """Train one epoch.

        Parameters
        ----------
        tensors : list of Tensor
            What `tensors` made of `data`.
        order : ndarray of int32
            Samples in the order to train on, and the room behind them.
        data : TrainingData
            What to train on.
        batch_size : int
            Samples in a batch.

        Returns
        -------
        list of float
            The loss and the metrics.

        Raises
        ------
        CannotServeError
            If XLA refuses.
        """
        return self._run("train", self._train, tensors, order, data, batch_size)

    def evaluate(self, tensors, order, data, batch_size):
        """Return loss and metrics without training; parameters as for `train`."""
        return self._run("evaluate", self._evaluate, tensors, order, data, batch_size)

    def _run(self, what, compiled, tensors, order, data, batch_size):
        for metric in self.metrics:
            metric.reset_state()
        sizes = [batch_size, data.n_timesteps, data.stride]
        shapes = (what,)
        if self.kind.xla:
            shapes = (what, *(t.shape[0] for t in tensors), len(order), *sizes)
        else:
            sizes = [tf.constant(size) for size in sizes]
        n_real = tf.constant(len(data.samples))
        if shapes in self._ready_for:
            loss = compiled(*tensors, tf.constant(order), n_real, *sizes)
        else:
            loss = self._first(compiled, *tensors, tf.constant(order), n_real, *sizes)
            self._ready_for.add(shapes)
        return [float(loss), *(float(metric.result()) for metric in self.metrics)]

    def _first(self, compiled, *inputs):
        """Compile and run; raise a CannotServeError where XLA refuses."""
        with quiet_tensorflow() as forget:
            try:
                return compiled(*inputs)
            except _REFUSALS as error:
                if not self.kind.xla:
                    raise
                forget()
                refusal = error
        message = str(refusal).partition("\n")[0]
        raise CannotServeError(f"XLA refuses: {message}") from refusal

    def _capacity(self, n_samples):
        return capacity_for(n_samples) if self.kind.xla else n_samples

    def _compile(self, step):
        return tf.function(
            functools.partial(self._epoch, step),
            autograph=False,
            jit_compile=self.kind.xla,
            input_signature=None if self.kind.xla else self._any_number_of_rows(),
        )

    def _any_number_of_rows(self):
        network = self.network
        dtype = network.inputs[0].dtype
        count = tf.TensorSpec((), tf.int32)
        return [
            tf.TensorSpec((None, network.input_shape[-1]), dtype),
            tf.TensorSpec((None, self.kind.n_targets), dtype),
            tf.TensorSpec((None,), dtype),
            tf.TensorSpec((None,), tf.int32),
            *[count, count, count, count],
        ]

    def _epoch(
        self, step, series, y, weight, order, n_real, batch_size, n_timesteps, stride
    ):
        n_features = self.network.input_shape[-1]
        dtype = series.dtype

        def one_batch(batch, total):
            start = batch * batch_size
            samples = tf.slice(order, [start], [batch_size])
            n_rows = tf.minimum(n_real - start, batch_size)
            rows_weight = tf.cast(tf.range(batch_size) < n_rows, dtype)
            first = tf.cast(samples, tf.int64) * tf.cast(stride, tf.int64)
            steps = first[:, tf.newaxis] + tf.range(tf.cast(n_timesteps, tf.int64))
            windows = tf.reshape(
                tf.gather(series, steps), (batch_size, n_timesteps, n_features)
            )
            targets = tf.gather(y, samples)
            if self.kind.weighted:
                weights = rows_weight * tf.gather(weight, samples)
            else:
                weights = rows_weight
            loss, predicted = step(windows, targets, weights)
            for metric in self.metrics:
                metric.update_state(targets, predicted, rows_weight)
            return batch + 1, total + tf.cast(loss, dtype) * tf.cast(n_rows, dtype)

        n_batches = (n_real + batch_size - 1) // batch_size
        _, total = tf.while_loop(
            lambda batch, _: batch < n_batches,
            one_batch,
            (tf.constant(0), tf.zeros((), dtype)),
        )
        return total / tf.cast(n_real, dtype)

    def _train_step(self, windows, targets, weights):
        trained = self.network.trainable_variables
        with tf.GradientTape() as tape:
            predicted = self.network(windows, training=True)
            loss = self.loss(targets, predicted, weights)
        self.optimizer.apply(tape.gradient(loss, trained), trained)
        return loss, predicted

    def _test_step(self, windows, targets, weights):
        predicted = self.network(windows, training=False)
        return self.loss(targets, predicted, weights), predicted


def capacity_for(n_samples):
    """Return how many samples an XLA program takes that is to serve `n_samples`.

    XLA compiles anew for every shape, so there are few: four of them up to 262,144
    samples, and eight in each power of two beyond.
    """
    for capacity in (2**12, 2**14, 2**16, 2**18):
        if n_samples <= capacity:
            return capacity
    unit = 2 ** (n_samples.bit_length() - 4)
    return -(-n_samples // unit) * unit
