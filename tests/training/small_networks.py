"""Small networks and windows that several test modules train with."""

import numpy as np

from skrnn import ElmanRegressor
from skrnn.networks.affine import Affine
from skrnn.networks.inputs import InputSpec
from skrnn.training.data import Samples, TrainingData
from skrnn.training.scaling import Scaling
from skrnn.windows.view import WindowView

BATCH_SIZE = 16  # sixty windows: the last batch has twelve
STOPS = {"early_stopping": True, "n_iter_no_change": 3, "tol": 0.01}


def small(**params):
    defaults = {"units": 3, "epochs": 30, "batch_size": 16, "random_state": 0}
    return ElmanRegressor(**{**defaults, **params})


def missing(windows):
    windows = windows.copy()
    windows[::3, 2, 0] = np.nan
    windows[::7, -1, 1] = np.nan
    return windows


def plain_samples(windows, y, weight=None):
    """Samples that are not normalised or filled."""
    inputs = InputSpec(*windows.shape[1:])
    scaling = Scaling(None, Affine(shift=np.zeros(1)))
    return Samples(
        WindowView(windows),
        y.reshape(len(y), -1),
        inputs,
        scaling,
        weight,
        offset=None,
        is_homogeneous=True,
        has_metrics=False,
        dtype="float32",
    )


def data_of(windows, y, weight=None):
    """Training data of all windows, with or without missing steps."""
    return TrainingData(plain_samples(windows, y, weight), range(len(y)), None)
