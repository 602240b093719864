"""A trained network as an estimator holds it: plain values and arrays."""

import importlib
import threading
from dataclasses import dataclass

import numpy as np
from sklearn.utils import gen_batches

from skrnn.networks.missing import mark_missing
from skrnn.networks.prediction import Predictor, can_predict
from skrnn.networks.spec import NetworkSpec
from skrnn.training import start
from skrnn.training.state import TrainingState

_VALUES_AT_ONCE = 2**20  # of the windows that Keras predicts at a time


@dataclass
class FittedNetwork:
    """A trained network.

    Pickling and copying keep its parameters, and nothing of what is made of them for
    predictions.

    Parameters
    ----------
    spec : NetworkSpec
        The network.
    state : TrainingState
        Its weights, and what training needs to go on.
    n_timesteps : int
        Steps of a window.
    levels : tuple of float or None
        Levels of the quantiles that it predicts, if it does.
    """

    spec: NetworkSpec
    state: TrainingState
    n_timesteps: int
    levels: tuple | None

    def predict(self, windows):
        """Return the outputs of the network.

        Parameters
        ----------
        windows : ndarray of shape (n_samples, n_timesteps, n_features)
            NaN where a value is missing.

        Returns
        -------
        ndarray of shape (n_samples, n_outputs)
            In the dtype of the network.

        Raises
        ------
        ValueError
            If a value is too large for the dtype of the network.
        """
        predictor = vars(self).get("_predictor")
        if predictor is None:  # two threads may both make one, which does no harm
            predictor = self._predictor = self._make_predictor()
        try:
            return predictor(windows)
        except OverflowError:
            raise ValueError(
                f"X has values too large for dtype={self.spec.dtype!r}. Scale X, or "
                'set dtype="float64".'
            ) from None

    def _make_predictor(self):
        if can_predict(self.spec):
            return Predictor(self.spec, self.state.weights, self.n_timesteps)
        return _KerasPredictor(self.keras_model(), self.spec, self.n_timesteps)

    def keras_model(self):
        """Build a `keras.Model` with these weights."""
        start.load()
        keras_network = importlib.import_module("skrnn.training.keras_network")
        return keras_network.build_model(self.spec, self.state)

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if k != "_predictor"}


class _KerasPredictor:
    """Predicts by Keras what NumPy does not: networks with other activations."""

    def __init__(self, model, spec, n_timesteps):
        self._model, self._dtype = model, spec.dtype
        with start.compiling():  # TensorFlow logs at the first prediction
            model(np.zeros((1, n_timesteps, spec.n_features), spec.dtype))
        self._lock = threading.Lock()

    def __call__(self, windows):
        n_at_once = max(1, _VALUES_AT_ONCE // max(1, windows[:1].size))
        with self._lock:
            return np.concatenate(
                [
                    self._model(mark_missing(windows[rows], self._dtype)).numpy()
                    for rows in gen_batches(len(windows), n_at_once)
                ]
            )
