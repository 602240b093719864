"""Validation data and weights of the user, also through pipelines and searches."""

import keras
import numpy as np
import pytest
import sklearn
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler
from small_networks import STOPS, small

from skrnn import SequenceWindower


def test_validation_data_are_watched(windows, target, trainer):
    fitted = small(epochs=4, trainer=trainer, metrics=["mae"])
    fitted.fit(windows[:40], target[:40], X_val=windows[40:], y_val=target[40:])
    error = fitted.predict(windows[40:]) - target[40:]
    assert fitted.validation_loss_curve_[-1] == pytest.approx(np.mean(error**2), 1e-4)
    assert fitted.history_["val_mae"][-1] == pytest.approx(np.mean(abs(error)), 1e-4)
    plain = small(epochs=4, trainer=trainer).fit(windows[:40], target[:40])
    assert_allclose(plain.loss_curve_, fitted.loss_curve_, rtol=1e-6)
    assert plain.validation_loss_curve_ is None


def test_validation_data_stop(windows, target):
    fitted = small(**STOPS, epochs=200)
    fitted.fit(windows[:40], target[:40], X_val=windows[40:], y_val=target[40:])
    assert fitted.n_iter_ < 200
    expected = mean_squared_error(target[40:], fitted.predict(windows[40:]))
    assert fitted.best_loss_ == pytest.approx(expected, rel=1e-4)


def test_metrics_have_their_own_values_whatever_their_order(windows, target, trainer):
    """Keras sorts the logs of an epoch by name."""
    names = ["mse", "mae", "cosine_similarity"]
    fitted = small(
        epochs=2, trainer=trainer, metrics=names, shuffle=False, batch_size=60
    )
    fitted.fit(windows, target, X_val=windows, y_val=target)
    error = fitted.predict(windows) - target
    found = {name: values[-1] for name, values in fitted.history_.items()}
    assert found["val_mse"] == pytest.approx(np.mean(error**2), rel=1e-4)
    assert found["val_mae"] == pytest.approx(np.mean(abs(error)), rel=1e-4)
    assert found["val_loss"] == pytest.approx(np.mean(error**2), rel=1e-4)
    before = small(epochs=1, shuffle=False, batch_size=60).fit(windows, target)
    error = before.predict(windows) - target
    assert found["mae"] == pytest.approx(np.mean(abs(error)), rel=1e-4)
    assert found["loss"] == pytest.approx(np.mean(error**2), rel=1e-4)


def test_a_validation_loss_that_is_no_number_cannot_stop(windows, target, trainer):
    with pytest.raises(ValueError, match="the validation loss of epoch 1 is"):
        small(early_stopping=True, trainer=trainer).fit(
            windows, target, X_val=windows[:5], y_val=[1e30] * 5
        )


def test_the_history_of_validation_goes_on(windows, target):
    fitted = small(epochs=2).fit(windows, target, X_val=windows, y_val=target)
    watched = list(fitted.validation_loss_curve_)
    fitted.partial_fit(windows, target)
    assert_array_equal(fitted.validation_loss_curve_, [*watched, np.nan])
    assert fitted.best_epoch_ == 3
    assert fitted.best_loss_ == fitted.loss_curve_[-1]


@pytest.mark.parametrize(
    ("validation", "message"),
    [
        ({"X_val": np.zeros((3, 5, 2))}, "Pass both X_val and y_val"),
        ({"X_val": np.zeros((3, 5, 2)), "y_val": np.zeros((3, 2))}, "y_val has 2 outp"),
        ({"X_val": np.zeros((3, 5, 1)), "y_val": np.zeros(3)}, "X has 1 features"),
        ({"X_val": np.zeros((3, 5, 2)), "y_val": np.zeros(4)}, "inconsistent numbers"),
        ({"X_val": np.zeros((3, 5, 2)), "y_val": [1, 2, np.nan]}, "y_val contains NaN"),
    ],
)
def test_validation_data_that_do_not_fit(validation, message, windows, target):
    with pytest.raises(ValueError, match=message):
        small().fit(windows, target, **validation)


def test_validation_data_through_a_pipeline():
    """`transform_input` scales and windows them as rows after the training rows."""
    series = np.sin(np.arange(80.0))
    X, y = series[:-1].reshape(-1, 1), series[1:]
    with sklearn.config_context(enable_metadata_routing=True):
        rnn = small(epochs=2).set_fit_request(X_val=True, y_val=True)
        pipe = Pipeline(
            [("scale", MinMaxScaler()), ("window", SequenceWindower(5)), ("rnn", rnn)],
            transform_input=["X_val"],
        )
        pipe.fit(X[:60], y[:60], X_val=X[60:], y_val=y[60:])
        loss = mean_squared_error(y[60:], pipe.predict(X[60:]))
    assert pipe[-1].validation_loss_curve_[-1] == pytest.approx(loss, rel=1e-4)


def test_sample_weight_routes_through_a_search(windows, target):
    weight = np.r_[np.zeros(10), np.ones(50)]
    unseen = np.r_[np.full(10, 1e3), target[10:]]
    with sklearn.config_context(enable_metadata_routing=True):
        rnn = small(epochs=2).set_fit_request(sample_weight=True)
        rnn.set_score_request(sample_weight=True)
        searches = [
            GridSearchCV(rnn, {"units": [2, 3]}, cv=TimeSeriesSplit(2)).fit(
                windows, y, sample_weight=weight
            )
            for y in (target, unseen)
        ]
    scores = [search.cv_results_["mean_test_score"] for search in searches]
    assert_array_equal(*scores)


def test_validation_data_route_through_a_search(windows, target):
    """All folds use the same validation data, whose length is not that of X."""
    losses = []

    class Losses(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            losses.append(logs["val_loss"])

    with sklearn.config_context(enable_metadata_routing=True):
        rnn = small(epochs=1, learning_rate=1e-9, callbacks=[Losses], loss="huber")
        rnn.set_fit_request(X_val=True, y_val=True)
        search = GridSearchCV(rnn, {"batch_size": [8, 16]}, cv=TimeSeriesSplit(2))
        search.fit(windows[:40], target[:40], X_val=windows[40:], y_val=target[40:])
    assert_allclose(losses, [losses[0]] * 5, rtol=1e-5)


def test_all_metadata_route_through_a_transformed_target(windows, target):
    """y_val must be scaled already: scikit-learn only transforms y."""
    scale = MinMaxScaler().fit(target[:40].reshape(-1, 1))
    y_val = scale.transform(target[40:].reshape(-1, 1))[:, 0]
    weight = np.r_[np.zeros(10), np.ones(30)]
    with sklearn.config_context(enable_metadata_routing=True):
        rnn = small(epochs=2)
        rnn.set_fit_request(sample_weight=True, X_val=True, y_val=True)
        outer = TransformedTargetRegressor(rnn, transformer=MinMaxScaler())
        metadata = {"sample_weight": weight, "X_val": windows[40:], "y_val": y_val}
        outer.fit(windows[:40], target[:40], **metadata)
    scaled = scale.transform(target[:40].reshape(-1, 1))[:, 0]
    expected = small(epochs=2).fit(windows[:40], scaled, **metadata)
    found = outer.regressor_
    assert_allclose(found.loss_curve_, expected.loss_curve_, rtol=1e-6)
    assert_allclose(
        found.validation_loss_curve_, expected.validation_loss_curve_, rtol=1e-6
    )
