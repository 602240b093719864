"""SequenceWindower on arrays and DataFrames."""

import tracemalloc

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge
from sklearn.model_selection import TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from skrnn import SequenceWindower

NAN = np.nan


def rows(*values):
    return np.array(values, dtype=float).reshape(-1, 1)


def flat(windower, X):
    return windower.set_params(flatten=True).fit_transform(X)


@pytest.mark.parametrize("labels", [list("abcde"), np.arange(5.0)])
def test_rows_with_another_kind_of_index_do_not_follow_those_of_fit(labels):
    """As of a file that is read without its dates."""
    days = pd.date_range("2026-01-01", periods=30)
    data = pd.DataFrame({"x": np.arange(30.0)}, index=days)
    windower = SequenceWindower(4).fit(data[:20])
    with pytest.raises(ValueError, match="no time index, but in fit"):
        windower.transform(data[25:].set_axis(labels))


@pytest.mark.parametrize(
    ("pad", "first"),
    [("nan", [NAN, NAN, 5]), ("edge", [5, 5, 5]), (-1.5, [-1.5, -1.5, 5])],
)
def test_pad_fills_the_steps_before_the_first_row(pad, first):
    windows = flat(SequenceWindower(window_length=3, pad=pad), rows(5, 6, 7))
    assert_array_equal(windows, [first, [first[1], 5, 6], [5, 6, 7]])


def test_three_dimensions_oldest_step_first():
    X = np.arange(6.0).reshape(3, 2)
    windows = SequenceWindower(window_length=2).fit_transform(X)
    assert windows.shape == (3, 2, 2)
    assert_array_equal(windows[2], [[2, 3], [4, 5]])


def test_a_window_of_one_step_is_the_row():
    X = np.arange(6.0).reshape(3, 2)
    windower = SequenceWindower(window_length=1).fit(X)
    assert_array_equal(windower.transform(X)[:, 0], X)
    assert_array_equal(windower.transform(X + 9)[:, 0], X + 9)
    assert windower.last_window_.shape == (0, 2)


@given(
    n_rows=st.integers(2, 40),
    n_features=st.integers(1, 3),
    window_length=st.integers(1, 50),
    gap=st.integers(0, 5),
    data=st.data(),
)
def test_a_test_fold_gets_the_windows_of_the_whole_series(
    n_rows, n_features, window_length, gap, data
):
    """If the history is known; the steps of the gap are missing."""
    series = np.random.RandomState(0).rand(n_rows, n_features)
    n_train = data.draw(st.integers(1, n_rows - 1))
    start = min(n_train + gap, n_rows - 1)
    gap = start - n_train
    windower = SequenceWindower(window_length, gap=gap).fit(series[:n_train])
    known = series.copy()
    known[n_train:start] = NAN
    of_whole = SequenceWindower(window_length, history="none").fit_transform(known)
    assert_array_equal(windower.transform(series[start:]), of_whole[start:])


def test_time_series_split_with_gap():
    series = np.random.RandomState(0).rand(50, 1)
    for train, test in TimeSeriesSplit(n_splits=3, gap=4).split(series):
        windower = SequenceWindower(8, gap=4).fit(series[train])
        windows = windower.transform(series[test])[..., 0]
        assert np.isnan(windows[0, 3:7]).all(), "four steps of gap"
        assert_array_equal(windows[0, :3], series[train][-3:, 0])
        assert_array_equal(windows[7], series[test][:8, 0])


def test_rows_of_fit_are_windowed_as_in_fit():
    X = rows(1, 2, 3, 4)
    windower = SequenceWindower(window_length=3).fit(X)
    expected = SequenceWindower(window_length=3, history="none").fit_transform(X)
    assert_array_equal(windower.transform(X.copy()), expected)


def test_rows_of_fit_are_known_in_another_dtype():
    X = rows(0.0, 1.5, 2.0)
    windower = SequenceWindower(window_length=2).fit(X)
    again = windower.transform(rows(-0.0, 1.5, 2.0).astype("f4"))
    assert np.isnan(again[0, 0, 0]), "nothing comes before the first row"
    assert_array_equal(again[1:, :, 0], [[0.0, 1.5], [1.5, 2.0]])


RANDOM = np.random.RandomState(0).normal(size=(200, 10)) + np.arange(10)


def with_values(rows, **values):
    """Return a copy with other values in a column, or in rows."""
    rows = rows.copy()
    for where, value in values.items():
        rows[int(where[3:]) if where[:3] == "row" else np.s_[:, int(where[6:])]] = value
    return rows


@pytest.mark.parametrize(
    "rows",
    [
        RANDOM[:30],
        RANDOM[:20],
        np.vstack([RANDOM, RANDOM[:50]]),
        RANDOM + 1e-9,
        RANDOM.astype(np.float32),
        with_values(RANDOM, row150=7.0),
        with_values(RANDOM, row3=np.nan, row4=-1.0),
        with_values(RANDOM, column2=RANDOM[::-1, 2]),
        np.where(np.random.RandomState(0).rand(200, 10) < 0.05, np.nan, RANDOM),
    ],
    ids=["30", "20", "more", "1e-9", "float32", "later", "2 rows", "column", "values"],
)
def test_rows_that_resemble_those_of_fit_start_where_they_do(rows):
    windower = SequenceWindower(20).fit(RANDOM)
    alone = SequenceWindower(20, history="none").fit(RANDOM).transform(rows)
    assert_array_equal(windower.transform(rows), alone)
    windower.partial_fit(RANDOM[:5])
    assert_array_equal(windower.transform(rows), alone)


@pytest.mark.parametrize("n_features", [2, 5])
def test_rows_of_fit_with_columns_permuted_or_set_to_a_value(n_features):
    """As in permutation importance and partial dependence."""
    rows = RANDOM[:, :n_features]
    windower = SequenceWindower(20).fit(rows)
    for column in (rows[::-1, 1], np.roll(rows[:, 1], 70), 0.5, np.nan):
        other = with_values(rows, column1=column)
        assert np.isnan(windower.transform(other)[0, :-1]).all()
    everywhere = with_values(rows, column0=1.0, column1=rows[::-1, 1])
    known = windower.transform(everywhere)[0, :-1]
    assert np.isnan(known).all() == (n_features > 2), "one column must be that of fit"
    values = with_values(rows, column1=rows[:, 1] * 1.01)
    assert_array_equal(windower.transform(values)[0, :-1], rows[-19:])
    periodic = np.c_[np.tile(np.arange(20.0), 10), RANDOM[:, 0]]
    windower = SequenceWindower(20).fit(periodic)
    later = with_values(periodic, column1=RANDOM[:, 1])
    assert_array_equal(windower.transform(later)[0, :-1], periodic[-19:])


def test_permutation_importance_of_rows_of_fit_needs_no_history():
    y = RANDOM[:, 0] + np.roll(RANDOM[:, 1], 1)
    found = []
    for history in ("auto", "none"):
        windower = SequenceWindower(20, pad="edge", history=history, flatten=True)
        pipe = make_pipeline(windower, Ridge()).fit(RANDOM[:, :3], y)
        of_pipe = permutation_importance(pipe, RANDOM[:, :3], y, random_state=0)
        found.append(of_pipe.importances)
    assert_array_equal(*found)


def test_rows_of_fit_that_are_scaled_in_float32():
    rows = 50 + np.random.RandomState(0).normal(size=(200, 3))
    pipe = make_pipeline(StandardScaler(), SequenceWindower(20)).fit(rows)
    found = pipe.transform(rows.astype(np.float32))
    assert_array_equal(np.isnan(found), np.isnan(pipe.transform(rows)))


@pytest.mark.parametrize(
    "rows",
    [
        RANDOM[:19],
        RANDOM[1:],
        with_values(RANDOM, row0=0.0, row1=0.0, row2=0.0),
        with_values(RANDOM, column2=RANDOM[:, 4], column3=RANDOM[:, 5]),
        with_values(RANDOM, column2=-1.0, column3=-1.0)[:199],
        RANDOM + 1e-2,
    ],
    ids=["19", "later", "3 rows", "2 columns", "fewer rows", "other values"],
)
def test_other_rows_follow_those_of_fit(rows):
    windower = SequenceWindower(20).fit(RANDOM)
    assert_array_equal(windower.transform(rows)[0, :-1], RANDOM[-19:])


@pytest.mark.parametrize(
    "start",
    [
        np.zeros((30, 1)),
        np.tile([[0.0], [1.0], [2.0]], (20, 1)),
        1e6 + np.arange(30.0).reshape(-1, 1),
        np.full((30, 1), np.nan),
    ],
    ids=["zeros", "periodic", "large", "missing"],
)
def test_rows_like_the_first_that_occur_again_follow_those_of_fit(start):
    """They may be those of another day."""
    rows = np.vstack([start, RANDOM[:, :1]])
    windower = SequenceWindower(20).fit(rows)
    assert_array_equal(windower.transform(start)[0, :-1], rows[-19:])
    for container in (np.asarray, pd.DataFrame):  # also with rows that follow
        windower = SequenceWindower(20).fit(container(rows))
        for more in (rows, np.vstack([rows, rows[:5]])):
            assert np.isnan(windower.transform(container(more))[0, :-1]).all()


def one_hot(values):
    return (values[:, np.newaxis] == np.unique(values)).astype(float)


HOURS = np.arange(24 * 7 * 6)
CALENDAR = np.hstack([one_hot(HOURS % 24), one_hot(HOURS // 24 % 7)])


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param([np.random.RandomState(0).normal(size=len(HOURS))], id="calendar"),
        pytest.param([np.where(HOURS % 50 == 0, 1.0 + HOURS, 0.0)], id="demand"),
        pytest.param([], id="calendar alone"),
    ],
)
@pytest.mark.parametrize("test_size", [24, 24 * 7])
def test_common_values_do_not_make_rows_those_of_fit(columns, test_size):
    """Zeros, and the hour and the day of another week."""
    series = np.column_stack([*columns, CALENDAR])
    whole = SequenceWindower(24).fit_transform(series)
    for train, test in TimeSeriesSplit(4, test_size=test_size).split(series):
        windower = SequenceWindower(24).fit(series[train])
        assert_array_equal(windower.transform(series[train]), whole[train])
        assert_array_equal(windower.transform(series[test]), whole[test])


def test_sparse_rows_follow_those_of_fit():
    demand = np.where(np.random.RandomState(0).rand(300) < 0.05, 1.0 + HOURS[:300], 0)
    demand[0] = 3.0
    whole = SequenceWindower(20).fit_transform(demand[:, np.newaxis])
    for n_rows in range(50, 280, 7):
        windower = SequenceWindower(20).fit(demand[:n_rows, np.newaxis])
        later = windower.transform(demand[n_rows:, np.newaxis])
        assert_array_equal(later, whole[n_rows:])


@pytest.mark.parametrize("container", [np.asarray, pd.DataFrame])
def test_rows_that_are_numbered_anew_follow_those_of_fit(container):
    """As rows are by scikit-learn where they have no index, or by `reset_index`."""
    series = np.random.RandomState(0).normal(size=(60, 2))
    scaler = StandardScaler().set_output(transform="pandas")
    pipe = make_pipeline(scaler, SequenceWindower(8, gap=2))
    alone = make_pipeline(StandardScaler(), SequenceWindower(8, gap=2))
    alone.fit(series[:40])
    pipe.fit(container(series[:40]))
    numbers = pd.Index([*range(18)])  # what pandas 2 makes of part of a default index
    later = pd.DataFrame(series[42:], numbers)
    assert_allclose(pipe.transform(later), alone.transform(series[42:]))
    for rows in (series[42:], series[:40], series[:10], series[42:45]):
        assert_allclose(pipe.transform(container(rows)), alone.transform(rows))


def test_rows_whose_numbers_continue_are_placed_by_them():
    frame = pd.DataFrame({"a": np.arange(20.0)})
    windower = SequenceWindower(4, flatten=True).fit(frame[:10])
    assert_array_equal(windower.transform(frame[12:13]), [[9, NAN, NAN, 12]])
    windower.fit(frame[5:10])
    assert_array_equal(windower.transform(frame[:1]), [[NAN, NAN, NAN, 0]])


def test_fewer_rows_in_fit_than_steps():
    windower = SequenceWindower(window_length=5, flatten=True).fit(rows(1, 2))
    assert_array_equal(windower.transform(rows(3)), [[NAN, NAN, 1, 2, 3]])
    windower.set_params(pad="edge")
    assert_array_equal(windower.transform(rows(3)), [[1, 1, 1, 2, 3]])


def test_fewer_rows_than_steps_are_those_of_fit_in_their_order_only():
    windower = SequenceWindower(window_length=9).fit(rows(1, 0, 0, 1))
    assert np.isnan(windower.transform(rows(1, 0, -0.0, 1))[0, :-1]).all()
    for other in (rows(0, 1, 1, 0), rows(1, 1, 0, 0), rows(1, 0, 0, 1, 0)):
        assert_array_equal(windower.transform(other)[0, 4:-1], rows(1, 0, 0, 1))


def test_history_none_starts_anew():
    windower = SequenceWindower(window_length=2, history="none", flatten=True)
    windower.fit(rows(1, 2))
    assert_array_equal(windower.transform(rows(3, 4)), [[NAN, 3], [3, 4]])
    windower.set_params(pad="edge")
    assert_array_equal(windower.transform(rows(3, 4)), [[3, 3], [3, 4]])


@pytest.mark.parametrize("flatten", [False, True])
def test_output_is_a_read_only_view(flatten):
    X = np.random.RandomState(0).rand(1000, 3)
    windows = SequenceWindower(window_length=50, flatten=flatten).fit_transform(X)
    base = windows
    while base.base is not None:
        base = base.base
    assert base.nbytes == (1000 + 49) * 3 * 8
    assert not windows.flags.writeable


@pytest.mark.parametrize("flatten", [False, True])
def test_long_windows_of_a_long_series_take_little_memory(flatten):
    X = np.zeros((2_000_000, 1))
    windower = SequenceWindower(window_length=500, flatten=flatten)
    tracemalloc.start()
    windows = windower.fit_transform(X)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert windows.size == 1_000_000_000
    assert peak < 100e6


def test_changing_a_row_changes_no_earlier_window():
    X = np.random.RandomState(0).rand(30, 2)
    before = SequenceWindower(window_length=7).fit_transform(X)
    X[20] += 1.0
    after = SequenceWindower(window_length=7).fit_transform(X)
    assert_array_equal(after[:20], before[:20])
    assert (after[20:27] != before[20:27]).any(axis=(1, 2)).all()


def test_input_is_not_changed_and_missing_values_pass():
    X = rows(1, NAN, 3)
    kept = X.copy()
    windows = flat(SequenceWindower(window_length=2, pad=0), X)
    assert_array_equal(windows, [[0, 1], [1, NAN], [NAN, 3]])
    assert_array_equal(X, kept)


@pytest.mark.parametrize(
    ("dtype", "expected"), [("f4", "f4"), ("f8", "f8"), ("i8", "f8")]
)
def test_dtype(dtype, expected):
    X = np.arange(6).reshape(3, 2).astype(dtype)
    windower = SequenceWindower(window_length=2).fit(X)
    assert windower.transform(X).dtype == expected
    assert windower.transform(X + X).dtype == expected


def test_feature_names():
    frame = pd.DataFrame({"load": [1.0, 2.0], "wind": [3.0, 4.0]})
    windower = SequenceWindower(window_length=2, flatten=True).fit(frame)
    expected = ["load_lag1", "wind_lag1", "load_lag0", "wind_lag0"]
    assert windower.get_feature_names_out().tolist() == expected
    windower.set_params(flatten=False)
    of_steps = ["load_lag1, wind_lag1", "load_lag0, wind_lag0"]
    assert windower.get_feature_names_out().tolist() == of_steps


@pytest.mark.parametrize("library", [pd, pl], ids=["pandas", "polars"])
def test_output_to_frames_is_flat_with_names(library):
    frame = library.DataFrame({"load": [1.0, 2.0, 3.0]})
    windower = SequenceWindower(window_length=2)
    windower.set_output(transform=library.__name__)
    windows = windower.fit_transform(frame)
    assert isinstance(windows, library.DataFrame)
    assert list(windows.columns) == ["load_lag1", "load_lag0"]
    assert_array_equal(windows.to_numpy(), [[NAN, 1], [1, 2], [2, 3]])
    assert_array_equal(clone(windower).fit_transform(frame).to_numpy(), windows)


def test_frame_output_keeps_the_index():
    index = pd.date_range("2026-01-01", periods=3, freq="D")
    frame = pd.DataFrame({"load": [1.0, 2.0, 3.0]}, index=index)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(window_length=2))
    pipe.set_output(transform="pandas")
    assert pipe.fit_transform(frame).index.equals(index)


@pytest.mark.parametrize(
    ("params", "rule"),
    [
        ({"window_length": 0}, r"'window_length'.*int in the range \[1, inf\).*Got 0"),
        (
            {"window_length": -1},
            r"'window_length'.*int in the range \[1, inf\).*Got -1",
        ),
        ({"window_length": 2.5}, r"'window_length'.*int in the range \[1.*Got 2.5"),
        ({"window_length": "a"}, r"'window_length'.*int in the range \[1.*Got 'a'"),
        ({"pad": "mean"}, r"'pad'.*'edge'.*Got 'mean'"),
        ({"history": "all"}, r"'history'.*Got 'all'"),
        ({"gap": -1}, r"'gap'.*int in the range \[0, inf\).*Got -1"),
        ({"flatten": "yes"}, r"'flatten'.*Got 'yes'"),
    ],
)
def test_bad_parameters_are_named_at_fit(params, rule):
    windower = SequenceWindower(**params)
    with pytest.raises(ValueError, match=rule):
        windower.fit(rows(1, 2))


def test_other_features_than_in_fit():
    windower = SequenceWindower().fit(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="X has 3 features, but SequenceWindower is"):
        windower.transform(np.zeros((5, 3)))


def test_infinite_values_are_refused():
    with pytest.raises(ValueError, match="infinity"):
        SequenceWindower().fit(rows(1, np.inf))
