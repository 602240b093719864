"""Windows as views, and the names of their columns."""

import errno
import os
import shutil
import tempfile
from unittest.mock import Mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.windows.layout import (
    WindowLayout,
    empty_beside,
    lag_names,
    lags_of_names,
    layout_of_names,
    view_windows,
)

sizes = st.integers(1, 6)


@given(n_rows=sizes, window_length=sizes, n_features=sizes)
def test_windows_are_slices_of_the_padded_rows(n_rows, window_length, n_features):
    n_padded = n_rows + window_length - 1
    padded = np.arange(n_padded * n_features, dtype=float).reshape(-1, n_features)
    windows = view_windows(padded, window_length, flatten=False)
    flat = view_windows(padded, window_length, flatten=True)
    assert windows.shape == (n_rows, window_length, n_features)
    for row in range(n_rows):
        assert_array_equal(windows[row], padded[row : row + window_length])
        assert_array_equal(flat[row], windows[row].ravel())
    for view in (windows, flat):
        assert np.shares_memory(view, padded)
        assert not view.flags.writeable


@given(n_features=sizes, window_length=sizes)
def test_names_tell_their_layout_back(n_features, window_length):
    names = lag_names([f"x{i}" for i in range(n_features)], window_length)
    columns, features = layout_of_names(names)
    assert_array_equal(columns, np.arange(len(names)))
    assert features == [f"x{i}" for i in range(n_features)]


def test_names_go_from_oldest_step_with_features_fastest():
    assert lag_names(["a", "b"], 2) == ["a_lag1", "b_lag1", "a_lag0", "b_lag0"]


def test_layout_of_columns_in_another_order():
    columns, features = layout_of_names(["b_lag0", "a_lag1", "b_lag1", "a_lag0"])
    assert_array_equal(columns, [2, 1, 0, 3])  # b_lag1, a_lag1, b_lag0, a_lag0
    assert features == ["b", "a"]


def test_a_name_without_lag_carries_no_layout():
    assert layout_of_names(["a_lag1", "a_lag0", "weekday"]) is None


def test_an_absent_lag_is_named():
    with pytest.raises(ValueError, match="'b_lag1' is absent"):
        layout_of_names(["a_lag1", "a_lag0", "b_lag0"])


@pytest.mark.parametrize("has_fallocate", [True, False])
def test_a_full_disk_is_an_error_that_names_the_folder(
    tmp_path, monkeypatch, has_fallocate
):
    """Writing to the mapped file would kill the process."""
    path = tmp_path / "rows.dat"
    rows = np.memmap(path, dtype=np.float64, mode="w+", shape=(100, 2))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    if has_fallocate:
        full = OSError(errno.ENOSPC, "No space left on device")
        monkeypatch.setattr(
            os, "posix_fallocate", Mock(side_effect=full), raising=False
        )
    else:
        monkeypatch.delattr(os, "posix_fallocate", raising=False)
        monkeypatch.setattr(shutil, "disk_usage", lambda path: Mock(free=1000))
    with pytest.raises(OSError, match=r"file of 1600 bytes, .* no space") as caught:
        empty_beside(rows, (100, 2))
    assert caught.value.filename == str(tmp_path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_space_of_mapped_rows_is_reserved(tmp_path, monkeypatch):
    rows = np.memmap(tmp_path / "rows.dat", dtype=np.float64, mode="w+", shape=(9, 2))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = empty_beside(rows, (100_000, 2))
    (file,) = tmp_path.glob("skrnn-*")
    assert file.stat().st_blocks * 512 >= kept.nbytes


@pytest.mark.parametrize(
    ("name", "lag"),
    [
        ("load_lag3", ("load", 3)),
        ("window__load_lag3", ("window__load", 3)),
        ("load_lag24_lag1", ("load_lag24", 1)),
        ("Load [MW]_lag3", ("Load [MW]", 3)),
        ("_x_lag2", ("_x", 2)),
        ("lag_3", ("", 3)),
        ("Lag 3", ("", 3)),
        ("lag03", ("", 3)),
        ("load.lag.3", ("load", 3)),
        ("load_lag-3", ("load", 3)),
        ("load(lag=3)", None),
        ("load(t-3)", ("load", 3)),
        ("load [t - 3]", ("load", 3)),
        ("t-3", ("", 3)),
        ("load_t-3", ("load", 3)),
        ("village", None),
        ("holiday_flag", None),
        ("flag_3", None),
        ("lagoon", None),
        ("part-3", None),
        ("coal (t)", None),
    ],
)
def test_lags_in_names_of_others(name, lag):
    assert lags_of_names([name]) == [lag]


def test_the_last_step_has_no_number():
    found = lags_of_names(["load(t-1)", "load(t)", "x_t", "hour"])
    assert found == [("load", 1), ("load", 0), ("x", 0), None]


def layout_of(names, n_step_features=None):
    return WindowLayout.of(np.zeros((4, len(names))), names, n_step_features)


@pytest.mark.parametrize(
    ("names", "others"),
    [
        (
            ["lags__load_lag1", "lags__load_lag0", "remainder__hour"],
            "'remainder__hour'",
        ),
        (["hour", "load_lag1", "load_lag0"], "'hour'"),
        (["load_lag1", "load_lag0", "village", "holiday_flag"], "'village', 'holiday_"),
        (["load_lag1", "load_lag0", "wind(t-1)", "wind(t)"], r"'wind\(t-1\)', 'wind"),
        (["lag_3", "lag_2", "lag_1", "hour"], "'hour'"),
        (["load(t-3)", "load(t-2)", "hour"], "'hour'"),
        (["load_lag0", *"abcdefg"], "'a', 'b', 'c', 'd', 'e' and 2 more"),
    ],
)
def test_lags_beside_other_columns(names, others):
    with pytest.raises(ValueError, match=rf"beside others: {others}.*n_step_features"):
        layout_of(names)
    assert layout_of(names, 1).n_timesteps == len(names)


@pytest.mark.parametrize(
    "names",
    [
        ["lag_1", "lag_2", "lag_3"],
        ["load(t)", "load(t-1)"],
        ["load(t-1)", "wind(t-1)", "load(t)", "wind(t)"],
        ["lag_1", "lag_1.0"],
    ],
)
def test_lags_that_are_no_window(names):
    with pytest.raises(ValueError, match=r"such as .* but not those of one feature"):
        layout_of(names)
    assert layout_of(names, len(names)).n_timesteps == 1


@pytest.mark.parametrize(
    "names",
    [
        ["lag_52", "lag_2", "lag_1"],
        ["load(t-2)", "load(t-1)", "load(t)"],
        ["village", "holiday_flag"],
        ["coal (t)", "wood (t)"],
        ["x0", "x1"],
    ],
)
def test_other_names_are_steps(names):
    assert layout_of(names).n_timesteps == len(names)
