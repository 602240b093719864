"""The recurrent cells: their equations, and all that is particular to one.

The equations are written for many windows at a time, one row each. A function for each
cell returns `step`, which computes the hidden states `hidden` of one step from
`inputs`: the hidden states of the step before, the values of the step, and a one, side
by side. With the weights stacked in that order, one product gives W x + U h + b.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skrnn.networks.activations import ACTIVATIONS


def elman(weights, spec, n_rows, n_units):
    """Return a simple recurrent network (Elman, 1990) and its further states."""
    activation = ACTIVATIONS[spec.option("activation")]
    sums = np.empty((n_rows, weights.shape[1]), weights.dtype)
    h = sums[:, :n_units]

    def step(inputs, hidden):
        np.dot(inputs, weights, out=sums)
        activation(h, out=hidden)  # h = tanh(W x + U h + b)

    return step, []


def lstm(weights, spec, n_rows, n_units):
    """Return a long short-term memory (Hochreiter, 1997) and its further states."""
    activation = ACTIVATIONS[spec.option("activation")]
    sums = np.empty((n_rows, weights.shape[1]), weights.dtype)
    i, f, o, g = _columns(sums, n_units, 4)
    activate = _activation_of_gates_and_candidate(sums, spec, 3 * n_units, n_units)
    c = np.zeros((n_rows, n_units), weights.dtype)

    def step(inputs, hidden):
        np.dot(inputs, weights, out=sums)
        activate()  # i, f, o = sigmoid(W x + U h + b), g = tanh(W x + U h + b)
        np.multiply(i, g, out=i)
        np.multiply(f, c, out=c)
        np.add(c, i, out=c)  # c = f * c + i * g
        activation(c, out=f)
        np.multiply(o, f, out=hidden)  # h = o * tanh(c)

    return step, [c]


def gru(weights, spec, n_rows, n_units):
    """Return a gated recurrent unit (Cho, 2014) with the reset after the product."""
    activation = ACTIVATIONS[spec.option("activation")]
    sums = np.empty((n_rows, weights.shape[1]), weights.dtype)
    r, z, g, x = _columns(sums, n_units, 4)
    activate = _activation_of_gates(sums[:, : 2 * n_units], spec)

    def step(inputs, hidden):
        np.dot(inputs, weights, out=sums)
        activate()  # r, z = sigmoid(W x + U h + b)
        np.multiply(r, g, out=g)
        np.add(x, g, out=g)
        activation(g, out=g)  # g = tanh(W x + b + r * (U h + b'))
        np.subtract(inputs[:, :n_units], g, out=x)
        np.multiply(z, x, out=x)
        np.add(g, x, out=hidden)  # h = z * h + (1 - z) * g

    return step, []


def gru_reset_before(weights, recurrent, spec, n_rows, n_units):
    """Return the original form, with the reset of h before the product."""
    activation = ACTIVATIONS[spec.option("activation")]
    sums = np.empty((n_rows, weights.shape[1]), weights.dtype)
    r, z, x = _columns(sums, n_units, 3)
    activate = _activation_of_gates(sums[:, : 2 * n_units], spec)
    kept = np.empty((n_rows, n_units), weights.dtype)
    product = np.empty((n_rows, recurrent.shape[1]), weights.dtype)
    g = product[:, :n_units]

    def step(inputs, hidden):
        np.dot(inputs, weights, out=sums)
        activate()  # r, z = sigmoid(W x + U h + b)
        np.multiply(r, inputs[:, :n_units], out=kept)
        np.dot(kept, recurrent, out=product)
        np.add(x, g, out=g)
        activation(g, out=g)  # g = tanh(W x + b + U (r * h))
        np.subtract(inputs[:, :n_units], g, out=x)
        np.multiply(z, x, out=x)
        np.add(g, x, out=hidden)  # h = z * h + (1 - z) * g

    return step, []


def _columns(sums, n_units, n_parts):
    return [sums[:, k * n_units : (k + 1) * n_units] for k in range(n_parts)]


def _activation_of_gates(gates, spec):
    """Return a function that activates gates in place.

    sigmoid(a) is tanh(a / 2) / 2 + 1 / 2; the weights of its a are halved before.
    """
    name, half = spec.option("recurrent_activation"), gates.dtype.type(0.5)
    if name != "sigmoid":
        return lambda: ACTIVATIONS[name](gates, out=gates)

    def activate():
        np.tanh(gates, out=gates)
        np.multiply(gates, half, out=gates)
        np.add(gates, half, out=gates)

    return activate


def _activation_of_gates_and_candidate(sums, spec, n_gate_columns, n_units):
    """Return a function that activates gates, and the candidate behind them."""
    if (spec.option("recurrent_activation"), spec.option("activation")) == (
        "sigmoid",
        "tanh",
    ):  # one tanh for both, scaled and shifted for the gates alone
        is_gate = np.arange(sums.shape[1]) < n_gate_columns
        scale = np.where(is_gate, 0.5, 1).astype(sums.dtype)
        shift = np.where(is_gate, 0.5, 0).astype(sums.dtype)

        def activate():
            np.tanh(sums, out=sums)
            np.multiply(sums, scale, out=sums)
            np.add(sums, shift, out=sums)

        return activate
    activate_gates = _activation_of_gates(sums[:, :n_gate_columns], spec)
    activation = ACTIVATIONS[spec.option("activation")]
    candidate = sums[:, n_gate_columns : n_gate_columns + n_units]

    def activate_both():
        activate_gates()
        activation(candidate, out=candidate)

    return activate_both


def _stack_elman(kernel, recurrent, bias, spec):
    return [np.vstack([recurrent, kernel, bias])]


def _stack_lstm(kernel, recurrent, bias, spec):
    i, f, g, o = np.split(np.vstack([recurrent, kernel, bias]), 4, axis=1)
    return [np.hstack([*_halved(spec, i, f, o), g])]


def _stack_gru(kernel, recurrent, bias, spec):
    bias = np.atleast_2d(bias)  # its second row, if any, is that of the product with U
    z, r, _ = np.split(np.vstack([recurrent, kernel, bias.sum(axis=0)]), 3, axis=1)
    *_, w = np.split(kernel, 3, axis=1)
    *_, u = np.split(recurrent, 3, axis=1)
    *_, b = np.split(bias, 3, axis=1)
    x = np.vstack([np.zeros_like(u), w, b[:1]])
    gates = _halved(spec, r, z)
    if len(bias) == 1:
        return [np.hstack([*gates, x]), u]
    g = np.vstack([u, np.zeros_like(w), b[1:]])
    return [np.hstack([*gates, g, x])]


def _halved(spec, *gates):
    is_sigmoid = spec.option("recurrent_activation") == "sigmoid"
    return [gate / 2 if is_sigmoid else gate for gate in gates]


def _gru_of_spec(*arguments):
    *weights, spec, n_rows, n_units = arguments
    form = gru if len(weights) == 1 else gru_reset_before
    return form(*weights, spec, n_rows, n_units)


@dataclass(frozen=True)
class Cell:
    """All that is particular to a cell.

    Parameters
    ----------
    keras_layer : str
        The class of its layer in `keras.layers`.
    options : tuple of str
        Parameters of its regressor that are arguments of the layer.
    n_gates : int
        Blocks of columns, `units` wide, in the weights of its Keras layer.
    stack : callable
        Called with kernel, recurrent kernel and bias of the Keras layer and the spec;
        returns the matrices of its equations.
    layer : callable
        Called with these matrices, the spec, a number of rows and of units, returns
        `step` and the states besides the hidden one.
    xla_saves : float
        Seconds of a step of a layer that XLA saves in training; see
        benchmarks/README.md.
    n_bias_rows : callable
        Rows of the bias of its Keras layer, called with the spec.
    open_gate : int or None, default=None
        The block of the bias that starts at one instead of zero.
    """

    keras_layer: str
    options: tuple
    n_gates: int
    stack: Callable
    layer: Callable
    xla_saves: float
    n_bias_rows: Callable = lambda spec: 1
    open_gate: int | None = None


CELLS = {
    "elman": Cell("SimpleRNN", ("activation",), 1, _stack_elman, elman, 0.03e-3),
    "lstm": Cell(
        "LSTM",
        ("activation", "recurrent_activation"),
        4,
        _stack_lstm,
        lstm,
        0.08e-3,
        open_gate=1,  # the forget gate (Jozefowicz et al., 2015)
    ),
    "gru": Cell(
        "GRU",
        ("activation", "recurrent_activation", "reset_after"),
        3,
        _stack_gru,
        _gru_of_spec,
        0.09e-3,
        n_bias_rows=lambda spec: 2 if spec.option("reset_after") else 1,
    ),
}
