"""Validation, early stopping, callbacks, partial_fit, Ctrl-C and failed fits."""

import csv
import re
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import sklearn
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import ElmanRegressor, LSTMRegressor, SequenceWindower
from skrnn.estimators import base
from skrnn.training.compiled.epoch import EpochProgram
from skrnn.training.data import hold_out_last
from skrnn.training.state import History
from skrnn.training.train import Events


@pytest.fixture(params=["auto", "keras"], ids=["engine", "Model.fit"])
def trainer(request):
    return request.param


def small(**params):
    defaults = {"units": 3, "epochs": 30, "batch_size": 16, "random_state": 0}
    return ElmanRegressor(**{**defaults, **params})


STOPS = {"early_stopping": True, "n_iter_no_change": 3, "tol": 0.01}


# Holding out the last rows


@pytest.mark.parametrize("codes", [None, np.zeros(10, int)])
def test_the_last_rows_are_held_out_with_a_gap_before_them(codes):
    train, validation = hold_out_last(10, codes, fraction=0.25, gap=2)
    assert_array_equal(train, [0, 1, 2, 3, 4])
    assert_array_equal(validation, [7, 8, 9])


@given(
    codes=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    fraction=st.floats(0.01, 0.99),
    gap=st.integers(0, 3),
)
def test_of_every_series_the_last_part_is_held_out(codes, fraction, gap):
    codes = np.unique(codes, return_inverse=True)[1]
    expected_train, expected = [], []
    for series in range(codes.max() + 1):
        rows = np.flatnonzero(codes == series)
        n_left = len(rows) - int(np.ceil(fraction * len(rows)))
        expected_train += rows[: max(0, n_left - gap)].tolist()
        expected += rows[n_left:].tolist()
    if not expected_train:
        with pytest.raises(ValueError, match="leaves no row to train on"):
            hold_out_last(len(codes), codes, fraction, gap)
        return
    train, validation = hold_out_last(len(codes), codes, fraction, gap)
    assert_array_equal(train, sorted(expected_train))
    assert_array_equal(validation, sorted(expected))


def test_what_is_held_out_does_not_train(windows, target):
    """Changing values in the validation rows or the gap changes nothing."""
    y = np.column_stack([target, target, target])  # so the gap is two rows
    other = y.copy()
    other[-8:] += 100
    params = {"early_stopping": True, "validation_fraction": 0.1, "epochs": 3}
    fitted, unaware = (small(**params).fit(windows, t) for t in (y, other))
    assert_array_equal(fitted.loss_curve_, unaware.loss_curve_)
    other[-9] += 100
    assert small(**params).fit(windows, other).loss_curve_ != fitted.loss_curve_


def test_the_validation_loss_is_that_of_the_last_rows(windows, target, trainer):
    fitted = small(**STOPS, trainer=trainer).fit(windows, target)
    expected = mean_squared_error(target[-6:], fitted.predict(windows[-6:]))
    assert fitted.best_loss_ == pytest.approx(expected, rel=1e-4)
    assert fitted.best_loss_ == min(fitted.validation_loss_curve_)
    assert fitted.history_["val_loss"] == fitted.validation_loss_curve_


def test_the_best_weights_are_kept_not_the_last(windows, target, trainer):
    fitted = small(
        early_stopping=True, learning_rate=0.3, n_iter_no_change=4, trainer=trainer
    )
    fitted.fit(windows, target)
    assert fitted.best_epoch_ < fitted.n_iter_
    expected = mean_squared_error(target[-6:], fitted.predict(windows[-6:]))
    assert fitted.best_loss_ == pytest.approx(expected, rel=1e-4)
    assert fitted.validation_loss_curve_[-1] > 1.01 * expected


def test_early_stopping_counts_epochs_without_improvement(windows, target, trainer):
    fitted = small(**STOPS, epochs=200, trainer=trainer).fit(windows, target)
    curve = fitted.validation_loss_curve_
    assert fitted.n_iter_ == len(curve) == len(fitted.loss_curve_) < 200
    to_beat, last = np.inf, 0
    for epoch, loss in enumerate(curve, start=1):
        if loss < to_beat - 0.01:
            to_beat, last = loss, epoch
    assert fitted.n_iter_ == last + 3
    assert curve[fitted.best_epoch_ - 1] == min(curve)


def test_a_panel_holds_out_the_last_part_of_every_series(windows, target):
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(20)])
    X = pd.DataFrame(windows.reshape(60, -1), index=index)
    X.columns = [f"x{i}_lag{4 - t}" for t in range(5) for i in range(2)]
    params = {"early_stopping": True, "validation_fraction": 0.1, "epochs": 2}
    other = target.copy()
    other[[18, 19, 38, 39, 58, 59]] += 100
    fitted, unaware = (small(**params).fit(X, y) for y in (target, other))
    assert_array_equal(fitted.loss_curve_, unaware.loss_curve_)


def test_in_a_pipeline_the_index_of_y_tells_the_series(target):
    """Windows are an array and have no index."""
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(20)])
    rnn = small(early_stopping=True, epochs=2)
    X = pd.DataFrame({"x": np.sin(np.arange(60.0))}, index=index)
    other = target.copy()
    other[[18, 19, 38, 39, 58, 59]] += 100
    curves = []
    for y in (target, other):
        pipe = make_pipeline(SequenceWindower(3), clone(rnn))
        pipe.fit(X, pd.Series(y, index=index))
        curves.append(pipe[-1].loss_curve_)
    assert_array_equal(*curves)


@pytest.mark.parametrize("scaled", ["target", "whole"])
def test_the_windows_of_a_panel_know_their_series(scaled, target):
    """A TransformedTargetRegressor anywhere in the pipeline makes y an array."""
    index = pd.MultiIndex.from_product([["a", "b", "c"], range(20)])
    X = pd.DataFrame({"x": np.sin(np.arange(60.0))}, index=index)
    rnn = small(early_stopping=True, epochs=2)
    other = target.copy()
    other[[18, 19, 38, 39, 58, 59]] += 100
    curves = []
    for y in (target, other):
        identity = {"func": np.copy, "inverse_func": np.copy, "check_inverse": False}
        if scaled == "target":
            last = TransformedTargetRegressor(clone(rnn), **identity)
            pipe = make_pipeline(SequenceWindower(3), last)
            fitted = pipe.fit(X, pd.Series(y, index=index))[-1].regressor_
        else:
            pipe = make_pipeline(SequenceWindower(3), clone(rnn))
            whole = TransformedTargetRegressor(pipe, **identity)
            fitted = whole.fit(X, pd.Series(y, index=index)).regressor_[-1]
        curves.append(fitted.loss_curve_)
    assert_array_equal(*curves)


def test_too_few_rows_to_hold_any_out(windows, target):
    with pytest.raises(ValueError, match="leaves no row to train on: of 5 rows"):
        small(early_stopping=True, validation_gap=4).fit(windows[:5], target[:5])


def test_rows_without_weight_are_not_held_out(windows, target):
    """A weight of zero is the same as leaving out the row."""
    weight = np.r_[np.ones(54), np.zeros(6)]
    fitted = small(early_stopping=True, epochs=2)
    fitted.fit(windows, target, sample_weight=weight)
    absent = small(early_stopping=True, epochs=2).fit(windows[:54], target[:54])
    assert fitted.validation_loss_curve_ == absent.validation_loss_curve_


@pytest.mark.parametrize("batch_size", [7, 30])
def test_the_validation_loss_is_the_weighted_mean_of_the_rows_held_out(
    windows, target, trainer, batch_size
):
    """Of all rows, also where the batches differ in weight."""
    weight = np.linspace(0.1, 9, 60) ** 2
    options = {"early_stopping": True, "validation_fraction": 0.5, "trainer": trainer}
    fitted = small(epochs=1, learning_rate=0.01, batch_size=batch_size, **options)
    fitted.fit(windows, target, sample_weight=weight)
    (loss,) = fitted.validation_loss_curve_
    assert fitted.best_loss_ == loss, "predictions are of this epoch"
    errors = (fitted.predict(windows[30:]) - target[30:]) ** 2
    assert loss == pytest.approx(np.average(errors, weights=weight[30:]), rel=1e-4)


def test_with_weights_callbacks_are_told_the_losses_of_the_history(windows, target):
    """In the loop of Keras, whose own mean of the batches is another."""
    heard = {}

    class Hears(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            heard["batch"] = dict(logs)

        def on_test_end(self, logs=None):
            heard["test"] = dict(logs)

        def on_train_end(self, logs=None):
            heard["train"] = dict(logs)

    fitted = small(epochs=2, early_stopping=True, trainer="keras", callbacks=[Hears])
    fitted.fit(windows, 100 * target, sample_weight=np.linspace(0.1, 9, 60))
    loss, val_loss = fitted.loss_curve_[-1], fitted.validation_loss_curve_[-1]
    assert heard["batch"] == {"loss": pytest.approx(loss)}
    assert heard["test"] == {"loss": pytest.approx(val_loss)}
    assert heard["train"] == {
        "loss": pytest.approx(loss),
        "val_loss": pytest.approx(val_loss),
    }


# Validation data of the user


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


# Callbacks

# NumPy warns about how Keras converts a variable.
of_keras = pytest.mark.filterwarnings("ignore:__array__ implementation")


class Counts(keras.callbacks.Callback):
    """Stops after two epochs in total, if the same instance is used in several fits."""

    def __init__(self):
        super().__init__()
        self.n_epochs = 0

    def on_epoch_end(self, epoch, logs=None):
        self.n_epochs += 1
        self.model.stop_training = self.n_epochs == 2


@pytest.mark.parametrize("given", [Counts, Counts()], ids=["class", "instance"])
def test_every_fit_has_fresh_callbacks(given, windows, target, trainer):
    estimator = small(callbacks=[given], trainer=trainer)
    for _ in range(2):
        assert estimator.fit(windows, target).n_iter_ == 2
    assert clone(estimator).fit(windows, target).n_iter_ == 2
    assert not isinstance(given, Counts) or given.n_epochs == 0


def test_what_is_no_callback_is_refused(windows, target):
    with pytest.raises(TypeError, match="'callbacks' parameter must hold Keras"):
        small(callbacks=[print]).fit(windows, target)


class Strict(keras.callbacks.Callback):
    """Its methods have no default arguments, so Keras must pass them all."""

    def on_train_begin(self, logs):
        self.told = [logs]

    def on_epoch_begin(self, epoch, logs):
        self.told.append(logs)

    def on_epoch_end(self, epoch, logs):
        self.told.append(dict(logs))

    def on_train_end(self, logs):
        all_told.append([*self.told, dict(logs)])


all_told = []


def test_callbacks_are_told_what_keras_tells(windows, target):
    all_told.clear()
    for trainer in ("auto", "xla", "keras"):
        options = {"early_stopping": True, "epochs": 1, "trainer": trainer}
        small(callbacks=[Strict], **options).fit(windows, target)
    for told in all_told:
        assert [sorted(logs) for logs in told] == [
            [],
            [],
            ["loss", "val_loss"],
            ["loss", "val_loss"],
        ]
        values = [list(logs.values()) for logs in told[2:]]
        assert_allclose(values, [list(all_told[2][2].values())] * 2, rtol=1e-5)


def test_a_callback_for_evaluations_is_kerass(windows, target, capsys):
    class Watches(keras.callbacks.Callback):
        def on_test_end(self, logs=None):
            seen.append(logs)

    seen = []
    fitted = small(early_stopping=True, epochs=1, callbacks=[Watches], verbose=1)
    fitted.fit(windows, target)
    assert seen[0]["loss"] == pytest.approx(fitted.validation_loss_curve_[0])
    assert "has a method on_test_end" in capsys.readouterr().out


@of_keras
def test_reduce_lr_on_plateau(windows, target, trainer):
    """Training continues with the reduced learning rate."""
    rates = []

    class Rates(keras.callbacks.Callback):
        def on_train_begin(self, logs=None):
            rates.append(float(self.model.optimizer.learning_rate))

        def on_train_end(self, logs=None):
            self.on_train_begin()

    callback = keras.callbacks.ReduceLROnPlateau("loss", 0.1, patience=1, min_delta=10)
    fitted = small(epochs=4, callbacks=[callback, Rates], trainer=trainer).fit(
        windows, target
    )
    fitted.set_params(callbacks=[Rates]).partial_fit(windows, target)
    assert_allclose(rates, [5e-3, 5e-6, 5e-6, 5e-6], rtol=1e-3)


@of_keras
def test_learning_rate_scheduler(windows, target, trainer):
    """With a learning rate of zero in two epochs, the loss only falls afterwards."""
    callback = keras.callbacks.LearningRateScheduler(lambda epoch: 0.01 * (epoch > 1))
    options = {"epochs": 4, "shuffle": False, "trainer": trainer}
    loss = small(callbacks=[callback], **options).fit(windows, target).loss_curve_
    assert loss[0] == pytest.approx(loss[1], rel=1e-6)
    assert loss[3] < 0.99 * loss[0]


@of_keras
def test_model_checkpoint(windows, target, trainer, tmp_path):
    path = tmp_path / "{epoch}.weights.h5"
    callback = keras.callbacks.ModelCheckpoint(path, save_weights_only=True)
    fitted = small(epochs=3, callbacks=[callback], trainer=trainer).fit(windows, target)
    assert len(list(tmp_path.iterdir())) == 3
    model, first = fitted.model_, small(epochs=1, trainer=trainer).fit(windows, target)
    last = model.predict(windows, verbose=0)
    model.load_weights(tmp_path / "1.weights.h5")
    found = model.predict(windows, verbose=0)
    assert_allclose(found, first.model_.predict(windows, verbose=0), rtol=1e-6)
    assert not np.allclose(found, last)
    model.load_weights(tmp_path / "3.weights.h5")
    assert_allclose(model.predict(windows, verbose=0), last, rtol=1e-6)


@of_keras
def test_model_checkpoint_is_served_by_the_engine(windows, target, tmp_path):
    callback = keras.callbacks.ModelCheckpoint(tmp_path / "m.keras")
    small(epochs=1, callbacks=[callback], trainer="xla").fit(windows, target)
    assert (tmp_path / "m.keras").exists()


def test_csv_logger(windows, target, trainer, tmp_path):
    callback = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    fitted = small(epochs=3, callbacks=[callback], trainer=trainer, early_stopping=True)
    fitted.fit(windows, target)
    with open(tmp_path / "log.csv") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == fitted.loss_curve_
    assert [float(r["val_loss"]) for r in rows] == fitted.validation_loss_curve_


@of_keras
def test_tensorboard(windows, target, tmp_path):
    pytest.importorskip("tensorboard", reason="TensorFlow installs it no longer")
    callback = keras.callbacks.TensorBoard(tmp_path)
    small(epochs=2, callbacks=[callback]).fit(windows, target)
    assert list(tmp_path.rglob("events.out.tfevents*"))


def test_terminate_on_nan(windows, target):
    """Raises the same error as any training that diverges."""
    wild = small(
        callbacks=[keras.callbacks.TerminateOnNaN], optimizer="sgd", learning_rate=1e30
    )
    with pytest.raises(ValueError, match="Training diverged"):
        wild.fit(windows, target)


# Continued training


def test_partial_fit_goes_on_epoch_by_epoch(windows, target, trainer):
    params = {"shuffle": False, "trainer": trainer}
    parts = small(**params)
    for _ in range(3):
        assert parts.partial_fit(windows, target) is parts
    whole = small(**params, epochs=3).fit(windows, target)
    assert_allclose(parts.loss_curve_, whole.loss_curve_, rtol=1e-6)
    assert_allclose(parts.predict(windows), whole.predict(windows), rtol=1e-5)
    assert parts.n_iter_ == 3


def test_partial_fit_has_a_new_order_each_time(windows, target, monkeypatch):
    """Without optimizer moments, the same order would give the same steps."""
    orders = []

    def train(task, *args, real=base.train):
        ((_, shuffle),) = task.schedule.of_epochs(1)
        order = np.arange(60)
        shuffle(order)
        orders.append(tuple(order))
        return real(task, *args)

    monkeypatch.setattr(base, "train", train)
    fitted = small(epochs=1).fit(windows, target)
    for _ in range(2):
        fitted.partial_fit(windows, target)
    assert len(set(orders)) == len(orders) == 3


def test_partial_fit_takes_chunks_of_any_length(windows, target):
    estimator = small()
    for n_rows in (10, 33, 1):
        estimator.partial_fit(windows[:n_rows], target[:n_rows])
    assert estimator.predict(windows).shape == (60,)
    with pytest.raises(ValueError, match="X has 4 time steps"):
        estimator.partial_fit(windows[:, :4], target)


def test_partial_fit_has_no_later_part_to_stop_on(windows, target):
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping"):
        small(early_stopping=True).partial_fit(windows, target)


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
            pressed = pressing(getattr(Events, step), 3)
            patch.setattr(Events, step, lambda *args: pressed(*args))
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


# Failed fits


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise OSError("No space left on device")


def test_a_callback_that_fails_leaves_the_estimator_as_before(windows, target, trainer):
    estimator = small(epochs=2, trainer=trainer).fit(windows, target)
    before = estimator.predict(windows)
    with pytest.raises(OSError, match="No space left"):
        estimator.set_params(callbacks=[Fails]).fit(windows, target)
    assert_array_equal(estimator.predict(windows), before)
    assert estimator.n_iter_ == 2
    again = estimator.set_params(callbacks=None).fit(windows, target)
    assert_array_equal(again.predict(windows), before)


@of_keras
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full device")
def test_a_full_disk_leaves_the_estimator_as_before(windows, target, trainer, tmp_path):
    estimator = small(epochs=1, trainer=trainer).fit(windows, target)
    before = estimator.predict(windows)
    (tmp_path / "full.keras").symlink_to("/dev/full")
    checkpoint = keras.callbacks.ModelCheckpoint(tmp_path / "full.keras")
    with pytest.raises(OSError, match="No space left"):
        estimator.set_params(callbacks=[checkpoint]).fit(windows, target)
    assert_array_equal(estimator.predict(windows), before)


def test_eight_threads_predict_on_one_estimator(windows, target):
    fitted = LSTMRegressor(units=3, epochs=1, random_state=0).fit(windows, target)
    parts = [windows, windows[:20], windows[:1]] * 8
    expected = [fitted.predict(part) for part in parts]
    with ThreadPoolExecutor(8) as pool:
        for found, one in zip(pool.map(fitted.predict, parts), expected, strict=True):
            assert_array_equal(found, one)


def test_the_lines_of_an_epoch_show_the_validation_loss(windows, target, capsys):
    small(early_stopping=True, epochs=1, verbose=2).fit(windows, target)
    line = r"epoch 1/1: loss [\d.e-]+, val_loss [\d.e-]+\n"
    assert re.fullmatch(line, capsys.readouterr().out)
