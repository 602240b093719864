"""Runs tasks in parallel, with each matrix product on a single BLAS thread."""

import os
import threading
from concurrent.futures import ThreadPoolExecutor

from threadpoolctl import ThreadpoolController


class _OneThread:
    """Limits BLAS to the calling thread, in the whole process, while it is entered."""

    def __init__(self):
        self._lock = threading.Lock()
        self._n_users, self._blas, self._limit = 0, None, None

    def __enter__(self):
        """Limit BLAS; return how many threads it had before."""
        with self._lock:
            if self._blas is None:
                self._blas = ThreadpoolController().select(user_api="blas")
            if self._n_users == 0:
                libraries = self._blas.lib_controllers
                self.n_threads = max([each.num_threads for each in libraries] or [1])
                self._limit = self._blas.limit(limits=1)
            self._n_users += 1
            return self.n_threads

    def __exit__(self, *_):
        """Restore the number of threads if there is no other user."""
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._limit.restore_original_limits()


one_thread = _OneThread()


def for_each(function, arguments, n_threads):
    """Return the results of a function for arguments, on up to `n_threads` threads."""
    n_threads = min(n_threads, len(arguments), os.cpu_count() or 1)
    if n_threads < 2:
        return list(map(function, arguments))
    with ThreadPoolExecutor(n_threads) as threads:
        return list(threads.map(function, arguments))
