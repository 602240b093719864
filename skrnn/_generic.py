"""Training and predicting by Keras's own `fit` and `predict`."""

import contextlib

import keras

from skrnn._backend import quiet_tensorflow
from skrnn._callbacks import until_interrupted
from skrnn._programs import assign

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
        self._batch_size = schedule.batch_size
        self._order = data.samples.copy()
        self._orders = schedule.orders(self._order)

    def __len__(self):
        return -(-len(self._order) // self._batch_size)

    def __getitem__(self, index):
        start = index * self._batch_size
        return self._data.batch(self._order[start : start + self._batch_size])

    def start_epoch(self):
        """Put the samples into the order of the next epoch."""
        next(self._orders)


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


class WindowBatches(keras.utils.PyDataset):
    """Windows that are made batch by batch.

    Parameters
    ----------
    windows_of : callable
        Returns the windows of a slice of rows.
    n_rows : int
        Rows in all.
    """

    def __init__(self, windows_of, n_rows):
        super().__init__()
        self._windows_of = windows_of
        self._n_rows = n_rows
        self._n_at_once = max(1, N_VALUES_AT_ONCE // windows_of(slice(0, 1)).size)

    def __len__(self):
        return -(-self._n_rows // self._n_at_once)

    def __getitem__(self, index):
        start = index * self._n_at_once
        return (self._windows_of(slice(start, start + self._n_at_once)),)


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
    with quiet_tensorflow():
        return model.predict(WindowBatches(windows_of, n_rows), verbose=0)
