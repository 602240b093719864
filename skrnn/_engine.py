"""Compiled epochs and predictions: functions of a network and arrays.

An epoch is one program: a loop over the batches of a shuffled order, the last
batch filled up with rows of weight zero. Programs are kept and serve the next fit
of the same network, whatever its number of rows; they hold no data, and a fit
has one to itself.
"""

import contextlib
import threading
from collections import OrderedDict

import numpy as np
import tensorflow as tf

from skrnn._backend import quiet_tensorflow

N_PROGRAMS_KEPT = 16
# A prediction program gets a multiple of this many rows: a row's output then has
# the same bits whichever rows come with it, as matrix kernels depend on the shape.
ROWS_TOGETHER = 32
N_VALUES_AT_ONCE = 2**22  # of the windows in one call of a prediction program

# Seconds that XLA saves a batch, and a step of a layer in it, and that it takes more
# to start: see benchmarks/README.md.
_BATCH_OVERHEAD, _STEP_OVERHEAD, _XLA_START = 0.4e-3, 0.2e-3, 1.0


class ProgramStore:
    """The programs used last, a bounded number, safe to use from several threads."""

    def __init__(self, most):
        self._most = most
        self._programs = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key, build):
        """Return the program of `key` to share it."""
        program = self.take(key, build)
        self.put(key, program)
        return program

    def take(self, key, build):
        """Return the program of `key` to one user, who may put it back."""
        with self._lock:
            program = self._programs.pop(key, None)
        return build() if program is None else program

    def put(self, key, program):
        """Keep a program; forget those used longest ago."""
        with self._lock:
            self._programs[key] = program
            while len(self._programs) > self._most:
                self._programs.popitem(last=False)


_epoch_programs = ProgramStore(N_PROGRAMS_KEPT)
_predict_programs = ProgramStore(N_PROGRAMS_KEPT)


class EpochProgram:
    """One epoch of training, compiled.

    Parameters
    ----------
    network : keras.Model
        The twin of the network to train: same layers, its own weights.
    optimizer : keras.optimizers.Optimizer
        The twin's own optimizer.
    loss : keras.losses.Loss
        Normalised by the weights of a batch.
    metrics : list of keras.metrics.Metric
        Computed on the training batches.
    xla : bool
        Whether XLA compiles the program.
    """

    def __init__(self, network, optimizer, loss, metrics, *, xla):
        self.network = network
        self.optimizer = optimizer
        self.loss = loss
        self.metrics = metrics
        self.xla = xla
        optimizer.build(network.trainable_variables)
        self._compiled = tf.function(
            self._epoch,
            jit_compile=xla,
            input_signature=None if xla else self._any_number_of_rows(),
        )
        self._ready_for = set()

    @property
    def variables(self):
        """What training changes: the network's variables and the optimizer's."""
        return [*self.network.variables, *self.optimizer.variables]

    def run(self, tensors, order, batch_size, n_timesteps, stride):
        """Train one epoch.

        Parameters
        ----------
        tensors : sequence of Tensor
            Series, targets and weights, perhaps filled up.
        order : ndarray of int32, shape (n_fit,)
            Samples in the order to train on.
        batch_size : int
            Samples in a batch.
        n_timesteps, stride : int
            As in `TrainingData`.

        Returns
        -------
        list of float
            The loss and the metrics.
        """
        for metric in self.metrics:
            metric.reset_state()
        n_fit, most = len(order), _bucket(len(order)) if self.xla else len(order)
        filled = _lengthened(order, -(-most // batch_size) * batch_size)
        sizes = [batch_size, n_timesteps, stride]
        shapes = (*(t.shape[0] for t in tensors), len(filled), *sizes)
        shapes = shapes if self.xla else ()
        if not self.xla:
            sizes = [tf.constant(size) for size in sizes]
        with (
            contextlib.nullcontext()
            if shapes in self._ready_for
            else quiet_tensorflow()
        ):
            loss = self._compiled(
                *tensors, tf.constant(filled), tf.constant(n_fit), *sizes
            )
        self._ready_for.add(shapes)
        return [float(loss), *(float(metric.result()) for metric in self.metrics)]

    def _any_number_of_rows(self):
        network = self.network
        dtype = network.inputs[0].dtype
        count = tf.TensorSpec((), tf.int32)
        return [
            tf.TensorSpec((None, network.input_shape[-1]), dtype),
            tf.TensorSpec((None, network.output_shape[-1]), dtype),
            tf.TensorSpec((None,), dtype),
            tf.TensorSpec((None,), tf.int32),
            *[count, count, count, count],
        ]

    def _epoch(self, series, y, weight, order, n_fit, batch_size, n_timesteps, stride):
        n_features = self.network.input_shape[-1]
        dtype = series.dtype

        def one_batch(batch, total):
            start = batch * batch_size
            samples = tf.slice(order, [start], [batch_size])
            n_real = tf.minimum(n_fit - start, batch_size)
            real = tf.cast(tf.range(batch_size) < n_real, dtype)
            first = tf.cast(samples, tf.int64) * tf.cast(stride, tf.int64)
            steps = first[:, tf.newaxis] + tf.range(tf.cast(n_timesteps, tf.int64))
            windows = tf.reshape(
                tf.gather(series, steps), (batch_size, n_timesteps, n_features)
            )
            loss = self._step(
                windows, tf.gather(y, samples), tf.gather(weight, samples), real
            )
            return batch + 1, total + tf.cast(loss, dtype) * tf.cast(n_real, dtype)

        n_batches = (n_fit + batch_size - 1) // batch_size
        _, total = tf.while_loop(
            lambda batch, _: batch < n_batches,
            one_batch,
            (tf.constant(0), tf.zeros((), dtype)),
        )
        return total / tf.cast(n_fit, dtype)

    def _step(self, X, y, weight, real):
        trained = self.network.trainable_variables
        with tf.GradientTape() as tape:
            predicted = self.network(X, training=True)
            loss = self.loss(y, predicted, weight * real)
        self.optimizer.apply(tape.gradient(loss, trained), trained)
        for metric in self.metrics:
            metric.update_state(y, predicted, real)
        return loss


def train(model, data, *, key, twin, batch_size, epochs, shuffle, seed, on_epoch_end):
    """Train a compiled Keras model in place.

    Parameters
    ----------
    model : keras.Model
        Compiled; its weights and its optimizer's state are carried on.
    data : TrainingData
        Of the model's dtype.
    key : hashable or None
        What the program depends on. None: it is not kept.
    twin : callable
        Returns network, optimizer, loss and metrics for a new program.
    batch_size, epochs : int
        Rows in a batch, passes over the data.
    shuffle : bool
        Whether each epoch has an order of its own.
    seed : int
        Seeds those orders.
    on_epoch_end : callable
        Called with the epoch's number, from 0, and its list of loss and metrics.
    """
    n_batches = epochs * -(-len(data.samples) // batch_size)
    xla = worth_compiling(n_batches, data.n_timesteps, depth=len(model.layers) - 2)
    key = key and (key, xla)
    program = _epoch_programs.take(key, lambda: EpochProgram(*twin(), xla=xla))
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    assign(program.variables, state)
    tensors = [
        tf.constant(_lengthened(part, _bucket(len(part)) if xla else len(part)))
        for part in (data.series, data.y, data.weight)
    ]
    rng = np.random.RandomState(seed)
    for epoch in range(epochs):
        order = rng.permutation(data.samples) if shuffle else data.samples
        figures = program.run(tensors, order, batch_size, data.n_timesteps, data.stride)
        on_epoch_end(epoch, figures)
    trained = program.network.trainable_variables
    program.optimizer.finalize_variable_values(trained)  # averages, if it keeps any
    assign(state, program.variables)
    if key is not None:  # after an exception it is not put back
        _epoch_programs.put(key, program)


def assign(variables, values):
    """Assign to each variable its value, an array or a variable."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def worth_compiling(n_batches, n_timesteps, depth):
    """Tell whether XLA saves more than it takes to start.

    A function of the work alone, never of what is compiled already: the same fit
    has the same bits whichever fits came before.
    """
    per_batch = _BATCH_OVERHEAD + _STEP_OVERHEAD * n_timesteps * depth
    return n_batches * per_batch > _XLA_START


def _bucket(n_rows):
    """Round up to one of eight lengths in each power of two: XLA compiles by shape."""
    unit = 2 ** max(0, n_rows.bit_length() - 4)
    return -(-n_rows // unit) * unit


def _lengthened(array, length):
    if len(array) == length:
        return array
    out = np.zeros((length, *array.shape[1:]), dtype=array.dtype)
    out[: len(array)] = array
    return out


def predict(model, windows_of, n_rows, *, key, twin):
    """Predict rows batch by batch.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    windows_of : callable
        Returns the windows of a slice of rows, ready for the network.
    n_rows : int
        Rows in all.
    key : hashable
        What the network's program depends on.
    twin : callable
        Returns a network of the same layers.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        The network's output, in the dtype that it computes in.
    """
    program = _predict_programs.get(key, lambda: PredictProgram(twin()))
    n_at_once = max(1, N_VALUES_AT_ONCE // windows_of(slice(0, 1)).size)
    starts = range(0, n_rows, n_at_once)
    return np.concatenate(
        [program.run(model, windows_of(slice(i, i + n_at_once))) for i in starts]
    )


class PredictProgram:
    """A network's output as a function of its weights and windows, compiled.

    Parameters
    ----------
    network : keras.Model
        Gives the layers; its own weights are not used.
    """

    def __init__(self, network):
        self.network = network
        self._ready = False

        def spec(variable):
            return tf.TensorSpec(variable.shape, variable.dtype)

        self._compiled = tf.function(
            self._outputs,
            input_signature=[
                [spec(variable) for variable in network.trainable_variables],
                [spec(variable) for variable in network.non_trainable_variables],
                tf.TensorSpec(
                    (None, *network.input_shape[1:]), network.inputs[0].dtype
                ),
            ],
        )

    def run(self, model, windows):
        """Return the output of a model of the same layers as an ndarray."""
        n_rows = len(windows)
        windows = _lengthened(windows, -(-n_rows // ROWS_TOGETHER) * ROWS_TOGETHER)
        trained = [variable.value for variable in model.trainable_variables]
        fixed = [variable.value for variable in model.non_trainable_variables]
        with contextlib.nullcontext() if self._ready else quiet_tensorflow():
            outputs = self._compiled(trained, fixed, windows)
        self._ready = True
        return outputs.numpy()[:n_rows]

    def _outputs(self, trained, fixed, windows):
        return self.network.stateless_call(trained, fixed, windows, training=False)[0]
