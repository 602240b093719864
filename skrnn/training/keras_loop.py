"""Training and predicting by Keras's own `fit` and `predict`."""

import contextlib

import keras
import numpy as np
from sklearn.utils import gen_batches

from skrnn._compat.tensorflow import forget_kernels
from skrnn.training.callbacks import until_interrupted
from skrnn.training.compiled.programs import assign
from skrnn.training.start import quiet_tensorflow

N_VALUES_AT_ONCE = 2**20  # of the windows in one batch to predict


class OrderedBatches(keras.utils.PyDataset):
    """The batches of training data, each epoch in the order of a schedule.

    Parameters
    ----------
    data : TrainingData
        Windows, targets and weights.
    schedule : Schedule
        Batches and epochs.
    """

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
        if index < self._first:  # Keras starts again
            self._begin(self._numbers, self._shuffle)
        while index >= self._stop:
            self._next_block()
        start = (index - self._first) * self._schedule.batch_size
        samples = self._order[start : start + self._schedule.batch_size]
        return self._block.batch(samples)

    def start_epoch(self):
        """Put blocks and samples into the order of the next epoch."""
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


def train(model, data, schedule, *, names, on_epoch_end, validation=None, callbacks=()):
    """Train a compiled Keras model in place.

    Parameters
    ----------
    model : keras.Model
        Its weights and its optimizer's state are carried on.
    data, validation : TrainingData
        What to train on, and what to evaluate after each epoch, if anything.
    schedule : Schedule
        Batches and epochs.
    names : list of str
        Loss and metrics, and those of the validation data, as Keras names them.
    on_epoch_end : callable
        Called with the epoch's number, from 0, and its list of loss and metrics,
        those of the validation data behind those of training; returns them by name.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Called by Keras.
    """
    forget_kernels()  # each `keras.Model.fit` has functions of its own
    model.optimizer.build(model.trainable_variables)
    batches = OrderedBatches(data, schedule)

    # Keras calls PyDataset.on_epoch_end before the first epoch as well.
    def start(epoch, logs):
        batches.start_epoch()

    state, whole_epoch = [*model.variables, *model.optimizer.variables], []
    last_logs = {}

    def record(epoch, logs):
        compiling.close()
        logs.update(on_epoch_end(epoch, [logs[name] for name in names]))
        last_logs.update(logs)
        whole_epoch[:] = [variable.numpy() for variable in state]
        epochs.append(epoch)

    watch = keras.callbacks.LambdaCallback(on_epoch_begin=start, on_epoch_end=record)
    with until_interrupted() as epochs, contextlib.ExitStack() as compiling:
        compiling.enter_context(quiet_tensorflow())
        model.fit(
            batches,
            epochs=schedule.epochs,
            shuffle=False,
            verbose=0,
            validation_data=validation and OrderedBatches(validation, schedule),
            callbacks=[watch, *callbacks],
        )
        return
    # Interrupted, perhaps between two batches: what Keras would have done at the end.
    assign(state, whole_epoch)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    for callback in callbacks:
        callback.on_train_end(last_logs)


def predict(model, windows_of, n_rows):
    """Predict rows batch by batch.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    windows_of : callable
        Returns the windows of a slice of rows, ready for the network.
    n_rows : int
        Rows in all.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        The network's output.
    """
    n_at_once = max(1, N_VALUES_AT_ONCE // windows_of(slice(0, 1)).size)
    with quiet_tensorflow():
        # Arrays: a dataset made batch by batch leaves a thread and memory behind.
        return np.concatenate(
            [
                model.predict(windows_of(part), batch_size=n_at_once, verbose=0)
                for part in gen_batches(n_rows, n_at_once)
            ]
        )
