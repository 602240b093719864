"""Training data and the order in which it is trained on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn._batches import Schedule, TrainingData
from skrnn._missing import MISSING


@given(
    missing=st.lists(st.booleans(), min_size=1, max_size=12),
    n_timesteps=st.integers(1, 4),
    stride=st.integers(1, 4),
    data=st.data(),
)
def test_has_missing_looks_at_the_windows_to_train_on(
    missing, n_timesteps, stride, data
):
    n_samples = (len(missing) - n_timesteps) // stride + 1
    if n_samples < 1:
        return
    chosen = data.draw(st.sets(st.integers(0, n_samples - 1), min_size=1))
    series = np.where(missing, MISSING, 1.0)[:, np.newaxis]
    samples = np.array(sorted(chosen), dtype=np.int32)
    training = TrainingData(
        series, stride, n_timesteps, np.zeros((n_samples, 1)), None, samples
    )
    windows, _ = training.batch(samples)
    assert training.has_missing == (windows == MISSING).any()


def test_every_epoch_has_an_order_of_its_own():
    samples = np.arange(20, dtype=np.int32)
    orders = [o.copy() for o in Schedule(8, 3, True, 0).orders(samples.copy())]
    assert len({tuple(order) for order in orders}) == 3
    for order in orders:
        assert_array_equal(np.sort(order), samples)
    again = [o.copy() for o in Schedule(8, 3, True, 0).orders(samples.copy())]
    assert_array_equal(orders, again)


def test_without_shuffling_the_order_stays():
    samples = np.arange(5, dtype=np.int32)
    for order in Schedule(2, 3, False, 0).orders(samples):
        assert_array_equal(order, np.arange(5))


def test_the_last_batch_may_be_smaller():
    assert Schedule(8, 1, True, 0).n_batches(17) == 3
