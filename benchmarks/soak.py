"""Does anything grow, or fail, in a long-lived process?

Run `python benchmarks/soak.py`: 500 fits and 100,000 predictions of one row, with
random parameters, shapes and faults. Prints memory, open files and threads on the way,
and what failed that should not have, or did not fail that should have. Memory is what
the process holds, and in brackets what of it is in use, as the C library counts it: the
difference is kept for what comes. Predictions are those of compiled estimators.
`--fits 50` is shorter; `--trainer xla` fits with XLA alone; `--trainer mixed` fits
also with XLA and with Keras's own `Model.fit`.
"""

import argparse
import os
import tempfile
import time

import keras
import numpy as np
from memory import in_use, resident

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor

CELLS = [ElmanRegressor, GRURegressor, LSTMRegressor]


class Fails(keras.callbacks.Callback):
    def on_epoch_end(self, epoch, logs=None):
        raise OSError("No space left on device")


TRAINERS = {"mixed": ["xla", "keras", "auto", "auto"], "auto": ["auto"], "xla": ["xla"]}

# What is wrong with a fit, and the error that says so.
FAULTS = {
    "nothing": None,
    "infinite X": ValueError,
    "missing y": ValueError,
    "wrong shape": ValueError,
    "diverges": ValueError,
    "callback fails": OSError,
    "unknown optimizer": ValueError,
}


def random_estimator(rng, trainers):
    loss = rng.choice(["squared_error", "huber", "quantile"])
    return rng.choice(CELLS)(
        units=rng.choice([3, 8]).item(),
        bidirectional=bool(rng.rand() < 0.2),
        dropout=rng.choice([0.0, 0.2]).item(),
        loss=str(loss),
        quantile=(0.1, 0.9) if loss == "quantile" else None,
        optimizer=str(rng.choice(["adam", "sgd"])),
        batch_size=rng.choice([32, 64]).item(),
        epochs=rng.randint(1, 4),
        early_stopping=bool(rng.rand() < 0.3),
        trainer=trainers[rng.randint(len(trainers))],
        random_state=rng.randint(1000),
    )


def random_data(rng):
    n_samples = rng.randint(20, 2000)
    X = rng.normal(size=(n_samples, rng.choice([5, 9]), rng.choice([1, 2])))
    X[rng.rand(*X.shape) < rng.choice([0, 0.05])] = np.nan
    X[0] = 0.0
    shape = (n_samples,) if rng.rand() < 0.7 else (n_samples, 2)
    return X, rng.normal(size=shape)


def break_it(fault, estimator, X, y):
    """Return data with a fault, or set a parameter that has one."""
    if fault == "infinite X":
        X[1, 1] = np.inf
    elif fault == "missing y":
        y[1] = np.nan
    elif fault == "wrong shape":
        X = X[:-1]
    elif fault == "diverges":
        estimator.set_params(optimizer="sgd", learning_rate=1e30, epochs=3)
        estimator.set_params(loss="squared_error", quantile=None)
    elif fault == "callback fails":
        estimator.set_params(callbacks=[Fails])
    elif fault == "unknown optimizer":
        estimator.set_params(optimizer="adamant")
    return X, y


def fit_once(rng, trainers):
    """Fit with random parameters and perhaps a fault; return estimator and verdict."""
    names = list(FAULTS)
    fault = "nothing" if rng.rand() < 0.7 else names[rng.randint(len(names))]
    estimator, (X, y) = random_estimator(rng, trainers), random_data(rng)
    faulty_X, faulty_y = break_it(fault, estimator, X.copy(), y.copy())
    try:
        estimator.fit(faulty_X, faulty_y)
    except Exception as error:
        if FAULTS[fault] is None or not isinstance(error, FAULTS[fault]):
            return None, X, f"{fault}: {type(error).__name__}: {error}"
        return None, X, None
    if FAULTS[fault] is not None:
        return None, X, f"{fault}: no error"
    if not np.isfinite(estimator.predict(X)).all():
        return estimator, X, "a prediction is not finite"
    return estimator, X, None


def resources():
    files, threads = os.listdir("/proc/self/fd"), os.listdir("/proc/self/task")
    return resident(), in_use(), len(files), len(threads)


def report(what, start):
    memory, used, files, threads = resources()
    seconds = time.perf_counter() - start
    print(
        f"{what:>14} {seconds:6.0f} s {memory:7.0f} MB ({used:.0f}) {files:4} files "
        f"{threads:4} threads",
        flush=True,
    )
    return np.array([memory, used, files, threads])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fits", type=int, default=500)
    parser.add_argument("--predictions", type=int, default=100_000)
    parser.add_argument("--trainer", choices=TRAINERS, default="auto")
    options = parser.parse_args()
    rng = np.random.RandomState(0)
    start = time.perf_counter()
    failures, kept, at = [], [], {}
    for n in range(1, options.fits + 1):
        estimator, X, failure = fit_once(rng, TRAINERS[options.trainer])
        failures += [failure] if failure else []
        if estimator is not None and estimator.trainer != "keras":
            kept = [*kept[-4:], (estimator, X)]
        if n % (options.fits // 5) == 0:
            at[n] = report(f"{n} fits", start)
    for n in range(1, options.predictions + 1):
        estimator, X = kept[rng.randint(len(kept))]
        row = rng.randint(len(X))
        if not np.isfinite(estimator.predict(X[row : row + 1])).all():
            failures.append("a prediction is not finite")
        if n % (options.predictions // 5) == 0:
            at[-n] = report(f"{n} rows", start)
    counts = list(at.values())
    for what, before, after in (
        ("later 3 in 5 fits", counts[1], counts[4]),
        ("later 4 in 5 predictions", counts[5], counts[9]),
    ):
        memory, used, files, threads = after - before
        print(
            f"{what}: {memory:+.0f} MB ({used:+.0f}), {files:+.0f} files, "
            f"{threads:+.0f} threads"
        )
    print(f"{len(failures)} failures", *sorted(set(failures)), sep="\n  ")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        main()
