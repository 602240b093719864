"""A fitted estimator is plain parameters and arrays when it is kept."""

import copy
import pickle
import subprocess
import sys

import joblib
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, SequenceWindower

IN_ANOTHER_PROCESS = """
import sys
import joblib
import numpy as np
pipe, X = joblib.load(sys.argv[1])
pipe.get_params()
assert "tensorflow" not in sys.modules, "loading imported TensorFlow"
np.save(sys.argv[2], pipe.predict(X))
assert "tensorflow" in sys.modules
"""


@pytest.fixture(scope="module")
def series():
    return np.random.RandomState(0).rand(80, 1)


@pytest.fixture(scope="module")
def pipe(series):
    rnn = LSTMRegressor(units=(3, 2), dropout=0.1, epochs=2, random_state=0)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(window_length=5), rnn)
    return pipe.fit(series[:60], series[:60, 0])


def through_joblib(pipe, tmp_path):
    joblib.dump(pipe, tmp_path / "pipe.joblib")
    return joblib.load(tmp_path / "pipe.joblib")


@pytest.mark.parametrize(
    "keep",
    [
        lambda pipe, _: pickle.loads(pickle.dumps(pipe)),
        lambda pipe, _: copy.deepcopy(pipe),
        lambda pipe, _: copy.deepcopy(copy.deepcopy(pipe)),
        through_joblib,
    ],
    ids=["pickle", "deepcopy", "deepcopy of an unused copy", "joblib"],
)
def test_a_kept_pipeline_predicts_the_same_bits(keep, pipe, series, tmp_path):
    kept = keep(pipe, tmp_path)
    assert_array_equal(kept.predict(series), pipe.predict(series))
    assert kept[-1].history_ == pipe[-1].history_


def test_another_process_needs_tensorflow_only_to_predict(pipe, series, tmp_path):
    joblib.dump((pipe, series), tmp_path / "kept.joblib")
    command = [sys.executable, "-W", "error", "-c", IN_ANOTHER_PROCESS]
    done = subprocess.run(
        [*command, tmp_path / "kept.joblib", tmp_path / "predicted.npy"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("", "")
    predicted = np.load(tmp_path / "predicted.npy")
    assert_array_equal(predicted, pipe.predict(series))


def test_a_pickle_is_the_arrays_and_little_more(pipe):
    rnn = pipe[-1]
    arrays = [*rnn.model_.variables, *rnn.model_.optimizer.variables]
    size = sum(np.asarray(a).nbytes for a in arrays)
    assert len(pickle.dumps(pipe)) < size + 50_000
    assert b"keras" not in pickle.dumps(rnn)


def test_training_goes_on_after_loading_as_it_would_have(pipe, series):
    """Weights, the optimizer's moments and the state of the dropout are kept."""
    windows = pipe[:-1].transform(series)
    y = series[:, 0]
    rnn = copy.deepcopy(pipe[-1]).set_params(warm_start=True)
    kept = pickle.loads(pickle.dumps(rnn))
    assert_array_equal(
        kept.fit(windows, y).predict(windows), rnn.fit(windows, y).predict(windows)
    )
    assert kept.n_iter_ == 4


def test_a_copy_shares_nothing(pipe, series):
    windows, y = pipe[:-1].transform(series), series[:, 0]
    before = pipe.predict(series)
    other = copy.deepcopy(pipe[-1])
    other.model_.set_weights([w + 1 for w in other.model_.get_weights()])
    other.fit(windows, y)
    assert_array_equal(pipe.predict(series), before)
