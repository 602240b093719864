"""Ctrl-C leaves the network of the last recorded epoch."""

import signal

import keras
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_networks import small

from skrnn.training.compiled.epoch import EpochProgram
from skrnn.training.loop import Run
from skrnn.training.state import History


class BeforeAnEpoch(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise KeyboardInterrupt


class AfterAnEpoch(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        if epoch == 1:
            raise KeyboardInterrupt


class WithinAnEpoch(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch

    def on_train_batch_end(self, batch, logs=None):
        """A batch event, for which Keras trains."""
        if self.epoch == 2 and batch == 1:
            raise KeyboardInterrupt


@pytest.mark.parametrize("callback", [BeforeAnEpoch, AfterAnEpoch, WithinAnEpoch])
def test_ctrl_c_leaves_the_last_recorded_epoch(windows, target, trainer, callback):
    estimator = small(callbacks=[callback], trainer=trainer, batch_size=8)
    with pytest.warns(UserWarning, match="interrupted by the user after 2 epochs"):
        estimator.fit(windows, target)
    by_keras = callback is WithinAnEpoch or trainer == "keras"
    expected = small(
        epochs=2, trainer="keras" if by_keras else trainer, batch_size=8
    ).fit(windows, target)
    assert_as_fitted(estimator, expected, windows, target)


def assert_as_fitted(found, expected, windows, target):
    """Compare history, weights and, by going on, the optimizer's state."""
    assert found.history_ == expected.history_
    assert found.n_iter_ == expected.n_iter_
    assert_array_equal(found.predict(windows), expected.predict(windows))
    for each in (found, expected):
        each.set_params(callbacks=None, early_stopping=False, trainer="auto")
        each.set_params(random_state=1).partial_fit(windows, target)
    assert found.loss_curve_ == expected.loss_curve_


@pytest.fixture
def terminal():
    """Simulates Ctrl-C in a terminal, which background processes ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressing(function, times):
    """Return a function that calls another one, and presses Ctrl-C at the last time."""
    n_calls = 0

    def call(*args):
        nonlocal n_calls
        n_calls += 1
        result = function(*args)
        if n_calls == times:
            signal.raise_signal(signal.SIGINT)
        return result

    return call


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("trainer", ["compiled", "xla"])
@pytest.mark.parametrize("method", ["train", "evaluate", "state"])
def test_ctrl_c_while_a_compiled_epoch_runs(
    windows, target, trainer, method, monkeypatch
):
    """It acts when the third epoch has changed the weights but is not recorded."""
    options = {"early_stopping": True, "trainer": trainer}
    expected = small(epochs=2, **options).fit(windows, target)
    with monkeypatch.context() as patch:
        pressed = pressing(getattr(EpochProgram, method), 3)
        patch.setattr(EpochProgram, method, lambda *args: pressed(*args))
        with pytest.warns(UserWarning, match="interrupted by the user after 2 epochs"):
            found = small(**options).fit(windows, target)
    assert_as_fitted(found, expected, windows, target)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def append_half(history, logs):
    history.values["loss"].append(logs["loss"])
    if history.n_epochs < 3:
        history.values["val_loss"].append(logs["val_loss"])


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize("step", ["append", "_watch_validation_loss"])
def test_ctrl_c_while_an_epoch_is_recorded(windows, target, trainer, step, monkeypatch):
    """It acts when history or best weights are of the third epoch already."""
    options = {"early_stopping": True, "learning_rate": 0.01, "trainer": trainer}
    expected = small(epochs=2, **options).fit(windows, target)
    longer = small(epochs=3, **options).fit(windows, target)
    assert longer.best_epoch_ == 3
    with monkeypatch.context() as patch:
        if step == "append":
            pressed = pressing(append_half, 3)
            patch.setattr(History, step, lambda *args: pressed(*args))
        else:
            pressed = pressing(getattr(Run, step), 3)
            patch.setattr(Run, step, lambda *args: pressed(*args))
        with pytest.warns(UserWarning, match="interrupted by the user after 2 epochs"):
            found = small(**options).fit(windows, target)
    assert found.best_epoch_ == expected.best_epoch_ == 2
    assert_as_fitted(found, expected, windows, target)


def test_the_end_of_an_interrupted_training_is_in_units_of_y(windows, target, trainer):
    """Callbacks see weights of the network that predicts, also in on_train_end."""
    seen = {}

    class Sees(BeforeAnEpoch):
        def on_epoch_end(self, epoch, logs=None):
            seen["epoch"] = self.model.get_weights()

        def on_train_end(self, logs=None):
            seen["train"] = self.model.get_weights()

    with pytest.warns(UserWarning, match="interrupted by the user"):
        small(callbacks=[Sees], trainer=trainer).fit(windows, 100 + 50 * target)
    for at_end, after_epoch in zip(seen["train"], seen["epoch"], strict=True):
        assert_allclose(at_end, after_epoch, rtol=1e-5)


def test_ctrl_c_before_the_first_epoch_is_an_interrupt(windows, target, trainer):
    class AtOnce(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            raise KeyboardInterrupt

    estimator = small(callbacks=[AtOnce], trainer=trainer)
    with pytest.raises(KeyboardInterrupt):
        estimator.fit(windows, target)
    assert not hasattr(estimator, "n_iter_")
