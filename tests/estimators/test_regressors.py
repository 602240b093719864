"""The cells follow the textbook equations: predictions against plain NumPy.

`_fitted` is replaced because the equations are tested with weights far from trained
ones.
"""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor
from skrnn.exceptions import MissingStepsWarning
from skrnn.networks.affine import Affine
from skrnn.training.scaling import Scaling

N_UNITS = 3


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def elman_step(state, x, kernel, recurrent, bias):
    (h,) = state
    return (np.tanh(x @ kernel + h @ recurrent + bias),)


def lstm_step(state, x, kernel, recurrent, bias):
    h, C = state
    i, f, g, o = np.split(x @ kernel + h @ recurrent + bias, 4)
    C = sigmoid(f) * C + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(C), C


def gru_step_reset_before(state, x, kernel, recurrent, bias):
    (h,) = state
    W_z, W_r, W_h = np.split(kernel, 3, axis=1)
    U_z, U_r, U_h = np.split(recurrent, 3, axis=1)
    b_z, b_r, b_h = np.split(bias, 3)
    z = sigmoid(x @ W_z + h @ U_z + b_z)
    r = sigmoid(x @ W_r + h @ U_r + b_r)
    candidate = np.tanh(x @ W_h + (r * h) @ U_h + b_h)
    return (z * h + (1 - z) * candidate,)


def gru_step_reset_after(state, x, kernel, recurrent, bias):
    (h,) = state
    W_z, W_r, W_h = np.split(kernel, 3, axis=1)
    U_z, U_r, U_h = np.split(recurrent, 3, axis=1)
    (b_z, b_r, b_h), (c_z, c_r, c_h) = bias.reshape(2, 3, -1)
    z = sigmoid(x @ W_z + b_z + h @ U_z + c_z)
    r = sigmoid(x @ W_r + b_r + h @ U_r + c_r)
    candidate = np.tanh(x @ W_h + b_h + r * (h @ U_h + c_h))
    return (z * h + (1 - z) * candidate,)


CELLS = [
    (ElmanRegressor, {}, elman_step, 1),
    (LSTMRegressor, {}, lstm_step, 2),
    (GRURegressor, {"reset_after": False}, gru_step_reset_before, 1),
    (GRURegressor, {"reset_after": True}, gru_step_reset_after, 1),
]
IDS = ["Elman", "LSTM", "GRU, reset before", "GRU, reset after"]


def hidden_states(step, n_states, window, weights):
    """Run a cell over a window and return the hidden state after each step."""
    state = (np.zeros(weights[1].shape[0]),) * n_states
    states = []
    for x in window:
        if not np.isnan(x).any():  # a step with a missing value is skipped
            state = step(state, x, *weights)
        states.append(state[0])
    return np.array(states)


def fitted(regressor, windows, target, **params):
    """Train for one epoch, then set every weight far from its initial value."""
    params = {"units": N_UNITS, "epochs": 1, "random_state": 0, **params}
    estimator = regressor(**params).fit(windows, target)
    rng = np.random.RandomState(1)
    network = estimator._fitted
    dtype = network.spec.dtype
    weights = network.states[0].weights
    weights = [rng.normal(size=w.shape).astype(dtype) for w in weights]
    set_weights(estimator, weights)
    return estimator, weights


def set_weights(estimator, weights):
    """Set the weights, and the scaling with which predictions equal the outputs."""
    network = estimator._fitted
    scaling = Scaling(None, Affine(shift=np.zeros(estimator.n_outputs_)))
    estimator._fitted = replace(
        network,
        states=[replace(network.states[0], weights=weights)],
        preparation=replace(network.preparation, scaling=scaling),
    )


@pytest.fixture
def windows_with_holes(windows):
    windows = windows.copy()
    windows[0, :3, 0] = np.nan
    windows[1, 2] = np.nan
    windows[2, -1, 1] = np.nan
    windows[3] = np.nan
    return windows


@pytest.mark.parametrize(("regressor", "params", "step", "n_states"), CELLS, ids=IDS)
def test_cell(regressor, params, step, n_states, windows_with_holes, target):
    estimator, weights = fitted(regressor, windows_with_holes, target, **params)
    *cell, kernel, bias = weights
    expected = [
        hidden_states(step, n_states, window, cell)[-1] @ kernel + bias
        for window in windows_with_holes
    ]
    with pytest.warns(MissingStepsWarning, match="1 have no observed step"):
        predicted = estimator.predict(windows_with_holes)
    assert_allclose(predicted, np.ravel(expected), rtol=1e-5, atol=1e-5)
    assert predicted[3] == pytest.approx(bias[0]), "an empty past"


@pytest.mark.parametrize(("regressor", "params", "step", "n_states"), CELLS, ids=IDS)
def test_stacked_layers(regressor, params, step, n_states, windows, target):
    estimator, weights = fitted(regressor, windows, target, units=(4, 2), **params)
    first, second, (kernel, bias) = weights[:3], weights[3:6], weights[6:]
    expected = []
    for window in windows:
        lower = hidden_states(step, n_states, window, first)
        expected.append(
            hidden_states(step, n_states, lower, second)[-1] @ kernel + bias
        )
    assert_allclose(
        estimator.predict(windows), np.ravel(expected), rtol=1e-5, atol=1e-5
    )


@pytest.mark.parametrize(("regressor", "params", "step", "n_states"), CELLS, ids=IDS)
def test_bidirectional(regressor, params, step, n_states, windows_with_holes, target):
    estimator, weights = fitted(
        regressor, windows_with_holes, target, bidirectional=True, **params
    )
    forward, backward, (kernel, bias) = weights[:3], weights[3:6], weights[6:]
    expected = []
    for window in windows_with_holes:
        ends = [
            hidden_states(step, n_states, window, forward)[-1],
            hidden_states(step, n_states, window[::-1], backward)[-1],
        ]
        expected.append(np.concatenate(ends) @ kernel + bias)
    with pytest.warns(MissingStepsWarning, match="1 have no observed step"):
        predicted = estimator.predict(windows_with_holes)
    assert_allclose(predicted, np.ravel(expected), rtol=1e-5, atol=1e-5)


def test_both_directions_start_from_weights_of_their_own(windows, target):
    estimator = ElmanRegressor(units=2, epochs=1, bidirectional=True, random_state=0)
    weights = estimator.fit(windows, target).model_.get_weights()
    assert not np.allclose(weights[0], weights[3])


def test_float64_is_computed_in_float64(windows, target):
    estimator, weights = fitted(LSTMRegressor, windows, target, dtype="float64")
    *cell, kernel, bias = weights
    expected = [
        hidden_states(lstm_step, 2, w, cell)[-1] @ kernel + bias for w in windows
    ]
    assert_allclose(estimator.predict(windows), np.ravel(expected), rtol=1e-12)


def test_activations_are_the_users(windows, target):
    """With other activations, an LSTM with the same weights predicts other values."""
    usual, weights = fitted(LSTMRegressor, windows, target)
    other = LSTMRegressor(
        units=N_UNITS,
        activation="relu",
        recurrent_activation="hard_sigmoid",
        epochs=1,
        random_state=0,
    ).fit(windows, target)
    set_weights(other, weights)
    assert not np.allclose(other.predict(windows), usual.predict(windows))


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("regressor", [LSTMRegressor, GRURegressor, ElmanRegressor])
def test_same_seed_same_bits(regressor, bidirectional, windows, target):
    def predictions(seed):
        estimator = regressor(
            units=4,
            bidirectional=bidirectional,
            epochs=3,
            batch_size=16,
            dropout=0.2,
            random_state=seed,
        )
        return estimator.fit(windows, target).predict(windows)

    assert_array_equal(predictions(0), predictions(0))
    assert not np.allclose(predictions(0), predictions(1))
