"""PanelTimeSeriesSplit cuts all series at the same times."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import TimeSeriesSplit, check_cv

from skrnn import PanelTimeSeriesSplit


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
        for train, test in folds:
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
    assert repr(splitter).startswith("PanelTimeSeriesSplit(gap=0")


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
        ({"n_splits": 1}, "n_splits=1"),
        ({"n_splits": 9}, "number of folds=10 greater"),
    ],
)
def test_folds_that_cannot_be_made(params, message):
    panel = panel_of([(s, t) for s in "ab" for t in range(4)])
    with pytest.raises(ValueError, match=message):
        next(PanelTimeSeriesSplit(**params).split(panel))
