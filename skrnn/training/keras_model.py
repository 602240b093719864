"""Builds the Keras model of a fitted regressor, from windows to predictions."""

import keras

from skrnn.networks.affine import Affine
from skrnn.training import keras_inputs
from skrnn.training.keras_network import build_model
from skrnn.training.scaling import fold_scale
from skrnn.training.state import TrainingState


def build_whole_model(spec, states, features, scaling):
    """Return a Keras model from windows, marked as for training, to predictions."""
    states = [
        TrainingState(fold_scale(state.weights, scaling), state.dropout_states)
        for state in states
    ]
    inputs = spec.inputs
    if len(states) == 1 and inputs is None:
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
    if inputs is not None and inputs.normalize:
        reference = keras_inputs.references(windows, inputs, features)
        n_levels = spec.n_outputs // len(inputs.target_features)
        outputs = Affine(
            keras.ops.repeat(reference.scale, n_levels, 1),
            keras.ops.repeat(reference.shift, n_levels, 1),
        )(outputs)
    return keras.Model(windows, outputs, name=f"skrnn_{spec.cell}")
