"""Compiled programs are kept for later fits, and forgotten without a trace.

`_programs`, `_compiled` and `LoadedBlocks` are read because a program that is not kept
only costs time, and one that is kept too long only memory.
"""

import gc
import threading
import weakref
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal

from skrnn import ElmanRegressor
from skrnn.training.compiled import engine
from skrnn.training.compiled.epoch import EpochProgram, capacity_for
from skrnn.training.loop import LoadedBlocks


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
    store = engine.ProgramStore(most=2)
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

    def load(block, n_rows, batch_size, like):
        return SimpleNamespace(arrays=like.arrays if like else [object()])

    def arrays(data, like=None):
        loaded = LoadedBlocks(SimpleNamespace(load=load), data, 1, like)
        return loaded, loaded.first.arrays[0]

    first, of_first = arrays(data())
    others = [arrays(data(), like=first)[1] for _ in range(20)]
    assert len({id(found) for found in (of_first, *others)}) == 21
    series = np.zeros(1)
    one, of_one = arrays(data(series))
    assert arrays(data(series), like=one)[1] is of_one


def test_a_kept_program_holds_no_data(windows, target, monkeypatch):
    seen = []

    def load(program, block, make=EpochProgram.load, **options):
        made = make(program, block, **options)
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
    monkeypatch.setattr(engine, "forget_kernels", lambda: forgotten.append(True))
    store = engine.ProgramStore(most=1)
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
    monkeypatch.setattr(engine, "programs", engine.ProgramStore(0))
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
        store = engine.ProgramStore(1)
        monkeypatch.setattr(engine, "programs", store)
        rnn = ElmanRegressor(units=2, epochs=1, callbacks=[Names], trainer=trainer)
        rnn.fit(windows, target)
        for program in store._programs.values():
            see(program.optimizer)
        return list(seen)

    first = names()
    assert len(first) == (2 if trainer == "auto" else 1)
    assert names() == first
