"""One epoch as a compiled program, which loops over the batches.

The last batch is padded with samples of weight zero.
"""

from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from skrnn.networks.affine import Affine
from skrnn.training.compiled.fused import FusedGRU, FusedLSTM
from skrnn.training.compiled.session import OwnSession, aligned
from skrnn.training.keras_inputs import network_inputs
from skrnn.training.keras_network import assign, build_model, values_of, variables_of
from skrnn.training.objectives import make_loss, make_metrics
from skrnn.training.optimizers import keeps_averages, make_optimizer
from skrnn.training.plan import RefusedError

_FUSED = {"gru": FusedGRU, "lstm": FusedLSTM}
# Errors that XLA raises if it cannot compile.
_REFUSALS = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)


@dataclass(frozen=True)
class LoadedBlock:
    """A block of training data in the form that a program takes."""

    arrays: list  # series, targets, weights, and scale and shift of the features
    room: np.ndarray  # samples in order, then padding of the last batch
    n_samples: int  # in the block
    total_weight: float  # or the number of samples
    sizes: list  # samples in a batch, steps in a window, rows between windows

    @property
    def samples(self):
        """The samples in the order to train on. Change it in place."""
        return self.room[: self.n_samples]


class EpochProgram:
    """One epoch of training, or one evaluation, compiled in its own session.

    It is traced with the variables of model, optimizer and metrics. In the session they
    are replaced by other variables, which `set_state` and `state` access.
    """

    def __init__(self, task, plan):
        self._traced = traced = TracedEpoch(task.spec, task.objective, plan)
        self.plan, self.optimizer = plan, traced.optimizer
        state = variables_of(traced.model, self.optimizer)
        self.first_optimizer_values = values_of(self.optimizer.variables)
        self._state = [variable.value for variable in state]
        self._session = OwnSession(self._state)
        self._read_state = self._session.reader(self._state)
        self._write_state = self._session.writer(self._state)
        self._compiled = {}

    def set_state(self, values):
        """Set the variables of the model, then of the optimizer, to arrays."""
        self._write_state(values)

    def state(self):
        """Return the values that `set_state` sets."""
        return self._read_state()

    def final_state(self):
        """Return the state, with the averaged weights of optimizers that keep them."""
        values = self.state()
        if not keeps_averages(self.optimizer):
            return values
        assign(self._state, values)
        self.optimizer.finalize_variable_values(self._traced.model.trainable_variables)
        return values_of(self._state)

    def prepare(self, what, block):
        """Compile "train" or "evaluate" for a block, or raise a RefusedError."""
        key = self._key(what, block)
        if key in self._compiled:
            return
        try:
            run = self._compile(what, self._arguments(block))
            run(*self._inputs(block, n_samples=0))
        except _REFUSALS as error:
            if not self.plan.xla:
                raise
            raise RefusedError(f"XLA cannot compile it: {_reason(error)}") from error
        self._compiled[key] = run

    def load(self, block, n_rows, batch_size, like=None):
        """Return a block as LoadedBlock, for blocks of up to `n_rows` rows.

        `like` was loaded from the same series, targets and weights: reuse its arrays.
        """
        capacity = capacity_for(n_rows) if self.plan.xla else len(block.y)
        n_batches = -(-capacity // batch_size)
        # padded with a sample to train on, as others may contain NaN or infinity
        room = np.full(n_batches * batch_size, block.samples[0], dtype=np.int32)
        room[: len(block.samples)] = block.samples
        return LoadedBlock(
            arrays=like.arrays if like else self._arrays(block, capacity),
            room=room,
            n_samples=len(block.samples),
            total_weight=block.total_weight,
            sizes=[batch_size, block.n_timesteps, block.stride],
        )

    def _arrays(self, block, capacity):
        """Return series, targets, weights and scales, in the lengths of the program."""
        n_rows = (capacity - 1) * block.stride + block.n_timesteps
        weight = block.weight
        if weight is None:
            weight = np.ones(len(block.y) if self.plan.weighted else 1, block.y.dtype)
        return [
            aligned(filled_up(block.series, n_rows)),
            aligned(filled_up(block.y, capacity)),
            aligned(filled_up(weight, capacity if self.plan.weighted else 1)),
            aligned(block.scales),
        ]

    def train(self, blocks):
        """Train one epoch on blocks, in order, and return loss and metrics."""
        return self._run("train", blocks)

    def evaluate(self, blocks):
        """Return loss and metrics of blocks, without training."""
        return self._run("evaluate", blocks)

    def _run(self, what, blocks):
        for metric in self._traced.metrics:
            metric.reset_state()
        self._write_others(values_of(self._others))
        total = total_weight = 0
        for block in blocks:
            run = self._compiled[self._key(what, block)]
            total += float(run(*self._inputs(block, block.n_samples)))
            total_weight += block.total_weight
        assign(self._others, self._read_others())
        loss = total / total_weight
        return [loss, *(float(metric.result()) for metric in self._traced.metrics)]

    def _inputs(self, block, n_samples):
        sizes = [] if self.plan.xla else map(np.int32, block.sizes)
        return [*block.arrays, block.room, np.int32(n_samples), *sizes]

    def _key(self, what, block):
        """Return the key of a compiled function: with XLA, each shape has its own."""
        if not self.plan.xla:
            return (what,)
        arrays = [*block.arrays, block.room]
        return what, *(array.shape for array in arrays), *block.sizes

    def _arguments(self, block):
        """Return the arguments of TracedEpoch to trace, without XLA for any sizes."""
        xla, scales = self.plan.xla, block.arrays[-1]

        def spec(array):
            n_rows = len(array) if xla or array is scales else None
            return tf.TensorSpec((n_rows, *array.shape[1:]), array.dtype)

        count = tf.TensorSpec((), tf.int32)
        sizes = block.sizes if xla else [count] * len(block.sizes)
        return list(map(spec, block.arrays)), spec(block.room), count, sizes

    def _compile(self, what, arguments):
        epoch = tf.function(
            getattr(self._traced, what),
            autograph=False,
            jit_compile=self.plan.xla or None,  # XLA needs other gradients
        )
        function = epoch.get_concrete_function(*arguments)
        run = self._session.add(function, xla=self.plan.xla)
        # variables of metrics and loss, which are copied to the session and back
        self._others = self._session.variables[len(self._state) :]
        self._read_others = self._session.reader(self._others)
        self._write_others = self._session.writer(self._others)
        return run


class TracedEpoch:
    """The computation of an epoch, to be traced by `tf.function`: a loop over steps."""

    def __init__(self, spec, objective, plan):
        layer = _FUSED[spec.cell] if plan.fused else None
        self.model = build_model(spec, masked=plan.masked, layer=layer)
        self.optimizer = make_optimizer(objective)
        self.optimizer.build(self.model.trainable_variables)
        self.metrics = make_metrics(objective, spec)
        self._loss = make_loss(objective, spec)
        self._inputs, self._plan = spec.inputs, plan

    def train(self, *arguments):
        """Train one epoch; return the weighted sum of the losses of the samples."""
        return self._epoch(self._train_step, *arguments)

    def evaluate(self, *arguments):
        """Return the weighted sum of the losses of the samples, without training."""
        return self._epoch(self._test_step, *arguments)

    def _epoch(self, step, arrays, order, n_real, sizes):
        series, y, weight, scales = arrays
        batch_size, n_timesteps, stride = sizes
        inputs, dtype = self._inputs, series.dtype

        def one_batch(batch, total):
            start = batch * batch_size
            samples = tf.slice(order, [start], [batch_size])
            n_rows = tf.minimum(n_real - start, batch_size)
            size = batch_size
            if not (self._plan.divisible or self._plan.xla):  # no padding
                size, samples = n_rows, samples[:n_rows]
            rows_weight = tf.cast(tf.range(size) < n_rows, dtype)
            first = tf.cast(samples, tf.int64) * tf.cast(stride, tf.int64)
            steps = first[:, tf.newaxis] + tf.range(tf.cast(n_timesteps, tf.int64))
            windows = tf.reshape(
                tf.gather(series, steps), (size, n_timesteps, series.shape[-1])
            )
            if inputs is not None:
                windows.set_shape((None, inputs.n_timesteps, inputs.n_features))
                missing = self._plan.has_missing
                windows = network_inputs(
                    windows, inputs, Affine(*tf.unstack(scales)), has_missing=missing
                )
            targets = tf.gather(y, samples)
            weights = rows_weight
            if self._plan.weighted:
                weights = rows_weight * tf.gather(weight, samples)
            loss, predicted = step(windows, targets, weights)
            for metric in self.metrics:
                metric.update_state(targets, predicted, rows_weight)
            weighted = tf.cast(loss, dtype) * tf.reduce_sum(weights)
            return batch + 1, total + weighted

        n_batches = (n_real + batch_size - 1) // batch_size
        _, total = tf.while_loop(
            lambda batch, _: batch < n_batches,
            one_batch,
            (tf.constant(0), tf.zeros((), dtype)),
        )
        return total

    def _train_step(self, *batch):
        model = self.model
        trained, others = model.trainable_variables, model.non_trainable_variables
        weights, state = (list(map(tf.convert_to_tensor, v)) for v in (trained, others))
        learn = self._learn if self._plan.n_shards == 1 else self._learn_from_shards
        loss, predicted, by_weights, state = learn(*batch, weights, state)
        assign(others, state)
        self.optimizer.apply(by_weights, trained)
        return loss, predicted

    def _learn(self, windows, targets, sample_weights, weights, state, share=1):
        """Return a share of the loss, predictions, gradients and the new state."""
        # without variables, for which shards would have to wait for each other
        model = self.model
        trained, others = model.trainable_variables, model.non_trainable_variables
        weights = list(map(tf.identity, weights))
        values = zip([*trained, *others], [*weights, *state], strict=True)
        with keras.StatelessScope(values) as scope:
            predicted = model(windows, training=True)
        loss = share * self._loss(targets, predicted, sample_weights)
        # GradientTape would not use the gradients of FusedLSTM
        by_weights = tf.gradients(loss, weights)
        return loss, predicted, by_weights, list(map(scope.get_current_value, others))

    def _learn_from_shards(self, windows, targets, sample_weights, weights, state):
        """Return the results of `_learn`, from shards of the batch in parallel."""
        n_shards = self._plan.n_shards
        size = (tf.shape(sample_weights)[0] + n_shards - 1) // n_shards
        total = tf.reduce_sum(sample_weights)

        def learn(number, loss, predictions, by_weights, state):
            rows = slice(number * size, (number + 1) * size)
            share = tf.reduce_sum(sample_weights[rows])
            share = tf.math.divide_no_nan(share, total)
            shard = windows[rows], targets[rows], sample_weights[rows]
            more, predicted, by_these, state = self._learn(
                *shard, weights, state, share
            )
            predictions = predictions.write(number, predicted)
            by_weights = list(map(tf.add, by_weights, by_these))
            return number + 1, loss + more, predictions, by_weights, state

        dtype, shape = windows.dtype, (None, self.model.output_shape[-1])
        predictions = tf.TensorArray(
            dtype, n_shards, infer_shape=False, element_shape=shape
        )
        nothing = list(map(tf.zeros_like, weights))
        done = (0, tf.zeros((), dtype), predictions, nothing, state)
        if n_shards == 2:  # faster than a loop; more shards would take long to compile
            done = learn(*learn(*done))
        else:
            done = tf.while_loop(lambda number, *_: number < n_shards, learn, done)
        _, loss, predictions, by_weights, state = done
        return loss, predictions.concat(), by_weights, state

    def _test_step(self, windows, targets, weights):
        predicted = self.model(windows, training=False)
        return self._loss(targets, predicted, weights), predicted


def filled_up(array, length):
    """Pad an array with zeros to a length, or return it if it has that length."""
    if len(array) == length:
        return array
    out = np.zeros((length, *array.shape[1:]), dtype=array.dtype)
    out[: len(array)] = array
    return out


def capacity_for(n_samples):
    """Return the number of samples that an XLA program for `n_samples` is compiled for.

    XLA compiles each shape separately, so only few sizes are used: four up to 262,144
    samples, and eight between consecutive powers of two beyond.
    """
    for capacity in (2**12, 2**14, 2**16, 2**18):
        if n_samples <= capacity:
            return capacity
    unit = 2 ** (n_samples.bit_length() - 4)
    return -(-n_samples // unit) * unit


def _reason(error):
    """Return the first informative line of an error."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next(
        (line for line in lines if line and line != "Graph execution error:"), ""
    )
