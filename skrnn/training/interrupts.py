"""Ctrl-C during training."""

import contextlib
import signal
import threading


@contextlib.contextmanager
def interrupts_between_epochs():
    """Hold Ctrl-C back until an epoch is recorded; the second time it acts at once.

    While a compiled epoch runs, the handler would run right behind it: with the
    weights of an epoch that is not in the history. A handler of the user's is called
    between epochs as well.

    Yields
    ------
    callable
        Calls the handler if Ctrl-C was pressed.
    """
    handler = signal.getsignal(signal.SIGINT)
    in_main_thread = threading.current_thread() is threading.main_thread()
    if not (in_main_thread and callable(handler)):  # no Python code would run
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
    """Raised when Ctrl-C is pressed again before the end of the epoch."""
