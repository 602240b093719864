"""Windows as views on the rows of a series, and their missing steps."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn import SequenceWindower
from skrnn.windows.layout import view_windows
from skrnn.windows.view import WindowView

ROWS = np.random.RandomState(0).normal(size=(20, 2))
FORMS = {"view": np.asarray, "copy": np.array, "fortran": np.asfortranarray}


def windows_of(rows, form, window_length=4):
    return WindowView(FORMS[form](view_windows(rows, window_length, flatten=False)))


@pytest.mark.parametrize("window_length", [1, 4, 20])
@pytest.mark.parametrize("form", FORMS)
def test_windows_are_found_in_the_rows(form, window_length):
    windows = windows_of(ROWS, form, window_length)
    for start, stop in [(0, None), (3, 11), (16, 17)]:
        rows = windows.rows(start, stop)
        for k, expected in enumerate(windows.values[start:stop]):
            first = k * windows.stride
            assert_array_equal(rows[first : first + window_length], expected)


def test_the_rows_of_a_view_are_no_copy():
    windows = windows_of(ROWS, "view")
    assert np.shares_memory(windows.rows(), ROWS)
    assert_array_equal(windows.rows(), ROWS)
    assert not windows.rows().flags.writeable


@pytest.mark.parametrize("form", FORMS)
def test_steps_with_a_missing_value_and_steps_without_a_value(form):
    rows = ROWS.copy()
    rows[[2, 7], 0] = np.nan
    rows[[7, 8, 19], 1] = np.nan
    windows = windows_of(rows, form)
    for steps, of_values in [(windows.incomplete, np.any), (windows.empty, np.all)]:
        expected = of_values(np.isnan(windows.values), axis=2)
        assert steps.any()
        assert_array_equal(steps.counts, expected.sum(axis=1))
        for k in range(4):
            assert_array_equal(steps.at(k), expected[:, k])
    assert not windows_of(ROWS, form).incomplete.any()


@given(
    missing=st.lists(st.booleans(), min_size=1, max_size=12),
    window_length=st.integers(1, 4),
    form=st.sampled_from(sorted(FORMS)),
    data=st.data(),
)
def test_only_some_windows_are_looked_at(missing, window_length, form, data):
    if len(missing) < window_length:
        return
    rows = np.where(missing, np.nan, 1.0)[:, np.newaxis]
    windows = windows_of(rows, form, window_length)
    chosen = sorted(data.draw(st.sets(st.integers(0, len(windows) - 1), min_size=1)))
    expected = np.isnan(windows.values[chosen]).any()
    assert windows.incomplete.any_in(np.array(chosen, dtype=np.int32)) == expected
    chosen = range(chosen[0], chosen[-1] + 1)
    expected = np.isnan(windows.values[chosen]).any()
    assert windows.incomplete.any_in(chosen) == expected


@pytest.mark.parametrize("form", FORMS)
def test_windows_before_the_start_of_a_series(form):
    """A gap that is shorter than the window is none, and rows after it follow."""
    rows = np.vstack([np.full((3, 2), np.nan), ROWS])
    rows[[10, 11]] = np.nan
    windows = windows_of(rows, form)
    assert_array_equal(np.flatnonzero(windows.incomplete.before_start()), [0, 1, 2])


@pytest.mark.parametrize("form", FORMS)
def test_windows_of_a_series_follow_each_other(form):
    rows = ROWS.copy()
    rows[5] = np.nan
    windows = windows_of(rows, form)
    assert windows.is_of_series
    assert WindowView(np.repeat(windows.values, 2, axis=0)).is_of_series
    assert not WindowView(np.array(windows.values[::2])).is_of_series


def test_windows_of_a_panel_are_of_series_in_any_order():
    index = pd.MultiIndex.from_product([["a", "b"], range(10)])
    windows = SequenceWindower(4).fit_transform(pd.DataFrame(ROWS, index=index))
    assert WindowView(windows[::3]).is_of_series
    assert not WindowView(windows[::3]).follow_each_other
