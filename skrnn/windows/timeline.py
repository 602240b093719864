"""The index of rows as time: which series a row is of, and steps between rows."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn.windows.steps import infer_step, numbers_of

_TO_DO = (
    "Make it regular with `asfreq` or `resample`, or give it the `freq` that it has. "
    "If rows follow each other all the same, number them with "
    "`reset_index(drop=True)`, before any split."
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
        codes, numbers = both.codes, numbers_of(both.times)
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
        series = None if self.series is None else self.series.append(new.series)
        return Timeline(self.times.append(times), series)

    def continued_by(self, new):
        """Return the timeline of these rows and then of new ones, which are later.

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
            If the kinds of index differ, or a new row is not later than those of its
            series.
        """
        both = self.followed_by(new)
        rows, next_rows = both._not_increasing()
        if len(rows):
            last, first = both.times[rows[0]], both.times[next_rows[0]]
            of = "" if both.series is None else f"Series {both.series[rows[0]]} of "
            raise ValueError(
                f"{of}X starts at {first}, which is not after the last row seen, at "
                f"{last}. Leave out the rows up to then, or let the index go on from "
                "there if it starts anew with X. To forget the rows seen, call `fit`."
            )
        return both

    @property
    def kind(self):
        """What the index is, in words."""
        kind = type(self.times).__name__
        if kind in {"RangeIndex", "Index"}:
            kind = "an integer Index"
        elif getattr(self.times, "tz", None) is not None:
            kind = "a DatetimeIndex with a time zone"
        elif isinstance(self.times, pd.PeriodIndex):
            kind = f"a PeriodIndex of freq {self.times.freqstr}"
        else:
            kind = f"a {kind}"
        return kind if self.series is None else f"(series, time) with {kind}"

    def step(self):
        """Infer the regular step.

        Returns
        -------
        Step or None
            None where no series has two rows and the index declares no freq.

        Raises
        ------
        ValueError
            If there is no regular step.
        """
        order, same = self._by_series()
        # a whole index keeps its freq, rows taken from it do not
        times = self.times if self.series is None else self.times[order]
        try:
            return infer_step(times, same)
        except ValueError as error:
            raise ValueError(f"{error} {_TO_DO}") from None

    def _by_series(self):
        """Return an order that groups series, and where neighbours are of the same."""
        codes = self.codes
        order = np.argsort(codes, kind="stable")
        return order, np.diff(codes[order]) == 0

    def _not_increasing(self):
        """Return the rows whose next one, of their series, is no later, and those."""
        order, same = self._by_series()
        (at,) = np.nonzero((np.diff(numbers_of(self.times)[order]) <= 0) & same)
        return order[at], order[at + 1]

    def _check_increasing(self):
        if self.times.hasnans or (self.series is not None and self.series.hasnans):
            raise ValueError("The index of X has missing values. Drop those rows.")
        if len(self._not_increasing()[0]):
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
    step : Step or None
        As `Timeline.step` returns it; None if no series has two rows.
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
    order, same, between = _steps_between(timeline, step)
    jump = np.full(len(order), window_length, dtype=np.int64)
    jump[1:][same] = np.minimum(between, window_length)
    places = np.empty_like(jump)
    places[order] = np.cumsum(jump) - 1
    return places, order[np.concatenate([[True], ~same])]


def numbered(timeline, step, most):
    """Count the steps from the first row of each series.

    Parameters
    ----------
    timeline : Timeline
        At least one row; times increase within each series.
    step : Step or None
        As `Timeline.step` returns it; None if no series has two rows.
    most : int
        Count at most so many steps from a row to the next one.

    Returns
    -------
    ndarray of int64, shape (n_rows,)
        Steps from the first row of the series to each row.

    Raises
    ------
    ValueError
        If a time does not lie on the step.
    """
    order, same, between = _steps_between(timeline, step)
    jump = np.zeros(len(order), dtype=np.int64)
    jump[1:][same] = np.minimum(between, most)
    steps = np.cumsum(jump)
    starts = np.concatenate([[True], ~same])
    steps -= steps[starts][np.cumsum(starts) - 1]
    numbers = np.empty_like(steps)
    numbers[order] = steps
    return numbers


def _steps_between(timeline, step):
    """Return an order that groups series, where neighbours are, and steps between."""
    order, same = timeline._by_series()
    between = np.empty(0, dtype=np.int64)
    if same.any():
        between = step.count(timeline.times[order], same)
        if between is None or (between <= 0).any():  # int64 has an end
            raise ValueError(
                f"The index of X does not lie on one step of "
                f"{step.worded(timeline.times)}. {_TO_DO}"
            )
    return order, same, between


def _is_time(index):
    times = (pd.DatetimeIndex, pd.PeriodIndex, pd.TimedeltaIndex)
    return isinstance(index, times) or pd.api.types.is_integer_dtype(index.dtype)
