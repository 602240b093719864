"""NumPy predicts the same as Keras, and the same bits for a row in any batch."""

import contextlib
import threading

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import threadpool_limits

from skrnn.networks import prediction
from skrnn.networks.activations import ACTIVATIONS
from skrnn.networks.cells import TileShape
from skrnn.networks.missing import mark_missing
from skrnn.networks.prediction import Predictor, can_predict
from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights
from skrnn.training.keras_network import build_model
from skrnn.training.state import TrainingState

TOLERANCE = {"float32": 1e-5, "float64": 1e-11}
OLD_TENSORFLOW = tuple(map(int, tf.__version__.split(".")[:2])) < (2, 21)
BOUNDED = ["tanh", "sigmoid", "hard_sigmoid", "softsign"]  # as gates are


def random_weights(spec, rng):
    """Nonzero weights and biases, small enough for all activations."""
    drawn, dropout_states = initial_weights(spec, seed=0)
    drawn = [array + rng.normal(scale=0.1, size=array.shape) for array in drawn]
    return [array.astype(spec.dtype) for array in drawn], dropout_states


@st.composite
def networks(draw, activations=("tanh",), gates=("sigmoid",)):
    cell = draw(st.sampled_from(["elman", "lstm", "gru"]))
    options = {"activation": draw(st.sampled_from(activations))}
    if cell != "elman":
        options["recurrent_activation"] = draw(st.sampled_from(gates))
    if cell == "gru":
        options["reset_after"] = draw(st.booleans())
    return NetworkSpec(
        cell,
        tuple(draw(st.lists(st.integers(1, 20), min_size=1, max_size=3))),
        n_inputs=draw(st.integers(1, 4)),
        n_outputs=draw(st.integers(1, 3)),
        options=tuple(options.items()),
        bidirectional=draw(st.booleans()),
        dtype=draw(st.sampled_from(["float32", "float64"])),
    )


def windows_for(spec, n_rows, n_timesteps, share_missing, rng):
    X = rng.normal(size=(n_rows, n_timesteps, spec.n_inputs))
    X[rng.rand(*X.shape) < share_missing] = np.nan
    return X


def assert_predicts_as_keras(spec, n_rows, n_timesteps, share_missing):
    rng = np.random.RandomState(1)
    weights, dropout_states = random_weights(spec, rng)
    X = windows_for(spec, n_rows, n_timesteps, share_missing, rng)
    model = build_model(spec, TrainingState(weights, dropout_states))
    expected = model(mark_missing(X, spec.dtype)).numpy()
    found = Predictor(spec, weights, n_timesteps)(X)
    assert found.dtype == spec.dtype
    tolerance = TOLERANCE[spec.dtype]
    assert_allclose(found, expected, rtol=tolerance, atol=tolerance)


SIZES = {
    "n_rows": st.integers(1, 40),
    "n_timesteps": st.integers(1, 6),
    "share_missing": st.sampled_from([0, 0.3]),
}


@settings(max_examples=25)
@given(spec=networks(), **SIZES)
def test_networks_drawn_at_random_equal_those_of_keras(
    spec, n_rows, n_timesteps, share_missing
):
    """Cells, layers, directions, missing steps, outputs, precisions."""
    assert_predicts_as_keras(spec, n_rows, n_timesteps, share_missing)


@settings(max_examples=10)
@given(spec=networks(sorted(ACTIVATIONS), BOUNDED), **SIZES)
def test_so_do_networks_with_other_activations(
    spec, n_rows, n_timesteps, share_missing
):
    assert_predicts_as_keras(spec, n_rows, n_timesteps, share_missing)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("reset_after", [True, False])
def test_so_do_large_grus_which_skip_products_with_zeros(reset_after, dtype):
    options = (
        ("activation", "tanh"),
        ("recurrent_activation", "sigmoid"),
        ("reset_after", reset_after),
    )
    spec = NetworkSpec("gru", (60, 50), 3, 2, options, bidirectional=True, dtype=dtype)
    assert_predicts_as_keras(spec, n_rows=40, n_timesteps=4, share_missing=0.1)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_is_that_of_keras(name, dtype):
    import keras

    x = np.linspace(-4, 4, 41).astype(dtype)
    found = np.empty_like(x)
    ACTIVATIONS[name](x, out=found)
    expected = keras.activations.get(name)(keras.ops.convert_to_tensor(x))
    tolerance = TOLERANCE[dtype]
    if name == "gelu" and dtype == "float64" and OLD_TENSORFLOW:
        tolerance = 1e-6  # its constant had another rounding error, see activations.py
    assert_allclose(found, expected, rtol=tolerance, atol=tolerance)
    ACTIVATIONS[name](x, out=x)  # in place
    assert_array_equal(x, found)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_saturated_gates_are_those_of_keras_and_raise_no_error(cell, dtype):
    """Exponentials overflow and underflow there, which NumPy may be set to raise."""
    options = {"activation": "tanh", "recurrent_activation": "sigmoid"}
    if cell == "gru":
        options["reset_after"] = True
    spec = NetworkSpec(cell, (4,), 2, 1, tuple(options.items()), dtype=dtype)
    rng = np.random.RandomState(0)
    weights, dropout_states = random_weights(spec, rng)
    weights = [1e4 * array for array in weights]
    X = windows_for(spec, 20, 5, share_missing=0, rng=rng)
    model = build_model(spec, TrainingState(weights, dropout_states))
    with np.errstate(all="raise"):
        found = Predictor(spec, weights, 5)(X)
    assert_allclose(found, model(X.astype(dtype)).numpy(), rtol=1e-4)


def test_for_any_other_activation_numpy_does_not_predict():
    spec = NetworkSpec("elman", (2,), 1, 1, (("activation", "mish"),))
    assert not can_predict(spec)


def lstm(units=10, n_features=2, n_outputs=1, dtype="float32"):
    options = (("activation", "tanh"), ("recurrent_activation", "sigmoid"))
    return NetworkSpec("lstm", (units,), n_features, n_outputs, options, dtype=dtype)


def predictor_of(spec, n_timesteps=6):
    return Predictor(spec, initial_weights(spec, seed=0)[0], n_timesteps)


@settings(max_examples=20)
@given(
    spec=networks(),
    n_rows=st.integers(2, 700),
    start=st.integers(0, 699),
    share_missing=st.sampled_from([0, 0.2]),
)
def test_a_rows_bits_do_not_depend_on_the_rows_that_come_with_it(
    spec, n_rows, start, share_missing
):
    rng = np.random.RandomState(2)
    X = windows_for(spec, n_rows, 4, share_missing, rng)
    predict = Predictor(spec, random_weights(spec, rng)[0], 4)
    together = predict(X)
    start = start % n_rows
    for stop in (start + 1, start + 3, start + 33):
        assert_array_equal(predict(X[start:stop]), together[start:stop])


@pytest.mark.parametrize("units", [48, 128])
def test_nor_on_the_number_of_threads(units):
    spec = lstm(units)
    X = np.random.RandomState(0).rand(1500, 6, 2)
    predict = predictor_of(spec)
    expected = predict(X)
    with threadpool_limits(1, user_api="blas"):
        assert_array_equal(predictor_of(spec)(X), expected)
        alone = [predict(X[i : i + 1])[0] for i in range(0, 1500, 100)]
    tolerance = 0 if units <= 48 else 1e-6  # the bits are the same for small networks
    assert_allclose(alone, expected[::100], rtol=tolerance)
    found = {}

    def from_thread(number):
        found[number] = predict(X)

    threads = [threading.Thread(target=from_thread, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(3):
        assert_array_equal(found[number], expected)


def simulate_blas(monkeypatch, is_other):
    """Let products have other bits in the rows that `is_other` selects."""
    multiply = TileShape.multiply.fget

    def multiply_otherwise(shape):
        def otherwise(rows, matrix, out):
            multiply(shape)(rows, matrix, out)
            places = np.arange(len(out)) % (shape.block or len(out))
            out[is_other(places, len(out))] += 1e-3

        return otherwise

    monkeypatch.setattr(TileShape, "multiply", property(multiply_otherwise))


def test_heights_that_give_other_bits_are_not_used(monkeypatch):
    simulate_blas(monkeypatch, lambda rows, height: (rows >= 0) & (height == 2))
    predict = predictor_of(lstm())
    X = np.random.RandomState(0).rand(3, 6, 2)
    assert_array_equal(predict(X[:2]), predict(X)[:2])


def test_where_no_height_gives_the_same_bits_rows_are_multiplied_in_blocks(monkeypatch):
    simulate_blas(monkeypatch, lambda rows, height: rows >= 64)
    predict = predictor_of(lstm())
    X = np.random.RandomState(0).rand(600, 6, 2)
    together = predict(X)
    for rows in (slice(0, 2), slice(100, 101), slice(300, 500)):
        assert_array_equal(predict(X[rows]), together[rows])


def test_memory_is_that_of_a_tile_whatever_the_number_of_rows(monkeypatch):
    """On one thread, as each thread needs the memory of a tile."""
    import tracemalloc

    one = contextlib.nullcontext(1)
    monkeypatch.setattr(prediction, "one_thread", one)
    series = np.random.RandomState(0).rand(100_040, 1)
    windows = np.lib.stride_tricks.sliding_window_view(series, 40, axis=0)
    windows = windows.transpose(0, 2, 1)  # a full copy would take 32 MB
    predict = predictor_of(lstm(8, n_features=1), n_timesteps=40)
    predict(windows[:2000])
    peaks = []
    for n_rows in (2_000, 100_000):
        tracemalloc.start()
        predict(windows[:n_rows])
        peaks.append(tracemalloc.get_traced_memory()[1] - 4 * n_rows)
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


def test_a_value_that_does_not_fit_is_an_error():
    X = np.full((1, 6, 2), 1e300)
    with pytest.raises(OverflowError):
        predictor_of(lstm())(X)


def test_no_rows_give_no_predictions():
    assert predictor_of(lstm(n_outputs=3))(np.empty((0, 6, 2))).shape == (0, 3)
