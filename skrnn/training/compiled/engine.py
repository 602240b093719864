"""Training as one compiled program an epoch.

Programs are kept and serve the next fit of the same network, whatever its number of
rows; they hold no data, and a fit has one to itself.
"""

import keras
import tensorflow as tf

from skrnn.training.callbacks import interrupts_between_epochs, until_interrupted
from skrnn.training.compiled.epoch import CannotServeError, EpochProgram, ProgramKind
from skrnn.training.compiled.programs import ProgramStore, assign, values_of
from skrnn.training.keras_network import n_recurrent_weights

N_PROGRAMS_KEPT = 8  # with XLA 12 MB each, and 11 idle threads of TensorFlow
_programs = ProgramStore(N_PROGRAMS_KEPT)

# Seconds that XLA saves a batch, and a step of a layer in it if a step is not part of
# one operation already, and that it takes more to start: see benchmarks/README.md.
# Mostly several fits share a program.
_BATCH_SAVES, _XLA_START = 0.15e-3, 0.5
_STEP_SAVES = {"elman": 0.03e-3, "gru": 0.09e-3, "lstm": 0.08e-3}
_FITS_OF_A_PROGRAM = 3

# Of fewer samples the parts take longer than the whole, where there is one thread.
_LEAST_TO_DIVIDE, _ROWS_OF_A_PART, _MOST_PARTS = 128, 256, 8

# What callbacks are not told of here: a callback that wants to know is Keras's.
_NOT_TOLD = [
    f"on_{part}_{when}"
    for part in ("batch", "train_batch", "test_batch", "test")
    for when in ("begin", "end")
]


def train(
    model,
    data,
    schedule,
    *,
    choose,
    key,
    twin,
    on_epoch_end,
    validation=None,
    callbacks=(),
):
    """Train a compiled Keras model in place.

    Parameters
    ----------
    model : keras.Model
        Its weights and its optimizer's state are carried on.
    data : TrainingData
        Of the model's dtype.
    schedule : Schedule
        Batches and epochs.
    choose : callable
        Called with `masked`, returns `xla`, `fused` and `n_parts` of a `ProgramKind`
        as a dict.
    key : hashable or None
        What the program depends on. None: it is not kept.
    twin : callable
        Called with a `ProgramKind`, returns network, optimizer, loss and metrics for
        a new program.
    on_epoch_end : callable
        Called with the epoch's number, from 0, and its list of loss and metrics,
        those of the validation data behind those of training; returns them by name.
    validation : TrainingData, default=None
        What to evaluate after each epoch.
    callbacks : sequence of keras.callbacks.Callback, default=()
        Called at the start and the end of training and of every epoch.

    Raises
    ------
    CannotServeError
        If there is a GPU, a callback for batches or evaluations, or no way to
        compile it; the model is as before.
    """
    _check_can_serve(callbacks)
    parts = [data] if validation is None else [data, validation]
    kind = _kind_for(parts, choose)
    key = key and (key, kind)
    program = _programs.take(key, lambda: EpochProgram(*twin(kind), kind))
    model.optimizer.build(model.trainable_variables)
    state = [*model.variables, *model.optimizer.variables]
    program.set_state(values_of(state))
    load = _loaders(program, parts, schedule.batch_size)
    audience = _Audience(callbacks, model, schedule, data)
    audience.tell("on_train_begin", {})
    logs = {}
    with until_interrupted() as epochs, interrupts_between_epochs() as raise_one:
        for epoch, order in enumerate(schedule.of_epochs(len(data.n_of_blocks))):
            audience.tell("on_epoch_begin", epoch, {})
            if callbacks:  # which may have changed weights or the learning rate
                program.set_state(values_of(state))
            figures = program.train(_in_order(load[0], *order))
            if validation is not None:
                numbers = range(len(validation.n_of_blocks))
                figures += program.evaluate(map(load[1], numbers))
            if callbacks:
                assign(state, program.state())
            logs = on_epoch_end(epoch, figures)
            epochs.append(epoch)
            audience.tell("on_epoch_end", epoch, logs)
            raise_one()
            if model.stop_training:
                break
    if callbacks:
        program.set_state(values_of(state))
    assign(state, program.final_state())
    audience.tell("on_train_end", logs)
    if key is not None:  # after an exception it is not put back
        _programs.put(key, program)


def _kind_for(parts, choose):
    masked = any(part.has_missing for part in parts)
    return ProgramKind(
        **choose(masked),
        masked=masked,
        weighted=any(part.is_weighted for part in parts),
        n_targets=parts[0].n_targets,
    )


def _in_order(load, numbers, shuffle):
    """Yield blocks, loaded, with the samples in the order to train on."""
    for number in numbers:
        loaded = load(number)
        shuffle(loaded.order)
        yield loaded


def _loaders(program, parts, batch_size):
    """Return a function for each part that loads its blocks, a single one just once."""
    at_hand = []  # series of the parts that are one block, and their arrays

    def loader(data):
        def load(number):
            block = data.block(number)
            return program.load(block, data.block_length, batch_size)

        if len(data.n_of_blocks) > 1:
            return load
        block = data.block(0)
        of_same = [arrays for series, arrays in at_hand if series is block.series]
        arrays = of_same[0] if of_same else None
        loaded = program.load(block, data.block_length, batch_size, arrays)
        at_hand.append((block.series, loaded.arrays))
        return lambda number: loaded

    return [loader(data) for data in parts]


class _Audience:
    """The callbacks of a training, told what `keras.Model.fit` tells of epochs."""

    def __init__(self, callbacks, model, schedule, data):
        self._callbacks = callbacks
        model.stop_training = False
        for callback in callbacks:
            callback.set_model(model)
            callback.set_params(
                {
                    "epochs": schedule.epochs,
                    "steps": schedule.n_batches(data),
                    "verbose": 0,
                }
            )

    def tell(self, event, *news):
        for callback in self._callbacks:
            getattr(callback, event)(*news)


def has_gpu():
    """Tell whether TensorFlow sees a GPU, on which cuDNN is faster."""
    return bool(tf.config.get_visible_devices("GPU"))


def _check_can_serve(callbacks):
    if has_gpu():
        raise CannotServeError("TensorFlow sees a GPU")
    for callback in callbacks:
        if (
            type(callback) is keras.callbacks.ModelCheckpoint
            and callback.save_freq == "epoch"
        ):
            continue  # its method for batches does nothing then
        for event in _NOT_TOLD:
            method = getattr(getattr(callback, event), "__func__", None)
            if method is not getattr(keras.callbacks.Callback, event):
                raise CannotServeError(
                    f"the callback {type(callback).__name__} has a method {event}"
                )


def n_parts(network, batch_size, n_timesteps, *, fused):
    """Return in how many parts to train on a batch as a graph, side by side.

    An operation runs on one thread. A function of the work alone, never of the number
    of threads, on which the bits would depend then.

    Parameters
    ----------
    network : dict
        Arguments of `build_network`.
    batch_size, n_timesteps : int
        Samples of a batch, steps of a window.
    fused : bool
        Whether the graph has a `FusedLSTM`.
    """
    products = batch_size * n_recurrent_weights(network)
    # in a graph that is no single operation, each part has a loop of its own
    worth = products * n_timesteps >= 5e6 if fused else products >= 4e6
    if not worth or batch_size < _LEAST_TO_DIVIDE:
        return 1
    return min(_MOST_PARTS, max(2, batch_size // _ROWS_OF_A_PART))


def worth_compiling(network, n_batches, n_timesteps, *, fused):
    """Tell whether XLA saves more, over a few fits, than it takes to start.

    A function of the work alone, never of what is compiled already: the same fit
    has the same bits whichever fits came before.

    Parameters
    ----------
    network : dict
        Arguments of `build_network`.
    n_batches, n_timesteps : int
        Batches of a fit, steps of a window.
    fused : bool
        Whether a graph would have a `FusedLSTM`.
    """
    n_steps = 0 if fused else n_timesteps * len(network["units"])
    saved = n_batches * (_BATCH_SAVES + n_steps * _STEP_SAVES[network["cell"]])
    return _FITS_OF_A_PROGRAM * saved > _XLA_START
