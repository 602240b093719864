"""`base`: a regressor is fitted first, and the network learns its residuals.

`_fitted` is read for the share that predictions use, which must be the public one.
"""

import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.neighbors import KNeighborsRegressor

from skrnn import (
    GRURegressor,
    LSTMRegressor,
    SeasonalNaiveRegressor,
    SequenceWindower,
)
from skrnn.networks.missing import mark_missing

SMALL = {"units": 4, "epochs": 5, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def series():
    rng = np.random.RandomState(0)
    t = np.arange(200)
    return 2 + np.sin(t / 4) + 0.5 * np.sin(t / 4) ** 3 + 0.1 * rng.normal(size=200)


@pytest.fixture(scope="module")
def windows(series):
    return SequenceWindower(8).fit_transform(series[:-1, np.newaxis])


@pytest.fixture(scope="module")
def y(series):
    return series[1:]


def test_predictions_are_the_sum(windows, y):
    rnn = GRURegressor(**SMALL, base=Ridge()).fit(windows, y)
    ridge = Ridge().fit(windows[7:, :, 0], y[7:])
    assert_allclose(rnn.base_.coef_, ridge.coef_)
    expected = ridge.predict(windows[7:, :, 0])
    network = rnn.model_.predict(windows[7:].astype("float32"), verbose=0)[:, 0]
    assert rnn.network_share_ == 1
    assert_allclose(rnn.predict(windows)[7:], expected + network, rtol=1e-5)


@pytest.mark.parametrize("base", [Ridge(alpha=-1), SeasonalNaiveRegressor(-3)])
def test_parameters_of_a_base_are_validated(base, windows, y):
    with pytest.raises(ValueError, match=r"parameter of \w+ must be"):
        GRURegressor(**SMALL, base=base).fit(windows, y)
    with pytest.raises(ValueError, match=r"parameter of \w+ must be"):
        GRURegressor(**SMALL, base=base).partial_fit(windows, y)


def test_each_output_has_a_clone_of_a_base_of_one_output(windows, y):
    trees, y = HistGradientBoostingRegressor(max_iter=3), np.column_stack([y, -y])
    rnn = GRURegressor(**{**SMALL, "epochs": 1}, base=trees, learning_rate=1e-9)
    rnn.fit(windows, y)
    whole, y = windows[7:, :, 0], y[7:]
    expected = [clone(trees).fit(whole, target).predict(whole) for target in y.T]
    assert_allclose(rnn.base_.predict(whole).T, expected)
    assert_allclose(rnn.predict(windows)[7:].T, expected, rtol=1e-6)


def test_training_starts_at_the_base(windows, y):
    rnn = GRURegressor(**{**SMALL, "epochs": 1}, base=Ridge(), learning_rate=1e-9)
    rnn.fit(windows, y)
    expected = rnn.base_.predict(windows[7:, :, 0])
    assert_allclose(rnn.predict(windows)[7:], expected, rtol=1e-6)


@pytest.mark.parametrize("learning_rate", [0.005, 0.5, 3.0])
@pytest.mark.parametrize("loss", ["squared_error", "absolute_error", "huber"])
def test_the_sum_is_not_worse_than_the_base_on_the_rows_held_out(
    loss, learning_rate, windows, y
):
    """Even if training fails: the network share may be 0."""
    rnn = GRURegressor(
        **SMALL,
        base=Ridge(),
        loss=loss,
        learning_rate=learning_rate,
        early_stopping=True,
        validation_fraction=0.2,
    ).fit(windows, y)
    held_out = slice(199 - 40, None)
    base = rnn.base_.predict(windows[held_out, :, 0])

    def loss_of(predicted):
        errors = np.abs(y[held_out] - predicted)
        if loss == "squared_error":
            return (errors**2).mean()
        if loss == "absolute_error":
            return errors.mean()
        return np.where(errors < 1, errors**2 / 2, errors - 0.5).mean()

    found = loss_of(rnn.predict(windows[held_out]))
    assert found <= loss_of(base) * (1 + 1e-6)
    assert 0 <= rnn.network_share_ <= 1


@pytest.mark.parametrize("n_networks", [1, 2])
def test_without_an_epoch_that_helps_the_base_predicts_alone(n_networks, windows):
    """Nothing is better than the base, which is exact."""
    base = DummyRegressor(strategy="constant", constant=[5.0])
    rnn = GRURegressor(**SMALL, base=base, early_stopping=True, n_networks=n_networks)
    rnn.fit(windows, np.full(len(windows), 5.0))
    assert rnn.best_epochs_ == [0] * n_networks
    assert rnn.network_share_ == rnn._fitted.network_weight == rnn.best_loss_ == 0
    rnn.set_params(learning_rate=3.0, loss="absolute_error")
    noise = np.random.RandomState(0).normal(size=len(windows))
    rnn.set_params(base=DummyRegressor()).fit(windows, noise)
    assert any(rnn.best_epochs_) or rnn.network_share_ == 0


def test_with_early_stopping_the_base_is_fitted_again_on_all_rows(windows, y):
    rnn = GRURegressor(**SMALL, base=Ridge(), early_stopping=True)
    rnn.fit(windows[7:], y[7:])
    ridge = Ridge().fit(windows[7:, :, 0], y[7:])
    assert_allclose(rnn.base_.coef_, ridge.coef_)
    rnn.fit(windows[7:150], y[7:150], X_val=windows[150:], y_val=y[150:])
    ridge.fit(windows[7:150, :, 0], y[7:150])
    assert_allclose(rnn.base_.coef_, ridge.coef_)
    errors = rnn.predict(windows[150:]) - y[150:]
    assert rnn.best_loss_ == pytest.approx((errors**2).mean(), rel=1e-5)


def test_no_epoch_is_a_candidate(windows, y):
    rnn = GRURegressor(
        **SMALL, base=Ridge(), learning_rate=3.0, early_stopping=True
    ).fit(windows, y)
    assert rnn.best_epoch_ == 0
    assert rnn.best_epochs_ == [0]
    assert_allclose(rnn.predict(windows)[7:], rnn.base_.predict(windows[7:, :, 0]))


def test_outputs_and_weights(windows, y):
    Y, weight = np.stack([y, -3 * y], axis=1), np.linspace(0, 1, len(y))
    rnn = GRURegressor(**SMALL, base=Ridge()).fit(windows, Y, sample_weight=weight)
    ridge = Ridge().fit(windows[7:, :, 0], Y[7:], sample_weight=weight[7:])
    assert_allclose(rnn.base_.coef_, ridge.coef_, rtol=1e-5)
    assert rnn.predict(windows).shape == Y.shape


def test_a_base_without_weights_is_an_error(windows, y):
    rnn = GRURegressor(**SMALL, base=KNeighborsRegressor())
    with pytest.raises(ValueError, match="does not accept it"):
        rnn.fit(windows, y, sample_weight=np.ones(len(y)))


@pytest.mark.parametrize("early_stopping", [False, True])
def test_quantiles_lie_around_the_base(early_stopping, windows, y):
    rnn = GRURegressor(
        **{**SMALL, "epochs": 40},
        base=Ridge(),
        loss="quantile",
        quantile=(0.1, 0.5, 0.9),
        early_stopping=early_stopping,
    ).fit(windows, y)
    low, middle, high = rnn.predict_quantiles(windows[7:]).T
    base = rnn.base_.predict(windows[7:, :, 0])
    assert np.abs(middle - base).max() < 0.5
    assert 0.6 < ((low < y[7:]) & (y[7:] < high)).mean() < 0.95


@pytest.mark.parametrize("normalize", [None, "last", "standard"])
def test_the_base_reads_the_windows_of_the_network(normalize, windows, y):
    rnn = LSTMRegressor(**SMALL, base=Ridge(), normalize=normalize, segment_length=2)
    found = rnn.fit(windows[7:], y[7:]).predict(windows[7:])
    if normalize:
        shifted = rnn.fit(windows[7:] + 50, y[7:] + 50).predict(windows[7:] + 50)
        assert_allclose(shifted - 50, found, atol=1e-4)
    assert rnn.base_.n_features_in_ == 8


def test_a_base_that_takes_no_nan_gets_filled_windows(windows, y):
    holes = np.array(windows[7:])
    holes[10:20, 3] = np.nan
    GRURegressor(**SMALL, base=Ridge()).fit(holes, y[7:])
    taken = GRURegressor(**SMALL, base=HistGradientBoostingRegressor()).fit(
        holes, y[7:]
    )
    flat = holes[:, :, 0]
    assert np.isnan(flat).any()
    trees = HistGradientBoostingRegressor().fit(flat, y[7:])
    assert_allclose(taken.base_.predict(flat), trees.predict(flat))


def test_the_seasonal_naive_regressor_as_base(series):
    windows = SequenceWindower(30).fit_transform(series[:-2, np.newaxis])
    y = pd.Series(series[2:], name="value_lead2")
    naive = SeasonalNaiveRegressor(season_length=25)
    rnn = GRURegressor(**SMALL, base=naive).fit(windows, y)
    assert rnn.base_.leads_ == [2]
    expected = naive.fit(windows[29:], y[29:]).predict(windows[29:])
    assert_array_equal(rnn.base_.predict(windows[29:]), expected)


def test_training_goes_on_with_a_clone_of_the_base_for_each_output(windows, y):
    trees, y = HistGradientBoostingRegressor(max_iter=3), np.column_stack([y, -y])
    rnn = GRURegressor(**SMALL, base=trees).fit(windows, y)
    base = rnn.base_
    assert rnn.partial_fit(windows, y).base_ is base
    rnn.set_params(base=Ridge())
    with pytest.raises(ValueError, match=r"base was 'HistGradient.* is 'Ridge' now"):
        rnn.partial_fit(windows, y)


def test_more_data_leave_the_base_as_it_is(windows, y):
    rnn = GRURegressor(**SMALL, base=Ridge()).partial_fit(windows[:100], y[:100])
    base, coef = rnn.base_, rnn.base_.coef_.copy()
    rnn.partial_fit(windows[100:], y[100:])
    assert rnn.base_ is base
    assert_array_equal(base.coef_, coef)


def test_more_data_keep_the_share(windows, y):
    rnn = GRURegressor(**SMALL, base=Ridge(), learning_rate=3.0, early_stopping=True)
    share = rnn.fit(windows, y).network_share_
    assert share < 1
    rnn.set_params(early_stopping=False).partial_fit(windows, y)
    assert rnn.network_share_ == rnn._fitted.network_weight == share


def test_a_fit_without_a_base_leaves_nothing_of_one(windows, y):
    rnn = GRURegressor(**SMALL, base=Ridge()).fit(windows, y)
    rnn.set_params(base=None)
    with pytest.raises(ValueError, match="base was 'Ridge' then and is None now"):
        rnn.partial_fit(windows, y)
    rnn.fit(windows, y)
    assert not hasattr(rnn, "base_")
    assert not hasattr(rnn, "network_share_")


def test_clones_pickles_and_grids(windows, y):
    given = Ridge(alpha=2.0)
    rnn = GRURegressor(**SMALL, base=given).fit(windows, y)
    assert not hasattr(given, "coef_")
    assert clone(rnn).base.alpha == 2
    again = pickle.loads(pickle.dumps(rnn))
    assert_array_equal(again.predict(windows), rnn.predict(windows))
    search = GridSearchCV(
        rnn, {"base__alpha": [0.1, 1e4]}, cv=TimeSeriesSplit(2), n_jobs=1
    )
    assert search.fit(windows, y).best_params_ == {"base__alpha": 0.1}


@pytest.mark.parametrize("trainer", ["xla", "keras"])
def test_all_parameters_together(trainer, windows, y):
    """With metrics, quantiles and gaps, both trainers and `model_` agree."""
    X = np.concatenate([windows, np.cos(windows)], axis=2)[7:]
    X[30:33, 2, 1] = np.nan
    Y = np.stack([y[7:], y[7:] + 0.1], axis=1)
    params = {
        **SMALL,
        "epochs": 2,
        "normalize": "standard",
        "target_features": [0, 0],
        "segment_length": 4,
        "missing": "fill",
        "base": DummyRegressor(),
        "n_networks": 2,
        "loss": "quantile",
        "quantile": (0.2, 0.8),
        "metrics": ["mae"],
    }
    expected = GRURegressor(**params).fit(X, Y)
    found = GRURegressor(**params, trainer=trainer).fit(X, Y)
    for name, curve in expected.history_.items():
        assert_allclose(found.history_[name], curve, rtol=1e-4)
    assert_allclose(found.predict(X), expected.predict(X), rtol=1e-4)
    marked = mark_missing(X, "float32", np.zeros(2), whole_steps=False)
    network = found.model_.predict(marked, verbose=0).reshape(-1, 2, 2)
    windows_of_zero = X[:, :, 0] - X[:, :, 0].mean(1, keepdims=True)
    spread = windows_of_zero.std(axis=1)[:, np.newaxis]
    base = spread * found.base_.predict(X.reshape(len(X), -1))
    total = np.sort(network + base[:, :, np.newaxis], axis=-1)
    assert_allclose(found.predict_quantiles(X), total, rtol=1e-4)
