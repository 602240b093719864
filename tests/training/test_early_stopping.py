"""The last rows are held out, watched, and stop the training."""

import keras
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import make_pipeline
from small_networks import STOPS, small

from skrnn import SequenceWindower
from skrnn.training.data import hold_out_last


@pytest.mark.parametrize("codes", [None, np.zeros(10, int)])
def test_the_last_rows_are_held_out_with_a_gap_before_them(codes):
    train, validation = hold_out_last(10, codes, fraction=0.25, gap=2)
    assert_array_equal(train, [0, 1, 2, 3, 4])
    assert_array_equal(validation, [7, 8, 9])


@given(
    codes=st.lists(st.integers(0, 3), min_size=1, max_size=40),
    fraction=st.floats(0.01, 0.99) | st.integers(1, 20),
    gap=st.integers(0, 3),
)
def test_of_every_series_the_last_part_is_held_out(codes, fraction, gap):
    codes = np.unique(codes, return_inverse=True)[1]
    expected_train, expected = [], []
    for series in range(codes.max() + 1):
        rows = np.flatnonzero(codes == series)
        n_held_out = fraction
        if fraction < 1:  # without the rounding of floating-point numbers
            n_held_out = np.ceil(np.round(fraction * len(rows), 9))
        n_left = max(0, len(rows) - int(n_held_out))
        expected_train += rows[: max(0, n_left - gap)].tolist()
        expected += rows[n_left:].tolist()
    if not expected_train:
        with pytest.raises(ValueError, match="leaves no row to train on"):
            hold_out_last(len(codes), codes, fraction, gap)
        return
    train, validation = hold_out_last(len(codes), codes, fraction, gap)
    assert_array_equal(train, sorted(expected_train))
    assert_array_equal(validation, sorted(expected))


@pytest.mark.parametrize("percent", range(1, 100))
def test_a_share_of_whole_rows_is_not_rounded_up(percent):
    _, validation = hold_out_last(100, None, percent / 100, gap=0)
    assert len(validation) == percent


def test_a_number_of_rows_is_held_out_as_their_share_is(windows, target):
    params = {"early_stopping": True, "epochs": 2}  # 60 windows
    by_share, by_number = (
        small(**params, validation_fraction=each).fit(windows, target)
        for each in (0.2, 12)
    )
    assert by_share.validation_loss_curve_ == by_number.validation_loss_curve_
    with pytest.raises(ValueError, match="leaves no row to train on: of 60 rows"):
        small(**params, validation_fraction=60).fit(windows, target)


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
