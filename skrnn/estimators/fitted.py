"""Trained networks as an estimator stores them: plain values and arrays."""

import importlib
import threading
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from skrnn.estimators.preparation import Preparation, batches
from skrnn.networks.inputs import prepare, references
from skrnn.networks.missing import mark_missing
from skrnn.networks.prediction import Predictor, can_predict
from skrnn.networks.spec import NetworkSpec
from skrnn.training import start

_MADE = "_predictors", "_stretch_and_shift"  # caches for predictions, not pickled


@dataclass
class FittedModel:
    """One or more trained networks, and how their outputs become predictions.

    spec : NetworkSpec
    states : list of TrainingState, the weights of each network, and what continued
        training starts from
    preparation : Preparation, how windows become inputs, and outputs become predictions
    levels : tuple of float, levels of the predicted quantiles, or None
    share : float, factor of the mean of the networks before the prediction of a base is
        added
    """

    spec: NetworkSpec
    states: list
    preparation: Preparation
    levels: tuple | None
    share: float = 1.0

    def predict(self, windows):
        """Return predictions in the units of the targets, levels varying fastest.

        They are float64 of shape (n_samples, n_targets * n_levels).
        """
        if self._is_one_unit:
            stretch, shift = self._stretch_and_shift
            return self.outputs(windows) * stretch + shift
        parts = [self._predict_part(windows[rows]) for rows in batches(windows)]
        return np.concatenate(parts)

    @property
    def _is_one_unit(self):
        """Whether all predictions are the same linear function of the outputs."""
        prepared = self.preparation
        return prepared.base is None and not prepared.inputs.normalize

    @cached_property
    def _stretch_and_shift(self):
        """Factor and shift that turn each output into a prediction."""
        scales = self.preparation.scales
        n_levels = self.spec.n_outputs // len(scales.location)
        shift = np.repeat(self.share * scales.location, n_levels)
        return np.float64(self.share * scales.scale), shift

    def _predict_part(self, windows):
        prepared = self.preparation
        center, spread = 0.0, 1.0
        if prepared.inputs.normalize:
            scales = prepared.scales.features
            center, spread = references(windows, prepared.inputs, scales)
        if prepared.base is not None:
            center = center + spread * prepared.offset(windows)
        return self._in_units(self.outputs(windows), center, spread)

    def _in_units(self, outputs, center, spread):
        scales = self.preparation.scales
        n_targets = len(scales.location)
        outputs = outputs.reshape(len(outputs), n_targets, -1).astype(np.float64)
        stretch = self.share * scales.scale * spread
        shift = center + spread * (self.share * scales.location)
        outputs *= _column(stretch)
        outputs += _column(shift)
        return outputs.reshape(len(outputs), -1)

    def outputs(self, windows):
        """Return the mean of the networks' outputs, in the units used in training.

        The shape is that of `predict`, the dtype that of the network.
        """
        predictors = vars(self).get("_predictors")
        if predictors is None:  # harmless if two threads create them at once
            predictors = self._predictors = list(map(self._make_predictor, self.states))
        inputs, scales = self.preparation.inputs, self.preparation.scales.features
        try:
            if inputs.is_plain:
                return _mean([predict(windows) for predict in predictors])
            parts = []
            for rows in batches(windows):
                prepared = prepare(windows[rows], inputs, scales)
                parts.append(_mean([predict(prepared) for predict in predictors]))
            return np.concatenate(parts)
        except OverflowError:
            raise ValueError(
                f"X has values too large for dtype={self.spec.dtype!r}. Scale X, or "
                'set dtype="float64".'
            ) from None

    def _make_predictor(self, state):
        n_steps = self.preparation.inputs.n_steps
        if can_predict(self.spec):
            return Predictor(self.spec, state.weights, n_steps)
        start.load()
        keras_network = importlib.import_module("skrnn.training.keras_network")
        model = keras_network.build_model(self.spec, state)
        return _KerasPredictor(model, self.spec.dtype)

    def keras_model(self, *, fold=True):
        """Build a `keras.Model` from windows to predictions, without the base."""
        start.load()
        keras_model = importlib.import_module("skrnn.training.keras_model")
        return keras_model.build_whole_model(
            self.spec, self.states, self.preparation.scales, self.share, fold=fold
        )

    def keras_regressor(self, objective, **parameters):
        """Return a KerasRegressor whose model function is `keras_model`."""
        start.load()
        keras_model = importlib.import_module("skrnn.training.keras_model")
        states = [replace(state, optimizer=None) for state in self.states]
        build = partial(replace(self, states=states).keras_model, fold=False)
        return keras_model.keras_regressor(build, objective, **parameters)

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if k not in _MADE}


def _mean(outputs):
    """Return the mean of arrays, or a single array unchanged."""
    return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)


def _column(values):
    """Return values per target in a shape that broadcasts over the levels."""
    return values if np.ndim(values) == 0 else np.asarray(values)[..., np.newaxis]


class _KerasPredictor:
    """Predicts with Keras, for activations that are not implemented in NumPy."""

    def __init__(self, model, dtype):
        self._model, self._dtype = model, dtype
        self._lock = threading.Lock()

    def __call__(self, windows):
        start.load()  # again, as this process may be a fork
        with self._lock:
            return np.concatenate(
                [
                    self._model(mark_missing(windows[rows], self._dtype)).numpy()
                    for rows in batches(windows)
                ]
            )
