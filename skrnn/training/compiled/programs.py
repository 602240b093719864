"""Where compiled programs are kept between fits, and what they share."""

import threading
from collections import OrderedDict

import numpy as np

from skrnn._compat.tensorflow import forget_kernels


class ProgramStore:
    """The programs used last, a bounded number, safe to use from several threads."""

    def __init__(self, most):
        self._most = most
        self._programs = OrderedDict()
        self._lock, self._sharing = threading.Lock(), threading.Lock()

    def get(self, key, build):
        """Return the program of `key` to share it."""
        with self._sharing:  # else two would build one each
            program = self.take(key, build)
            self.put(key, program)
        return program

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


def filled_up(array, length):
    """Return an array with zeros behind it up to a length, itself if it has that."""
    if len(array) == length:
        return array
    out = np.zeros((length, *array.shape[1:]), dtype=array.dtype)
    out[: len(array)] = array
    return out


def values_of(variables):
    """Return the values of variables as a list of ndarray."""
    return [variable.numpy() for variable in variables]


def assign(variables, values):
    """Assign to each variable its value, an array or a variable."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
