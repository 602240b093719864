"""Which trainer trains a network, and how its program is compiled (NumPy only).

All is a function of the work alone: never of the number of threads, nor of what is
compiled already. The same fit has the same bits whichever fits came before.
"""

from dataclasses import dataclass

from skrnn.networks.cells import CELLS
from skrnn.networks.weights import n_recurrent_weights

# Seconds that XLA saves a batch, besides those of a step (`Cell.xla_saves`), and that
# it takes more to start: see benchmarks/README.md. Mostly several fits share a program.
_BATCH_SAVES, _XLA_START = 0.15e-3, 0.5
_FITS_OF_A_PROGRAM = 3

# With fewer samples on a single thread, shards take longer than the whole batch.
_LEAST_TO_DIVIDE, _ROWS_OF_A_SHARD, _MOST_SHARDS = 128, 256, 8


@dataclass(frozen=True)
class DataShape:
    """What a plan depends on in the data and the schedule.

    Parameters
    ----------
    batch_size, n_batches, n_timesteps, n_targets : int
        Samples of a batch, batches of the training, steps of the network in a window,
        and columns that hold the targets.
    has_missing, masked, weighted : bool
        Whether a window has a missing value, whether the network skips a step, and
        whether samples have weights.
    """

    batch_size: int
    n_batches: int
    n_timesteps: int
    n_targets: int
    has_missing: bool
    masked: bool
    weighted: bool


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    Parameters
    ----------
    compiled : bool
        Whether the compiled engine trains it, or Keras's loop.
    must_compile : bool
        Whether Keras's loop may not take over.
    xla : bool
        Whether XLA compiles the program of the engine.
    fused : bool
        Whether all steps of an LSTM layer are one operation; not for XLA.
    n_shards : int
        Shards of a batch that are trained on side by side; not for XLA.
    has_missing, masked, weighted, n_targets
        As in `DataShape`.
    """

    compiled: bool
    must_compile: bool
    xla: bool
    fused: bool
    n_shards: int
    has_missing: bool
    masked: bool
    weighted: bool
    n_targets: int


def make_plan(spec, shape, jit, *, divisible):
    """Return how to train a network.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    shape : DataShape
        The data.
    jit : bool or "auto"
        The parameter of the regressors.
    divisible : bool
        Whether the loss of a batch is the mean of those of its shards.

    Returns
    -------
    Plan
    """
    fused = can_fuse(spec, masked=shape.masked)
    n_shards = count_shards(spec, shape, fused=fused) if divisible else 1
    undivided = count_shards(spec, shape, fused=fused) == 1
    xla = jit is True or (undivided and worth_compiling(spec, shape, fused=fused))
    return Plan(
        compiled=jit is not False,
        must_compile=jit is True,
        xla=xla,
        fused=fused and not xla,
        n_shards=1 if xla else n_shards,
        has_missing=shape.has_missing,
        masked=shape.masked,
        weighted=shape.weighted,
        n_targets=shape.n_targets,
    )


def can_fuse(spec, *, masked):
    """Tell whether one operation of TensorFlow computes what the layers do."""
    return (
        spec.cell == "lstm"
        and spec.option("activation") == "tanh"
        and spec.option("recurrent_activation") == "sigmoid"
        and spec.dtype == "float32"
        and not spec.recurrent_dropout
        and not masked
    )


def count_shards(spec, shape, *, fused):
    """Return into how many shards to divide a batch, as an operation has one thread."""
    products = shape.batch_size * n_recurrent_weights(spec)
    # in a graph that is no single operation, each shard has a loop of its own
    worth = products * shape.n_timesteps >= 5e6 if fused else products >= 4e6
    if not worth or shape.batch_size < _LEAST_TO_DIVIDE:
        return 1
    return min(_MOST_SHARDS, max(2, shape.batch_size // _ROWS_OF_A_SHARD))


def worth_compiling(spec, shape, *, fused):
    """Tell whether XLA saves more, over a few fits, than it takes to start."""
    n_steps = 0 if fused else shape.n_timesteps * len(spec.units)
    per_batch = _BATCH_SAVES + n_steps * CELLS[spec.cell].xla_saves
    return _FITS_OF_A_PROGRAM * shape.n_batches * per_batch > _XLA_START
