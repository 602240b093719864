"""TensorFlow is imported lazily and without messages."""

import logging
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import keras
import pytest
from joblib import parallel_config
from numpy.testing import assert_array_equal
from sklearn.model_selection import cross_val_score

from skrnn import ElmanRegressor
from skrnn.training import tensorflow_import

USE = """
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
pipe.fit(X, X[:, 0]).predict(X)
pipe.set_params(gruregressor__dtype="float64", gruregressor__epochs=2000)
pipe.fit(X, X[:, 0]).predict(X)  # enough epochs to be compiled with XLA
assert "tensorflow" in sys.modules
"""


LEVEL = "TF_CPP_MIN_LOG_LEVEL"


def run(code, **environment):
    """Return the outcome of code in a fresh process, where warnings are errors."""
    inherited = {k: v for k, v in os.environ.items() if k != LEVEL}
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        timeout=180,
        env={**inherited, **environment},
        check=False,
    )


def test_import_fit_and_predict_print_nothing():
    done = run(USE)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.slow  # a fresh process takes seconds
@pytest.mark.parametrize("trainer", ["compiled", "xla", "keras"])
def test_the_first_fit_prints_nothing(trainer):
    """Also in double precision, where TensorFlow logs warnings of its optimiser."""
    done = run(f"""
import numpy as np
from skrnn import ElmanRegressor
X = np.random.RandomState(0).rand(40, 3, 1)
for activation in ("tanh", "mish"):  # NumPy predicts the first, Keras the second
    rnn = ElmanRegressor(2, activation=activation, dtype="float64", trainer={trainer!r})
    rnn.set_params(epochs=2, early_stopping=True).fit(X, X[:, 0, 0]).predict(X)
""")
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.slow  # a fresh process takes seconds
def test_a_network_that_xla_cannot_compile_is_an_error_and_no_log():
    done = run("""
import numpy as np
from skrnn import ElmanRegressor

def loss(y_true, y_pred):
    import tensorflow as tf
    error = tf.numpy_function(np.copy, [y_true - y_pred], tf.float32)
    return tf.reduce_mean(tf.ensure_shape(error, y_pred.shape) * y_pred, axis=-1)

X = np.random.RandomState(0).rand(40, 3, 1)
try:
    ElmanRegressor(2, loss=loss, trainer="xla").fit(X, X[:, 0, 0])
except ValueError as error:
    print(error)
""")
    assert "XLA cannot compile it: Detected unsupported operations" in done.stdout
    assert (done.stderr, done.returncode) == ("", 0)


def test_another_backend_of_keras_is_refused():
    code = USE.replace("pipe.fit(X, X[:, 0]).predict(X)\n", "pipe.fit(X, X[:, 0])\n", 1)
    done = run(code, KERAS_BACKEND="numpy")
    assert "Keras is set to the backend 'numpy'" in done.stderr
    assert run(code, KERAS_BACKEND="").returncode == 0  # Keras takes it as unset


@pytest.mark.slow  # fresh processes take seconds
def test_a_users_own_import_of_tensorflow_logs_as_usual():
    alone = run("import tensorflow").stderr
    done = run("import skrnn, tensorflow").stderr
    assert len(done.splitlines()) == len(alone.splitlines()) > 0


# The first import

LINE = "I0000 00:00:1795221338.582785    2015 port.cc:153] oneDNN custom operations\n"


@pytest.fixture
def first_import(monkeypatch):
    """Let `load` import TensorFlow as if for the first time, by a function."""

    def replace(function):
        monkeypatch.setattr(tensorflow_import, "import_keras", function)

    tensorflow_import.load()  # this process may log when TensorFlow starts
    for name in ("_begun", "_done", "_forked"):
        monkeypatch.setattr(tensorflow_import, name, [])
    monkeypatch.setenv(LEVEL, "")  # to be restored
    monkeypatch.delenv(LEVEL)
    return replace


def log():
    os.write(2, LINE.encode())


def log_and_fail():
    log()
    raise ImportError("no Keras")


def test_stderr_of_the_import_is_shown_only_if_it_fails(first_import, capfd):
    first_import(log_and_fail)
    with pytest.raises(ImportError, match="no Keras"):
        tensorflow_import.load()
    assert capfd.readouterr().err == LINE
    first_import(log)
    tensorflow_import.load()
    os.write(2, b"afterwards\n")
    assert capfd.readouterr().err == "afterwards\n"


def test_only_fatal_errors_are_logged(first_import):
    found = []
    first_import(lambda: found.append(os.environ[LEVEL]))
    tensorflow_import.load()
    assert found == ["3"]


@pytest.mark.parametrize(("level", "shown"), [("0", LINE), ("1", ""), ("2", "")])
def test_a_log_level_of_the_user_is_kept(
    first_import, monkeypatch, capfd, level, shown
):
    found = []
    monkeypatch.setenv(LEVEL, level)
    first_import(lambda: (log(), found.append(os.environ[LEVEL])))
    tensorflow_import.load()
    assert found == [os.environ[LEVEL]] == [level]
    assert capfd.readouterr().err == shown


class WithoutFlush:
    def write(self, text):
        pass


class FlushFails(WithoutFlush):
    def flush(self):
        raise ValueError("I/O operation on closed file")


def open_files():
    return sorted(os.listdir("/proc/self/fd"))


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="needs a list of open files"
)


@needs_proc
@pytest.mark.parametrize("stderr", [None, WithoutFlush(), FlushFails()])
def test_stderr_of_python_may_be_any_object(first_import, monkeypatch, stderr):
    monkeypatch.setattr(sys, "stderr", stderr)
    before = open_files()
    first_import(log_and_fail)
    with pytest.raises(ImportError, match="no Keras"):
        tensorflow_import.load()
    first_import(log)
    tensorflow_import.load()
    assert open_files() == before


def test_without_a_folder_for_temporary_files_the_import_logs(
    first_import, monkeypatch, capfd
):
    def fail():
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "TemporaryFile", fail)
    first_import(log)
    tensorflow_import.load()
    assert capfd.readouterr().err == LINE


@needs_proc
@pytest.mark.slow  # a fresh process takes seconds
def test_a_process_without_stderr_fits():
    done = run("""
import os, sys
import numpy as np
from skrnn import ElmanRegressor
os.close(2)
sys.stderr = None
X = np.zeros((20, 3, 1))
ElmanRegressor(2, epochs=2).fit(X, X[:, 0, 0])
print(os.path.exists("/proc/self/fd/2"))
""")
    assert (done.stdout, done.stderr, done.returncode) == ("False\n", "", 0)


def test_of_many_threads_one_imports(first_import):
    calls = []

    def slowly():
        calls.append(threading.get_ident())
        time.sleep(0.1)

    first_import(slowly)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: tensorflow_import.load(), range(8)))
    assert len(calls) == 1


@pytest.mark.slow  # ten fresh processes
def test_first_fits_in_threads():
    code = """
import sys
from concurrent.futures import ThreadPoolExecutor
import numpy as np
from skrnn import ElmanRegressor

def loss(_):
    X = np.random.RandomState(0).rand(30, 3, 1)
    return ElmanRegressor(2, epochs=1, random_state=0).fit(X, X[:, 0, 0]).best_loss_

with ThreadPoolExecutor(8) as pool:
    losses = list(pool.map(loss, range(8)))
np.testing.assert_allclose(losses, losses[0], rtol=1e-5)
"""
    for _ in range(10):
        done = run(code)
        assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


# Ctrl-C


@pytest.fixture
def terminal():
    """Handle SIGINT as in a terminal; background processes ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("terminal")
def test_ctrl_c_waits_until_the_import_is_done(first_import):
    told = []

    def interrupted():
        told.append("begins")
        if told == ["begins"]:
            signal.raise_signal(signal.SIGINT)
        told.append("ends")

    first_import(interrupted)
    with pytest.raises(KeyboardInterrupt):
        tensorflow_import.load()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    tensorflow_import.load()
    assert told == ["begins", "ends"]


@pytest.mark.usefixtures("terminal")
def test_an_import_in_another_thread_leaves_ctrl_c_alone(first_import):
    found = []
    first_import(lambda: found.append(signal.getsignal(signal.SIGINT)))
    thread = threading.Thread(target=tensorflow_import.load)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]


@pytest.mark.slow  # a fresh process takes seconds
def test_ctrl_c_during_the_first_import_leaves_a_process_that_can_fit():
    done = run("""
import os, signal, sys, threading, time
import numpy as np
from skrnn import ElmanRegressor

signal.signal(signal.SIGINT, signal.default_int_handler)
X = np.random.RandomState(0).rand(30, 3, 1)
rnn = ElmanRegressor(2, epochs=1)

def press():
    while "tensorflow.python.ops.ragged.ragged_tensor" not in sys.modules:
        time.sleep(0.001)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
try:
    rnn.fit(X, X[:, 0, 0])
except KeyboardInterrupt:
    print("interrupted", "scikeras.wrappers" in sys.modules)
print(rnn.fit(X, X[:, 0, 0]).n_iter_)
""")
    assert (done.stdout, done.returncode) == ("interrupted True\n1\n", 0)


# Forks


def in_fork(function, *args):
    """Return the result of a function in a forked process; it must not hang."""
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("needs fork")
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.apply_async(function, args).get(timeout=60)


def fitted(windows, target, **params):
    params = {"units": 2, "epochs": 1, "random_state": 0, **params}
    return ElmanRegressor(**params).fit(windows, target)


forks = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")


@forks
@pytest.mark.parametrize("trainer", ["auto", "keras"])
def test_a_fork_that_fits_is_an_error_that_says_what_to_use(windows, target, trainer):
    rnn = fitted(windows, target, trainer=trainer)
    with pytest.raises(RuntimeError, match=r"was forked .*'loky'.*'spawn'"):
        in_fork(rnn.fit, windows, target)


@forks
def test_a_fork_predicts(windows, target):
    adam = keras.optimizers.Adam(0.01)  # unpickling it imports Keras
    rnn = fitted(windows, target, optimizer=adam)
    assert_array_equal(in_fork(rnn.predict, windows), rnn.predict(windows))


INHERITED = []


def predict_inherited(windows):
    return INHERITED[-1].predict(windows)


@forks
def test_a_fork_that_would_predict_with_keras_is_an_error(windows, target):
    rnn = fitted(windows, target, activation="mish")
    rnn.predict(windows)
    INHERITED.append(rnn)  # with its Keras model, which is not pickled
    for function in (rnn.predict, predict_inherited):
        with pytest.raises(RuntimeError, match="was forked"):
            in_fork(function, windows)


@forks
def test_a_search_in_forks_names_what_to_use(windows, target):
    rnn = fitted(windows, target)
    with (
        parallel_config(backend="multiprocessing", n_jobs=2),
        pytest.raises(RuntimeError, match="backend 'loky'"),
    ):
        cross_val_score(rnn, windows, target, cv=2, error_score="raise")


@pytest.mark.slow  # a fresh process takes seconds
@forks
def test_a_fork_after_operations_of_the_user_is_an_error_and_after_imports_works():
    done = run("""
import multiprocessing, warnings
import keras, tensorflow as tf
import numpy as np
from skrnn import ElmanRegressor

warnings.simplefilter("ignore", DeprecationWarning)
X = np.random.RandomState(0).rand(30, 3, 1)
rnn = ElmanRegressor(2, epochs=1, trainer="keras")

def fit(_):
    return rnn.fit(X, X[:, 0, 0]).n_iter_

def in_fork():
    with multiprocessing.get_context("fork").Pool(1) as pool:
        return pool.map_async(fit, [0]).get(timeout=60)

print(in_fork())
tf.ones(1) + 1
try:
    in_fork()
except RuntimeError as error:
    print(str(error)[:23])
""")
    assert (done.stdout, done.returncode) == ("[1]\nThis process was forked\n", 0)


@forks
def test_a_fork_during_the_import_is_an_error(first_import, monkeypatch):
    monkeypatch.setattr(tensorflow_import, "has_started", lambda: False)
    first_import(lambda: in_fork(tensorflow_import.load))
    with pytest.raises(RuntimeError, match="was forked"):
        tensorflow_import.load()


def test_a_failed_import_may_be_repeated_in_a_fork(first_import, monkeypatch):
    monkeypatch.setattr(tensorflow_import, "has_started", lambda: False)
    first_import(log_and_fail)
    with pytest.raises(ImportError, match="no Keras"):
        tensorflow_import.load()
    with pytest.raises(ImportError, match="no Keras"):
        in_fork(tensorflow_import.load)


# Notices


def test_only_notices_about_retracing_are_dropped():
    heard = []

    class Hears(logging.Handler):
        def emit(self, record):
            heard.append(record.getMessage())

    logger, handler = logging.getLogger("tensorflow"), Hears()
    logger.addHandler(handler)
    try:
        with tensorflow_import.without_retracing_notices():
            with tensorflow_import.without_retracing_notices():  # as another thread may
                pass
            logger.warning("5 out of the last 5 calls triggered tf.function retracing")
            logger.warning("another warning")
        logger.warning("a user's own tf.function retracing")
    finally:
        logger.removeHandler(handler)
    assert heard == ["another warning", "a user's own tf.function retracing"]
