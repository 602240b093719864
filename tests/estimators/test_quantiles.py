"""Quantile losses: one quantile, several that never cross, their point forecast.

`_fitted` is read for the quantiles before they are sorted, which may cross.
"""

import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import mean_absolute_error, mean_pinball_loss

from skrnn import ElmanRegressor
from skrnn.networks.quantiles import point_weights, without_crossing

LEVELS = (0.1, 0.5, 0.9)
LEVELS_OF_EACH = st.lists(
    st.floats(0.01, 0.99), min_size=1, max_size=6, unique=True
).map(lambda levels: tuple(sorted(levels)))


def quantile_net(**params):
    defaults = {"units": 3, "epochs": 2, "loss": "quantile", "random_state": 0}
    return ElmanRegressor(**{**defaults, **params})


@pytest.fixture(scope="module")
def two_targets(target):
    return np.column_stack([target, 2 - target])


@pytest.fixture(scope="module")
def fitted(windows, two_targets):
    return quantile_net(quantile=LEVELS).fit(windows, two_targets)


# Training


@pytest.mark.parametrize("level", [0.1, 0.9])
def test_a_quantile_of_noise(level):
    """The target is independent of the windows."""
    rng = np.random.RandomState(0)
    X, y = rng.rand(2000, 2, 1), rng.rand(2000)
    net = quantile_net(quantile=level, epochs=40, learning_rate=0.01).fit(X, y)
    assert np.mean(y < net.predict(X)) == pytest.approx(level, abs=0.03)


def test_several_quantiles_of_noise_at_once():
    rng = np.random.RandomState(0)
    X, y = rng.rand(2000, 2, 1), rng.rand(2000)
    net = quantile_net(quantile=LEVELS, epochs=40, learning_rate=0.01).fit(X, y)
    below = (y[:, np.newaxis] < net.predict_quantiles(X)).mean(axis=0)
    assert_allclose(below, LEVELS, atol=0.03)


@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
@pytest.mark.parametrize("quantile", [0.3, LEVELS])
def test_the_loss_is_the_mean_pinball_loss(quantile, trainer, windows, two_targets):
    """The validation loss is scikit-learn's pinball loss, averaged over the levels."""
    net = quantile_net(quantile=quantile, trainer=trainer, metrics=["mae"])
    net.fit(windows, two_targets, X_val=windows, y_val=two_targets)
    levels = [quantile] if isinstance(quantile, float) else quantile
    raw = net._fitted.predict(windows).reshape(60, 2, len(levels))
    losses = [
        mean_pinball_loss(two_targets, raw[:, :, i], alpha=level)
        for i, level in enumerate(levels)
    ]
    assert net.validation_loss_curve_[-1] == pytest.approx(np.mean(losses), rel=1e-5)
    error = mean_absolute_error(two_targets, net.predict(windows))
    assert net.history_["val_mae"][-1] == pytest.approx(error, rel=1e-5)


def test_without_a_level_it_is_the_median(windows, target):
    median = quantile_net(quantile=0.5).fit(windows, target)
    default = quantile_net().fit(windows, target)
    assert_array_equal(default.predict(windows), median.predict(windows))
    assert_array_equal(
        default.predict_quantiles(windows)[:, 0], default.predict(windows)
    )


# Predictions


def test_shapes(fitted, windows, target):
    assert fitted.predict(windows).shape == (60, 2)
    assert fitted.predict_quantiles(windows).shape == (60, 2, 3)
    single = quantile_net(quantile=LEVELS).fit(windows, target.astype("float32"))
    assert single.predict(windows).shape == (60,)
    assert single.predict_quantiles(windows).shape == (60, 3)
    assert single.predict_quantiles(windows).dtype == np.float32


def test_the_columns_never_cross(fitted, windows):
    """Even after two epochs, when the outputs of the network still cross."""
    assert (np.diff(fitted._fitted.predict(windows).reshape(60, 2, 3)) < 0).any()
    assert (np.diff(fitted.predict_quantiles(windows)) >= 0).all()


def test_the_point_forecast_is_the_median(fitted, windows):
    quantiles = fitted.predict_quantiles(windows)
    assert_array_equal(fitted.predict(windows), quantiles[:, :, 1])


@pytest.mark.parametrize(
    ("levels", "weights"),
    [
        ((0.9,), [1]),
        ((0.1, 0.9), [0.5, 0.5]),
        ((0.1, 0.4, 0.6), [0, 0.5, 0.5]),
        ((0.25, 0.75, 0.8), [0.5, 0.5, 0]),
        ((0.7, 0.8), [1, 0]),
        ((0.1, 0.2), [0, 1]),
    ],
)
def test_without_the_median_it_is_interpolated(levels, weights):
    assert_allclose(point_weights(levels), weights, atol=1e-12)


@given(LEVELS_OF_EACH, st.data())
def test_sorting_never_raises_the_loss(levels, data):
    numbers = st.floats(-10, 10, width=32)
    outputs = data.draw(arrays(np.float32, (4, 2 * len(levels)), elements=numbers))
    y = data.draw(arrays(np.float32, (4, 2), elements=numbers))

    def loss(quantiles):
        return np.mean(
            [
                mean_pinball_loss(y, quantiles[:, :, i], alpha=level)
                for i, level in enumerate(levels)
            ]
        )

    given_order = outputs.reshape(4, 2, len(levels))
    assert loss(without_crossing(outputs, len(levels))) <= loss(given_order) + 1e-6


# Compatibility with other tools


def test_quantiles_are_kept_and_cloned(fitted, windows):
    kept = pickle.loads(pickle.dumps(fitted))
    expected = fitted.predict_quantiles(windows)
    assert_array_equal(kept.predict_quantiles(windows), expected)
    assert clone(fitted).quantile == LEVELS


def test_only_a_quantile_loss_predicts_quantiles(windows, target):
    mean = quantile_net(loss="squared_error")
    assert not hasattr(mean, "predict_quantiles")
    mean.fit(windows, target).set_params(loss="quantile")
    assert not hasattr(mean, "predict_quantiles")
    assert hasattr(quantile_net(), "predict_quantiles")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"quantile": 1.0}, "The 'quantile' parameter"),
        ({"quantile": (0.1, 1.5)}, "The 'quantile' parameter must be a float between"),
        ({"quantile": (0.9, 0.1)}, "increasing tuple of such floats"),
        ({"quantile": ()}, "The 'quantile' parameter"),
        ({"quantile": ("low",)}, "The 'quantile' parameter"),
        ({"quantile": 0.5, "loss": "huber"}, "quantile=0.5 has no effect with loss='h"),
    ],
)
def test_bad_levels_are_refused(params, message, windows, target):
    with pytest.raises(ValueError, match=message):
        quantile_net(**params).fit(windows, target)


def test_training_goes_on_only_with_as_many_levels(fitted, windows, two_targets):
    other = pickle.loads(pickle.dumps(fitted))
    with pytest.raises(ValueError, match="n_outputs was 6 then and is 2 now"):
        other.set_params(quantile=0.5, warm_start=True).fit(windows, two_targets)
