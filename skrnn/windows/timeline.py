"""Reads the index of rows: the time and series of each row, and steps between rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn._warnings import warn_user
from skrnn.exceptions import IgnoredIndexWarning, IrregularIndexWarning
from skrnn.windows.index_state import PlainIndices
from skrnn.windows.steps import (
    MAKE_REGULAR,
    NUMBER_ROWS,
    declared_step,
    infer_step,
    numbers_of,
)
from skrnn.windows.string_index import IF_SEVERAL, code_to_convert

ANY_DISTANCE = 2**40  # steps
_KINDS_OF_TIME = {"datetime", "datetime64", "timedelta", "timedelta64", "period"}
LATER_ROWS = (
    "{where} Leave out rows that were seen before. If the index of X restarts, make it "
    "continue. To start over, call `fit`."
)
IF_CLOCKS_GO_BACK = (
    "If an hour occurs twice as clocks go back, name the time zone: "
    '`index.tz_localize("Europe/Madrid", ambiguous="infer")`.'
)


def index_of(data):
    """Return the index of pandas data, or None."""
    index = getattr(data, "index", None)
    return index if isinstance(index, pd.Index) else None  # lists have a method index


@dataclass(frozen=True)
class Timeline(PlainIndices):
    """The time of each row, and in a panel its series."""

    times: pd.Index  # of datetimes, periods, timedeltas or integers, shape (n_rows,)
    series: pd.Index | None = None  # of shape (n_rows,), None if there is only one

    @classmethod
    def of(cls, X):
        """Return the timeline of data, or None if no index holds their times."""
        index = index_of(X)
        return None if index is None else cls.of_index(index)

    @classmethod
    def of_index(cls, index):
        """Return the timeline of an index, or None if it does not hold times."""
        if isinstance(index, pd.MultiIndex):
            return cls._of_panel(index)
        index = as_dates(index)
        values = pd.api.types.infer_dtype(index) if index.dtype == object else None
        if values in _KINDS_OF_TIME:
            raise ValueError(
                "The index of X holds times as Python objects, perhaps with several "
                "time zones. Convert it first: `pd.to_datetime(index, utc=True)`."
            )
        if values == "integer":
            raise ValueError("The index of X has integers that do not fit into int64.")
        if not _is_time(index):
            return None
        return cls(index)._increasing()

    @classmethod
    def _of_panel(cls, index):
        if index.nlevels != 2:
            raise ValueError(
                "A MultiIndex must have two levels, series and time. Got "
                f"{index.nlevels} levels: {list(index.names)}."
            )
        series = index.get_level_values(0)
        times = as_dates(index.get_level_values(1))
        if is_span(as_dates(series)) and not is_span(times):
            raise ValueError(
                "The first level of a MultiIndex must be the series and the second "
                f"the time, but the first is {series.dtype} and the second "
                f"{times.dtype}. Swap them: `data.swaplevel().sort_index()`. If the "
                "series have dates as names, make strings of them."
            )
        if not _is_time(times):
            time = "table['time']"
            code = code_to_convert(times[:50], time) or f"pd.to_datetime({time})"
            raise ValueError(
                "The second level of a MultiIndex must be the time: datetimes, "
                f"periods, timedeltas or integers. Got {times.dtype}. Convert strings "
                f"before `set_index`: `{time} = {code}`."
            )
        return cls(times, series)._increasing()

    @property
    def codes(self):
        """The series of each row as integers, in order of appearance."""
        if self.series is None:
            return np.zeros(len(self.times), dtype=np.intp)
        return pd.factorize(self.series)[0]

    @property
    def index(self):
        """The index that these times were read from."""
        if self.series is None:
            return self.times
        return pd.MultiIndex.from_arrays([self.series, self.times])

    def __getitem__(self, rows):
        series = None if self.series is None else self.series[rows]
        return Timeline(self.times[rows], series)

    def before(self, new):
        """Return which rows are earlier than the first new row of their series."""
        both, n_rows = self.followed_by(new), len(self.times)
        codes, numbers = both.codes, numbers_of(both.times)
        first = np.full(codes.max() + 1, np.iinfo(np.int64).min)
        first[codes[n_rows:][::-1]] = numbers[n_rows:][::-1]  # the last one stays
        return numbers[:n_rows] < first[codes[:n_rows]]

    @property
    def has_numbers(self):
        """Whether rows of one series have integers as times."""
        is_integer = pd.api.types.is_integer_dtype(self.times.dtype)
        return self.series is None and is_integer

    def check_same_kind(self, new):
        """Raise a ValueError if new rows have no times, or another kind of them."""
        if new is None:
            raise ValueError(
                f"X has no time index, but in fit its index was {self.kind}. Pass data "
                "with such an index, as `pd.to_datetime` makes of text. In a pipeline, "
                "let the preceding steps return DataFrames: "
                '`set_output(transform="pandas")`.'
            )
        if self.kind != new.kind:
            raise ValueError(
                f"The index of X is {new.kind}, but in fit it was {self.kind}."
            )

    def followed_by(self, new):
        """Return the timeline of these rows followed by new ones of the same kind."""
        self.check_same_kind(new)
        times = new.times
        if getattr(times, "tz", None) is not None:
            times = times.tz_convert(self.times.tz)
        series = None if self.series is None else self.series.append(new.series)
        return Timeline(self.times.append(times), series)

    def continued_by(self, new, message=LATER_ROWS):
        """Return the timeline of these rows and new ones, or raise `message`."""
        both = self.followed_by(new)
        rows, next_rows = both._not_increasing()
        if len(rows):
            last, first = both.times[rows[0]], both.times[next_rows[0]]
            of = "" if both.series is None else f"Series {both.series[rows[0]]} of "
            where = (
                f"{of}X starts at {first}, which is not after the last row seen, at "
                f"{last}."
            )
            raise ValueError(message.format(where=where))
        return both

    @property
    def kind(self):
        """The kind of index in words, as messages show it."""
        times, kind = self.times, f"a {type(self.times).__name__}"
        if not is_span(times):
            kind = "an integer Index"
        elif isinstance(times, pd.PeriodIndex):
            kind = f"{kind} of freq {times.freqstr}"
        elif getattr(times, "tz", None) is not None:
            kind = f"{kind} with a time zone"
        return kind if self.series is None else f"(series, time) with {kind}"

    def step(self):
        """Infer the step, None if no series has two rows and the index has no freq."""
        _, times, same = self._by_series()
        return infer_step(times, same)

    def step_of_fit(self, freq):
        """Return the declared step, or infer it and warn if it looks wrong."""
        is_span = isinstance(self.times, (pd.DatetimeIndex, pd.TimedeltaIndex))
        if freq is None:
            step = self.step()
        elif is_span:
            step = declared_step(pd.tseries.frequencies.to_offset(freq), self.times)
        else:
            raise ValueError(
                f"freq={freq!r} needs an index of datetimes or timedeltas, but that of "
                f"X is {self.kind}. Set freq=None."
            )
        _, same, between = _steps_between(self, step)
        n_rows = len(same) + 1
        n_steps = n_rows - len(between) + between.sum()
        if freq is None and n_steps > 2 * n_rows:
            how_to_mend = MAKE_REGULAR if is_span else NUMBER_ROWS
            warn_user(
                "The shortest distance between rows of X is "
                f"{step.worded(self.times)}, so that its index is read as {n_steps} "
                f"such steps, but only {n_rows} have a row. {how_to_mend}",
                IrregularIndexWarning,
            )
        return step

    def _by_series(self):
        """Return an order by series, times in it, and which neighbours share one."""
        if self.series is None:  # indexing would lose the freq of the times
            same = np.ones(len(self.times), dtype=bool)[1:]
            return np.arange(len(self.times)), self.times, same
        codes = self.codes
        order = np.argsort(codes, kind="stable")
        return order, self.times[order], np.diff(codes[order]) == 0

    def _not_increasing(self):
        """Return rows whose next row in the series is not later, and the next rows."""
        order, times, same = self._by_series()
        (at,) = np.nonzero((np.diff(numbers_of(times)) <= 0) & same)
        return order[at], order[at + 1]

    def _increasing(self):
        """Return the timeline, or raise a ValueError if its times do not increase."""
        if self.times.hasnans or (self.series is not None and self.series.hasnans):
            raise ValueError("The index of X has missing values. Drop those rows.")
        if len(self._not_increasing()[0]):
            is_mixed = self.series is None and not self.times.is_unique
            raise ValueError(
                "The index of X does not increase"
                + ("" if self.series is None else " within each series")
                + ". Sort the rows with `sort_index()`, and drop or aggregate "
                + "duplicates."
                + (f" {IF_SEVERAL}" if is_mixed else "")
                + (f" {IF_CLOCKS_GO_BACK}" if _may_be_local(self.times) else "")
            )
        return self


def warn_of_lost_index(y):
    """Warn if y has an index that windows of X, which has none, do not follow."""
    try:
        timeline = Timeline.of(y)
        if timeline is None or timeline.codes.max(initial=0):
            lost = timeline and "the series that rows are of, and windows mix series"
        else:
            _, _, between = _steps_between(timeline, timeline.step())
            lost = "missing times" if (between > 1).any() else None
    except ValueError:  # no increasing or no regular times
        return
    if lost:
        warn_user(
            f"X has no index, but y has one, which shows {lost}. A step before the "
            "windower has dropped the index of X. Let it return DataFrames: "
            '`set_output(transform="pandas")`.',
            IgnoredIndexWarning,
        )


def are_last(codes, n_last):
    """Return whether each row is one of the last of its series, of numbers `codes`."""
    codes = pd.Series(codes)
    return codes.groupby(codes).cumcount(ascending=False).to_numpy() < n_last


def place(timeline, step, window_length):
    """Return each row's position on one axis of steps, and each series' first row."""
    order, same, between = _steps_between(timeline, step)
    # missing times have positions of their own, at most window_length - 1 in a row, and
    # so do window_length - 1 steps before each series
    jump = np.full(len(order), window_length, dtype=np.int64)
    jump[1:][same] = np.minimum(between, window_length)
    places = np.empty_like(jump)
    places[order] = np.cumsum(jump) - 1
    return places, order[np.concatenate([[True], ~same])]


def numbered(timeline, step):
    """Return the steps from the first row of its series to each row, as int64."""
    places, first = place(timeline, step, ANY_DISTANCE)
    return places - places[first][timeline.codes]


def _steps_between(timeline, step):
    """Return an order by series, which neighbours share one, and steps between them."""
    order, times, same = timeline._by_series()
    between = np.empty(0, dtype=np.int64)
    if same.any():
        between = step.count(times, same)
        if between is None or (between <= 0).any():  # int64 may overflow
            raise ValueError(
                "The times in the index of X are not multiples of "
                f"{step.worded(timeline.times)} apart. {MAKE_REGULAR}"
            )
    return order, same, between


def as_dates(index):
    """Return times of another type as an index of times, any other index as it is."""
    if isinstance(index, pd.CategoricalIndex):
        index = index.astype(index.categories.dtype)
    if isinstance(index.dtype, pd.ArrowDtype) and index.dtype.kind in "mM":
        is_timedelta = index.dtype.kind == "m"
        return pd.TimedeltaIndex(index) if is_timedelta else pd.DatetimeIndex(index)
    if pd.api.types.infer_dtype(index) == "date":
        return pd.to_datetime(index)
    return index.infer_objects() if index.dtype == object else index


def is_span(index):
    """Return whether an index holds datetimes, periods or timedeltas."""
    return isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex))


def _may_be_local(times):
    """Return whether times are of the day, and their time zone is unknown."""
    is_naive = isinstance(times, pd.DatetimeIndex) and times.tz is None
    return is_naive and not times.equals(times.normalize())


def _is_time(index):
    return is_span(index) or pd.api.types.is_integer_dtype(index.dtype)
