"""Optimizers, losses and metrics, by name or as objects, which are never shared.

`_fitted` and `_seeds` are read for the weights before and after a step.
"""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from skrnn import ElmanRegressor
from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights
from skrnn.training.objectives import make_loss
from skrnn.training.optimizers import AUTO_LEARNING_RATE, make_optimizer
from skrnn.training.state import Objective

SMALL = {"units": 2, "epochs": 3, "random_state": 0}


def objective(**params):
    """An objective with the defaults of the regressors."""
    defaults = {"loss": "squared_error", "quantile_levels": None, "metrics": ()}
    defaults |= {"optimizer": "adam", "learning_rate": "auto"}
    return Objective(**{**defaults, **params})


def spec_of(n_outputs, dtype="float64"):
    """A network with the given number of outputs."""
    return NetworkSpec("elman", (2,), 1, n_outputs, dtype=dtype)


def test_the_model_is_built_anew_and_is_not_compiled(windows, target):
    estimator = ElmanRegressor(**SMALL).fit(windows, target)
    expected = estimator.predict(windows)
    model = estimator.model_
    assert isinstance(model, keras.Model)
    assert not model.compiled
    assert estimator.model_ is not model
    model.set_weights([weights + 1 for weights in model.get_weights()])
    assert_array_equal(estimator.predict(windows), expected)
    assert_allclose(estimator.model_(windows)[:, 0], expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("optimizer", "learning_rate", "expected"),
    [
        ("adam", "auto", AUTO_LEARNING_RATE),
        ("sgd", 0.2, 0.2),
        (keras.optimizers.Adam(0.3), "auto", 0.3),
        (keras.optimizers.Adam(0.3), 0.4, 0.4),
    ],
)
def test_learning_rate(optimizer, learning_rate, expected):
    made = make_optimizer(objective(optimizer=optimizer, learning_rate=learning_rate))
    assert float(made.learning_rate) == pytest.approx(expected)


@pytest.mark.parametrize("trainer", ["compiled", "xla", "keras"])
def test_an_optimizer_instance_limits_the_gradient(trainer, windows, target):
    """The first step of SGD is the gradient of each array times the learning rate."""

    def lengths(optimizer):
        rnn = ElmanRegressor(3, epochs=1, batch_size=60, trainer=trainer)
        rnn.set_params(optimizer=optimizer, random_state=0).fit(windows, target)
        first, _ = initial_weights(rnn._fitted.spec, rnn._seeds()[0])
        last = rnn._fitted.states[0].weights
        return np.array(
            [np.linalg.norm(b - a) for a, b in zip(first, last, strict=True)]
        )

    free = lengths(keras.optimizers.SGD(1.0))
    assert free.min() < 0.1 < free.max()
    clipped = lengths(keras.optimizers.SGD(1.0, clipnorm=0.1))
    assert_allclose(clipped, np.minimum(free, 0.1), rtol=1e-4)


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_an_optimizer_instance_is_never_shared(trainer, windows, target):
    class Sees(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            seen.append(self.model.optimizer)

    seen = []
    optimizer = keras.optimizers.Adam(0.01)
    estimator = ElmanRegressor(
        **SMALL, optimizer=optimizer, callbacks=[Sees], trainer=trainer
    )
    first = estimator.fit(windows, target).predict(windows)
    assert len(seen) == 1
    assert seen[0] is not optimizer
    assert not optimizer.built
    other = clone(estimator).fit(windows, target)
    assert_array_equal(other.predict(windows), first)
    assert_array_equal(estimator.fit(windows, target).predict(windows), first)


def test_a_learning_rate_schedule(windows, target):
    schedule = keras.optimizers.schedules.ExponentialDecay(0.01, 1, 1e-9)
    optimizer = keras.optimizers.SGD(schedule)
    estimator = ElmanRegressor(**SMALL, optimizer=optimizer).fit(windows, target)
    loss = estimator.loss_curve_
    assert abs(loss[2] - loss[1]) < 1e-3 * abs(loss[1] - loss[0])


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("squared_error", lambda e: e**2),
        ("mean_squared_error", lambda e: e**2),
        ("MeanSquaredError", lambda e: e**2),
        ("absolute_error", np.abs),
        # Keras stores the logarithm of two in single precision
        ("log_cosh", lambda e: np.logaddexp(e, -e) - np.float32(np.log(2)).item()),
        ("huber", lambda e: np.where(abs(e) < 1, e**2 / 2, abs(e) - 0.5)),
        (
            keras.losses.Huber(delta=1.0),
            lambda e: np.where(abs(e) < 1, e**2 / 2, abs(e) - 0.5),
        ),
        (lambda y, p: keras.ops.mean((y - p) ** 4, axis=-1), lambda e: e**4),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_are_averaged_by_weight(loss, expected, dtype):
    rng = np.random.RandomState(0)
    y, predicted = rng.normal(size=(2, 9, 3)).astype(dtype)
    weight = rng.rand(9).astype(dtype)
    found = make_loss(objective(loss=loss), spec_of(3, dtype))(y, predicted, weight)
    per_row = expected(y - predicted).mean(axis=1)
    rtol = 1e-12 if dtype == "float64" else 1e-5
    assert_allclose(float(found), np.average(per_row, weights=weight), rtol=rtol)


def test_a_loss_function_of_the_users_trains(windows, target):
    def quartic(y_true, y_pred):
        return keras.ops.mean((y_true - y_pred) ** 4, axis=-1)

    estimator = ElmanRegressor(units=4, epochs=40, loss=quartic, random_state=0)
    loss = estimator.fit(windows, target).loss_curve_
    assert loss[0] > 2 * loss[-1]


def test_a_loss_of_every_output_is_averaged():
    loss = make_loss(objective(loss=lambda y, p: (y - p) ** 2), spec_of(3))
    y, predicted = np.random.RandomState(0).normal(size=(2, 5, 3))
    expected = ((y - predicted) ** 2).mean()
    assert_allclose(float(loss(y, predicted, np.ones(5))), expected)


def test_a_loss_that_is_one_number_is_refused(windows, target):
    """Otherwise the samples of a batch could not be weighted."""
    loss = lambda y, p: keras.ops.mean((y - p) ** 2)  # noqa: E731
    with pytest.raises(ValueError, match=r"'loss'.*one value for each.*axis=-1"):
        ElmanRegressor(**SMALL, loss=loss).fit(windows, target)


def test_a_class_of_losses_is_refused(windows, target):
    """Keras would call it with targets and predictions."""
    network = ElmanRegressor(units=2, epochs=1, loss=keras.losses.Huber)
    with pytest.raises(ValueError, match="or a Keras loss"):
        network.fit(windows, target)


def test_scaling_of_the_loss_is_refused():
    optimizer = keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD())
    with pytest.raises(ValueError, match="LossScaleOptimizer"):
        make_optimizer(objective(optimizer=optimizer))


@pytest.mark.parametrize(
    "loss",
    [
        "sparse_categorical_crossentropy",
        "hinge",
        "ctc",
        keras.losses.CategoricalHinge(),
    ],
)
def test_losses_that_compare_classes_are_refused(windows, target, loss):
    with pytest.raises(ValueError, match="must compare numbers"):
        ElmanRegressor(**SMALL, loss=loss).fit(windows, target)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"optimizer": keras.optimizers.Adam}, "name of a Keras optimizer.*class"),
        ({"metrics": ["sum"]}, "compare targets with predictions.*Got 'sum'"),
        ({"loss": lambda y_true, y_pred: 1.0}, "one value for each.*a scalar"),
    ],
)
def test_what_neither_trains_nor_measures_is_refused(windows, target, params, message):
    for trainer in ("compiled", "keras"):
        with pytest.raises(ValueError, match=message):
            ElmanRegressor(**SMALL, **params, trainer=trainer).fit(windows, target)
