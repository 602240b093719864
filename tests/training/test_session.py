"""Programs have their own sessions, and free what was compiled with them.

`_configuration` is read because TensorFlow does not tell how a session was configured.
"""

import gc
import weakref

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal

from skrnn import ElmanRegressor
from skrnn.training.compiled import engine
from skrnn.training.compiled import session as _session
from skrnn.training.compiled.session import OwnSession
from skrnn.training.plan import RefusedError


def traced(function):
    return tf.function(function).get_concrete_function(tf.TensorSpec((None,)))


@pytest.mark.parametrize("xla", [False, True])
def test_a_function_changes_the_variables_of_the_session(xla):
    total = tf.Variable([1.0, 2.0])
    constant = tf.constant([10.0, 20.0])

    def add(x):
        return tf.reduce_sum(total.assign_add(constant * x))

    session = OwnSession([total])
    run = session.add(traced(add), xla=xla)
    assert run(np.array([1, 2], "float32")) == 53
    assert run(np.array([0, 1], "float32")) == 73
    (found,) = session.reader([total])()
    assert_array_equal(found, [11, 62])
    assert_array_equal(total, [1, 2])


def test_functions_bring_their_variables_along():
    first, second = tf.Variable(1.0), tf.Variable(2.0, trainable=False)
    session = OwnSession([first])
    run = session.add(traced(lambda x: x[0] * first + second), xla=False)
    assert [id(variable) for variable in session.variables] == [id(first), id(second)]
    assert run(np.array([3], "float32")) == 5
    session.writer([second, first])([np.float32(7), np.float32(0)])
    assert run(np.array([3], "float32")) == 7


def test_a_function_with_a_table_is_refused():
    rows = tf.lookup.KeyValueTensorInitializer(tf.constant([1]), tf.constant([2.0]))
    table = tf.lookup.StaticHashTable(rows, 0.0)
    function = traced(lambda x: table.lookup(tf.cast(x, "int32")))
    with pytest.raises(RefusedError, match="table"):
        OwnSession([]).add(function, xla=False)


def test_a_session_has_the_threads_and_devices_of_eager_mode(monkeypatch):
    """Except threads within an operation, see test_parallel."""
    threads = tf.config.threading
    monkeypatch.setattr(threads, "get_inter_op_parallelism_threads", lambda: 3)
    monkeypatch.setattr(threads, "get_intra_op_parallelism_threads", lambda: 2)
    config = _session._configuration()
    assert config.inter_op_parallelism_threads == 3
    assert config.intra_op_parallelism_threads == 1
    assert config.device_count["GPU"] == 0, "hidden ones as well"


def test_large_arrays_are_aligned_so_that_a_session_does_not_copy_them():
    odd = np.zeros(4 * 20_000 + 1, "uint8")[1:].view("float32")  # not aligned
    assert _session.aligned(odd).ctypes.data % 16 == 0
    assert_array_equal(_session.aligned(odd), odd)


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise OSError("No space left on device")


@pytest.fixture
def sessions(monkeypatch):
    """Weak references to all sessions that a test opens."""
    opened = []

    def open_session(*args, make=_session.v1.Session, **options):
        session = make(*args, **options)
        opened.append(weakref.ref(session))
        return session

    monkeypatch.setattr(_session.v1, "Session", open_session)
    return opened


def are_alive(sessions):
    gc.collect()
    return [ref() is not None for ref in sessions]


@pytest.mark.parametrize("trainer", ["auto", "xla"])
@pytest.mark.parametrize("callbacks", [[], [Fails]])
def test_no_session_outlives_its_program(
    windows, target, trainer, callbacks, sessions, monkeypatch
):
    """Otherwise the XLA executables of each network would keep twelve megabytes."""
    monkeypatch.setattr(engine, "programs", engine.ProgramStore(1))
    for units in (2, 3):
        rnn = ElmanRegressor(units, epochs=1, trainer=trainer, callbacks=callbacks)
        try:
            rnn.fit(windows, target)
        except OSError:
            assert callbacks
    assert are_alive(sessions) == ([False, False] if callbacks else [False, True])


@pytest.mark.parametrize("trainer", ["auto", "xla"])
def test_without_the_undocumented_call_the_documented_one_serves(
    windows, target, trainer, monkeypatch
):
    """The private function may be removed; both give the same bits."""
    monkeypatch.setattr(engine, "programs", engine.ProgramStore(0))
    called = []

    def make_callable(session, *args, real=tf.compat.v1.Session.make_callable):
        called.append(session)
        return real(session, *args)

    def fit():
        rnn = ElmanRegressor(
            2, epochs=2, metrics=["mae"], trainer=trainer, random_state=0
        )
        rnn.fit(windows, target, X_val=windows[:9], y_val=target[:9])
        return rnn

    expected = fit()
    base = tf.compat.v1.Session.__mro__[1]
    monkeypatch.setattr(base, "make_callable", make_callable)
    monkeypatch.delattr(base, "_make_callable_from_options")
    found = fit()
    assert len(called) > 4, "to train, to evaluate, to read and to set variables"
    assert found.history_ == expected.history_
    assert_array_equal(found.predict(windows), expected.predict(windows))


def test_a_device_that_is_not_there_is_replaced_as_in_eager_mode(windows, target):
    def loss(y_true, y_pred):
        return tf.reduce_mean((y_true - y_pred) ** 2, axis=-1)

    def loss_on_gpu(y_true, y_pred):
        with tf.device("/GPU:0"):
            return loss(y_true, y_pred)

    rnn, plain = (
        ElmanRegressor(2, loss=function, epochs=1, random_state=0).fit(windows, target)
        for function in (loss_on_gpu, loss)
    )
    assert rnn.loss_curve_ == pytest.approx(plain.loss_curve_)


class Annealed(keras.losses.Loss):
    """A loss with a variable, which counts its batches and which a callback sets."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(1.0, trainable=False)
        self.n_batches = tf.Variable(0, trainable=False)

    def call(self, y_true, y_pred):
        self.n_batches.assign_add(1)
        return self.scale * keras.ops.mean((y_true - y_pred) ** 2, axis=-1)


@pytest.mark.parametrize("weight", [None, np.linspace(0.1, 1, 60)])
@pytest.mark.parametrize("trainer", ["xla", "auto", "keras"])
def test_a_loss_may_have_variables(windows, target, trainer, weight):
    loss = Annealed()

    class Anneals(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            loss.scale.assign(0.0 if epoch else 1.0)

    rnn = ElmanRegressor(
        2, loss=loss, epochs=2, batch_size=16, trainer=trainer, callbacks=[Anneals]
    )
    first, second = rnn.fit(windows, target, sample_weight=weight).history_["loss"]
    assert first > 0
    assert second == 0
    assert loss.n_batches.numpy() == 8


@pytest.mark.parametrize("trainer", ["xla", "auto"])
def test_a_metric_may_make_its_variables_late(windows, target, trainer):
    """As the R2 metric does in its first batch."""

    def history(trainer):
        rnn = ElmanRegressor(
            2, epochs=3, metrics=["r2_score"], trainer=trainer, random_state=0
        )
        return rnn.fit(windows, target).history_["r2_score"]

    np.testing.assert_allclose(history(trainer), history("keras"), rtol=1e-4)
