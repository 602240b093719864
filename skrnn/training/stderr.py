"""Keeps the start-up messages of TensorFlow off stderr."""

import contextlib
import os
import re
import sys
import threading

# Lines that TensorFlow's C++ code logs, whatever its environment variables say.
_LOG_LINE = re.compile(
    rb"[IWE]\d{4} \d\d:\d\d:"
    rb"|\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: [IWE] "
    rb"|WARNING: All log messages before absl::InitializeLog"
    rb"|To enable the following instructions: "
    rb"|\t \[\[\{\{node "  # the second line of some messages
)


@contextlib.contextmanager
def held_stderr():
    """Hold back stderr, and drop the log lines of TensorFlow unless the block raises.

    Yields a function that discards what was written so far, for failures that
    TensorFlow reports at length but that are handled.
    """
    try:
        stderr = os.dup(2)
    except OSError:  # the process has no stderr
        yield lambda: None
        return
    relay = _Relay(stderr)
    failed = True
    try:
        yield relay.forget
        failed = False
    finally:
        relay.end(keep_log=failed)


class _Relay:
    """A pipe that replaces stderr, also in child processes, and a thread to read it."""

    def __init__(self, stderr):
        self._stderr = stderr
        self._held = bytearray()
        self._is_held, self._is_last = True, False
        self._mark = b"\0skrnn:%d:%d\0\n" % (os.getpid(), id(self))
        self._marked = threading.Event()
        self._read_end, write_end = os.pipe()
        _flush()
        os.dup2(write_end, 2)
        os.close(write_end)
        threading.Thread(target=self._read, daemon=True, name="skrnn-stderr").start()

    def forget(self):
        """Discard what was written so far."""
        self._catch_up()
        self._held.clear()

    def end(self, *, keep_log):
        """Restore stderr, and write what was held back."""
        self._catch_up(is_last=True)
        for line in bytes(self._held).splitlines(keepends=True):
            if keep_log or not _LOG_LINE.match(line):
                os.write(2, line)

    def _catch_up(self, *, is_last=False):
        """Wait until all that was written so far has been read."""
        _flush()
        self._marked.clear()
        self._is_last = is_last
        os.write(2, self._mark)
        if is_last:
            os.dup2(self._stderr, 2)
        self._marked.wait()

    def _read(self):
        while data := os.read(self._read_end, 2**16):
            if not self._is_held:
                os.write(self._stderr, data)
                continue
            self._held += data
            found = self._held.find(self._mark)
            if found >= 0:
                behind = bytes(self._held[found + len(self._mark) :])
                del self._held[found:]
                self._is_held = not self._is_last
                if self._is_held:
                    self._held += behind
                elif behind:
                    os.write(self._stderr, behind)
                self._marked.set()
        os.close(self._read_end)
        os.close(self._stderr)


def _flush():
    if sys.stderr is not None:
        sys.stderr.flush()
