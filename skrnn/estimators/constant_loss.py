"""Compares the training loss with that of the best constant prediction."""

import numpy as np

from skrnn._warnings import warn_user
from skrnn.exceptions import NothingLearnedWarning
from skrnn.training.targets import power_of_error

# Less training than this is only a trial run, where a high loss means nothing.
_FEWEST_EPOCHS, _FEWEST_BATCHES = 10, 100
# The same holds for fewer samples or shorter windows, as in scikit-learn's checks.
_FEWEST_SAMPLES, _FEWEST_TIMESTEPS = 50, 3
# The weights change during an epoch, so the training loss of a network that predicts a
# constant may be a little above or below that of the best constant.
_MARGIN = 0.01
# If X is unrelated to y, no loss is below that of a constant. A loss up to this much
# above is only reported if a value of the windows explains part of y.
_TOLERANCE = 0.1
_MOST_EXPLAINED = 0.1  # of the variance, linearly; of n samples at least 20 / n
_MOST_SAMPLES = 2000  # examined for that


def warn_if_nothing_learned(task, history):
    """Warn if the training loss is not at least 1 % below that of the best constant.

    Does not warn about a loss close to it if y looks like noise.
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
        f"is {loss:.4g}, while the best constant prediction has {lowest:.4g}. "
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
    """Return a function for the loss of the best constant, or None if unknown."""
    if objective.levels is not None:
        return lambda y, weight: np.mean(
            [_pinball_loss(y, weight, level) for level in objective.levels]
        )
    power = power_of_error(objective.loss)
    if power == 1:
        return lambda y, weight: 2 * _pinball_loss(y, weight, 0.5)
    return _variance if power == 2 else None


def _looks_like_noise(data):
    """Return whether no value of the windows explains much of a target."""
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
    """Return the variance of the targets, averaged over the outputs."""
    y = y - y[0]  # exactly 0 for a constant
    mean = np.average(y, axis=0, weights=weight)
    return np.average((y - mean) ** 2, axis=0, weights=weight).mean()


def _pinball_loss(y, weight, level):
    """Return the pinball loss of the best constant, averaged over the outputs."""
    losses = []
    for target in y.T:
        order = np.argsort(target)
        below = np.cumsum(weight[order], dtype=np.float64)
        at = min(np.searchsorted(below, level * below[-1]), len(order) - 1)
        error = target - target[order[at]]
        loss = np.maximum(level * error, (level - 1) * error)
        losses.append(np.average(loss, weights=weight))
    return np.mean(losses)
