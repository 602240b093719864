"""FusedGRU computes the same as the GRU layer of Keras."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import GRURegressor
from skrnn.training.compiled.fused import FusedGRU

STEPS = np.random.RandomState(0).normal(size=(6, 9, 2)).astype("float32")


def pair(**options):
    """A FusedGRU and a Keras layer with the same nonzero weights."""
    layers = [cls(5, seed=0, **options) for cls in (FusedGRU, keras.layers.GRU)]
    rng = np.random.RandomState(1)
    for layer in layers:
        layer.build(STEPS.shape)
    weights = [rng.normal(size=w.shape) for w in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def outputs_and_gradients(layer, training=False):
    """Outputs, and the gradients of the input, the first state and all weights."""

    def compute(steps, first):
        outputs = layer(steps, initial_state=first, training=training)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        value = sum(tf.reduce_sum(tf.square(output)) for output in outputs)
        by = [steps, first, *(weight.value for weight in layer.weights)]
        return [*outputs, *tf.gradients(value, by)]

    specs = tf.TensorSpec((None, None, 2)), tf.TensorSpec((None, 5))
    first = np.linspace(-1, 1, 30, dtype="float32").reshape(6, 5)
    return tf.function(compute).get_concrete_function(*specs)(STEPS, first)


@pytest.mark.parametrize(
    ("return_sequences", "return_state", "go_backwards"),
    itertools.product([False, True], repeat=3),
)
def test_outputs_and_gradients_are_those_of_keras(
    return_sequences, return_state, go_backwards
):
    layers = pair(
        return_state=return_state,
        return_sequences=return_sequences,
        go_backwards=go_backwards,
    )
    found, expected = map(outputs_and_gradients, layers)
    assert len(found) == 1 + return_state + 5
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_dropout_is_that_of_keras():
    """The same inputs are dropped, and only in training."""
    found, expected = (outputs_and_gradients(x, True) for x in pair(dropout=0.5))
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    fused, _ = pair(dropout=0.5)
    first, second = fused(STEPS, training=True), fused(STEPS, training=True)
    assert not np.allclose(first, second)
    assert_array_equal(fused(STEPS), fused(STEPS))


@pytest.mark.parametrize(
    ("params", "trainer", "missing", "expected"),
    [
        ({}, "compiled", False, True),
        ({"bidirectional": True, "dropout": 0.1}, "compiled", False, True),
        ({"units": (3, 2)}, "compiled", False, True),
        ({}, "compiled", True, False),
        ({"reset_after": False}, "compiled", False, False),
        ({"dtype": "float64"}, "compiled", False, False),
        ({}, "xla", False, False),
        ({}, "keras", False, False),
    ],
)
def test_who_is_trained_by_it(
    params, trainer, missing, expected, windows, target, layers_run
):
    """All are trained as Keras would, whichever layer does it."""
    ran = layers_run(FusedGRU)
    windows = windows.copy()
    if missing:
        windows[3, 2] = np.nan
    params = {"units": 3, "epochs": 2, "batch_size": 25, "random_state": 0, **params}
    found = GRURegressor(**params, trainer=trainer).fit(windows, target)
    assert bool(ran) == expected
    assert not any(isinstance(layer, FusedGRU) for layer in found.model_.layers)
    if params.get("dropout") or trainer == "keras":
        return
    expected = GRURegressor(**params, trainer="keras").fit(windows, target)
    assert_allclose(found.predict(windows), expected.predict(windows), atol=1e-5)
