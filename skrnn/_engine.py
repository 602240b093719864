"""Training as one compiled program an epoch.

The program is a loop over the batches of a shuffled order, the last batch filled
up with rows of weight zero. Programs are kept and serve the next fit of the same
network, whatever its number of rows; they hold no data, and a fit has one to
itself.
"""

import functools
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from skrnn._backend import quiet_tensorflow
from skrnn._programs import ProgramStore, filled_up

N_PROGRAMS_KEPT = 16
_programs = ProgramStore(N_PROGRAMS_KEPT)

# Seconds that XLA saves a batch, and a step of a layer in it, and that it takes more
# to start: see benchmarks/README.md. Mostly several fits share a program.
_BATCH_OVERHEAD, _STEP_OVERHEAD, _XLA_START = 0.4e-3, 0.2e-3, 0.6
_FITS_OF_A_PROGRAM = 3

_REFUSALS = (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError)  # XLA's

_BATCH_EVENTS = [
    f"on_{part}batch_{when}"
    for part in ("", "train_", "test_")
    for when in ("begin", "end")
]


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
    """

    xla: bool
    masked: bool
    weighted: bool


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
            tf.TensorSpec((None, network.output_shape[-1]), dtype),
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


def train(
    model,
    data,
    schedule,
    *,
    xla,
    key,
    twin,
    on_epoch_end,
    validation=None,
    callbacks=(),
):
    """Train a compiled Keras model in place.

    Parameters
    ----------
    model : keras.Model
        Its weights and its optimizer's state are carried on.
    data : TrainingData
        Of the model's dtype.
    schedule : Schedule
        Batches and epochs.
    xla : bool
        Whether XLA compiles the program.
    key : hashable or None
        What the program depends on. None: it is not kept.
    twin : callable
        Called with `masked`, returns network, optimizer, loss and metrics for a
        new program.
    on_epoch_end : callable
        Called with the epoch's number, from 0, and its list of loss and metrics,
        those of the validation data behind those of training; returns them by name.
    validation : TrainingData, default=None
        What to evaluate after each epoch.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Called at the start and the end of training and of every epoch.

    Raises
    ------
    CannotServeError
        If there is a GPU, a callback for batches, or XLA refuses; the model is as
        before.
    """
    _check_can_serve(callbacks)
    parts = [data] if validation is None else [data, validation]
    kind = ProgramKind(
        xla=xla,
        masked=any(part.has_missing for part in parts),
        weighted=any(part.weight is not None for part in parts),
    )
    key = key and (key, kind)
    program = _programs.take(key, lambda: EpochProgram(*twin(kind.masked), kind))
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    assign(program.variables, state)
    batch_size = schedule.batch_size
    tensors = [program.tensors(part) for part in parts]
    order, *fixed = [program.room_for(part, batch_size) for part in parts]
    audience = _Audience(callbacks, model, schedule, len(data.samples))
    audience.tell("on_train_begin")
    for epoch, _ in enumerate(schedule.orders(order[: len(data.samples)])):
        audience.tell("on_epoch_begin", epoch)
        if callbacks:  # which may have changed weights or the learning rate
            assign(program.variables, state)
        figures = program.train(tensors[0], order, data, batch_size)
        if validation is not None:
            figures += program.evaluate(tensors[1], fixed[0], validation, batch_size)
        if callbacks:
            assign(state, program.variables)
        audience.tell("on_epoch_end", epoch, on_epoch_end(epoch, figures))
        if model.stop_training:
            break
    trained = program.network.trainable_variables
    program.optimizer.finalize_variable_values(trained)  # averages, if it keeps any
    assign(state, program.variables)
    audience.tell("on_train_end")
    if key is not None:  # after an exception it is not put back
        _programs.put(key, program)


class _Audience:
    """The callbacks of a training, told what `keras.Model.fit` would tell them."""

    def __init__(self, callbacks, model, schedule, n_samples):
        self._callbacks = callbacks
        model.stop_training = False
        for callback in callbacks:
            callback.set_model(model)
            callback.set_params(
                {
                    "epochs": schedule.epochs,
                    "steps": schedule.n_batches(n_samples),
                    "verbose": 0,
                }
            )

    def tell(self, event, *news):
        for callback in self._callbacks:
            getattr(callback, event)(*news)


def assign(variables, values):
    """Assign to each variable its value, an array or a variable."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def has_gpu():
    """Tell whether TensorFlow sees a GPU, on which cuDNN is faster."""
    return bool(tf.config.get_visible_devices("GPU"))


def _check_can_serve(callbacks):
    if has_gpu():
        raise CannotServeError("TensorFlow sees a GPU")
    for callback in callbacks:
        for event in _BATCH_EVENTS:
            method = getattr(getattr(callback, event), "__func__", None)
            if method is not getattr(keras.callbacks.Callback, event):
                raise CannotServeError(
                    f"the callback {type(callback).__name__} has a method {event}"
                )


def worth_compiling(n_batches, n_timesteps, depth):
    """Tell whether XLA saves more, over a few fits, than it takes to start.

    A function of the work alone, never of what is compiled already: the same fit
    has the same bits whichever fits came before.
    """
    per_batch = _BATCH_OVERHEAD + _STEP_OVERHEAD * n_timesteps * depth
    return _FITS_OF_A_PROGRAM * n_batches * per_batch > _XLA_START


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
