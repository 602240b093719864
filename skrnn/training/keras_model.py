"""Builds the Keras model of a fitted regressor, from windows to predictions."""

import keras

from skrnn.training import keras_inputs
from skrnn.training.keras_network import build_model
from skrnn.training.state import TrainingState


def build_whole_model(spec, states, scales, share):
    """Return a Keras model of one or more networks, with outputs in target units.

    Mark all features of a step to skip with `MISSING`, or only the missing values if
    `spec.inputs` is not None.
    """
    states = [
        TrainingState(scales.put_into(state.weights, share), state.dropout_states)
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
    prepared, features = windows, scales.features
    means, stds = (None, None) if features is None else (features.means, features.stds)
    if inputs is not None:
        prepared = keras_inputs.prepare(windows, inputs, means, stds)
    outputs = [model(prepared) for model in models]
    outputs = outputs[0] if len(outputs) == 1 else keras.layers.average(outputs)
    if inputs is not None and inputs.normalize:
        references = keras_inputs.references(windows, inputs, means, stds)
        n_levels = spec.n_outputs // len(scales.location)
        center, spread = (keras.ops.repeat(each, n_levels, 1) for each in references)
        outputs = center + spread * outputs
    return keras.Model(windows, outputs, name=f"skrnn_{spec.cell}")
