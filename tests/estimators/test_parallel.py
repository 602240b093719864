"""Searches with several processes and threads give the same bits and share cores.

`_fitted` is read because it must hold nothing but arrays and plain values.
"""

import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
from joblib import Parallel, cpu_count, delayed, parallel_config
from numpy.testing import assert_array_equal
from sklearn.ensemble import BaggingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    RandomizedSearchCV,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, SequenceWindower
from skrnn._compat.tensorflow import limit_threads
from skrnn.training import tensorflow_import

SERIES = np.sin(np.arange(91) / 5)
X, Y = SERIES[:-1].reshape(-1, 1), SERIES[1:]
UNITS = {"lstmregressor__units": [2, 4]}
FOLDS = TimeSeriesSplit(2)


def pipe():
    rnn = LSTMRegressor(units=3, dropout=0.1, epochs=3, random_state=0)
    return make_pipeline(MinMaxScaler(), SequenceWindower(window_length=4), rnn)


def grid_search(n_jobs):
    search = GridSearchCV(pipe(), UNITS, cv=FOLDS, n_jobs=n_jobs).fit(X, Y)
    return [search.cv_results_["mean_test_score"], search.predict(X)]


def randomized_search(n_jobs):
    search = RandomizedSearchCV(
        pipe(), UNITS, n_iter=2, cv=FOLDS, n_jobs=n_jobs, random_state=0
    )
    return [search.fit(X, Y).cv_results_["mean_test_score"]]


def halving_search(n_jobs):
    search = HalvingGridSearchCV(
        pipe(),
        UNITS,
        cv=FOLDS,
        n_jobs=n_jobs,
        resource="lstmregressor__epochs",
        min_resources=1,
        max_resources=2,
        factor=2,
    )
    return [search.fit(X, Y).cv_results_["mean_test_score"]]


def scores(n_jobs):
    return [cross_val_score(pipe(), X, Y, cv=FOLDS, n_jobs=n_jobs)]


def predictions(n_jobs):
    return [cross_val_predict(pipe(), X, Y, cv=KFold(2), n_jobs=n_jobs)]


def bagging(n_jobs):
    ensemble = BaggingRegressor(pipe(), 2, n_jobs=n_jobs, random_state=0)
    return [ensemble.fit(X, Y).predict(X)]


@pytest.mark.parametrize(
    "tool",
    [grid_search, randomized_search, halving_search, scores, predictions, bagging],
)
def test_the_same_bits_on_processes_and_threads(tool):
    alone = tool(n_jobs=1)
    for backend, n_jobs in (("loky", 2), ("loky", -1), ("threading", 2)):
        with parallel_config(backend=backend):
            for found, expected in zip(tool(n_jobs=n_jobs), alone, strict=True):
                assert_array_equal(found, expected)


# Prints digests of weights and predictions of large networks with large batches.
LARGE = """
import hashlib
import numpy as np
from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor
X = np.random.RandomState(0).rand(4096, 2, 1)
for rnn in (
    LSTMRegressor(50, trainer="xla", batch_size=1000),
    LSTMRegressor(64, batch_size=2048, dropout=0.1),
    LSTMRegressor(64, batch_size=1000, dtype="float64"),
    LSTMRegressor(4, batch_size=4096),
    GRURegressor(128, batch_size=1000),
    ElmanRegressor(512, batch_size=2048),
    ElmanRegressor((64, 32), batch_size=2048, dtype="float64", bidirectional=True),
):
    rnn.set_params(epochs=1, random_state=0).fit(X, X[:, -1, 0])
    learned = [*rnn.model_.get_weights(), rnn.predict(X), rnn.predict(X[:9])]
    print(hashlib.sha256(b"".join(map(np.ndarray.tobytes, learned))).hexdigest())
"""


@pytest.mark.slow
def test_the_same_bits_whatever_the_number_of_threads():
    """By default, TensorFlow would split sums over the batch among threads."""
    runs = []
    for n in ("1", "2", "16"):
        n_threads = {"TF_NUM_INTRAOP_THREADS": n, "TF_NUM_INTEROP_THREADS": n}
        runs.append(process(LARGE, **n_threads))
    digests = [output_of(run).split() for run in runs]
    assert len(digests[0]) == 7
    assert digests[0] == digests[1] == digests[2]


@pytest.mark.slow
def test_a_tensorflow_that_started_before_skrnn_trains_as_well():
    """The bits may then depend on the number of threads."""
    starts = "import tensorflow as tf; tf.constant(1) + 1"
    fits = "print(LSTMRegressor(2, epochs=1).fit([[[0]]], [1]).predict([[[0]]]))"
    code = f"{starts}; from skrnn import LSTMRegressor; {fits}"
    assert output_of(process(code)).startswith("[")


def process(code, **environment):
    """A Python process that runs code."""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def output_of(process):
    output, errors = process.communicate()
    assert process.returncode == 0, errors
    return output


def threads_of_tensorflow():
    tensorflow_import.load()
    import tensorflow as tf

    return tf.config.threading.get_intra_op_parallelism_threads()


@pytest.mark.slow
@pytest.mark.parametrize("inner", [None, 1, 3])
def test_a_worker_takes_its_share_of_the_cores(inner):
    """The limit is cores/n_jobs, or `inner_max_num_threads`."""
    with parallel_config(backend="loky", inner_max_num_threads=inner):
        found = Parallel(n_jobs=2)(delayed(threads_of_tensorflow)() for _ in range(2))
    assert found == [inner or max(1, cpu_count() // 2)] * 2


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        ({"OMP_NUM_THREADS": "3"}, {"intra": 3, "inter": 3}),
        ({"OMP_NUM_THREADS": "3", "TF_NUM_INTRAOP_THREADS": "2"}, {"inter": 3}),
        ({"OMP_NUM_THREADS": "3,2"}, {}),
        ({"OMP_NUM_THREADS": "0"}, {}),
    ],
)
def test_whose_word_on_threads_counts(variables, expected, monkeypatch):
    """TensorFlow's own variables take precedence over that of OpenMP."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    said = Settings()
    limit_threads(said)
    assert said.set == expected


class Settings:
    """Replaces `tensorflow.config.threading`."""

    def __init__(self, started=False):
        self.started = started
        self.set = {}

    def _set(self, kind, n):
        if self.started:
            raise RuntimeError("cannot be modified after initialization")
        self.set[kind] = n

    def get_intra_op_parallelism_threads(self):
        return 0

    get_inter_op_parallelism_threads = get_intra_op_parallelism_threads

    def set_intra_op_parallelism_threads(self, n):
        self._set("intra", n)

    def set_inter_op_parallelism_threads(self, n):
        self._set("inter", n)


def test_a_tensorflow_that_has_started_keeps_its_threads(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    started = Settings(started=True)
    limit_threads(started)
    assert started.set == {}


def fitted_by_a_worker():
    rnn = LSTMRegressor(units=3, epochs=1, random_state=0).fit(X[:, np.newaxis], Y)
    return rnn, rnn.predict(X[:, np.newaxis]), os.getpid()


def test_what_a_worker_returns_is_arrays():
    """Neither compiled programs nor caches for predictions are pickled."""
    (rnn, predicted, process), _ = Parallel(n_jobs=2)(
        delayed(fitted_by_a_worker)() for _ in range(2)
    )
    assert process != os.getpid()
    assert vars(rnn._fitted).keys() == {
        "spec",
        "states",
        "preparation",
        "quantile_levels",
        "network_weight",
        "trained_with_missing",
    }
    assert len(pickle.dumps(rnn)) < 10_000
    _, expected, _ = fitted_by_a_worker()
    assert_array_equal(predicted, expected)
    assert_array_equal(rnn.predict(X[:, np.newaxis]), expected)
