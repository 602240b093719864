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


@dataclass(frozen=True)
class Loaded:
    """A block of training data as a program takes it.

    Parameters
    ----------
    tensors : list of Tensor
        Series, targets and weights.
    room : ndarray of int32
        The order of the samples, and behind them room for the rest of the last batch.
    n_samples : int
        Samples in it.
    sizes : list of int
        Samples in a batch, steps in a window, rows from one window to the next.
    """

    tensors: list
    room: np.ndarray
    n_samples: int
    sizes: list

    @property
    def order(self):
        """The samples in the order to train on, to be changed in place."""
        return self.room[: self.n_samples]


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

    def load(self, block, n_rows, batch_size, tensors=None):
        """Bring a block to where the program takes it from.

        Parameters
        ----------
        block : Block
            What to train on, or to evaluate.
        n_rows : int
            Rows of the longest block that is to come.
        batch_size : int
            Samples in a batch.
        tensors : list of Tensor, default=None
            Those of another block with the same series, targets and weights.

        Returns
        -------
        Loaded
        """
        capacity = capacity_for(n_rows) if self.kind.xla else len(block.y)
        n_batches = -(-capacity // batch_size)
        room = np.zeros(n_batches * batch_size, dtype=np.int32)
        room[: len(block.samples)] = block.samples
        return Loaded(
            tensors=tensors or self._tensors(block, capacity),
            room=room,
            n_samples=len(block.samples),
            sizes=[batch_size, block.n_timesteps, block.stride],
        )

    def _tensors(self, block, capacity):
        """Return series, targets and weights in the lengths that the program takes."""
        n_rows = (capacity - 1) * block.stride + block.n_timesteps
        weight = block.weight
        if weight is None:
            weight = np.ones(len(block.y) if self.kind.weighted else 1, block.y.dtype)
        return [
            tf.constant(filled_up(block.series, n_rows)),
            tf.constant(filled_up(block.y, capacity)),
            tf.constant(filled_up(weight, capacity if self.kind.weighted else 1)),
        ]

    def train(self, blocks):
        """Train one epoch.

        Parameters
        ----------
        blocks : iterable of Loaded
            What to train on, in that order.

        Returns
        -------
        list of float
            The loss and the metrics.

        Raises
        ------
        CannotServeError
            If XLA refuses.
        """
        return self._run("train", self._train, blocks)

    def evaluate(self, blocks):
        """Return loss and metrics without training; parameters as for `train`."""
        return self._run("evaluate", self._evaluate, blocks)

    def _run(self, what, compiled, blocks):
        for metric in self.metrics:
            metric.reset_state()
        total = n_samples = 0
        for block in blocks:
            total += self._run_block(what, compiled, block)
            n_samples += block.n_samples
        return [total / n_samples, *(float(metric.result()) for metric in self.metrics)]

    def _run_block(self, what, compiled, block):
        """Return the sum of the losses of a block's samples."""
        sizes, shapes = block.sizes, (what,)
        if self.kind.xla:
            shapes = (what, *(len(t) for t in block.tensors), len(block.room), *sizes)
        else:
            sizes = [tf.constant(size) for size in sizes]
        order, n_real = tf.constant(block.room), tf.constant(block.n_samples)
        if shapes in self._ready_for:
            return float(compiled(*block.tensors, order, n_real, *sizes))
        total = self._first(compiled, *block.tensors, order, n_real, *sizes)
        self._ready_for.add(shapes)
        return float(total)

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
        return total

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
