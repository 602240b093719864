"""Features of the calendar, which are known ahead of time."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn.forecasting.inputs import (
    automatic,
    labels_of,
    numbers_and_labels,
    unique_names,
)

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
    ("day_of_year", 15 * _DAY, 731 * _DAY),
    ("month", 62 * _DAY, 731 * _DAY),
]


@dataclass(frozen=True)
class DateFeatures:
    """Features of times as numbers.

    features : list of str or callable
    transformer : fitted transformer of their columns
    labels : list of str, those of its columns that hold labels
    names : list of str, of its output
    """

    features: list
    transformer: object
    labels: list
    names: list

    @classmethod
    def fit(cls, features, times):
        """Choose features for the times of training rows; None if there are none."""
        if features is None:
            return None
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
            return None
        frame = numbers_and_labels(_columns(features, times.unique()))
        transformer = automatic(frame).fit(frame)
        names = [n.split("__", 1)[1] for n in transformer.get_feature_names_out()]
        return cls(features, transformer, labels_of(frame), names)

    def transform(self, times):
        """Return the features of times, (n_times, n_features)."""
        codes, unique = pd.factorize(times)
        frame = numbers_and_labels(_columns(self.features, unique), self.labels)
        return self.transformer.transform(frame)[codes]


def automatic_features(times):
    """Return the names that `date_features="auto"` stands for."""
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    if not isinstance(times, pd.DatetimeIndex):
        return []
    times = times.unique().sort_values()
    if len(times) < 2:
        return []
    step, span = (times[1:] - times[:-1]).min(), times[-1] - times[0]
    chosen = [
        name
        for name, longest, two_periods in _AUTOMATIC
        if step <= longest and span >= two_periods
    ]
    # the day says more than the month
    return [n for n in chosen if n != "month" or "day_of_year" not in chosen]


def _columns(features, times):
    """Return the values of features as the columns of a DataFrame."""
    names, columns = [], []
    for feature in features:
        if callable(feature):
            name, values = _name_of(feature), feature(times)
        else:
            name = _SYNONYMS.get(feature, feature)
            values = _attribute(name, times)
        if not callable(feature) and name in _CYCLES:
            period, first = _CYCLES[name]
            angle = 2 * np.pi * (np.asarray(values) - first) / period
            names += [f"{name}_sin", f"{name}_cos"]
            columns += [np.sin(angle), np.cos(angle)]
            continue
        if not isinstance(values, (pd.Series, pd.DataFrame)):
            values = np.asarray(values)
        if values.shape[:1] != (len(times),):
            raise ValueError(
                f"date_features: {name} must give one row for each of {len(times)} "
                f"times. It gave {values!r}."
            )
        if isinstance(values, pd.DataFrame):
            parts = {f"{name}_{c}": values[c] for c in values.columns}
        elif values.ndim == 2:
            parts = {f"{name}_{j}": values[:, j] for j in range(values.shape[1])}
        else:
            parts = {name: values}
        names += list(parts)
        columns += [pd.Series(part).array for part in parts.values()]
    return pd.DataFrame(dict(zip(unique_names(names), columns, strict=True)))


def _attribute(name, times):
    values = getattr(times, name, None)
    if values is None or callable(values):
        raise ValueError(
            f"date_features: a {type(times).__name__} has no attribute {name!r}. Name "
            "an attribute such as 'hour', 'day_of_week' or 'month', or pass a function "
            "of the index."
        )
    return values


def _name_of(function):
    return getattr(function, "__name__", type(function).__name__)
