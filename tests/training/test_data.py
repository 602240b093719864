"""Training data, and their order in each epoch."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from small_networks import plain_samples

from skrnn.training.data import Schedule, TrainingData
from skrnn.windows.layout import view_windows


def orders_of(schedule, n_samples):
    """The order of every epoch, for data in a single block."""
    order, orders = np.arange(n_samples, dtype=np.int32), []
    for _, shuffle in schedule.of_epochs(1):
        shuffle(order)
        orders.append(order.copy())
    return orders


def test_every_epoch_has_an_order_of_its_own():
    orders = orders_of(Schedule(8, 3, True, 0), 20)
    assert len({tuple(order) for order in orders}) == 3
    for order in orders:
        assert_array_equal(np.sort(order), np.arange(20))
    assert_array_equal(orders, orders_of(Schedule(8, 3, True, 0), 20))


def test_every_epoch_has_an_order_of_blocks_of_its_own():
    epochs = [tuple(numbers) for numbers, _ in Schedule(8, 3, True, 0).of_epochs(20)]
    assert len(set(epochs)) == 3
    assert all(sorted(numbers) == list(range(20)) for numbers in epochs)


def test_without_shuffling_the_order_stays():
    schedule = Schedule(2, 3, False, 0)
    assert_array_equal(orders_of(schedule, 5), [np.arange(5)] * 3)
    assert all((numbers == range(4)).all() for numbers, _ in schedule.of_epochs(4))


def samples_of(n_rows, weight=None):
    """Windows of three steps, as views on a series, with their numbers as y."""
    rows = np.arange(n_rows + 2.0)[:, np.newaxis]
    return plain_samples(view_windows(rows, 3, flatten=False), rows[2:], weight)


def test_the_last_batch_of_a_block_may_be_smaller():
    schedule = Schedule(8, 1, True, 0)
    for block_size, n_batches in ((None, 3), (9, 2 + 1)):
        data = TrainingData(samples_of(17), range(17), block_size)
        assert schedule.n_batches(data) == n_batches


@given(
    n_rows=st.integers(1, 30),
    block_size=st.integers(1, 40),
    chosen=st.sets(st.integers(0, 29)),
)
def test_blocks_are_the_whole_in_parts(n_rows, block_size, chosen):
    rows = np.array(sorted(row for row in chosen if row < n_rows), dtype=np.int32)
    rows = rows if len(rows) else range(n_rows)
    samples = samples_of(n_rows, np.linspace(0.1, 1, n_rows))
    whole = TrainingData(samples, rows, None)
    parts = TrainingData(samples, rows, block_size)
    blocks = [parts.block(number) for number in range(len(parts.n_of_blocks))]
    assert all(0 < len(block.y) <= block_size for block in blocks)
    assert parts.n_samples == whole.n_samples == len(rows)
    batches = [block.batch(block.samples) for block in blocks]
    for found, expected in zip(
        zip(*batches, strict=True), whole.block(0).batch(np.array(rows)), strict=True
    ):
        assert_array_equal(np.concatenate(found), expected)
