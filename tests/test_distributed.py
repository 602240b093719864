"""Searches beyond one machine: Dask and Ray through joblib."""

import os
import signal
import threading

import numpy as np
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, SequenceWindower

SERIES = np.sin(np.arange(91) / 5)
X, Y = SERIES[:-1].reshape(-1, 1), SERIES[1:]


def search(epochs=3):
    rnn = LSTMRegressor(units=3, dropout=0.1, epochs=epochs, random_state=0)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(window_length=4), rnn)
    grid = {"lstmregressor__units": [2, 4]}
    return GridSearchCV(pipe, grid, cv=TimeSeriesSplit(3))


def assert_same_results(found, expected):
    assert found.cv_results_["params"] == expected.cv_results_["params"]
    for name in [n for n in expected.cv_results_ if "test_score" in n]:
        assert_array_equal(found.cv_results_[name], expected.cv_results_[name])
    assert_array_equal(found.predict(X), expected.predict(X))


@pytest.fixture(scope="module")
def local():
    return search().fit(X, Y)


@pytest.fixture(scope="module")
def client():
    """Two worker processes, connected through the loopback interface."""
    distributed = pytest.importorskip(
        "distributed", reason="the extra `distributed` is not installed"
    )
    cluster = distributed.LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    )
    with cluster, distributed.Client(cluster) as client:
        yield client


def test_dask_gives_the_results_of_one_process(client, local):
    with parallel_config(backend="dask"):
        found = search().fit(X, Y)
    assert_same_results(found, local)


def test_a_dask_worker_killed_in_mid_search_does_not_lose_it(client):
    """Its tasks are run by the other worker, or by one that replaces it."""
    processes = client.run(os.getpid)
    done = threading.Event()
    killed = []

    def kill_one():
        while not done.wait(0.01) and not killed:
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            for worker in busy[:1]:
                os.kill(processes[worker], signal.SIGKILL)
                killed.append(worker)

    killer = threading.Thread(target=kill_one)
    killer.start()
    try:
        with parallel_config(backend="dask"):
            found = search(epochs=300).fit(X, Y)
    finally:
        done.set()
        killer.join()
    assert len(killed) == 1
    assert_same_results(found, search(epochs=300).fit(X, Y))


@pytest.fixture(scope="module")
def ray():
    """A Ray of two workers on this machine."""
    ray = pytest.importorskip("ray", reason="Ray is not installed")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    register_ray()
    yield ray
    ray.shutdown()


def test_ray_gives_the_results_of_one_process(ray, local):
    with parallel_config(backend="ray"):
        found = search().fit(X, Y)
    assert_same_results(found, local)
