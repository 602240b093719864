"""Builds Keras models: of a network, and of a regressor from windows to predictions."""

import keras
import tensorflow as tf
from keras import initializers, layers
from scikeras.wrappers import KerasRegressor

from skrnn.networks.affine import Affine
from skrnn.networks.cells import CELLS
from skrnn.networks.missing import MISSING
from skrnn.training import keras_inputs
from skrnn.training.objectives import LOSSES
from skrnn.training.optimizers import OptimizerKind, make_optimizer
from skrnn.training.scaling import fold_scale
from skrnn.training.state import TrainingState


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
            layers.Input((None, spec.n_inputs), dtype=spec.dtype, name="window"),
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
        assign(variables_of(model), [*state.weights, *state.dropout_states])
    return model


def variables_of(model, optimizer=None):
    """Return weights, states of dropout generators, and variables of an optimizer."""
    of_optimizer = [] if optimizer is None else optimizer.variables
    return [*model.weights, *model.non_trainable_variables, *of_optimizer]


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
    }
    if spec.cell != "elman" and not has_gpu():
        options["use_cudnn"] = False  # keeps Keras from trying that kernel
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


def has_gpu():
    """Return whether TensorFlow sees a GPU, where Keras with cuDNN is faster."""
    return bool(tf.config.get_visible_devices("GPU"))


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
    shape = (None, spec.n_inputs)
    if inputs is not None:
        shape = (inputs.n_timesteps, inputs.n_features)
    windows = keras.Input(shape, dtype=spec.dtype, name="window")
    prepared = windows
    if inputs is not None:
        prepared = keras_inputs.network_inputs(windows, inputs, features)
    outputs = [model(prepared) for model in models]
    outputs = outputs[0] if len(outputs) == 1 else layers.average(outputs)
    if not fold:
        outputs = layers.Rescaling(
            scaling.scale.item(), scaling.shift.tolist(), dtype=spec.dtype, name="units"
        )(outputs)
    if inputs is not None and inputs.normalize:
        reference = keras_inputs.references(windows, inputs, features)
        n_levels = spec.n_outputs // len(inputs.target_features)
        outputs = Affine(
            keras.ops.repeat(reference.scale, n_levels, 1),
            keras.ops.repeat(reference.shift, n_levels, 1),
        )(outputs)
    return keras.Model(windows, outputs, name=f"skrnn_{spec.cell}")
