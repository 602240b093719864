"""Redefined classes, threads, processes and signals during training."""

import pickle
import signal
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import Pipeline

from skrnn import ElmanRegressor, LSTMRegressor, SequenceWindower
from skrnn.training import train
from skrnn.windows.layout import layout_of_names


def small(**params):
    return ElmanRegressor(**{"units": 2, "epochs": 3, "random_state": 0, **params})


# Programs are cached by names, which must always mean the same


def optimizer_class(sign):
    @keras.saving.register_keras_serializable("tests")
    class Descent(keras.optimizers.Optimizer):
        """An optimizer that a notebook defines."""

        def update_step(self, gradient, variable, learning_rate):
            step = keras.ops.cast(learning_rate, gradient.dtype) * gradient
            variable.assign_sub(sign * step)

    return Descent


def test_an_optimizer_class_that_is_defined_again_trains_by_its_new_rule(
    windows, target
):
    """As when the cell of a notebook is run twice."""

    def curve(sign):
        optimizer = optimizer_class(sign)(learning_rate=0.1)
        rnn = small(optimizer=optimizer, epochs=5).fit(windows, target)
        return rnn.loss_curve_

    down, up = curve(1), curve(-1)
    assert down[-1] < down[0]
    assert up[-1] > up[0]


def test_weight_decay_leaves_out_what_the_users_optimizer_leaves_out(windows, target):
    def kernels(*names):
        optimizer = keras.optimizers.SGD(0.0, weight_decay=0.1)
        optimizer.learning_rate = 0.01
        optimizer.exclude_from_weight_decay(var_names=list(names))
        rnn = small(optimizer=optimizer, epochs=30).fit(windows, 0 * target)
        return [abs(weights).sum() for weights in rnn.model_.get_weights()]

    decayed, left_out = kernels("no such name"), kernels("kernel")
    assert decayed[1] < 0.99 * left_out[1]


# Threads


def test_eight_threads_predict_on_one_estimator(windows, target):
    fitted = LSTMRegressor(units=3, epochs=1, random_state=0).fit(windows, target)
    parts = [windows, windows[:20], windows[:1]] * 8
    expected = [fitted.predict(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        for found, one in zip(pool.map(fitted.predict, parts), expected, strict=True):
            assert_array_equal(found, one)


@pytest.mark.slow
def test_a_callback_may_predict_while_another_thread_does():
    """They must not deadlock. Runs in a process that can be terminated."""
    code = """
import threading, time
import keras
import numpy as np
from skrnn import ElmanRegressor

X = np.random.RandomState(0).rand(60, 5, 2)
y = X[:, 0, 0]
one, other = (ElmanRegressor(units, epochs=1).fit(X, y) for units in (3, 4))
in_batch = threading.Event()

class Predicts(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        in_batch.set()
        time.sleep(1)  # until the other thread predicts
        one.predict(X[:1])

def predict():
    in_batch.wait()
    other.predict(X[:1])

thread = threading.Thread(target=predict, daemon=True)
thread.start()
ElmanRegressor(2, epochs=1, callbacks=[Predicts]).fit(X, y)
thread.join(30)
assert not thread.is_alive()
"""
    subprocess.run([sys.executable, "-c", code], timeout=90, check=True)


def test_pickling_while_another_thread_predicts(windows, target):
    fitted = small().fit(windows, target)
    stored = pickle.dumps(fitted)
    expected = fitted.predict(windows)
    for _ in range(20):
        loaded = pickle.loads(stored)
        thread = threading.Thread(target=loaded.predict, args=(windows,))
        thread.start()
        again = pickle.loads(pickle.dumps(loaded))
        thread.join()
        assert_array_equal(again.predict(windows), expected)


# Callbacks


class Diary(keras.callbacks.Callback):
    told = []

    def on_train_begin(self, logs=None):
        self.told.append("train begins")

    def on_epoch_begin(self, epoch, logs=None):
        self.told.append(f"epoch {epoch} begins")

    def on_train_batch_end(self, batch, logs=None):
        """A batch event, which the compiled engine does not emit."""


def python_in_the_loss(y_true, y_pred):
    """A loss that XLA cannot compile."""
    error = tf.numpy_function(np.copy, [y_true - y_pred], tf.float32)
    error = tf.stop_gradient(tf.ensure_shape(error, y_pred.shape))
    return tf.reduce_mean(error * (y_true - y_pred), axis=-1)


class EpochDiary(keras.callbacks.Callback):
    told = Diary.told
    on_train_begin = Diary.on_train_begin
    on_epoch_begin = Diary.on_epoch_begin


@pytest.mark.parametrize(
    "refused",
    [
        {"callbacks": [Diary]},
        {"callbacks": [EpochDiary], "loss": python_in_the_loss},
    ],
    ids=["a callback for batches", "a loss"],
)
def test_what_the_engine_refuses_is_told_of_once(
    windows, target, refused, capsys, monkeypatch
):
    def compile_all(task, trainer, real=train.make_plan):
        return replace(real(task, trainer), xla=True)

    monkeypatch.setattr(train, "make_plan", compile_all)
    Diary.told.clear()
    small(**refused, epochs=2, verbose=1).fit(windows, target)
    assert "Training with keras.Model.fit" in capsys.readouterr().out
    assert Diary.told == ["train begins", "epoch 0 begins", "epoch 1 begins"]


def test_where_tensorflow_lacks_a_name_keras_trains_and_says_so_once(
    windows, target, monkeypatch
):
    expected = small().fit(windows, target)
    monkeypatch.delattr(tf.raw_ops, "VarHandleOp")
    with pytest.warns(UserWarning, match=r"no tensorflow\.raw_ops\.VarHandleOp\. Ins"):
        found = small().fit(windows, target)
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-5)
    small().fit(windows, target)
    with pytest.raises(
        ValueError, match=r'^trainer="xla", but .* no tensorflow\.raw_ops'
    ):
        small(trainer="xla").fit(windows, target)


# Ctrl-C


@pytest.fixture
def own_handler():
    """A handler of SIGINT that a user installs, and that raises."""

    def handle(signum, frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, handle)
    yield handle
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_under_a_users_handler_leaves_the_weights_of_the_history(
    windows, target, own_handler
):
    options = {"units": 8, "batch_size": 2}
    small(**options, epochs=100).fit(windows, target)  # compiles
    rnn = small(**options, epochs=100_000)
    threading.Timer(0.5, signal.raise_signal, args=(signal.SIGINT,)).start()
    with pytest.warns(UserWarning, match="interrupted by the user"):
        rnn.fit(windows, target)
    assert signal.getsignal(signal.SIGINT) is own_handler
    expected = small(**options, epochs=rnn.n_iter_).fit(windows, target)
    assert_allclose(rnn.loss_curve_, expected.loss_curve_, rtol=1e-5)
    found = rnn.predict(windows)
    assert_allclose(found, expected.predict(windows), rtol=1e-4, atol=1e-6)


def test_a_handler_that_only_takes_note_does_not_end_the_training(windows, target):
    noted = []

    class Presses(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGINT, lambda *arguments: noted.append(arguments))
    try:
        assert small(callbacks=[Presses]).fit(windows, target).n_iter_ == 3
    finally:
        signal.signal(signal.SIGINT, before)
    assert len(noted) == 6


def test_the_warning_of_an_interrupt_names_the_users_line(windows, target):
    class Interrupts(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            raise KeyboardInterrupt

    pipe = Pipeline([("rnn", small(callbacks=[Interrupts]))])
    for estimator in (small(callbacks=[Interrupts]), pipe):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            estimator.fit(windows, target)
        (warning,) = caught
        assert warning.filename == __file__


# Pipelines that keep the results of their steps


def test_a_cached_pipeline_holds_out_the_same_rows(tmp_path):
    rng = np.random.RandomState(0)
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(30)])
    X = pd.DataFrame({"x": rng.rand(90)}, index=index)
    y = rng.rand(90)
    steps = [("window", SequenceWindower(4)), ("rnn", small(early_stopping=True))]
    curves = [
        Pipeline(steps, memory=str(tmp_path)).fit(X, y)[-1].validation_loss_curve_
        for _ in range(2)
    ]
    assert curves[0] == curves[1]


def test_columns_of_the_same_name_are_an_error_that_names_them():
    """Some versions of scikit-learn raise their own error first."""
    names = ["x_lag1", "x_lag0", "x_lag0", "x_lag1"]
    with pytest.raises(ValueError, match="different names, but 'x_lag0' occurs more"):
        layout_of_names(names)
    with pytest.raises(ValueError, match="x_lag0"):
        small().fit(pd.DataFrame(np.zeros((20, 4)), columns=names), np.zeros(20))


# Reports of trainings that end early


def test_epochs_that_were_not_trained_are_not_reported(windows, target, capsys):
    options = {"early_stopping": True, "n_iter_no_change": 2, "tol": 9}
    small(verbose=1, epochs=200, **options).fit(windows, target)
    assert capsys.readouterr().out.endswith("Training ended after 3 of 200 epochs.\n")


def test_weights_that_diverge_name_the_epoch_trained(windows, target):
    class Spoils(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            weights = self.model.get_weights()
            self.model.set_weights([np.full_like(w, np.nan) for w in weights])
            self.model.stop_training = True

    with pytest.raises(ValueError, match="weights after epoch 1 is nan"):
        small(epochs=200, callbacks=[Spoils]).fit(windows, target)
