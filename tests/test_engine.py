"""The compiled epoch is the computation of `keras.Model.fit`."""

import itertools
import threading

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor, _engine
from skrnn._missing import mark_missing
from skrnn._network import build_network

EPOCHS, BATCH_SIZE = 4, 16  # sixty windows: the last batch has twelve


@pytest.fixture(params=[False, True], ids=["graph", "XLA"])
def xla(request, monkeypatch):
    monkeypatch.setattr(_engine, "worth_compiling", lambda *_, **__: request.param)
    return request.param


def keras_of(estimator, **compile_options):
    """A compiled Keras model with the initial weights of a fitted estimator."""
    wrapper = estimator._fitted.wrapper
    model = build_network(**wrapper.network, seed=wrapper.seed)
    model.compile(keras.optimizers.Adam(0.005), **compile_options)
    return model


def as_keras(windows, y, weight=None):
    """Arrays as a tf.data.Dataset in order, which Keras takes in their own dtype."""
    import tensorflow as tf

    X = mark_missing(windows, "float32")
    arrays = (X, y.reshape(len(y), -1).astype("float32"))
    if weight is not None:
        arrays = (*arrays, weight.astype("float32"))
    return tf.data.Dataset.from_tensor_slices(arrays).batch(BATCH_SIZE)


def missing(windows):
    windows = windows.copy()
    windows[::3, 2, 0] = np.nan
    windows[::7, -1, 1] = np.nan
    return windows


CASES = {
    "plain": ({}, np.copy, False, 1),
    "stacked, bidirectional, masks, weights, outputs": (
        {"units": (4, 3), "bidirectional": True},
        missing,
        True,
        3,
    ),
    "clipped, huber": ({"clipnorm": 0.01, "loss": "huber"}, np.copy, True, 1),
}
REGRESSORS = [LSTMRegressor, GRURegressor, ElmanRegressor]


@pytest.mark.parametrize(
    ("regressor", "case"),
    [
        *itertools.product(REGRESSORS, list(CASES)[:2]),
        (ElmanRegressor, "clipped, huber"),
    ],
)
def test_epochs_equal_those_of_keras(regressor, case, xla, windows):
    params, prepare, weighted, n_outputs = CASES[case]
    rng = np.random.RandomState(1)
    X, y = prepare(windows), rng.rand(60, n_outputs)
    weight = rng.rand(60) + 0.1 if weighted else None
    estimator = regressor(
        **{"units": 4, **params},
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        shuffle=False,
        metrics=["mae"],
        random_state=0,
    )
    estimator.fit(X, y, sample_weight=weight)
    losses = keras.losses
    loss = losses.Huber if "loss" in params else losses.MeanSquaredError
    model = keras_of(
        estimator, loss=loss(reduction="mean_with_sample_weight"), metrics=["mae"]
    )
    model.optimizer.clipnorm = params.get("clipnorm")
    data = as_keras(X, y, weight)
    history = model.fit(data, epochs=EPOCHS, shuffle=False, verbose=0).history
    assert_allclose(estimator.loss_curve_, history["loss"], rtol=1e-4)
    assert_allclose(estimator.history_["mae"], history["mae"], rtol=1e-4)
    expected = model.predict(data, verbose=0)
    assert_allclose(estimator.predict(X), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["sgd", "rmsprop", "nadam", "adamw"])
def test_optimizers_compile(name, xla, windows, target):
    estimator = ElmanRegressor(
        units=2, optimizer=name, epochs=20, batch_size=20, random_state=0
    )
    loss = estimator.fit(windows, target).loss_curve_
    assert loss[-1] < loss[0]


def test_averages_of_weights_are_those_of_keras(xla, windows, target):
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    estimator = ElmanRegressor(
        units=2, optimizer=optimizer, epochs=3, batch_size=BATCH_SIZE, shuffle=False
    ).fit(windows, target)
    model = keras_of(estimator)
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    data = as_keras(windows, target)
    model.fit(data, epochs=3, shuffle=False, verbose=0)
    expected = model.predict(data, verbose=0).ravel()
    assert_allclose(estimator.predict(windows), expected, rtol=1e-4, atol=1e-6)


def test_dropout_compiles(xla, windows, target):
    estimator = LSTMRegressor(
        units=(3, 2), dropout=0.3, recurrent_dropout=0.3, epochs=3, random_state=0
    )
    first = estimator.fit(windows, target).loss_curve_
    assert len(set(first)) == 3
    assert estimator.fit(windows, target).loss_curve_ == first


def test_a_kept_program_gives_the_bits_of_a_new_one(xla, windows, target):
    """Also after it served other rows, weights and learning rates in between."""
    estimator = ElmanRegressor(units=2, epochs=3, batch_size=16, random_state=0)
    _engine._epoch_programs.__init__(_engine.N_PROGRAMS_KEPT)
    new = estimator.fit(windows, target).predict(windows)
    ElmanRegressor(
        units=2, epochs=2, batch_size=16, random_state=1, learning_rate=0.1
    ).fit(windows[:37], target[:37])
    assert len(_engine._epoch_programs._programs) == 1
    assert_array_equal(estimator.fit(windows, target).predict(windows), new)


def test_one_program_serves_folds_of_different_length(windows, target):
    _engine._epoch_programs.__init__(_engine.N_PROGRAMS_KEPT)
    estimator = ElmanRegressor(units=2, epochs=1, random_state=0)
    for n_rows in (10, 23, 60):
        estimator.fit(windows[:n_rows], target[:n_rows])
    assert len(_engine._epoch_programs._programs) == 1


def test_a_bounded_number_of_programs_is_kept():
    store = _engine.ProgramStore(most=2)
    for key in "abc":
        store.put(key, key.upper())
    assert store.take("a", lambda: "new") == "new"
    assert store.take("c", lambda: "new") == "C"
    assert store.get("b", lambda: "new") == "B"
    assert store.get("b", lambda: "new") == "B", "shared, so still there"


def test_two_threads_fit_the_same_network_at_once(windows, target):
    def fit(seed):
        estimator = ElmanRegressor(units=2, epochs=20, batch_size=8, random_state=seed)
        return estimator.fit(windows, target).predict(windows)

    expected = [fit(seed) for seed in range(2)]
    found = {}
    threads = [
        threading.Thread(target=lambda s=seed: found.update({s: fit(s)}))
        for seed in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed in range(2):
        assert_array_equal(found[seed], expected[seed])


def test_compiling_is_decided_by_the_work_alone():
    assert not _engine.worth_compiling(n_batches=200, n_timesteps=10, depth=1)
    assert _engine.worth_compiling(n_batches=100_000, n_timesteps=1, depth=1)
    assert _engine.worth_compiling(n_batches=460, n_timesteps=20, depth=1)


@pytest.mark.parametrize(
    ("n_rows", "expected"), [(1, 1), (15, 15), (17, 18), (705, 768)]
)
def test_lengths_are_rounded_up_to_a_few(n_rows, expected):
    assert _engine._bucket(n_rows) == expected
