"""The compiled trainer, which runs each epoch as one program in a TensorFlow session.

Programs are cached for the next fit of the same network, whatever the number of rows.
They contain no data, and are never used by two fits at once.
"""

from skrnn.training.callbacks import SeenModel
from skrnn.training.compiled.epoch import EpochProgram
from skrnn.training.compiled.programs import ProgramStore
from skrnn.training.objectives import names_keras_alone
from skrnn.training.optimizers import OptimizerKind
from skrnn.training.state import OptimizerState, TrainingState

N_PROGRAMS_KEPT = 8  # each takes 12 MB with XLA, and has 11 idle threads
programs = ProgramStore(N_PROGRAMS_KEPT)


def train(task, plan, events):
    """Return the TrainingState after training, or raise RefusedError before that."""
    kind = OptimizerKind.of(task.objective)
    key = _key_of(task, plan, kind)
    program = programs.take(key, lambda: EpochProgram(task, plan))
    data, validation = _load(task, program)
    state = _Run(task, program, events, kind).train(data, validation)
    if key is not None:  # after an exception it is not put back
        programs.put(key, program)
    return state


def _key_of(task, plan, kind):
    """Return the key under which a program is cached, or None if it must not be."""
    spec, objective = task.spec, task.objective
    if not (kind.is_of_keras and names_keras_alone(spec, objective)):
        return None
    what = objective.loss, objective.quantile_levels, objective.metrics
    return spec, plan, what, kind.key


def _load(task, program):
    """Load training and validation data, and compile the program for them."""
    batch_size = task.schedule.batch_size
    data = _LoadedData(program, task.data, batch_size)
    program.prepare("train", data.first)
    if task.validation is None:
        return data, None
    validation = _LoadedData(program, task.validation, batch_size, like=data)
    program.prepare("evaluate", validation.first)
    return data, validation


class _Run:
    """A single training with a program."""

    def __init__(self, task, program, events, kind):
        self._task, self._program, self._events = task, program, events
        self._kind = kind
        self._seen = None
        program.set_state(self._first_values())
        if task.callbacks:  # they may change weights or the learning rate
            self._seen = SeenModel(task, task.schedule.n_batches(task.data))
            self._seen.assign(program.state())

    def _first_values(self):
        state, kind = self._task.state, self._kind
        before = state.optimizer
        if before is None or before.key != kind.key:
            values = self._program.first_optimizer_values(kind.learning_rate)
        elif before.learning_rate == self._task.objective.learning_rate:
            values = before.values
        else:
            values = self._program.with_rate(before.values, kind.learning_rate)
        return [*state.weights, *state.dropout_states, *values]

    def train(self, data, validation):
        """Train until the last epoch, or until callbacks, early stopping or Ctrl-C."""
        events, seen = self._events, self._seen
        if seen is not None:
            seen.introduce()
            seen.tell("on_train_begin", {})
        logs = {}
        orders = self._task.schedule.of_epochs(data.n_blocks)
        try:
            for epoch, order in enumerate(orders):
                logs = self._train_epoch(epoch, data.in_order(*order), validation)
                if events.stop or (seen is not None and seen.stop_training):
                    break
        except KeyboardInterrupt:  # perhaps within an epoch
            if events.last is None:
                raise
            logs = self._restore(events.interrupt())
        return self._end(logs)

    def _restore(self, epoch):
        """Restore the state of a recorded epoch, and return its logs."""
        self._program.set_state(epoch.state.values)
        if self._seen is not None:
            self._seen.assign(epoch.state.values)
        return epoch.logs

    def _end(self, logs):
        """Call the callbacks for the end of training, and return the final state."""
        program, seen = self._program, self._seen
        if seen is not None:
            program.set_state(seen.values())
        values = program.final_state()
        if self._events.best_weights is not None:
            values[: len(self._events.best_weights)] = self._events.best_weights
        if seen is not None:
            seen.assign(values)
            seen.tell("on_train_end", logs)
            values = seen.values()
        return self._state(values)

    def _train_epoch(self, epoch, blocks, validation):
        program, seen = self._program, self._seen
        if seen is not None:
            seen.tell("on_epoch_begin", epoch, {})
        self._events.begin_epoch()
        if seen is not None:
            program.set_state(seen.values())
        figures = program.train(blocks)
        if validation is not None:
            figures += program.evaluate(validation.blocks())
        values = program.state()
        if seen is not None:
            seen.assign(values)
        logs = self._events.end_epoch(figures, self._state(values))
        if seen is not None:
            seen.tell("on_epoch_end", epoch, logs)
        return logs

    def _state(self, values):
        n_weights = len(self._task.state.weights)
        n_others = n_weights + len(self._task.state.dropout_states)
        learning_rate = self._task.objective.learning_rate
        return TrainingState(
            values[:n_weights],
            values[n_weights:n_others],
            OptimizerState(self._kind.key, learning_rate, values[n_others:]),
        )


class _LoadedData:
    """Training data in the form a program takes. A single block is loaded only once."""

    def __init__(self, program, data, batch_size, like=None):
        self._program, self._data, self._batch_size = program, data, batch_size
        self.n_blocks = len(data.n_of_blocks)
        block = data.block(0)
        self._series = block.series if self.n_blocks == 1 else None
        is_same = like is not None and block.series is like._series
        self.first = self._load(block, like.first.arrays if is_same else None)

    def blocks(self):
        """Yield all blocks."""
        return map(self._block, range(self.n_blocks))

    def in_order(self, numbers, shuffle):
        """Yield blocks in the given order, with shuffled samples."""
        for number in numbers:
            block = self._block(number)
            shuffle(block.order)
            yield block

    def _block(self, number):
        if self.n_blocks == 1:
            return self.first
        return self._load(self._data.block(number))

    def _load(self, block, arrays=None):
        length = self._data.block_length
        return self._program.load(block, length, self._batch_size, arrays)
