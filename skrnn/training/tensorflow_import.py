"""Imports TensorFlow lazily and silences its start-up messages."""

import contextlib
import gc
import importlib
import logging
import os
import signal
import tempfile
import threading
import warnings

from skrnn._compat.tensorflow import (
    LOG_LEVEL,
    give_sessions_own_threads,
    has_started,
    import_keras,
    limit_threads,
    provoke_logs,
)

give_sessions_own_threads()  # at import, as TensorFlow may start before the first fit
_lock = threading.RLock()
_begun, _done, _forked = [], [], []


def _note_fork():
    if _begun or has_started():  # the threads of TensorFlow are not copied
        _forked.append(True)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_note_fork)


def load():
    """Import TensorFlow, or raise a RuntimeError if it cannot work in this process."""
    if _forked:
        raise RuntimeError(
            "This process was forked after TensorFlow had started, and TensorFlow does "
            "not work in such a process. Use joblib's backend 'loky', or "
            "multiprocessing's start method 'spawn', or fit nothing before forking."
        )
    import_once()


def import_once():
    """Import TensorFlow, Keras and scikeras, without messages."""
    if _done:
        return
    with _lock, _interrupts_held():
        if _done:  # by another thread
            return
        _begun.append(True)
        collects = gc.isenabled()
        gc.disable()  # the import would take a tenth longer
        try:
            _import_all()
        except BaseException:
            _begun.clear()
            raise
        finally:
            if collects:
                gc.enable()
        _done.append(True)


def _import_all():
    level = os.environ.setdefault(LOG_LEVEL, "3")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.nullcontext() if level == "0" else _stderr_held():
            import_keras()
            tensorflow = importlib.import_module("tensorflow")
            limit_threads(tensorflow.config.threading)
            tensorflow.config.list_logical_devices()  # logs when first called
            provoke_logs()
        importlib.import_module("scikeras.wrappers")


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
def _stderr_held():
    """Hold back stderr, as TensorFlow logs before it reads the level; show failures."""
    with contextlib.ExitStack() as files:
        try:
            held = files.enter_context(tempfile.TemporaryFile())
            stderr = os.dup(2)
        except OSError:  # no stderr, or no temporary folder
            yield
            return
        files.callback(os.close, stderr)
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(stderr, held.read())
            raise
        finally:
            os.dup2(stderr, 2)


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
