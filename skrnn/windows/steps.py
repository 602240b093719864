"""The regular step of an index: how it is inferred, and steps counted between times."""

from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import pandas as pd

from skrnn.windows.index_state import offset_of, plain_offset

_UNITS = ("number", "wall clock", "month", "month end")
NUMBER_ROWS = (
    "If the rows follow each other whatever their times, number them before any "
    "split: with `reset_index(drop=True)`, or in each series of a panel with "
    "`groupby(level=0).cumcount()`."
)
MAKE_REGULAR = (
    f"Make it regular with `asfreq` or `resample`, or set `freq`. {NUMBER_ROWS}"
)
_DAY = 86_400_000_000_000  # in nanoseconds
_HOUR, _EPOCH = pd.Timedelta(hours=1), pd.Timestamp(0)
MOST = 0.8  # of the rows must follow each other in an offset; holidays may be missing
_ENOUGH_WEEKS, _ENOUGH_DAYS = pd.Timedelta(weeks=5), pd.Timedelta(days=3)


@dataclass(frozen=True)
class Step:
    """A regular step of time."""

    # an offset, the numbers of the index (nanoseconds for datetimes and timedeltas),
    # nanoseconds of the local wall clock, or months at the same or at their last day
    unit: str | pd.offsets.BaseOffset
    n: int  # number of units in a step
    # the time of day of all rows in a time zone, in nanoseconds; the next one where it
    # does not exist
    at: int | None = field(default=None, compare=False)

    def __getstate__(self):
        return {**vars(self), "unit": plain_offset(self.unit)}

    def __setstate__(self, state):
        unit = state["unit"]  # none of _UNITS is also the alias of an offset
        unit = unit if unit in _UNITS else offset_of(unit)
        vars(self).update({**state, "unit": unit})

    def count(self, times, same):
        """Return the steps from rows to the next where `same`, None if not whole."""
        numbers = self._numbers(times)
        if numbers is None:
            return None
        between, n = np.diff(numbers)[same], self.n
        if self.unit in ("number", "wall clock"):
            n, rest = divmod(n, nanoseconds_in(times))
            if rest:  # a step that is no multiple of the resolution of the index
                between, n = between * nanoseconds_in(times), self.n
        steps, rest = np.divmod(between, n)
        return None if rest.any() else steps

    def _numbers(self, times):
        if self.unit == "number":
            return numbers_of(times)
        local = _local(times, self.at)
        if self.unit == "wall clock":
            return numbers_of(local)
        if isinstance(self.unit, str):
            regular = _are_month_ends(local) or _same_day(local)
            return _months(local) if regular else None
        ends = local.min(), local.max()
        grid = pd.date_range(*ends, freq=self.unit, unit=local.unit)
        numbers = grid.get_indexer(local)
        return None if (numbers < 0).any() else numbers

    def after(self, time, n_steps):
        """Return the `n_steps` times that follow a time, an Index of shape (1,)."""
        counts = self.n * np.arange(1, n_steps + 1)
        if self.unit == "number":
            if isinstance(time, (pd.DatetimeIndex, pd.TimedeltaIndex)):
                return _spaced(time, self.n, n_steps)
            if isinstance(time, pd.PeriodIndex):
                return time.repeat(n_steps) + counts // time.freq.n
            last = int(numbers_of(time)[0]) + self.n * n_steps
            if last > np.iinfo(np.int64).max:
                raise ValueError(f"The time {last} does not fit into int64.")
            later = numbers_of(time)[0] + counts
            return pd.Index(later, dtype=time.dtype, name=time.name)
        local = _local(time, self.at)
        if self.unit == "wall clock":
            later = _spaced(local, self.n, n_steps)
        elif isinstance(self.unit, str):
            day = 31 if self.unit == "month end" else local.day[0]
            later = _months_later(local, counts, day)
        else:
            how = {"freq": self.n * self.unit, "unit": time.unit, "name": time.name}
            later = pd.date_range(local[0], periods=n_steps + 1, **how)[1:]
        return _localized(later, time)

    def worded(self, times):
        """Return the step in words, as messages show it for this kind of index."""
        if not isinstance(self.unit, str):
            return (self.n * self.unit).freqstr
        if self.unit.startswith("month"):
            return "1 month" if self.n == 1 else f"{self.n} months"
        is_span = isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex))
        return f"{pd.Timedelta(self.n, 'ns') if is_span else self.n}"


def infer_step(times, same):
    """Return the step, None if no series has two rows and the index has no freq."""
    if isinstance(times, pd.PeriodIndex):
        return Step("number", times.freq.n)
    if isinstance(times, pd.RangeIndex):
        return Step("number", times.step)
    if getattr(times, "freq", None) is not None:
        return declared_step(times.freq, times)
    if not same.any():
        return None
    shortest = int(np.diff(numbers_of(times))[same].min())
    of_time = Step("number", shortest * nanoseconds_in(times))
    is_calendar = isinstance(times, pd.DatetimeIndex)
    for step in chain(_calendar_steps(times, same) if is_calendar else (), [of_time]):
        if step.count(times, same) is not None:
            return step
    raise ValueError(
        "The index of X has no regular step: the shortest distance between rows is "
        f"{of_time.worded(times)}, and others are not multiples of it. {MAKE_REGULAR}"
    )


def declared_step(freq, times):
    """Return the step of a freq, an offset of pandas, for datetimes or timedeltas."""
    # days come first, because they are also ticks in pandas 2
    days = {pd.offsets.Day: 1, pd.offsets.Week: 7}.get(type(freq))
    if days is not None:
        unit = "number" if getattr(times, "tz", None) is None else "wall clock"
        return Step(unit, days * freq.n * _DAY, _usual_time(times))
    if isinstance(freq, pd.offsets.Tick):
        return Step("number", pd.Timedelta(freq).as_unit("ns").value)
    return Step(freq.base, freq.n, _usual_time(times))


def numbers_of(times):
    """Return times as int64, in the unit of the index, as ordinals or as they are."""
    # nanoseconds before 1678 and after 2262 would not fit
    if times.dtype == np.uint64 and times.max() > np.iinfo(np.int64).max:
        raise ValueError("The index of X has integers that do not fit into int64.")
    return times.astype(np.int64).to_numpy()


def nanoseconds_in(times):
    """Return the nanoseconds in a unit of the index; 1 for an index without a unit."""
    unit = getattr(times, "unit", None)
    return {"s": 10**9, "ms": 10**6, "us": 10**3}.get(unit, 1)


def _spaced(time, width, n_steps):
    """Return times spaced by `width` nanoseconds, as an index with a freq."""
    tz, step = getattr(time, "tz", None), pd.Timedelta(width, "ns")
    if tz is not None:  # where pandas 2 takes 24 hours for a day of the calendar
        time = time.tz_convert("UTC")
    distance = step.as_unit(time.unit, round_ok=False).to_timedelta64()
    later = time.repeat(n_steps) + np.arange(1, n_steps + 1) * distance
    whole_days = isinstance(time, pd.DatetimeIndex) and tz is None and not width % _DAY
    later.freq = pd.offsets.Day(width // _DAY) if whole_days else step
    return later if tz is None else later.tz_convert(tz)


def _months_later(time, counts, day):
    """Return a time some months later, at a day or where there is none at the last."""
    months = time.to_numpy().astype("M8[M]") + counts
    last = (months + 1).astype("M8[D]") - 1
    days = np.minimum(months.astype("M8[D]") + (day - 1), last)
    later = days.astype(f"M8[{time.unit}]") + (time - time.normalize()).to_numpy()
    return pd.DatetimeIndex(later, name=time.name).as_unit(time.unit)


def _localized(local, time):
    """Return local times in the time zone of another time, if it has one."""
    if time.tz is None:
        return local
    is_dst = np.ones(len(local), dtype=bool)  # for times that occur twice
    return local.tz_localize(time.tz, is_dst, "shift_forward")


def _calendar_steps(times, same):
    """Yield the calendar steps that datetimes may have, the most specific first."""
    at = _usual_time(times)
    local = _local(times, at)
    months = int(np.diff(_months(local))[same].min())
    if months > 0:
        if _are_month_ends(local):
            yield Step("month end", months, at)
        if _same_day(local):
            yield Step("month", months, at)
    distances = np.diff(numbers_of(local))[same]
    shortest = int(distances.min()) * nanoseconds_in(times)
    alike = (distances == distances.min()).mean()
    for offset in _offsets(local, pd.Timedelta(shortest)) if alike < 1 else ():
        between = Step(offset, 1, at).count(times, same)
        if between is None or between.min() < 1:
            continue
        n = int(between.min())
        # more of the rows follow each other in these steps than in steps of time
        if (between == n).mean() >= MOST and (between == n).mean() > alike:
            yield Step(offset, n, at)
    if times.tz is not None and shortest >= _DAY and not shortest % _DAY:
        yield Step("wall clock", shortest, at)


def _offsets(local, shortest):
    """Yield the offsets of pandas on which local times may lie."""
    if shortest >= pd.Timedelta(days=26):
        yield pd.offsets.BusinessMonthEnd()
        yield pd.offsets.BusinessMonthBegin()
    elif shortest >= pd.Timedelta(days=13):
        yield pd.offsets.SemiMonthEnd()
        yield pd.offsets.SemiMonthBegin()
    week = local.day_of_week.unique()
    mask = "".join("01"[day in week] for day in range(7))
    if shortest >= pd.Timedelta(days=1) and _one_time_of_day(local):
        if mask.endswith("00"):
            yield pd.offsets.BusinessDay()
        if len(week) < 7 and local.max() - local.min() >= _ENOUGH_WEEKS:
            yield pd.offsets.CustomBusinessDay(weekmask=mask)
    elif shortest == _HOUR and local.max() - local.min() >= _ENOUGH_DAYS:
        hours = (local - local.normalize()).unique().sort_values()
        if len(hours) < 24 and (hours[1:] - hours[:-1] == _HOUR).all():
            first, stop = (_EPOCH + hours[0], _EPOCH + hours[-1] + _HOUR)
            ends = {"start": f"{first:%H:%M}", "end": f"{stop:%H:%M}"}
            yield pd.offsets.CustomBusinessHour(weekmask=mask, **ends)


def _usual_time(times):
    """Return the time of day of all rows in a time zone, None if they have others."""
    if getattr(times, "tz", None) is None:
        return None
    local = times.tz_localize(None)
    at = (local - local.normalize()).min().as_unit("ns").value
    return at if _one_time_of_day(_local(times, at)) else None


def _local(times, at):
    """Return local times without a zone, at their time of day where it is skipped."""
    local = times.tz_localize(None)
    if at is None:
        return local
    usual = local.normalize() + pd.Timedelta(at, "ns").as_unit(local.unit)
    if (usual == local).all():
        return local
    return usual.where(_localized(usual, times) == times, local)


def _months(times):
    return (times.year * 12 + times.month).to_numpy().astype(np.int64)


def _are_month_ends(times):
    return bool(times.is_month_end.all()) and _one_time_of_day(times)


def _same_day(times):
    return len(times.day.unique()) == 1 and _one_time_of_day(times)


def _one_time_of_day(times):
    return len((times - times.normalize()).unique()) == 1
