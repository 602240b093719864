"""The user's Keras callbacks: copies for each training, and the model they see."""

import copy

import keras
import numpy as np

from skrnn.training.keras_network import assign, build_model, values_of, variables_of
from skrnn.training.objectives import make_loss
from skrnn.training.optimizers import make_optimizer
from skrnn.training.scaling import fold_scale, unfold_scale


def fresh_copies(callbacks):
    """Return new callbacks for one training: instances are copied, classes called."""
    copies = []
    for callback in callbacks:
        is_class = isinstance(callback, type)
        made = callback() if is_class else copy.deepcopy(callback)
        if not isinstance(made, keras.callbacks.Callback):
            raise TypeError(
                "The 'callbacks' parameter must hold Keras callbacks, as instances or "
                f"classes. Got {callback!r} instead. Pass callbacks of scikit-learn to "
                "set_callbacks."
            )
        copies.append(made)
    return copies


class SeenModel:
    """The Keras model that callbacks see, in units of the targets, and may change."""

    def __init__(self, task, program):
        self._callbacks, self._scaling = task.callbacks, task.scaling
        self._program, self.stop_training = program, False
        if self._callbacks:
            self._build(task)

    def _build(self, task):
        """Build the model in the state of the program, and pass it to the callbacks."""
        self._model = build_model(task.spec)
        optimizer = make_optimizer(task.objective)
        loss = make_loss(task.objective, task.spec)
        self._model.compile(optimizer, loss, auto_scale_loss=False)
        optimizer.build(self._model.trainable_variables)
        # saved without the loss, whose class is ours, as `model_` is
        self._model.get_compile_config = lambda: None
        self._variables = variables_of(self._model, optimizer)
        self.show()
        self._model.stop_training = False
        n_batches = task.schedule.n_batches(task.data)
        params = {"epochs": task.schedule.epochs, "steps": n_batches, "verbose": 0}
        for callback in self._callbacks:
            callback.set_model(self._model)
            callback.set_params(params)

    def tell(self, event, *news):
        """Call a method of every callback."""
        for callback in self._callbacks:
            getattr(callback, event)(*news)
            self.stop_training = bool(self._model.stop_training)

    def show(self):
        """Set the model to the state of the program."""
        if not self._callbacks:
            return
        values, n_weights = self._program.state(), len(self._model.weights)
        self._trained = values[:n_weights]
        self._shown = fold_scale(self._trained, self._scaling)
        assign(self._variables, [*self._shown, *values[n_weights:]])

    def take_over(self):
        """Set the program to the state of the model, to the same bits if unchanged."""
        if not self._callbacks:
            return
        values, n_weights = values_of(self._variables), len(self._model.weights)
        weights = values[:n_weights]
        changed = unfold_scale(weights, self._scaling)
        both = zip(weights, self._shown, self._trained, changed, strict=True)
        weights = [
            trained if np.array_equal(now, shown) else new
            for now, shown, trained, new in both
        ]
        self._program.set_state([*weights, *values[n_weights:]])
