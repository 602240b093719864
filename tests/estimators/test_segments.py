"""Segments: several steps of a window form one step of the network."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor, SequenceWindower
from skrnn.networks.inputs import InputSpec, network_inputs
from skrnn.networks.missing import mark_missing

N_ROWS, N_TIMESTEPS = 90, 12


@pytest.fixture(scope="module")
def series():
    rng = np.random.RandomState(0)
    return rng.uniform(-1, 1, size=(N_ROWS, 2))


@pytest.fixture(scope="module", params=["complete", "with missing values"])
def windows(request, series):
    """A view on a series, as the windower returns it."""
    rows = series.copy()
    if request.param == "with missing values":
        rows[[30, 31, 55], [0, 1, 1]] = np.nan
    return SequenceWindower(N_TIMESTEPS).fit_transform(rows)


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.SkrnnWarning")  # expected here
@pytest.mark.parametrize("trainer", ["auto", "xla", "keras"])
@pytest.mark.parametrize("regressor", [LSTMRegressor, GRURegressor, ElmanRegressor])
def test_a_network_on_segments_is_one_on_steps_with_more_features(
    regressor, trainer, windows, series
):
    """The reference copies the windows; the regressor makes segments without a copy."""
    whole = slice(N_TIMESTEPS - 1, None)  # copies padded in front are sequences
    windows, y = windows[whole], series[whole, 0]
    params = {
        "units": 3,
        "epochs": 2,
        "batch_size": 20,
        "random_state": 0,
        "trainer": trainer,
    }
    found = regressor(**params, segment_length=3).fit(windows, y)
    copied = np.array(windows).reshape(-1, 4, 6)
    expected = regressor(**params).fit(copied, y)
    assert_array_equal(found.loss_curve_, expected.loss_curve_)
    assert_array_equal(found.predict(windows), expected.predict(copied))


def test_predictions_are_those_of_keras(windows, series):
    rnn = LSTMRegressor((3, 2), epochs=1, segment_length=4, bidirectional=True)
    rnn.fit(windows, series)
    marked = mark_missing(windows[25:45], "float32", np.zeros(2), whole_steps=False)
    expected = rnn.model_.predict(marked, verbose=0)
    assert_allclose(rnn.predict(windows[25:45]), expected, rtol=1e-5, atol=1e-7)


def test_segments_are_views_on_the_series(windows):
    for segment_length in (1, 2, 12):
        inputs = InputSpec(N_TIMESTEPS, 2, segment_length)
        found = network_inputs(windows, inputs, None)
        assert np.shares_memory(found, windows)
        assert found.shape == (N_ROWS, 12 // segment_length, 2 * segment_length)


def test_early_stopping_blocks_and_more_data(windows, series):
    rnn = GRURegressor(
        3, epochs=3, segment_length=4, early_stopping=True, block_size=20
    )
    rnn.fit(windows, series)
    rnn.set_params(early_stopping=False).partial_fit(windows[:30], series[:30])
    assert rnn.n_iter_ == 4
    with pytest.raises(ValueError, match="segment_length was 4 then and is 2 now"):
        rnn.set_params(segment_length=2).partial_fit(windows[:30], series[:30])


def test_columns_with_lags_are_put_into_segments(series):
    pipes = [
        make_pipeline(
            SequenceWindower(N_TIMESTEPS, flatten=flatten).set_output(
                transform="pandas" if flatten else "default"
            ),
            ElmanRegressor(2, epochs=1, segment_length=6, random_state=0),
        )
        for flatten in (False, True)
    ]
    found, expected = (pipe.fit(series, series[:, 0]).predict(series) for pipe in pipes)
    assert_array_equal(found, expected)


def test_a_window_that_is_no_multiple_is_an_error(windows, series):
    rnn = ElmanRegressor(segment_length=5)
    message = "12 steps, which is not a multiple of segment_length=5.*windows of 15 st"
    with pytest.raises(ValueError, match=message):
        rnn.fit(windows, series)
