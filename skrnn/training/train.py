"""Trains a network by one of two trainers: the compiled engine, or else Keras."""

import functools
from dataclasses import replace

import keras
import numpy as np
from scipy.optimize import minimize_scalar

from skrnn._compat.tensorflow import missing_names
from skrnn._warnings import warn_user
from skrnn.training import keras_trainer
from skrnn.training.callbacks import fresh_copies
from skrnn.training.keras_network import has_gpu
from skrnn.training.loop import Run, check_finite
from skrnn.training.objectives import check_activations, make_loss, make_metrics
from skrnn.training.plan import RefusedError, make_plan
from skrnn.training.progress import ProgressReport

_WEIGHT_TOLERANCE = 1e-3

# Events the engine does not emit. The Keras trainer does.
_EVENTS_OF_BATCHES = [
    f"on_{what}_{when}"
    for what in ("batch", "train_batch", "test_batch", "test")
    for when in ("begin", "end")
]


def train(task, earlier_history, *, trainer, verbose, watchers):
    """Train a network; return the last Epoch, with the final state."""
    check_activations(task.spec)
    make_loss(task.objective, task.spec)
    make_metrics(task.objective, task.spec)
    task = replace(task, callbacks=fresh_copies(task.callbacks))
    with ProgressReport(verbose, task.schedule.epochs) as progress:
        run = Run(task, earlier_history, [progress, *watchers])
        if task.may_keep_first:
            zeros = np.zeros((task.validation.n_samples, task.spec.n_outputs))
            run.may_keep_first(_loss_of_outputs(task, zeros))
        last = _trained(task, run, trainer, verbose)
    for array in last.state.weights:
        check_finite("the sum of weights after", last.number, array.sum())
    return last


def best_network_weight(task, outputs):
    """Return the factor in [0, 1] of outputs with the lowest loss, and that loss."""
    losses = {}

    def loss_of(weight):
        weight = float(weight)
        losses[weight] = _loss_of_outputs(task, weight * outputs)
        return losses[weight]

    minimize_scalar(loss_of, bounds=(0, 1), options={"xatol": _WEIGHT_TOLERANCE})
    for weight in (1.0, 0.0):
        loss_of(weight)
    best = min(losses, key=losses.get)
    return best, losses[best] * task.loss_unit


def _trained(task, run, trainer, verbose):
    """Return the last Epoch of a run, for the parameters of a regressor."""
    plan = make_plan(task, trainer)
    if trainer != "keras":
        try:
            return _train_compiled(task, plan, run)
        except RefusedError as error:
            if trainer != "auto":
                raise ValueError(
                    f'trainer="{trainer}", but no compiled program can train '
                    f'this network: {error}. Set trainer="auto" or "keras" to train '
                    "with keras.Model.fit."
                ) from error
            if verbose:
                print(f"Training with keras.Model.fit: {error}.")
    return keras_trainer.train(task, plan, run)


def _loss_of_outputs(task, outputs):
    """Return the validation loss for outputs (n_samples, n_outputs)."""
    loss, data = make_loss(task.objective, task.spec), task.validation
    total = total_weight = first = 0
    for number, n_samples in enumerate(data.n_of_blocks):
        block = data.block(number)
        chosen = block.samples
        weight = None if block.weight is None else block.weight[chosen]
        part = outputs[first : first + n_samples]
        total += block.total_weight * float(loss(block.y[chosen], part, weight))
        total_weight += block.total_weight
        first += n_samples
    return total / total_weight


def _train_compiled(task, plan, run):
    missing = missing_names()
    if missing:
        reason = f"this version of TensorFlow has no {missing[0]}"
        _warn_once(
            f"skrnn trains with keras.Model.fit, which is slower: {reason}. Install a "
            "newer skrnn, or a version of TensorFlow that this skrnn is tested with."
        )
        raise RefusedError(reason)
    _check_callbacks(task.callbacks)
    if has_gpu():
        raise RefusedError("TensorFlow sees a GPU")
    from skrnn.training.compiled import engine

    return engine.train(task, plan, run)


def _check_callbacks(callbacks):
    """Raise a RefusedError if callbacks need events of batches."""
    for callback in callbacks:
        if (
            type(callback) is keras.callbacks.ModelCheckpoint
            and callback.save_freq == "epoch"
        ):
            continue  # its batch methods do nothing in this case
        for event in _EVENTS_OF_BATCHES:
            method = getattr(getattr(callback, event), "__func__", None)
            if method is not getattr(keras.callbacks.Callback, event):
                raise RefusedError(
                    f"the callback {type(callback).__name__} has a method {event}"
                )


@functools.cache
def _warn_once(message):
    warn_user(message)
