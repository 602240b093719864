"""What does a search gain from two worker processes?

Run `python benchmarks/n_jobs.py`: the same search with n_jobs=1 and n_jobs=2, each in a
process of its own, the start of the workers and TensorFlow's import included.
"""

import argparse
import json
import os
import subprocess
import sys
import time

N_JOBS = (1, 2)
NETWORKS = {"small": (16, 10, 32, 480), "large": (96, 30, 128, 48)}


def search(name, n_jobs):
    """Run a search of 4 candidates and 5 folds; return seconds and scores."""
    from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler

    from skrnn import LSTMRegressor, SequenceWindower
    from skrnn.datasets import make_sine

    units, window_length, batch_size, epochs = NETWORKS[name]
    series = make_sine(3000, t_max=300.0)
    X, y = series[:-1].reshape(-1, 1), series[1:]
    rnn = LSTMRegressor(units, batch_size=batch_size, epochs=epochs, random_state=0)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(window_length), rnn)
    grid = {"lstmregressor__learning_rate": [0.001, 0.003, 0.01, 0.03]}
    start = time.perf_counter()
    found = GridSearchCV(pipe, grid, cv=TimeSeriesSplit(5), n_jobs=n_jobs, refit=False)
    found.fit(X, y)
    seconds = time.perf_counter() - start
    return seconds, found.cv_results_["mean_test_score"].tolist()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        name, n_jobs = options.here
        print(json.dumps(search(name, int(n_jobs))))
        return
    print(
        f"{os.cpu_count()} cores; 4 candidates x 5 folds, TensorFlow's import included"
    )
    for name in NETWORKS:
        rounds = {n_jobs: [] for n_jobs in N_JOBS}
        for _ in range(3):
            for n_jobs, found in rounds.items():
                command = [sys.executable, __file__, "--here", name, str(n_jobs)]
                done = subprocess.run(command, check=True, capture_output=True)
                found.append(json.loads(done.stdout.splitlines()[-1]))
        one, two = (sorted(s for s, _ in rounds[n])[1] for n in N_JOBS)
        same = all(
            scores == rounds[1][0][1] for r in rounds.values() for _, scores in r
        )
        print(
            f"{name}: n_jobs=1 {one:.1f} s, n_jobs=2 {two:.1f} s, {one / two:.2f}x; "
            f"scores are {'the same bits' if same else 'NOT the same'}"
        )


if __name__ == "__main__":
    main()
