"""State, objective and history of a training, as plain data (NumPy only)."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class OptimizerState:
    """The variables of an optimizer.

    Parameters
    ----------
    key : str
        Identifies the optimizer, except for its learning rate.
    learning_rate : float or "auto"
        The parameter of the regressor with which it was created.
    values : list of ndarray
        Values of its variables, in the order of Keras.
    """

    key: str
    learning_rate: object
    values: list


@dataclass(frozen=True)
class TrainingState:
    """Weights, and the state to continue training from.

    Parameters
    ----------
    weights : list of ndarray
        Weights, in the order of `skrnn.networks.weights`.
    dropout_states : list of ndarray of uint32, shape (2,)
        States of the random number generators of dropout.
    optimizer : OptimizerState or None, default=None
        State of the optimizer; None before the first training.
    """

    weights: list
    dropout_states: list
    optimizer: OptimizerState | None = None


@dataclass(frozen=True)
class Objective:
    """Loss, metrics and optimizer of a training.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        The parameter of the regressors.
    levels : tuple of float or None
        Levels of the predicted quantiles; None if it predicts no quantiles.
    metrics : tuple of str
        Names of Keras metrics.
    optimizer : str or keras.optimizers.Optimizer
        Optimizer; an instance is copied.
    learning_rate : float or "auto"
        Replaces the setting of the optimizer, unless "auto".
    clipnorm : float or None
        Replaces the setting of the optimizer, unless None.
    """

    loss: object
    levels: tuple | None
    metrics: tuple
    optimizer: object
    learning_rate: object
    clipnorm: float | None


@dataclass
class History:
    """The loss and the metrics of every epoch, by name.

    Parameters
    ----------
    values : dict of list of float
        Values of the earlier trainings that this one continues, then its own.
    n_before : int
        Number of epochs of the earlier trainings.
    loss_before : float
        The validation loss before the first epoch, if early stopping may keep that
        state; otherwise infinite.
    """

    values: dict = field(default_factory=dict)
    n_before: int = 0
    loss_before: float = np.inf

    @classmethod
    def after(cls, earlier, names):
        """Return the history of a training that is about to begin.

        Parameters
        ----------
        earlier : dict of list of float
            Values of earlier trainings, filled with NaN for names that they lack.
        names : list of str
            Names of loss and metrics of this training.
        """
        n_before = len(earlier.get("loss", ()))
        unknown = [np.nan] * n_before
        all_names = dict.fromkeys([*earlier, *names])
        values = {name: list(earlier.get(name, unknown)) for name in all_names}
        return cls(values, n_before)

    def append(self, figures):
        """Append loss and metrics of an epoch, NaN for names that it lacks."""
        for name, so_far in self.values.items():
            so_far.append(figures.get(name, np.nan))

    def copy(self):
        """Return a copy that later epochs do not change."""
        values = {name: list(so_far) for name, so_far in self.values.items()}
        return type(self)(values, self.n_before, self.loss_before)

    def best(self):
        """Return the best epoch of this training and its loss.

        Returns
        -------
        epoch : int
            Number of the epoch, counted from the first earlier training, from 1. 0 if
            no epoch is better than the state before the first one.
        loss : float
            Its validation loss, or its training loss if there is no validation data.
        """
        first = self.n_before
        curve = np.array(self.values.get("val_loss", self.values["loss"]))
        if np.isnan(curve[first:]).all():  # an earlier fit had validation data
            curve = np.array(self.values["loss"])
        best = first + int(np.nanargmin(curve[first:]))
        if self.loss_before <= curve[best]:
            return 0, float(self.loss_before)
        return best + 1, float(curve[best])

    @property
    def n_epochs(self):
        """Number of epochs of this training."""
        return len(self.values.get("loss", ())) - self.n_before


def mean_of(histories):
    """Return the mean of loss and metrics over several trainings, for each epoch.

    Parameters
    ----------
    histories : list of History
        Histories of networks trained with the same settings. Some may be shorter.

    Returns
    -------
    dict of list of float
        Means by name, over the trainings that reached each epoch.
    """
    if len(histories) == 1:
        return histories[0].values
    n_epochs = max(len(history.values["loss"]) for history in histories)
    return {
        name: [_mean_at(name, epoch, histories) for epoch in range(n_epochs)]
        for name in histories[0].values
    }


def _mean_at(name, epoch, histories):
    figures = [h.values[name][epoch] for h in histories if epoch < len(h.values[name])]
    return float(np.mean(figures))
