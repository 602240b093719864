"""Validation, orders and callbacks are the same with both trainers."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from small_networks import BATCH_SIZE, data_of, missing

from skrnn import ElmanRegressor
from skrnn.networks.affine import Affine
from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights
from skrnn.training import keras_trainer
from skrnn.training.compiled import engine
from skrnn.training.data import Schedule
from skrnn.training.keras_network import assign, build_model
from skrnn.training.loop import Run
from skrnn.training.optimizers import make_optimizer
from skrnn.training.plan import make_plan
from skrnn.training.state import Objective, Task, TrainingState

SPEC = NetworkSpec(
    cell="gru",
    units=(3,),
    n_inputs=2,
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
    task = Task(
        SPEC,
        state,
        data,
        validation,
        schedule,
        OBJECTIVE,
        list(callbacks),
        loss_unit=1.0,
        scaling=Affine(),
        patience=None,
        may_keep_first=False,
    )
    names = ["loss"] if validation is None else ["loss", "val_loss"]
    last = trainer.train(task, make_plan(task, "auto"), Run(task, {}, []))
    return last.state, np.transpose([last.history.values[name] for name in names])


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
