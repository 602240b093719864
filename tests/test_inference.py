"""Predictions through compiled programs, row by row and together."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import GRURegressor
from skrnn.training.compiled import inference as _inference
from skrnn.training.compiled.inference import N_FEW_ROWS
from skrnn.training.compiled.programs import ProgramStore
from skrnn.training.compiled.session import OwnSession


@pytest.fixture(scope="module")
def many():
    rng = np.random.RandomState(0)
    X = rng.rand(100, 5, 2)
    X[3, 2] = X[4, :2] = X[5] = np.nan
    return X


@pytest.fixture(scope="module")
def fitted(many):
    y = np.random.RandomState(1).rand(100, 2)
    return GRURegressor(units=3, epochs=2, random_state=0).fit(many, y)


def test_a_row_gets_the_same_bits_whichever_come_with_it(fitted, many):
    together = fitted.predict(many[:N_FEW_ROWS])
    alone = [fitted.predict(many[i : i + 1])[0] for i in range(N_FEW_ROWS)]
    assert_array_equal(together, alone)
    assert_array_equal(fitted.predict(many[:7]), together[:7])


def test_few_rows_and_many_agree(fitted, many):
    together = fitted.predict(many)
    few = [fitted.predict(many[i : i + 20]) for i in range(0, 100, 20)]
    assert_allclose(together, np.concatenate(few), rtol=1e-5, atol=1e-7)


def test_the_networks_own_output(fitted, many):
    """Of the Keras model, called on windows without a missing step."""
    expected = fitted.model_(many[10:80].astype("float32")).numpy()
    assert_allclose(fitted.predict(many[10:80]), expected, rtol=1e-5)


def test_many_rows_are_made_into_windows_in_parts(fitted, many, monkeypatch):
    expected = fitted.predict(many)
    parts = []

    def run(program, model, windows, real=_inference.ManyRows.run):
        parts.append(len(windows))
        return real(program, model, windows)

    monkeypatch.setattr(_inference.ManyRows, "run", run)
    monkeypatch.setattr(_inference, "N_VALUES_AT_ONCE", 70 * 5 * 2)
    assert_allclose(fitted.predict(many), expected, rtol=1e-5, atol=1e-7)
    assert parts == [70, 30]


def test_a_program_serves_all_networks_of_a_kind(fitted, many):
    """It gets the weights with every call."""
    other = GRURegressor(units=3, epochs=2, random_state=1).fit(
        many, np.random.RandomState(2).rand(100, 2)
    )
    fresh = fitted.predict(many[:3])
    assert not np.allclose(other.predict(many[:3]), fresh)
    assert_array_equal(fitted.predict(many[:3]), fresh)


def test_without_the_undocumented_call_the_documented_one_serves(
    fitted, many, monkeypatch
):
    """The one is to be gone some day; both give the same bits."""
    expected = fitted.predict(many[:2]), fitted.predict(many)
    base = tf.compat.v1.Session.__mro__[1]
    monkeypatch.delattr(base, "_make_callable_from_options")
    monkeypatch.setattr(_inference, "_programs", ProgramStore(2))
    assert_array_equal(fitted.predict(many[:2]), expected[0])
    assert_array_equal(fitted.predict(many), expected[1])


@pytest.mark.parametrize("n_rows", [2, 100])
def test_threads_compile_a_program_once(fitted, many, n_rows, monkeypatch):
    expected = fitted.predict(many[:n_rows])
    compiled, together = [], threading.Barrier(4)

    def add(session, function, *, xla, real=OwnSession.add):
        compiled.append(function)
        return real(session, function, xla=xla)

    def predict(_):
        together.wait()
        return fitted.predict(many[:n_rows])

    monkeypatch.setattr(OwnSession, "add", add)
    monkeypatch.setattr(_inference, "_programs", ProgramStore(1))
    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(predict, range(4)):
            assert_array_equal(found, expected)
    assert len(compiled) == 1


def test_layers_may_be_frozen(fitted, many):
    """Whether a weight is trained says nothing of where it stands."""
    expected = fitted.predict(many[:2]), fitted.predict(many)
    frozen = next(layer for layer in fitted.model_.layers if layer.weights)
    frozen.trainable = False
    try:
        found = fitted.predict(many[:2]), fitted.predict(many)
    finally:
        frozen.trainable = True
    assert_array_equal(found[0], expected[0])
    assert_array_equal(found[1], expected[1])
