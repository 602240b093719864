"""Seasons of an index, and the window lengths and changes that follow from them."""

import math

import numpy as np
import pandas as pd

_FEWEST_STEPS = 24
_DAY = pd.Timedelta(days=1)
# For steps up to a length, how many days the seasons have, longest first.
_SEASONS = [
    (pd.Timedelta(minutes=4), [1 / 24]),
    (pd.Timedelta(minutes=29), [1]),
    (pd.Timedelta(hours=12), [7, 1]),
    (_DAY, [7]),
    (pd.Timedelta(days=27), [364]),
    (pd.Timedelta(days=100), [365.25]),
]


def automatic_window_length(rows, horizon):
    """Return the window length for rows: whole seasons, or whole horizons."""
    most, wanted = rows.longest // 3, max(3 * horizon, _FEWEST_STEPS)
    for season in [*fitting_seasons(rows), horizon]:  # the last is long enough
        length = season * min(-(-wanted // season), max(most // season, 1))
        if length >= horizon:
            return length


def seasons(index, step):
    """Return the numbers of steps in the seasons of an index, longest first."""
    if step is None or not isinstance(index, (pd.DatetimeIndex, pd.PeriodIndex)):
        return []
    if isinstance(step.unit, (pd.offsets.BusinessDay, pd.offsets.BusinessHour)):
        return _of_business(step.unit, step.n)
    times = index[:1].append(step.after(index[:1], 12))
    if isinstance(times, pd.PeriodIndex):
        times = times.to_timestamp()
    elif step.unit != "number":  # days of 23 and 25 hours are days
        times = times.tz_localize(None)
    width = (times[-1] - times[0]) / 12
    days = next((days for longest, days in _SEASONS if width <= longest), [])
    found = [round(n * _DAY / width) for n in days]
    return [n for n in found if n > 1]


def fitting_seasons(rows):
    """Return the seasons that fit into the longest series three times, or twice."""
    every, n_rows = seasons(rows.times, rows.step), rows.longest
    found = [season for season in every if 3 * season <= n_rows]
    return found or [season for season in every[-1:] if 2 * season <= n_rows]


def _of_business(unit, n):
    """Return the seasons of business days or hours, without holidays."""
    calendar = getattr(unit, "calendar", None) or np.busdaycalendar()
    mask = "".join("01"[int(is_open)] for is_open in calendar.weekmask)
    offsets = [pd.offsets.CustomBusinessDay(weekmask=mask)]
    if isinstance(unit, pd.offsets.BusinessHour):
        how = {"weekmask": mask, "start": unit.start, "end": unit.end}
        offsets.append(pd.offsets.CustomBusinessHour(**how))
    weeks = pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-14 23:59")  # two
    *n_days, of_week = (len(pd.date_range(*weeks, freq=o)) // 2 for o in offsets)
    counts = [of_week, *(of_week // n for n in n_days)]
    found = [count // math.gcd(count, n) for count in counts]  # until they repeat
    return [n for n in dict.fromkeys(found) if n > 1]


def shortest_season(rows, n_rows):
    """Return the shortest season in steps, or 1 if two do not fit into `n_rows`."""
    season = (seasons(rows.times, rows.step) or [1])[-1]
    return season if 2 * season <= n_rows else 1


def mean_changes(targets, codes, steps, season):
    """Return the mean absolute and the RMS change in a season, up to each row."""
    targets = targets.astype(np.float64)
    keys = codes * (int(steps.max()) + 1 + season) + steps  # series do not meet
    before = pd.DataFrame(targets, keys).reindex(keys - season)
    changes = pd.DataFrame(targets - before.to_numpy())
    n_known = changes.notna().astype(float).groupby(codes).cumsum()
    absolute, squared = (
        values.fillna(0).groupby(codes).cumsum() / n_known
        for values in (changes.abs(), changes**2)
    )
    return absolute.to_numpy(), np.sqrt(squared.to_numpy())
