"""How much memory does a series take that is read chunk by chunk?

Run `python benchmarks/streaming.py`: one epoch of `partial_fit` and the predictions of
20,000,000 rows of a memory-mapped file, for two lengths of the chunks, each in a
process of its own (Linux only). Memory is what it takes more than before, without the
pages of the file.
"""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from sklearn.preprocessing import MinMaxScaler

from skrnn import ElmanRegressor, SequenceWindower


def private_memory():
    """Return the anonymous memory of this process in MB."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["RssAnon"].split()[0]) / 1000


def peak_of(function):
    peak, done = [private_memory()], threading.Event()

    def watch():
        while not done.wait(0.01):
            peak[0] = max(peak[0], private_memory())

    thread = threading.Thread(target=watch)
    thread.start()
    function()
    done.set()
    thread.join()
    return peak[0]


class Stream:
    """A scaler, a windower and a network, a chunk of rows at a time."""

    def __init__(self):
        self.scale = MinMaxScaler()
        self.window = SequenceWindower(window_length=20)
        self.rnn = ElmanRegressor(4, batch_size=1024, random_state=0)

    def chunks(self, series, n_at_once):
        """Yield where a chunk is, and its windows, which know the chunk before."""
        window = self.window
        for start in range(0, len(series), n_at_once):
            rows = self.scale.transform(series[start : start + n_at_once])
            windows = window.transform(rows) if start else window.fit_transform(rows)
            window.fit(rows)
            yield slice(start, start + len(rows)), windows

    def fit(self, series, target, n_at_once):
        for start in range(0, len(series), n_at_once):
            self.scale.partial_fit(series[start : start + n_at_once])
        for where, windows in self.chunks(series, n_at_once):
            self.rnn.partial_fit(windows, target[where])

    def predict(self, series, n_at_once, out):
        for where, windows in self.chunks(series, n_at_once):
            out[where] = self.rnn.predict(windows)


def run(folder, n_rows, n_at_once):
    series = np.load(folder / "series.npy", mmap_mode="r")
    target = np.load(folder / "target.npy", mmap_mode="r")
    out = np.lib.format.open_memmap(
        folder / "predicted.npy", "w+", dtype="float32", shape=(n_rows,)
    )
    warm_up = np.random.RandomState(0).rand(3000, 1).astype("float32")
    Stream().fit(warm_up, warm_up[:, 0], 3000)  # imports TensorFlow
    stream, before, start = Stream(), private_memory(), time.perf_counter()
    trained = peak_of(lambda: stream.fit(series, target, n_at_once)) - before
    middle = time.perf_counter()
    predicted = peak_of(lambda: stream.predict(series, n_at_once, out)) - before
    seconds = middle - start, time.perf_counter() - middle
    print(
        f"{n_rows} rows in chunks of {n_at_once}: "
        f"an epoch {seconds[0]:.0f} s, peak {trained:.0f} MB; "
        f"predictions {seconds[1]:.0f} s, peak {predicted:.0f} MB",
        flush=True,
    )


def write(folder, n_rows):
    """Write a noisy sine, and what comes next, a part at a time."""
    files = [
        np.lib.format.open_memmap(folder / f"{name}.npy", "w+", "float32", shape)
        for name, shape in (("series", (n_rows, 1)), ("target", (n_rows,)))
    ]
    rng = np.random.RandomState(0)
    for start in range(0, n_rows, 1_000_000):
        t = np.arange(start, min(start + 1_000_000, n_rows) + 1) / 10
        values = np.sin(t) + 0.1 * rng.rand(len(t))
        files[0][start : start + len(t) - 1, 0] = values[:-1]
        files[1][start : start + len(t) - 1] = values[1:]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--here", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        run(Path(options.here[0]), options.rows, int(options.here[1]))
        return
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.rows)
        for n_at_once in (100_000, 1_000_000):
            here = ["--rows", str(options.rows), "--here", folder, str(n_at_once)]
            subprocess.run([sys.executable, __file__, *here], check=True)


if __name__ == "__main__":
    main()
