"""The entry point of the compiled trainer, and its cache of programs.

A program serves later fits of the same network, whatever the number of rows. It
contains no data, and is never used by two fits at once.
"""

import threading
from collections import OrderedDict

from skrnn._compat.tensorflow import forget_kernels
from skrnn.training.compiled.epoch import EpochProgram
from skrnn.training.loop import load_data
from skrnn.training.objectives import names_keras_alone
from skrnn.training.optimizers import OptimizerKind

N_PROGRAMS_KEPT = 8  # each takes 12 MB with XLA, and has 11 idle threads


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


programs = ProgramStore(N_PROGRAMS_KEPT)


def train(task, plan, run):
    """Return the last Epoch of a run, or raise RefusedError before it begins."""
    key = _key_of(task, plan)
    program = programs.take(key, lambda: EpochProgram(task, plan))
    data, validation = load_data(program, task)
    program.prepare("train", data.first)
    if validation is not None:
        program.prepare("evaluate", validation.first)
    last = run.train(program, data, validation)
    if key is not None:  # after an exception it is not put back
        programs.put(key, program)
    return last


def _key_of(task, plan):
    """Return the key under which a program is cached, or None if it must not be."""
    spec, objective = task.spec, task.objective
    kind = OptimizerKind.of(objective)
    if not (kind.is_of_keras and names_keras_alone(spec, objective)):
        return None
    what = objective.loss, objective.quantile_levels, objective.metrics
    return spec, plan, what, kind.key
