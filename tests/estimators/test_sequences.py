"""Sequences of different length, padded with NaN, and which windows are trained on.

`_data` and `_part` are read for the rows that are trained on, which no public method
tells.
"""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.linear_model import Ridge

from skrnn import ElmanRegressor, GRURegressor, SequenceWindower
from skrnn.estimators.preparation import prepare, usable_rows
from skrnn.estimators.validation import validate_first, validate_more
from skrnn.exceptions import IrregularIndexWarning, RowsLeftOutWarning
from skrnn.networks.inputs import InputSpec
from skrnn.windows.layout import view_windows
from skrnn.windows.view import WindowView

SMALL = {"units": 4, "epochs": 3, "batch_size": 32, "random_state": 0}
LENGTHS = np.random.RandomState(0).randint(2, 13, size=200)


def sequences(where, n_features=1):
    """Return 200 sequences of 2 to 12 steps, padded to 12, and their mean."""
    values = np.random.RandomState(1).normal(size=(200, 12, n_features))
    padded = np.full(values.shape, np.nan)
    for row, length in enumerate(LENGTHS):
        steps = slice(12 - length, None) if where == "front" else slice(length)
        padded[row, steps] = values[row, :length]
    return padded, np.nanmean(padded[:, :, 0], axis=1)


def rows_used(estimator, X, y, weight=None):
    """Return the rows that a fit would train on."""
    data = validate_first(estimator, X, y, weight)
    return np.asarray(prepare(data, None, estimator).training._rows)


@pytest.mark.parametrize(
    "params", [{}, {"normalize": "last", "target_features": 0}, {"base": Ridge()}]
)
def test_padding_in_front_and_at_the_end_are_alike(params):
    fitted = {}
    for where in ("front", "end"):
        X, y = sequences(where, n_features=2)
        fitted[where] = GRURegressor(**SMALL, **params).fit(X, y)
    if "base" not in params:  # which reads the padding
        losses = [rnn.loss_curve_ for rnn in fitted.values()]
        assert_allclose(*losses, rtol=1e-5)
        expected = fitted["end"].predict(sequences("end", n_features=2)[0])
        assert_allclose(fitted["front"].predict(X), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("as_columns", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_all_sequences_with_a_step_are_used(as_columns, dtype):
    X, y = sequences("front")
    X[[3, 50]] = np.nan
    X = X.astype(dtype)
    X = X[:, :, 0] if as_columns else X
    expected = np.delete(np.arange(200), [3, 50])
    assert_array_equal(rows_used(ElmanRegressor(**SMALL), X, y), expected)
    weight = np.ones(200)
    weight[10:20] = 0
    found = rows_used(ElmanRegressor(**SMALL), X, y, weight)
    assert_array_equal(found, np.setdiff1d(expected, range(10, 20)))


def test_a_sequence_without_a_whole_segment_is_not_used():
    X, y = sequences("front")
    found = rows_used(ElmanRegressor(**SMALL, segment_length=4), X, y)
    assert_array_equal(found, np.flatnonzero(LENGTHS >= 4))


def test_a_first_step_with_some_values_is_missing():
    """It is not padding."""
    X, y = sequences("end", n_features=2)
    X[:40, 0, 1] = np.nan
    rnn = ElmanRegressor(**SMALL)
    with pytest.warns(RowsLeftOutWarning, match="40 of 200 rows"):
        rnn.fit(X, y)
    X[20:40, 0] = np.nan  # 20 sequences without a first step, and 20 with one in part
    assert_array_equal(rows_used(rnn, X, y), np.arange(20, 200))


def test_early_stopping_and_more_data_use_them_too():
    X, y = sequences("front")
    stopping = ElmanRegressor(**SMALL, early_stopping=True)
    assert_array_equal(rows_used(stopping, X, y), np.arange(180))
    rnn = ElmanRegressor(**SMALL).partial_fit(X, y)
    more = validate_more(rnn, X[:30], y[:30])
    data = prepare(more, None, rnn, rnn._fitted.preparation)
    assert data.training.n_samples == 30


ROWS = np.random.RandomState(0).normal(size=(100, 1))


def series_with_gaps():
    index = np.delete(np.arange(105), [30, 50, 51, 52, 80])
    return pd.DataFrame(ROWS, index=index, columns=["load"])


def panel():
    index = pd.MultiIndex.from_product([["a", "b", "c", "d"], range(25)])
    return pd.DataFrame(ROWS, index=index, columns=["load"])


def series_with_few_rows():
    index = np.flatnonzero(np.random.RandomState(0).rand(1000) < 0.2)[:100]
    return pd.DataFrame(ROWS, index=index, columns=["load"])


def test_windows_of_a_series_with_few_rows_begin_within_it():
    """No window is the one before, shifted by a step."""
    windower = SequenceWindower(5)
    with pytest.warns(IrregularIndexWarning, match="only 100 have a row. If the rows"):
        windows = windower.fit_transform(series_with_few_rows())
    used = rows_used(ElmanRegressor(**SMALL), windows, ROWS.ravel())
    assert_array_equal(used, np.flatnonzero(~np.isnan(windows[:, 0, 0])))


@pytest.mark.parametrize("rows", [ROWS, series_with_gaps(), panel()])
@pytest.mark.parametrize("form", [None, "copy", "pandas", "flat"])
def test_windows_before_the_start_of_a_series_are_not_used(form, rows):
    windower = SequenceWindower(5, flatten=form == "flat")
    if form == "pandas":
        windower.set_output(transform="pandas")
    windows = windower.fit_transform(rows)
    windows = windows.copy() if form == "copy" else windows
    first = np.asarray(windows).reshape(100, -1)[:, 0]
    found = rows_used(ElmanRegressor(**SMALL), windows, ROWS.ravel())
    assert_array_equal(found, np.flatnonzero(~np.isnan(first)))


def test_repeated_windows_are_of_a_series():
    windows = np.repeat(SequenceWindower(5).fit_transform(ROWS), 2, axis=0)
    found = rows_used(ElmanRegressor(**SMALL), windows, np.repeat(ROWS, 2))
    assert_array_equal(found, np.arange(8, 200))


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.RowsLeftOutWarning")
def test_windows_of_a_panel_at_one_time_are_no_sequences():
    """The windows of three series do not follow each other."""
    rows = panel().iloc[list(range(0, 25)) + list(range(25, 28)) + list(range(50, 52))]
    windower = SequenceWindower(5)
    windows, y = windower.fit_transform(rows), rows.to_numpy().ravel()
    at_one_time = windows[[10, 26, 29]]
    assert isinstance(at_one_time, type(windows))
    found = rows_used(ElmanRegressor(**SMALL), at_one_time, y[:3])
    assert_array_equal(found, [0])


@pytest.mark.parametrize(
    ("missing", "params", "expected"),
    [
        ([], {}, [0, 1, 2, 3, 4]),
        ([0, 2], {}, [1, 3, 4]),
        ([1], {"segment_length": 2}, [2, 3, 4]),
        ([0, 1, 2, 3, 4], {}, [2, 3, 4]),
        ([0, 1, 2, 3, 4], {"segment_length": 2}, [3, 4]),
        ([0, 1, 2, 3, 4], {"fill": True}, [2, 3, 4]),
    ],
    ids=["none", "first", "segment", "all first", "all segments", "filled"],
)
@pytest.mark.parametrize("form", ["view", "copy"])
def test_windows_whose_first_step_is_missing_are_left_out(
    form, missing, params, expected
):
    """If all windows start so, only those without an observed segment are left out."""
    rows = np.random.RandomState(0).normal(size=(8, 2))
    rows[missing, 0] = np.nan
    if "fill" in params:
        rows[missing] = np.nan
    windows = view_windows(rows, 4, flatten=False)
    windows = WindowView(windows if form == "view" else np.array(windows))
    found = usable_rows(windows, range(5), InputSpec(4, 2, **params))
    assert_array_equal(found, expected)
    found = usable_rows(windows, np.array([3, 4]), InputSpec(4, 2, **params))
    assert_array_equal(found, np.intersect1d(expected, [3, 4]))


@pytest.mark.parametrize("fill", [True, False])
def test_nothing_observed_is_an_error(fill):
    windows = WindowView(np.full((2, 3, 1), np.nan))
    with pytest.raises(ValueError, match="no observed step"):
        usable_rows(windows, range(2), InputSpec(3, 1, fill=fill))
