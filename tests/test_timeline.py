"""The index of rows as time: what is a step, what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn._timeline import Timeline, place

MINUTE = 60_000_000_000


def dates(*days):
    return pd.DatetimeIndex([f"2026-{day}" for day in days])


def days(*numbers, **options):
    first = pd.Timestamp("2026-01-01", **options)
    return pd.DatetimeIndex([first + pd.Timedelta(days=n) for n in numbers])


STEPS = {
    "regular": (pd.date_range("2026-01-01", periods=5, freq="15min"), 15 * MINUTE),
    "days with a hole": (days(0, 1, 5, 6), 1440 * MINUTE),
    "weeks": (pd.date_range("2026-01-03", periods=3, freq="W-SAT"), 7 * 1440 * MINUTE),
    "two rows": (days(0, 1), 1440 * MINUTE),
    "one row": (days(0), None),
    "its own freq": (pd.date_range("2026-01-01", periods=1, freq="MS"), "MS"),
    "month starts with a hole": (dates("01-01", "02-01", "04-01"), "<DateOffset"),
    "month ends": (dates("01-31", "02-28", "03-31"), "ME"),
    "quarters": (dates("01-15", "04-15", "10-15"), "<DateOffset: months=3>"),
    "business days": (pd.bdate_range("2026-01-01", periods=8)._with_freq(None), "B"),
    "days across the change to summer time": (
        pd.date_range("2026-03-27", periods=5, tz="Europe/Paris").delete(1),
        "D",
    ),
    "hours across it": (
        pd.date_range("2026-03-28", periods=50, freq="h", tz="Europe/Paris").delete(3),
        60 * MINUTE,
    ),
    "periods": (pd.period_range("2026-01", periods=3, freq="2M"), 2),
    "timedeltas": (pd.to_timedelta([0, 2, 6], unit="s"), 2_000_000_000),
    "range": (pd.RangeIndex(0, 10, 2), 2),
    "integers with a hole": (pd.Index([3, 4, 7]), 1),
}


@pytest.mark.parametrize("name", STEPS)
def test_step(name):
    index, expected = STEPS[name]
    step = Timeline.of_index(index).step()
    if isinstance(expected, str):
        assert expected in (getattr(step, "freqstr", ""), str(step)[: len(expected)])
    else:
        assert step == expected


@pytest.mark.parametrize(
    "index", [days(0, 2, 5), pd.Index([0, 3, 7]), dates("01-01", "01-20", "03-05")]
)
def test_an_irregular_index_is_refused_with_what_to_do(index):
    with pytest.raises(ValueError, match=r"no regular step.*asfreq.*reset_index"):
        Timeline.of_index(index).step()


@pytest.mark.parametrize("index", [days(1, 0), days(0, 0), pd.Index([2, 1, 3])])
def test_an_index_that_does_not_increase_is_refused(index):
    with pytest.raises(ValueError, match=r"does not increase. Sort.*sort_index"):
        Timeline.of_index(index)


@pytest.mark.parametrize("index", [pd.Index(["a", "b"]), pd.Index([0.5, 1.5])])
def test_other_kinds_of_index_count_as_none(index):
    assert Timeline.of_index(index) is None
    assert Timeline.of(pd.DataFrame({"x": [1.0, 2.0]}, index=index)) is None


def test_data_without_index():
    assert Timeline.of(np.zeros((3, 1))) is None
    assert Timeline.of([[0.0], [1.0]]) is None


def test_mixed_time_zones_are_refused():
    index = pd.Index([pd.Timestamp("2026", tz=zone) for zone in ("UTC", "Asia/Tokyo")])
    with pytest.raises(ValueError, match=r"several time zones.*utc=True"):
        Timeline.of_index(index)


def test_a_missing_time_is_refused():
    with pytest.raises(ValueError, match="index of X has missing values"):
        Timeline.of_index(pd.DatetimeIndex(["2026-01-01", None]))


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (pd.MultiIndex.from_arrays([["a"], ["b"], [1]]), "two levels.*3 levels"),
        (pd.MultiIndex.from_arrays([["a"], ["b"]]), "second level.*must be the time"),
        (pd.MultiIndex.from_arrays([["a", "a"], [2, 1]]), "within each series"),
        (pd.MultiIndex.from_arrays([["a", None], [1, 2]]), "missing values"),
    ],
)
def test_bad_panels_are_refused(index, message):
    with pytest.raises(ValueError, match=message):
        Timeline.of_index(index)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (days(0, 1), pd.Index([2, 3])),
        (days(0, 1), days(2, 3, tz="UTC")),
        (days(0, 1), pd.period_range("2026-01-03", periods=2, freq="D")),
        (pd.Index([0, 1]), pd.MultiIndex.from_arrays([["a"], [2]])),
    ],
)
def test_two_kinds_of_index_do_not_follow_each_other(one, other):
    with pytest.raises(ValueError, match=r"The index of X is .*, but in fit it was"):
        Timeline.of_index(one).followed_by(Timeline.of_index(other))


def test_time_zones_are_the_same_time():
    utc = Timeline.of_index(days(0, 1, tz="UTC"))
    later = Timeline.of_index(days(2, tz="UTC").tz_convert("Asia/Tokyo"))
    assert utc.followed_by(later).times.equals(days(0, 1, 2, tz="UTC"))


def test_a_time_off_the_step_is_refused():
    both = Timeline.of_index(days(0, 1, 2.5))
    with pytest.raises(ValueError, match=r"step of the data in fit, 1 days"):
        place(both, 1440 * MINUTE, 3)
    months = Timeline.of_index(dates("01-01", "02-01", "02-15"))
    with pytest.raises(ValueError, match=r"step of the data in fit, MS"):
        place(months, pd.offsets.MonthBegin(), 3)


@given(
    jumps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), min_size=1),
    window_length=st.integers(1, 5),
)
def test_places_keep_holes_up_to_a_window(jumps, window_length):
    """Interleaved series: each on a stretch of its own, a window apart."""
    clock, rows = [0, 0, 0], []
    for series, jump in jumps:
        clock[series] += jump
        rows.append((f"s{series}", clock[series]))
    timeline = Timeline.of_index(pd.MultiIndex.from_tuples(rows))
    places, first = place(timeline, 1, window_length)
    codes = timeline.codes
    for code in np.unique(codes):
        (own,) = np.nonzero(codes == code)
        assert own[0] in first
        steps = np.diff(timeline.times.to_numpy()[own])
        assert_array_equal(np.diff(places[own]), np.minimum(steps, window_length))
    ordered = np.sort(places)
    assert ordered[0] == window_length - 1
    boundaries = np.isin(ordered, places[first])[1:]
    assert (np.diff(ordered)[boundaries] == window_length).all()
