"""Training goes on with partial_fit."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose
from small_networks import small

from skrnn.training import train as training


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

    def train(task, *args, real=training.train, **options):
        ((_, shuffle),) = task.schedule.of_epochs(1)
        order = np.arange(60)
        shuffle(order)
        orders.append(tuple(order))
        return real(task, *args, **options)

    monkeypatch.setattr(training, "train", train)
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


@pytest.mark.parametrize("is_instance", [True, False])
def test_a_new_rate_of_the_optimizer_is_used(windows, target, is_instance):
    rnn = small(optimizer="sgd", learning_rate=0.1).fit(windows, target)
    if is_instance:
        rnn.set_params(optimizer=keras.optimizers.SGD(0.1), learning_rate="auto")
        rnn.fit(windows, target)
    before = rnn.predict(windows)
    if is_instance:
        rnn.set_params(optimizer=keras.optimizers.SGD(1e-9))
    else:
        rnn.set_params(learning_rate=1e-9)
    assert_allclose(
        rnn.partial_fit(windows, target).predict(windows), before, rtol=1e-5
    )


def test_very_unequal_weights_leave_rows_to_validate_on(windows, target):
    weight = np.ones(len(target))
    weight[0] = 1e46
    rnn = small(early_stopping=True, epochs=2).fit(windows, target, weight)
    assert np.isfinite(rnn.validation_loss_curve_).all()
