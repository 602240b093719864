"""Handles Ctrl-C during training."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def interrupts_between_epochs():
    """Delay Ctrl-C until the epoch is recorded. A second Ctrl-C acts at once.

    Without the delay, the signal handler would run directly after a compiled epoch,
    when the weights have changed but the history does not have the epoch yet. The
    user's own signal handlers are delayed in the same way.

    Yields
    ------
    callable
        Calls the handler if Ctrl-C was pressed.
    """
    handler = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not (in_main_thread and callable(handler)):  # no handler that could be delayed
        yield lambda: None
        return
    held_back = []

    def hold_back(*arguments):
        held_back.append(arguments)
        if len(held_back) > 1:
            try:
                deliver()
            except KeyboardInterrupt:
                raise AbortedError from None

    def deliver():
        while held_back:
            handler(*held_back.pop())

    signal.signal(signal.SIGINT, hold_back)
    try:
        yield deliver
    except AbortedError:
        held_back.clear()
        raise
    finally:
        signal.signal(signal.SIGINT, handler)
        deliver()


class AbortedError(KeyboardInterrupt):
    """Raised when Ctrl-C is pressed a second time before the end of the epoch."""
