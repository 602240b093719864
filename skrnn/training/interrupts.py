"""Handles Ctrl-C during training."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def interrupts_between_epochs():
    """Delay Ctrl-C until the yielded function is called; a second one acts at once.

    Without the delay, the handler could run when an epoch has changed the weights but
    is not yet in the history.
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
