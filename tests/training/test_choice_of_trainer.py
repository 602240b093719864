"""Which trainer trains, and how: decided by the work, `trainer` and refusals."""

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from small_networks import data_of

from skrnn import ElmanRegressor
from skrnn.networks.spec import NetworkSpec
from skrnn.training import plan, train
from skrnn.training.data import Schedule
from skrnn.training.state import Objective, Task


def task_of(spec, batch_size=32, epochs=1, loss="squared_error"):
    """A training in which an epoch is one batch of windows of 20 steps."""
    data = data_of(np.zeros((batch_size, 20, 1)), np.zeros(batch_size))
    schedule = Schedule(batch_size, epochs, shuffle=False, seed=0)
    objective = Objective(loss, None, (), "adam", "auto")
    return Task(spec, None, data, None, schedule, objective, [], 1.0, None, None, False)


def test_compiling_is_decided_by_the_work_alone():
    def worth(cell, units, n_batches, n_timesteps, fused=False):
        spec = NetworkSpec(cell, units, n_inputs=1, n_outputs=1)
        return plan.worth_compiling(spec, n_batches, n_timesteps, fused=fused)

    assert not worth("gru", (50,), 50, 10), "few batches"
    assert worth("gru", (50,), 460, 20)
    assert worth("elman", (4,), 100_000, 1), "a batch is little work"
    assert worth("lstm", (50,), 460, 20)
    assert not worth("lstm", (50,), 460, 20, fused=True), "XLA takes as long"


def test_shards_are_decided_by_the_work_alone():
    def n_shards(cell, units, batch_size, n_timesteps=20, fused=False):
        spec = NetworkSpec(cell, (units,), n_inputs=1, n_outputs=1)
        return plan.count_shards(spec, batch_size, n_timesteps, fused=fused)

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
    spec = NetworkSpec("lstm", (64,), n_inputs=1, n_outputs=1, options=options)

    def planned(trainer, loss="squared_error"):
        task = task_of(spec, batch_size=1024, epochs=10_000, loss=loss)
        made = plan.make_plan(task, trainer)
        return made.xla, made.fused, made.n_shards

    assert planned("auto") == (False, True, 4)
    assert planned("auto", loss=keras.losses.Huber()) == (False, True, 1)
    assert planned("xla") == (True, False, 1)


def test_only_auto_chooses_xla_where_it_pays(monkeypatch):
    monkeypatch.setattr(plan, "worth_compiling", lambda *_, **__: True)
    spec = NetworkSpec("elman", (2,), n_inputs=1, n_outputs=1)
    xla = {
        trainer: plan.make_plan(task_of(spec), trainer).xla
        for trainer in ("auto", "compiled", "xla")
    }
    assert xla == {"auto": True, "compiled": False, "xla": True}


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

    def compile_all(task, trainer, real=train.make_plan):
        return replace(real(task, trainer), xla=True)

    monkeypatch.setattr(train, "make_plan", compile_all)
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
    monkeypatch.setattr(train, "has_gpu", lambda: True)
    options = {"units": 2, "epochs": 1, "random_state": 0}
    ElmanRegressor(**options, verbose=1).fit(windows, target).predict(windows)
    message = "Training with keras.Model.fit: TensorFlow sees a GPU.\n"
    assert capsys.readouterr().out.startswith(message)
    for trainer in ("compiled", "xla"):
        with pytest.raises(ValueError, match=f'^trainer="{trainer}".* sees a GPU'):
            ElmanRegressor(**options, trainer=trainer).fit(windows, target)
