"""A process that only predicts needs no TensorFlow."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import GRURegressor, LSTMRegressor, SequenceWindower

SERIES = np.sin(np.arange(120.0)).reshape(-1, 1)


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """A fitted pipeline, its prediction of the next row, and its file."""
    pipe = make_pipeline(
        MinMaxScaler(), SequenceWindower(8), LSTMRegressor(50, epochs=1, random_state=0)
    )
    pipe.fit(SERIES[:-1], SERIES[1:, 0])
    path = tmp_path_factory.mktemp("stored") / "pipe.pkl"
    path.write_bytes(pickle.dumps(pipe))
    return path, pipe.predict(SERIES[-1:])


SERVES = """
import pickle, sys
import numpy, pandas
import sklearn.pipeline, sklearn.preprocessing

def peak():
    status = open("/proc/self/status").read()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024

before = peak()
pipe = pickle.load(open(sys.argv[1], "rb"))
print(pipe.predict(numpy.array([[float(sys.argv[2])]]))[0])
print(peak() - before)
linear_models = [name for name in sys.modules if name == "sklearn.linear_model"]

from sklearn.base import clone
from sklearn.utils import estimator_html_repr
pickle.dumps(pipe), clone(pipe), repr(pipe), pipe.get_params()
assert "Network: " in estimator_html_repr(pipe[-1]) or sklearn.__version__ < "1.9"
names = "tensorflow", "keras", "scikeras"
print([name for name in names if name in sys.modules] + linear_models)
"""


@pytest.fixture(scope="module")
def served(stored):
    path, _ = stored
    command = [sys.executable, "-c", SERVES, str(path), str(SERIES[-1, 0])]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_another_process_predicts_the_same(stored, served):
    assert_allclose(float(served[0]), stored[1][0], rtol=1e-6)


def test_loading_predicting_copying_and_showing_import_only_what_they_need(served):
    assert served[2] == "[]"


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="only Linux tells the peak"
)
def test_its_memory_is_that_of_scikit_learn_and_pandas(served):
    assert float(served[1]) < 15


def test_a_network_that_numpy_does_not_predict_is_predicted_by_keras(windows, target):
    fitted = GRURegressor(2, activation="mish", epochs=1, random_state=0)
    fitted.fit(windows, target)
    expected = fitted.model_.predict(windows, verbose=0).ravel()
    assert_allclose(fitted.predict(windows), expected, rtol=1e-5, atol=1e-7)
