"""`normalize`: windows, and the targets that continue them, are normalised.

`_fitted` is read for the features that are normalised, which no public method tells.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.pipeline import make_pipeline

from skrnn import (
    ElmanRegressor,
    Forecaster,
    GRURegressor,
    LSTMRegressor,
    SequenceWindower,
    to_supervised,
)
from skrnn.exceptions import UnscaledWarning
from skrnn.networks.missing import mark_missing

SMALL = {"units": 4, "epochs": 4, "batch_size": 32, "random_state": 0}


@pytest.fixture(scope="module")
def series():
    """A seasonal random walk with later values outside the range of earlier ones."""
    rng = np.random.RandomState(0)
    t = np.arange(160)
    return 0.1 * t + np.sin(t / 4) + 0.05 * rng.normal(size=160)


@pytest.fixture(scope="module")
def continued(series):
    """Windows of the series, and the value after each."""
    windows = SequenceWindower(12).fit_transform(series[:-1, np.newaxis])
    return windows, series[1:]


@pytest.mark.parametrize("normalize", ["last", "standard"])
@pytest.mark.parametrize("regressor", [LSTMRegressor, GRURegressor, ElmanRegressor])
def test_a_level_does_not_matter(regressor, normalize, continued):
    windows, y = continued
    rnn = regressor(**SMALL, normalize=normalize)
    expected = rnn.fit(windows, y).predict(windows)[12:]
    found = rnn.fit(windows + 1e4, y + 1e4).predict(windows + 1e4)[12:]
    assert_allclose(found - 1e4, expected, atol=1e-4)


def test_standard_is_free_of_the_unit_too(continued):
    windows, y = continued
    rnn = GRURegressor(**SMALL, normalize="standard")
    expected = rnn.fit(windows, y).predict(windows)
    found = rnn.fit(500 + 40 * windows, 500 + 40 * y).predict(500 + 40 * windows)
    assert_allclose(found, 500 + 40 * expected, rtol=1e-5)


def test_last_learns_differences(continued):
    """Subtracting the last value of the window by hand gives the same predictions."""
    windows, y = (each[12:] for each in continued)
    last = windows[:, -1:]
    rnn = ElmanRegressor(**SMALL)
    by_hand = rnn.fit(windows - last, y - last[:, 0, 0])
    expected = by_hand.predict(windows - last) + last[:, 0, 0]
    found = rnn.set_params(normalize="last").fit(windows, y).predict(windows)
    assert_allclose(found, expected, rtol=1e-5)


def test_a_trend_is_followed_beyond_the_training_data(continued):
    windows, y = continued
    rnn = GRURegressor(8, epochs=60, random_state=0)
    plain = rnn.fit(windows[:100], y[:100]).predict(windows[100:])
    rnn.set_params(normalize="last").fit(windows[:100], y[:100])
    relative = rnn.predict(windows[100:])
    error, error_of_plain = (
        np.mean((each - y[100:]) ** 2) for each in (relative, plain)
    )
    assert error < 0.1 * error_of_plain


@pytest.mark.parametrize("normalize", ["last", "standard"])
def test_the_loss_is_that_of_y(normalize, continued):
    windows, y = (each[12:] for each in continued)
    rnn = GRURegressor(**SMALL, normalize=normalize, metrics=["mae"])
    rnn.fit(windows, y, X_val=windows, y_val=y)
    errors = rnn.predict(windows) - y
    assert rnn.validation_loss_curve_[-1] == pytest.approx((errors**2).mean(), rel=1e-4)
    assert rnn.history_["val_mae"][-1] == pytest.approx(np.abs(errors).mean(), rel=1e-4)


def test_names_of_the_targets_tell_their_features(series):
    frame = pd.DataFrame({"load": series, "wind": np.cos(series), "other": -series})
    X, y = to_supervised(frame, horizon=2, target=["other", "load"])
    pipe = make_pipeline(
        SequenceWindower(6, flatten=True).set_output(transform="pandas"),
        ElmanRegressor(**SMALL, normalize="last"),
    ).fit(X, y)
    found = pipe[-1]._fitted.spec.inputs.target_features
    expected = [{"load": 0, "other": 2}[n.split("_")[0]] for n in y.columns]
    assert list(found) == expected


def test_features_that_no_output_continues_are_left(continued, series):
    windows, y = continued
    more = np.concatenate([windows, np.cos(windows)], axis=2)
    rnn = ElmanRegressor(**SMALL, normalize="last", target_features=0).fit(more, y)
    assert rnn._fitted.spec.inputs.normalized == (0,)
    shifted = more.copy()
    shifted[:, :, 1] += 1
    assert np.abs(rnn.predict(shifted) - rnn.predict(more)).max() > 1e-3


def test_it_has_to_be_known_what_y_continues(continued):
    windows, y = continued
    more = np.concatenate([windows, windows], axis=2)
    with pytest.raises(ValueError, match="Set target_features to its position"):
        ElmanRegressor(normalize="last").fit(more, y)


@pytest.mark.parametrize("flatten", [False, True])
@pytest.mark.parametrize(("factor", "shift"), [(20, 0), (1, 100), (1e-3, 0)])
def test_y_in_other_units_than_its_feature_is_warned_of(factor, shift, flatten, series):
    """For example, if a pipeline scales X but y is not scaled."""
    pipe = make_pipeline(
        SequenceWindower(6, flatten=flatten), ElmanRegressor(**SMALL, normalize="last")
    )
    X, y = series[:-1, np.newaxis], factor * series[1:] + shift
    with pytest.warns(UnscaledWarning, match="Scale neither, or scale the series") as w:
        pipe.fit(X, y)
    assert len(w) == 1
    assert w[0].filename == __file__


@pytest.mark.filterwarnings("error::skrnn.exceptions.UnscaledWarning")
def test_a_tenth_of_the_targets_are_values_of_a_feature_in_the_same_units(series):
    """However far the others are from them, as after events."""
    X, y = series[:-1, np.newaxis], series[1:].copy()
    y[: 8 * len(y) // 10] *= 1000
    pipe = make_pipeline(SequenceWindower(6), ElmanRegressor(**SMALL, normalize="last"))
    assert np.isfinite(pipe.fit(X, y).predict(X)).all()


STRANGE = {
    "jump at the end": np.r_[np.zeros(100), 1, 2, 3],
    "another level": np.r_[20 + np.sin(np.arange(96)), 35 + np.sin(np.arange(4))],
    "growth": 1.12 ** np.arange(100),
    "zeros, then noise": np.r_[np.zeros(90), np.random.RandomState(0).normal(size=20)],
}


@pytest.mark.parametrize("values", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("horizon", [1, 12])
def test_series_that_change_are_in_their_own_units(horizon, values):
    X, y = to_supervised(pd.Series(values, name="load"), horizon)
    rnn = GRURegressor(2, epochs=1, normalize="last", random_state=0)
    rnn = make_pipeline(SequenceWindower(12), rnn).fit(X, y)[-1]
    assert rnn._fitted.spec.inputs.normalized == (0,)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("values", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("n_series", [1, 12])
def test_a_forecaster_knows_the_units(n_series, values):
    """Windows of twelve short series are few, and far from what follows."""
    series = pd.Series(values, name="load")
    if n_series > 1:
        series = pd.concat({k: series[-30 - k % 3 :] for k in range(n_series)})
    rnn = GRURegressor(2, epochs=1, normalize="last", random_state=0)
    forecaster = Forecaster(rnn, horizon=12, window_length=16)
    assert np.isfinite(forecaster.fit(y=series).forecast(12)).all()


def test_rows_that_do_not_follow_each_other_are_taken_as_they_are(continued):
    windows, y = continued
    chosen = np.random.RandomState(0).permutation(len(y))
    windows, y = np.array(windows)[chosen], 100 * y[chosen]
    rnn = ElmanRegressor(**SMALL, normalize="last").fit(windows, y)
    assert rnn._fitted.spec.inputs.normalized == (0,)


def test_training_makes_no_copy_of_the_windows(continued, monkeypatch):
    """The rows are passed to the trainer once, not once per window."""
    from skrnn.training.compiled.epoch import EpochProgram

    shapes = []

    def load(program, block, make=EpochProgram.load, **options):
        shapes.append(block.series.shape)
        return make(program, block, **options)

    monkeypatch.setattr(EpochProgram, "load", load)
    windows, y = continued
    params = {"normalize": "standard", "missing": "fill", "segment_length": 3}
    ElmanRegressor(**SMALL, **params).fit(windows, y)
    assert shapes == [(len(y) + 11, 1)]


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.SkrnnWarning")  # expected here
@pytest.mark.parametrize("normalize", ["last", "standard"])
def test_windows_with_missing_values(normalize, continued):
    windows, y = continued
    windows = np.array(windows[12:])
    windows[5, -1], windows[6, -3:], windows[7] = np.nan, np.nan, np.nan
    rnn = GRURegressor(**SMALL, normalize=normalize).fit(windows, y[12:])
    plain = GRURegressor(**SMALL, normalize=normalize, trainer="keras").fit(
        windows, y[12:]
    )
    assert_allclose(rnn.loss_curve_, plain.loss_curve_, rtol=1e-4)
    found = rnn.predict(windows)
    assert np.isfinite(found).all()
    marked = mark_missing(windows, "float32", np.zeros(1), whole_steps=False)
    assert_allclose(rnn.model_.predict(marked, verbose=0)[:, 0], found, rtol=1e-5)


def test_a_row_alone_has_the_bits_that_it_has_among_others(continued):
    windows, y = continued
    rnn = GRURegressor(**SMALL, normalize="standard", segment_length=4).fit(windows, y)
    together = rnn.predict(windows)
    alone = [rnn.predict(windows[[row]])[0] for row in range(12, 159)]
    assert_array_equal(alone, together[12:])
