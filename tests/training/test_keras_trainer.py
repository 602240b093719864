"""The Keras trainer: a KerasRegressor that is trained on the windows themselves."""

import gc
import weakref

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scikeras.wrappers import BaseWrapper, KerasRegressor
from sklearn import config_context, get_config

from skrnn import ElmanRegressor, SequenceWindower
from skrnn.training import keras_trainer

SMALL = {"units": 2, "epochs": 3, "batch_size": 16, "random_state": 0}


@pytest.mark.parametrize(("trainer", "n_fits"), [("keras", 3), ("auto", 0)])
def test_a_keras_regressor_is_fitted_on_windows_and_targets(
    trainer, n_fits, windows, target, monkeypatch
):
    """One call for each epoch; a fitted estimator contains no wrapper."""
    calls, models = [], []

    def partial_fit(wrapper, X, y, real=BaseWrapper.partial_fit, **options):
        calls.append((wrapper, X, y, options["sample_weight"]))
        return real(wrapper, X, y, **options)

    def fit_model(model, *args, real=keras.Model.fit, **options):
        models.append(model)
        return real(model, *args, **options)

    monkeypatch.setattr(BaseWrapper, "partial_fit", partial_fit)
    monkeypatch.setattr(keras.Model, "fit", fit_model)
    weight = np.linspace(0.1, 1, 60)
    estimator = ElmanRegressor(**SMALL, trainer=trainer, shuffle=False)
    estimator.fit(windows, target, sample_weight=weight)
    assert len(calls) == len(models) == n_fits
    for wrapper, X, y, of_samples in calls:
        assert type(wrapper) is KerasRegressor
        assert wrapper.model_ is models[0]
        assert wrapper.get_params()["batch_size"] == 16
        assert_allclose(X, windows, rtol=1e-6)
        assert_allclose(of_samples, weight, rtol=1e-6)
        expected = estimator._fitted.preparation.scaling.targets.inverse(target)
        assert_allclose(y[:, 0], expected, rtol=1e-5, atol=1e-6)
    gone = [weakref.ref(thing) for thing in (*(c[0] for c in calls), *models)]
    calls.clear()
    models.clear()
    wrapper = X = y = None
    gc.collect()
    assert not any(ref() for ref in gone)


def test_containers_that_users_set_do_not_matter(windows, target):
    class Reads(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(get_config()["transform_output"])

    seen, keras_trained = [], ElmanRegressor(**SMALL, trainer="keras")
    expected = keras_trained.fit(windows, target).predict(windows)
    keras_trained.set_params(callbacks=[Reads])
    with config_context(transform_output="pandas"):  # a warning would be an error
        found = keras_trained.fit(windows, target).predict(windows)
    assert_array_equal(found, expected)
    assert seen == ["pandas"] * 3


def averaging():
    return keras.optimizers.SGD(0.1, momentum=0.9, use_ema=True, ema_momentum=0.9)


@pytest.mark.parametrize("block_size", [None, 25])
def test_parts_of_an_epoch_are_one_epoch(block_size, windows, target, monkeypatch):
    """Metrics that are no means, and optimizers whose last weights are averages."""
    monkeypatch.setattr(keras_trainer, "_VALUES", 1)  # a call for each batch
    options = {
        "optimizer": averaging(),
        "metrics": ["root_mean_squared_error", "r2_score"],
        "shuffle": False,
        "early_stopping": True,
        "validation_fraction": 0.4,
        "block_size": block_size,
    }
    weight = np.linspace(0.1, 9, 60) ** 2
    found, expected = (
        ElmanRegressor(**SMALL, **options, trainer=trainer).fit(
            windows, 100 * target, sample_weight=weight
        )
        for trainer in ("keras", "compiled")
    )
    assert len(found.history_) == 6
    for name, values in expected.history_.items():
        assert_allclose(found.history_[name], values, rtol=1e-4)
    assert_allclose(found.predict(windows), expected.predict(windows), rtol=1e-3)


class Notes(keras.callbacks.Callback):
    """Notes events of batches and evaluations, and the losses."""

    def on_train_batch_begin(self, batch, logs=None):
        notes.append(f"train {batch}")

    def on_train_batch_end(self, batch, logs=None):
        notes.append(logs["loss"])

    def on_test_begin(self, logs=None):
        notes.append("test begins")

    def on_test_batch_begin(self, batch, logs=None):
        notes.append(f"test {batch}")

    def on_test_end(self, logs=None):
        notes.append(logs["loss"])


notes = []


def test_callbacks_see_one_epoch_of_all_parts(windows, target, monkeypatch):
    """Batches are counted through, and losses are means so far, in units of y."""
    monkeypatch.setattr(keras_trainer, "_VALUES", 1)
    notes.clear()
    rnn = ElmanRegressor(**{**SMALL, "epochs": 1}, callbacks=[Notes])
    rnn.fit(windows[:40], 9 * target[:40], X_val=windows[40:], y_val=9 * target[40:])
    assert notes[::2][:3] == ["train 0", "train 1", "train 2"]
    assert notes[5] == pytest.approx(rnn.loss_curve_[0], rel=1e-5)
    assert notes[6:-1] == ["test begins", "test 0", "test 1"]
    assert notes[-1] == pytest.approx(rnn.validation_loss_curve_[0], rel=1e-5)


def test_a_callback_ends_training_within_an_epoch(windows, target, monkeypatch):
    class Ends(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            batches.append(batch)
            self.model.stop_training = batch == 1

    batches = []
    monkeypatch.setattr(keras_trainer, "_VALUES", 1)
    rnn = ElmanRegressor(**SMALL, callbacks=[Ends]).fit(windows, target)
    assert batches == [0, 1]
    assert rnn.n_iter_ == 1


def test_a_callback_changes_weights_between_batches(windows, target):
    class Clears(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            self.model.set_weights([0 * w for w in self.model.get_weights()])

    options = {**SMALL, "epochs": 1, "learning_rate": 1e-9}
    rnn = ElmanRegressor(**options, callbacks=[Clears]).fit(windows, 5 + target)
    assert_allclose(rnn.predict(windows), 0, atol=1e-6)


def test_arrays_of_float64_are_not_rounded(windows, target):
    """Without a change of the global setting after the fit."""
    X = windows + 1e6 * (np.arange(2) == 1)
    options = {**SMALL, "dtype": "float64", "missing": "fill", "normalize": "standard"}
    found, expected = (
        ElmanRegressor(**options, target_features=1, trainer=trainer).fit(
            X, 1e6 + target
        )
        for trainer in ("keras", "compiled")
    )
    assert_allclose(found.predict(X), expected.predict(X), rtol=1e-12)
    assert keras.config.floatx() == "float32"
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-6)


def test_inputs_are_those_of_the_compiled_trainer(windows, target):
    rows = np.cumsum(windows[:, 0], axis=0)
    rows[[20, 21, 40], 0] = np.nan
    X = SequenceWindower(6).fit_transform(rows)[6:]
    options = {**SMALL, "missing": "fill", "normalize": "last", "segment_length": 2}
    found, expected = (
        ElmanRegressor(**options, target_features=1, trainer=trainer).fit(
            X[:-1], rows[7:, 1]
        )
        for trainer in ("keras", "compiled")
    )
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-5)
