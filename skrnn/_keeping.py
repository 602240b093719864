"""What a fit leaves behind, and how it is kept."""

import threading
from contextlib import contextmanager

from skrnn import _backend


class FittedNetwork:
    """A trained network: asleep it is plain parameters and arrays.

    Pickling and copying store it asleep, without Keras objects; it wakes at the
    first use, which imports TensorFlow.

    Parameters
    ----------
    wrapper : skrnn._wrapper.RecurrentWrapper
        The trained wrapper.
    """

    def __init__(self, wrapper):
        self._wrapper = wrapper
        self._asleep = None
        self._waking = threading.Lock()

    @property
    def levels(self):
        """Levels of the quantiles that the network predicts, or None."""
        kept = self._asleep or {"params": self._wrapper.params}
        return kept["params"]["levels"]

    @property
    def wrapper(self):
        """The scikeras wrapper, awake."""
        with self._waking:
            if self._wrapper is None:
                new = _backend.load().RecurrentWrapper(**self._asleep["params"])
                self._wrapper = new.resume(self._asleep["state"])
                self._asleep = None
        return self._wrapper

    def __getstate__(self):
        if self._wrapper is None:
            return self._asleep
        return {"params": self._wrapper.params, "state": self._wrapper.state()}

    def __setstate__(self, asleep):
        self.__init__(None)
        self._asleep = asleep


@contextmanager
def unchanged_on_error(estimator):
    """Give an estimator back its attributes if the block ends in an exception.

    Parameters
    ----------
    estimator : BaseEstimator
        Keeps what it was by its last fit if the next one fails.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
