"""FusedLSTM computes the same as the LSTM layer of Keras."""

import itertools
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import LSTMRegressor
from skrnn.networks.spec import NetworkSpec
from skrnn.training.compiled import fused
from skrnn.training.compiled.fused import FusedLSTM
from skrnn.training.plan import can_fuse

STEPS = np.random.RandomState(0).normal(size=(6, 9, 2)).astype("float32")
ODD = STEPS[:5, :, :1]  # TensorFlow warns about odd numbers of samples and features
LSTM = NetworkSpec(
    cell="lstm",
    units=(5,),
    n_inputs=2,
    n_outputs=1,
    options=(("activation", "tanh"), ("recurrent_activation", "sigmoid")),
)


@pytest.fixture(params=[False, True], ids=["few weights", "many weights"])
def many(request, monkeypatch):
    """Whether there are enough weights to use our own gradient."""
    monkeypatch.setattr(fused, "_MANY_WEIGHTS", 0 if request.param else np.inf)
    return request.param


def pair(steps=STEPS, **options):
    """A FusedLSTM and a Keras layer with the same nonzero weights."""
    layers = [cls(5, seed=0, **options) for cls in (FusedLSTM, keras.layers.LSTM)]
    rng = np.random.RandomState(1)
    for layer in layers:
        layer.build(steps.shape)
    weights = [rng.normal(size=w.shape) for w in layers[0].get_weights()]
    for layer in layers:
        layer.set_weights(weights)
    return layers


def outputs_and_gradients(layer, training=False, steps=STEPS):
    """Outputs of the layer, and their gradients for the input and all weights."""
    return traced(layer, training, steps.shape[-1])(tf.constant(steps))


def traced(layer, training, n_features=2):
    def compute(steps):
        outputs = layer(steps, training=training)
        value = sum(tf.reduce_sum(tf.square(output)) for output in outputs)
        by = [steps, *(weight.value for weight in layer.weights)]
        return [*outputs, *tf.gradients(value, by)]

    steps = tf.TensorSpec((None, None, n_features))
    return tf.function(compute).get_concrete_function(steps)


@pytest.mark.parametrize(
    ("return_sequences", "go_backwards"), itertools.product([False, True], repeat=2)
)
def test_outputs_and_gradients_are_those_of_keras(return_sequences, go_backwards, many):
    """Also the gradients of the states after the last step."""
    layers = pair(
        return_state=True, return_sequences=return_sequences, go_backwards=go_backwards
    )
    found, expected = map(outputs_and_gradients, layers)
    assert len(found) == 3 + 4
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_odd_numbers_are_computed_in_silence(many, capfd):
    layers = pair(ODD, return_state=True)
    found, expected = (outputs_and_gradients(x, steps=ODD) for x in layers)
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert "inefficient" not in capfd.readouterr().err


def test_whose_gradients_there_are(many):
    fused, _ = pair(return_state=True)
    operations = {node.op for node in nodes_of(traced(fused, training=True))}
    assert ("LSTMBlockCellGrad" in operations) == many
    assert ("BlockLSTMGrad" in operations) != many


def nodes_of(function):
    graph = function.graph.as_graph_def()
    return itertools.chain(graph.node, *(f.node_def for f in graph.library.function))


def test_dropout_is_that_of_keras(many):
    """The same inputs are dropped, and only in training."""
    layers = pair(dropout=0.5, return_state=True)
    found, expected = (outputs_and_gradients(x, True) for x in layers)
    for one, other in zip(found, expected, strict=True):
        assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    fused, _ = pair(dropout=0.5)
    first, second = fused(STEPS, training=True), fused(STEPS, training=True)
    assert not np.allclose(first, second)
    assert_array_equal(fused(STEPS), fused(STEPS))


@pytest.mark.parametrize(
    "other",
    [
        {"cell": "gru"},
        {"options": (("activation", "relu"), ("recurrent_activation", "sigmoid"))},
        {"options": (("activation", "tanh"), ("recurrent_activation", "relu"))},
        {"dtype": "float64"},
        {"recurrent_dropout": 0.1},
    ],
)
def test_what_cannot_be_fused(other):
    assert can_fuse(LSTM, masked=False)
    assert not can_fuse(LSTM, masked=True)
    assert not can_fuse(replace(LSTM, **other), masked=False)


@pytest.mark.parametrize(
    ("params", "trainer", "missing", "expected"),
    [
        ({}, "auto", False, True),
        ({"bidirectional": True, "dropout": 0.1}, "auto", False, True),
        ({}, "auto", True, False),
        ({"dtype": "float64"}, "auto", False, False),
        ({}, "compiled", False, True),
        ({}, "xla", False, False),
        ({}, "keras", False, False),
    ],
)
def test_who_is_trained_by_it(
    params, trainer, missing, expected, windows, target, layers_run
):
    """Only programs without XLA are; neither Keras training nor `model_` use it."""
    ran = layers_run(FusedLSTM)
    windows = windows.copy()
    if missing:
        windows[3, 1] = np.nan
    rnn = LSTMRegressor(2, epochs=1, trainer=trainer, **params).fit(windows, target)
    assert bool(ran) == expected
    assert not any(isinstance(layer, FusedLSTM) for layer in rnn.model_.layers)
