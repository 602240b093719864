"""The training of a network: the task, what is recorded of each epoch, and the end.

The epochs are run by one of two trainers, which `skrnn.training.trainers` chooses.
TensorFlow is imported when the first network is trained.
"""

from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize_scalar

from skrnn.networks.affine import Affine
from skrnn.networks.spec import NetworkSpec
from skrnn.training import tensorflow_import
from skrnn.training.data import Schedule, TrainingData
from skrnn.training.progress import ProgressReport
from skrnn.training.state import History, Objective, TrainingState

_LOSSES = "loss", "val_loss"
_WEIGHT_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Task:
    """Everything that a trainer needs to train a network."""

    spec: NetworkSpec
    state: TrainingState  # to start from
    data: TrainingData
    validation: TrainingData | None  # to evaluate after each epoch
    schedule: Schedule
    objective: Objective
    callbacks: list  # of Keras, the user's, copied for this training
    unit: float = 1.0  # of a loss of 1, in the units of the targets
    scaling: Affine = field(default_factory=Affine)  # of outputs, for callbacks
    is_candidate: bool = False  # whether early stopping may keep the first weights


@dataclass(frozen=True)
class Trained:
    """The state and history after a training, and whether the user interrupted it."""

    state: TrainingState
    history: History
    interrupted: bool


@dataclass(frozen=True)
class Epoch:
    """A recorded epoch, counted from 1 in this training."""

    number: int
    logs: dict  # loss and metrics by name, in the units of the targets
    state: TrainingState
    history: History  # so far, to which later epochs are added
    best_weights: list | None


class Events:
    """Records every epoch, decides when to stop, and calls callbacks."""

    def __init__(self, history, names, callbacks=(), patience=None, *, unit=1.0):
        self.history, self.names, self.unit = history, names, unit
        self.stop, self.interrupted = False, False
        self._callbacks, self._patience = callbacks, patience
        self._best_weights, self._best = None, np.inf
        self._to_beat, self._waited = np.inf, 0
        self.last = None

    def start(self, loss, weights):
        """Let early stopping choose the state before the first epoch as the best."""
        self.history.loss_before = self._best = self._to_beat = loss * self.unit
        self._best_weights = weights

    def begin_epoch(self):
        """Call the callbacks when an epoch begins."""
        for callback in self._callbacks:
            callback.begin_epoch()

    def end_epoch(self, values, state):
        """Record an epoch as `last`, with its losses in the units of the targets."""
        logs = dict(zip(self.names, values, strict=True))
        logs |= {name: logs[name] * self.unit for name in _LOSSES if name in logs}
        self.history.append(logs)
        number = self.history.n_epochs
        _check_finite("the loss of", number, logs["loss"])
        if self._patience:
            _check_finite("the validation loss of", number, logs["val_loss"])
            self._watch_validation_loss(logs["val_loss"], state)
        self.last = Epoch(number, logs, state, self.history, self._best_weights)
        for callback in self._callbacks:
            self.stop |= bool(callback.end_epoch(self.last))

    def interrupt(self):
        """Remove what came after the last recorded epoch from the history."""
        self.interrupted = True
        self.history.cut(self.last.number)

    def check(self, state):
        """Raise a ValueError if a weight is not finite."""
        for array in state.weights:
            total = array.sum()
            _check_finite("the sum of weights after", self.history.n_epochs, total)

    def _watch_validation_loss(self, loss, state):
        if loss < self._best:
            self._best, self._best_weights = loss, state.weights
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


def train(task, earlier_history, *, trainer, verbose, patience, callbacks):
    """Train a network, and return a Trained. `patience` is n_iter_no_change and tol."""
    tensorflow_import.load()
    from skrnn.training import trainers

    task = trainers.checked(task)
    names = ["loss", *task.objective.metrics]
    if task.validation is not None:
        names += [f"val_{name}" for name in names]
    history = History.after(earlier_history, names)
    with ProgressReport(verbose, task.schedule.epochs) as progress:
        callbacks = [progress, *callbacks]
        events = Events(history, names, callbacks, patience, unit=task.unit)
        if patience and task.is_candidate:
            zeros = np.zeros((task.validation.n_samples, task.spec.n_outputs))
            events.start(trainers.loss_of_outputs(task, zeros), task.state.weights)
        state = trainers.train(task, events, trainer, verbose)
    events.check(state)
    return Trained(state, history, events.interrupted)


def best_network_weight(task, outputs):
    """Return the factor in [0, 1] of outputs with the lowest loss, and that loss."""
    from skrnn.training import trainers

    losses = {}

    def loss_of(weight):
        weight = float(weight)
        losses[weight] = trainers.loss_of_outputs(task, weight * outputs)
        return losses[weight]

    minimize_scalar(loss_of, bounds=(0, 1), options={"xatol": _WEIGHT_TOLERANCE})
    for weight in (1.0, 0.0):
        loss_of(weight)
    best = min(losses, key=losses.get)
    return best, losses[best] * task.unit
