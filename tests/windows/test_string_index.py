"""Warnings about an index that holds times as strings."""

import warnings

import numpy as np
import pandas as pd
import pytest

from skrnn import SequenceWindower
from skrnn.exceptions import IgnoredIndexWarning

DAYS = pd.date_range("2026-01-01", periods=60)


def frame(index):
    return pd.DataFrame({"load": np.arange(float(len(index)))}, index=index)


@pytest.mark.parametrize(
    "format",
    [
        "%Y-%m-%d",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%dT%H:%MZ",
        "%d/%m/%Y",
        "%d.%m.%y",
        "%Y%m%d",
        "%d %b %Y",
        "%b %d, %Y",
    ],
)
@pytest.mark.parametrize("dtype", [object, "string", "str"])
def test_times_as_strings(format, dtype):
    index = pd.Index(DAYS.strftime(format), dtype=dtype)
    with pytest.warns(IgnoredIndexWarning) as caught:
        SequenceWindower(3).fit_transform(frame(index))
    (warning,) = caught
    assert warning.filename == __file__
    assert f"such as {index[0]!r}" in str(warning.message)
    assert "X.index = pd.to_datetime(X.index)" in str(warning.message)


def test_a_series_with_times_as_strings():
    with pytest.warns(IgnoredIndexWarning):
        SequenceWindower(3).fit(frame(DAYS.astype(str))["load"])


def test_what_the_message_says_helps():
    X = frame(DAYS.astype(str)).drop(index="2026-01-03")
    X.index = pd.to_datetime(X.index)
    assert np.isnan(SequenceWindower(3).fit_transform(X)[2, 1, 0])


@pytest.mark.parametrize(
    "labels",
    [
        ["a", "b", "c"],
        ["1", "2", "3"],
        ["1001", "1002", "1003"],
        ["t1", "t2", "t3"],
        ["store 1", "store 2", "store 3"],
        ["10000001", "10000002", "10000003"],
        ["2026-01-01", "2026-01-02", "total"],
        ["2026-01-01", "2026-01-02", None],
        ["2026-01-01", "2026-01-02", 3],
        [],
    ],
)
def test_other_labels_say_nothing(labels):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        X = frame(pd.Index(labels, dtype=object))
        if labels:
            SequenceWindower(2).fit_transform(X)
    assert not caught


@pytest.mark.parametrize("index", [DAYS, DAYS.to_period("D"), pd.RangeIndex(60)])
def test_an_index_of_times_says_nothing(index):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        SequenceWindower(3).fit_transform(frame(index))
    assert not caught


@pytest.mark.parametrize(
    ("labels", "how"),
    [
        ([202411, 202412, 202501], r"read as integers.*format='%Y%m'\)"),
        ([20240131, 20240201], r"read as integers.*format='%Y%m%d'\)"),
        ([2024013123, 2024020100], r"read as integers.*format='%Y%m%d%H'\)"),
        ([202401312359, 202402010000], r"read as integers.*format='%Y%m%d%H%M'\)"),
        ([202411.0, 202412.0], r"ignored.*index.astype\(int\), format='%Y%m'\)"),
        (2000 + np.arange(24) / 12, "ignored. Make dates of them"),
        (pd.CategoricalIndex([2000.0, 2000.5]), "ignored. Make dates of them"),
        (pd.Index([202411, 202412], dtype=object), r"read as integers.*format='%Y%m'"),
    ],
)
def test_numbers_that_look_like_times_are_named(labels, how):
    index = pd.Index(labels)
    data = pd.DataFrame({"x": np.arange(float(len(index)))}, index=index)
    with pytest.warns(IgnoredIndexWarning, match=f"such as {index[0]}.*{how}"):
        SequenceWindower(2).fit(data)
    if pd.api.types.is_integer_dtype(index.dtype):
        panel = pd.concat({"a": data, "b": data})
        with pytest.warns(IgnoredIndexWarning, match=f"such as {index[0]}"):
            SequenceWindower(2).fit(panel)


def test_numbers_of_arrow_that_look_like_times_are_named():
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    years = pd.Index([2000.0, 2000.5, 2001.0]).astype("double[pyarrow]")
    with pytest.warns(IgnoredIndexWarning, match="such as 2000.0.*Make dates of them"):
        SequenceWindower(2).fit(frame(years))


@pytest.mark.parametrize(
    "labels",
    [
        [3, 4, 9],
        [2001, 2002],
        [2001.0, 2002.0],
        range(202401, 202412),
        [202499, 202500],
    ],
)
def test_other_numbers_are_no_times(labels):
    """Warnings are errors."""
    data = pd.DataFrame({"x": 1.0}, index=pd.Index(labels))
    assert SequenceWindower(2).fit_transform(data).shape == (len(data), 2, 1)
