"""Handles the end of each epoch: history, early stopping, reports (NumPy only)."""

from dataclasses import dataclass

import numpy as np

from skrnn.training.state import TrainingState

_LOSSES = "loss", "val_loss"


@dataclass(frozen=True)
class Epoch:
    """The number of a recorded epoch, its logs, the state and the best weights."""

    number: int
    logs: dict
    state: TrainingState
    best_weights: list | None


class Events:
    """Records history and best weights, and decides when to stop."""

    def __init__(
        self, history, names, report, patience=None, observer=None, *, unit=1.0
    ):
        self.history, self.names, self.unit = history, names, unit
        self.stop, self.interrupted = False, False
        self._report, self._patience, self._observer = report, patience, observer
        self.best_weights, self._best = None, np.inf
        self._to_beat, self._waited = np.inf, 0
        self.last = None

    def start(self, loss, weights):
        """Let early stopping choose the state before the first epoch as the best."""
        self.history.loss_before = self._best = self._to_beat = loss * self.unit
        self.best_weights = weights

    def begin_epoch(self):
        """Notify the observer that an epoch begins."""
        if self._observer is not None:
            self._observer.begin_epoch()

    def end_epoch(self, figures, state):
        """Record an epoch; return loss and metrics by name, in units of the targets."""
        logs = self.in_units(dict(zip(self.names, figures, strict=True)))
        self.history.append(logs)
        epoch = self.history.n_epochs
        _check_finite("the loss of", epoch, logs["loss"])
        if self._patience:
            _check_finite("the validation loss of", epoch, logs["val_loss"])
            self._watch_validation_loss(logs["val_loss"], state)
        self.last = Epoch(epoch, logs, state, self.best_weights)
        self._report(epoch, logs)
        if self._observer is not None:
            self.stop |= bool(self._observer.end_epoch(self.history, lambda: state))
        return logs

    def interrupt(self):
        """Forget what came after the last recorded epoch, and return that epoch."""
        self.interrupted = True
        self.history.cut(self.last.number)
        self.best_weights = self.last.best_weights
        return self.last

    def in_units(self, logs):
        """Return loss and metrics by name, the losses in the units of the targets."""
        return {k: v * self.unit if k in _LOSSES else v for k, v in logs.items()}

    def check(self, state):
        """Raise a ValueError if a weight is not finite."""
        for array in state.weights:
            total = array.sum()
            _check_finite("the sum of weights after", self.history.n_epochs, total)

    def _watch_validation_loss(self, loss, state):
        if loss < self._best:
            self._best, self.best_weights = loss, state.weights
        n_iter_no_change, tol = self._patience
        if loss < self._to_beat - tol:
            self._to_beat, self._waited = loss, 0
            return
        self._waited += 1
        self.stop |= self._waited >= n_iter_no_change


def _check_finite(what, epoch, value):
    if not np.isfinite(value):
        raise ValueError(
            f"Training diverged: {what} epoch {epoch} is {value}. Try a lower "
            "learning_rate, an optimizer that limits the gradient, such as "
            "keras.optimizers.Adam(0.005, clipnorm=1.0), or scaled data."
        )
