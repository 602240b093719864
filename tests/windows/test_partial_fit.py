"""SequenceWindower.partial_fit: rows observed after fit."""

import pickle
import tracemalloc
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from pandas.testing import assert_index_equal
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import SequenceWindower

NAN = np.nan

# A Saturday first, so that no draw looks like business days.
INDEX = {
    "integers": pd.Index(range(1000)),
    "days": pd.date_range("2026-01-03", periods=200, freq="D"),
    "days in a time zone": pd.date_range("2026-01-03", periods=200, tz="Europe/Paris"),
    "month ends": pd.date_range("2000-01-31", periods=200, freq="ME"),
    "periods": pd.period_range("2000-01", periods=200, freq="Q"),
    "timedeltas": pd.timedelta_range("0s", periods=200, freq="10min"),
}


def flat(window_length=3, **params):
    return SequenceWindower(window_length, flatten=True, **params)


def rows(*values):
    return np.array(values, dtype=float).reshape(-1, 1)


def frame(values, index):
    return pd.DataFrame({"x": np.array(values, dtype=float)}, index=index)


def days(n_rows):
    return pd.date_range("2026-01-01", periods=n_rows, freq="D")


def in_pieces(windower, data, cuts):
    """Pass data in pieces that end at the cuts, then the rest."""
    cuts = [0, *sorted(cuts), len(data)]
    for start, stop in pairwise(cuts):
        assert windower.partial_fit(data[start:stop]) is windower
    return windower


def assert_remembers_the_same(one, other):
    assert_array_equal(one.last_window_, other.last_window_)
    assert one.last_window_.dtype == other.last_window_.dtype
    if other.last_index_ is None:
        assert one.last_index_ is None
    else:
        assert_index_equal(one.last_index_, other.last_index_, exact="equiv")


# Pieces give the same result as the whole


@given(
    n_rows=st.integers(2, 40),
    n_features=st.integers(1, 3),
    window_length=st.integers(1, 12),
    gap=st.integers(0, 5),
    data=st.data(),
)
def test_pieces_of_an_array(n_rows, n_features, window_length, gap, data):
    series = np.random.RandomState(0).rand(n_rows + 20, n_features)
    seen, new = series[:n_rows], series[n_rows:]
    cuts = data.draw(st.sets(st.integers(1, n_rows - 1)))
    parts = in_pieces(SequenceWindower(window_length, gap=gap), seen, cuts)
    whole = SequenceWindower(window_length, gap=gap).fit(seen)
    assert_remembers_the_same(parts, whole)
    assert_array_equal(parts.transform(new), whole.transform(new))


@pytest.mark.filterwarnings("ignore::skrnn.exceptions.IrregularIndexWarning")
@given(
    kind=st.sampled_from(list(INDEX)),
    jumps=st.lists(st.sampled_from([1, 1, 1, 2, 5]), min_size=2, max_size=25),
    window_length=st.integers(1, 8),
    data=st.data(),
)
def test_pieces_of_a_series_with_an_index(kind, jumps, window_length, data):
    times = np.cumsum([0, 1, *jumps])  # the first two determine the step
    series = frame(np.random.RandomState(0).rand(len(times)), INDEX[kind][times])
    n_rows = data.draw(st.integers(3, len(times) - 1))
    cuts = data.draw(st.sets(st.integers(2, n_rows - 1)))
    parts = in_pieces(SequenceWindower(window_length), series[:n_rows], cuts)
    whole = SequenceWindower(window_length).fit(series[:n_rows])
    assert_remembers_the_same(parts, whole)
    for new in (series[n_rows:], series):
        assert_array_equal(parts.transform(new), whole.transform(new))


@given(
    pairs=st.sets(
        st.tuples(st.sampled_from("abc"), st.integers(0, 20)), min_size=8, max_size=40
    ),
    cuts=st.sets(st.integers(2, 14)),
    window_length=st.integers(1, 6),
    by_time=st.booleans(),
)
@pytest.mark.filterwarnings("ignore::skrnn.exceptions.IrregularIndexWarning")
def test_pieces_of_a_panel(pairs, cuts, window_length, by_time):
    pairs |= {("d", t) for t in range(21)}  # determines the step of all series
    index = pd.MultiIndex.from_tuples(sorted(pairs), names=["series", "time"])
    panel = frame(np.random.RandomState(0).rand(len(pairs)), index)
    panel = panel.sort_index(level=1) if by_time else panel
    times = panel.index.get_level_values(1)
    parts, start = SequenceWindower(window_length), 0
    pieces = []
    for stop in [*sorted(cuts), 15]:
        pieces.append(panel[(times >= start) & (times < stop)])
        parts.partial_fit(pieces[-1])
        start = stop
    whole = SequenceWindower(window_length).fit(pd.concat(pieces))
    assert_remembers_the_same(parts, whole)
    new = panel[times >= 15]
    assert_array_equal(parts.transform(new), whole.transform(new))


@pytest.mark.parametrize("kind", INDEX)
def test_one_row_at_a_time(kind):
    series = frame(range(8), INDEX[kind][:8])
    if isinstance(series.index, pd.DatetimeIndex):
        series.index.freq = None  # so that the step is not known from fit
    parts = in_pieces(flat(), series[:6], range(1, 6))
    assert_array_equal(parts.transform(series[7:]), [[5, NAN, 7]])


@pytest.mark.parametrize("value", [0.0, NAN])
def test_equal_rows_one_at_a_time(value):
    """A new row is not mistaken for the first one, which has the same values."""
    windower = flat(3, pad=-1)
    for _ in range(3):
        windower.partial_fit(rows(value))
    assert_array_equal(windower.transform(rows(value)), [[value] * 3])


# Changes of state


def test_the_first_call_is_fit():
    X = rows(1, 2, 3, 4)
    first, fitted = flat().partial_fit(X), flat().fit(X)
    assert vars(first).keys() == vars(fitted).keys()
    assert_remembers_the_same(first, fitted)
    assert_array_equal(first.transform(X), fitted.transform(X))
    with pytest.raises(ValueError, match="'window_length' parameter"):
        flat(0).partial_fit(X)


def test_fit_starts_anew():
    windower = flat().fit(rows(1, 2)).partial_fit(rows(3)).fit(rows(4))
    assert_array_equal(windower.transform(rows(5)), [[NAN, 4, 5]])


def test_fewer_rows_than_a_window_forget_nothing():
    windower = flat(4).fit(rows(1, 2, 3, 4)).partial_fit(rows(5))
    assert_array_equal(windower.last_window_, rows(3, 4, 5))
    assert_array_equal(windower.transform(rows(6)), [[3, 4, 5, 6]])


def test_a_gap_is_before_the_rows_to_transform_only():
    windower = flat(4, gap=1).fit(rows(1, 2, 3, 4)).partial_fit(rows(5))
    assert_array_equal(windower.transform(rows(7)), [[4, 5, NAN, 7]])


def test_rows_of_fit_are_windowed_as_in_fit_and_those_of_partial_fit_as_new():
    first, second = rows(1, 2, 3, 4), rows(5, 6)
    windower = flat().fit(first)
    expected = windower.transform(first)
    windower.partial_fit(second)
    assert_array_equal(windower.transform(first), expected)
    assert_array_equal(windower.transform(second), [[5, 6, 5], [6, 5, 6]])


def test_with_an_index_rows_of_partial_fit_get_the_remembered_rows_before_them():
    week = frame(range(7), days(7))
    windower = flat(4).fit(week[:4]).partial_fit(week[4:6])
    assert_array_equal(
        windower.transform(week[4:6]), [[NAN, NAN, 3, 4], [NAN, 3, 4, 5]]
    )


def test_a_longer_window_is_filled_by_what_comes():
    windower = flat(2).fit(rows(1, 2, 3)).set_params(window_length=4)
    assert_array_equal(windower.partial_fit(rows(4)).last_window_, rows(3, 4))
    assert_array_equal(windower.partial_fit(rows(5, 6)).last_window_, rows(4, 5, 6))


def test_windows_of_one_step():
    week = frame(range(7), days(7))
    windower = flat(1).fit(week[:3]).partial_fit(week[3:4])
    assert windower.last_window_.shape == (0, 1)
    assert_array_equal(windower.transform(week[4:]), rows(4, 5, 6))


@pytest.mark.parametrize("indexed", [False, True])
def test_without_history_nothing_changes_but_rows_are_checked(indexed):
    week = frame(range(7), days(7))
    data = week if indexed else week.to_numpy()
    windower = flat(history="none").fit(data[:4])
    before = pickle.dumps(windower)
    windower.partial_fit(data[4:6]).partial_fit(data[:2])
    assert pickle.dumps(windower) == before
    with pytest.raises(ValueError, match="infinity"):
        windower.partial_fit(data[4:] * np.inf)
    two = week.assign(y=0.0) if indexed else np.zeros((2, 2))
    with pytest.raises(ValueError, match="feature"):
        windower.partial_fit(two)


def test_without_history_an_index_is_checked_as_well():
    windower = flat(history="none").fit(frame(range(3), days(3)))
    off = frame(range(2), days(2) + pd.to_timedelta([0, 1], unit="h"))
    with pytest.raises(ValueError, match="are not multiples of 1 days"):
        windower.partial_fit(off)


@pytest.mark.parametrize("method", ["transform", "partial_fit"])
def test_without_history_another_kind_of_index_is_an_error(method):
    week = frame(range(7), days(7))
    windower = flat(history="none").fit(week)
    panel = pd.concat({"a": week})
    for other in (week.reset_index(drop=True), week.to_period("D"), panel):
        with pytest.raises(ValueError, match="but in fit it was a DatetimeIndex"):
            getattr(windower, method)(other)


def test_the_last_rows_only_are_kept_in_memory():
    tracemalloc.start()
    windower = SequenceWindower(5)
    for start in (0, 1_000_000):
        index = pd.date_range("2026", periods=2_000_000, freq="s")[start:][:1_000_000]
        windower.partial_fit(pd.DataFrame({"x": np.zeros(1_000_000)}, index=index))
        del index
    kept = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert kept < 4e6
    assert windower.last_window_.base is None


def test_input_is_not_changed_and_not_shared():
    first, second = rows(1, 2, 3), rows(4)
    windower = flat().fit(first).partial_fit(second)
    assert_array_equal(second, rows(4))
    second[:] = 9
    assert_array_equal(windower.last_window_, rows(3, 4))


def test_float32_stays_float32():
    windower = flat().fit(rows(1, 2, 3).astype("f4"))
    assert windower.partial_fit(rows(4).astype("f4")).last_window_.dtype == "f4"
    assert windower.partial_fit(rows(0.1)).last_window_[-1] == 0.1


# With an index


def test_a_gap_is_missing_steps():
    week = frame(range(7), days(7))
    windower = flat(4).fit(week[:3]).partial_fit(week[4:5])
    assert_array_equal(windower.transform(week[5:6]), [[2, NAN, 4, 5]])
    assert windower.last_index_.equals(week.index[[1, 2, 4]])


def test_a_series_is_a_frame_of_one_column():
    week = frame(range(7), days(7))
    windower = flat().fit(week["x"][:3]).partial_fit(week["x"][3:4])
    assert_array_equal(windower.transform(week["x"][4:5]), [[2, 3, 4]])


@pytest.mark.parametrize(
    ("index", "last", "new"),
    [
        (days(7), "2026-01-05 00:00:00", "2026-01-03 00:00:00"),
        (pd.period_range("2026-01", periods=7, freq="M"), "2026-05", "2026-03"),
        (pd.to_timedelta(range(7), unit="h"), "0 days 04:00:00", "0 days 02:00:00"),
        (pd.RangeIndex(7), "4", "2"),
    ],
    ids=lambda value: type(value).__name__,
)
@pytest.mark.parametrize("stop", [3, 7])
def test_rows_that_are_not_later_are_refused(index, last, new, stop):
    data = frame(range(7), index)
    windower = flat().fit(data[:5])
    before = pickle.dumps(windower)
    message = rf"^X starts at {new}, which is not after the last row seen, at {last}\. "
    with pytest.raises(ValueError, match=message):
        windower.partial_fit(data[2:stop])
    with pytest.raises(ValueError, match=rf"^X starts at {last}, .*, at {last}\. "):
        windower.partial_fit(data[4:])
    assert pickle.dumps(windower) == before


def test_times_in_another_zone_are_compared_as_times():
    index = days(6).tz_localize("UTC")
    data = frame(range(6), index)
    windower = flat().fit(data[:3])
    abroad = data.tz_convert("Asia/Tokyo")
    with pytest.raises(ValueError, match=r"X starts at 2026-01-03 00:00:00\+00:00"):
        windower.partial_fit(abroad[2:])
    assert_array_equal(
        windower.partial_fit(abroad[3:5]).transform(data[5:]), [[3, 4, 5]]
    )


def test_the_step_stays_that_of_fit():
    windower = flat().fit(frame(range(3), days(3)))
    half = frame([3, 4], pd.to_datetime(["2026-01-04 00:00", "2026-01-04 12:00"]))
    with pytest.raises(ValueError, match="are not multiples of 1 days"):
        windower.partial_fit(half)
    windower.partial_fit(half[:1])
    sparse = frame([5, 7], pd.to_datetime(["2026-01-06", "2026-01-08"]))
    windower.partial_fit(sparse)
    assert_array_equal(
        windower.transform(frame([8], pd.to_datetime(["2026-01-09"]))), [[NAN, 7, 8]]
    )


def test_irregular_rows_after_a_single_one_are_refused():
    windower = flat().fit(frame([0], pd.Index([0])))
    with pytest.raises(ValueError, match=r"no regular step.*asfreq"):
        windower.partial_fit(frame([2, 5], pd.Index([2, 5])))


@pytest.mark.parametrize(
    ("first", "second", "message"),
    [
        (days(3), pd.RangeIndex(3, 5), "The index of X is an integer Index, but in"),
        (
            days(3),
            days(5)[3:].tz_localize("UTC"),
            "with a time zone, but in fit it was",
        ),
        (
            days(3),
            pd.MultiIndex.from_product([["a"], days(5)[3:]]),
            r"The index of X is \(series, time\) with a DatetimeIndex, but in fit it",
        ),
        (
            pd.MultiIndex.from_product([["a"], days(3)]),
            days(5)[3:],
            r"is a DatetimeIndex, but in fit it was \(series, time\)",
        ),
        (
            pd.Index(["a", "b", "c"]),
            pd.MultiIndex.from_product([["a"], days(5)[3:]]),
            "but X had no time index in fit",
        ),
        (days(3), pd.Index(["a", "b"]), r"X has no time index.*set_output"),
    ],
)
def test_another_kind_of_index_is_refused(first, second, message):
    windower = flat().fit(frame(range(3), first))
    with pytest.raises(ValueError, match=message):
        windower.partial_fit(frame(range(2), second))


def test_rows_with_an_index_follow_those_without():
    windower = flat().fit(rows(1, 2, 3))
    windower.partial_fit(pd.DataFrame([[4.0]], index=days(1), columns=[0]))
    assert windower.last_index_ is None
    assert_array_equal(windower.transform(rows(5)), [[3, 4, 5]])


# Panels


@pytest.fixture
def panel():
    index = pd.MultiIndex.from_product([["a", "b"], days(5)], names=["series", "time"])
    return frame(range(10), index)


def test_each_series_grows_by_itself(panel):
    windower = flat().fit(panel.iloc[[0, 1, 2, 5, 6]])
    windower.partial_fit(panel.iloc[[3]])  # only of series a
    windower.partial_fit(panel.iloc[[0, 1]].rename({"a": "c"}))
    new = panel.iloc[[4, 7]]
    assert_array_equal(windower.transform(new), [[2, 3, 4], [5, 6, 7]])
    of_c = panel.iloc[[2]].rename({"a": "c"})
    assert_array_equal(windower.transform(of_c), [[0, 1, 2]])
    assert_array_equal(windower.last_window_.ravel(), [2, 5, 6, 3, 0, 1])
    assert windower.last_index_.get_level_values(0).tolist() == list("abbacc")


def test_a_series_whose_rows_are_not_later_is_named(panel):
    windower = flat().fit(panel)
    later = panel.iloc[[4, 8]].rename({"a": "new"})
    with pytest.raises(
        ValueError,
        match=r"^Series b of X starts at 2026-01-04 00:00:00, which is not after the "
        r"last row seen, at 2026-01-05 00:00:00\.",
    ):
        windower.partial_fit(later)


# scikit-learn


def test_other_features_are_refused():
    windower = flat().fit(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="X has 3 features, but SequenceWindower is"):
        windower.partial_fit(np.zeros((1, 3)))
    named = flat().fit(pd.DataFrame({"a": [1.0, 2.0], "b": 0.0}))
    with pytest.raises(ValueError, match="feature names should match"):
        named.partial_fit(pd.DataFrame({"b": [1.0], "a": 0.0}, index=[2]))


@pytest.mark.parametrize("indexed", [False, True])
def test_a_pickled_windower_goes_on(indexed):
    week = frame(range(7), days(7))
    data = week if indexed else week.to_numpy()
    windower = flat(4).fit(data[:3]).partial_fit(data[3:4])
    loaded = pickle.loads(pickle.dumps(windower))
    for each in (windower, loaded):
        each.partial_fit(data[4:5])
    assert_remembers_the_same(loaded, windower)
    assert_array_equal(loaded.transform(data[5:]), [[2, 3, 4, 5], [3, 4, 5, 6]])


def test_the_windower_of_a_pipeline_goes_along():
    X = np.random.RandomState(0).rand(30, 1)
    pipe = make_pipeline(MinMaxScaler(), flat(5)).fit(X[:20])
    expected = pipe.transform(X[20:])
    for t in range(20, 30):
        assert_array_equal(pipe.transform(X[t : t + 1]), expected[t - 20 : t - 19])
        pipe[-1].partial_fit(pipe[0].transform(X[t : t + 1]))
