"""What training changes, as arrays, and what it is asked to do (NumPy only)."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class OptimizerState:
    """The variables of an optimizer.

    Parameters
    ----------
    key : str
        What tells it from others but for its learning rate.
    learning_rate : float or "auto"
        The parameter of the regressor that it was made with.
    values : list of ndarray
        Its variables, in Keras's order.
    """

    key: str
    learning_rate: object
    values: list


@dataclass(frozen=True)
class TrainingState:
    """Weights, and what training needs to go on with them.

    Parameters
    ----------
    weights : list of ndarray
        In the order of `skrnn.networks.weights`.
    dropout_states : list of ndarray of uint32, shape (2,)
        The states of the generators of dropout.
    optimizer : OptimizerState or None, default=None
        None before the first training.
    """

    weights: list
    dropout_states: list
    optimizer: OptimizerState | None = None


@dataclass(frozen=True)
class Objective:
    """What training minimises, and how.

    Parameters
    ----------
    loss : str, keras.losses.Loss or callable
        As the regressors take it.
    levels : tuple of float or None
        Levels of the quantiles that the network predicts, if it does.
    metrics : tuple of str
        Names of Keras metrics.
    optimizer : str or keras.optimizers.Optimizer
        An instance is copied.
    learning_rate : float or "auto"
        Replaces the optimizer's own.
    clipnorm : float or None
        Replaces the optimizer's own.
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
        Those of earlier trainings that are carried on, and then of this one.
    n_before : int
        Epochs of the earlier trainings.
    loss_before : float
        The validation loss before the first epoch, where that is a candidate for the
        best; otherwise infinite.
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
            What was trained before; NaN takes the place of what it does not have.
        names : list of str
            What this training has.
        """
        n_before = len(earlier.get("loss", ()))
        unknown = [np.nan] * n_before
        all_names = dict.fromkeys([*earlier, *names])
        values = {name: list(earlier.get(name, unknown)) for name in all_names}
        return cls(values, n_before)

    def append(self, figures):
        """Append the figures of an epoch; NaN for those that it does not have."""
        for name, so_far in self.values.items():
            so_far.append(figures.get(name, np.nan))

    def copy(self):
        """Return a history that stays as it is now."""
        values = {name: list(so_far) for name, so_far in self.values.items()}
        return type(self)(values, self.n_before, self.loss_before)

    def best(self):
        """Return the best epoch of this training and its loss.

        Returns
        -------
        epoch : int
            From 1, those of earlier trainings counted; 0 if none is better than what
            there was before the first epoch.
        loss : float
            Its validation loss, or where there is none, its training loss.
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
        """Epochs of this training."""
        return len(self.values.get("loss", ())) - self.n_before


def mean_of(histories):
    """Return the mean of the figures of several trainings, epoch by epoch.

    Parameters
    ----------
    histories : list of History
        Of networks that are trained alike; some may have ended earlier.

    Returns
    -------
    dict of list of float
        As long as the longest; the mean is that of the trainings that reached an epoch.
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
