"""Features of the calendar, which are known ahead of time."""

from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn.forecasting.inputs import Inputs, unique_names

# Attributes that repeat: their period, and their first value.
_CYCLES = {
    "nanosecond": (1000, 0),
    "microsecond": (10**6, 0),
    "second": (60, 0),
    "minute": (60, 0),
    "hour": (24, 0),
    "day_of_week": (7, 0),
    "day": (31, 1),
    "day_of_year": (366, 1),
    "week": (53, 1),
    "month": (12, 1),
    "quarter": (4, 1),
}
# Names that pandas has deprecated, as its users know them.
_SYNONYMS = {
    "dayofweek": "day_of_week",
    "weekday": "day_of_week",
    "dayofyear": "day_of_year",
}
_HOUR, _DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)
# What "auto" takes: features, the longest step for which each says something, and the
# span of two of its periods.
_AUTOMATIC = [
    ("minute", pd.Timedelta(minutes=30), 2 * _HOUR),
    ("hour", 12 * _HOUR, 2 * _DAY),
    ("day_of_week", 3 * _DAY, 14 * _DAY),
    ("day_of_year", 15 * _DAY, 730 * _DAY),
    ("month", 62 * _DAY, 727 * _DAY),  # the last one may have 28 days
]


@dataclass(frozen=True)
class DateFeatures:
    """Features of times as numbers."""

    features: list  # names and functions
    inputs: Inputs  # turns the columns of features into numbers

    @classmethod
    def fit(cls, features, times):
        """Choose features for the times of training rows."""
        features = [] if features is None else features
        is_list = pd.api.types.is_list_like(features)
        features = list(features) if is_list else [features]
        for feature in features:
            if not isinstance(feature, str) and not callable(feature):
                raise TypeError(
                    "date_features must be names of attributes of the index, or "
                    f"functions of it. Got {feature!r}."
                )
        if "auto" in features:
            at = features.index("auto")
            features[at : at + 1] = automatic_features(times)
        if features and not isinstance(times, (pd.DatetimeIndex, pd.PeriodIndex)):
            kind = "no index" if times is None else f"the index {type(times).__name__}"
            raise ValueError(
                f"date_features={features} need an index of dates, but the rows have "
                f"{kind}. Give a DatetimeIndex or a PeriodIndex, or set "
                "date_features=None."
            )
        if not features:
            return cls(features, Inputs.fit("auto", pd.DataFrame(), []))
        unique = times.unique()
        frame = _frame(features, unique)
        fitted = cls(features, Inputs.fit("auto", frame, []))
        fitted._check_functions(unique, frame)
        return fitted

    def _check_functions(self, times, frame):
        """Raise a ValueError if the values at some times depend on the others."""
        functions = [_name(feature) for feature in self.features if callable(feature)]
        if not functions or len(times) < 4:
            return
        inner = times.argsort()[2:-1]  # their mean differs, too
        parts = [(inner, _frame(self.features, times[inner]))]
        with suppress(Exception):  # such as of pandas, for the period of these times
            half = inner[::2]  # where shifted values differ
            parts.append((half, _frame(self.features, times[half])))
        for some, part in parts:
            is_same = list(part) == list(frame)
            if not is_same and some is not inner:
                continue  # they may lack a value that has a column of its own
            if not is_same or not np.allclose(
                *map(self.inputs.transform, (part, frame.iloc[some])), equal_nan=True
            ):
                raise ValueError(
                    f"date_features: {', '.join(functions)} must give a time the same "
                    "value whatever the other times are. Count from a fixed date "
                    "instead of the first or last time."
                )

    def transform(self, times):
        """Return the features of times, (n_times, n_features)."""
        codes, unique = pd.factorize(times)
        return self.inputs.transform(_frame(self.features, unique))[codes]


def automatic_features(times):
    """Return the names that `date_features="auto"` stands for."""
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if not isinstance(times, pd.DatetimeIndex):
        return []
    times = times.unique().sort_values()
    if len(times) < 2:
        return []
    step = (times[1:] - times[:-1]).min()
    span = times[-1] - times[0] + step
    chosen = [
        name
        for name, longest, two_periods in _AUTOMATIC
        if step <= longest and span >= two_periods
    ]
    # the day says more than the month
    return [n for n in chosen if n != "month" or "day_of_year" not in chosen]


def _frame(features, times):
    """Return the values of features at times as the columns of a DataFrame."""
    if isinstance(times, pd.DatetimeIndex):  # whose freq changes what a month end is
        times = pd.DatetimeIndex(times, freq=None)
    pairs = [pair for feature in features for pair in _columns(feature, times)]
    names, columns = zip(*pairs, strict=True)
    return pd.DataFrame(dict(zip(unique_names(names), columns, strict=True)))


def _name(function):
    return getattr(function, "__name__", type(function).__name__)


def _columns(feature, times):
    """Return the names and the values of the columns of a feature."""
    if callable(feature):
        name, values = _name(feature), feature(times)
    else:
        name = _SYNONYMS.get(feature, feature)
        values = getattr(times, name, None)
        if values is None or callable(values):
            raise ValueError(
                f"date_features: a {type(times).__name__} has no attribute {name!r}. "
                "Name an attribute such as 'hour', 'day_of_week' or 'month', or pass a "
                "function of the index."
            )
        if name in _CYCLES:
            period, first = _CYCLES[name]
            angle = 2 * np.pi * (np.asarray(values) - first) / period
            return [(f"{name}_sin", np.sin(angle)), (f"{name}_cos", np.cos(angle))]
    if not isinstance(values, (pd.Series, pd.DataFrame)):
        values = np.asarray(values, None if hasattr(values, "dtype") else object)
    if values.shape[:1] != (len(times),):
        raise ValueError(
            f"date_features: {name} must give one row for each of {len(times)} "
            f"times. It gave {values!r}."
        )
    if values.ndim == 1:
        return [(name, pd.Series(values).array)]
    frame = pd.DataFrame(values)
    return [(f"{name}_{column}", frame[column].array) for column in frame.columns]
