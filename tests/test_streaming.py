"""Series that are read chunk by chunk."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import ElmanRegressor, SequenceWindower


def streamed(rows, starts, window_length):
    """Window chunks of rows, each after the one before."""
    windower = SequenceWindower(window_length)
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        chunk = rows[start:stop]
        yield windower.transform(chunk) if start else windower.fit_transform(chunk)
        windower.fit(chunk)


@given(
    window_length=st.integers(1, 6),
    lengths=st.lists(st.integers(6, 12), min_size=1, max_size=5),
)
def test_windows_of_chunks_are_those_of_the_whole(window_length, lengths):
    rows = np.random.RandomState(0).rand(sum(lengths), 2)
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    chunks = list(streamed(rows, starts, window_length))
    whole = SequenceWindower(window_length).fit_transform(rows)
    assert_array_equal(np.concatenate(chunks), whole)


@pytest.fixture
def mapped(tmp_path):
    rows = np.random.RandomState(0).rand(300, 2).astype("float32")
    np.save(tmp_path / "rows.npy", rows)
    return np.load(tmp_path / "rows.npy", mmap_mode="r")


def test_a_memory_mapped_series_is_an_array(mapped):
    """Fitted and predicted as one, and never written to."""
    found, expected = (
        ElmanRegressor(units=2, epochs=2, random_state=0)
        .fit(SequenceWindower(4).fit_transform(rows), rows[:, 0])
        .predict(SequenceWindower(4).fit_transform(rows))
        for rows in (mapped, np.array(mapped))
    )
    assert_array_equal(found, expected)


def test_partial_fit_and_predict_stream_a_series(mapped):
    starts = [0, 100, 200]
    rnn = ElmanRegressor(units=2, random_state=0)
    for start, windows in zip(starts, streamed(mapped, starts, 4), strict=True):
        rnn.partial_fit(windows, mapped[start : start + 100, 0])
    assert rnn.n_iter_ == 3
    parts = [rnn.predict(windows) for windows in streamed(mapped, starts, 4)]
    whole = rnn.predict(SequenceWindower(4).fit_transform(mapped))
    np.testing.assert_allclose(np.concatenate(parts), whole, rtol=1e-5)
