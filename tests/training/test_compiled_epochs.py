"""The compiled epoch computes the same as `keras.Model.fit`.

`_fitted` and `_seeds` are read to give Keras the same initial weights and units.
"""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from small_networks import BATCH_SIZE, missing

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor
from skrnn.networks.missing import mark_missing
from skrnn.networks.weights import initial_weights
from skrnn.training import plan
from skrnn.training.compiled import fused
from skrnn.training.keras_network import build_model
from skrnn.training.state import TrainingState

EPOCHS = 4
SMALL = {
    "units": 4,
    "epochs": EPOCHS,
    "batch_size": BATCH_SIZE,
    "shuffle": False,
    "metrics": ["mae"],
    "random_state": 0,
}


def keras_of(estimator, **compile_options):
    """A compiled Keras model with the initial weights of an estimator's fit.

    The `random_state` of the estimator must be an int.
    """
    spec, seed = estimator._fitted.spec, estimator._seeds()[0]
    model = build_model(spec, TrainingState(*initial_weights(spec, seed)))
    model.compile(keras.optimizers.Adam(0.005), **compile_options)
    return model


def as_keras(windows, y, weight=None):
    """Arrays as an unshuffled tf.data.Dataset, which keeps their dtype in Keras."""
    X = mark_missing(windows, "float32")
    arrays = (X, y.reshape(len(y), -1).astype("float32"))
    if weight is not None:
        arrays = (*arrays, weight.astype("float32"))
    return tf.data.Dataset.from_tensor_slices(arrays).batch(BATCH_SIZE)


CLIPPED = keras.optimizers.Adam(0.005, clipnorm=0.01)
CASES = {
    "plain": ({}, np.copy, False, 1),
    "stacked, bidirectional, masks, weights, outputs": (
        {"units": (4, 3), "bidirectional": True},
        missing,
        True,
        3,
    ),
    "stacked, bidirectional": (
        {"units": (4, 3), "bidirectional": True},
        np.copy,
        False,
        1,
    ),
    "clipped, huber": ({"optimizer": CLIPPED, "loss": "huber"}, np.copy, True, 1),
}
REGRESSORS = [LSTMRegressor, GRURegressor, ElmanRegressor]


@pytest.fixture(scope="module")
def references():
    """Holds the results of Keras, with which graph and XLA are both compared."""
    return {}


def by_keras(estimator, X, y, weight):
    """Return losses, errors and predictions of `keras.Model.fit`, in units of y."""
    is_huber = estimator.loss == "huber"
    losses = keras.losses
    function = losses.huber if is_huber else losses.mean_squared_error
    loss = losses.Huber if is_huber else losses.MeanSquaredError
    model = keras_of(
        estimator,
        loss=loss(reduction="mean_with_sample_weight"),
        metrics=["mae"],
        weighted_metrics=[keras.metrics.MeanMetricWrapper(function, "mean loss")],
    )
    if estimator.optimizer is CLIPPED:
        model.optimizer.clipnorm = CLIPPED.clipnorm
    scaling = estimator._fitted.preparation.scaling.targets
    scale = scaling.scale
    data = as_keras(X, scaling.inverse(y), weight)
    history = model.fit(data, epochs=EPOCHS, shuffle=False, verbose=0).history
    return (
        np.array(history["mean loss"]) * (1 if is_huber else scale**2),
        np.array(history["mae"]) * scale,
        scaling(model.predict(data, verbose=0)),
    )


STACKED = list(CASES)[1]
COMPARED = [
    *itertools.product(REGRESSORS, ["plain"]),
    (LSTMRegressor, STACKED),
    pytest.param(GRURegressor, STACKED, marks=pytest.mark.slow),
    pytest.param(ElmanRegressor, STACKED, marks=pytest.mark.slow),
    # without XLA, by FusedLSTM
    pytest.param(LSTMRegressor, "stacked, bidirectional", marks=pytest.mark.slow),
    (ElmanRegressor, "clipped, huber"),
]


@pytest.mark.parametrize("xla", [False, True], ids=["graph", "XLA"], indirect=True)
@pytest.mark.parametrize(("regressor", "case"), COMPARED)
def test_epochs_equal_those_of_keras(regressor, case, xla, windows, references):
    params, prepare, weighted, n_outputs = CASES[case]
    rng = np.random.RandomState(1)
    X, y = prepare(windows), rng.rand(60, n_outputs)
    weight = rng.rand(60) + 0.1 if weighted else None
    estimator = regressor(**{**SMALL, **params}).fit(X, y, sample_weight=weight)
    if (regressor, case) not in references:
        references[regressor, case] = by_keras(estimator, X, y, weight)
    losses, maes, predicted = references[regressor, case]
    assert_allclose(estimator.loss_curve_, losses, rtol=1e-4)
    assert_allclose(estimator.history_["mae"], maes, rtol=1e-4)
    found = estimator.predict(X).reshape(predicted.shape)
    assert_allclose(found, predicted, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("first", ["padded", "without weight"])
def test_the_rest_of_the_last_batch_is_of_samples_to_train_on(
    first, xla, windows, target
):
    """Not of the first sample, if that is none: what it holds may not be finite."""
    X, y, weight = windows.copy(), target.copy(), np.ones(60)
    if first == "padded":
        X[0, :2], weight = np.nan, None
    else:
        y[0], weight[0] = 1e25, 0
    options = {"epochs": 2, "batch_size": BATCH_SIZE, "shuffle": False}
    rnn = GRURegressor(4, activation="relu", random_state=0, **options)
    found = rnn.fit(X, y, sample_weight=weight).loss_curve_
    plain = rnn.set_params(trainer="keras").fit(X, y, sample_weight=weight).loss_curve_
    assert_allclose(found, plain, rtol=1e-4)
    rnn.set_params(dropout=0.1, trainer="auto").fit(X, y, sample_weight=weight)
    assert np.isfinite(rnn.loss_curve_).all()


@pytest.mark.parametrize("regressor", REGRESSORS)
@pytest.mark.parametrize(
    ("case", "n_shards"),
    [
        ("plain", 2),
        ("plain", 3),
        pytest.param(STACKED, 3, marks=pytest.mark.slow),
    ],
)
def test_shards_of_a_batch_add_up_to_it(
    regressor, case, n_shards, windows, monkeypatch
):
    """Three are of six, six and four samples; of the last batch's twelve one has none.

    What fused LSTMs learn from shards is by our own gradient, from the whole by
    TensorFlow's.
    """
    params, prepare, weighted, n_outputs = CASES[case]
    rng = np.random.RandomState(1)
    X, y = prepare(windows), rng.rand(60, n_outputs)
    weight = np.where(np.arange(60) < 20, 0, rng.rand(60)) if weighted else None

    def fit(n_shards):
        many = 0 if n_shards > 1 else np.inf
        monkeypatch.setattr(plan, "count_shards", lambda *_, **__: n_shards)
        monkeypatch.setattr(fused, "_MANY_WEIGHTS", many)
        return regressor(**{**SMALL, **params}).fit(X, y, sample_weight=weight)

    shards, whole = fit(n_shards), fit(1)
    for name in ("loss", "mae"):
        assert_allclose(shards.history_[name], whole.history_[name], rtol=1e-4)
    assert_allclose(shards.predict(X), whole.predict(X), rtol=1e-3, atol=1e-5)


def test_a_loss_that_may_mix_samples_has_the_whole_batch(windows, target, monkeypatch):
    monkeypatch.setattr(plan, "count_shards", lambda *_, **__: 2)
    calls = []

    def loss(y_true, y_pred):
        calls.append(y_pred)
        return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)

    ElmanRegressor(2, loss=loss, epochs=1).fit(windows, target)
    assert len(calls) == 1


@pytest.mark.parametrize("trainer", ["auto", "compiled", "keras"])
def test_a_loss_that_may_mix_samples_has_no_others(windows, target, trainer):
    """Neither copies that fill up the last batch, nor a batch of validation data."""

    def n_samples(y_true, y_pred):
        zeros = 0 * tf.reduce_mean(y_true - y_pred, axis=-1)
        return zeros + tf.cast(tf.shape(y_true)[0], zeros.dtype)

    estimator = ElmanRegressor(
        2, loss=n_samples, epochs=1, batch_size=40, trainer=trainer, random_state=0
    )
    estimator.fit(windows[:50], target[:50], X_val=windows[:7], y_val=target[:7])
    assert_allclose(estimator.loss_curve_, [(40 * 40 + 10 * 10) / 50])
    assert_allclose(estimator.validation_loss_curve_, [7])


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
        units=2,
        optimizer=optimizer,
        epochs=3,
        batch_size=BATCH_SIZE,
        shuffle=False,
        random_state=0,
    ).fit(windows, target)
    model = keras_of(estimator)
    model.compile(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9), "mse")
    scaling = estimator._fitted.preparation.scaling.targets
    data = as_keras(windows, scaling.inverse(target))
    model.fit(data, epochs=3, shuffle=False, verbose=0)
    expected = model.predict(data, verbose=0).ravel()
    assert_allclose(estimator.predict(windows), scaling(expected), rtol=1e-4, atol=1e-6)


def test_dropout_has_fresh_noise_in_each_step(xla, windows, target):
    """With a tiny learning rate, only dropout changes the loss."""

    def losses(n_batches, epochs):
        X, y = (
            np.repeat(windows[:1], 16 * n_batches, 0),
            np.tile([0.0, 2], 8 * n_batches),
        )
        estimator = LSTMRegressor(
            units=(3, 2),
            shuffle=False,
            dropout=0.3,
            recurrent_dropout=0.3,
            epochs=epochs,
            batch_size=16,
            optimizer="sgd",
            learning_rate=1e-9,
            random_state=0,
        )
        return estimator.fit(X, y).loss_curve_

    one = losses(n_batches=1, epochs=3)
    assert len(set(one)) == 3
    assert losses(n_batches=1, epochs=3) == one
    assert losses(n_batches=2, epochs=1)[0] == pytest.approx(np.mean(one[:2]), rel=1e-5)


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_all_trainers_compute_the_same(regressor, windows, target):
    """With shuffling, missing steps and weights, in the batches of the engine."""
    X, weight = missing(windows), np.linspace(0.1, 1, 60)
    compiled, by_xla, plain = (
        regressor(
            units=3,
            epochs=3,
            batch_size=16,
            metrics=["mae"],
            random_state=0,
            trainer=trainer,
        ).fit(X, target, sample_weight=weight)
        for trainer in ("compiled", "xla", "keras")
    )
    for fitted in (compiled, by_xla):
        for name in ("loss", "mae"):
            assert_allclose(fitted.history_[name], plain.history_[name], rtol=1e-4)
        assert_allclose(fitted.predict(X), plain.predict(X), rtol=1e-4, atol=1e-6)
