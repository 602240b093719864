"""Warnings about an index that holds times as strings."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

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
    option = ", dayfirst=True" if format.startswith(("%d/", "%d.")) else ""
    assert f"X.index = pd.to_datetime(X.index{option})" in str(warning.message)


QUARTERS = pd.period_range("1998Q1", periods=30, freq="Q")
WEEKS = pd.date_range("1989-07-10", periods=60, freq="W-MON")
MONTHS = pd.date_range("1995", periods=30, freq="MS")
FORMATS = {
    "%Y Q%q": QUARTERS,
    "%Y-Q%q": QUARTERS,
    "%YQ%q": QUARTERS,
    "%Yq%q": QUARTERS,
    "Q%q %Y": QUARTERS,
    "Q%q-%Y": QUARTERS,
    "%G W%V": WEEKS,
    "%G-W%V": WEEKS,
    "%GW%V": WEEKS,
    "%YM%m": MONTHS,
    "%Y-M%m": MONTHS,
    "%Y %b": MONTHS,
    "%d/%m/%Y": DAYS,
    "%d-%m-%Y %H:%M": DAYS,
    "%Y-%m-%d %H:%M:%S%z": DAYS.tz_localize("UTC"),
}


def converted(message, **names):
    """Return what the code in a message makes of the names in it."""
    code = re.search(r"`[^`]* = (pd\..*?)`", str(message))[1]
    return pd.Index(eval(code, {"pd": pd, **names}))


@pytest.mark.filterwarnings("ignore:Could not infer format")  # of pandas, for %b
@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("dtype", [object, "string", "str"])
def test_code_in_the_message_converts(format, dtype):
    times = FORMATS[format]
    X = frame(pd.Index(times.strftime(format), dtype=dtype))
    with pytest.warns(IgnoredIndexWarning) as caught:
        SequenceWindower(3).fit(X)
    assert f"such as {X.index[0]!r}" in str(caught[0].message)
    found = converted(caught[0].message, X=X)
    assert isinstance(found, type(times))
    assert (found == times).all()
    panel = pd.concat({"a": X, "b": X}, names=["series", "time"])
    with pytest.raises(ValueError, match="Convert strings") as error:
        SequenceWindower(3).fit(panel)
    found = converted(error.value, table=panel.reset_index())
    assert (found == times.append(times)).all()


def test_times_with_different_offsets_from_utc():
    times = pd.date_range("2026-03-28", periods=60, freq="h", tz="Europe/Paris")
    X = frame(pd.Index([time.isoformat() for time in times]))
    with pytest.warns(IgnoredIndexWarning, match="utc=True") as caught:
        SequenceWindower(3).fit(X)
    assert (converted(caught[0].message, X=X) == times).all()


def test_labels_of_several_series_repeat():
    X = frame(pd.date_range("2024", periods=20, freq="MS").strftime("%Y-%m-%d"))
    X = pd.concat([X, X])
    message = "X.index.`. Some labels repeat. Rows of several .* a MultiIndex of series"
    with pytest.warns(IgnoredIndexWarning, match=message) as caught:
        SequenceWindower(3).fit(X)
    assert "drop it" not in str(caught[0].message)
    X.index = pd.to_datetime(X.index)
    with pytest.raises(
        ValueError, match=r"duplicates\. Rows of several series need a "
    ):
        SequenceWindower(3).fit(X)


def test_an_empty_panel_of_strings():
    index = pd.MultiIndex.from_arrays([[], pd.Index([], dtype=str)])
    with pytest.raises(ValueError, match=r"table\['time'\] = pd.to_datetime\(table"):
        SequenceWindower(3).fit(frame(index))


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
        ["2024 Q5", "2024 Q6", "2024 Q7"],
        ["1998 Q1", "1998 Q2", "total"],
        ["Q1", "Q2", "Q3"],
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
        ([0.0, 0.1, 0.2, 0.5], "ignored, and so are their different distances"),
    ],
)
# as integers, months of different years are far apart
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.IrregularIndexWarning")
def test_numbers_that_look_like_times_are_named(labels, how):
    index = pd.Index(labels)
    data = pd.DataFrame({"x": np.arange(float(len(index)))}, index=index)
    with pytest.warns(IgnoredIndexWarning, match=f"such as {index[0]}.*{how}"):
        SequenceWindower(2).fit(data)
    if pd.api.types.is_integer_dtype(index.dtype):
        panel = pd.concat({"a": data, "b": data})
        with pytest.warns(IgnoredIndexWarning, match=f"such as {index[0]}"):
            SequenceWindower(2).fit(panel)


LOST = {
    "series": pd.MultiIndex.from_product([["a", "b"], DAYS[:30]]),
    "missing times": DAYS.append(DAYS[:1] + pd.Timedelta(days=62)),
    "missing months": pd.date_range("2020", periods=60, freq="MS").delete(7),
}


@pytest.mark.parametrize("index", LOST.values(), ids=LOST)
def test_an_index_that_a_scaler_lost_is_named(index):
    """Windows would mix series, or take rows beside a gap for neighbours."""
    X = frame(index)
    pipe = make_pipeline(MinMaxScaler(), SequenceWindower(3))
    with pytest.warns(
        IgnoredIndexWarning, match="X has no index.*set_output"
    ) as caught:
        pipe.fit_transform(X, X["load"])
    assert len(caught) == 1
    pipe.set_output(transform="pandas")
    assert np.isnan(pipe.fit_transform(X, X["load"])).any(axis=None)


@pytest.mark.parametrize(
    "index",
    [
        DAYS,
        DAYS.to_period("D"),
        DAYS[::-1],
        DAYS[:4] + pd.to_timedelta([0, 1, 5, 31], "min"),
        pd.RangeIndex(60),
        pd.MultiIndex.from_product([["a"], DAYS]),
        pd.Index(list("abcd")),
    ],
)
def test_an_index_that_tells_nothing_may_be_lost(index):
    """Warnings are errors."""
    y = frame(index)["load"]
    windows = SequenceWindower(3).fit_transform(y.to_numpy()[:, np.newaxis], y)
    assert windows.shape == (len(index), 3, 1)


def test_numbers_of_arrow_that_look_like_times_are_named():
    pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    years = pd.Index([2000.0, 2000.5, 2001.0]).astype("double[pyarrow]")
    with pytest.warns(IgnoredIndexWarning, match="such as 2000.0.*Make dates of them"):
        SequenceWindower(2).fit(frame(years))


@pytest.mark.parametrize(
    "labels",
    [
        [3, 4, 6],
        [2001, 2002],
        [2001.0, 2002.0],
        [0.0, 0.1, 0.2, 0.3, 0.4],
        [0.3, 0.1, 0.2],
        range(202401, 202412),
        [202499, 202500],
    ],
)
def test_other_numbers_are_no_times(labels):
    """Warnings are errors."""
    data = pd.DataFrame({"x": 1.0}, index=pd.Index(labels))
    assert SequenceWindower(2).fit_transform(data).shape == (len(data), 2, 1)
