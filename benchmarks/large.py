"""How fast are large and stacked networks beside `torch.nn`?

Run `python benchmarks/large.py`; PyTorch comes with `pip install ".[benchmark]"`. Each
package runs in a process of its own, in turn with the other one, three times; figures
are medians, with the range of the rounds. `--only lstm` runs one cell, `--units 64
64,64` some sizes, and `--rounds 5` more rounds.

An epoch and the prediction of all windows are timed, and the matrix products that a
prediction needs, alone: no package can be faster than these.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time

import numpy as np

PACKAGES = "skrnn", "torch"
CELLS = "lstm", "gru"
UNITS = (64,), (128,), (256,), (64, 64), (128, 128)
STEPS, FEATURES = (48, 168), (1, 8)
N_GATES = {"lstm": 4, "gru": 3}
MULTIPLICATIONS = 5e9  # of a prediction, which bounds the number of windows


def seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def layers_of(cell, units, n_features):
    """Rows and columns of the matrix of each layer's product."""
    inputs = (n_features, *units[:-1])
    return [(n + k, N_GATES[cell] * n) for n, k in zip(units, inputs, strict=True)]


def data_of(cell, units, n_steps, n_features):
    """Windows, targets and the batch size."""
    per_window = n_steps * sum(n * m for n, m in layers_of(cell, units, n_features))
    n_windows = int(np.clip(2 ** int(np.log2(MULTIPLICATIONS / per_window)), 512, 4096))
    X = np.random.default_rng(0).normal(size=(n_windows, n_steps, n_features))
    X = X.astype("float32")
    return X, X[:, -1, 0].copy(), 256 if len(units) == 1 else 128


def measure_skrnn(cell, units, X, y, batch_size):
    from skrnn import GRURegressor, LSTMRegressor

    regressor = {"lstm": LSTMRegressor, "gru": GRURegressor}[cell]

    def fit(epochs):
        options = {"batch_size": batch_size, "epochs": epochs, "random_state": 0}
        return regressor(units, **options).fit(X, y)

    fitted = fit(1)
    epochs = [seconds(lambda: fit(3)) - seconds(lambda: fit(1)) for _ in range(3)]
    fitted.predict(X)
    return statistics.median(epochs) / 2, predicting(lambda: fitted.predict(X))


def predicting(predict):
    return statistics.median(seconds(predict) for _ in range(5))


def measure_torch(cell, units, X, y, batch_size):
    import torch

    layer = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell]
    options = {"num_layers": len(units), "batch_first": True}
    recurrent = layer(X.shape[2], units[0], **options)
    linear = torch.nn.Linear(units[0], 1)
    weights = [*recurrent.parameters(), *linear.parameters()]
    optimizer = torch.optim.Adam(weights)
    windows, targets = torch.from_numpy(X), torch.from_numpy(y)

    def output(batch):
        return linear(recurrent(batch)[0][:, -1])[:, 0]

    def epoch():
        for rows in torch.randperm(len(windows)).split(batch_size):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(output(windows[rows]), targets[rows])
            loss.backward()
            optimizer.step()

    def predict():
        with torch.inference_mode():
            return output(windows).numpy()

    epoch()
    predict()
    return statistics.median(seconds(epoch) for _ in range(3)), predicting(predict)


def measure_products(cell, units, X, y, batch_size):
    """The products of a prediction, of 512 rows at a time, in NumPy."""
    n_windows, n_steps, n_features = X.shape
    n_rows, rng = min(512, n_windows), np.random.default_rng(0)
    pairs = []
    for n, m in layers_of(cell, units, n_features):
        arrays = rng.normal(size=(n_rows, n)), rng.normal(size=(n, m))
        pairs.append([array.astype("float32") for array in arrays])
    n_times = n_steps * n_windows // n_rows

    def products():
        for _ in range(n_times):
            for rows, matrix in pairs:
                np.dot(rows, matrix)

    return predicting(products)


MEASURES = {"skrnn": measure_skrnn, "torch": measure_torch}


def works(arguments):
    for cell in arguments.only:
        for units in arguments.units:
            for n_steps in STEPS:
                for n_features in FEATURES:
                    yield cell, units, n_steps, n_features


def run_one(package, arguments):
    """Print a line of JSON per work."""
    for work in works(arguments):
        data = data_of(*work)
        print(json.dumps(MEASURES[package](*work[:2], *data)), flush=True)


def run_rounds(arguments):
    """Return for each work and package a list of (epoch, prediction) per round."""
    found = {work: {package: [] for package in PACKAGES} for work in works(arguments)}
    for _ in range(arguments.rounds):
        for package in PACKAGES:
            command = [sys.executable, __file__, *sys.argv[1:], "--package", package]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            for work, line in zip(found, done.stdout.splitlines(), strict=True):
                found[work][package].append(json.loads(line))
    return found


def shown(values):
    median, least, most = (f(values) * 1e3 for f in (statistics.median, min, max))
    return f"{median:.0f} ({least:.0f} to {most:.0f})"


def print_table(found):
    columns = [
        f"{package}, {what}" for what in ("epoch", "predict") for package in PACKAGES
    ]
    head = [
        "network",
        "windows",
        *columns,
        "epoch / torch",
        "predict / torch",
        "products",
    ]
    print("Milliseconds: medians, and the range of the rounds.\n")
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for (cell, units, n_steps, n_features), of_packages in found.items():
        X, y, batch_size = data_of(cell, units, n_steps, n_features)
        name = f"{cell.upper()}({', '.join(map(str, units))})"
        name += f", {n_steps} steps, {n_features} feature{'s' * (n_features > 1)}"
        cells, ratios = [], []
        for number in range(2):
            times = {k: [pair[number] for pair in v] for k, v in of_packages.items()}
            cells += [shown(times[package]) for package in PACKAGES]
            medians = [statistics.median(times[package]) for package in PACKAGES]
            ratios.append(f"{medians[0] / medians[1]:.2f}")
        products = measure_products(cell, units, X, y, batch_size) * 1e3
        row = [
            name,
            f"{len(X)}, batch {batch_size}",
            *cells,
            *ratios,
            f"{products:.0f}",
        ]
        print(f"| {' | '.join(row)} |", flush=True)


def sizes(text):
    return tuple(map(int, text.split(",")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=CELLS, default=CELLS)
    parser.add_argument("--units", nargs="+", type=sizes, default=UNITS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--package", choices=PACKAGES, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.package:
        run_one(given.package, given)
    else:
        print_table(run_rounds(given))
