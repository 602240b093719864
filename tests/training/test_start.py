"""TensorFlow is imported lazily and without messages."""

import gc
import importlib
import logging
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from skrnn import ElmanRegressor
from skrnn.training import start
from skrnn.training.stderr import held_stderr

USE = """
import gc
import sys
import numpy as np
import skrnn
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

def late(what):
    assert "tensorflow" not in sys.modules and "keras" not in sys.modules, what

late("import skrnn")
pipe = make_pipeline(skrnn.SequenceWindower(3), skrnn.GRURegressor(2, epochs=2))
pipe.get_params(), clone(pipe), repr(pipe), GridSearchCV(pipe, {})
late("building a pipeline")
X = np.arange(40.0).reshape(-1, 1) / 40
pipe[:1].fit_transform(X)
late("windows")
modules = []
gc.callbacks.append(lambda *collection: modules.append(set(sys.modules)))
pipe.fit(X, X[:, 0]).predict(X)
pipe.set_params(gruregressor__dtype="float64", gruregressor__epochs=2000)
pipe.fit(X, X[:, 0]).predict(X)  # enough epochs to be compiled with XLA
assert "tensorflow" in sys.modules
assert modules
for imported in modules:  # as of each garbage collection
    assert "scikeras.wrappers" in imported or "tensorflow" not in imported
"""


def run(code, **environment):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


def test_import_fit_and_predict_print_nothing():
    done = run(USE)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.slow
def test_the_loop_of_keras_prints_nothing():
    """In double precision, TensorFlow would print warnings of its optimiser."""
    done = run("""
import numpy as np
from skrnn import ElmanRegressor
X = np.random.RandomState(0).rand(40, 3, 1)
for activation in ("tanh", "mish"):  # NumPy predicts the first, Keras the second
    rnn = ElmanRegressor(2, activation=activation, dtype="float64", trainer="keras")
    rnn.set_params(epochs=2, early_stopping=True).fit(X, X[:, 0, 0]).predict(X)
""")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_another_backend_of_keras_is_refused():
    code = USE.replace("pipe.fit(X, X[:, 0]).predict(X)\n", "pipe.fit(X, X[:, 0])\n", 1)
    done = run(code, KERAS_BACKEND="numpy")
    assert "Keras is set to the backend 'numpy'" in done.stderr


def test_what_is_made_without_collections_counts_as_old():
    collections = []
    gc.callbacks.append(lambda phase, what: collections.append(what))
    try:
        with start.without_collections():
            made = [[number] for number in range(100_000)]
        assert collections == []
    finally:
        gc.callbacks.pop()
    assert any(old is made[-1] for old in gc.get_objects(generation=2))
    assert gc.isenabled()
    assert gc.get_freeze_count() == 0


def test_without_collections_leaves_a_users_settings_alone():
    gc.collect()
    gc.freeze()
    frozen = gc.get_freeze_count()
    try:
        with start.without_collections():
            pass
        # frozen objects may be freed, so there may be fewer
        assert gc.get_freeze_count() > 0.9 * frozen
    finally:
        gc.unfreeze()
    gc.disable()
    try:
        with start.without_collections():
            assert not gc.isenabled()
        assert not gc.isenabled()
    finally:
        gc.enable()


LOG_LINES = [
    b"I0000 00:00:1795221338.582785    2015 port.cc:153] oneDNN custom operations\n",
    b"2026-01-11 05:40:05.061907: I tensorflow/core/platform/cpu_feature_guard.cc:1\n",
]


def test_log_lines_are_dropped_and_all_else_is_passed_on(capfd):
    with held_stderr():
        os.write(2, LOG_LINES[0] + b"a user's own line\n" + LOG_LINES[1])
        print("from Python", file=sys.stderr)
    lines = capfd.readouterr().err.splitlines()
    assert sorted(lines) == ["a user's own line", "from Python"]


def test_log_lines_are_replayed_after_an_error(capfd):
    def fail():
        with held_stderr():
            os.write(2, LOG_LINES[0])
            raise ImportError

    with pytest.raises(ImportError):
        fail()
    assert capfd.readouterr().err == LOG_LINES[0].decode()


def test_stderr_is_back_after_nested_use(capfd):
    with held_stderr(), held_stderr():
        pass
    os.write(2, LOG_LINES[0])
    assert capfd.readouterr().err == LOG_LINES[0].decode()


@pytest.mark.slow
def test_a_users_own_import_of_tensorflow_is_not_touched():
    """Its log lines are shown as usual, and a later fit adds none."""
    alone = run("import tensorflow")
    own = "import os, tensorflow; os.write(2, b'-- imported\\n')\n"
    done = run(
        own
        + USE.replace('"tensorflow" not in sys.modules', "True")
        .replace('and "keras" not in sys.modules', "")
        .replace('"tensorflow" not in imported', "True")
    )
    assert done.returncode == 0
    logged, added = done.stderr.split("-- imported\n")
    assert len(logged.splitlines()) == len(alone.stderr.splitlines())
    assert added == ""


SEARCH = """
import numpy as np
from sklearn.model_selection import GridSearchCV
from skrnn import ElmanRegressor
from skrnn.training import start

start.load()
import keras

X = np.random.RandomState(0).rand(30, 3, 1)
optimizers = [keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.01)]
grid = {"optimizer": optimizers}
GridSearchCV(ElmanRegressor(2, epochs=1), grid, cv=2, n_jobs=2).fit(X, X[:, 0, 0])
"""


@pytest.mark.slow
def test_workers_that_receive_keras_objects_print_nothing():
    done = run(SEARCH)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def of_the_user(regressor):
    """What a worker may do with TensorFlow that was given a regressor."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)  # it has not started
    return "imports"


def in_threads(regressor):
    """Import Keras while another thread imports it to fit."""
    importing = threading.Thread(target=importlib.import_module, args=("keras",))
    importing.start()
    time.sleep(0.3)
    X = np.zeros((20, 3, 1))
    regressor.set_params(epochs=1).fit(X, np.arange(20.0))
    importing.join()
    return "fits"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("work", "done"), [(of_the_user, "imports"), (in_threads, "fits")]
)
def test_workers_may_import_tensorflow_themselves(work, done):
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as workers:
        assert workers.submit(work, ElmanRegressor(2)).result(timeout=60) == done


def test_what_was_written_can_be_forgotten(capfd):
    with held_stderr() as forget:
        os.write(2, b"a long report\n")
        forget()
        os.write(2, b"heard\n")
    assert capfd.readouterr().err == "heard\n"


def test_compiling_is_silent_on_what_must_be_so(capfd):
    """Only the notice about retracing is dropped."""
    heard = []

    class Hears(logging.Handler):
        def emit(self, record):
            heard.append(record.getMessage())

    logger, handler = logging.getLogger("tensorflow"), Hears()
    logger.addHandler(handler)
    try:
        with start.compiling() as forget:
            os.write(2, b"a long report\n")
            forget()
            os.write(2, LOG_LINES[0] + b"heard\n")
            logger.warning("5 out of the last 5 calls triggered tf.function retracing")
            logger.warning("another warning")
        logger.warning("a user's own tf.function retracing")
    finally:
        logger.removeHandler(handler)
    assert heard == ["another warning", "a user's own tf.function retracing"]
    shown = capfd.readouterr().err
    assert "heard\n" in shown
    assert "a long report" not in shown
    assert "oneDNN" not in shown


def test_one_thread_at_a_time_compiles():
    """They all write to the same stderr."""
    inside, found = [], []

    def compile_something(number):
        with start.compiling():
            inside.append(number)
            time.sleep(0.01)
            found.append(list(inside))
            inside.remove(number)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(compile_something, range(4)))
    assert sorted(found) == [[0], [1], [2], [3]]
