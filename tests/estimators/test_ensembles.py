"""`n_networks`: several networks from different initial weights, and their mean.

`_fitted` is read for the weights of each network: public methods only return means.
"""

from dataclasses import replace

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

from skrnn import ElmanRegressor, GRURegressor
from skrnn.training.compiled import engine

SMALL = {"units": 3, "epochs": 4, "batch_size": 20, "random_state": 0}


@pytest.fixture(scope="module")
def fitted(windows, target):
    return GRURegressor(**SMALL, n_networks=3).fit(windows, target)


def test_predictions_are_the_mean(fitted, windows, target):
    model = fitted._fitted
    alone = [replace(model, states=[s]).predict(windows)[:, 0] for s in model.states]
    single = GRURegressor(**SMALL).fit(windows, target)
    assert_allclose(single.predict(windows), alone[0], rtol=1e-6)
    found = fitted.predict(windows)
    assert_allclose(found, np.mean(alone, axis=0), rtol=1e-5, atol=1e-6)
    by_keras = fitted.model_.predict(windows.astype("float32"), verbose=0)[:, 0]
    assert_allclose(found, by_keras, rtol=1e-5, atol=1e-6)


def test_the_networks_differ_and_a_fit_can_be_repeated(fitted, windows, target):
    kernels = [state.weights[0] for state in fitted._fitted.states]
    assert len(kernels) == 3
    assert not np.allclose(kernels[0], kernels[1])
    again = GRURegressor(**SMALL, n_networks=3).fit(windows, target)
    assert (again.predict(windows) == fitted.predict(windows)).all()


def test_one_program_serves_all(windows, target, monkeypatch):
    made = []

    class Counted(engine.EpochProgram):
        def __init__(self, *args):
            made.append(args)
            super().__init__(*args)

    store = engine.ProgramStore(2)
    monkeypatch.setattr(engine, "programs", store)
    monkeypatch.setattr(engine, "EpochProgram", Counted)
    ElmanRegressor(**SMALL, n_networks=3).fit(windows, target)
    assert len(made) == 1


def test_curves_are_means_over_the_networks(windows, target):
    rnn = ElmanRegressor(
        **{**SMALL, "epochs": 60},
        n_networks=2,
        early_stopping=True,
        validation_fraction=0.3,
        n_iter_no_change=2,
    ).fit(windows, target)
    assert len(rnn.best_epochs_) == 2
    assert rnn.best_epoch_ == rnn.best_epochs_[0]
    assert rnn.n_iter_ == len(rnn.loss_curve_) == len(rnn.validation_loss_curve_)
    assert rnn.n_iter_ >= max(rnn.best_epochs_)
    assert min(rnn.validation_loss_curve_) > 0


def test_more_data_train_every_network(windows, target):
    rnn = GRURegressor(**SMALL, n_networks=2).partial_fit(windows, target)
    before = [state.weights[0].copy() for state in rnn._fitted.states]
    rnn.partial_fit(windows, target)
    for state, kernel in zip(rnn._fitted.states, before, strict=True):
        assert not np.allclose(state.weights[0], kernel)
    with pytest.raises(ValueError, match="n_networks was 2 then and is 3 now"):
        rnn.set_params(n_networks=3).partial_fit(windows, target)


def test_quantiles_are_means_too(windows, target):
    rnn = GRURegressor(**SMALL, n_networks=2, loss="quantile", quantile=(0.2, 0.8))
    found = rnn.fit(windows, target).predict_quantiles(windows)
    by_keras = rnn.model_.predict(windows.astype("float32"), verbose=0)
    assert_allclose(found, np.sort(by_keras, axis=1), rtol=1e-5, atol=1e-6)


class Stop(keras.callbacks.Callback):
    """Raises KeyboardInterrupt while the second network is trained."""

    n_fits = 0

    def on_train_begin(self, logs=None):
        Stop.n_fits += 1

    def on_epoch_end(self, epoch, logs=None):
        if Stop.n_fits == 2 and epoch == 1:
            raise KeyboardInterrupt


def test_an_interrupt_ends_the_training_of_all(windows, target):
    rnn = GRURegressor(**SMALL, n_networks=3, callbacks=[Stop])
    with pytest.warns(UserWarning, match="interrupted by the user after 2 epochs"):
        rnn.fit(windows, target)
    assert len(rnn._fitted.states) == 2
    assert np.isfinite(rnn.predict(windows)).all()
