"""Long series that are processed in chunks.

`_programs` and `_compiled` are read because compiling again only costs time.
"""

import gc
import tempfile
import tracemalloc

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joblib import Parallel, delayed
from numpy.testing import assert_allclose, assert_array_equal

from skrnn import ElmanRegressor, SequenceWindower
from skrnn.training.compiled import engine


def streamed(rows, starts, window_length):
    """Window a series in consecutive chunks of rows."""
    windower = SequenceWindower(window_length)
    for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
        chunk = rows[start:stop]
        if start:
            yield windower.transform(chunk)
            windower.partial_fit(chunk)
        else:
            yield windower.fit_transform(chunk)


@given(
    window_length=st.integers(1, 6),
    lengths=st.lists(st.integers(1, 12), min_size=1, max_size=5),
)
def test_windows_of_chunks_are_those_of_the_whole(window_length, lengths):
    rows = np.random.RandomState(0).rand(sum(lengths), 2)
    starts = np.cumsum([0, *lengths[:-1]]).tolist()
    chunks = list(streamed(rows, starts, window_length))
    whole = SequenceWindower(window_length).fit_transform(rows)
    assert_array_equal(np.concatenate(chunks), whole)


def map_file(path, rows):
    np.save(path, rows)
    return np.load(path, mmap_mode="r")


@pytest.fixture
def mapped(tmp_path):
    rows = np.random.RandomState(0).rand(300, 2).astype("float32")
    return map_file(tmp_path / "rows.npy", rows)


@pytest.fixture
def long_series(tmp_path):
    """A million rows, 4 MB, and their values one row later."""
    values = np.sin(np.arange(1_000_001) / 10).astype("float32")
    return (
        map_file(tmp_path / "series.npy", values[:-1, np.newaxis]),
        map_file(tmp_path / "target.npy", values[1:]),
    )


def peak_of(function):
    """Return the result of a function and the peak memory of its arrays, in bytes."""
    gc.collect()
    tracemalloc.start()
    try:
        return function(), tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_memory_mapped_series_is_an_array(mapped):
    """Predictions are those of an array in memory, and the file is not changed."""
    found, expected = (
        ElmanRegressor(units=2, epochs=2, random_state=0)
        .fit(SequenceWindower(4).fit_transform(rows), rows[:, 0])
        .predict(SequenceWindower(4).fit_transform(rows))
        for rows in (mapped, np.array(mapped))
    )
    assert_array_equal(found, expected)


def test_windows_of_a_memory_map_are_not_in_memory(long_series):
    windower = SequenceWindower(20)
    windows, peak = peak_of(lambda: windower.fit_transform(long_series[0]))
    assert_array_equal(windows[-1, :, 0], long_series[0][-20:, 0])
    assert peak < 1_000_000


def test_windows_of_other_arrays_are_in_memory(tmp_path, monkeypatch):
    """Also if the memory of the rows is not owned by NumPy."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    rows = np.frombuffer(np.arange(10.0).tobytes()).reshape(-1, 1)
    windows = SequenceWindower(4).fit_transform(rows)
    assert windows[-1, -1, 0] == 9
    assert not list(tmp_path.iterdir())


def test_the_file_of_the_windows_goes_with_them(mapped, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    windows = SequenceWindower(4).fit_transform(mapped)
    (file,) = tmp_path.glob("skrnn-*")
    row = windows[5:6]
    del windows
    assert file.exists()
    del row
    gc.collect()
    assert not file.exists()


def test_workers_map_the_same_windows(mapped):
    """joblib sends the file name, so the file must exist."""
    windows = SequenceWindower(4).fit_transform(mapped)
    (there,) = Parallel(n_jobs=2)(delayed(np.array)(part) for part in [windows])
    assert_array_equal(there, windows)


@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
@pytest.mark.parametrize("what", ["plain", "weights", "early stopping", "missing"])
def test_blocks_in_order_are_the_same_training(mapped, trainer, what):
    """No batch spans two blocks; the last block is shorter."""
    rows = mapped.copy()
    if what == "missing":
        rows[[250, 251, 270]] = np.nan  # in the last block
    windows, y = SequenceWindower(4).fit_transform(rows)[3:], mapped[3:, 0]
    weight = np.linspace(0.1, 1, len(y)) if what == "weights" else None
    whole, blocks = (
        ElmanRegressor(
            units=2,
            epochs=3,
            batch_size=20,
            block_size=block_size,
            shuffle=False,
            early_stopping=what == "early stopping",
            metrics=["mae"],
            trainer=trainer,
            random_state=0,
        ).fit(windows, y, weight)
        for block_size in (None, 100)
    )
    for name, expected in whole.history_.items():
        assert_allclose(blocks.history_[name], expected, rtol=1e-5)
    assert_allclose(blocks.predict(windows), whole.predict(windows), rtol=1e-4)


@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
def test_the_validation_part_is_its_own_block(mapped, trainer):
    """Also if the validation and the training part are one block each."""
    windows, y = SequenceWindower(1).fit_transform(mapped[:120]), mapped[:120, 0]
    histories = [
        ElmanRegressor(
            units=2,
            epochs=2,
            batch_size=20,
            block_size=block_size,
            shuffle=False,
            early_stopping=True,
            validation_fraction=0.5,
            trainer=trainer,
            random_state=0,
        )
        .fit(windows, y)
        .history_
        for block_size in (None, 110)
    ]
    for name, expected in histories[0].items():
        assert_allclose(histories[1][name], expected, rtol=1e-5)


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_blocks_are_shuffled_and_what_is_in_them(mapped, trainer):
    windows = SequenceWindower(1).fit_transform(mapped)
    params = {"units": 1, "block_size": 50, "batch_size": 10, "trainer": trainer}
    losses = [
        ElmanRegressor(epochs=2, random_state=0, shuffle=shuffle, **params)
        .fit(windows, np.arange(300.0))
        .loss_curve_
        for shuffle in (True, True, False)
    ]
    assert losses[0] == losses[1]
    assert losses[0][1] != losses[2][1]


def test_all_blocks_share_one_compiled_program(mapped, monkeypatch):
    store = engine.ProgramStore(1)
    monkeypatch.setattr(engine, "programs", store)
    windows = SequenceWindower(3).fit_transform(mapped)
    rnn = ElmanRegressor(
        units=2, epochs=2, block_size=70, trainer="xla", random_state=0
    )
    rnn.fit(windows, mapped[:, 0])
    (program,) = store._programs.values()
    assert len(program._compiled) == 1


@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_block_size_bounds_the_memory_of_fit(long_series, trainer):
    X, y = long_series
    windows = SequenceWindower(2).fit_transform(X)
    rnn = ElmanRegressor(
        units=1,
        epochs=1,
        block_size=20_000,
        batch_size=20_000,
        early_stopping=True,
        trainer=trainer,
        random_state=0,
    )
    rnn.fit(windows[:50_000], y[:50_000])  # imports and compiles
    fitted, peak = peak_of(lambda: rnn.fit(windows, y))
    assert fitted.n_iter_ == 1
    assert peak < 5_000_000


def test_partial_fit_and_predict_stream_a_series(mapped):
    starts = [0, 100, 200]
    rnn = ElmanRegressor(units=2, random_state=0)
    for start, windows in zip(starts, streamed(mapped, starts, 4), strict=True):
        rnn.partial_fit(windows, mapped[start : start + 100, 0])
    assert rnn.n_iter_ == 3
    parts = [rnn.predict(windows) for windows in streamed(mapped, starts, 4)]
    whole = rnn.predict(SequenceWindower(4).fit_transform(mapped))
    assert_allclose(np.concatenate(parts), whole, rtol=1e-5)


def fitted_on(chunks, target):
    """Fit on consecutive chunks of rows."""
    rnn, windower, start = ElmanRegressor(units=2, random_state=0), None, 0
    for chunk in chunks:
        if windower is None:
            windower = SequenceWindower(4)
            windows = windower.fit_transform(chunk)
        else:
            windows = windower.transform(chunk)
            windower.partial_fit(chunk)
        rnn.partial_fit(windows, target[start : start + len(chunk)])
        start += len(chunk)
    return rnn.predict(windows)


def test_a_zarr_array_is_read_in_chunks(mapped, tmp_path):
    zarr = pytest.importorskip("zarr", reason="zarr is in the extra clients")
    array = zarr.create_array(tmp_path / "rows.zarr", data=mapped, chunks=(60, 2))
    starts = range(0, 300, 100)
    assert_array_equal(
        fitted_on((array[start : start + 100] for start in starts), mapped[:, 0]),
        fitted_on((mapped[start : start + 100] for start in starts), mapped[:, 0]),
    )


def test_a_parquet_file_is_read_in_chunks(mapped, tmp_path):
    """The time index tells where each chunk belongs."""
    parquet = pytest.importorskip(
        "pyarrow.parquet", reason="pyarrow is in the extra clients"
    )
    hours = pd.date_range("2026-01-01", periods=300, freq="h", name="time")
    frame = pd.DataFrame(mapped, hours, columns=["a", "b"])
    frame.to_parquet(tmp_path / "rows.parquet")
    file = parquet.ParquetFile(tmp_path / "rows.parquet")
    chunks = (part.to_pandas() for part in file.iter_batches(batch_size=100))
    starts = range(0, 300, 100)
    assert_array_equal(
        fitted_on(chunks, mapped[:, 0]),
        fitted_on((frame[start : start + 100] for start in starts), mapped[:, 0]),
    )
