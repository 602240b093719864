"""Decides how a network is compiled: XLA, fused layers, parts of a batch (NumPy only).

A plan only depends on the network, the data and the schedule. It never depends on the
number of threads or on earlier fits, so that the same fit always has the same bits.
"""

from dataclasses import dataclass

from skrnn.networks.cells import CELLS
from skrnn.networks.weights import n_recurrent_weights

# Seconds that XLA saves per batch, besides those per step (`Cell.xla_saves`), and the
# seconds it takes to start: see benchmarks/README.md. Several fits share a program.
_BATCH_SAVES, _XLA_START = 0.15e-3, 0.5
_FITS_OF_A_PROGRAM = 3

# On a single thread, splitting smaller batches is slower.
_LEAST_TO_DIVIDE, _ROWS_OF_A_SHARD, _MOST_SHARDS = 128, 256, 8


class RefusedError(Exception):
    """Raised when only `keras.Model.fit` can train this network."""


@dataclass(frozen=True)
class Plan:
    """How a network is trained."""

    xla: bool  # whether XLA compiles the program of the engine
    fused: bool  # whether layers are a FusedLSTM or FusedGRU (no XLA)
    n_shards: int  # parts of a batch to train on in parallel (1 with XLA)
    has_missing: bool  # any value of the windows
    masked: bool  # whether the network skips any step
    weighted: bool
    n_columns: int  # of the targets, which the kept program is traced for
    divisible: bool  # whether the loss of a sample depends on it alone


def make_plan(task, trainer):
    """Return the Plan of a Task, for the parameter `trainer`."""
    spec, schedule, inputs = task.spec, task.schedule, task.data.inputs
    divisible = isinstance(task.objective.loss, str)  # functions may mix samples
    data = [task.data] if task.validation is None else [task.data, task.validation]
    has_missing = any(each.has_missing for each in data)
    masked = has_missing and not inputs.fill
    fused = can_fuse(spec, masked=masked)
    n_shards = count_shards(spec, schedule.batch_size, inputs.n_steps, fused=fused)
    n_batches = schedule.epochs * schedule.n_batches(task.data)
    xla = trainer == "xla" or (
        trainer == "auto"
        and n_shards == 1
        and divisible
        and worth_compiling(spec, n_batches, inputs.n_steps, fused=fused)
    )
    return Plan(
        xla=xla,
        fused=fused and not xla,
        n_shards=n_shards if divisible and not xla else 1,
        has_missing=has_missing,
        masked=masked,
        weighted=any(each.is_weighted for each in data),
        n_columns=task.data.n_columns,
        divisible=divisible,
    )


def can_fuse(spec, *, masked):
    """Return whether a FusedLSTM or FusedGRU can compute each layer."""
    return (
        spec.cell in ("gru", "lstm")
        and (spec.cell != "gru" or spec.option("reset_after"))
        and spec.option("activation") == "tanh"
        and spec.option("recurrent_activation") == "sigmoid"
        and spec.dtype == "float32"
        and not spec.recurrent_dropout
        and not masked
    )


def count_shards(spec, batch_size, n_steps, *, fused):
    """Return the number of shards per batch. Each operation uses only one thread."""
    products = batch_size * n_recurrent_weights(spec)
    # unless steps are one operation, each shard needs a loop of its own
    is_one = fused and spec.cell == "lstm"
    worth = products * n_steps >= 5e6 if is_one else products >= 4e6
    if not worth or batch_size < _LEAST_TO_DIVIDE:
        return 1
    return min(_MOST_SHARDS, max(2, batch_size // _ROWS_OF_A_SHARD))


def worth_compiling(spec, n_batches, n_steps, *, fused):
    """Return whether XLA saves more time, over a few fits, than it takes to start."""
    is_one = fused and spec.cell == "lstm"
    n_loops = 0 if is_one else n_steps * len(spec.units)
    per_batch = _BATCH_SAVES + n_loops * CELLS[spec.cell].xla_saves
    return _FITS_OF_A_PROGRAM * n_batches * per_batch > _XLA_START
