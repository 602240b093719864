"""How much memory does a series take that is larger than it?

Run `python benchmarks/streaming.py`: one epoch and the predictions of 20,000,000 rows
of a memory-mapped file, by `fit` with two values of `block_size`, and by `partial_fit`
on chunks of two lengths, read from the map, a zarr array or a parquet file (where zarr
and pyarrow are installed). Each is in a process of its own (Linux only). Memory is what
it takes more than before, without the pages of mapped files, which the system drops
when it needs them.
"""

import argparse
import functools
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from memory import peak_of
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils import gen_batches

from skrnn import ElmanRegressor, SequenceWindower

try:
    import zarr
except ImportError:
    zarr = None
try:
    import pyarrow
    from pyarrow import parquet
except ImportError:
    parquet = None


def private_memory():
    """Return the anonymous memory of this process in MB."""
    with open("/proc/self/status") as status:
        lines = dict(line.split(":", 1) for line in status)
    return int(lines["RssAnon"].split()[0]) / 1000


def pipeline(**params):
    rnn = ElmanRegressor(4, batch_size=1000, epochs=1, random_state=0, **params)
    return MinMaxScaler(), SequenceWindower(window_length=20), rnn


class Blocks:
    """A pipeline on a memory map, after the scaler has written another one."""

    def __init__(self, folder, n_at_once):
        self.series = np.load(folder / "series.npy", mmap_mode="r")
        self.scaled_path = folder / "scaled.npy"
        self.n_at_once = n_at_once
        self.scale, window, rnn = pipeline(block_size=n_at_once)
        self.pipe = make_pipeline(window, rnn)

    def fit(self, target):
        chunks = list(gen_batches(len(self.series), 100_000))
        for chunk in chunks:
            self.scale.partial_fit(self.series[chunk])
        scaled = np.lib.format.open_memmap(
            self.scaled_path, "w+", dtype="float32", shape=self.series.shape
        )
        for chunk in chunks:
            scaled[chunk] = self.scale.transform(self.series[chunk])
        self.scaled = np.load(self.scaled_path, mmap_mode="r")
        self.pipe.fit(self.scaled, target)

    def predict(self, out):
        window, rnn = self.pipe[0], self.pipe[1]
        windows = window.transform(self.scaled)
        for chunk in gen_batches(len(self.series), self.n_at_once):
            out[chunk] = rnn.predict(windows[chunk])


class Chunks:
    """A scaler, a windower and a network, a chunk of rows at a time."""

    def __init__(self, folder, n_at_once, kind):
        self.read = functools.partial(READ[kind], folder, n_at_once)
        self.scale, self.window, self.rnn = pipeline()

    def windows(self):
        """Yield where a chunk is, and its windows, which know the rows before."""
        window, start = self.window, 0
        for chunk in self.read():
            rows = self.scale.transform(chunk)
            if start:
                windows = window.transform(rows)
                window.partial_fit(rows)
            else:
                windows = window.fit_transform(rows)
            yield slice(start, start + len(rows)), windows
            start += len(rows)

    def fit(self, target):
        for chunk in self.read():
            self.scale.partial_fit(chunk)
        for where, windows in self.windows():
            self.rnn.partial_fit(windows, target[where])

    def predict(self, out):
        for where, windows in self.windows():
            out[where] = self.rnn.predict(windows)


def read_map(folder, n_at_once):
    series = np.load(folder / "series.npy", mmap_mode="r")
    for chunk in gen_batches(series.shape[0], n_at_once):
        yield series[chunk]


def read_zarr(folder, n_at_once):
    series = zarr.open_array(folder / "series.zarr", mode="r")
    for chunk in gen_batches(series.shape[0], n_at_once):
        yield series[chunk]


def read_parquet(folder, n_at_once):
    with parquet.ParquetFile(folder / "series.parquet") as file:
        for part in file.iter_batches(n_at_once):
            yield part.column(0).to_numpy()[:, np.newaxis]


READ = {"map": read_map, "zarr": read_zarr, "parquet": read_parquet}


def run(folder, n_rows, how, n_at_once):
    target = np.load(folder / "target.npy", mmap_mode="r")
    out = np.lib.format.open_memmap(
        folder / "predicted.npy", "w+", dtype="float32", shape=(n_rows,)
    )
    ElmanRegressor(1, epochs=1).fit(np.zeros((9, 1)), np.zeros(9))  # imports TensorFlow
    model = (
        Blocks(folder, n_at_once) if how == "fit" else Chunks(folder, n_at_once, how)
    )
    before, start = private_memory(), time.perf_counter()
    trained = peak_of(lambda: model.fit(target), private_memory) - before
    middle = time.perf_counter()
    predicted = peak_of(lambda: model.predict(out), private_memory) - before
    seconds = middle - start, time.perf_counter() - middle
    what = "block_size=" if how == "fit" else f"{how}, chunks of "
    print(
        f"{n_rows} rows, {what}{n_at_once}: "
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
    if zarr:
        array = zarr.create_array(
            folder / "series.zarr", shape=(n_rows, 1), dtype="float32"
        )
    for chunk in gen_batches(n_rows, 1_000_000) if zarr else ():
        array[chunk] = files[0][chunk]
    if parquet:
        table = pyarrow.table({"value": np.array(files[0][:, 0])})
        parquet.write_table(table, folder / "series.parquet", row_group_size=100_000)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--here", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        folder, how, n_at_once = options.here
        run(Path(folder), options.rows, how, int(n_at_once))
        return
    ways = ["fit", "map"]
    ways += [name for name, there in (("zarr", zarr), ("parquet", parquet)) if there]
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), options.rows)
        for how in ways:
            for n_at_once in ("100000", "1000000"):
                here = ["--rows", str(options.rows), "--here", folder, how, n_at_once]
                subprocess.run([sys.executable, __file__, *here], check=True)


if __name__ == "__main__":
    main()
