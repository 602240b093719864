"""One epoch as a compiled program: a loop over the batches of an order.

The last batch is filled up with samples of weight zero.
"""

import functools
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from skrnn.training.compiled.programs import assign, filled_up, values_of
from skrnn.training.compiled.session import ForeignResourceError, OwnSession, aligned
from skrnn.training.start import quiet_tensorflow

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
    fused : bool
        Whether all steps of an LSTM layer are one operation; not for XLA.
    n_parts : int
        Parts of a batch that are trained on side by side; not for XLA.
    masked : bool
        Whether it looks for missing steps.
    weighted : bool
        Whether the samples have weights.
    n_targets : int
        Columns of the targets; the network may have more outputs.
    """

    xla: bool
    fused: bool
    n_parts: int
    masked: bool
    weighted: bool
    n_targets: int


@dataclass(frozen=True)
class Loaded:
    """A block of training data as a program takes it.

    Parameters
    ----------
    arrays : list of ndarray
        Series, targets and weights.
    room : ndarray of int32
        The order of the samples, and behind them room for the rest of the last batch.
    n_samples : int
        Samples in it.
    sizes : list of int
        Samples in a batch, steps in a window, rows from one window to the next.
    """

    arrays: list
    room: np.ndarray
    n_samples: int
    sizes: list

    @property
    def order(self):
        """The samples in the order to train on, to be changed in place."""
        return self.room[: self.n_samples]


class EpochProgram:
    """One epoch of training, or one evaluation, compiled in a session of its own.

    It is traced with the variables of network, optimizer and metrics. Where it runs,
    in the session, others stand in their place, which `set_state` and `state` reach.

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
        state = [*network.variables, *optimizer.variables]
        self._state = [variable.value for variable in state]
        self._session = OwnSession(self._state)
        self._compiled = {}

    def set_state(self, values):
        """Set what training changes: the network's variables and the optimizer's.

        Parameters
        ----------
        values : list of ndarray
            The values of the variables, first the network's.
        """
        self._session.assign(self._state, values)

    def state(self):
        """Return what training changes, as `set_state` takes it."""
        return self._session.values(self._state)

    def final_state(self):
        """Return what training changes, with averages where the optimizer keeps any."""
        assign(self._state, self.state())
        self.optimizer.finalize_variable_values(self.network.trainable_variables)
        return values_of(self._state)

    def load(self, block, n_rows, batch_size, arrays=None):
        """Bring a block to where the program takes it from.

        Parameters
        ----------
        block : Block
            What to train on, or to evaluate.
        n_rows : int
            Rows of the longest block that is to come.
        batch_size : int
            Samples in a batch.
        arrays : list of ndarray, default=None
            Those of another block with the same series, targets and weights.

        Returns
        -------
        Loaded
        """
        capacity = capacity_for(n_rows) if self.kind.xla else len(block.y)
        n_batches = -(-capacity // batch_size)
        # filled up with a sample to train on: another may hold what is not finite
        room = np.full(n_batches * batch_size, block.samples[0], dtype=np.int32)
        room[: len(block.samples)] = block.samples
        return Loaded(
            arrays=arrays or self._arrays(block, capacity),
            room=room,
            n_samples=len(block.samples),
            sizes=[batch_size, block.n_timesteps, block.stride],
        )

    def _arrays(self, block, capacity):
        """Return series, targets and weights in the lengths that the program takes."""
        n_rows = (capacity - 1) * block.stride + block.n_timesteps
        weight = block.weight
        if weight is None:
            weight = np.ones(len(block.y) if self.kind.weighted else 1, block.y.dtype)
        return [
            aligned(filled_up(block.series, n_rows)),
            aligned(filled_up(block.y, capacity)),
            aligned(filled_up(weight, capacity if self.kind.weighted else 1)),
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
            If XLA refuses, or the loss holds what cannot be in a session.
        """
        return self._run("train", blocks)

    def evaluate(self, blocks):
        """Return loss and metrics without training; parameters as for `train`."""
        return self._run("evaluate", blocks)

    def _run(self, what, blocks):
        for metric in self.metrics:
            metric.reset_state()
        others = self._others()
        self._session.assign(others, values_of(others))
        total = n_samples = 0
        for block in blocks:
            total += self._run_block(what, block)
            n_samples += block.n_samples
        others = self._others()
        assign(others, self._session.values(others))
        return [total / n_samples, *(float(metric.result()) for metric in self.metrics)]

    def _others(self):
        """Return the variables of metrics, and those that a loss may have.

        They are brought in before a run, and back behind it.
        """
        return self._session.variables[len(self._state) :]

    def _run_block(self, what, block):
        """Return the sum of the losses of a block's samples."""
        inputs = [*block.arrays, block.room, np.int32(block.n_samples)]
        if self.kind.xla:
            sizes = block.sizes
            specs = [tf.TensorSpec(array.shape, array.dtype) for array in inputs]
        else:
            sizes = []
            inputs += map(np.int32, block.sizes)
            specs = self._any_number_of_rows()
        key = (what, *specs, *sizes)
        run = self._compiled.get(key)
        if run is not None:
            return float(run(*inputs))
        with quiet_tensorflow() as forget:
            try:
                run = self._compile(what, [*specs, *sizes])
                total = float(run(*inputs))
            except ForeignResourceError as error:
                raise CannotServeError(str(error)) from error
            except _REFUSALS as error:
                if not self.kind.xla:
                    raise
                forget()
                raise CannotServeError(f"XLA refuses: {_reason(error)}") from error
        self._compiled[key] = run
        return total

    def _compile(self, what, arguments):
        step = self._train_step if what == "train" else self._test_step
        epoch = tf.function(
            functools.partial(self._epoch, step),
            autograph=False,
            jit_compile=self.kind.xla or None,  # gradients are others for XLA
        )
        traced = epoch.get_concrete_function(*arguments)
        return self._session.add(traced, xla=self.kind.xla)

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

    def _train_step(self, *batch):
        network = self.network
        trained, others = network.trainable_variables, network.non_trainable_variables
        weights, state = (list(map(tf.convert_to_tensor, v)) for v in (trained, others))
        learn = self._learn if self.kind.n_parts == 1 else self._learn_from_parts
        loss, predicted, by_weights, state = learn(*batch, weights, state)
        assign(others, state)
        self.optimizer.apply(by_weights, trained)
        return loss, predicted

    def _learn(self, windows, targets, sample_weights, weights, state, share=1):
        """Return a share of the loss, predictions, its gradients and the new state.

        Without a variable: for one, a part of a batch would wait for the part before.
        """
        network = self.network
        trained, others = network.trainable_variables, network.non_trainable_variables
        weights = list(map(tf.identity, weights))
        values = zip([*trained, *others], [*weights, *state], strict=True)
        with keras.StatelessScope(values) as scope:
            predicted = network(windows, training=True)
        loss = share * self.loss(targets, predicted, sample_weights)
        # no GradientTape, which would not use the gradients of FusedLSTM
        by_weights = tf.gradients(loss, weights)
        return loss, predicted, by_weights, list(map(scope.get_current_value, others))

    def _learn_from_parts(self, windows, targets, sample_weights, weights, state):
        """Return what `_learn` does, from parts of the batch side by side."""
        n_parts = self.kind.n_parts
        size = (tf.shape(sample_weights)[0] + n_parts - 1) // n_parts
        total = tf.reduce_sum(sample_weights)

        def learn(number, loss, predictions, by_weights, state):
            rows = slice(number * size, (number + 1) * size)
            share = tf.reduce_sum(sample_weights[rows])
            share = tf.math.divide_no_nan(share, total)
            part = windows[rows], targets[rows], sample_weights[rows]
            more, predicted, by_these, state = self._learn(*part, weights, state, share)
            predictions = predictions.write(number, predicted)
            by_weights = list(map(tf.add, by_weights, by_these))
            return number + 1, loss + more, predictions, by_weights, state

        dtype, shape = windows.dtype, (None, self.network.output_shape[-1])
        predictions = tf.TensorArray(
            dtype, n_parts, infer_shape=False, element_shape=shape
        )
        nothing = list(map(tf.zeros_like, weights))
        done = (0, tf.zeros((), dtype), predictions, nothing, state)
        if n_parts == 2:  # a loop takes longer to run, many parts longer to start
            done = learn(*learn(*done))
        else:
            done = tf.while_loop(lambda number, *_: number < n_parts, learn, done)
        _, loss, predictions, by_weights, state = done
        return loss, predictions.concat(), by_weights, state

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


def _reason(error):
    """Return the first line of an error that says something."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next(
        (line for line in lines if line and line != "Graph execution error:"), ""
    )
