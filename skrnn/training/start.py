"""Imports TensorFlow lazily and silences its start-up messages."""

import contextlib
import gc
import importlib
import importlib.util
import logging
import multiprocessing
import sys
import threading
import warnings

from skrnn._compat.tensorflow import (
    give_sessions_own_threads,
    import_keras,
    limit_threads,
)
from skrnn.training.stderr import held_stderr

give_sessions_own_threads()  # at import, as TensorFlow may start before the first fit
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
        tensorflow.config.list_logical_devices()  # this also logs when first called
        importlib.import_module("scikeras.wrappers")
        _loaded.append(True)


def quieten_worker():
    """Silence TensorFlow in a worker process, whatever imports it first.

    These may be Keras objects in a grid of parameters, which are unpickled one by one.
    """
    is_worker = multiprocessing.parent_process() is not None
    if is_worker and not ({"keras", "tensorflow"} & set(sys.modules)):
        with _import_lock:
            if _quiet_import not in sys.meta_path:
                sys.meta_path.insert(0, _quiet_import)


class _QuietImport:
    """A module finder that calls `load` when Keras or TensorFlow is first imported."""

    def find_spec(self, name, path=None, target=None):
        """Return the specification of the module, with `load` after its execution."""
        if name not in ("keras", "tensorflow"):
            return None
        with contextlib.suppress(ValueError):  # another thread may have removed it
            sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def execute_quietly(module):
            with held_stderr():
                execute(module)
                with contextlib.suppress(ImportError):  # other backends are the user's
                    load()

        spec.loader.exec_module = execute_quietly
        return spec


_quiet_import = _QuietImport()


@contextlib.contextmanager
def compiling():
    """Silence TensorFlow while it compiles, in one thread at a time.

    Do not train on the user's data or call callbacks in the block, as it holds back
    everything written to stderr.

    Yields
    ------
    callable
        Discards what was written to stderr so far.
    """
    with _compile_lock, without_retracing_notices(), held_stderr() as forget:
        yield forget


@contextlib.contextmanager
def without_retracing_notices():
    """Drop TensorFlow's notice about retracing, which is intended here."""
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
    """Disable Python's garbage collector while many long-lived objects are created.

    Importing TensorFlow creates some 400,000 objects, which the collector would scan
    many times. In the end they are moved to the oldest generation, as if it had.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():  # keeps objects that the user has frozen
            gc.freeze()
            gc.unfreeze()
        gc.enable()
