"""What a fit leaves behind, and how it is kept."""

import copy
import threading

from skrnn._estimator import VersionedEstimator
from skrnn.training import start


class KeptEstimator(VersionedEstimator):
    """Imports TensorFlow quietly before Keras objects are unpickled."""

    def __getstate__(self):
        state = super().__getstate__()
        kept = state["_fitted"].params if "_fitted" in state else {}
        values = [*self.get_params(deep=False).values(), *kept.values()]
        if any(map(_may_need_keras, values)):
            return {"_door": _Door(), **state}
        return state

    def __setstate__(self, state):
        state = {**state}
        state.pop("_door", None)
        super().__setstate__(state)


class _Door:
    """Imports TensorFlow quietly when unpickled: what follows are Keras objects."""

    def __reduce__(self):
        return _open_door, ()


def _open_door():
    start.load()


def _may_need_keras(value):
    """Tell whether a parameter is or holds a Keras object, or a function."""
    if isinstance(value, (list, tuple)):
        return any(map(_may_need_keras, value))
    return callable(value) or any(
        c.__module__.startswith("keras.") for c in type(value).__mro__
    )


class FittedNetwork:
    """A trained network: asleep it is plain parameters and arrays.

    Pickling and copying store it asleep, without Keras objects; it wakes at the
    first use, which imports TensorFlow.

    Parameters
    ----------
    wrapper : skrnn.training.wrapper.RecurrentWrapper
        The trained wrapper.
    """

    def __init__(self, wrapper):
        self._wrapper = wrapper
        self._asleep = None
        self._waking = threading.Lock()

    @classmethod
    def snapshot(cls, wrapper):
        """Return a network as it is now, whatever becomes of its wrapper."""
        network = cls(None)
        network._asleep = copy.deepcopy(cls(wrapper).__getstate__())
        return network

    @property
    def params(self):
        """The wrapper's parameters as they are kept, which wakes nothing."""
        asleep = self._asleep
        return self._wrapper.kept_params() if asleep is None else asleep["params"]

    @property
    def levels(self):
        """Levels of the quantiles that the network predicts, or None."""
        asleep = self._asleep
        params = self._wrapper.params if asleep is None else asleep["params"]
        return params["levels"]

    @property
    def wrapper(self):
        """The scikeras wrapper, awake."""
        with self._waking:
            if self._wrapper is None:
                new = start.load().RecurrentWrapper(**self._asleep["params"])
                self._wrapper = new.resume(self._asleep["state"])
                self._asleep = None
        return self._wrapper

    def __getstate__(self):
        if self._wrapper is None:
            return self._asleep
        return {"params": self.params, "state": self._wrapper.state()}

    def __setstate__(self, asleep):
        self.__init__(None)
        self._asleep = asleep
