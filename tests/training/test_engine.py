"""The compiled epoch computes the same as `keras.Model.fit`."""

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
from skrnn.networks.affine import Affine
from skrnn.networks.inputs import InputSpec
from skrnn.networks.missing import mark_missing
from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights
from skrnn.training import keras_trainer, plan, trainers
from skrnn.training.compiled import engine, fused_lstm, programs
from skrnn.training.compiled.epoch import EpochProgram, capacity_for
from skrnn.training.compiled.programs import ProgramStore
from skrnn.training.data import Samples, Schedule, TrainingData
from skrnn.training.keras_network import assign, build_model
from skrnn.training.loop import LoadedData
from skrnn.training.optimizers import make_optimizer
from skrnn.training.plan import DataShape, RefusedError
from skrnn.training.scaling import Scaling, Targets
from skrnn.training.state import History, Objective, TrainingState
from skrnn.training.train import Events, Task
from skrnn.windows.view import WindowView

EPOCHS, BATCH_SIZE = 4, 16  # sixty windows: the last batch has twelve


@pytest.fixture(
    params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["graph", "XLA"]
)
def xla(request, monkeypatch):
    def train(*args, real=engine.train):
        try:
            return real(*args)
        except RefusedError as error:
            pytest.fail(f"keras.Model.fit would train instead: {error}")

    monkeypatch.setattr(plan, "worth_compiling", lambda *_, **__: request.param)
    monkeypatch.setattr(engine, "train", train)
    return request.param


@pytest.fixture
def store(monkeypatch):
    """Replaces the cache of programs of the engine by an empty one."""
    store = ProgramStore(engine.N_PROGRAMS_KEPT)
    monkeypatch.setattr(engine, "programs", store)
    return store


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


def missing(windows):
    windows = windows.copy()
    windows[::3, 2, 0] = np.nan
    windows[::7, -1, 1] = np.nan
    return windows


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
    estimator = regressor(
        **{"units": 4, **params},
        epochs=EPOCHS,
        batch_size=BATCH_SIZE,
        shuffle=False,
        metrics=["mae"],
        random_state=0,
    )
    estimator.fit(X, y, sample_weight=weight)
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
        monkeypatch.setattr(fused_lstm, "_MANY_WEIGHTS", many)
        rnn = regressor(
            **{"units": 4, **params},
            epochs=EPOCHS,
            batch_size=BATCH_SIZE,
            shuffle=False,
            metrics=["mae"],
            random_state=0,
        )
        return rnn.fit(X, y, sample_weight=weight)

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


def test_a_kept_program_gives_the_bits_of_a_new_one(xla, store, windows, target):
    """Also after it was used with other rows, weights and learning rates."""
    estimator = ElmanRegressor(units=2, epochs=3, batch_size=16, random_state=0)
    new = estimator.fit(windows, target).predict(windows)
    ElmanRegressor(
        units=2, epochs=2, batch_size=16, random_state=1, learning_rate=0.1
    ).fit(windows[:37], target[:37])
    assert len(store._programs) == 1
    assert_array_equal(estimator.fit(windows, target).predict(windows), new)


def test_one_program_serves_folds_of_different_length(store, windows, target):
    estimator = ElmanRegressor(units=2, epochs=1, random_state=0)
    for n_rows in (10, 23, 60):
        estimator.fit(windows[:n_rows], target[:n_rows])
    assert len(store._programs) == 1


def test_a_bounded_number_of_programs_is_kept():
    store = ProgramStore(most=2)
    for key in "abc":
        store.put(key, key.upper())
    assert store.take("a", lambda: "new") == "new"
    assert store.take("c", lambda: "new") == "C"
    assert store.take("c", lambda: "new") == "new", "the one has a user"
    assert store.take("b", lambda: "new") == "B"


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


def data_shape(batch_size=32, n_batches=1, n_timesteps=20):
    return DataShape(
        batch_size,
        n_batches,
        n_timesteps,
        n_targets=1,
        has_missing=False,
        masked=False,
        weighted=False,
    )


def test_compiling_is_decided_by_the_work_alone():
    def worth(cell, units, n_batches, n_timesteps, fused=False):
        spec = NetworkSpec(cell, units, n_features=1, n_outputs=1)
        shape = data_shape(n_batches=n_batches, n_timesteps=n_timesteps)
        return plan.worth_compiling(spec, shape, fused=fused)

    assert not worth("gru", (50,), 50, 10), "few batches"
    assert worth("gru", (50,), 460, 20)
    assert worth("elman", (4,), 100_000, 1), "a batch is little work"
    assert worth("lstm", (50,), 460, 20)
    assert not worth("lstm", (50,), 460, 20, fused=True), "XLA takes as long"


def test_shards_are_decided_by_the_work_alone():
    def n_shards(cell, units, batch_size, n_timesteps=20, fused=False):
        spec = NetworkSpec(cell, (units,), n_features=1, n_outputs=1)
        shape = data_shape(batch_size, n_timesteps=n_timesteps)
        return plan.count_shards(spec, shape, fused=fused)

    assert n_shards("lstm", 50, 128, 20, fused=True) == 2
    assert n_shards("lstm", 50, 128, 1, fused=True) == 1, "few steps"
    assert n_shards("lstm", 50, 128) == 1, "a loop is more work than its products"
    assert n_shards("lstm", 500, 32, fused=True) == 1, "few samples"
    assert n_shards("gru", 128, 128) == 2
    assert n_shards("elman", 128, 1024) == 4
    assert n_shards("elman", 512, 100_000) == 8


def test_xla_has_the_whole_batch_and_no_fused_operation():
    """A loss function may mix samples, so its batches are not split either."""
    options = (("activation", "tanh"), ("recurrent_activation", "sigmoid"))
    spec = NetworkSpec("lstm", (64,), n_features=1, n_outputs=1, options=options)
    shape = data_shape(batch_size=1024, n_batches=10_000)

    def planned(trainer, divisible):
        made = plan.make_plan(spec, shape, trainer, divisible=divisible)
        return made.xla, made.fused, made.n_shards

    assert planned("auto", divisible=True) == (False, True, 4)
    assert planned("auto", divisible=False) == (False, True, 1)
    assert planned("xla", divisible=True) == (True, False, 1)


def test_only_auto_chooses_xla_where_it_pays(monkeypatch):
    monkeypatch.setattr(plan, "worth_compiling", lambda *_, **__: True)
    spec = NetworkSpec("elman", (2,), n_features=1, n_outputs=1)
    xla = {
        trainer: plan.make_plan(spec, data_shape(), trainer, divisible=True).xla
        for trainer in ("auto", "compiled", "xla")
    }
    assert xla == {"auto": True, "compiled": False, "xla": True}


def test_auto_and_compiled_share_a_program(store, windows, target):
    for trainer in ("auto", "compiled"):
        ElmanRegressor(units=2, epochs=1, trainer=trainer).fit(windows, target)
    assert len(store._programs) == 1


@pytest.mark.parametrize(
    ("n_samples", "expected"),
    [(1, 4096), (4097, 16384), (262_144, 262_144), (5_000_000, 5_242_880)],
)
def test_an_xla_program_has_room_for_more_samples(n_samples, expected):
    assert capacity_for(n_samples) == expected


def test_xla_compiles_once_for_folds_of_different_length(store, windows, target):
    estimator = ElmanRegressor(units=2, epochs=1, batch_size=8, trainer="xla")
    for n_rows in (20, 41, 60):
        estimator.fit(windows[:n_rows], target[:n_rows])
    (program,) = store._programs.values()
    assert len(program._compiled) == 1


def test_blocks_of_other_series_have_arrays_of_their_own():
    """Also if a series is freed before the next one is created at the same address."""

    def data(*series):
        def block(number):
            return SimpleNamespace(series=series[0] if series else np.zeros(1))

        return SimpleNamespace(n_of_blocks=[1], block_length=1, block=block)

    def load(block, n_rows, batch_size, arrays):
        return SimpleNamespace(arrays=arrays or [object()])

    def arrays(data, like=None):
        loaded = LoadedData(SimpleNamespace(load=load), data, 1, like)
        return loaded, loaded.first.arrays[0]

    first, of_first = arrays(data())
    others = [arrays(data(), like=first)[1] for _ in range(20)]
    assert len({id(found) for found in (of_first, *others)}) == 21
    series = np.zeros(1)
    one, of_one = arrays(data(series))
    assert arrays(data(series), like=one)[1] is of_one


def test_a_kept_program_holds_no_data(windows, target, monkeypatch):
    seen = []

    def load(program, block, *args, make=EpochProgram.load):
        made = make(program, block, *args)
        parts = (block.series, block.y, *made.arrays)
        seen.extend(weakref.ref(part) for part in parts)
        return made

    monkeypatch.setattr(EpochProgram, "load", load)
    ElmanRegressor(units=2, epochs=1, batch_size=8, trainer="xla").fit(windows, target)
    gc.collect()
    assert len(seen) == 6
    assert all(ref() is None for ref in seen)


def test_tensorflow_forgets_with_us(monkeypatch):
    """Otherwise TensorFlow would keep a megabyte of kernels for every network."""
    forgotten = []
    monkeypatch.setattr(programs, "forget_kernels", lambda: forgotten.append(True))
    store = ProgramStore(most=1)
    store.put("first", object())
    store.put("first", object())
    assert not forgotten
    store.put("second", object())
    assert forgotten == [True]


def graphs():
    """The ids of all graphs in memory, including those of loops."""
    gc.collect()
    return {id(found) for found in gc.get_objects() if isinstance(found, tf.Graph)}


@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
def test_a_forgotten_program_leaves_no_graph_behind(
    windows, target, trainer, monkeypatch
):
    """Optimizers of Keras would, through the gradient of a sum over one replica."""
    before = graphs()
    monkeypatch.setattr(engine, "programs", ProgramStore(0))
    rnn = ElmanRegressor(units=2, epochs=1, batch_size=8, trainer=trainer)
    rnn.fit(windows, target)
    del rnn
    assert graphs() <= before


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_variables_of_every_fit_have_the_same_names(
    trainer, windows, target, monkeypatch
):
    """TensorFlow allocates memory for every new name and never frees it."""
    seen = []

    class Names(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            see(self.model.optimizer)

    def see(optimizer):
        seen.append([variable.path for variable in optimizer.variables])

    def names():
        seen.clear()
        store = ProgramStore(1)
        monkeypatch.setattr(engine, "programs", store)
        rnn = ElmanRegressor(units=2, epochs=1, callbacks=[Names], trainer=trainer)
        rnn.fit(windows, target)
        for program in store._programs.values():
            see(program.optimizer)
        return list(seen)

    first = names()
    assert len(first) == (2 if trainer == "auto" else 1)
    assert names() == first


# Validation data and callbacks


def data_of(windows, y, weight=None, **options):
    """Training data of all windows, with or without missing steps."""
    inputs = InputSpec(*windows.shape[1:])
    targets = Targets(y, windows, inputs, Scaling(None, Affine(shift=np.zeros(1))))
    samples = Samples(WindowView(windows), targets, weight)
    return TrainingData(samples, **options)


SPEC = NetworkSpec(
    cell="gru",
    units=(3,),
    n_features=2,
    n_outputs=1,
    options=(
        ("activation", "tanh"),
        ("recurrent_activation", "sigmoid"),
        ("reset_after", False),
    ),
)
OBJECTIVE = Objective("squared_error", None, (), "adam", 0.02)


def trained(trainer, data, *, validation=None, callbacks=(), epochs=4, shuffle=False):
    """Train a network; return its state, and loss and metrics of every epoch."""
    state = TrainingState(*initial_weights(SPEC, seed=0))
    schedule = Schedule(BATCH_SIZE, epochs, shuffle, seed=3)
    task = Task(SPEC, state, data, validation, schedule, OBJECTIVE, list(callbacks))
    names = ["loss"] if validation is None else ["loss", "val_loss"]
    history = History.after({}, names)
    events = Events(history, names)
    state = trainer.train(task, task.plan("auto"), events)
    return state, np.transpose([history.values[name] for name in names])


@pytest.mark.parametrize("weighted", [False, True])
def test_validation_losses_equal_those_of_keras(weighted, xla, windows, target):
    weight = np.linspace(0.1, 1, 40, dtype="float32") if weighted else None
    training = data_of(missing(windows)[:40], target[:40], weight)
    options = {"validation": data_of(windows[40:], target[40:])}
    state, losses = trained(engine, training, **options)
    expected, expected_losses = trained(keras_trainer, training, **options)
    assert losses.shape == (4, 2)
    assert_allclose(losses, expected_losses, rtol=1e-4)
    for ours, theirs in zip(state.weights, expected.weights, strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=1e-6)


def test_orders_are_the_same_in_both(windows, target):
    training = data_of(windows, target)
    _, losses = trained(engine, training, shuffle=True)
    _, expected = trained(keras_trainer, training, shuffle=True)
    assert_allclose(losses, expected, rtol=1e-4)
    _, in_order = trained(engine, training)
    assert abs(losses[1] - in_order[1]) > 1e-3 * in_order[1]


class Diary(keras.callbacks.Callback):
    """Records the events, and the model at the end of each epoch."""

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
    trained(engine, training, callbacks=[ours], epochs=2)
    trained(keras_trainer, training, callbacks=[theirs], epochs=2)
    assert ours.events == theirs.events
    assert len(ours.weights) == 2
    for epoch in range(2):
        for a, b in zip(ours.weights[epoch], theirs.weights[epoch], strict=True):
            assert_allclose(a, b, rtol=1e-3, atol=1e-6)


class SlowerAndSlower(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate = 0.1 / (1 + epoch)


def learning_rate_of(state):
    """The learning rate in the state of an optimizer."""
    optimizer = make_optimizer(OBJECTIVE)
    optimizer.build(build_model(SPEC).trainable_variables)
    assign(optimizer.variables, state.optimizer.values)
    return float(optimizer.learning_rate)


def test_a_learning_rate_that_a_callback_sets_takes_effect(xla, windows, target):
    training = data_of(windows, target)
    state, losses = trained(engine, training, callbacks=[SlowerAndSlower()])
    _, expected = trained(keras_trainer, training, callbacks=[SlowerAndSlower()])
    assert_allclose(losses, expected, rtol=1e-4)
    assert learning_rate_of(state) == pytest.approx(0.025)


def test_early_stopping_and_its_best_weights(xla, windows, target):
    def callback():
        return keras.callbacks.EarlyStopping(
            "val_loss", patience=1, min_delta=0.02, restore_best_weights=True
        )

    training = data_of(windows[:40], target[:40])
    options = {"validation": data_of(windows[40:], target[40:]), "epochs": 30}
    state, losses = trained(engine, training, callbacks=[callback()], **options)
    expected, expected_losses = trained(
        keras_trainer, training, callbacks=[callback()], **options
    )
    assert len(losses) == len(expected_losses) < 30
    for ours, theirs in zip(state.weights, expected.weights, strict=True):
        assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_a_callback_for_batches_is_refused(windows, target):
    class EachBatch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            pass

    rnn = ElmanRegressor(2, epochs=1, callbacks=[EachBatch], trainer="compiled")
    with pytest.raises(ValueError, match="EachBatch has a method on_train_batch_end"):
        rnn.fit(windows, target)


# The trainer parameter


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


@pytest.mark.parametrize("trainer", ["auto", "compiled", "keras"])
def test_only_the_keras_trainer_calls_fit_of_keras(
    trainer, windows, target, monkeypatch
):
    """Predictions are computed in NumPy, whichever trainer is used."""
    called = []
    for name in ("fit", "predict"):
        real = getattr(keras.Model, name)

        def spy(model, *args, real=real, name=name, **options):
            called.append(name)
            return real(model, *args, **options)

        monkeypatch.setattr(keras.Model, name, spy)
    ElmanRegressor(units=2, epochs=1, trainer=trainer).fit(windows, target).predict(
        windows
    )
    assert called == (["fit"] if trainer == "keras" else [])


def squared_error_in_python(y_true, y_pred):
    """A loss that only Python can compute, so that XLA cannot compile it."""
    error = tf.numpy_function(np.copy, [y_true - y_pred], tf.float32)
    error = tf.stop_gradient(tf.ensure_shape(error, y_pred.shape))
    return tf.reduce_mean(error * (y_true - y_pred), axis=-1)


def squared_error(y_true, y_pred):
    """The same, for XLA too."""
    return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1)


def test_where_xla_refuses_keras_trains(windows, target, monkeypatch, capsys):
    """That TensorFlow logs nothing is tested in test_tensorflow_import.py."""
    monkeypatch.setattr(plan, "worth_compiling", lambda *_, **__: True)
    options = {"units": 2, "epochs": 2, "random_state": 0}
    loss = {"loss": squared_error_in_python}
    estimator = ElmanRegressor(**options, **loss, verbose=1).fit(windows, target)
    printed = capsys.readouterr()
    assert printed.out.count("with keras.Model.fit: XLA cannot compile it: ") == 1
    assert "Graph execution error" not in printed.out, "that is no reason"
    assert printed.err == ""
    expected = ElmanRegressor(**options, loss=squared_error).fit(windows, target)
    assert_allclose(estimator.loss_curve_, expected.loss_curve_, rtol=1e-4)
    silent = ElmanRegressor(**options, **loss, verbose=0).fit(windows, target)
    assert silent.loss_curve_ == estimator.loss_curve_
    assert capsys.readouterr() == ("", "")


def test_trainer_xla_fails_where_xla_refuses(windows, target):
    estimator = ElmanRegressor(units=2, loss=squared_error_in_python, trainer="xla")
    message = (
        r'^trainer="xla", but .*XLA cannot compile it: .* Set trainer="auto" or "keras"'
    )
    with pytest.raises(ValueError, match=message):
        estimator.fit(windows, target)
    assert not hasattr(estimator, "n_iter_")


def test_on_a_gpu_keras_trains(windows, target, monkeypatch, capsys):
    monkeypatch.setattr(trainers, "has_gpu", lambda: True)
    options = {"units": 2, "epochs": 1, "random_state": 0}
    ElmanRegressor(**options, verbose=1).fit(windows, target).predict(windows)
    message = "Training with keras.Model.fit: TensorFlow sees a GPU.\n"
    assert capsys.readouterr().out.startswith(message)
    for trainer in ("compiled", "xla"):
        with pytest.raises(ValueError, match=f'^trainer="{trainer}".* sees a GPU'):
            ElmanRegressor(**options, trainer=trainer).fit(windows, target)
