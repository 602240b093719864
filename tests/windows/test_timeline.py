"""The index of rows: steps and errors."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from skrnn.exceptions import IrregularIndexWarning
from skrnn.windows.steps import Step
from skrnn.windows.timeline import ANY_DISTANCE, Timeline, numbered, place

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


@pytest.mark.parametrize("resolution", ["s", "ms", "us"])
def test_the_resolution_of_an_index_does_not_change_its_step(resolution):
    for index, unit, n in STEPS.values():
        if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
            coarser = Timeline.of_index(index.as_unit(resolution))
            assert coarser.step() == Step(unit, n)


@pytest.mark.parametrize(
    ("index", "unit"),
    [
        (pd.date_range("2026", periods=2, freq="MS"), "MS"),
        (pd.bdate_range("2026", periods=9), "B"),
    ],
)
def test_a_freq_of_the_calendar_is_the_step(index, unit):
    assert Timeline.of_index(index).step().unit == unit


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


def test_integers_as_objects_are_times():
    index = pd.Index([3, 4, 6], dtype=object)
    assert_array_equal(Timeline.of_index(index).times, [3, 4, 6])
    with pytest.raises(ValueError, match="do not fit into int64"):
        Timeline.of_index(pd.Index([2**70, 2**70 + 1], dtype=object))


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
    for timeline in (weekend, Timeline.of_index(days(2, 4, 5))):  # at the end, first
        with pytest.raises(ValueError, match=r"are not multiples of B"):
            place(timeline, Step(pd.offsets.BusinessDay(), 1), 3)


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


@given(
    jumps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(1, 2**42)), min_size=1, max_size=50
    ),
    in_panel=st.booleans(),
)
def test_rows_are_numbered_from_the_first_of_their_series(jumps, in_panel):
    clock, number, rows, expected = [0, 0, 0], [0, 0, 0], [], []
    for series, jump in jumps:
        series = series if in_panel else 0
        is_first = clock[series] == 0
        clock[series] += jump
        number[series] += 0 if is_first else min(jump, ANY_DISTANCE)
        rows.append((f"s{series}", clock[series]))
        expected.append(number[series])
    index = pd.MultiIndex.from_tuples(rows)
    timeline = Timeline.of_index(index if in_panel else index.get_level_values(1))
    assert_array_equal(numbered(timeline, Step("number", 1)), expected)


def test_numbers_after_a_number_keep_its_name_and_dtype():
    later = Step("number", 2).after(pd.Index([5], dtype="int32", name="hour"), 3)
    pd.testing.assert_index_equal(later, pd.Index([7, 9, 11], "int32", name="hour"))


def test_days_of_24_hours_across_the_change_to_summer_time():
    index = pd.date_range("2026-03-24", periods=12, tz="UTC").tz_convert("Europe/Paris")
    later = Step("number", DAY).after(index[2:3], 9)
    assert_array_equal(later, index[3:])


def test_a_step_that_the_unit_of_an_index_cannot_hold_is_refused():
    index = pd.date_range("2026-01-01", periods=3, freq="s", unit="s")
    for n_steps in (1, 3):
        with pytest.raises(ValueError, match="Cannot losslessly convert units"):
            Step("number", 500_000_000).after(index[-1:], n_steps)


def test_two_rows_at_the_same_local_time_are_refused():
    """The clock is put back, so that both are at half past two."""
    index = pd.DatetimeIndex(
        ["2026-10-24 00:30", "2026-10-25 00:30", "2026-10-25 01:30", "2026-10-26 01:30"]
    )
    twice = Timeline.of_index(index.tz_localize("UTC").tz_convert("Europe/Paris"))
    with pytest.raises(ValueError, match="not multiples of 1 days"):
        twice.step_of_fit("D")


def test_integers_that_do_not_fit_are_refused():
    index = pd.Index([1, 2**64 - 1], dtype="uint64")
    with pytest.raises(ValueError, match="integers that do not fit into int64"):
        Timeline.of_index(index)


@pytest.mark.parametrize(("n_days", "next_hour"), [(3, 17), (4, 9)])
def test_business_hours_are_found_after_three_days(n_days, next_hour):
    index = pd.date_range("2026-01-05 09:00", periods=8 * n_days, freq="bh")
    step = Timeline.of_index(pd.DatetimeIndex(np.array(index))).step()
    assert step.after(index[-1:], 1).hour == next_hour


# Steps of the calendar, found from rows without a freq: a panel cannot have one.

SUNDAY_TO_THURSDAY = pd.offsets.CustomBusinessDay(weekmask="Sun Mon Tue Wed Thu")
OFFSETS = {
    "ends of business months": "BME",
    "starts of business months": "BMS",
    "ends of business quarters": "BQE",
    "middles and ends of months": pd.offsets.SemiMonthEnd(),
    "starts and middles of months": "SMS",
    "business days": "B",
    "every second business day": "2B",
    "business hours": "bh",
    "weeks that begin on Sunday": SUNDAY_TO_THURSDAY,
    "Monday, Wednesday, Friday": pd.offsets.CustomBusinessDay(weekmask="Mon Wed Fri"),
    "weeks": "W-WED",
    "every second week": "2W",
    "days": "D",
    "hours": "h",
}


@pytest.mark.parametrize("name", OFFSETS)
@pytest.mark.parametrize("first", ["2026-01-05 09:00", "2025-12-01"])
def test_the_step_of_the_calendar_is_found_from_the_rows(name, first):
    index = pd.date_range(first, periods=80, freq=OFFSETS[name])
    seen = pd.MultiIndex.from_product([["a", "b"], np.array(index[:60])])
    step = Timeline.of_index(seen).step()
    assert_array_equal(step.after(index[59:60], 20), index[60:])


@pytest.mark.parametrize("name", [n for n in OFFSETS if n not in ("days", "hours")])
def test_a_few_holidays_do_not_change_the_step(name):
    index = pd.date_range("2025-12-01", periods=80, freq=OFFSETS[name])
    open_days = index.delete([20, 41])
    step = Timeline.of_index(pd.DatetimeIndex(np.array(open_days))).step()
    assert_array_equal(step.after(index[59:60], 20), index[60:])


def test_days_with_holes_are_days():
    index = pd.date_range("2026-01-01", periods=300)
    for seed in range(10):
        some = index[np.random.RandomState(seed).rand(300) > 0.3]
        assert Timeline.of_index(some).step() == Step("number", DAY)


ZONES_WITHOUT_SOME_MIDNIGHTS = [
    ("Africa/Cairo", "2025-03-10", "2025-04-25 01:00"),
    ("Asia/Beirut", "2025-03-10", "2025-03-30 01:00"),
    ("America/Havana", "2025-03-01", "2025-03-09 01:00"),
    ("Atlantic/Azores", "2025-03-10 00:30", "2025-03-30 01:00"),
    ("Europe/Berlin", "2025-03-10 02:30", "2025-03-30 03:00"),
]


@pytest.mark.parametrize(("zone", "first", "moved"), ZONES_WITHOUT_SOME_MIDNIGHTS)
def test_days_on_which_the_time_is_skipped(zone, first, moved):
    """The first time that exists is the label of that day, and of no other."""
    local = pd.date_range(first, periods=60)
    index = local.tz_localize(zone, nonexistent="shift_forward")
    at = index.get_loc(pd.Timestamp(moved, tz=zone))
    for n_rows in (at - 1, at, at + 1, at + 5):
        timeline = Timeline.of_index(pd.DatetimeIndex(list(index[:n_rows])))
        step = timeline.step()
        later = step.after(index[n_rows - 1 : n_rows], 9)
        assert_array_equal(later, index[n_rows : n_rows + 9])
    places, _ = place(Timeline.of_index(index), step, 60)
    assert_array_equal(places, places[0] + np.arange(60))


def test_business_days_and_weeks_on_which_the_time_is_skipped():
    for freq in ("B", "W-FRI"):
        local = pd.date_range("2025-03-10", periods=40, freq=freq)
        index = local.tz_localize("Africa/Cairo", nonexistent="shift_forward")
        step = Timeline.of_index(pd.DatetimeIndex(list(index[:34]))).step()
        assert_array_equal(step.after(index[5:6], 34), index[6:])


@pytest.mark.parametrize("first", ["1500-01-04", "2300-01-04"])
@pytest.mark.parametrize("freq", ["YS", "YE", "B", "BME", "MS", "D"])
def test_years_that_do_not_fit_into_nanoseconds(first, freq):
    index = pd.date_range(first, periods=50, freq=freq, unit="s")
    for seen in (index[:40], pd.DatetimeIndex(np.array(index[:40]))):
        step = Timeline.of_index(seen).step()
        assert_array_equal(step.after(seen[-1:], 10), index[40:])
        places, _ = place(Timeline.of_index(index), step, 50)
        assert_array_equal(places, places[0] + np.arange(50))


@pytest.mark.parametrize(
    "dtype",
    [
        "timestamp[us][pyarrow]",
        "timestamp[ns][pyarrow]",
        "date32[pyarrow]",
        "category",
        "date",
        "M8",
        "Timestamp",
    ],
)
@pytest.mark.parametrize("in_panel", [False, True])
def test_dates_of_other_types_are_times(dtype, in_panel):
    dates = pd.date_range("2026-01-01", periods=4).delete(2)
    if "pyarrow" in dtype:
        pytest.importorskip("pyarrow", reason="pyarrow is not installed")
    if dtype == "category":
        index = pd.CategoricalIndex(dates)
    elif dtype in ("M8", "Timestamp"):
        index = pd.Index(list(dates.values if dtype == "M8" else dates), dtype=object)
    else:
        index = pd.Index(list(dates.date), dtype=object)
        index = index if dtype == "date" else index.astype(dtype)
    if in_panel:
        index = pd.MultiIndex.from_arrays([["a"] * 3, index])
    timeline = Timeline.of_index(index)
    assert_array_equal(timeline.times, dates)
    assert timeline.step() == Step("number", DAY)


def test_rows_at_odd_times_are_named():
    """One of them makes the grid finer than it should be."""
    minutes = pd.date_range("2026-01-01", periods=100, freq="h")
    odd = minutes.insert(50, pd.Timestamp("2026-01-03 01:01"))
    with pytest.warns(
        IrregularIndexWarning, match=r"0 days 00:01:00, .* only 101 have"
    ):
        assert Timeline.of_index(odd).step_of_fit(None) == Step("number", MINUTE)
    assert Timeline.of_index(odd).step_of_fit("min") == Step("number", MINUTE)
    with pytest.raises(ValueError, match="not multiples of 0 days 01:00:00 apart"):
        Timeline.of_index(odd).step_of_fit("h")


def test_a_declared_step_wins_over_the_inferred_one():
    mondays = pd.date_range("2026-01-05", periods=9, freq="W-MON")
    assert Timeline.of_index(mondays).step_of_fit("B").unit == "B"
    with pytest.raises(ValueError, match="freq='B' needs an index of datetimes"):
        Timeline.of_index(pd.RangeIndex(5)).step_of_fit("B")


@pytest.mark.parametrize(
    "offset",
    [
        SUNDAY_TO_THURSDAY,
        pd.offsets.CustomBusinessHour(weekmask="1111100", start="09:30", end="16:30"),
        pd.offsets.SemiMonthEnd(),
    ],
)
def test_a_pickled_step_is_the_same(offset):
    step = Step(offset, 2, 120 * MINUTE)
    loaded = pickle.loads(pickle.dumps(step))
    assert (loaded, loaded.at) == (step, step.at)
    assert "pandas" not in str(pickle.dumps(step))


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_a_pickled_step_counts_days_of_which_one_lacks_the_time_of_day(unit):
    local = pd.date_range("2026-03-27 02:30", periods=4, freq="D", unit=unit)
    times = local.tz_localize("Europe/Berlin", nonexistent="shift_forward")
    step = pickle.loads(pickle.dumps(Timeline.of_index(times).step()))
    assert_array_equal(step.count(times, np.ones(3, dtype=bool)), [1, 1, 1])


@pytest.mark.parametrize("is_panel", [False, True])
def test_local_times_that_occur_twice_need_their_time_zone(is_panel):
    hours = pd.date_range("2026-10-24 22:00", periods=8, freq="h", tz="Europe/Madrid")
    local = hours.tz_localize(None)
    index = pd.MultiIndex.from_product([["a"], local]) if is_panel else local
    with pytest.raises(ValueError, match=r"clocks go back.*tz_localize") as caught:
        Timeline.of_index(index)
    code = str(caught.value).split("`")[-2]
    assert eval(code, {"index": local}).equals(hours)


@pytest.mark.parametrize("series", [[101, 113], ["x", "y"], [1.5, 2.5]])
@pytest.mark.parametrize(
    "times",
    [
        dates("01-01", "01-02"),
        pd.PeriodIndex(["2026-01", "2026-02"], freq="M"),
        pd.to_timedelta([1, 2], "h"),
        pd.Index(list(dates("01-01", "01-02")), dtype=object),
    ],
)
def test_swapped_levels_of_a_panel_are_refused(times, series):
    index = pd.MultiIndex.from_product([times, series])
    with pytest.raises(ValueError, match=r"Swap them: `data.swaplevel\(\)"):
        Timeline.of_index(index)
    assert Timeline.of_index(index.swaplevel().sort_values()).codes.max() == 1
