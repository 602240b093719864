"""Training gives the same network whatever the unit of y.

`_fitted` is read for the units of training, which predictions are converted back from.
"""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge

from skrnn import ElmanRegressor, GRURegressor


class Constant(RegressorMixin, BaseEstimator):
    """Predicts a given value."""

    def __init__(self, value):
        self.value = value

    def fit(self, X, y):
        self.fitted_ = True
        return self

    def predict(self, X):
        return np.full(len(X), self.value)


SMALL = {"units": 4, "epochs": 6, "batch_size": 20, "random_state": 0}


@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
@pytest.mark.parametrize(
    ("loss", "power"),
    [
        ("squared_error", 2),
        ("absolute_error", 1),
        ("quantile", 1),
        (keras.losses.MeanSquaredError(), 2),
    ],
    ids=["squared", "absolute", "quantile", "instance"],
)
def test_predictions_and_losses_have_the_unit_of_y(
    loss, power, trainer, windows, target
):
    rnn = GRURegressor(
        **SMALL, loss=loss, optimizer="sgd", learning_rate=0.1, trainer=trainer
    )
    expected, curve = rnn.fit(windows, target).predict(windows), rnn.loss_curve_
    found = rnn.fit(windows, 5000 + 1000 * target).predict(windows)
    assert_allclose(found, 5000 + 1000 * expected, rtol=1e-6)
    assert_allclose(rnn.loss_curve_, np.array(curve) * 1000**power, rtol=1e-4)


def test_a_target_far_from_zero_is_learned(windows, target):
    """Without scaling, it predicted a constant even after ten times as many epochs."""
    rnn = GRURegressor(8, epochs=80, batch_size=20, random_state=0)
    y = 5000 + 1000 * target
    assert rnn.fit(windows, y).score(windows, y) > 0.8


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_metrics_and_the_validation_loss_have_the_unit_of_y(trainer, windows, target):
    y = 300 - 20 * target
    rnn = GRURegressor(**SMALL, metrics=["mae", "mean_squared_error"], trainer=trainer)
    rnn.fit(windows, y, X_val=windows, y_val=y)
    errors = rnn.predict(windows) - y
    assert rnn.history_["val_mae"][-1] == pytest.approx(np.abs(errors).mean(), rel=1e-5)
    squared = (errors**2).mean()
    assert rnn.history_["val_mean_squared_error"][-1] == pytest.approx(squared, 1e-5)
    assert rnn.validation_loss_curve_[-1] == pytest.approx(squared, rel=1e-5)


class Logs(keras.callbacks.Callback):
    """Records the losses of epochs."""

    seen = []

    def on_epoch_end(self, epoch, logs=None):
        self.seen.append(logs["loss"])
        self.seen.append(logs["val_loss"])


class BatchLogs(Logs):
    """Also records the losses of batches, which only the Keras trainer reports."""

    def on_train_batch_end(self, batch, logs=None):
        self.last = logs["loss"]

    def on_train_end(self, logs=None):
        self.seen += [self.last, logs["loss"]]

    def on_test_end(self, logs=None):
        self.seen.append(logs["loss"])


@pytest.mark.parametrize("callback", [Logs, BatchLogs])
def test_callbacks_are_told_losses_in_the_unit_of_y(callback, windows, target):
    callback.seen = []
    y = 100 * target
    rnn = GRURegressor(**{**SMALL, "epochs": 1}, callbacks=[callback])
    rnn.fit(windows, y, X_val=windows, y_val=y)
    expected = {rnn.loss_curve_[0], rnn.validation_loss_curve_[0]}
    assert set(np.round(callback.seen, 3)) == set(np.round(list(expected), 3))


def test_tol_has_the_unit_of_the_loss(windows, target):
    options = {**SMALL, "epochs": 40, "early_stopping": True, "n_iter_no_change": 3}
    rnn = GRURegressor(**options, tol=1e-5).fit(windows, target)
    expected = rnn.n_iter_
    rnn.set_params(tol=10.0).fit(windows, 1000 * target)
    assert rnn.n_iter_ == expected < 40


def quartic(y_true, y_pred):
    return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)


@pytest.mark.parametrize("loss", ["huber", quartic])
def test_losses_with_a_scale_of_their_own_see_y_as_it_is(loss, windows, target):
    rnn = ElmanRegressor(**SMALL, loss=loss).fit(windows, target)
    scaling = rnn._fitted.preparation.scaling.targets
    assert scaling.scale == 1
    assert not scaling.shift.any()


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_a_loss_of_the_users_sees_y_where_windows_are_relative(
    trainer, windows, target
):
    seen = []

    def loss(y_true, y_pred):
        seen.append(y_true.shape[-1])
        return keras.ops.mean((y_true - y_pred) ** 2 / y_true, -1)

    y = 50 + target
    rnn = GRURegressor(
        **SMALL, loss=loss, normalize="last", target_features=0, trainer=trainer
    )
    X = windows + 50
    rnn.fit(X, y, X_val=X, y_val=y)
    expected = ((rnn.predict(X) - y) ** 2 / y).mean()
    assert rnn.validation_loss_curve_[-1] == pytest.approx(expected, rel=1e-4)
    assert set(seen) == {1}


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"loss": "absolute_error"},
        {"loss": "quantile", "quantile": (0.1, 0.5, 0.9)},
        {"loss": "huber"},
        {"early_stopping": True},
        {"n_networks": 2, "trainer": "keras"},
    ],
    ids=str,
)
def test_a_constant_target_is_predicted_exactly(params, windows, target):
    rnn = ElmanRegressor(**SMALL, **params)
    far = 10 * windows
    for value in (0.1, -5e6, 0.0):
        assert_array_equal(rnn.fit(windows, np.full(60, value)).predict(far), value)
    Y = np.stack([np.full(60, 0.1), 1000 * target, np.full(60, -7e4)], axis=1)
    found = rnn.fit(windows, Y).predict(far)
    assert_array_equal(found[:, [0, 2]], Y[:, [0, 2]])
    assert np.ptp(found[:, 1]) > 0


@pytest.mark.parametrize("loss", ["squared_error", "absolute_error"])
@pytest.mark.parametrize("early_stopping", [True, False])
@pytest.mark.parametrize("base", [Ridge(), Constant(3.0)], ids=["ridge", "constant"])
def test_a_constant_target_is_predicted_exactly_with_a_base(
    base, early_stopping, loss, windows, target
):
    """The residuals of Ridge are zero up to rounding, those of a constant are not."""
    rnn = ElmanRegressor(**SMALL, base=base, loss=loss, early_stopping=early_stopping)
    found = rnn.fit(windows, np.full(60, 377.7)).predict(10 * windows)
    assert_allclose(found, 377.7, rtol=1e-12)
    if isinstance(base, Ridge):
        Y = np.stack([target, np.full(60, 377.7)], axis=1)
        found = rnn.fit(windows, Y).predict(10 * windows)
        assert_allclose(found[:, 1], 377.7, rtol=1e-12)


def test_a_target_that_changes_in_its_last_digits_is_not_constant(windows):
    y = 5e14 + np.arange(60.0) % 2
    assert np.ptp(ElmanRegressor(**SMALL).fit(windows, y).predict(10 * windows)) > 0


@pytest.mark.parametrize("normalize", ["last", "standard"])
def test_a_flat_series_goes_on(normalize):
    windows = np.full((60, 12, 1), 0.1)
    rnn = ElmanRegressor(**SMALL, normalize=normalize).fit(windows, windows[:, 0, 0])
    assert_allclose(rnn.predict(windows), 0.1, rtol=1e-15)
    windows[:, ::2] += 1
    assert_allclose(rnn.predict(windows), 0.1 if normalize == "last" else 0.6)


def test_a_constant_dummy_of_a_loss_of_the_users_is_left_to_it(windows, target):
    """The second output is the logarithm of the standard deviation."""

    def loss(y_true, y_pred):
        error = (y_true[:, 0] - y_pred[:, 0]) ** 2
        return error * keras.ops.exp(-2 * y_pred[:, 1]) / 2 + y_pred[:, 1]

    Y = np.stack([target, np.zeros(60)], axis=1)
    rnn = ElmanRegressor(**SMALL, loss=loss).fit(windows, Y)
    assert np.ptp(rnn.predict(windows)[:, 1]) > 0


def test_a_first_part_that_is_constant_is_no_constant_target(windows, target):
    rnn = GRURegressor(**SMALL).partial_fit(windows[:1], target[:1])
    assert_array_equal(rnn.predict(windows), target[0])
    for _ in range(5):
        rnn.partial_fit(windows, target)
    assert np.ptp(rnn.predict(windows)) > 0


def test_outputs_have_a_shift_each_and_one_scale(windows, target):
    Y = np.stack([target, 100 + 3 * target], axis=1)
    scaling = GRURegressor(**SMALL).fit(windows, Y)._fitted.preparation.scaling
    assert_allclose(scaling.targets.shift, Y.mean(axis=0))
    assert scaling.targets.scale == pytest.approx(np.sqrt(Y.var(axis=0).mean()))


def test_the_model_has_no_further_layer_and_answers_in_the_unit_of_y(windows, target):
    rnn = GRURegressor(**SMALL).fit(windows, 5000 + 1000 * target)
    model = rnn.model_
    names = [layer.name for layer in model.layers]
    assert names == ["skip_missing", "gru_0", "output"]
    found = model.predict(windows.astype("float32"), verbose=0)[:, 0]
    assert_allclose(found, rnn.predict(windows), rtol=1e-6)


def test_the_unit_of_the_first_part_is_kept(windows, target):
    rnn = GRURegressor(**SMALL).partial_fit(windows[:30], 1000 * target[:30])
    first = rnn._fitted.preparation.scaling
    rnn.partial_fit(windows[30:], 2000 * target[30:])
    assert rnn._fitted.preparation.scaling is first
    rnn.set_params(warm_start=True).fit(windows, 500 * target)
    assert rnn._fitted.preparation.scaling is first


def test_a_weight_of_two_is_the_sample_twice(windows, target):
    weight = np.where(np.arange(60) < 20, 2.0, 1.0)
    weight[-1] = 0
    rows = np.repeat(np.arange(60), weight.astype(int))
    y = 1000 * target
    weighted = GRURegressor(**SMALL).fit(windows, y, sample_weight=weight)
    repeated = GRURegressor(**SMALL).fit(windows[rows], y[rows])
    found, expected = (
        r._fitted.preparation.scaling.targets for r in (weighted, repeated)
    )
    assert_allclose(found.shift, expected.shift)
    assert found.scale == pytest.approx(expected.scale)
