"""The recurrent cells: their equations, and everything specific to a cell.

The equations are written for many windows at a time, one per row. The function of each
cell returns `step(inputs, before, hidden)`, which computes the hidden states of one
step, `hidden`, from the previous ones, `before`, and from `inputs`. These have, side by
side, the previous hidden states, the values of the step, and a one. With the weights
stacked in the same order (rows: U, W and b; columns: the blocks of the cell, in the
order in which `step` names them, then padding), a single product gives W x + U h + b.
The product may have more rows than there are windows.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from skrnn.networks.activations import ACTIVATIONS

MANY_UNITS = 48  # from more on, a row's bits may depend on the other rows


def elman(weights, spec, shape):
    """Return the step of a simple recurrent network (Elman, 1990), and no states."""
    activation = ACTIVATIONS[spec.option("activation")]
    product, (h,) = _product_and_blocks(weights, shape, 1)
    multiply = shape.multiply

    def step(inputs, before, hidden):
        multiply(inputs, weights, product)
        activation(h, out=hidden)  # h = tanh(W x + U h + b)

    return step, []


def lstm(weights, spec, shape):
    """Return the step of an LSTM (Hochreiter and Schmidhuber, 1997) and cell states."""
    activation = ACTIVATIONS[spec.option("activation")]
    product, (f, i, o, a) = _product_and_blocks(weights, shape, 4)
    activate, times = _gates(product, spec, shape, n_gates=3)
    n_units, n_rows, multiply = shape.n_units, shape.n_rows, shape.multiply
    c_and_g = shape.zeros(2 * n_units, weights.dtype)[:n_rows]
    c, g = c_and_g[:, :n_units], c_and_g[:, n_units:]
    f_and_i = product[:n_rows, : 2 * n_units]

    def step(inputs, before, hidden):
        multiply(inputs, weights, product)
        activate()  # f, i, o = sigmoid(W x + U h + b)
        activation(a, out=g)  # g = tanh(W x + U h + b)
        times(c_and_g, f_and_i, out=f_and_i)
        np.add(f, i, out=c)  # c = f * c + i * g
        activation(c, out=f)
        times(f, o, out=hidden)  # h = o * tanh(c)

    return step, [c]


def gru(weights, spec, shape):
    """Return the step of a GRU (Cho et al., 2014) that resets after the product.

    g has U and b', and zeros for W; x has W and b, and zeros for U.
    """
    activation = ACTIVATIONS[spec.option("activation")]
    product, (r, z, g, x) = _product_and_blocks(weights, shape, 4)
    activate, times = _gates(product, spec, shape, n_gates=2)
    multiply = _without_zeros(weights, shape, 3)

    def step(inputs, before, hidden):
        multiply(inputs, weights, product)
        activate()  # r, z = sigmoid(W x + U h + b)
        times(g, r, out=g)
        np.add(x, g, out=g)
        activation(g, out=g)  # g = tanh(W x + b + r * (U h + b'))
        np.subtract(before, g, out=x)
        times(x, z, out=x)
        np.add(g, x, out=hidden)  # h = z * h + (1 - z) * g

    return step, []


def gru_reset_before(weights, recurrent, spec, shape):
    """Return the step of the original GRU, which resets h before the product.

    x has W and b, and zeros for U, which is in `recurrent` for the candidate.
    """
    activation = ACTIVATIONS[spec.option("activation")]
    product, (r, z, x) = _product_and_blocks(weights, shape, 3)
    activate, times = _gates(product, spec, shape, n_gates=2)
    second_product, (g,) = _product_and_blocks(recurrent, shape, 1)
    reset = shape.zeros(shape.n_units, weights.dtype)
    rh = reset[: shape.n_rows]
    multiply, multiply_all = _without_zeros(weights, shape, 2), shape.multiply

    def step(inputs, before, hidden):
        multiply(inputs, weights, product)
        activate()  # r, z = sigmoid(W x + U h + b)
        times(before, r, out=rh)
        multiply_all(reset, recurrent, second_product)
        np.add(x, g, out=g)
        activation(g, out=g)  # g = tanh(W x + b + U (r * h))
        np.subtract(before, g, out=x)
        times(x, z, out=x)
        np.add(g, x, out=hidden)  # h = z * h + (1 - z) * g

    return step, []


@dataclass(frozen=True)
class TileShape:
    """Sizes of the arrays that a layer computes at a time."""

    n_rows: int  # windows
    height: int  # rows of a matrix product; those after `n_rows` are unused
    block: int | None  # rows that BLAS multiplies at a time, or None for all
    n_units: int = 0

    @property
    def by_columns(self):
        """Whether columns are contiguous, and so all columns of a gate, or rows."""
        return self.n_rows > 1 and self.block is None

    def zeros(self, n_columns, dtype, *before):
        """Return zeros (*before, height, n_columns)."""
        if self.by_columns:
            return np.zeros((*before, n_columns, self.height), dtype).swapaxes(-1, -2)
        return np.zeros((*before, self.height, n_columns), dtype)

    @property
    def multiply(self):
        """The function of rows (an array as of `zeros`), matrix and output."""
        if self.by_columns:
            return lambda rows, matrix, out: np.dot(matrix.T, rows.T, out.T)
        return np.dot if self.block is None else self._multiply_blocks

    def _multiply_blocks(self, rows, matrix, out):
        of_rows = rows.reshape(-1, self.block, rows.shape[1])
        np.matmul(of_rows, matrix, out=out.reshape(-1, self.block, out.shape[1]))


def _product_and_blocks(weights, shape, n_blocks):
    """Return an array for a product, and views on its blocks of `n_units` columns."""
    product = shape.zeros(weights.shape[1], weights.dtype)
    rows, n_units = product[: shape.n_rows], shape.n_units
    return product, [rows[:, k * n_units : (k + 1) * n_units] for k in range(n_blocks)]


def _without_zeros(weights, shape, n_blocks):
    """Return a product that skips the zeros for U in a GRU's x, after some blocks."""
    n_units, multiply = shape.n_units, shape.multiply
    if not shape.by_columns or n_units <= MANY_UNITS:
        return multiply
    start = n_blocks * n_units
    of_all, of_inputs = weights[:, :start].copy(), weights[n_units:, start:].copy()

    def multiply_parts(inputs, _, product):
        multiply(inputs, of_all, product[:, :start])
        multiply(inputs[:, n_units:], of_inputs, product[:, start:])

    return multiply_parts


def _gates(product, spec, shape, n_gates):
    """Return functions that activate the first blocks, and that multiply by them."""
    gates = product[: shape.n_rows, : n_gates * shape.n_units]
    name, one = spec.option("recurrent_activation"), np.ones((), gates.dtype)
    if name != "sigmoid":
        return lambda: ACTIVATIONS[name](gates, out=gates), np.multiply

    def activate():  # the weights give -a
        np.exp(gates, out=gates)
        np.add(gates, one, out=gates)

    return activate, np.divide  # x * sigmoid(a) = x / (1 + exp(-a))


def _stack_elman(kernel, recurrent, bias, spec):
    return [np.vstack([recurrent, kernel, bias])]


def _stack_lstm(kernel, recurrent, bias, spec):
    i, f, g, o = np.split(np.vstack([recurrent, kernel, bias]), 4, axis=1)
    return [np.hstack([*_negated(spec, f, i, o), g])]


def _stack_gru(kernel, recurrent, bias, spec):
    bias = np.atleast_2d(bias)  # the second row, if any, belongs to the product with U
    z, r, _ = np.split(np.vstack([recurrent, kernel, bias.sum(axis=0)]), 3, axis=1)
    *_, w = np.split(kernel, 3, axis=1)
    *_, u = np.split(recurrent, 3, axis=1)
    *_, b = np.split(bias, 3, axis=1)
    x = np.vstack([np.zeros_like(u), w, b[:1]])
    gates = _negated(spec, r, z)
    if len(bias) == 1:
        return [np.hstack([*gates, x]), u]
    g = np.vstack([u, np.zeros_like(w), b[1:]])
    return [np.hstack([*gates, g, x])]


def _negated(spec, *gates):
    is_sigmoid = spec.option("recurrent_activation") == "sigmoid"
    return [-gate if is_sigmoid else gate for gate in gates]


def _gru_of_either_form(*arguments):
    *weights, spec, shape = arguments
    form = gru if len(weights) == 1 else gru_reset_before
    return form(*weights, spec, shape)


@dataclass(frozen=True)
class Cell:
    """Everything specific to a cell."""

    keras_layer: str  # the class of its layer in `keras.layers`
    options: tuple  # parameters of its regressor that are arguments of the layer
    n_gates: int  # blocks of `units` columns in the weights of the Keras layer
    stack: Callable  # (kernel, recurrent kernel, bias of Keras, spec) -> matrices
    layer: Callable  # (*matrices, spec, TileShape) -> `step`, states but the hidden one
    xla_saves: float  # seconds per step in training; see benchmarks/README.md
    n_bias_rows: Callable = lambda spec: 1  # rows of the bias in Keras
    open_gate: int | None = None  # block of the bias that starts at one, not at zero


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
        _gru_of_either_form,
        0.09e-3,
        n_bias_rows=lambda spec: 2 if spec.option("reset_after") else 1,
    ),
}
