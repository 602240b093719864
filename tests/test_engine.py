"""The compiled epoch is the computation of `keras.Model.fit`."""

import gc
import itertools
import threading
import weakref
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import (
    ElmanRegressor,
    GRURegressor,
    LSTMRegressor,
)
from skrnn.networks.missing import mark_missing
from skrnn.training import keras_loop as _generic
from skrnn.training.compiled import engine as _engine
from skrnn.training.compiled import fused_lstm as _fused
from skrnn.training.compiled import programs as _programs
from skrnn.training.compiled.epoch import CannotServeError, EpochProgram, capacity_for
from skrnn.training.compiled.programs import ProgramStore
from skrnn.training.data import Samples, TrainingData
from skrnn.training.keras_network import build_network
from skrnn.training.schedule import Schedule

EPOCHS, BATCH_SIZE = 4, 16  # sixty windows: the last batch has twelve


@pytest.fixture(params=[False, True], ids=["graph", "XLA"])
def xla(request, monkeypatch):
    def serve(*args, train=_engine.train, **options):
        try:
            return train(*args, **options)
        except CannotServeError as error:
            pytest.fail(f"keras.Model.fit would serve instead: {error}")

    monkeypatch.setattr(_engine, "worth_compiling", lambda *_, **__: request.param)
    monkeypatch.setattr(_engine, "train", serve)
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
    "stacked, bidirectional": (
        {"units": (4, 3), "bidirectional": True},
        np.copy,
        False,
        1,
    ),
    "clipped, huber": ({"clipnorm": 0.01, "loss": "huber"}, np.copy, True, 1),
}
REGRESSORS = [LSTMRegressor, GRURegressor, ElmanRegressor]


@pytest.mark.parametrize(
    ("regressor", "case"),
    [
        *itertools.product(REGRESSORS, list(CASES)[:2]),
        (LSTMRegressor, "stacked, bidirectional"),  # as a graph by FusedLSTM
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
    plain = rnn.set_params(jit=False).fit(X, y, sample_weight=weight).loss_curve_
    assert_allclose(found, plain, rtol=1e-4)
    rnn.set_params(dropout=0.1, jit="auto").fit(X, y, sample_weight=weight)
    assert np.isfinite(rnn.loss_curve_).all()


@pytest.mark.parametrize("regressor", REGRESSORS)
@pytest.mark.parametrize(
    ("case", "n_parts"), [("plain", 2), *((case, 3) for case in list(CASES)[:2])]
)
def test_parts_of_a_batch_add_up_to_it(regressor, case, n_parts, windows, monkeypatch):
    """Three are of six, six and four samples; of the last batch's twelve one has none.

    What fused LSTMs learn from parts is by our own gradient, from the whole by
    TensorFlow's.
    """
    params, prepare, weighted, n_outputs = CASES[case]
    rng = np.random.RandomState(1)
    X, y = prepare(windows), rng.rand(60, n_outputs)
    weight = np.where(np.arange(60) < 20, 0, rng.rand(60)) if weighted else None

    def fit(n_parts):
        monkeypatch.setattr(_engine, "n_parts", lambda *_, **__: n_parts)
        monkeypatch.setattr(_fused, "_MANY_WEIGHTS", 0 if n_parts > 1 else np.inf)
        rnn = regressor(
            **{"units": 4, **params},
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            shuffle=False,
            metrics=["mae"],
            random_state=0,
        )
        return rnn.fit(X, y, sample_weight=weight)

    parts, whole = fit(n_parts), fit(1)
    for name in ("loss", "mae"):
        assert_allclose(parts.history_[name], whole.history_[name], rtol=1e-4)
    assert_allclose(parts.predict(X), whole.predict(X), rtol=1e-3, atol=1e-5)


def test_a_loss_that_may_mix_samples_has_the_whole_batch(windows, target, monkeypatch):
    monkeypatch.setattr(_engine, "n_parts", lambda *_, **__: 2)
    calls = []

    def loss(y_true, y_pred):
        calls.append(y_pred)
        return tf.reduce_mean(tf.square(y_true - y_pred), axis=-1)

    ElmanRegressor(2, loss=loss, epochs=1).fit(windows, target)
    assert len(calls) == 1


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


def test_dropout_has_fresh_noise_in_each_step(xla, windows, target):
    """With a learning rate of next to nothing, only the noise changes the loss."""

    def losses(n_batches, epochs):
        X, y = np.repeat(windows[:1], 16 * n_batches, 0), np.ones(16 * n_batches)
        estimator = LSTMRegressor(
            units=(3, 2),
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


def test_a_kept_program_gives_the_bits_of_a_new_one(xla, windows, target):
    """Also after it served other rows, weights and learning rates in between."""
    estimator = ElmanRegressor(units=2, epochs=3, batch_size=16, random_state=0)
    _engine._programs.__init__(_engine.N_PROGRAMS_KEPT)
    new = estimator.fit(windows, target).predict(windows)
    ElmanRegressor(
        units=2, epochs=2, batch_size=16, random_state=1, learning_rate=0.1
    ).fit(windows[:37], target[:37])
    assert len(_engine._programs._programs) == 1
    assert_array_equal(estimator.fit(windows, target).predict(windows), new)


def test_one_program_serves_folds_of_different_length(windows, target):
    _engine._programs.__init__(_engine.N_PROGRAMS_KEPT)
    estimator = ElmanRegressor(units=2, epochs=1, random_state=0)
    for n_rows in (10, 23, 60):
        estimator.fit(windows[:n_rows], target[:n_rows])
    assert len(_engine._programs._programs) == 1


def test_a_bounded_number_of_programs_is_kept():
    store = ProgramStore(most=2)
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
    def worth(cell, units, *work, fused=False):
        network = {"cell": cell, "units": units}
        return _engine.worth_compiling(network, *work, fused=fused)

    assert not worth("gru", (50,), 50, 10), "few batches"
    assert worth("gru", (50,), 460, 20)
    assert worth("elman", (4,), 100_000, 1), "a batch is little work"
    assert worth("lstm", (50,), 460, 20)
    assert not worth("lstm", (50,), 460, 20, fused=True), "XLA takes as long"


def test_parts_are_decided_by_the_work_alone():
    def n_parts(cell, units, batch_size, n_timesteps=20, fused=False):
        network = {"cell": cell, "units": (units,), "n_features": 1}
        network["bidirectional"] = False
        return _engine.n_parts(network, batch_size, n_timesteps, fused=fused)

    assert n_parts("lstm", 50, 128, 20, fused=True) == 2
    assert n_parts("lstm", 50, 128, 1, fused=True) == 1, "few steps"
    assert n_parts("lstm", 50, 128) == 1, "a loop is more work than its products"
    assert n_parts("lstm", 500, 32, fused=True) == 1, "few samples"
    assert n_parts("gru", 128, 128) == 2
    assert n_parts("elman", 128, 1024) == 4
    assert n_parts("elman", 512, 100_000) == 8


@pytest.mark.parametrize(
    ("n_samples", "expected"),
    [(1, 4096), (4097, 16384), (262_144, 262_144), (5_000_000, 5_242_880)],
)
def test_an_xla_program_has_room_for_more_samples(n_samples, expected):
    assert capacity_for(n_samples) == expected


def test_xla_compiles_once_for_folds_of_different_length(windows, target):
    _engine._programs.__init__(_engine.N_PROGRAMS_KEPT)
    estimator = ElmanRegressor(units=2, epochs=1, batch_size=8, jit=True)
    for n_rows in (20, 41, 60):
        estimator.fit(windows[:n_rows], target[:n_rows])
    (program,) = _engine._programs._programs.values()
    assert len(program._compiled) == 1


def test_parts_of_other_series_have_arrays_of_their_own():
    """Also where one series is gone before the next, perhaps in its place, is made."""

    def part():
        return SimpleNamespace(
            n_of_blocks=[1],
            block_length=1,
            block=lambda number: SimpleNamespace(series=np.zeros(1)),
        )

    def load(block, n_rows, batch_size, arrays):
        return SimpleNamespace(arrays=arrays or [object()])

    program = SimpleNamespace(load=load)
    loaders = _engine._loaders(program, [part() for _ in range(20)], batch_size=1)
    assert len({id(loader(0).arrays[0]) for loader in loaders}) == 20


def test_a_kept_program_holds_no_data(windows, target, monkeypatch):
    seen = []

    def load(program, block, *args, make=EpochProgram.load):
        made = make(program, block, *args)
        parts = (block.series, block.y, *made.arrays)
        seen.extend(weakref.ref(part) for part in parts)
        return made

    monkeypatch.setattr(EpochProgram, "load", load)
    ElmanRegressor(units=2, epochs=1, batch_size=8, jit=True).fit(windows, target)
    gc.collect()
    assert len(seen) == 5
    assert all(ref() is None for ref in seen)


def test_tensorflow_forgets_with_us(monkeypatch):
    """Its kernels of a forgotten program would stay, a megabyte for every network."""
    forgotten = []
    monkeypatch.setattr(_programs, "forget_kernels", lambda: forgotten.append(True))
    store = _programs.ProgramStore(most=1)
    store.put("first", object())
    store.put("first", object())
    assert not forgotten
    store.put("second", object())
    assert forgotten == [True]


def graphs():
    """The ids of all graphs in memory, those of loops too."""
    gc.collect()
    return {id(found) for found in gc.get_objects() if isinstance(found, tf.Graph)}


@pytest.mark.parametrize("jit", ["auto", True, False])
def test_a_forgotten_program_leaves_no_graph_behind(windows, target, jit, monkeypatch):
    """Keras's optimizers would, by the gradient of a sum over one replica."""
    before = graphs()
    monkeypatch.setattr(_engine, "_programs", ProgramStore(0))
    rnn = ElmanRegressor(units=2, epochs=1, batch_size=8, jit=jit)
    rnn.fit(windows, target)
    del rnn
    assert graphs() <= before


def test_variables_of_every_fit_have_the_same_names(windows, target):
    """TensorFlow keeps something for every new name, for good."""

    def names():
        model = ElmanRegressor(units=2, epochs=1).fit(windows, target).model_
        return [variable.path for variable in model.optimizer.variables]

    assert names() == names()


# Validation data and callbacks


def data_of(windows, y, weight=None, **options):
    """Training data of all windows, missing steps or not."""
    samples = Samples(windows, y, weight, "float32")
    return TrainingData(samples, only_observed=False, **options)


def new_model(masked=True):
    model = build_network(
        "gru",
        [3],
        n_features=2,
        n_outputs=1,
        cell_options={"reset_after": False},
        dropout=0.0,
        recurrent_dropout=0.0,
        bidirectional=False,
        dtype="float32",
        seed=0,
        masked=masked,
    )
    loss = keras.losses.MeanSquaredError(reduction="mean_with_sample_weight")
    model.compile(keras.optimizers.Adam(0.02, name="adam"), loss=loss)
    return model


def trained(engine, training, *, xla=False, epochs=4, shuffle=False, **options):
    """Train a new model; return it with its list of losses and validation losses."""
    model, rows = new_model(), []

    def record(epoch, values):
        rows.append(values)
        return dict(zip(["loss", "val_loss"], values, strict=False))

    def twin(kind):
        twin = new_model(kind.masked)
        return twin, twin.optimizer, twin.loss, []

    if engine is _engine:
        options = {
            "choose": lambda masked: {"xla": xla, "fused": False, "n_parts": 1},
            "key": None,
            "twin": twin,
            **options,
        }
    else:
        names = ["loss", "val_loss"] if options.get("validation") else ["loss"]
        options = {"names": names, **options}
    schedule = Schedule(BATCH_SIZE, epochs, shuffle, seed=3)
    engine.train(model, training, schedule, on_epoch_end=record, **options)
    return model, np.array(rows)


@pytest.mark.parametrize("weighted", [False, True])
def test_validation_losses_equal_those_of_keras(weighted, xla, windows, target):
    weight = np.linspace(0.1, 1, 40, dtype="float32") if weighted else None
    training = data_of(missing(windows)[:40], target[:40], weight)
    options = {"validation": data_of(windows[40:], target[40:])}
    model, losses = trained(_engine, training, xla=xla, **options)
    expected, expected_losses = trained(_generic, training, **options)
    assert losses.shape == (4, 2)
    assert_allclose(losses, expected_losses, rtol=1e-4)
    for ours, theirs in zip(model.get_weights(), expected.get_weights(), strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_orders_are_the_same_in_both(windows, target):
    training = data_of(windows, target)
    _, losses = trained(_engine, training, shuffle=True)
    _, expected = trained(_generic, training, shuffle=True)
    assert_allclose(losses, expected, rtol=1e-4)
    _, in_order = trained(_engine, training)
    assert abs(losses[1] - in_order[1]) > 1e-3 * in_order[1]


class Diary(keras.callbacks.Callback):
    """Writes down the events and what it sees of the model at the end of an epoch."""

    def __init__(self):
        super().__init__()
        self.events, self.weights = [], []

    def on_train_begin(self, logs=None):
        self.events.append("train begins")

    def on_train_end(self, logs=None):
        self.events.append("train ends")

    def on_epoch_begin(self, epoch, logs=None):
        self.events.append(f"{epoch} begins")

    def on_epoch_end(self, epoch, logs=None):
        self.events.append((f"{epoch} ends", sorted(logs)))
        self.weights.append(self.model.get_weights())


def test_callbacks_see_what_keras_would_show_them(xla, windows, target):
    training = data_of(windows, target)
    ours, theirs = Diary(), Diary()
    trained(_engine, training, xla=xla, callbacks=[ours], epochs=2)
    trained(_generic, training, callbacks=[theirs], epochs=2)
    assert ours.events == theirs.events
    assert len(ours.weights) == 2
    for epoch in range(2):
        for a, b in zip(ours.weights[epoch], theirs.weights[epoch], strict=True):
            assert_allclose(a, b, rtol=1e-3, atol=1e-6)


class SlowerAndSlower(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.1 / (1 + epoch)


def test_a_learning_rate_that_a_callback_sets_takes_effect(xla, windows, target):
    training = data_of(windows, target)
    model, losses = trained(_engine, training, xla=xla, callbacks=[SlowerAndSlower()])
    _, expected = trained(_generic, training, callbacks=[SlowerAndSlower()])
    assert_allclose(losses, expected, rtol=1e-4)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.025)


def test_early_stopping_and_its_best_weights(xla, windows, target):
    def callback():
        return keras.callbacks.EarlyStopping(
            "val_loss", patience=1, min_delta=0.02, restore_best_weights=True
        )

    training = data_of(windows[:40], target[:40])
    options = {"validation": data_of(windows[40:], target[40:]), "epochs": 30}
    model, losses = trained(
        _engine, training, xla=xla, callbacks=[callback()], **options
    )
    expected, expected_losses = trained(
        _generic, training, callbacks=[callback()], **options
    )
    assert len(losses) == len(expected_losses) < 30
    for ours, theirs in zip(model.get_weights(), expected.get_weights(), strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_callback_for_batches_cannot_be_served(windows, target):
    class EachBatch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    with pytest.raises(_engine.CannotServeError, match="EachBatch has a method on_tr"):
        trained(_engine, data_of(windows, target), callbacks=[EachBatch()])


# The jit parameter


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_jit_false_is_the_same_computation(regressor, windows, target):
    """Shuffled, with missing steps, weights, and the batches of the engine."""
    X, weight = missing(windows), np.linspace(0.1, 1, 60)
    compiled, plain = (
        regressor(
            units=3, epochs=3, batch_size=16, metrics=["mae"], random_state=0, jit=jit
        ).fit(X, target, sample_weight=weight)
        for jit in (True, False)
    )
    for name in ("loss", "mae"):
        assert_allclose(compiled.history_[name], plain.history_[name], rtol=1e-4)
    assert_allclose(compiled.predict(X), plain.predict(X), rtol=1e-4, atol=1e-6)


def test_jit_false_is_fit_and_predict_of_keras(windows, target, monkeypatch):
    called = []
    for name in ("fit", "predict"):
        real = getattr(keras.Model, name)

        def spy(model, *args, real=real, name=name, **options):
            called.append(name)
            return real(model, *args, **options)

        monkeypatch.setattr(keras.Model, name, spy)
    ElmanRegressor(units=2, epochs=1, jit=False).fit(windows, target).predict(windows)
    assert called == ["fit", "predict"]


def squared_error_in_python(y_true, y_pred):
    """A loss that only Python can compute, so that XLA cannot compile it."""
    import tensorflow as tf

    error = tf.numpy_function(np.copy, [y_true - y_pred], tf.float32)
    error = tf.stop_gradient(tf.ensure_shape(error, y_pred.shape))
    return tf.reduce_mean(error * (y_true - y_pred), axis=-1)


def test_where_xla_refuses_keras_trains(windows, target, monkeypatch, capfd):
    monkeypatch.setattr(_engine, "worth_compiling", lambda *_, **__: True)
    options = {"units": 2, "epochs": 2, "random_state": 0}
    loss = {"loss": squared_error_in_python}
    estimator = ElmanRegressor(**options, **loss, verbose=1).fit(windows, target)
    printed = capfd.readouterr()
    assert printed.out.count("Training with keras.Model.fit: XLA refuses: ") == 1
    assert "Graph execution error" not in printed.out, "that is no reason"
    assert printed.err == ""
    expected = ElmanRegressor(**options).fit(windows, target)
    assert_allclose(estimator.loss_curve_, expected.loss_curve_, rtol=1e-4)
    silent = ElmanRegressor(**options, **loss, verbose=0).fit(windows, target)
    assert silent.loss_curve_ == estimator.loss_curve_
    assert capfd.readouterr() == ("", "")


def test_jit_true_fails_where_xla_refuses(windows, target):
    estimator = ElmanRegressor(units=2, loss=squared_error_in_python, jit=True)
    with pytest.raises(ValueError, match=r"^jit=True, but .*XLA refuses: .* Set jit="):
        estimator.fit(windows, target)
    assert not hasattr(estimator, "n_iter_")


def test_on_a_gpu_keras_trains(windows, target, monkeypatch, capsys):
    monkeypatch.setattr(_engine, "has_gpu", lambda: True)
    options = {"units": 2, "epochs": 1, "random_state": 0}
    ElmanRegressor(**options, verbose=1).fit(windows, target).predict(windows)
    message = "Training with keras.Model.fit: TensorFlow sees a GPU.\n"
    assert capsys.readouterr().out.startswith(message)
    with pytest.raises(ValueError, match="TensorFlow sees a GPU"):
        ElmanRegressor(**options, jit=True).fit(windows, target)
