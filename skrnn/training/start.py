"""Imports TensorFlow when it is first needed, and keeps its start quiet."""

import contextlib
import gc
import importlib
import logging
import threading
import warnings

from skrnn._compat.tensorflow import (
    give_sessions_own_threads,
    import_keras,
    limit_threads,
)
from skrnn.training.stderr import held_stderr

give_sessions_own_threads()  # here, as TensorFlow may start before the first fit
_import_lock = threading.RLock()
_compile_lock = threading.RLock()
_loaded = []


def load():
    """Import TensorFlow, Keras and scikeras, once.

    Raises
    ------
    ImportError
        If Keras is set to another backend than TensorFlow.
    """
    if _loaded:
        return
    with _import_lock, held_stderr(), without_collections(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import_keras()
        tensorflow = importlib.import_module("tensorflow")
        limit_threads(tensorflow.config.threading)
        tensorflow.config.list_logical_devices()  # its start-up logs as well
        importlib.import_module("scikeras.wrappers")
        _loaded.append(True)


@contextlib.contextmanager
def compiling():
    """Keep TensorFlow quiet while it compiles, in one thread at a time.

    No data of the user's is trained on and no callback is called meanwhile.

    Yields
    ------
    callable
        Forgets what was written to stderr so far.
    """
    with _compile_lock, without_retracing_notices(), held_stderr() as forget:
        yield forget


@contextlib.contextmanager
def without_retracing_notices():
    """Drop the notice that several functions were traced, as they must be."""
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_no_retracing_notice)
    try:
        yield
    finally:
        logger.removeFilter(_is_no_retracing_notice)


def _is_no_retracing_notice(record):
    return "tf.function retracing" not in record.getMessage()


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
