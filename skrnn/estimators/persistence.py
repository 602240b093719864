"""Pickling of regressors whose parameters contain Keras objects."""

from skrnn._estimator import VersionedEstimator
from skrnn.training import tensorflow_import


class PersistentRegressor(VersionedEstimator):
    """Silences TensorFlow's start-up messages when Keras parameters are unpickled.

    List it before `sklearn.base.BaseEstimator` in the bases of a class.
    """

    def __getstate__(self):
        state = super().__getstate__()
        if any(map(_may_need_keras, self.get_params(deep=False).values())):
            return {"_imports_first": _Imports(), **state}
        return state

    def __setstate__(self, state):
        super().__setstate__({k: v for k, v in state.items() if k != "_imports_first"})


class _Imports:
    """Imports TensorFlow, and silences it, when it is unpickled."""

    def __reduce__(self):
        return tensorflow_import.import_once, ()


def _may_need_keras(value):
    """Return whether a parameter is or contains a Keras object or a function."""
    if isinstance(value, (list, tuple)):
        return any(map(_may_need_keras, value))
    return callable(value) or any(
        c.__module__.startswith("keras.") for c in type(value).__mro__
    )
