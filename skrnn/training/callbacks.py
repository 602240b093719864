"""Callbacks: early stopping in the estimator's words, and copies of the user's."""

import contextlib
import copy
import signal
import threading
import warnings

import keras
import numpy as np


class BestWeights(keras.callbacks.Callback):
    """Stop when the validation loss no longer improves; go back to the best weights.

    Parameters
    ----------
    n_iter_no_change : int
        Epochs to go on without an improvement.
    tol : float
        A validation loss must be lower than the last that counted by more than this
        to count.
    """

    def __init__(self, n_iter_no_change, tol):
        super().__init__()
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol

    def on_train_begin(self, logs=None):
        """Forget an earlier training."""
        self._best, self._weights = np.inf, None
        self._to_beat, self._waited = np.inf, 0

    def on_epoch_end(self, epoch, logs):
        """Keep the weights if they are the best, and count."""
        loss = logs["val_loss"]
        if loss < self._best:
            self._best, self._weights = loss, self.model.get_weights()
        if loss < self._to_beat - self.tol:
            self._to_beat, self._waited = loss, 0
            return
        self._waited += 1
        if self._waited >= self.n_iter_no_change:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Go back to the best weights."""
        if self._weights is not None:
            self.model.set_weights(self._weights)


class TellsOfEpochs(keras.callbacks.Callback):
    """Tells scikit-learn's callbacks of every epoch, and stops if one asks for it.

    Parameters
    ----------
    task : skrnn._compat.FitTask
        The fit.
    attributes : callable
        Returns what makes a copy of the estimator one that was fitted so far.
    """

    def __init__(self, task, attributes):
        super().__init__()
        self._task = task
        self._attributes = attributes

    def on_epoch_begin(self, epoch, logs=None):
        """Tell that an epoch begins."""
        self._task.begin_epoch()

    def on_epoch_end(self, epoch, logs=None):
        """Tell that an epoch ended."""
        if self._task.end_epoch(self._attributes):
            self.model.stop_training = True


@contextlib.contextmanager
def until_interrupted():
    """Let Ctrl-C end a training after its last whole epoch, with a warning.

    Yields
    ------
    list
        To be appended to after every epoch. While it is empty, the
        KeyboardInterrupt goes on.
    """
    epochs = []
    try:
        yield epochs
    except KeyboardInterrupt:
        if not epochs:
            raise
        warnings.warn(
            f"Training was interrupted by the user after {len(epochs)} epochs.",
            stacklevel=2,
        )


@contextlib.contextmanager
def interrupts_between_epochs():
    """Hold Ctrl-C back until an epoch is counted; the second time it is at once.

    While a compiled epoch runs it would be raised behind it: with the weights of an
    epoch that is in no history.

    Yields
    ------
    callable
        Raises a KeyboardInterrupt that was held back.
    """
    held_back = []

    def hold_back(signum, frame):
        if held_back:
            raise KeyboardInterrupt
        held_back.append(signum)

    def raise_one():
        if held_back:
            raise KeyboardInterrupt

    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not is_ours:  # another thread gets no signals, another handler has its reasons
        yield raise_one
        return
    signal.signal(signal.SIGINT, hold_back)
    try:
        yield raise_one
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def fresh_copies(callbacks):
    """Return new callbacks for one training: classes called, instances copied.

    Raises
    ------
    TypeError
        If one is neither a Keras callback nor a class of them.
    """
    copies = []
    for given in callbacks:
        made = given() if isinstance(given, type) else copy.deepcopy(given)
        if not isinstance(made, keras.callbacks.Callback):
            raise TypeError(
                "The 'callbacks' parameter must hold Keras callbacks, as instances or "
                f"classes. Got {given!r} instead. scikit-learn's go to set_callbacks."
            )
        copies.append(made)
    return copies
