"""Callbacks of Keras do with every trainer what they do in Keras."""

import csv
from pathlib import Path

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from small_networks import small

# NumPy warns about how Keras converts a variable.
of_keras = pytest.mark.filterwarnings("ignore:__array__ implementation")


class Counts(keras.callbacks.Callback):
    """Stops after two epochs in total, if the same instance is used in several fits."""

    def __init__(self):
        super().__init__()
        self.n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1
        self.model.stop_training = self.n_epochs == 2


@pytest.mark.parametrize("given", [Counts, Counts()], ids=["class", "instance"])
def test_every_fit_has_fresh_callbacks(given, windows, target, trainer):
    estimator = small(callbacks=[given], trainer=trainer)
    for _ in range(2):
        assert estimator.fit(windows, target).n_iter_ == 2
    assert clone(estimator).fit(windows, target).n_iter_ == 2
    assert not isinstance(given, Counts) or given.n_epochs == 0


def test_what_is_no_callback_is_refused(windows, target):
    with pytest.raises(TypeError, match="'callbacks' parameter must hold Keras"):
        small(callbacks=[print]).fit(windows, target)


class Strict(keras.callbacks.Callback):
    """Its methods have no default arguments, so Keras must pass them all."""

    def on_train_begin(self, logs):
        self.told = [logs]

    def on_epoch_begin(self, epoch, logs):
        self.told.append(logs)

    def on_epoch_end(self, epoch, logs):
        self.told.append(dict(logs))

    def on_train_end(self, logs):
        all_told.append([*self.told, dict(logs)])


all_told = []


def test_callbacks_are_told_what_keras_tells(windows, target):
    all_told.clear()
    for trainer in ("auto", "xla", "keras"):
        options = {"early_stopping": True, "epochs": 1, "trainer": trainer}
        small(callbacks=[Strict], **options).fit(windows, target)
    for told in all_told:
        assert [sorted(logs) for logs in told] == [
            [],
            [],
            ["loss", "val_loss"],
            ["loss", "val_loss"],
        ]
        values = [list(logs.values()) for logs in told[2:]]
        assert_allclose(values, [list(all_told[2][2].values())] * 2, rtol=1e-5)


def test_a_callback_for_evaluations_is_kerass(windows, target, capsys):
    class Watches(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            seen.append(logs)

    seen = []
    fitted = small(early_stopping=True, epochs=1, callbacks=[Watches], verbose=1)
    fitted.fit(windows, target)
    assert seen[0]["loss"] == pytest.approx(fitted.validation_loss_curve_[0])
    assert "has a method on_test_end" in capsys.readouterr().out


@of_keras
def test_reduce_lr_on_plateau(windows, target, trainer):
    """Training continues with the reduced learning rate."""
    rates = []

    class Rates(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

        def on_train_end(self, logs=None):
            self.on_train_begin()

    callback = keras.callbacks.ReduceLROnPlateau("loss", 0.1, patience=1, min_delta=10)
    fitted = small(epochs=4, callbacks=[callback, Rates], trainer=trainer).fit(
        windows, target
    )
    fitted.set_params(callbacks=[Rates]).partial_fit(windows, target)
    assert_allclose(rates, [5e-3, 5e-6, 5e-6, 5e-6], rtol=1e-3)


@of_keras
def test_learning_rate_scheduler(windows, target, trainer):
    """With a learning rate of zero in two epochs, the loss only falls afterwards."""
    callback = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * (epoch > 1))
    options = {"epochs": 4, "shuffle": False, "trainer": trainer}
    loss = small(callbacks=[callback], **options).fit(windows, target).loss_curve_
    assert loss[0] == pytest.approx(loss[1], rel=1e-6)
    assert loss[3] < 0.99 * loss[0]


@of_keras
def test_model_checkpoint(windows, target, trainer, tmp_path):
    path = tmp_path / "{epoch}.weights.h5"
    callback = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    fitted = small(epochs=3, callbacks=[callback], trainer=trainer).fit(windows, target)
    assert len(list(tmp_path.iterdir())) == 3
    model, first = fitted.model_, small(epochs=1, trainer=trainer).fit(windows, target)
    last = model.get_weights()
    model.load_weights(tmp_path / "1.weights.h5")
    for found, expected in zip(
        model.get_weights(), first.model_.get_weights(), strict=True
    ):
        assert_allclose(found, expected, rtol=1e-6)
    assert not np.allclose(model.get_weights()[0], last[0])
    model.load_weights(tmp_path / "3.weights.h5")
    for found, expected in zip(model.get_weights(), last, strict=True):
        assert_array_equal(found, expected)


@of_keras
@pytest.mark.parametrize("trainer", ["xla", "keras"])
def test_the_file_of_model_checkpoint_is_loaded_by_keras(
    windows, target, trainer, tmp_path
):
    callback = keras.callbacks.ModelCheckpoint(tmp_path / "m.keras")
    rnn = small(epochs=1, callbacks=[callback], trainer=trainer).fit(windows, target)
    kept = keras.saving.load_model(tmp_path / "m.keras")
    predicted = kept.predict(windows, verbose=0)[:, 0]
    assert_allclose(predicted, rnn.predict(windows), rtol=1e-4, atol=1e-5)


def test_csv_logger(windows, target, trainer, tmp_path):
    callback = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    fitted = small(epochs=3, callbacks=[callback], trainer=trainer, early_stopping=True)
    fitted.fit(windows, target)
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == fitted.loss_curve_
    assert [float(r["val_loss"]) for r in rows] == fitted.validation_loss_curve_


@of_keras
def test_tensorboard(windows, target, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorFlow installs it no longer")
    callback = keras.callbacks.TensorBoard(tmp_path)
    small(epochs=2, callbacks=[callback]).fit(windows, target)
    assert list(tmp_path.rglob("events.out.tfevents*"))


def test_terminate_on_nan(windows, target):
    """Raises the same error as any training that diverges."""
    wild = small(
        callbacks=[keras.callbacks.TerminateOnNaN], optimizer="sgd", learning_rate=1e30
    )
    with pytest.raises(ValueError, match="Training diverged"):
        wild.fit(windows, target)


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise OSError("No space left on device")


def test_a_callback_that_fails_leaves_the_estimator_as_before(windows, target, trainer):
    estimator = small(epochs=2, trainer=trainer).fit(windows, target)
    before = estimator.predict(windows)
    with pytest.raises(OSError, match="No space left"):
        estimator.set_params(callbacks=[Fails]).fit(windows, target)
    assert_array_equal(estimator.predict(windows), before)
    assert estimator.n_iter_ == 2
    again = estimator.set_params(callbacks=None).fit(windows, target)
    assert_array_equal(again.predict(windows), before)


@of_keras
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_leaves_the_estimator_as_before(windows, target, trainer, tmp_path):
    estimator = small(epochs=1, trainer=trainer).fit(windows, target)
    before = estimator.predict(windows)
    (tmp_path / "full.keras").symlink_to("/dev/full")
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "full.keras")
    with pytest.raises(OSError, match="No space left"):
        estimator.set_params(callbacks=[checkpoint]).fit(windows, target)
    assert_array_equal(estimator.predict(windows), before)
