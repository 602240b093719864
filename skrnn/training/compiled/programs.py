"""Where compiled programs are kept between fits, and what they share."""

import threading
from collections import OrderedDict

from skrnn._compat.tensorflow import forget_kernels


class ProgramStore:
    """The programs used last, a bounded number, safe to use from several threads."""

    def __init__(self, most):
        self._most = most
        self._programs = OrderedDict()
        self._lock = threading.Lock()

    def take(self, key, build):
        """Return the program of `key` to one user, who may put it back."""
        with self._lock:
            program = self._programs.pop(key, None)
        return build() if program is None else program

    def put(self, key, program):
        """Keep a program; forget those used longest ago."""
        with self._lock:
            self._programs[key] = program
            if len(self._programs) <= self._most:
                return
            forgotten = self._programs.popitem(last=False)
        del forgotten  # and with it what it holds, while others may go on
        forget_kernels()
