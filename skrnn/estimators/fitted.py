"""Trained networks as an estimator stores them: plain values and arrays."""

import threading
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np

from skrnn.estimators.data_warnings import warn_of_windows_to_predict
from skrnn.estimators.preparation import Preparation, in_parts
from skrnn.networks.affine import Affine
from skrnn.networks.inputs import network_inputs
from skrnn.networks.missing import mark_missing
from skrnn.networks.prediction import Predictor, can_predict
from skrnn.networks.spec import NetworkSpec
from skrnn.training import tensorflow_import

_MADE = "_predictors", "_scaling"  # caches for predictions, not pickled


@dataclass
class FittedModel:
    """One or more trained networks, and how their outputs become predictions."""

    spec: NetworkSpec
    states: list  # a TrainingState of each network
    preparation: Preparation
    quantile_levels: tuple | None
    network_weight: float  # in the sum of networks and base
    trained_with_missing: bool  # whether windows to train on had missing values

    def predict(self, windows):
        """Return predictions (n_samples, n_outputs), levels varying fastest."""
        prepared = self.preparation
        warn_of_windows_to_predict(
            windows, prepared.inputs.fill, self.trained_with_missing
        )
        if not prepared.bases and prepared.inputs.is_plain:  # makes no copies
            return self._predict_part(windows)
        return in_parts(self._predict_part, windows)

    @cached_property
    def _scaling(self):
        """The Affine from outputs to predictions relative to the windows and base."""
        targets = self.preparation.scaling.targets.repeated(self._n_levels)
        # an array, as a scalar does not make float32 float64 in NumPy 1
        return Affine(np.full(1, self.network_weight, dtype=np.float64)).after(targets)

    @property
    def _n_levels(self):
        return len(self.quantile_levels or (None,))

    def _predict_part(self, windows):
        prepared, scaling = self.preparation, self._scaling
        if prepared.bases:
            base = Affine(shift=prepared.offset(windows))
            scaling = base.repeated(self._n_levels).after(scaling)
        if prepared.inputs.normalize:
            reference = prepared.references(windows)
            scaling = reference.repeated(self._n_levels).after(scaling)
        return scaling(self.outputs(windows))

    def outputs(self, windows):
        """Return the mean of the networks' outputs, in the units used in training."""
        inputs, features = self.preparation.inputs, self.preparation.scaling.features
        windows = network_inputs(windows, inputs, features)
        try:
            outputs = [predict(windows) for predict in self._predictors]
        except OverflowError:
            raise ValueError(
                f"X has values too large for dtype={self.spec.dtype!r}. Scale X, or "
                'set dtype="float64".'
            ) from None
        return outputs[0] if len(outputs) == 1 else np.mean(outputs, axis=0)

    @cached_property
    def _predictors(self):
        return list(map(self._make_predictor, self.states))

    def _make_predictor(self, state):
        """Return a function of windows, which computes in NumPy if it can."""
        n_steps = self.preparation.inputs.n_steps
        if can_predict(self.spec):
            return Predictor(self.spec, state.weights, n_steps)
        model = _keras_network().build_model(self.spec, state)
        lock, dtype = threading.Lock(), self.spec.dtype

        def predict(windows):
            tensorflow_import.load()  # again, as this process may be a fork
            with lock:
                return in_parts(
                    lambda part: model(mark_missing(part, dtype)).numpy(), windows
                )

        return predict

    def keras_model(self, *, fold=True):
        """Build a `keras.Model` from windows to predictions, without the base."""
        features = self.preparation.scaling.features
        return _keras_network().build_whole_model(
            self.spec, self.states, features, self._scaling, fold=fold
        )

    def keras_regressor(self, objective, **parameters):
        """Return a KerasRegressor whose model function is `keras_model`."""
        states = [replace(state, optimizer=None) for state in self.states]
        build = partial(replace(self, states=states).keras_model, fold=False)
        return _keras_network().keras_regressor(build, objective, **parameters)

    def __getstate__(self):
        return {k: v for k, v in vars(self).items() if k not in _MADE}


def _keras_network():
    """Import TensorFlow, and return the module that builds Keras models."""
    tensorflow_import.load()
    from skrnn.training import keras_network

    return keras_network
