"""The Keras trainer: `keras.Model.fit`, called by a scikeras wrapper.

It is the reference for the compiled engine, and trains what the engine cannot train.
"""

import contextlib

import keras
import numpy as np
import tensorflow as tf
from scikeras.wrappers import BaseWrapper
from sklearn.preprocessing import FunctionTransformer

from skrnn._compat.tensorflow import forget_kernels
from skrnn.networks.inputs import FeatureScales, prepare
from skrnn.networks.missing import MISSING, mark_missing
from skrnn.training.keras_callbacks import in_units, mean_loss, use_mean_loss
from skrnn.training.keras_network import (
    assign,
    build_model,
    dropout_variables,
    values_of,
)
from skrnn.training.objectives import make_loss, make_metrics
from skrnn.training.optimizers import OptimizerKind, make_optimizer
from skrnn.training.start import compiling, without_retracing_notices
from skrnn.training.state import OptimizerState, TrainingState


def train(task, plan, events):
    """Train a network with `keras.Model.fit`, and return the TrainingState."""
    forget_kernels()  # each `keras.Model.fit` compiles new functions
    trained = _TrainedModel(task, is_weighted=plan.weighted)
    _compile_quietly(trained, task)
    batches = OrderedBatches(task.data, task.schedule)
    follow = _Follow(events, batches, trained)
    told = in_units(task, events) if task.callbacks else []
    wrapper = _BatchesWrapper(
        lambda: trained.model,
        callbacks=[follow, *told],
        epochs=task.schedule.epochs,
        shuffle=False,
        verbose=0,
    )
    wrapper.batches = batches
    validation = task.validation and OrderedBatches(task.validation, task.schedule)
    nothing = np.zeros((1, 1))  # scikeras requires arrays
    try:
        with without_retracing_notices():
            wrapper.fit(nothing, nothing[0], validation_data=validation)
    except KeyboardInterrupt:  # perhaps between two batches
        if not events.history.n_epochs:
            raise
        events.interrupted = True
        follow.end_interrupted(task.callbacks)
    return trained.state()


def _compile_quietly(trained, task):
    """Compile the training steps by a dry run without batches, and restore variables.

    Operations that do not depend on a batch run even so, such as the step counter.
    """
    model, data, validation = trained.model, task.data, task.validation
    model.make_train_function()
    model.make_test_function()
    variables = [*trained.variables, *_variables_of(model.loss, task)]
    values = values_of(variables)
    with compiling():
        _run_no_batches(model.train_function, task.spec, data)
        if validation is not None:
            _run_no_batches(model.test_function, task.spec, validation)
    assign(variables, values)


def _run_no_batches(run, spec, data):
    batch = [(data.inputs.n_steps, spec.n_features), (data.n_columns,)]
    shapes = [*batch, ()] if data.is_weighted else batch
    signature = tuple(tf.TensorSpec((None, *s), spec.dtype) for s in shapes)
    empty = tf.data.Dataset.from_generator(list, output_signature=signature)
    with contextlib.suppress(tf.errors.OutOfRangeError):
        run(iter(empty))


def _variables_of(loss, task):
    """Return the variables that a loss contains, if any."""
    n_columns, n_outputs = task.data.n_columns, task.spec.n_outputs
    arguments = [
        tf.TensorSpec((None, n), task.spec.dtype) for n in (n_columns, n_outputs)
    ]
    traced = tf.function(lambda y_true, y_pred: loss(y_true, y_pred), autograph=False)
    return traced.get_concrete_function(*arguments).variables


class _TrainedModel:
    """A compiled Keras model that is being trained, and its variables."""

    def __init__(self, task, *, is_weighted):
        spec, objective = task.spec, task.objective
        self._task = task
        self.model = build_model(spec, task.state)
        self.optimizer = make_optimizer(objective)
        loss = make_loss(objective, spec)
        self.model.compile(
            self.optimizer,
            loss,
            metrics=make_metrics(objective, spec),
            weighted_metrics=[mean_loss(loss)] if is_weighted else None,
            auto_scale_loss=False,
        )
        kind = OptimizerKind.of(objective)
        self._key = kind.key
        self.optimizer.build(self.model.trainable_variables)
        before = task.state.optimizer
        if before is not None and before.key == self._key:
            assign(self.optimizer.variables, before.values)
            if before.learning_rate != objective.learning_rate:
                self.optimizer.learning_rate = kind.learning_rate
        others = dropout_variables(self.model)
        self.variables = [*self.model.weights, *others, *self.optimizer.variables]
        self._n_others = len(self.model.weights) + len(others)

    def state(self):
        """Return the state of the training."""
        values = values_of(self.variables)
        n_weights = len(self.model.weights)
        return TrainingState(
            values[:n_weights],
            values[n_weights : self._n_others],
            OptimizerState(
                self._key, self._task.objective.learning_rate, values[self._n_others :]
            ),
        )


class _BatchesWrapper(BaseWrapper):
    """Passes batches to `keras.Model.fit`, through the encoders of scikeras."""

    batches = None

    @property
    def feature_encoder(self):
        """A transformer that returns the batches, whatever X is."""
        return FunctionTransformer(lambda _: self.batches)

    @property
    def target_encoder(self):
        """A transformer that returns None, as the batches contain the targets."""
        return FunctionTransformer(lambda _: None)


class _Follow(keras.callbacks.Callback):
    """Records every epoch, before the user's callbacks are called."""

    def __init__(self, events, batches, trained):
        super().__init__()
        self._events, self._batches, self._trained = events, batches, trained
        self._last_logs, self._whole_epoch = {}, None

    def on_epoch_begin(self, epoch, logs=None):
        """Start the order of the epoch; PyDataset.on_epoch_end would be too early."""
        self._events.begin_epoch()
        self._batches.start_epoch()

    def on_epoch_end(self, epoch, logs=None):
        """Record the epoch."""
        use_mean_loss(logs)
        figures = [logs[name] for name in self._events.names]
        logs.update(self._events.end_epoch(figures, self._trained.state))
        self._last_logs = dict(logs)
        self._whole_epoch = values_of(self._trained.variables)
        if self._events.stop:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Restore the best weights, if early stopping kept any."""
        best = self._events.best_weights
        if best is not None:
            assign(self._trained.model.weights, best)

    def end_interrupted(self, callbacks):
        """Restore the last complete epoch, and end the training as Keras would."""
        model = self._trained.model
        assign(self._trained.variables, self._whole_epoch)
        self._trained.optimizer.finalize_variable_values(model.trainable_variables)
        for callback in [self, *callbacks]:
            callback.on_train_end(self._last_logs)


class OrderedBatches(keras.utils.PyDataset):
    """The batches of training data, ordered by a schedule in each epoch."""

    def __init__(self, data, schedule):
        super().__init__()
        self._data = data
        self._schedule = schedule
        self._block = None
        self._epochs = schedule.of_epochs(len(data.n_of_blocks))
        self._begin(range(len(data.n_of_blocks)), lambda order: None)

    def __len__(self):
        return self._schedule.n_batches(self._data)

    def __getitem__(self, index):
        if index < self._first:  # Keras starts again from the first batch
            self._begin(self._numbers, self._shuffle)
        while index >= self._stop:
            self._next_block()
        start = (index - self._first) * self._schedule.batch_size
        samples = self._order[start : start + self._schedule.batch_size]
        windows, *rest = self._block.batch(samples)
        return self._prepared(windows), *rest

    def _prepared(self, windows):
        """Return the inputs of the network for windows."""
        inputs = self._data.inputs
        if inputs.is_plain:
            return windows
        windows = np.where(windows == MISSING, np.nan, windows)
        scales = FeatureScales(*self._data.scales.astype(np.float64))
        return mark_missing(prepare(windows, inputs, scales), windows.dtype.name)

    def start_epoch(self):
        """Set the order of blocks and samples for the next epoch."""
        self._begin(*next(self._epochs))

    def _begin(self, numbers, shuffle):
        self._numbers, self._shuffle = numbers, shuffle
        self._to_come = iter(numbers)
        self._first = self._stop = 0

    def _next_block(self):
        number = next(self._to_come)
        if self._block is None or len(self._data.n_of_blocks) > 1:
            self._block = self._data.block(number)
            self._order = self._block.samples.copy()
        self._shuffle(self._order)
        n_batches = self._schedule.n_batches_of(len(self._order))
        self._first, self._stop = self._stop, self._stop + n_batches
