"""The epochs of a training, with callbacks, early stopping and Ctrl-C.

Both trainers run this loop. They differ in the program that trains an epoch.
"""

from dataclasses import replace
from functools import partial

import numpy as np

from skrnn.training.callbacks import SeenModel
from skrnn.training.optimizers import OptimizerKind
from skrnn.training.state import Epoch, History, OptimizerState, TrainingState

_LOSSES = "loss", "val_loss"


class Run:
    """A single training: its epochs, their record, and when to stop."""

    def __init__(self, task, earlier_history, watchers):
        self._task, self._watchers = task, watchers
        self._names = ["loss", *task.objective.metrics]
        if task.validation is not None:
            self._names += [f"val_{name}" for name in self._names]
        self.history = History.after(earlier_history, self._names)
        self._kind = OptimizerKind.of(task.objective)
        self._best_weights, self._best = None, np.inf
        self._to_beat, self._waited = np.inf, 0
        self._stop, self._last = False, None

    def may_keep_first(self, loss):
        """Let early stopping choose the state before the first epoch as the best."""
        loss *= self._task.loss_unit
        self.history.loss_before = self._best = self._to_beat = loss
        self._best_weights = self._task.state.weights

    def train(self, program, data, validation):
        """Train with a program; return the last Epoch, with the final state."""
        program.set_state(self._first_values(program))
        self.seen = seen = SeenModel(self._task, program)
        seen.tell("on_train_begin", {})
        orders = self._task.schedule.of_epochs(data.n_blocks)
        try:
            for epoch, order in enumerate(orders):
                self._train_epoch(program, epoch, data.blocks(*order), validation)
                if self._stop or seen.stop_training:
                    break
        except KeyboardInterrupt:  # perhaps within an epoch
            if self._last is None:
                raise
            self._last = replace(self._last, interrupted=True)
            self.history.cut(self._last.number)
            program.set_state(self._last.state.values)
            seen.show()
        return replace(self._last, state=self._final_state(program))

    def _first_values(self, program):
        state = self._task.state
        before, values = state.optimizer, program.first_optimizer_values
        rate = self._kind.learning_rate
        if before is not None and before.key == self._kind.key:
            values = before.values
            if before.learning_rate == rate:
                rate = None  # callbacks may have changed it
        values = _with_rate(program.optimizer, values, rate)
        return [*state.weights, *state.dropout_states, *values]

    def _train_epoch(self, program, epoch, blocks, validation):
        seen = self.seen
        seen.tell("on_epoch_begin", epoch, {})
        for watcher in self._watchers:
            watcher.begin_epoch()
        seen.take_over()
        losses = program.train(blocks)
        if validation is not None:
            losses += program.evaluate(validation.blocks())
        seen.show()
        self._record(losses, self._state(program.state()))
        seen.tell("on_epoch_end", epoch, self._last.logs)

    def _record(self, losses, state):
        """Record an epoch, with its losses in the units of the targets."""
        logs = dict(zip(self._names, losses, strict=True))
        unit = self._task.loss_unit
        logs |= {name: logs[name] * unit for name in _LOSSES if name in logs}
        self.history.append(logs)
        number = self.history.n_epochs
        check_finite("the loss of", number, logs["loss"])
        if self._task.patience:
            check_finite("the validation loss of", number, logs["val_loss"])
            self._watch_validation_loss(logs["val_loss"], state)
        self._last = Epoch(number, logs, state, self.history, self._best_weights)
        for watcher in self._watchers:
            self._stop |= bool(watcher.end_epoch(self._last))

    def _watch_validation_loss(self, loss, state):
        if loss < self._best:
            self._best, self._best_weights = loss, state.weights
        n_iter_no_change, tol = self._task.patience
        if loss < self._to_beat - tol:
            self._to_beat, self._waited = loss, 0
            return
        self._waited += 1
        self._stop |= self._waited >= n_iter_no_change

    def _final_state(self, program):
        """Call the callbacks for the end of training, and return the final state."""
        seen, last = self.seen, self._last
        seen.take_over()
        values = program.final_state()
        if last.best_weights is not None:
            values[: len(last.best_weights)] = last.best_weights
        if self._task.callbacks:
            program.set_state(values)
            seen.show()
            seen.tell("on_train_end", last.logs)
            seen.take_over()
            values = program.state()
        return self._state(values)

    def _state(self, values):
        n_weights = len(self._task.state.weights)
        n_others = n_weights + len(self._task.state.dropout_states)
        learning_rate = self._kind.learning_rate
        return TrainingState(
            values[:n_weights],
            values[n_weights:n_others],
            OptimizerState(self._kind.key, learning_rate, values[n_others:]),
        )


def check_finite(what, epoch, value):
    """Raise a ValueError if a loss or a sum of weights is not finite."""
    if not np.isfinite(value):
        raise ValueError(
            f"Training diverged: {what} epoch {epoch} is {value}. Try a lower "
            "learning_rate, an optimizer that limits the gradient, such as "
            "keras.optimizers.Adam(0.005, clipnorm=1.0), or scaled data."
        )


def _with_rate(optimizer, values, learning_rate):
    """Return values of an optimizer's variables with a learning rate, unless None."""
    if learning_rate is None:
        return values
    rate = optimizer.learning_rate
    return [
        np.asarray(learning_rate, value.dtype) if variable is rate else value
        for variable, value in zip(optimizer.variables, values, strict=True)
    ]


def load_data(program, task):
    """Return the training and validation data (or None) in the form of a program."""
    batch_size, validation = task.schedule.batch_size, None
    data = LoadedBlocks(program, task.data, batch_size)
    if task.validation is not None:
        validation = LoadedBlocks(program, task.validation, batch_size, like=data)
    return data, validation


class LoadedBlocks:
    """Training data in the form a program takes. A single block is loaded only once."""

    def __init__(self, program, data, batch_size, like=None):
        self._data, self.n_blocks = data, len(data.n_of_blocks)
        self._load = partial(
            program.load, n_rows=data.block_length, batch_size=batch_size
        )
        block = data.block(0)
        self._series = block.series if self.n_blocks == 1 else None
        is_same = like is not None and block.series is like._series
        self.first = self._load(block, like=like.first if is_same else None)

    def blocks(self, numbers=None, shuffle=None):
        """Yield all blocks, or those of some numbers, with shuffled samples."""
        for number in range(self.n_blocks) if numbers is None else numbers:
            is_only = self.n_blocks == 1
            block = self.first if is_only else self._load(self._data.block(number))
            if shuffle is not None:
                shuffle(block.samples)
            yield block
