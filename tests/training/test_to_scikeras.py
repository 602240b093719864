"""The scikeras wrapper that `to_scikeras` returns predicts the same, and trains on."""

import pickle

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scikeras.wrappers import KerasRegressor
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import Ridge
from sklearn.metrics import mean_squared_error

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor, SequenceWindower

SMALL = {"units": 3, "epochs": 2, "batch_size": 16, "random_state": 0}


# Keras saves its variables with a call that NumPy warns of.
saves = pytest.mark.filterwarnings("ignore:__array__ implementation")


@pytest.fixture(scope="module")
def continued():
    """Windows of a series, and the values that follow them."""
    series = 3 + np.sin(np.arange(90) / 4)
    windows = SequenceWindower(8).fit_transform(series[:-1, np.newaxis])
    return windows[7:], series[8:]


@pytest.mark.parametrize(
    "params",
    [
        {"normalize": "last"},
        {"normalize": "standard", "segment_length": 4, "n_networks": 2},
        {"missing": "fill", "n_networks": 2},
        {"segment_length": 2, "bidirectional": True},
    ],
)
def test_it_predicts_the_same(params, continued):
    windows, y = continued
    rnn = GRURegressor(**SMALL, **params).fit(windows, y)
    found = rnn.to_scikeras()
    assert type(found) is KerasRegressor
    assert_allclose(found.predict(windows), rnn.predict(windows), rtol=1e-5)


@pytest.mark.parametrize("regressor", [LSTMRegressor, GRURegressor, ElmanRegressor])
@pytest.mark.parametrize("n_outputs", [None, 1, 2])
def test_predictions_have_the_shape_of_y(regressor, n_outputs, windows, target):
    y = 100 + 50 * target
    if n_outputs:
        y = np.stack([y, -y][:n_outputs], axis=1)
    rnn = regressor(**SMALL).fit(windows, y)
    found = rnn.to_scikeras().predict(windows)
    assert found.shape == y.shape
    assert_allclose(found, rnn.predict(windows), rtol=1e-5)


@pytest.mark.parametrize("n_outputs", [None, 2])
def test_it_trains_on_in_the_units_of_the_network(n_outputs, windows, target):
    """It starts where the regressor ended, and learns targets of any unit as fast."""
    y = 1e6 + 1e5 * target
    if n_outputs:
        y = np.stack([y, 2 * y], axis=1)
    rnn = GRURegressor(**SMALL, learning_rate=0.02, warm_start=True).fit(windows, y)
    before = mean_squared_error(y, rnn.predict(windows))
    wrapper = rnn.to_scikeras()
    wrapper.partial_fit(windows, y)
    assert wrapper.history_["loss"][0] == pytest.approx(before, rel=0.1)
    wrapper.fit(windows, y, epochs=30)
    rnn.set_params(epochs=30).fit(windows, y)
    error, expected = (
        mean_squared_error(y, each.predict(windows)) for each in (wrapper, rnn)
    )
    assert error < 0.5 * before
    assert error == pytest.approx(expected, rel=0.5)


def test_fit_goes_on_and_the_regressor_stays(windows, target):
    rnn = GRURegressor(**SMALL, learning_rate=0.01).fit(windows, target)
    before = rnn.predict(windows)
    wrapper = rnn.to_scikeras()
    wrapper.fit(windows, target)
    assert len(wrapper.history_["loss"]) == SMALL["epochs"]
    assert wrapper.history_["loss"][-1] < rnn.loss_curve_[-1]
    assert_array_equal(rnn.predict(windows), before)
    assert_allclose(rnn.to_scikeras().predict(windows), before, atol=1e-6)


def test_it_has_the_parameters_of_the_regressor(windows, target):
    params = {**SMALL, "learning_rate": 0.02, "shuffle": False}
    found = ElmanRegressor(**params).fit(windows, target).to_scikeras().get_params()
    assert found["epochs"] == 2
    assert found["batch_size"] == 16
    assert found["loss"] == "mean_squared_error"
    assert (found["optimizer"], found["optimizer__learning_rate"]) == ("adam", 0.02)
    assert not found["shuffle"]
    optimizer = keras.optimizers.SGD(0.1, momentum=0.5)
    rnn = ElmanRegressor(**SMALL, optimizer=optimizer, loss="huber")
    wrapper = rnn.fit(windows, target).to_scikeras().partial_fit(windows, target)
    assert wrapper.model_.optimizer is not optimizer
    assert wrapper.model_.optimizer.momentum == 0.5
    assert not optimizer.built


@saves
@pytest.mark.parametrize("normalize", [None, "standard"])
def test_clones_and_pickles(normalize, continued):
    """A clone is not fitted, and starts from the weights of the regressor."""
    windows, y = continued
    rnn = GRURegressor(**SMALL, normalize=normalize).fit(windows, y)
    wrapper = rnn.to_scikeras()
    copy = clone(wrapper)
    with pytest.raises(NotFittedError):
        copy.predict(windows)
    copy.initialize(windows, y)
    assert_allclose(copy.predict(windows), rnn.predict(windows), rtol=1e-5)
    wrapper.partial_fit(windows, y)
    loaded = pickle.loads(pickle.dumps(wrapper))
    assert_allclose(loaded.predict(windows), wrapper.predict(windows), rtol=1e-5)
    loaded.partial_fit(windows, y)
    assert len(loaded.history_["loss"]) == 2


@pytest.mark.parametrize(
    ("params", "message"),
    [({"base": Ridge()}, "base"), ({"loss": "quantile"}, 'loss="quantile"')],
)
def test_what_a_keras_regressor_cannot_predict_is_an_error(
    params, message, windows, target
):
    rnn = ElmanRegressor(**SMALL, **params).fit(windows, target)
    with pytest.raises(ValueError, match=f"to_scikeras does not support {message}"):
        rnn.to_scikeras()


def test_it_needs_a_fitted_regressor():
    with pytest.raises(NotFittedError):
        ElmanRegressor().to_scikeras()
