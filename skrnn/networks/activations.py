"""Activation functions by their names in Keras.

Each takes an array and writes the result to `out`, which may be the same array.
"""

import numpy as np

_SELU_SCALE, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772
# TensorFlow stores these two in single precision, whatever the dtype of x.
_LEAKY_SLOPE, _ROOT = float(np.float32(0.2)), float(np.float32(np.sqrt(0.5)))


def _sigmoid(x, out):
    np.negative(x, out=out)
    np.exp(out, out=out)
    np.add(out, 1, out=out)
    np.divide(1, out, out=out)


def _hard_sigmoid(x, out):
    np.clip(x / 6 + 0.5, 0, 1, out=out)


def _relu(x, out):
    np.maximum(x, 0, out=out)


def _leaky_relu(x, out):
    np.maximum(x, _LEAKY_SLOPE * x, out=out)


def _elu(x, out):
    below = np.expm1(np.minimum(x, 0))
    np.add(np.maximum(x, 0), below, out=out)


def _selu(x, out):
    below = _SELU_ALPHA * np.expm1(np.minimum(x, 0))
    np.multiply(np.maximum(x, 0) + below, _SELU_SCALE, out=out)


def _gelu(x, out):
    from scipy.special import erfc  # scikit-learn requires SciPy; NumPy has no erfc

    np.multiply(x, 0.5 * erfc(-_ROOT * x), out=out)


def _silu(x, out):
    gate = np.empty_like(x)
    _sigmoid(x, gate)
    np.multiply(x, gate, out=out)


def _softplus(x, out):
    np.logaddexp(x, 0, out=out)


def _softsign(x, out):
    np.divide(x, 1 + np.abs(x), out=out)


ACTIVATIONS = {
    "elu": _elu,
    "exponential": np.exp,
    "gelu": _gelu,
    "hard_sigmoid": _hard_sigmoid,
    "leaky_relu": _leaky_relu,
    "linear": np.positive,
    "relu": _relu,
    "selu": _selu,
    "sigmoid": _sigmoid,
    "silu": _silu,
    "softplus": _softplus,
    "softsign": _softsign,
    "tanh": np.tanh,
}
