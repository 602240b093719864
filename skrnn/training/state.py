"""A training as plain data: task, state, objective and history (NumPy only)."""

from dataclasses import dataclass
from itertools import zip_longest

import numpy as np

from skrnn.networks.affine import Affine
from skrnn.networks.spec import NetworkSpec
from skrnn.training.data import Schedule, TrainingData


@dataclass(frozen=True)
class OptimizerState:
    """The variables of an optimizer."""

    key: str  # identifies the optimizer, except for its learning rate
    learning_rate: object  # the parameter of the regressor
    values: list  # of ndarray, in the order of Keras


@dataclass(frozen=True)
class TrainingState:
    """Weights, and the state to continue training from."""

    weights: list  # of ndarray, in the order of `skrnn.networks.weights`
    dropout_states: list  # of ndarray of uint32, shape (2,), of the random generators
    optimizer: OptimizerState | None = None  # before the first training

    @property
    def values(self):
        """All arrays of a state after training, in this order."""
        return [*self.weights, *self.dropout_states, *self.optimizer.values]


@dataclass(frozen=True)
class Objective:
    """Loss, metrics and optimizer of a training, as parameters of the regressors."""

    loss: object
    quantile_levels: tuple | None
    metrics: tuple  # names of Keras metrics
    optimizer: object  # if an instance, it is copied
    learning_rate: object  # replaces the setting of the optimizer unless "auto"


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
    loss_unit: float  # of a loss of 1, in the units of the targets
    scaling: Affine  # of outputs, for callbacks
    patience: tuple | None  # n_iter_no_change and tol, with early stopping
    may_keep_first: bool  # whether early stopping may keep the first weights


@dataclass
class History:
    """The loss and the metrics of every epoch, by name."""

    values: dict  # of earlier trainings, then of this one
    n_before: int  # epochs of the earlier trainings
    loss_before: float = np.inf  # of validation, if early stopping may keep that state

    @classmethod
    def after(cls, earlier, names):
        """Return the history of a training to come after others, NaN for new names."""
        n_before = len(earlier.get("loss", ()))
        unknown = [np.nan] * n_before
        all_names = dict.fromkeys([*earlier, *names])
        values = {name: list(earlier.get(name, unknown)) for name in all_names}
        return cls(values, n_before)

    def append(self, logs):
        """Append loss and metrics of an epoch, NaN for names that it lacks."""
        for name, so_far in self.values.items():
            so_far.append(logs.get(name, np.nan))

    def cut(self, n_epochs):
        """Remove all but the first epochs of this training."""
        for so_far in self.values.values():
            del so_far[self.n_before + n_epochs :]

    def best(self):
        """Return the epoch with the smallest (validation) loss, and this loss."""
        first = self.n_before
        curve = np.array(self.values.get("val_loss", self.values["loss"]))
        if np.isnan(curve[first:]).all():  # an earlier fit had validation data
            curve = np.array(self.values["loss"])
        best = first + int(np.nanargmin(curve[first:]))
        if self.loss_before <= curve[best]:
            return 0, float(self.loss_before)  # the state before the first epoch
        return best + 1, float(curve[best])

    @property
    def n_epochs(self):
        """Number of epochs of this training."""
        return len(self.values["loss"]) - self.n_before


@dataclass(frozen=True)
class Epoch:
    """A recorded epoch, counted from 1 in this training."""

    number: int
    logs: dict  # loss and metrics by name, in the units of the targets
    state: TrainingState
    history: History  # so far, to which later epochs are added
    best_weights: list | None
    interrupted: bool = False  # by the user, in the next epoch


def mean_history(histories):
    """Return the means of loss and metrics by epoch, over trainings that reached it."""
    if len(histories) == 1:  # a copy, which later epochs do not change
        return {name: list(values) for name, values in histories[0].values.items()}
    return {
        name: [
            float(np.mean([value for value in of_epoch if value is not None]))
            for of_epoch in zip_longest(*(each.values[name] for each in histories))
        ]
        for name in histories[0].values
    }
