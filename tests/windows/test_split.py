"""PanelTimeSeriesSplit splits all series at the same times, or each at its end."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import TimeSeriesSplit, check_cv

from skrnn import PanelTimeSeriesSplit, SequenceWindower


def panel_of(rows):
    index = pd.MultiIndex.from_tuples(sorted(rows), names=["series", "time"])
    return pd.DataFrame({"x": np.zeros(len(rows))}, index=index)


@given(
    rows=st.sets(
        st.tuples(st.sampled_from("abc"), st.integers(0, 30)), min_size=20, max_size=60
    ),
    n_splits=st.integers(2, 4),
    gap=st.integers(0, 2),
    shuffle_seed=st.integers(0, 3),
)
def test_every_test_row_is_later_than_every_training_row(
    rows, n_splits, gap, shuffle_seed
):
    panel = panel_of(rows)
    by_time = panel.sort_index(level="time")
    n_times = panel.index.get_level_values(1).nunique()
    assume(n_times > n_splits + gap + 1)
    splitter = PanelTimeSeriesSplit(n_splits, gap=gap)
    for data in (panel, by_time):
        times = data.index.get_level_values(1).to_numpy()
        folds = list(splitter.split(data))
        assert len(folds) == splitter.get_n_splits() == n_splits
        of_times = TimeSeriesSplit(n_splits, gap=gap).split(np.unique(times))
        for (train, test), parts in zip(folds, of_times, strict=True):
            for rows_of_part, part in zip((train, test), parts, strict=True):
                expected = np.isin(times, np.unique(times)[part])
                assert_array_equal(rows_of_part, np.flatnonzero(expected))
            assert times[test].min() > times[train].max()
            between = (times > times[train].max()) & (times < times[test].min())
            assert len(np.unique(times[between])) == gap
            assert (np.diff(train) > 0).all(), "the rows keep their order"
            assert (np.diff(test) > 0).all()


@pytest.mark.parametrize(
    "params", [{}, {"test_size": 3}, {"gap": 2}, {"max_train_size": 4, "test_size": 2}]
)
def test_one_series_is_cut_as_by_scikit_learn(params):
    rows = pd.DataFrame({"x": range(30)}, index=pd.RangeIndex(30))
    ours = PanelTimeSeriesSplit(n_splits=3, **params).split(rows)
    theirs = TimeSeriesSplit(n_splits=3, **params).split(rows)
    for (train, test), (expected_train, expected_test) in zip(
        ours, theirs, strict=True
    ):
        assert_array_equal(train, expected_train)
        assert_array_equal(test, expected_test)


def test_splitter_contract():
    splitter = PanelTimeSeriesSplit(n_splits=2, test_size=1)
    panel = panel_of([(s, t) for s in "ab" for t in range(4)])
    assert check_cv(splitter) is splitter
    once = [[part.tolist() for part in fold] for fold in splitter.split(panel)]
    again = [[part.tolist() for part in fold] for fold in splitter.split(panel, None)]
    assert once == again == [[[0, 1, 4, 5], [2, 6]], [[0, 1, 2, 4, 5, 6], [3, 7]]]
    assert repr(splitter).startswith("PanelTimeSeriesSplit(align='time', gap=0")


@pytest.mark.parametrize("X", [np.zeros((9, 1)), pd.DataFrame({"x": [1]}, index=["a"])])
def test_data_without_times_are_refused(X):
    with pytest.raises(ValueError, match="needs a DataFrame with an index of"):
        next(PanelTimeSeriesSplit().split(X))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"gap": -1}, "'gap'.*at least 0. Got -1"),
        ({"test_size": 0}, "'test_size'.*at least 1. Got 0"),
        ({"max_train_size": 1.5}, "'max_train_size'.*Got 1.5"),
        ({"gap": None}, "'gap'.*Got None"),
        ({"align": "start"}, "'align'.*must be 'time' or 'end'. Got 'start'"),
        ({"align": "end", "n_splits": 1}, "'n_splits'.*at least 2. Got 1"),
        ({"align": "end", "test_size": 0}, "'test_size'.*Got 0"),
        ({"n_splits": 1}, "'n_splits'.*at least 2. Got 1"),
        ({"n_splits": 2.0}, "'n_splits'.*Got 2.0"),
        ({"n_splits": 9}, "X has 4 times, too few for n_splits=9, test_size=None"),
        ({"n_splits": 2, "gap": 2}, "X has 4 times, too few for n_splits=2.*gap=2"),
    ],
)
def test_folds_that_cannot_be_made(params, message):
    panel = panel_of([(s, t) for s in "ab" for t in range(4)])
    with pytest.raises(ValueError, match=message):
        next(PanelTimeSeriesSplit(**params).split(panel))


# Each series at its own end


def lengths(**n_rows):
    return panel_of([(name, t) for name, n in n_rows.items() for t in range(n)])


def folds_of(splitter, X):
    try:
        return [[part.tolist() for part in fold] for fold in splitter.split(X)]
    except ValueError:
        return "refused"


PARAMS = st.fixed_dictionaries(
    {
        "n_splits": st.integers(2, 5),
        "test_size": st.none() | st.integers(1, 6),
        "gap": st.integers(0, 4),
        "max_train_size": st.none() | st.integers(1, 8),
    }
)


@given(
    n_rows=st.integers(1, 40),
    params=PARAMS,
    align=st.sampled_from(["time", "end"]),
    in_panel=st.booleans(),
)
def test_any_single_series_is_cut_as_by_scikit_learn(n_rows, params, align, in_panel):
    rows = lengths(a=n_rows)
    rows = rows if in_panel else rows.droplevel("series")
    expected = folds_of(TimeSeriesSplit(**params), rows)
    assert folds_of(PanelTimeSeriesSplit(**params, align=align), rows) == expected


@given(
    times=st.dictionaries(
        st.sampled_from("abcd"),
        st.sets(st.integers(0, 60), min_size=1, max_size=30),
        min_size=1,
    ),
    params=PARAMS,
    level=st.sampled_from(["series", "time"]),
)
def test_each_series_is_cut_as_if_it_were_alone(times, params, level):
    panel = panel_of([(name, t) for name in times for t in times[name]])
    panel = panel.sort_index(level=level)
    splitter = PanelTimeSeriesSplit(**params, align="end")
    alone = {s: folds_of(TimeSeriesSplit(**params), list(times[s])) for s in times}
    folds = folds_of(splitter, panel)
    if all(own_folds == "refused" for own_folds in alone.values()):
        assert folds == "refused"
        return
    assert len(folds) == splitter.get_n_splits()
    for name, own_folds in alone.items():
        rows = np.flatnonzero(panel.index.get_level_values("series") == name)
        of_series = [
            [np.flatnonzero(np.isin(rows, part)).tolist() for part in fold]
            for fold in folds
        ]
        if own_folds == "refused":
            assert_left_out_or_whole(of_series, len(rows), **params)
        else:
            assert of_series == own_folds


def assert_left_out_or_whole(folds, n_rows, n_splits, test_size, gap, max_train_size):
    """Check the folds of a series that is too short for the first of them."""
    size = test_size or n_rows // (n_splits + 1)
    for n_later, (train, test) in enumerate(reversed(folds)):
        end = n_rows - n_later * size
        train_end = end - size - gap
        if size == 0 or train_end < 1:
            assert train == test == []
        else:
            assert test == list(range(end - size, end))
            assert train == list(range(train_end))[-(max_train_size or n_rows) :]


def test_series_of_different_times_are_all_tested():
    rows = [(f"run{run:02}", 100 * run + t) for run in range(20) for t in range(10)]
    panel = panel_of(rows)
    series = panel.index.get_level_values("series")
    (*_, (_, test)) = PanelTimeSeriesSplit(2, test_size=3).split(panel)
    assert series[test].nunique() == 1
    for train, test in PanelTimeSeriesSplit(2, test_size=3, align="end").split(panel):
        assert series[train].nunique() == series[test].nunique() == 20


def test_short_series_take_part_in_the_folds_they_are_long_enough_for():
    panel = lengths(a=7, b=4, c=2)  # rows 0 to 6, 7 to 10, 11 and 12
    splitter = PanelTimeSeriesSplit(3, test_size=2, align="end")
    assert folds_of(splitter, panel) == [
        [[0], [1, 2]],
        [[0, 1, 2], [3, 4]],
        [[0, 1, 2, 3, 4, 7, 8], [5, 6, 9, 10]],
    ]


def test_the_default_test_size_is_that_of_each_series():
    panel = lengths(a=9, b=3, c=2)
    splitter = PanelTimeSeriesSplit(2, align="end")
    assert folds_of(splitter, panel) == [
        [[0, 1, 2, 9], [3, 4, 5, 10]],
        [[0, 1, 2, 3, 4, 5, 9, 10], [6, 7, 8, 11]],
    ]


def test_gap_and_max_train_size_count_rows_of_each_series():
    panel = panel_of([("a", t) for t in range(6)] + [("b", 10 * t) for t in range(5)])
    params = {"test_size": 1, "gap": 1, "max_train_size": 2}
    splitter = PanelTimeSeriesSplit(2, **params, align="end")
    assert folds_of(splitter, panel) == [
        [[1, 2, 6, 7], [4, 9]],
        [[2, 3, 7, 8], [5, 10]],
    ]


def test_windows_of_a_test_fold_know_the_rows_of_their_series():
    panel = lengths(a=5, b=4).assign(x=np.arange(9.0))
    splitter = PanelTimeSeriesSplit(2, test_size=1, align="end")
    for train, test in splitter.split(panel):
        windower = SequenceWindower(3, flatten=True).fit(panel.iloc[train])
        windows = windower.transform(panel.iloc[test])
        assert_array_equal(windows, test[:, None] + [-2, -1, 0])


@pytest.mark.parametrize(
    ("params", "longest"),
    [
        ({"n_splits": 5, "test_size": 1}, 5),
        ({"n_splits": 2, "test_size": 2, "gap": 1}, 5),
        ({"n_splits": 5}, 5),
        ({"n_splits": 2, "gap": 3}, 5),
    ],
)
def test_panels_without_a_series_that_is_long_enough(params, longest):
    panel = lengths(a=longest, b=3)
    message = f"longest series has {longest} rows, too few for n_splits="
    with pytest.raises(ValueError, match=f"{message}{params['n_splits']}"):
        next(PanelTimeSeriesSplit(**params, align="end").split(panel))


def test_a_panel_without_rows_is_refused():
    with pytest.raises(ValueError, match="longest series has 0 rows"):
        next(PanelTimeSeriesSplit(align="end").split(lengths(a=3)[:0]))
