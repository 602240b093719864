"""The door to TensorFlow: opened at the first fit or predict, and quietly."""

import contextlib
import gc
import importlib
import logging
import os
import re
import sys
import tempfile
import threading
import warnings

from skrnn._compat.tensorflow import give_sessions_own_threads

give_sessions_own_threads()  # here, as TensorFlow may start before the first fit
_hold_lock = threading.RLock()

# What TensorFlow's C++ side logs, whatever TF_CPP_MIN_LOG_LEVEL says.
_LOG_LINE = re.compile(
    rb"[IWE]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|To enable the following instructions: "
)


@contextlib.contextmanager
def quiet_tensorflow():
    """Drop TensorFlow's log lines from stderr while it starts or compiles.

    All else that is written to stderr meanwhile is written when the block ends; if
    it ends in an exception, the log lines too.

    Yields
    ------
    callable
        Forgets what was written so far: for a failure that TensorFlow reports at
        length, but that is no failure to the user.
    """
    logger = logging.getLogger("tensorflow")
    with _hold_lock:
        logger.addFilter(_is_no_retracing_notice)
        try:
            with _held_stderr() as forget:
                yield forget
        finally:
            logger.removeFilter(_is_no_retracing_notice)


def _is_no_retracing_notice(record):
    """Pass all but the notice that several functions were traced, as they must be."""
    return "tf.function retracing" not in record.getMessage()


@contextlib.contextmanager
def _held_stderr():
    try:
        stderr = os.dup(2)
    except OSError:  # a process without stderr has nothing to hold
        yield lambda: None
        return
    with tempfile.TemporaryFile() as held:
        keep_log = True
        _flush_stderr()
        os.dup2(held.fileno(), 2)

        def forget():
            _flush_stderr()
            held.seek(0)
            held.truncate()

        try:
            yield forget
            keep_log = False
        finally:
            _flush_stderr()
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            for line in held:
                if keep_log or not _LOG_LINE.match(line):
                    os.write(2, line)


def _flush_stderr():
    if sys.stderr is not None:
        sys.stderr.flush()


@contextlib.contextmanager
def without_collections():
    """Have Python collect no garbage while it makes many objects that are to stay.

    It would look through all of them again and again; TensorFlow's modules are some
    400,000. In the end they count as old, as if it had.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # else what is frozen would thaw
            gc.freeze()
            gc.unfreeze()
        gc.enable()


def load():
    """Return `skrnn.training.wrapper`, importing TensorFlow, Keras and scikeras once.

    Returns
    -------
    module
        `skrnn.training.wrapper`.

    Raises
    ------
    ImportError
        If Keras is set to another backend than TensorFlow.
    """
    loaded = sys.modules.get("skrnn.training.wrapper")
    if loaded is not None and hasattr(loaded, "RecurrentWrapper"):
        return loaded
    with quiet_tensorflow(), without_collections(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _check_backend(os.environ.get("KERAS_BACKEND", "tensorflow"))
        keras = importlib.import_module("keras")
        _check_backend(keras.backend.backend())
        tensorflow = importlib.import_module("tensorflow")
        _limit_threads(tensorflow.config.threading)
        tensorflow.config.list_logical_devices()  # its start-up logs as well
        return importlib.import_module("skrnn.training.wrapper")


def _limit_threads(settings):
    """Give TensorFlow the threads that joblib, Dask or the user gives a process.

    They say so by the variable of OpenMP, which TensorFlow does not read. What the
    user told TensorFlow itself stays, and so does what it has started with.

    Parameters
    ----------
    settings : module
        `tensorflow.config.threading`.
    """
    n_threads = os.environ.get("OMP_NUM_THREADS", "")
    if not n_threads.isdecimal() or int(n_threads) == 0:
        return
    for kind in ("intra", "inter"):
        told = f"TF_NUM_{kind.upper()}OP_THREADS" in os.environ
        if told or getattr(settings, f"get_{kind}_op_parallelism_threads")():
            continue
        with contextlib.suppress(RuntimeError):  # it has started
            set_threads = getattr(settings, f"set_{kind}_op_parallelism_threads")
            set_threads(int(n_threads))


def _check_backend(name):
    if name != "tensorflow":
        raise ImportError(
            "skrnn trains with Keras on TensorFlow, but Keras is set to the backend "
            f"{name!r}. Unset KERAS_BACKEND, or set it to 'tensorflow', before Keras "
            "is imported."
        )
