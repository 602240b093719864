"""The Keras trainer: `keras.Model.fit`, called by a scikeras wrapper.

It is the reference for the compiled engine, and trains what the engine cannot train.
"""

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper
from sklearn.preprocessing import FunctionTransformer

from skrnn._compat.tensorflow import forget_kernels
from skrnn.networks.affine import Affine
from skrnn.networks.inputs import prepare
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
from skrnn.training.state import OptimizerState, TrainingState
from skrnn.training.tensorflow_import import without_retracing_notices


def train(task, plan, events):
    """Train a network with `keras.Model.fit`, and return the TrainingState."""
    forget_kernels()  # each `keras.Model.fit` compiles new functions
    trained = _TrainedModel(task, is_weighted=plan.weighted)
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
        if events.last is None:
            raise
        follow.end_interrupted(events.interrupt(), told)
    return trained.state()


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

    def on_epoch_begin(self, epoch, logs=None):
        """Start the order of the epoch; PyDataset.on_epoch_end would be too early."""
        self._events.begin_epoch()
        self._batches.start_epoch()

    def on_epoch_end(self, epoch, logs=None):
        """Record the epoch."""
        use_mean_loss(logs)
        figures = [logs[name] for name in self._events.names]
        logs.update(self._events.end_epoch(figures, self._trained.state()))
        if self._events.stop:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Restore the best weights, if early stopping kept any."""
        best = self._events.best_weights
        if best is not None:
            assign(self._trained.model.weights, best)

    def end_interrupted(self, epoch, callbacks):
        """Restore a recorded epoch, and end the training as Keras would."""
        model = self._trained.model
        assign(self._trained.variables, epoch.state.values)
        self._trained.optimizer.finalize_variable_values(model.trainable_variables)
        for callback in [self, *callbacks]:
            callback.on_train_end(epoch.logs)


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
        features = Affine(*self._data.scales.astype(np.float64))
        return mark_missing(prepare(windows, inputs, features), windows.dtype.name)

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
