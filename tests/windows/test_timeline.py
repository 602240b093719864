"""The index of rows: steps and errors."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.windows.steps import Step
from skrnn.windows.timeline import Timeline, place

MINUTE = 60_000_000_000


def dates(*days):
    return pd.DatetimeIndex([f"2026-{day}" for day in days])


def days(*numbers, **options):
    first = pd.Timestamp("2026-01-01", **options)
    return pd.DatetimeIndex([first + pd.Timedelta(days=n) for n in numbers])


DAY = 1440 * MINUTE
STEPS = {
    "regular": (
        pd.date_range("2026-01-01", periods=5, freq="15min"),
        "number",
        15 * MINUTE,
    ),
    "days with a hole": (days(0, 1, 5, 6, 8), "number", DAY),
    "weeks": (pd.date_range("2026-01-03", periods=3, freq="W-SAT"), "number", 7 * DAY),
    "two rows": (days(0, 1), "number", DAY),
    "its own freq, of one row": (
        pd.date_range("2026", periods=1, freq="D"),
        "number",
        DAY,
    ),
    "a wide freq of its own": (
        pd.date_range("2026", periods=1, freq="2D"),
        "number",
        2 * DAY,
    ),
    "month starts with a hole": (dates("01-01", "02-01", "04-01"), "month", 1),
    "month ends": (dates("01-31", "02-28", "03-31"), "month end", 1),
    "the thirtieth": (dates("01-30", "03-30", "04-30"), "month", 1),
    "quarters": (dates("01-15", "04-15", "10-15"), "month", 3),
    "business days": (days(0, 1, 4, 5, 6), pd.offsets.BusinessDay(), 1),
    "business days with a holiday": (
        days(0, 1, 4, 6, 7, 8),
        pd.offsets.BusinessDay(),
        1,
    ),
    "Mondays": (days(4, 11, 18), "number", 7 * DAY),
    "days across the change to summer time": (
        pd.date_range("2026-03-27", periods=5, tz="Europe/Paris").delete(1),
        "wall clock",
        DAY,
    ),
    "days before it": (days(0, 1, 6, tz="Europe/Paris"), "wall clock", DAY),
    "hours across it": (
        pd.date_range("2026-03-28", periods=50, freq="h", tz="Europe/Paris").delete(3),
        "number",
        60 * MINUTE,
    ),
    "periods": (pd.period_range("2026-01", periods=3, freq="2M"), "number", 2),
    "timedeltas": (pd.to_timedelta([0, 2, 6], unit="s"), "number", 2_000_000_000),
    "range": (pd.RangeIndex(0, 10, 2), "number", 2),
    "integers with a hole": (pd.Index([3, 4, 7]), "number", 1),
}


@pytest.mark.parametrize("name", STEPS)
def test_step(name):
    index, unit, n = STEPS[name]
    assert Timeline.of_index(index).step() == Step(unit, n)


@pytest.mark.parametrize(
    ("index", "unit"),
    [
        (pd.date_range("2026", periods=2, freq="MS"), "MS"),
        (pd.bdate_range("2026", periods=9), "B"),
    ],
)
def test_a_freq_of_the_calendar_is_the_step(index, unit):
    assert str(Timeline.of_index(index).step()) == unit


def test_one_row_has_no_step():
    assert Timeline.of_index(days(0)).step() is None


def test_a_panel_of_months_whose_series_start_at_other_times():
    later = [("a", day) for day in dates("03-01", "04-01")]
    earlier = [("b", day) for day in dates("01-01", "02-01", "03-01")]
    index = pd.MultiIndex.from_tuples([*later, *earlier])
    assert Timeline.of_index(index).step() == Step("month", 1)


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
        (
            pd.period_range("2026-01-01", periods=2, freq="D"),
            pd.period_range("2026-01-03", periods=2, freq="h"),
        ),
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
    half = Timeline.of_index(days(0, 1, 2.5))
    with pytest.raises(ValueError, match=r"are not multiples of 1 days"):
        place(half, Step("number", DAY), 3)
    months = Timeline.of_index(dates("01-01", "02-01", "02-15"))
    with pytest.raises(ValueError, match=r"are not multiples of 1 month apart"):
        place(months, Step("month", 1), 3)
    weekend = Timeline.of_index(days(0, 1, 2))
    with pytest.raises(ValueError, match=r"are not multiples of B"):
        place(weekend, Step(pd.offsets.BusinessDay(), 1), 3)


@given(
    jumps=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 9)), min_size=1),
    window_length=st.integers(1, 5),
)
def test_places_keep_holes_up_to_a_window(jumps, window_length):
    """Interleaved series get separate ranges, a window apart."""
    clock, rows = [0, 0, 0], []
    for series, jump in jumps:
        clock[series] += jump
        rows.append((f"s{series}", clock[series]))
    timeline = Timeline.of_index(pd.MultiIndex.from_tuples(rows))
    places, first = place(timeline, Step("number", 1), window_length)
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
