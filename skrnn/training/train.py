"""The entry point of training: makes a plan, and calls one of two trainers.

TensorFlow is imported when the first network is trained.
"""

import importlib
from dataclasses import dataclass

from scipy.optimize import minimize_scalar

from skrnn.networks.affine import Affine
from skrnn.networks.spec import NetworkSpec
from skrnn.training import start
from skrnn.training.data import TrainingData
from skrnn.training.events import Events
from skrnn.training.plan import DataShape, make_plan
from skrnn.training.progress import reporting
from skrnn.training.schedule import Schedule
from skrnn.training.state import History, Objective, TrainingState

_SHARE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Task:
    """Everything that a trainer needs to train a network.

    spec : NetworkSpec
    state : TrainingState, to start from
    data : TrainingData, to train on
    validation : TrainingData, to evaluate after each epoch, or None
    schedule : Schedule
    objective : Objective
    callbacks : list of keras.callbacks.Callback, the user's, copied for this training
    unit : float, the value of a loss of 1 in the units of the targets
    scaling : Affine, from outputs to those that callbacks see, or None
    is_candidate : bool, whether early stopping may keep the weights it starts from
    """

    spec: NetworkSpec
    state: TrainingState
    data: TrainingData
    validation: TrainingData | None
    schedule: Schedule
    objective: Objective
    callbacks: list
    unit: float = 1.0
    scaling: Affine | None = None
    is_candidate: bool = False

    def plan(self, trainer):
        """Return the plan of the training."""
        data = [self.data] if self.validation is None else [self.data, self.validation]
        has_missing = any(each.has_missing for each in data)
        shape = DataShape(
            batch_size=self.schedule.batch_size,
            n_batches=self.schedule.epochs * self.schedule.n_batches(self.data),
            n_timesteps=self.data.inputs.n_steps,
            n_targets=self.data.n_columns,
            has_missing=has_missing,
            masked=has_missing and not self.data.inputs.fill,
            weighted=any(each.is_weighted for each in data),
        )
        divisible = isinstance(self.objective.loss, str)  # functions may mix samples
        return make_plan(self.spec, shape, trainer, divisible=divisible)


@dataclass(frozen=True)
class Options:
    """How to run and report a training, by parameters of the regressors.

    trainer : {"auto", "compiled", "xla", "keras"}
    verbose : {0, 1, 2}
    patience : tuple of (int, float), `n_iter_no_change` and `tol`, or None
    observer : EpochObserver or None, notified of every epoch
    """

    trainer: str
    verbose: int
    patience: tuple | None = None
    observer: object = None


@dataclass(frozen=True)
class Trained:
    """The state and history after a training, and whether the user interrupted it."""

    state: TrainingState
    history: History
    interrupted: bool


def train(task, options, earlier_history):
    """Train a network with copies of its callbacks, and return a Trained."""
    start.load()
    trainers = importlib.import_module("skrnn.training.trainers")
    task = trainers.checked(task)
    names = ["loss", *task.objective.metrics]
    if task.validation is not None:
        names += [f"val_{name}" for name in names]
    history = History.after(earlier_history, names)
    with reporting(options.verbose, task.schedule.epochs) as report:
        events = Events(
            history,
            names,
            report,
            options.patience,
            options.observer,
            unit=task.unit,
        )
        if options.patience and task.is_candidate:
            events.start(trainers.loss_of_outputs(task), task.state.weights)
        state = trainers.train(task, events, options)
    events.check(state)
    return Trained(state, history, events.interrupted)


def best_share(task, outputs):
    """Return the factor of outputs with the lowest validation loss, and that loss.

    The factor is between 0 and 1, and the loss is in the units of the targets.
    """
    trainers = importlib.import_module("skrnn.training.trainers")
    losses = {}

    def loss_of(share):
        share = float(share)
        losses[share] = trainers.loss_of_outputs(task, share * outputs)
        return losses[share]

    minimize_scalar(loss_of, bounds=(0, 1), options={"xatol": _SHARE_TOLERANCE})
    for share in (1.0, 0.0):
        loss_of(share)
    best = min(losses, key=losses.get)
    return best, losses[best] * task.unit
