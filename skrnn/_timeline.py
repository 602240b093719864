"""The index of rows as time: which series a row is of, and steps between rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

_DAY = 86_400_000_000_000  # in nanoseconds
_TO_DO = (
    "Make it regular with `asfreq` or `resample`, or drop it with "
    "`reset_index(drop=True)` if rows follow each other all the same."
)


@dataclass(frozen=True)
class Timeline:
    """The times of rows, and for a panel their series.

    Parameters
    ----------
    times : DatetimeIndex, PeriodIndex, TimedeltaIndex or integer Index
        Time of each row.
    series : Index or None
        Series of each row; None if there is one.
    """

    times: pd.Index
    series: pd.Index | None = None

    @classmethod
    def of(cls, X):
        """Read the index of data.

        Parameters
        ----------
        X : array-like or DataFrame
            Rows in time order.

        Returns
        -------
        Timeline or None
            None where there is no index, or one that is not of times: strings,
            floats and the like.

        Raises
        ------
        ValueError
            If a time is missing or times of a series do not increase, if
            datetimes have several time zones or are plain objects, or if a
            MultiIndex is not one of (series, time).
        """
        index = getattr(X, "index", None)
        # lists have a method of that name
        return cls.of_index(index) if isinstance(index, pd.Index) else None

    @classmethod
    def of_index(cls, index):
        """Read an index, with the returns and errors of `of`."""
        if isinstance(index, pd.MultiIndex):
            return cls._of_panel(index)
        if index.dtype == object and pd.api.types.infer_dtype(index) in {
            "datetime",
            "date",
            "timedelta",
            "period",
        }:
            raise ValueError(
                "The index of X holds times as objects, perhaps of several time "
                "zones. Convert it first, with `pd.to_datetime(index, utc=True)`."
            )
        if not _is_time(index):
            return None
        timeline = cls(index)
        timeline._check_increasing()
        return timeline

    @classmethod
    def _of_panel(cls, index):
        if index.nlevels != 2:
            raise ValueError(
                "A MultiIndex must have two levels, series and time. Got "
                f"{index.nlevels} levels: {list(index.names)}."
            )
        times = index.get_level_values(1)
        if not _is_time(times):
            raise ValueError(
                "The second level of a MultiIndex must be the time: datetimes, "
                f"periods, timedeltas or integers. Got {times.dtype}."
            )
        timeline = cls(times, index.get_level_values(0))
        timeline._check_increasing()
        return timeline

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
        """Tell which of these rows are earlier than the first new one of their series.

        Parameters
        ----------
        new : Timeline
            Of the same kind.

        Returns
        -------
        ndarray of bool, shape (n_rows,)
            False also for a series that has no new row.
        """
        both = self.followed_by(new)
        codes, numbers = both.codes, _numbers(both.times)
        n_series = codes.max() + 1
        first = np.full(n_series, np.iinfo(np.int64).min)
        n_rows = len(self.times)
        _, at = np.unique(codes[n_rows:], return_index=True)
        first[codes[n_rows:][at]] = numbers[n_rows:][at]
        return numbers[:n_rows] < first[codes[:n_rows]]

    def followed_by(self, new):
        """Return the timeline of these rows and then of new ones.

        Parameters
        ----------
        new : Timeline
            Of the same kind.

        Returns
        -------
        Timeline
            The longer timeline.

        Raises
        ------
        ValueError
            If the kinds of index differ.
        """
        if self.kind != new.kind:
            raise ValueError(
                f"The index of X is {new.kind}, but in fit it was {self.kind}."
            )
        times = new.times
        if getattr(times, "tz", None) is not None:
            times = times.tz_convert(self.times.tz)
        if isinstance(times, pd.PeriodIndex):
            times = times.asfreq(self.times.freq)
        series = None if self.series is None else self.series.append(new.series)
        return Timeline(self.times.append(times), series)

    @property
    def kind(self):
        """What the index is, in words."""
        kind = type(self.times).__name__
        if kind in {"RangeIndex", "Index"}:
            kind = "an integer Index"
        elif getattr(self.times, "tz", None) is not None:
            kind = "a DatetimeIndex with a time zone"
        else:
            kind = f"a {kind}"
        return kind if self.series is None else f"(series, time) with {kind}"

    def step(self):
        """Infer the regular step.

        Returns
        -------
        int, pandas.offsets.BaseOffset or None
            An integer counts the index's own units, nanoseconds for datetimes and
            timedeltas. None where no series has two rows.

        Raises
        ------
        ValueError
            If there is no regular step.
        """
        times = self.times
        if isinstance(times, pd.PeriodIndex):
            return times.freq.n
        calendar = None
        if isinstance(times, pd.DatetimeIndex):
            calendar = _calendar_step(times if self.series is None else times.unique())
        return calendar or self._common_step(_numbers(times))

    def _common_step(self, numbers):
        between = self._between(numbers)
        if not len(between):
            return None
        step = int(between.min())
        if not (between % step).any():
            return step
        if getattr(self.times, "tz", None) is not None:  # days of 23 and 25 hours
            on_the_wall = self._between(_numbers(self.times.tz_localize(None)))
            if not (on_the_wall % _DAY).any():
                return pd.offsets.Day(int(on_the_wall.min() // _DAY))
        raise ValueError(
            f"The index of X has no regular step: it is at least "
            f"{_worded(step, self.times)}, and others are no multiples of it. {_TO_DO}"
        )

    def _between(self, numbers):
        """Return the differences of neighbours of the same series."""
        codes = self.codes
        order = np.argsort(codes, kind="stable")
        return np.diff(numbers[order])[np.diff(codes[order]) == 0]

    def _check_increasing(self):
        if self.times.hasnans or (self.series is not None and self.series.hasnans):
            raise ValueError("The index of X has missing values. Drop those rows.")
        if (self._between(_numbers(self.times)) <= 0).any():
            raise ValueError(
                "The index of X does not increase"
                + ("" if self.series is None else " within each series")
                + ". Sort the rows with `sort_index()`, and drop or aggregate "
                "duplicates."
            )


def place(timeline, step, window_length):
    """Place rows on a line of steps, one series after the other.

    Missing times get places of their own, at most `window_length - 1` in a row, and
    so does the past of every series.

    Parameters
    ----------
    timeline : Timeline
        At least one row; times increase within each series.
    step : int or pandas.offsets.BaseOffset
        As `Timeline.step` returns it.
    window_length : int
        Steps in a window.

    Returns
    -------
    places : ndarray of int64, shape (n_rows,)
        The place of each row.
    first : ndarray of int, shape (n_series,)
        The first row of each series.

    Raises
    ------
    ValueError
        If a time does not lie on the step.
    """
    codes = timeline.codes
    order = np.argsort(codes, kind="stable")
    same = np.diff(codes[order]) == 0
    jump = np.full(len(order), window_length, dtype=np.int64)
    between = _n_steps_between(timeline.times[order], step, same)
    jump[1:][same] = np.minimum(between, window_length)
    places = np.empty_like(jump)
    places[order] = np.cumsum(jump) - 1
    return places, order[np.concatenate([[True], ~same])]


def _n_steps_between(times, step, same):
    """Count the steps from rows to their next one of the same series."""
    if isinstance(step, int):
        steps, rest = np.divmod(np.diff(_numbers(times))[same], step)
        off = rest.any()
    else:
        grid = pd.date_range(times.min(), times.max(), freq=step)
        on_grid = grid.get_indexer(times)
        steps, off = np.diff(on_grid)[same], (on_grid < 0).any()
    if off:
        raise ValueError(
            "The index of X does not lie on the step of the data in fit, "
            f"{_worded(step, times)}. {_TO_DO}"
        )
    return steps


def _is_time(index):
    times = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    return isinstance(index, times) or pd.api.types.is_integer_dtype(index.dtype)


def _numbers(times):
    """Return times as int64: nanoseconds, ordinals of periods, or themselves."""
    if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        times = times.as_unit("ns")
    return times.astype(np.int64).to_numpy()


def _calendar_step(times):
    """Return the step of months, business days or the index's own, or None."""
    freq = times.freq
    if freq is not None and not isinstance(
        freq, (pd.offsets.Tick, pd.offsets.Day, pd.offsets.Week)
    ):
        return freq
    if len(times) < 2 or len((times - times.normalize()).unique()) > 1:
        return None
    months = np.diff(times.year * 12 + times.month)
    n_months = int(months.min())
    if n_months > 0 and not (months % n_months).any():
        if times.is_month_end.all():
            return pd.offsets.MonthEnd(n_months)
        if len(times.day.unique()) == 1:
            return pd.DateOffset(months=n_months)
    days = times.tz_localize(None).to_numpy().astype("datetime64[D]")
    if not np.is_busday(days).all() or (np.diff(days).astype(int) == 1).all():
        return None
    each = (np.busday_count(days[:-1], days[1:]) == 1).all()
    return pd.offsets.BusinessDay() if each else None


def _worded(step, times):
    if not isinstance(step, int):
        return f"{getattr(step, 'freqstr', step)}"
    if isinstance(times, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        return f"{pd.Timedelta(step, 'ns')}"
    return f"{step}"
