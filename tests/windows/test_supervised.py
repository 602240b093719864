"""to_supervised aligns values with the later values to predict."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal, assert_series_equal

from skrnn import SequenceWindower, to_supervised

DAYS = pd.date_range("2026-01-01", periods=5, freq="D")


@pytest.fixture
def frame():
    return pd.DataFrame(
        {"load": np.arange(5.0), "wind": 10 * np.arange(5.0)}, index=DAYS
    )


def test_a_series():
    X, y = to_supervised(pd.Series(np.arange(5.0), index=DAYS, name="load"))
    assert_frame_equal(
        X, pd.DataFrame({"load": np.arange(4.0)}, index=DAYS[:4]), check_freq=False
    )
    expected = pd.Series([1.0, 2, 3, 4], index=DAYS[:4], name="load_lead1")
    assert_series_equal(y, expected, check_freq=False)


def test_several_columns_in_and_one_target_out(frame):
    X, y = to_supervised(frame, target="load")
    assert list(X.columns) == ["load", "wind"]
    assert_array_equal(X["wind"], frame["wind"][:4])
    assert_array_equal(y, frame["load"][1:])


def test_several_steps_and_targets(frame):
    X, y = to_supervised(frame, horizon=2, target=["wind", "load"])
    assert list(y.columns) == ["wind_lead1", "load_lead1", "wind_lead2", "load_lead2"]
    assert_array_equal(y.iloc[0], [10, 1, 20, 2])
    assert len(X) == len(y) == 3


def test_all_columns_are_targets_by_default(frame):
    assert list(to_supervised(frame)[1].columns) == ["load_lead1", "wind_lead1"]


@pytest.mark.parametrize("n_columns", [None, 1, 2])
def test_arrays(n_columns):
    shape = (5,) if n_columns is None else (5, n_columns)
    array = np.arange(np.prod(shape), dtype=float).reshape(shape)
    X, y = to_supervised(array)
    assert_array_equal(X, array.reshape(5, -1)[:4])
    expected = array[1:] if n_columns == 2 else array[1:].ravel()
    assert_array_equal(y, expected)
    X, y = to_supervised(array, 3)
    assert y.shape == (2, 3 * (n_columns or 1))


def test_targets_as_an_array_of_names_and_nullable_values(frame):
    frame = frame.astype({"load": "Int64"})
    frame.loc[DAYS[1], "load"] = pd.NA
    X, y = to_supervised(frame, target=np.array(["load"]))
    assert X.index.equals(DAYS[1:4])
    assert_array_equal(y, [2, 3, 4])


def test_float32_stays_float32():
    assert to_supervised(pd.Series(np.arange(4, dtype="f4")))[1].dtype == np.float32


def test_a_target_of_an_array_is_a_position():
    X, y = to_supervised(np.arange(8.0).reshape(4, 2), target=1)
    assert X.shape == (3, 2)
    assert_array_equal(y, [3, 5, 7])


def test_the_row_before_a_hole_has_no_next_one(frame):
    X, y = to_supervised(frame.drop(DAYS[2]), target="load")
    assert X.index.equals(DAYS[[0, 3]])
    assert_array_equal(y, [1, 4])
    with pytest.raises(ValueError, match="No row has a known future"):
        to_supervised(frame.drop(DAYS[2]), horizon=2)


def test_a_missing_value_is_an_unknown_future(frame):
    frame.loc[DAYS[2], "load"] = np.nan
    X, y = to_supervised(frame, target="load")
    assert X.index.equals(DAYS[[0, 2, 3]])
    assert_array_equal(y, [1, 3, 4])


def test_a_missing_value_in_an_array_is_refused():
    with pytest.raises(ValueError, match="Without a time index"):
        to_supervised([0.0, 1.0, np.nan, 3.0])


def test_missing_values_at_the_end_of_an_array_are_left_out():
    assert_array_equal(to_supervised([0.0, 1.0, np.nan])[1], [1])


@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    horizon=st.integers(1, 3),
)
def test_panels_are_shifted_series_by_series(lengths, horizon):
    assume(max(lengths) > horizon)
    rows = [(f"s{i}", t) for i, n in enumerate(lengths) for t in range(n)]
    panel = pd.DataFrame(
        {"x": np.random.RandomState(0).rand(len(rows))},
        index=pd.MultiIndex.from_tuples(rows),
    )
    X, y = to_supervised(panel, horizon)
    for series, part in X.groupby(level=0):
        own = panel.loc[series, "x"].to_numpy()
        assert len(part) == len(own) - horizon
        found = y.loc[[series]].to_numpy().reshape(len(part), -1)
        for t, future in enumerate(found):
            assert_array_equal(future, own[t + 1 : t + 1 + horizon])


def test_rows_left_out_are_missing_steps_of_windows(frame):
    frame.loc[DAYS[2], "load"] = np.nan
    X, _ = to_supervised(frame, target="load")
    windows = SequenceWindower(2, flatten=True).fit_transform(X[["wind"]])
    assert_array_equal(windows, [[np.nan, 0], [np.nan, 20], [20, 30]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"horizon": 0}, "horizon must be an int of at least 1. Got 0"),
        ({"horizon": True}, "horizon must be an int of at least 1. Got True"),
        ({"horizon": 1.5}, "horizon must be an int of at least 1. Got 1.5"),
        ({"horizon": 10**9}, "No row has a known future"),
        ({"target": ["load", "load"]}, "target must name one or several"),
        ({"horizon": 5}, "No row has a known future: horizon=5 with 5 rows"),
        (
            {"target": "sun"},
            r"target must name one or several.*'load', 'wind'.*Got 'sun'",
        ),
        ({"target": []}, "target must name one or several"),
    ],
)
def test_what_cannot_be_done_is_said(params, message, frame):
    with pytest.raises(ValueError, match=message):
        to_supervised(frame, **params)


def test_no_rows_are_refused(frame):
    with pytest.raises(ValueError, match="no rows"):
        to_supervised(frame[:0])


def test_columns_of_the_same_name_are_refused(frame):
    with pytest.raises(ValueError, match="must have different names"):
        to_supervised(frame[["load", "load"]])


def test_an_irregular_index_is_refused(frame):
    with pytest.raises(ValueError, match="no regular step"):
        to_supervised(frame.iloc[[0, 2, 3]].set_axis([0, 3, 7]))


def test_the_input_is_not_changed(frame):
    kept = frame.copy()
    X, _ = to_supervised(frame)
    X.iloc[0] = -1
    assert_frame_equal(frame, kept)
