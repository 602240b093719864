"""Reports the progress of training as a progress bar or as lines."""

import contextlib

from skrnn._progress import start_bar


class ProgressReport:
    """Reports epochs on stdout, by a bar or a line per tenth, or with 2 per epoch."""

    def __init__(self, verbose, epochs):
        self._verbose, self._epochs = verbose, epochs
        self._resources, self._bar = contextlib.ExitStack(), None
        self._last, self._line = 0, None

    def __enter__(self):
        if self._verbose == 1:
            self._bar = start_bar(self._resources, "epoch", self._epochs)
        return self

    def begin_epoch(self):
        """Do nothing."""

    def end_epoch(self, epoch):
        """Report loss and metrics of an Epoch."""
        self._last = epoch.number
        logs = ", ".join(f"{name} {value:.6g}" for name, value in epoch.logs.items())
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=epoch.number, logs=logs)
            return
        self._line = f"epoch {epoch.number}/{self._epochs}: {logs}"
        if self._verbose == 2 or (self._verbose == 1 and self._ends_a_tenth()):
            self._print_line()

    def __exit__(self, error, *_):
        with self._resources:
            if error is not None or not self._verbose or self._last == self._epochs:
                return
            if self._bar is not None:
                self._bar.update(self._bar.task_ids[0], total=self._last)
                return
            self._print_line()
            end = f"Training ended after {self._last} of {self._epochs} epochs."
            print(end, flush=True)

    def _print_line(self):
        if self._line is not None:
            print(self._line, flush=True)
            self._line = None

    def _ends_a_tenth(self):
        return self._last == self._epochs or self._last * 10 % self._epochs < 10
