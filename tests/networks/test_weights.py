"""Initial weights, drawn by NumPy, have the same distributions as those of Keras."""

import itertools

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import ks_2samp

from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights, layers_of
from skrnn.training.keras_network import build_model

OPTIONS = {
    "elman": (("activation", "tanh"),),
    "lstm": (("activation", "tanh"), ("recurrent_activation", "sigmoid")),
    "gru": (
        ("activation", "tanh"),
        ("recurrent_activation", "sigmoid"),
        ("reset_after", True),
    ),
}
SPECS = {
    cell: NetworkSpec(cell, (24, 5), 3, 2, options, bidirectional=True)
    for cell, options in OPTIONS.items()
}
SPECS["gru, original form"] = NetworkSpec(
    "gru", (24, 5), 3, 2, (*OPTIONS["gru"][:2], ("reset_after", False))
)


@pytest.fixture(params=SPECS)
def spec(request):
    return SPECS[request.param]


def directions(recurrent):
    return list(itertools.chain.from_iterable(recurrent))


def test_shapes_and_biases_are_those_of_keras(spec):
    drawn, dropout_states = initial_weights(spec, seed=0)
    expected = build_model(spec).get_weights()
    assert [array.shape for array in drawn] == [array.shape for array in expected]
    recurrent, linear = layers_of(spec, drawn)
    recurrent_of_keras, linear_of_keras = layers_of(spec, expected)
    for ours, theirs in zip(
        directions(recurrent), directions(recurrent_of_keras), strict=True
    ):
        assert_array_equal(ours[2], theirs[2])  # with the forget gate open
    assert_array_equal(linear[1], linear_of_keras[1])
    assert len(dropout_states) == len(directions(recurrent))


def test_kernels_have_the_distribution_of_glorot():
    spec = NetworkSpec("lstm", (40,), 50, 1, OPTIONS["lstm"])
    kernel = initial_weights(spec, seed=0)[0][0]
    expected = keras.initializers.GlorotUniform(0)(kernel.shape)
    assert ks_2samp(kernel.ravel(), np.ravel(expected)).pvalue > 0.01
    limit = np.sqrt(6 / sum(kernel.shape))
    assert 0.99 * limit < abs(kernel).max() <= limit


def test_recurrent_kernels_are_orthogonal(spec):
    recurrent, _ = layers_of(spec, initial_weights(spec, seed=0)[0])
    for _, kernel, _ in directions(recurrent):
        product = kernel @ kernel.T
        assert_allclose(product, np.eye(len(kernel)), atol=1e-6)


def test_the_signs_of_orthogonal_columns_are_uniform():
    spec = NetworkSpec("elman", (60,), 1, 1, OPTIONS["elman"])
    kernel = initial_weights(spec, seed=0)[0][1]
    assert abs(np.trace(kernel)) < 5, "of a plain QR decomposition it is far from 0"


def test_a_seed_gives_the_same_weights(spec):
    first, again, other = (initial_weights(spec, seed)[0] for seed in (0, 0, 1))
    for one, two in zip(first, again, strict=True):
        assert_array_equal(one, two)
    assert not np.array_equal(first[0], other[0])


def test_a_spec_is_hashable_and_frozen(spec):
    assert hash(spec) == hash(NetworkSpec(**vars(spec)))
    with pytest.raises(AttributeError):
        spec.cell = "lstm"
