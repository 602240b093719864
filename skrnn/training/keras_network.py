"""Builds Keras models of networks from a spec and the weights of a state."""

import keras
import tensorflow as tf
from keras import initializers, layers

from skrnn.networks.cells import CELLS
from skrnn.networks.missing import MISSING


def build_model(spec, state=None, *, masked=True, layer=None, name=None):
    """Return the Keras model of a network, which skips missing steps if `masked`."""
    layer = layer or getattr(layers, CELLS[spec.cell].keras_layer)
    masking = layers.Masking(MISSING, dtype=spec.dtype, name="skip_missing")
    recurrent = [
        _recurrent_layer(
            layer,
            spec,
            name=f"{spec.cell}_{depth}",
            units=n_units,
            return_sequences=depth < len(spec.units) - 1,
        )
        for depth, n_units in enumerate(spec.units)
    ]
    model = keras.Sequential(
        [
            layers.Input((None, spec.n_features), dtype=spec.dtype, name="window"),
            *([masking] if masked else []),
            *recurrent,
            layers.Dense(
                spec.n_outputs,
                kernel_initializer=initializers.GlorotUniform(0),
                dtype=spec.dtype,
                name="output",
            ),
        ],
        name=name or f"skrnn_{spec.cell}",
    )
    if state is not None:
        values = [*state.weights, *state.dropout_states]
        assign([*model.weights, *dropout_variables(model)], values)
    return model


def dropout_variables(model):
    """Return the states of the dropout generators, by layer and direction."""
    states = []
    for layer in model.layers:
        directions = [layer]
        if isinstance(layer, layers.Bidirectional):
            directions = [layer.forward_layer, layer.backward_layer]
        cells = [each.cell for each in directions if isinstance(each, layers.RNN)]
        states += [cell.seed_generator.state for cell in cells]
    return states


def values_of(variables):
    """Return the values of variables as a list of ndarray."""
    return [variable.numpy() for variable in variables]


def assign(variables, values):
    """Assign a value, an array or another variable, to each variable."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _recurrent_layer(layer, spec, *, name, **options):
    options |= {
        "dropout": spec.dropout,
        "recurrent_dropout": spec.recurrent_dropout,
        "dtype": spec.dtype,
        **dict(spec.options),
        **_kernel_choice(spec),
    }
    if not spec.bidirectional:
        return _direction(layer, name=name, **options)
    return layers.Bidirectional(
        _direction(layer, name=f"{name}_forward", **options),
        backward_layer=_direction(
            layer, name=f"{name}_backward", go_backwards=True, **options
        ),
        dtype=spec.dtype,
        name=name,
    )


def _direction(layer, **options):
    """Make a recurrent layer, with seeds so that Keras draws none from Python."""
    return layer(
        kernel_initializer=initializers.GlorotUniform(0),
        recurrent_initializer=initializers.Orthogonal(seed=0),
        seed=0,
        **options,
    )


def _kernel_choice(spec):
    """Keep Keras from trying its cuDNN kernel if there is no GPU."""
    if spec.cell == "elman" or tf.config.get_visible_devices("GPU"):
        return {}
    return {"use_cudnn": False}
