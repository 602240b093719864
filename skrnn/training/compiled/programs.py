"""Caches compiled programs between fits."""

import threading
from collections import OrderedDict

from skrnn._compat.tensorflow import forget_kernels


class ProgramStore:
    """A cache of the programs used last, safe to use from several threads."""

    def __init__(self, most):
        self._most = most
        self._programs = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key, build):
        """Remove and return the program of `key`, or build it if it is not cached."""
        with self._lock:
            program = self._programs.pop(key, None)
        return build() if program is None else program

    def put(self, key, program):
        """Cache a program; drop the one used longest ago if there are too many."""
        with self._lock:
            self._programs[key] = program
            if len(self._programs) <= self._most:
                return
            forgotten = self._programs.popitem(last=False)
        del forgotten  # outside of the lock, as freeing its memory may take long
        forget_kernels()
