"""When does XLA pay? Start-up and time of a batch, with XLA and without.

Run `python benchmarks/start_up.py`. The constants of
`skrnn.training.plan.worth_compiling` come from such a table.
"""

import time

import numpy as np

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor
from skrnn.training import tensorflow_import

N_EPOCHS = 4
WORKS = [
    (ElmanRegressor, 4, 11, 4, 1000, 32),
    (LSTMRegressor, 4, 1, 4, 1000, 1),
    (GRURegressor, 4, 1, 4, 1000, 1),
    (LSTMRegressor, 32, 10, 1, 200, 200),
    (LSTMRegressor, 50, 20, 1, 705, 32),
    (GRURegressor, 50, 20, 1, 705, 32),
    (LSTMRegressor, 16, 52, 1, 1600, 200),
    (LSTMRegressor, 128, 48, 8, 2048, 256),
]


def seconds(engine, xla, regressor, units, n_timesteps, n_features, n_rows, batch_size):
    """Return the start-up and the time of a batch, the median of three."""
    engine.programs.__init__(engine.N_PROGRAMS_KEPT)
    X = np.random.RandomState(0).rand(n_rows, n_timesteps, n_features)

    def fit(epochs):
        trainer = "xla" if xla else "compiled"
        rnn = regressor(units, epochs=epochs, batch_size=batch_size, trainer=trainer)
        began = time.perf_counter()
        rnn.set_params(random_state=0).fit(X, X[:, -1, 0])
        return time.perf_counter() - began

    first, one = fit(1), np.median([fit(1) for _ in range(3)])
    several = np.median([fit(1 + N_EPOCHS) for _ in range(3)])
    n_batches = N_EPOCHS * -(-n_rows // batch_size)
    return first - one, (several - one) / n_batches


def main():
    tensorflow_import.load()
    from skrnn.training.compiled import engine

    for xla in (False, True):  # once in the process TensorFlow itself starts
        seconds(engine, xla, GRURegressor, 2, 2, 2, 64, 32)
    head = f"{'regressor':14s} units steps rows batch"
    print(f"{head} | graph: start    batch |   XLA: start    batch")
    for work in WORKS:
        regressor, units, n_timesteps, _, n_rows, batch_size = work
        shape = f"{units:5d} {n_timesteps:5d} {n_rows:4d} {batch_size:5d}"
        row = f"{regressor.__name__:14s} {shape}"
        for xla in (False, True):
            start_up, batch = seconds(engine, xla, *work)
            row += f" | {start_up:10.2f} s {1e3 * batch:6.2f} ms"
        print(row, flush=True)


if __name__ == "__main__":
    main()
