"""The two trainers: the compiled engine, and Keras's loop where it cannot train.

Both take a task, its plan and events, and return the state after training.
"""

import functools
from dataclasses import replace

import numpy as np

from skrnn._compat.tensorflow import missing_names
from skrnn._warnings import warn_user
from skrnn.training import keras_loop
from skrnn.training.callbacks import fresh_copies
from skrnn.training.objectives import check_activations, make_loss, make_metrics
from skrnn.training.refusal import RefusedError


def checked(task):
    """Return a task with fresh callbacks, having checked what Keras has to know.

    Raises
    ------
    ValueError
        If an activation, the loss or a metric is none that Keras knows.
    TypeError
        If a callback is none of Keras's.
    """
    check_activations(task.spec)
    make_loss(task.objective, task.spec)
    make_metrics(task.objective, task.spec)
    return replace(task, callbacks=fresh_copies(task.callbacks))


def train(task, plan, events, *, verbose):
    """Train by the trainer of the plan, or by Keras's loop if the engine refuses.

    Parameters
    ----------
    task : Task
        The training.
    plan : Plan
        How to train.
    events : Events
        What follows each epoch.
    verbose : {0, 1, 2}
        Whether to say why Keras's loop trains.

    Returns
    -------
    TrainingState
        After the last epoch.

    Raises
    ------
    ValueError
        If the engine refuses though the plan says that it must train.
    """
    if plan.compiled:
        try:
            return _train_compiled(task, plan, events)
        except RefusedError as error:
            if plan.must_compile:
                raise ValueError(
                    f"jit=True, but the compiled engine cannot train this: {error}. "
                    'Set jit="auto" or False to train with keras.Model.fit.'
                ) from error
            if verbose:
                print(f"Training with keras.Model.fit: {error}.")
    return keras_loop.train(task, plan, events)


def loss_of_outputs(task, outputs=None):
    """Return the validation loss of outputs of the network.

    Parameters
    ----------
    task : Task
        Has validation data.
    outputs : ndarray of shape (n_samples, n_outputs), default=None
        For the validation samples, in order; None stands for zeros.

    Returns
    -------
    float
        As trainers compute it.
    """
    loss, data = make_loss(task.objective, task.spec), task.validation
    if outputs is None:
        outputs = np.zeros((data.n_samples, task.spec.n_outputs), task.spec.dtype)
    total = first = 0
    for number, n_samples in enumerate(data.n_of_blocks):
        block = data.block(number)
        chosen = block.samples
        weight = None if block.weight is None else block.weight[chosen]
        part = outputs[first : first + n_samples]
        total += n_samples * float(loss(block.y[chosen], part, weight))
        first += n_samples
    return total / data.n_samples


def _train_compiled(task, plan, events):
    missing = missing_names()
    if missing:
        reason = f"this version of TensorFlow has no {missing[0]}"
        _warn_once(
            f"skrnn trains with keras.Model.fit, which is slower: {reason}. Install a "
            "newer skrnn, or the TensorFlow that this one is tested with."
        )
        raise RefusedError(reason)
    from skrnn.training.compiled import engine

    return engine.train(task, plan, events)


@functools.cache
def _warn_once(message):
    warn_user(message)
