"""How much memory does training take?

Run `python benchmarks/memory.py`: the peak of an epoch on 5,000,000 rows in windows of
200 steps, and what 100 fits of changing length leave behind, and networks that are
fitted and predicted with (Linux with glibc only).
"""

import ctypes
import gc
import threading
import time

import numpy as np
from sklearn.pipeline import make_pipeline

from skrnn import ElmanRegressor, Forecaster, LSTMRegressor, SequenceWindower


def resident():
    """Return the resident memory of this process in MB."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 1e6


class MallocInfo(ctypes.Structure):
    """The `struct mallinfo2` of glibc, from 2.33 on."""

    _names = ["arena", "ordblks", "smblks", "hblks", "hblkhd"]
    _names += ["usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"]
    _fields_ = list(zip(_names, [ctypes.c_size_t] * len(_names), strict=True))


def in_use():
    """Return the memory in use in MB, as the C library counts it."""
    gc.collect()
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = MallocInfo
    found = library.mallinfo2()
    return (found.uordblks + found.hblkhd) / 1e6


def peak_of(function, measure=resident):
    """Return the peak of the memory while a function runs, in MB."""
    peak, done = [measure()], threading.Event()

    def watch():
        while not done.wait(0.01):
            peak[0] = max(peak[0], measure())

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        function()
    finally:
        done.set()
        thread.join()
    return peak[0]


def large_epoch(normalize=None, n_rows=5_000_000, window_length=200):
    rng = np.random.RandomState(0)
    X, y = rng.rand(n_rows, 1), rng.rand(n_rows)
    windows = SequenceWindower(window_length).fit_transform(X)
    estimator = ElmanRegressor(
        units=4, batch_size=1024, epochs=1, normalize=normalize, random_state=0
    )
    before, start = resident(), time.perf_counter()
    peak = peak_of(lambda: estimator.fit(windows, y))
    seconds = time.perf_counter() - start
    print(
        f"{n_rows} rows, normalize={normalize!r}, windows of {window_length} steps "
        f"({windows.size * 4 / 1e9:.1f} GB in float32): an epoch takes {seconds:.0f} s "
        f"and peaks {peak - before:.0f} MB above the process before fit"
    )


def large_forecaster(n_rows=5_000_000, window_length=200):
    """Compare a Forecaster with a pipeline, both from the series on."""
    y = np.random.RandomState(0).rand(n_rows)
    network = ElmanRegressor(units=4, batch_size=1024, epochs=1, random_state=0)
    pipeline = make_pipeline(SequenceWindower(window_length), network)
    forecaster = Forecaster(network, window_length=window_length)
    before = resident()
    of_pipeline = peak_of(lambda: pipeline.fit(y[:-1, np.newaxis], y[1:])) - before
    pipeline = None
    gc.collect()
    before = resident()
    peak = peak_of(lambda: forecaster.fit(y=y)) - before
    print(
        f"the same from the series on: a pipeline peaks {of_pipeline:.0f} MB above the "
        f"process, a Forecaster {peak:.0f} MB"
    )


def many_fits(trainer, n_fits=100):
    rng = np.random.RandomState(0)
    series = rng.rand(3000, 2)
    for i in range(n_fits):
        n_rows, n_to_predict = rng.randint(300, 2500), rng.randint(1, 300)
        windows = SequenceWindower(20).fit_transform(series[:n_rows])
        estimator = LSTMRegressor(
            8, epochs=3, batch_size=32, trainer=trainer, random_state=0
        ).fit(windows, series[:n_rows, 0])
        estimator.predict(windows[:n_to_predict])
        if i == 9:
            tenth = resident()
    print(
        f"{n_fits} fits of 300 to 2500 rows, trainer={trainer!r}: "
        f"{resident() - tenth:.0f} MB more than after the 10th"
    )


def many_networks(trainer, sizes, n_first=20):
    rng = np.random.RandomState(0)
    X, y = rng.rand(200, 5, 1), rng.rand(200)
    for i, size in enumerate(sizes):
        # No two share a program.
        estimator = ElmanRegressor(
            size, dropout=0.1 + i / 1000, epochs=1, trainer=trainer
        )
        estimator.fit(X, y).predict(X)
        estimator.predict(X[:1])
        if i == n_first - 1:
            before, used_before = resident(), in_use()
    n_later, n_sizes = len(sizes) - n_first, len(set(sizes[n_first:]))
    print(
        f"{n_later} networks of {n_sizes} size{'s' * (n_sizes > 1)}, "
        f"trainer={trainer!r}: "
        f"{(in_use() - used_before) / n_later:.2f} MB in use, and "
        f"{(resident() - before) / n_later:.1f} MB held, more for each"
    )


def main():
    # TensorFlow itself takes some 500 MB: it is there before anything is measured.
    ElmanRegressor(units=2, epochs=1).fit(np.zeros((50, 3, 1)), np.zeros(50))
    large_epoch()
    large_epoch("last")
    large_forecaster()
    many_fits("auto")
    many_fits("xla")
    for trainer in ("auto", "xla", "keras"):
        many_networks(trainer, [4] * 80)
        many_networks(trainer, range(4, 84))


if __name__ == "__main__":
    main()
