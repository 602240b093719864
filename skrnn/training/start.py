"""Imports TensorFlow lazily and silences its start-up messages."""

import contextlib
import importlib
import logging
import os
import shutil
import signal
import sys
import tempfile
import threading
import warnings

from skrnn._compat.tensorflow import (
    give_sessions_own_threads,
    import_keras,
    limit_threads,
)

give_sessions_own_threads()  # at import, as TensorFlow may start before the first fit
_lock = threading.RLock()
_loaded = []
_process = []  # the id of the process that imports TensorFlow


def load():
    """Import TensorFlow, or raise a RuntimeError if it cannot work in this process."""
    if _process and _process != [os.getpid()]:  # its threads are not copied
        raise RuntimeError(
            "This process was forked after TensorFlow had been imported, and "
            "TensorFlow does not work in such a process. Use joblib's backend 'loky', "
            "or multiprocessing's start method 'spawn', or fit nothing before forking."
        )
    import_once()


def import_once():
    """Import TensorFlow, Keras and scikeras, without messages."""
    if _loaded:
        return
    with _lock, _interrupts_held():
        if _loaded:  # by another thread
            return
        _process[:] = [os.getpid()]
        try:
            with _log_level(), _stderr_held(), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import_keras()
                tensorflow = importlib.import_module("tensorflow")
                limit_threads(tensorflow.config.threading)
                tensorflow.config.list_logical_devices()  # logs when first called
                importlib.import_module("scikeras.wrappers")
        except BaseException:
            _process.clear()
            raise
        _loaded.append(True)


@contextlib.contextmanager
def _interrupts_held():
    """Hold back Ctrl-C, as an import that it ends cannot be repeated."""
    handler = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not (in_main_thread and callable(handler)):  # no handler that could be delayed
        yield
        return
    held = []
    signal.signal(signal.SIGINT, lambda *arguments: held.append(arguments))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)
        if held:
            handler(*held[-1])


@contextlib.contextmanager
def _log_level():
    """Let TensorFlow log only fatal errors, unless the user has set a level."""
    name = "TF_CPP_MIN_LOG_LEVEL"
    if name in os.environ:
        yield
        return
    os.environ[name] = "3"
    try:
        yield
    finally:  # TensorFlow reads it once; child processes are to log as the user set
        os.environ.pop(name, None)


@contextlib.contextmanager
def _stderr_held():
    """Hold back stderr, as TensorFlow logs before it reads the level; show failures."""
    with contextlib.ExitStack() as files:
        held = None
        if os.environ.get("TF_CPP_MIN_LOG_LEVEL") == "3":
            with contextlib.suppress(OSError):  # no stderr, or no temporary folder
                stderr = files.enter_context(open(os.dup(2), "wb", buffering=0))
                held = files.enter_context(tempfile.TemporaryFile())
        if held is None:
            yield
            return
        with contextlib.suppress(Exception):  # sys.stderr may be any object, or None
            sys.stderr.flush()
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            with contextlib.suppress(OSError):
                held.seek(0)
                shutil.copyfileobj(held, stderr)
            raise
        finally:
            os.dup2(stderr.fileno(), 2)


@contextlib.contextmanager
def without_retracing_notices():
    """Drop TensorFlow's notice about retracing, which is intended here."""
    logger = logging.getLogger("tensorflow")

    def is_other(record):
        return "tf.function retracing" not in record.getMessage()

    logger.addFilter(is_other)
    try:
        yield
    finally:
        logger.removeFilter(is_other)
