"""Imports TensorFlow lazily and silences its start-up messages."""

import contextlib
import gc
import importlib
import logging
import multiprocessing
import sys
import threading
import warnings
from importlib.machinery import PathFinder

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
    """Import TensorFlow, Keras and scikeras, once."""
    if _loaded:
        return
    with _import_lock, held_stderr(), without_collections(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _quiet_keras.is_needed = False
        import_keras()
        tensorflow = importlib.import_module("tensorflow")
        limit_threads(tensorflow.config.threading)
        tensorflow.config.list_logical_devices()  # this also logs when first called
        importlib.import_module("scikeras.wrappers")
        _loaded.append(True)


def quieten_worker():
    """Silence TensorFlow in a worker process where unpickling imports Keras first."""
    is_worker = multiprocessing.parent_process() is not None
    if is_worker and "keras" not in sys.modules and _quiet_keras not in sys.meta_path:
        sys.meta_path.insert(0, _quiet_keras)


class _QuietKeras:
    """A module finder for Keras, which lets `load` follow the first import."""

    is_needed = True

    def find_spec(self, name, path=None, target=None):
        """Return the usual specification with a quiet loader, or None."""
        if name != "keras" or "tensorflow" in sys.modules or not self.is_needed:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _QuietLoader(spec.loader)
        return spec


class _QuietLoader:
    """Loads Keras by its own loader, and then TensorFlow, without messages."""

    def __init__(self, loader):
        self._loader = loader

    def create_module(self, spec):
        """Leave it to the loader of Keras."""
        return self._loader.create_module(spec)

    def exec_module(self, module):
        """Execute the module, quietly unless another thread is about to load."""
        module.__spec__.loader = module.__loader__ = self._loader
        if not _import_lock.acquire(blocking=False):  # or else threads may deadlock
            self._loader.exec_module(module)
            return
        try:
            _quiet_keras.is_needed = False
            with held_stderr():
                self._loader.exec_module(module)
                with contextlib.suppress(Exception):  # `load` tells of it in a fit
                    load()
        finally:
            _import_lock.release()


_quiet_keras = _QuietKeras()


@contextlib.contextmanager
def compiling():
    """Silence TensorFlow while one thread compiles; yield what `held_stderr` yields.

    Do not train or call callbacks in the block, as it holds back all of stderr.
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

    Importing TensorFlow creates some 400,000 objects, which would be scanned many
    times. In the end they are moved to the oldest generation, as if they had been.
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
