"""Builds the Keras model of a fitted regressor, from windows to predictions."""

import keras
from scikeras.wrappers import KerasRegressor

from skrnn.networks.affine import Affine
from skrnn.training import keras_inputs
from skrnn.training.keras_network import build_model
from skrnn.training.objectives import LOSSES
from skrnn.training.optimizers import OptimizerKind, make_optimizer
from skrnn.training.scaling import fold_scale
from skrnn.training.state import TrainingState


def keras_regressor(build, objective, **parameters):
    """Return a KerasRegressor that builds a model and trains it for an objective."""
    optimizer, loss = objective.optimizer, objective.loss
    if isinstance(optimizer, str):
        rate = OptimizerKind.of(objective).learning_rate
        parameters["optimizer__learning_rate"] = rate
    else:
        optimizer = make_optimizer(objective)
    return KerasRegressor(
        build,
        loss=LOSSES.get(loss, loss) if isinstance(loss, str) else loss,
        optimizer=optimizer,
        warm_start=True,
        verbose=0,
        **parameters,
    )


def build_whole_model(spec, states, features, scaling, *, fold=True):
    """Return a Keras model from windows, marked as for training, to predictions.

    Unless weights `fold` the scale, a layer multiplies by it, so that training goes on
    in the units of the networks.
    """
    if fold:
        states = [
            TrainingState(fold_scale(state.weights, scaling), state.dropout_states)
            for state in states
        ]
    inputs = spec.inputs
    if fold and len(states) == 1 and inputs is None:
        return build_model(spec, states[0])
    models = [
        build_model(spec, state, name=f"network_{number}")
        for number, state in enumerate(states)
    ]
    n_timesteps = None if inputs is None else inputs.n_timesteps
    windows = keras.Input(
        (n_timesteps, spec.n_columns), dtype=spec.dtype, name="window"
    )
    prepared = windows
    if inputs is not None:
        prepared = keras_inputs.prepare(windows, inputs, features)
    outputs = [model(prepared) for model in models]
    outputs = outputs[0] if len(outputs) == 1 else keras.layers.average(outputs)
    if not fold:
        outputs = keras.layers.Rescaling(
            float(scaling.scale), scaling.shift.tolist(), dtype=spec.dtype, name="units"
        )(outputs)
    if inputs is not None and inputs.normalize:
        reference = keras_inputs.references(windows, inputs, features)
        n_levels = spec.n_outputs // len(inputs.target_features)
        outputs = Affine(
            keras.ops.repeat(reference.scale, n_levels, 1),
            keras.ops.repeat(reference.shift, n_levels, 1),
        )(outputs)
    return keras.Model(windows, outputs, name=f"skrnn_{spec.cell}")
