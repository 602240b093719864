"""Weights as arrays: their order, shapes and initial values.

The order is that of `keras.Model.get_weights`: kernel, recurrent kernel and bias of
each recurrent layer and direction, then kernel and bias of the linear layer.
"""

import math

import numpy as np

from skrnn.networks.cells import CELLS


def initial_weights(spec, seed):
    """Return initial weights, and a uint32 dropout state (2,) per layer and direction.

    As in Keras, kernels are uniform (Glorot and Bengio, 2010), recurrent kernels are
    orthogonal (Saxe et al., 2014), and biases zero, or one for a gate open at first.
    """
    rng = np.random.RandomState(seed)
    cell = CELLS[spec.cell]
    weights, dropout_states = [], []
    for n_inputs, n_units in zip(spec.layer_inputs, spec.units, strict=True):
        for _ in range(spec.n_directions):
            n_columns = cell.n_gates * n_units
            bias = np.zeros((cell.n_bias_rows(spec), n_columns))
            if cell.open_gate is not None:
                start = cell.open_gate * n_units
                bias[:, start : start + n_units] = 1
            weights += [
                _glorot_uniform(rng, n_inputs, n_columns),
                _orthogonal(rng, n_units, n_columns),
                bias if len(bias) > 1 else bias[0],
            ]
            dropout_states.append(np.array([rng.randint(2**31 - 1), 0], np.uint32))
    weights.append(_glorot_uniform(rng, spec.n_hidden, spec.n_outputs))
    weights.append(np.zeros(spec.n_outputs))
    return [array.astype(spec.dtype) for array in weights], dropout_states


def layers_of(spec, weights):
    """Return weights by recurrent layer and direction, then of the linear layer."""
    threes = [tuple(weights[k : k + 3]) for k in range(0, len(weights) - 2, 3)]
    per_layer = spec.n_directions
    recurrent = [threes[k : k + per_layer] for k in range(0, len(threes), per_layer)]
    return recurrent, tuple(weights[-2:])


def n_recurrent_weights(spec):
    """Return the number of weights that are used in every step of a window."""
    per_gate = sum(
        spec.n_directions * n_units * (n_units + n_inputs)
        for n_inputs, n_units in zip(spec.layer_inputs, spec.units, strict=True)
    )
    return CELLS[spec.cell].n_gates * per_gate


def _glorot_uniform(rng, n_inputs, n_columns):
    limit = math.sqrt(6 / (n_inputs + n_columns))
    return rng.uniform(-limit, limit, size=(n_inputs, n_columns))


def _orthogonal(rng, n_rows, n_columns):
    tall = rng.normal(size=(max(n_rows, n_columns), min(n_rows, n_columns)))
    q, r = np.linalg.qr(tall)
    q = q * np.sign(np.diag(r))  # makes the signs uniform
    return q if n_rows >= n_columns else q.T
