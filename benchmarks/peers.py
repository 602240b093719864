"""How fast is skrnn beside raw Keras, scikeras and skorch?

Run `python benchmarks/peers.py`; skorch takes part where `pip install ".[benchmark]"`
was run. Each round of each work is one process that runs the peers in turn; with large
networks, each peer has a process of its own. A figure is the median of three rounds.
`--only sine predict` runs some works, `--rounds 5` more rounds.
"""

import argparse
import functools
import importlib.util
import json
import pickle
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor, SequenceWindower
from skrnn.datasets import make_sine

HAS_SKORCH = all(importlib.util.find_spec(name) for name in ("skorch", "torch"))
HERE = f"import sys; sys.path.insert(0, {sys.path[0]!r}); import peers; peers."
CELLS = {"elman": ElmanRegressor, "lstm": LSTMRegressor, "gru": GRURegressor}


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def random_windows(n_rows, n_timesteps, n_features):
    X = np.random.RandomState(0).rand(n_rows, n_timesteps, n_features)
    X = X.astype("float32")
    return X, X[:, -1, 0]


def sine_windows():
    """Windows as skrnn's windower gives them, the others' own copy, and targets."""
    series = make_sine(1000, t_max=100.0)[:800]
    X, y = series[:-1].reshape(-1, 1), series[1:]
    windows = SequenceWindower(window_length=20).fit_transform(X)
    whole = slice(19, None)
    return windows, y, windows[whole].astype("float32"), y[whole].astype("float32")


# Each returns a function that fits a network for a number of epochs.


def skrnn_fit(cell, units, batch_size, X, y):
    def fit(epochs):
        estimator = CELLS[cell](
            units, batch_size=batch_size, epochs=epochs, random_state=0
        )
        return estimator.fit(X, y)

    return fit


def keras_network(cell, units, shape):
    import keras

    layers = {
        "elman": keras.layers.SimpleRNN,
        "lstm": keras.layers.LSTM,
        "gru": keras.layers.GRU,
    }
    *below, last = np.atleast_1d(units).tolist()
    stack = [layers[cell](n, return_sequences=True) for n in below]
    stack += [layers[cell](last), keras.layers.Dense(1)]
    model = keras.Sequential([keras.layers.Input(shape), *stack])
    model.compile(optimizer="adam", loss="mean_squared_error")
    return model


def keras_fit(cell, units, batch_size, X, y):
    def fit(epochs):
        model = keras_network(cell, units, X.shape[1:])
        model.fit(X, y, epochs=epochs, batch_size=batch_size, verbose=0)
        return model

    return fit


def scikeras_fit(cell, units, batch_size, X, y):
    from scikeras.wrappers import KerasRegressor

    def fit(epochs):
        estimator = KerasRegressor(
            keras_network,
            cell=cell,
            units=units,
            shape=X.shape[1:],
            epochs=epochs,
            batch_size=batch_size,
            verbose=0,
        )
        return estimator.fit(X, y)

    return fit


def skorch_regressor(cell, units, n_features, **options):
    import skorch
    import torch

    layers = {"elman": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}
    n_units, *more = np.atleast_1d(units).tolist()  # the same in each layer
    shape = {"num_layers": 1 + len(more), "batch_first": True}

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.recurrent = layers[cell](n_features, n_units, **shape)
            self.output = torch.nn.Linear(n_units, 1)

        def forward(self, X):
            return self.output(self.recurrent(X)[0][:, -1])

    return skorch.NeuralNetRegressor(
        Network,
        optimizer=torch.optim.Adam,
        iterator_train__shuffle=True,
        train_split=None,
        verbose=0,
        **options,
    )


def skorch_fit(cell, units, batch_size, X, y):
    y = y.reshape(-1, 1)

    def fit(epochs):
        estimator = skorch_regressor(
            cell, units, X.shape[2], max_epochs=epochs, batch_size=batch_size
        )
        return estimator.fit(X, y)

    return fit


PEERS = {"Keras": keras_fit, "scikeras": scikeras_fit}
if HAS_SKORCH:
    PEERS["skorch"] = skorch_fit


def cold_and_warm(fit, epochs, timed):
    """Time the first fit in the process and a later one.

    Only `timed` epochs more than the first are run where there would be more, and
    scaled to `epochs`.
    """
    if timed is None:
        return seconds(lambda: fit(epochs)), seconds(lambda: fit(epochs))
    cold, warm = seconds(lambda: fit(1)), seconds(lambda: fit(1))
    more = seconds(lambda: fit(1 + timed))
    rest = (epochs - 1) * (more - warm) / timed
    return cold + rest, warm + rest


def training(cell, units, batch_size, epochs, data, timed=None):
    """Whole fits, skrnn's first: it pays for what TensorFlow does but once."""
    windows, targets, X, y = data
    ours = skrnn_fit(cell, units, batch_size, windows, targets)
    times = {"skrnn": cold_and_warm(ours, epochs, None)}
    for name, peer in PEERS.items():
        fit = peer(cell, units, batch_size, X, y)
        times[name] = cold_and_warm(fit, epochs, timed)
    return {
        f"{when} {name}": value
        for name, found in times.items()
        for when, value in zip(("cold", "warm"), found, strict=True)
    }


def sine():
    return training("lstm", 50, 32, 20, sine_windows())


def elman_small():
    data = random_windows(1000, 11, 4)
    return training("elman", 4, 32, 100, (*data, *data), timed=20)


def lstm_tiny():
    data = random_windows(1000, 1, 4)
    return training("lstm", 4, 1, 100, (*data, *data), timed=3)


def gru_tiny():
    data = random_windows(1000, 1, 4)
    return training("gru", 4, 1, 100, (*data, *data), timed=3)


LARGE = {  # units, windows and batch size
    "lstm_large": ((128,), 8192, 256),
    "lstm_stacked": ((64, 64), 2048, 128),
}


def large(work):
    """An epoch and a prediction, each package in a process of its own."""
    found = {}
    for name in ("skrnn", *PEERS):
        code = f"{HERE}large_alone({work!r}, {name!r})"
        done = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True
        )
        epoch, predict = json.loads(done.stdout.splitlines()[-1])
        found |= {f"epoch {name}": epoch, f"predict {name}": predict}
    return found


def large_alone(work, name):
    """Print the seconds of an epoch, the start left out, and of a prediction."""
    units, n_windows, batch_size = LARGE[work]
    X, y = random_windows(n_windows, 48, 8)
    fit = {"skrnn": skrnn_fit, **PEERS}[name]("lstm", units, batch_size, X, y)
    fitted, epochs = fit(1), []
    options = {"verbose": 0} if name == "Keras" else {}
    for _ in range(3):
        epochs.append((seconds(lambda: fit(4)) - seconds(lambda: fit(1))) / 3)
    fitted.predict(X, **options)
    times = [seconds(lambda: fitted.predict(X, **options)) for _ in range(5)]
    print(f"\n{json.dumps([statistics.median(epochs), statistics.median(times)])}")


def lstm_large():
    """A large network, and the rate of floating-point operations."""
    found = large("lstm_large")
    flops = 3 * 2 * 8192 * 48 * (8 + 128) * 4 * 128
    found["GFLOP/s of skrnn"] = flops / found["epoch skrnn"] / 1e9
    found["GFLOP/s of a product"] = product_rate((2048, 2048), (2048, 2048))
    found["GFLOP/s of a step's product"] = product_rate((256, 128), (128, 512))
    return found


def lstm_stacked():
    return large("lstm_stacked")


def product_rate(left, right):
    """Matrix products one after the other in one TensorFlow function."""
    import tensorflow as tf

    flops = 2 * left[0] * left[1] * right[1]
    n_times = int(1e11 / flops)
    a, b = tf.random.normal(left), tf.random.normal(right)

    @tf.function
    def products(a, b):
        for _ in tf.range(n_times):
            a = a + 1e-9 * tf.matmul(a, b)[:1, :1]
        return a

    products(a, b).numpy()
    times = [seconds(lambda: products(a, b).numpy()) for _ in range(5)]
    return n_times * flops / statistics.median(times) / 1e9


PREDICTED = {
    "LSTM(50), 20 steps": ((50, 20, 1), ((1, 500), (32, 100), (10_000, 5))),
    "LSTM(128), 48 steps, 8 features": ((128, 48, 8), ((10_000, 3),)),
}


def predict():
    """Predictions; and a row by the networks alone."""
    found = {}
    for title, ((units, n_timesteps, n_features), sizes) in PREDICTED.items():
        X, y = random_windows(10_000, n_timesteps, n_features)
        calls = {}
        for name, peer in {"skrnn": skrnn_fit, **PEERS}.items():
            fitted = peer("lstm", units, 200, X[:1000], y[:1000])(1)
            options = {"verbose": 0} if name == "Keras" else {}
            calls[name] = functools.partial(fitted.predict, **options)
        for n_rows, n_times in sizes:
            rows = X[:n_rows]
            for name, median in medians(calls, rows, n_times).items():
                found[f"{_rows(n_rows)}, {title}: {name}"] = median
    return {**found, **networks_alone()}


def _rows(n_rows):
    return "1 row" if n_rows == 1 else f"{n_rows} rows"


def networks_alone():
    """A row through LSTM(50) and 20 steps, without any estimator around it."""
    from skrnn.networks.prediction import Predictor

    X, y = random_windows(1000, 20, 1)
    network = LSTMRegressor(50, epochs=1, random_state=0).fit(X, y)._fitted
    calls = {"skrnn": Predictor(network.spec, network.states[0].weights, 20)}
    if HAS_SKORCH:
        import torch

        lstm, linear = torch.nn.LSTM(1, 50, batch_first=True), torch.nn.Linear(50, 1)

        def of_torch(rows):
            with torch.inference_mode():
                return linear(lstm(torch.from_numpy(rows))[0][:, -1]).numpy()

        calls["torch.nn.LSTM"] = of_torch
    found = medians(calls, X[:1], 2000)
    return {f"note: 1 row, the network alone: {n}": t for n, t in found.items()}


def medians(calls, rows, n_times):
    """Return the median time of each call."""
    found = {}
    for name, call in calls.items():
        call(rows)
        times = [seconds(functools.partial(call, rows)) for _ in range(n_times)]
        found[name] = statistics.median(times)
    return found


def partial_fit():
    """What is trained again and again on little new data."""
    X, y = random_windows(200, 10, 1)
    calls, first = {}, {}
    for name, peer in {"skrnn": skrnn_fit, **PEERS}.items():
        first[name] = functools.partial(peer("lstm", 16, 200, X, y), 1)
        fitted = first[name]()
        if name == "Keras":
            calls[name] = functools.partial(fitted.fit, batch_size=60, verbose=0)
        else:
            calls[name] = fitted.partial_fit
    found = {}
    for name, call in calls.items():
        targets = y[:60].reshape(-1, 1) if name == "skorch" else y[:60]
        times = [seconds(functools.partial(call, X[:60], targets)) for _ in range(20)]
        found[f"partial {name}"] = statistics.median(times)
        found[f"fit {name}"] = statistics.median(seconds(first[name]) for _ in range(5))
    return found


SERVED = {
    "skrnn": "import pickle; predict = pickle.load(open(path, 'rb')).predict",
    "Keras": (
        "import keras; model = keras.models.load_model(path); "
        "predict = lambda row: model.predict(row, verbose=0)"
    ),
    "scikeras": "import pickle, peers; predict = pickle.load(open(path, 'rb')).predict",
    "skorch": "import peers; predict = peers.load_skorch(path).predict",
}
SERVES = """
import json, sys, time
sys.path.insert(0, {here!r})
path = {path!r}
import numpy as np
{load}
row = np.zeros((1, 20, 1), "float32")
start = time.perf_counter()
predict(row)
first = time.perf_counter() - start
status = open("/proc/self/status").read()  # its peak since the process began
print(json.dumps([first, int(status.split("VmHWM:")[1].split()[0]) / 1024]))
"""


def load_skorch(path):
    fitted = skorch_regressor("lstm", 50, 1).initialize()
    fitted.load_params(path)
    return fitted


def serving():
    """A fresh process: load a model, predict a row. Time of all, and the memory."""
    import peers  # by the name that a pickle of scikeras has to find

    X, y = random_windows(1000, 20, 1)
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, peer in {"skrnn": skrnn_fit, **peers.PEERS}.items():
            fitted = peer("lstm", 50, 200, X, y)(1)
            path = f"{folder}/{name}.keras"
            if name == "Keras":
                fitted.save(path)
            elif name == "skorch":
                fitted.save_params(path)
            else:
                with open(path, "wb") as file:
                    pickle.dump(fitted, file)
            code = SERVES.format(here=sys.path[0], path=path, load=SERVED[name])
            times, firsts, peaks = [], [], []
            for _ in range(3):
                start = time.perf_counter()
                done = subprocess.run(
                    [sys.executable, "-c", code], check=True, capture_output=True
                )
                times.append(time.perf_counter() - start)
                first, peak = json.loads(done.stdout.splitlines()[-1])
                firsts.append(first)
                peaks.append(peak)
            found[f"process {name}"] = statistics.median(times)
            found[f"first {name}"] = statistics.median(firsts)
            found[f"MB {name}"] = statistics.median(peaks)
    return found


def grid_search(estimator, grid, X, y):
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

    search = GridSearchCV(
        estimator, grid, cv=TimeSeriesSplit(5), scoring="neg_mean_squared_error"
    )
    return search.fit(X, y)


def search_skrnn():
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler

    series = make_sine(1000, t_max=100.0)
    pipe = Pipeline(
        [
            ("scale", MinMaxScaler()),
            ("window", SequenceWindower()),
            ("rnn", LSTMRegressor(batch_size=32, epochs=20, random_state=0)),
        ]
    )
    grid = {"window__window_length": [10, 20], "rnn__units": [16, 50]}
    grid_search(pipe, grid, series[:-1].reshape(-1, 1), series[1:])


def search_scikeras():
    import keras
    from scikeras.wrappers import KerasRegressor
    from sklearn.base import BaseEstimator, TransformerMixin
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import MinMaxScaler

    class Windows(TransformerMixin, BaseEstimator):
        def __init__(self, window_length=10):
            self.window_length = window_length

        def fit(self, X, y=None):
            return self

        def transform(self, X):
            before = np.repeat(X[:1], self.window_length - 1, axis=0)
            padded = np.concatenate([before, X])
            view = np.lib.stride_tricks.sliding_window_view
            return view(padded, self.window_length, axis=0).transpose(0, 2, 1)

    def network(units, meta):
        return keras_network("lstm", units, meta["X_shape_"][1:])

    keras.utils.set_random_seed(0)
    series = make_sine(1000, t_max=100.0)
    pipe = Pipeline(
        [
            ("scale", MinMaxScaler()),
            ("window", Windows()),
            (
                "rnn",
                KerasRegressor(network, units=50, batch_size=32, epochs=20, verbose=0),
            ),
        ]
    )
    grid = {"window__window_length": [10, 20], "rnn__units": [16, 50]}
    grid_search(pipe, grid, series[:-1].reshape(-1, 1), series[1:])


def in_process(code):
    return seconds(
        lambda: subprocess.run(
            [sys.executable, "-c", code], check=True, stderr=subprocess.DEVNULL
        )
    )


def search():
    """21 fits, the whole of a fresh process."""
    return {
        "skrnn": in_process(f"{HERE}search_skrnn()"),
        "scikeras": in_process(f"{HERE}search_scikeras()"),
    }


def imports():
    codes = {
        "skrnn": "from skrnn import SequenceWindower",
        "scikit-learn": "from sklearn.preprocessing import MinMaxScaler",
    }
    times = {name: [] for name in codes}
    for _ in range(7):
        for name, code in codes.items():
            times[name].append(in_process(code))
    return {name: statistics.median(found) for name, found in times.items()}


WORKS = {
    "sine": sine,
    "elman_small": elman_small,
    "lstm_tiny": lstm_tiny,
    "gru_tiny": gru_tiny,
    "lstm_large": lstm_large,
    "lstm_stacked": lstm_stacked,
    "predict": predict,
    "partial_fit": partial_fit,
    "serving": serving,
    "search": search,
    "imports": imports,
}


def run_here(work):
    """Run one round of a work in this process; its imports are not timed."""
    if work not in (*LARGE, "search", "imports"):
        if HAS_SKORCH:  # PyTorch 2.14 crashes if TensorFlow is loaded first
            skorch_regressor("lstm", 1, 1).initialize()
        import keras  # noqa: F401
        import scikeras.wrappers  # noqa: F401

    print("\n" + json.dumps(WORKS[work]()))


def run_rounds(work, n_rounds):
    """Return the medians over processes of their own."""
    command = [sys.executable, __file__, "--here", work]
    rounds = []
    for _ in range(n_rounds):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        rounds.append(json.loads(done.stdout.splitlines()[-1]))
    return {name: statistics.median(r[name] for r in rounds) for name in rounds[0]}


def as_time(value):
    return f"{value:.2f} s" if value >= 1 else f"{1e3 * value:.3g} ms"


def report(title, found):
    """Print the row of a work: each peer's times, and their ratios to skrnn's."""
    row = [title]
    for peer in ("skrnn", "Keras", "scikeras", "skorch"):
        names = [name for name in found if name.split()[-1] == peer]
        cell = " / ".join(as_time(found[name]) for name in names)
        if peer != "skrnn" and names:
            ratios = [found[n] / found[n.replace(peer, "skrnn")] for n in names]
            cell += f" ({' / '.join(f'{ratio:.3g}x' for ratio in ratios)})"
        row.append(cell)
    print("| " + " | ".join(row) + " |", flush=True)


TITLES = {
    "sine": "sine: LSTM(50), 20 steps, batch 32, 20 epochs; cold / warm",
    "elman_small": "Elman(4), 11 steps, batch 32, 100 epochs (\\*); cold / warm",
    "lstm_tiny": "LSTM(4), 1 step, batch 1, 100 epochs (\\*); cold / warm",
    "gru_tiny": "GRU(4), 1 step, batch 1, 100 epochs (\\*); cold / warm",
    "lstm_large": (
        "LSTM(128), 48 steps, 8 features, 8192 windows, batch 256; an epoch / predict"
    ),
    "lstm_stacked": (
        "LSTM(64, 64), 48 steps, 8 features, 2048 windows, batch 128; an epoch / "
        "predict"
    ),
    "partial_fit": "LSTM(16), 10 steps: `partial_fit` of 60 rows / `fit` of 200, warm",
    "serving": "fresh process: load LSTM(50), predict a row; whole / the row alone",
    "search": "search of 4 candidates x 5 folds, fresh process",
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=WORKS, default=list(WORKS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--here", choices=WORKS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        run_here(options.here)
        return
    if not HAS_SKORCH:
        print("skorch is left out: skorch or torch is not installed.\n")
    print(
        "| work | skrnn | Keras | scikeras | skorch |\n| --- | --- | --- | --- | --- |"
    )
    notes = []
    for work in options.only:
        notes += report_work(work, run_rounds(work, options.rounds))
    print("\n(\\*) The peers ran fewer epochs; their times are scaled up.\n")
    print("\n".join(notes))


def report_work(work, found):
    """Print the rows of a work, and return notes about it."""
    rates = {n: found.pop(n) for n in list(found) if n.startswith("GFLOP/s")}
    notes = [f"{name}: {rate:.0f}" for name, rate in rates.items()]
    if work == "predict":
        for name in [name for name in found if name.startswith("note: ")]:
            notes.append(f"{name.removeprefix('note: ')}: {as_time(found.pop(name))}")
        for title in dict.fromkeys(name.rpartition(":")[0] for name in found):
            row = {n: v for n, v in found.items() if n.startswith(title)}
            report(f"predict, {title}", row)
    elif work == "serving":
        for name in [name for name in found if name.startswith("MB ")]:
            process = f"memory of the process, {name.split()[1]}"
            notes.append(f"{process}: {found.pop(name):.0f} MB")
        report(TITLES[work], found)
    elif work == "imports":
        ratio = found["skrnn"] / found["scikit-learn"]
        notes.append(
            f"from skrnn import SequenceWindower: {as_time(found['skrnn'])}, "
            f"{ratio:.2f}x of scikit-learn's MinMaxScaler"
        )
    else:
        report(TITLES[work], found)
    return notes


if __name__ == "__main__":
    main()
