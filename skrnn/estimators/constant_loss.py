"""The loss of the best constant prediction, which a network should be below."""

import numpy as np

from skrnn._warnings import warn_user
from skrnn.exceptions import NothingLearnedWarning
from skrnn.training.targets import power_of_error

# Less training than this is a trial run, of which a high loss says nothing.
_FEWEST_EPOCHS, _FEWEST_BATCHES = 10, 100
# So are fewer samples or shorter windows, such as those of scikit-learn's checks.
_FEWEST_SAMPLES, _FEWEST_TIMESTEPS = 50, 3
# The training loss is a mean over the batches of an epoch, while the weights change: a
# network that predicts a constant may come out a little above or below its loss.
_MARGIN = 0.01
# Where X tells nothing about y, no loss is below that of a constant. Up to this much
# above, it is a failure only if one value of the windows explains some of y.
_TOLERANCE = 0.1
_MOST_EXPLAINED = 0.1  # of the variance, linearly; of n samples at least 20 / n
_MOST_SAMPLES = 2000  # to look at


def warn_if_nothing_learned(task, history):
    """Warn if the training loss is not below that of the best constant.

    A loss close to it is no failure if y looks like noise.

    Parameters
    ----------
    task : Task
        What was trained.
    history : History
        The figures of its epochs.

    Warns
    -----
    NothingLearnedWarning
        If the last training loss is not at least a hundredth below.
    """
    n_epochs = history.n_epochs - history.n_before
    if _is_trial(task, n_epochs):
        return
    loss_of_constant = _loss_of_constant_for(task.objective)
    if loss_of_constant is None:
        return
    lowest = loss_of_constant(task.data.targets(), task.data.weights())
    loss = history.values["loss"][-1]
    if lowest == 0 or loss < (1 - _MARGIN) * lowest:
        return
    if loss < (1 + _TOLERANCE) * lowest and _looks_like_noise(task.data):
        return
    warn_user(
        f"The network has learned nothing: after {n_epochs} epochs the training loss "
        f"is {loss:.4g}, and that of the best constant prediction is {lowest:.4g}. "
        "Scale X if it is not scaled. Then try another learning_rate, or more epochs.",
        NothingLearnedWarning,
    )


def _is_trial(task, n_epochs):
    return (
        n_epochs < _FEWEST_EPOCHS
        or n_epochs * task.schedule.n_batches(task.data) < _FEWEST_BATCHES
        or task.data.n_samples < _FEWEST_SAMPLES
        or task.data.n_timesteps < _FEWEST_TIMESTEPS
    )


def _loss_of_constant_for(objective):
    """Return what computes the loss of a constant; None for losses without it."""
    if objective.levels is not None:
        return lambda y, weight: np.mean(
            [_pinball_loss(y, weight, level) for level in objective.levels]
        )
    power = power_of_error(objective.loss)
    if power == 1:
        return lambda y, weight: 2 * _pinball_loss(y, weight, 0.5)
    return _variance if power == 2 else None


def _looks_like_noise(data):
    """Tell whether no value of the windows explains much of a target."""
    every = -(-data.n_samples // _MOST_SAMPLES)
    y = data.targets(every).astype(np.float64)
    values = data.windows(every).reshape(len(y), -1).astype(np.float64)
    n_observed = np.maximum(1, (~np.isnan(values)).sum(axis=0))
    values = np.nan_to_num(values - np.nansum(values, axis=0) / n_observed)
    y = y - y.mean(axis=0)
    explained = (values.T @ y) ** 2
    spread = np.outer((values**2).sum(axis=0), (y**2).sum(axis=0))
    return bool((explained <= max(_MOST_EXPLAINED, 20 / len(y)) * spread).all())


def _variance(y, weight):
    """Return the mean over the outputs of their variance."""
    y = y - y[0]  # exactly 0 for a constant
    mean = np.average(y, axis=0, weights=weight)
    return np.average((y - mean) ** 2, axis=0, weights=weight).mean()


def _pinball_loss(y, weight, level):
    """Return the mean over the outputs of the loss of their quantile."""
    losses = []
    for target in y.T:
        order = np.argsort(target)
        below = np.cumsum(weight[order], dtype=np.float64)
        at = min(np.searchsorted(below, level * below[-1]), len(order) - 1)
        error = target - target[order[at]]
        loss = np.maximum(level * error, (level - 1) * error)
        losses.append(np.average(loss, weights=weight))
    return np.mean(losses)
