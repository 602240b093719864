"""The entry point of training: makes a plan, and calls one of two trainers.

TensorFlow is imported when the first network is trained.
"""

import importlib
from dataclasses import dataclass

from scipy.optimize import minimize_scalar

from skrnn.networks.spec import NetworkSpec
from skrnn.training import start
from skrnn.training.data import TrainingData
from skrnn.training.events import Events
from skrnn.training.plan import DataShape, make_plan
from skrnn.training.progress import reporting
from skrnn.training.schedule import Schedule
from skrnn.training.state import History, Objective, TrainingState
from skrnn.training.targets import Scales

_SHARE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class Task:
    """Everything that a trainer needs to train a network.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    state : TrainingState
        The state that training starts from.
    data : TrainingData
        Data to train on.
    validation : TrainingData or None
        Data to evaluate after each epoch, if any.
    schedule : Schedule
        Batch size, epochs and order.
    objective : Objective
        Loss, metrics and optimizer.
    callbacks : list of keras.callbacks.Callback
        The user's callbacks, copied for this training.
    unit : float, default=1.0
        The value of a loss of 1 in the units of the targets.
    scales : Scales, default=None
        Scales of the targets, with which callbacks see the network; None if the
        network is trained in the units of the targets.
    is_candidate : bool, default=False
        Whether early stopping may keep the weights from before the first epoch.
    """

    spec: NetworkSpec
    state: TrainingState
    data: TrainingData
    validation: TrainingData | None
    schedule: Schedule
    objective: Objective
    callbacks: list
    unit: float = 1.0
    scales: Scales | None = None
    is_candidate: bool = False

    def plan(self, jit):
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
        return make_plan(self.spec, shape, jit, divisible=divisible)


@dataclass(frozen=True)
class Options:
    """How to run and report a training, by parameters of the regressors.

    Parameters
    ----------
    jit : bool or "auto"
        Whether to train with a compiled program.
    verbose : {0, 1, 2}
        How much to print.
    patience : tuple of (int, float) or None
        Parameter of `Events`.
    observer : EpochObserver or None
        Notified of every epoch.
    """

    jit: object
    verbose: int
    patience: tuple | None = None
    observer: object = None


@dataclass(frozen=True)
class Trained:
    """The result of a training.

    Parameters
    ----------
    state : TrainingState
        State of weights and optimizer.
    history : History
        Loss and metrics of every epoch.
    interrupted : bool
        Whether the user interrupted it.
    """

    state: TrainingState
    history: History
    interrupted: bool


def train(task, options, earlier_history):
    """Train a network.

    Parameters
    ----------
    task : Task
        The training. Its callbacks are copied, or called if they are classes.
    options : Options
        How to run it.
    earlier_history : dict of list of float
        History of the trainings that this one continues.

    Returns
    -------
    Trained

    Raises
    ------
    ValueError
        If Keras does not know the name in a parameter, the loss or a weight is not
        finite, or `jit` is True and the engine cannot train the network.
    TypeError
        If a callback is not a Keras callback.
    """
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
        plan = task.plan(options.jit)
        state = trainers.train(task, plan, events, verbose=options.verbose)
    events.check(state)
    return Trained(state, history, events.interrupted)


def best_share(task, outputs):
    """Return the factor of the outputs that minimises the validation loss.

    Parameters
    ----------
    task : Task
        Training with validation data.
    outputs : ndarray of shape (n_samples, n_outputs)
        Outputs of the network for the validation samples, in order.

    Returns
    -------
    share : float
        Factor between 0 and 1.
    loss : float
        The validation loss with this factor, in the units of the targets.
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
