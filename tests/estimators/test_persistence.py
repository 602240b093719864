"""Saved estimators consist of plain parameters and arrays.

`_fitted` is read for the arrays whose size and sharing are tested.
"""

import copy
import io
import pickle
import subprocess
import sys
from datetime import timedelta, timezone

import joblib
import keras
import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from pandas.tseries.frequencies import to_offset
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import LSTMRegressor, SequenceWindower, _estimator
from skrnn.windows.index_state import from_plain, plain_index
from skrnn.windows.steps import Step

IN_ANOTHER_PROCESS = """
import sys
import joblib
import numpy as np
pipe, X = joblib.load(sys.argv[1])
pipe.get_params()
np.save(sys.argv[2], pipe.predict(X))
assert "tensorflow" not in sys.modules
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


def test_another_process_predicts_without_tensorflow(pipe, series, tmp_path):
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
    state = rnn._fitted.states[0]
    arrays = [*state.weights, *state.dropout_states, *state.optimizer.values]
    size = sum(array.nbytes for array in arrays)
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


# Other formats, other versions


@pytest.fixture(params=["numbers", "days", "panel"])
def kind_of_index(request, series):
    return {
        "numbers": pd.RangeIndex(80),
        "days": pd.date_range("2026-01-01", periods=80, freq="B", tz="Europe/Berlin"),
        "panel": pd.MultiIndex.from_product(
            [["a", "b"], pd.period_range("2026-01", periods=40, freq="M")]
        ),
    }[request.param]


def test_skops_needs_only_our_own_types_trusted(series, kind_of_index):
    skops_io = pytest.importorskip("skops.io", reason="skops is not installed")
    frame = pd.DataFrame(series, index=kind_of_index, columns=["x"])
    scale = MinMaxScaler().set_output(transform="pandas")
    rnn = LSTMRegressor(units=3, epochs=1, random_state=0)
    pipe = make_pipeline(scale, SequenceWindower(5), rnn)
    pipe.fit(frame.iloc[:70], series[:70, 0])
    kept = skops_io.dumps(pipe)
    unknown = skops_io.get_untrusted_types(data=kept)
    assert all(name.startswith("skrnn.") for name in unknown)
    loaded = skops_io.loads(kept, trusted=unknown)
    assert_array_equal(loaded.predict(frame.iloc[70:]), pipe.predict(frame.iloc[70:]))


INDICES = [
    pd.RangeIndex(3, 30, 3, name="t"),
    pd.Index([1, 4, 9], dtype="uint8"),
    pd.Index([1, 2], dtype="Int64"),
    pd.Index(["a", "b"]),
    pd.Index(["a", 1], dtype=object),
    pd.CategoricalIndex(["a", "b", "a"]),
    pd.CategoricalIndex(["small", "large"], ["small", "medium", "large"], ordered=True),
    pd.DatetimeIndex(["2026-01-01", "2026-01-09"]),
    pd.date_range("2026-01-31", periods=4, freq="ME", name="month"),
    pd.date_range("2026-10-24", periods=40, freq="h", tz="Europe/Berlin"),
    pd.date_range("2026-01-01", periods=3, tz=timezone(timedelta(hours=1))),
    pd.date_range(
        "2026-01-01", periods=4, freq=pd.offsets.CDay(holidays=["2026-01-02"])
    ),
    pd.timedelta_range("1h", periods=4, freq="15min").as_unit("s"),
    pd.period_range("2026-01", periods=3, freq="2M"),
    pd.Index([("a", 1), ("b", 2)], tupleize_cols=False),
]


@pytest.mark.parametrize("index", INDICES, ids=repr)
def test_an_index_is_kept_exactly(index):
    plain = plain_index(index)
    kept = from_plain(pickle.loads(pickle.dumps(plain)))
    pd.testing.assert_index_equal(kept, index, exact=True)
    assert getattr(kept, "freq", None) == getattr(index, "freq", None)


def test_the_open_days_of_a_calendar_are_kept():
    days = pd.offsets.CDay(calendar=np.busdaycalendar("1111110"))
    index = pd.date_range("2026-01-01", periods=9, freq=days)
    kept = from_plain(plain_index(index))
    assert_array_equal(kept, index)
    assert kept[-1] + kept.freq == index[-1] + days


def test_a_fixed_offset_is_kept_though_a_zone_has_its_name():
    """CET has summer time, unlike the offset that Python calls so in winter."""
    winter = timezone(timedelta(hours=1), "CET")
    index = pd.date_range("2026-07-01 12:00", periods=3, freq="h", tz=winter)
    kept = from_plain(plain_index(index))
    assert_array_equal(kept.hour, index.hour)
    assert_array_equal(kept.tz_convert("UTC"), index.tz_convert("UTC"))


@pytest.mark.parametrize("unit", ["number", "month end", "B", "QS-OCT"])
def test_a_step_is_kept_exactly(unit):
    step = Step(unit if " " in unit or unit == "number" else to_offset(unit), 2)
    assert pickle.loads(pickle.dumps(step)) == step


@pytest.mark.parametrize("module", [pickle, joblib], ids=["pickle", "joblib"])
def test_another_version_warns(pipe, monkeypatch, tmp_path, module):
    for step in (pipe[1], pipe[2]):
        with monkeypatch.context() as patch:
            patch.setattr(_estimator, "__version__", "0.0.7")
            with open(tmp_path / "step", "wb") as file:
                module.dump(step, file)
        message = r"with skrnn 0\.0\.7"
        with (
            open(tmp_path / "step", "rb") as file,
            pytest.warns(InconsistentVersionWarning, match=message) as caught,
        ):
            loaded = module.load(file)
        assert caught[0].filename == __file__
        assert vars(loaded).keys() == vars(step).keys()


@pytest.mark.slow
def test_keras_objects_among_the_parameters_load_quietly(series, tmp_path):
    """They are pickled as Keras objects, so loading them imports TensorFlow."""
    rnn = LSTMRegressor(
        units=2,
        epochs=1,
        optimizer=keras.optimizers.Adam(0.01),
        loss=keras.losses.Huber(0.5),
        callbacks=[keras.callbacks.EarlyStopping("loss"), keras.callbacks.History],
        random_state=0,
    )
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(3), rnn)
    joblib.dump((pipe.fit(series, series[:, 0]), series), tmp_path / "kept.joblib")
    code = (
        "import joblib, numpy, sys\n"
        "pipe, X = joblib.load(sys.argv[1])\n"
        "numpy.save(sys.argv[2], pipe.predict(X))"
    )
    command = [sys.executable, "-c", code, tmp_path / "kept.joblib", tmp_path / "p.npy"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("", "")
    assert_array_equal(np.load(tmp_path / "p.npy"), pipe.predict(series))


def packages_in(pickled):
    """Packages, except NumPy, whose classes occur in a pickle."""

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            found.add(module.partition(".")[0])
            return super().find_class(module, name)

    found = set()
    Unpickler(io.BytesIO(pickled)).load()
    return found - {"numpy"}


def test_only_the_parameters_of_now_are_kept(series):
    """A fitted estimator does not hold the callbacks, optimizer or loss of its fit."""
    windows = SequenceWindower(3).fit_transform(series)
    nothing = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)
    rnn = LSTMRegressor(
        units=2,
        epochs=1,
        random_state=0,
        optimizer=keras.optimizers.SGD(0.01, momentum=0.9),
        loss=keras.losses.Huber(0.5),
        callbacks=[nothing],
    ).fit(windows, series[:, 0])
    same = rnn.get_params()
    rnn.set_params(callbacks=None, optimizer="sgd", loss="huber")
    pickled = pickle.dumps(rnn)
    assert not [name for name in packages_in(pickled) if name != "skrnn"]
    kept = pickle.loads(pickled).set_params(**{**same, "callbacks": None})
    rnn.set_params(**same)
    for estimator in (kept, rnn):
        estimator.partial_fit(windows, series[:, 0])
    assert_array_equal(kept.predict(windows), rnn.predict(windows))


def test_the_history_is_kept_once(series):
    windows = SequenceWindower(3).fit_transform(series)
    sizes = []
    for n_epochs in (10, 110):
        rnn = LSTMRegressor(units=2, epochs=n_epochs, random_state=0)
        sizes.append(len(pickle.dumps(rnn.fit(windows, series[:, 0]))))
    assert sizes[1] - sizes[0] < 100 * 12


# NumPy warns about how Keras converts a variable
@pytest.mark.filterwarnings("ignore:__array__ implementation")
def test_the_network_alone_is_a_keras_file(pipe, series, tmp_path):
    """The saved model can be loaded without skrnn."""
    np.save(tmp_path / "windows.npy", pipe[:-1].transform(series)[10:])
    pipe[-1].model_.save(tmp_path / "network.keras")
    code = (
        "import keras, numpy, sys\n"
        "network = keras.saving.load_model('network.keras')\n"
        "windows = numpy.load('windows.npy')\n"
        "numpy.save('predicted.npy', network.predict(windows, verbose=0))\n"
        "assert 'skrnn' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)
    predicted = np.load(tmp_path / "predicted.npy")[:, 0]
    assert_allclose(predicted, pipe.predict(series)[10:], rtol=1e-5)


def test_a_copy_shares_nothing(pipe, series):
    windows, y = pipe[:-1].transform(series), series[:, 0]
    before = pipe.predict(series)
    weights = pipe[-1].model_.get_weights()
    other = copy.deepcopy(pipe[-1])
    for array in other._fitted.states[0].weights:
        array += 1
    for ours, theirs in zip(pipe[-1].model_.get_weights(), weights, strict=True):
        assert_array_equal(ours, theirs)
    other.fit(windows, y)
    assert_array_equal(pipe.predict(series), before)
