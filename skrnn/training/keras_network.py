"""The network of an estimator, layer by layer."""

import functools

import keras
import numpy as np
import tensorflow as tf
from keras import initializers, layers

from skrnn.networks.missing import MISSING

CELLS = {"elman": layers.SimpleRNN, "lstm": layers.LSTM, "gru": layers.GRU}
_N_GATES = {"elman": 1, "lstm": 4, "gru": 3}


def build_network(
    cell,
    units,
    *,
    n_features,
    n_outputs,
    cell_options,
    dropout,
    recurrent_dropout,
    bidirectional,
    dtype,
    seed,
    masked=True,
    layer=None,
):
    """Build the Keras network: masking, recurrent layers, a linear layer.

    Parameters
    ----------
    cell : {"elman", "lstm", "gru"}
        The recurrent cell.
    units : tuple of int
        Hidden units of each recurrent layer, from input to output.
    n_features, n_outputs : int
        Values of one step, and of one prediction.
    cell_options : dict
        Arguments of the recurrent layer: activations, and for a GRU its form.
    dropout, recurrent_dropout : float
        Share of the inputs, and of the hidden state, dropped in training.
    bidirectional : bool
        Whether each layer also reads its input from the newest step backwards.
    dtype : {"float32", "float64"}
        What the network computes in.
    seed : int
        Seeds the initial weights and the dropout.
    masked : bool, default=True
        Whether missing steps are skipped; without, none may be missing.
    layer : type, default=None
        The recurrent layer; None stands for Keras's.

    Returns
    -------
    keras.Sequential
        From (n_samples, n_timesteps, n_features) to (n_samples, n_outputs), for
        any number of steps.
    """
    rng = np.random.RandomState(seed)
    options = {
        "dropout": dropout,
        "recurrent_dropout": recurrent_dropout,
        "dtype": dtype,
        **cell_options,
        **_kernel_choice(cell),
    }
    recurrent = [
        _recurrent_layer(
            functools.partial(
                _direction,
                layer or CELLS[cell],
                rng,
                units=n_units,
                return_sequences=depth < len(units) - 1,
                **options,
            ),
            f"{cell}_{depth}",
            bidirectional,
        )
        for depth, n_units in enumerate(units)
    ]
    dense = layers.Dense(
        n_outputs,
        kernel_initializer=initializers.GlorotUniform(_draw(rng)),
        dtype=dtype,
        name="output",
    )
    masking = [layers.Masking(MISSING, dtype=dtype, name="skip_missing")]
    return keras.Sequential(
        [
            layers.Input((None, n_features), dtype=dtype, name="window"),
            *(masking if masked else []),
            *recurrent,
            dense,
        ],
        name=f"skrnn_{cell}",
    )


def n_recurrent_weights(network):
    """Return the weights that are multiplied with at every step of a window.

    Parameters
    ----------
    network : dict
        Arguments of `build_network`.
    """
    n_directions = 2 if network["bidirectional"] else 1
    n_inputs, n_weights = network["n_features"], 0
    for n_units in network["units"]:
        n_weights += n_directions * n_units * (n_units + n_inputs)
        n_inputs = n_directions * n_units
    return _N_GATES[network["cell"]] * n_weights


def _recurrent_layer(direction, name, bidirectional):
    if not bidirectional:
        return direction(name=name)
    forward = direction(name=f"{name}_forward")
    both = layers.Bidirectional(
        forward,
        backward_layer=direction(name=f"{name}_backward", go_backwards=True),
        dtype=direction.keywords["dtype"],
        name=name,
    )
    # Keras made the forward layer anew from its configuration, which has no seed in
    # a SimpleRNN (3.15)
    anew, given = both.forward_layer.cell, forward.cell
    anew.seed_generator.state.assign(given.seed_generator.state)
    return both


def _direction(layer, rng, **options):
    """Make a recurrent layer with initial weights and dropout of its own."""
    return layer(
        kernel_initializer=initializers.GlorotUniform(_draw(rng)),
        recurrent_initializer=initializers.Orthogonal(seed=_draw(rng)),
        seed=_draw(rng),
        **options,
    )


def _draw(rng):
    return int(rng.randint(2**31 - 1))


def _kernel_choice(cell):
    """Without a GPU, spare Keras the try of its cuDNN kernel."""
    if cell == "elman" or tf.config.get_visible_devices("GPU"):
        return {}
    return {"use_cudnn": False}
