"""The user's Keras callbacks: fresh copies of them, and the model that they see."""

import copy

import keras

from skrnn.training.keras_network import (
    assign,
    build_model,
    dropout_variables,
    values_of,
)
from skrnn.training.objectives import make_loss
from skrnn.training.optimizers import make_optimizer


def fresh_copies(callbacks):
    """Return new callbacks for one training: classes called, instances copied.

    Raises
    ------
    TypeError
        If one is neither a Keras callback nor a class of them.
    """
    copies = []
    for given in callbacks:
        made = given() if isinstance(given, type) else copy.deepcopy(given)
        if not isinstance(made, keras.callbacks.Callback):
            raise TypeError(
                "The 'callbacks' parameter must hold Keras callbacks, as instances or "
                f"classes. Got {given!r} instead. scikit-learn's go to set_callbacks."
            )
        copies.append(made)
    return copies


class SeenModel:
    """The Keras model that callbacks see: they read it, and may change it.

    Parameters
    ----------
    task : Task
        The training.
    n_batches : int
        Batches of an epoch.
    """

    def __init__(self, task, n_batches):
        self._callbacks = task.callbacks
        self._model = build_model(task.spec)
        optimizer = make_optimizer(task.objective)
        loss = make_loss(task.objective, task.spec)
        self._model.compile(optimizer, loss, auto_scale_loss=False)
        optimizer.build(self._model.trainable_variables)
        self._variables = [
            *self._model.weights,
            *dropout_variables(self._model),
            *optimizer.variables,
        ]
        self._params = {
            "epochs": task.schedule.epochs,
            "steps": n_batches,
            "verbose": 0,
        }

    def introduce(self):
        """Give the callbacks the model."""
        self._model.stop_training = False
        for callback in self._callbacks:
            callback.set_model(self._model)
            callback.set_params(self._params)

    @property
    def stop_training(self):
        """Whether a callback wants training to stop."""
        return bool(self._model.stop_training)

    def values(self):
        """Return the values of weights, dropout states and optimizer."""
        return values_of(self._variables)

    def assign(self, values):
        """Set weights, dropout states and optimizer."""
        assign(self._variables, values)

    def tell(self, event, *news):
        """Call a method of every callback."""
        for callback in self._callbacks:
            getattr(callback, event)(*news)
