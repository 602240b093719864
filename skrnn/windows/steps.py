"""The regular step of an index: how it is inferred, and steps counted between times."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn.windows.index_state import offset_of, plain_offset

_UNITS = {"number", "wall clock", "month", "month end"}
_DAY = 86_400_000_000_000  # in nanoseconds
MOST = 0.8  # of the rows must lie on the next business day; holidays may be missing


@dataclass(frozen=True)
class Step:
    """A regular step of time.

    unit : {"number", "wall clock", "month", "month end"} or BaseOffset, the unit of the
        step: the numbers of the index (nanoseconds for datetimes and timedeltas),
        nanoseconds of the local wall clock, months at the same day and time, months at
        their last day, or a pandas offset such as business days
    n : int, number of units in a step
    """

    unit: str | pd.offsets.BaseOffset
    n: int

    def __getstate__(self):
        return {"unit": plain_offset(self.unit), "n": self.n}

    def __setstate__(self, state):
        unit = state["unit"]
        # no unit of _UNITS is also the alias of an offset
        unit = unit if unit in _UNITS else offset_of(unit)
        vars(self).update(unit=unit, n=state["n"])

    def count(self, times, same):
        """Return the steps between consecutive rows of a series, None if not whole.

        `same`, of shape (n_rows - 1,), is True where a row and the next one belong to
        the same series.
        """
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
        if self.unit == "wall clock":
            return numbers_of(times.tz_localize(None))
        if isinstance(self.unit, str):
            regular = _are_month_ends(times) or _same_day(times)
            return _months(times) if regular else None
        grid = pd.date_range(times.min(), times.max(), freq=self.unit)
        numbers = grid.get_indexer(times)
        return None if (numbers < 0).any() else numbers

    def after(self, time, n_steps):
        """Return the `n_steps` times that follow a time, an Index of shape (1,)."""
        if self.unit == "number":
            if isinstance(time, (pd.DatetimeIndex, pd.TimedeltaIndex)):
                return _spaced(time, self.n, n_steps)
            later = numbers_of(time)[0] + self.n * np.arange(1, n_steps + 1)
            if isinstance(time, pd.PeriodIndex):
                return pd.PeriodIndex.from_ordinals(
                    later, freq=time.freq, name=time.name
                )
            return pd.Index(later, dtype=time.dtype, name=time.name)
        if self.unit == "wall clock":
            return _localized(_spaced(time.tz_localize(None), self.n, n_steps), time)
        if isinstance(self.unit, str):
            counts = self.n * np.arange(1, n_steps + 1)
            local = time.tz_localize(None)
            later = _months_later(local, counts, to_end=self.unit == "month end")
            return _localized(later, time)
        return pd.date_range(
            time[0], periods=n_steps + 1, freq=self.unit, name=time.name
        )[1:].as_unit(time.unit)

    def __str__(self):
        if not isinstance(self.unit, str):
            return self.unit.freqstr
        if self.unit.startswith("month"):
            return "1 month" if self.n == 1 else f"{self.n} months"
        return f"{self.n}"

    def worded(self, times):
        """Return the step in words, as messages show it for this kind of index."""
        is_span = isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex))
        if is_span and self.unit in ("number", "wall clock"):
            return f"{pd.Timedelta(self.n, 'ns')}"
        return str(self)


def infer_step(times, same):
    """Infer the step, None if no series has two rows and the index has no freq.

    `same`, of shape (n_rows - 1,), is True where a row and the next one belong to the
    same series.
    """
    own = _own_step(times)
    if own is not None:
        return own
    if not same.any():
        return None
    smallest = _smallest(numbers_of(times), same) * nanoseconds_in(times)
    candidates = [Step("number", smallest)]
    if isinstance(times, pd.DatetimeIndex):
        candidates = [*_calendar_steps(times, same), *candidates]
    for step in candidates:
        if step.count(times, same) is not None:
            return step
    raise ValueError(
        "The index of X has no regular step: the shortest distance between rows is "
        f"{candidates[-1].worded(times)}, and others are not multiples of it."
    )


def numbers_of(times):
    """Return times as int64: in the unit of the index, as ordinals, or as they are.

    In nanoseconds, times before 1678 and after 2262 do not fit into int64.
    """
    return times.astype(np.int64).to_numpy()


def nanoseconds_in(times):
    """Return the nanoseconds in a unit of the index; 1 for an index without a unit."""
    unit = getattr(times, "unit", None)
    return {"s": 10**9, "ms": 10**6, "us": 10**3}.get(unit, 1)


def _spaced(time, width, n_steps):
    """Return times spaced by `width` nanoseconds, as an index with a freq."""
    in_units, rest = divmod(width, nanoseconds_in(time))
    unit = "ns" if rest else time.unit
    distances = np.arange(1, n_steps + 1) * (width if rest else in_units)
    distances = pd.TimedeltaIndex(distances.astype(f"m8[{unit}]"))
    later = (time.repeat(n_steps) + distances).as_unit(time.unit).rename(time.name)
    n_days, rest = divmod(width, _DAY)
    whole_days = isinstance(time, pd.DatetimeIndex) and time.tz is None and not rest
    later.freq = pd.offsets.Day(n_days) if whole_days else pd.Timedelta(width, "ns")
    return later


def _months_later(time, counts, *, to_end):
    """Return a time some months later, at the same day or at the last one."""
    months = time.to_numpy().astype("M8[M]") + counts
    ends = (months + 1).astype("M8[D]") - 1
    days = (
        ends if to_end else np.minimum(months.astype("M8[D]") + (time.day[0] - 1), ends)
    )
    time_of_day = (time - time.normalize()).to_numpy()
    later = days.astype(f"M8[{time.unit}]") + time_of_day
    return pd.DatetimeIndex(later, name=time.name).as_unit(time.unit)


def _localized(local, time):
    """Return local times in the time zone of another time, if it has one."""
    if time.tz is None:
        return local
    is_dst = np.ones(len(local), dtype=bool)  # for times that occur twice
    return local.tz_localize(time.tz, is_dst, "shift_forward")


def _own_step(times):
    """Return the step that the index itself declares."""
    freq = getattr(times, "freq", None)
    if isinstance(times, pd.PeriodIndex):
        return Step("number", freq.n)
    if isinstance(times, pd.RangeIndex):
        return Step("number", times.step)
    if freq is None:
        return None
    # days come first, because they are also ticks in pandas 2
    days = {pd.offsets.Day: 1, pd.offsets.Week: 7}.get(type(freq))
    if days is not None:
        unit = "number" if getattr(times, "tz", None) is None else "wall clock"
        return Step(unit, days * freq.n * _DAY)
    if isinstance(freq, pd.offsets.Tick):
        return Step("number", pd.Timedelta(freq).as_unit("ns").value)
    return Step(freq, 1)


def _calendar_steps(times, same):
    """Yield the calendar steps that datetimes may have, the most specific first."""
    months = _smallest(_months(times), same)
    if months > 0:
        if _are_month_ends(times):
            yield Step("month end", months)
        if _same_day(times):
            yield Step("month", months)
    local = times.tz_localize(None)
    days = local.to_numpy().astype("datetime64[D]")
    steps = np.diff(days).astype(int)[same]
    if np.is_busday(days).all() and _one_time_of_day(times):
        business = np.busday_count(days[:-1], days[1:])[same]
        over_a_weekend = (business == 1) & (steps == 3)
        if over_a_weekend.any() and (business == 1).mean() >= MOST:
            yield Step(pd.offsets.BusinessDay(), 1)
    day = _DAY // nanoseconds_in(times)
    if times.tz is not None and not (np.diff(numbers_of(local))[same] % day).any():
        yield Step("wall clock", int(steps.min()) * _DAY)


def _smallest(numbers, same):
    return int(np.diff(numbers)[same].min())


def _months(times):
    return (times.year * 12 + times.month).to_numpy().astype(np.int64)


def _are_month_ends(times):
    return bool(times.is_month_end.all()) and _one_time_of_day(times)


def _same_day(times):
    return len(times.day.unique()) == 1 and _one_time_of_day(times)


def _one_time_of_day(times):
    local = times.tz_localize(None)
    return len((local - local.normalize()).unique()) == 1
