"""Converts an index to plain values and arrays that any format can store, and back."""

from datetime import timezone

import numpy as np
import pandas as pd

_OF_WEEKS = pd.offsets.CustomBusinessDay, pd.offsets.CustomBusinessHour


class PlainIndices:
    """Stores the indices among its attributes as plain values."""

    def __getstate__(self):
        return {
            name: plain_index(value) if isinstance(value, pd.Index) else value
            for name, value in vars(self).items()
        }

    def __setstate__(self, state):
        for name, value in state.items():
            vars(self)[name] = from_plain(value) if isinstance(value, dict) else value


def plain_index(index):
    """Convert an index to a dict of plain values and arrays."""
    plain = {"name": index.name}
    if isinstance(index, pd.RangeIndex):
        values = [index.start, index.stop, index.step]
        return {**plain, "kind": "range", "values": values}
    if isinstance(index, pd.PeriodIndex):
        ordinals = index.astype(np.int64).to_numpy()
        return {**plain, "kind": "period", "values": ordinals, "freq": index.freqstr}
    if isinstance(index, (pd.DatetimeIndex, pd.TimedeltaIndex)):
        tz = getattr(index, "tz", None)
        in_utc = index if tz is None else index.tz_convert("UTC").tz_localize(None)
        return {
            **plain,
            "kind": "span",
            "values": in_utc.to_numpy(),
            "freq": plain_offset(index.freq),
            "tz": tz and _plain_tz(tz),
        }
    if isinstance(index, pd.CategoricalIndex):
        categories = plain_index(index.categories)
        plain |= {"categories": categories, "ordered": bool(index.ordered)}
        return {**plain, "kind": "codes", "values": np.array(index.codes)}
    return {**plain, "kind": str(index.dtype), "values": index.tolist()}


def from_plain(plain):
    """Convert the result of `plain_index` back to an index."""
    kind, values, name = plain["kind"], plain["values"], plain["name"]
    if kind == "range":
        return pd.RangeIndex(*values, name=name)
    if kind == "period":
        return pd.PeriodIndex.from_ordinals(values, freq=plain["freq"], name=name)
    if kind == "codes":
        categories, is_ordered = from_plain(plain["categories"]), plain["ordered"]
        values = pd.Categorical.from_codes(values, categories, ordered=is_ordered)
        return pd.CategoricalIndex(values, name=name)
    if kind != "span":
        # tuples may be names of series
        return pd.Index(values, dtype=kind, name=name, tupleize_cols=False)
    index = pd.Index(values, name=name)  # of datetimes or timedeltas
    if plain["tz"] is not None:
        index = index.tz_localize("UTC").tz_convert(plain["tz"])
    index.freq = offset_of(plain["freq"])
    return index


def plain_offset(offset):
    """Return the alias of an offset, plain values of a custom week, or else itself."""
    if type(offset) in _OF_WEEKS and not len(offset.calendar.holidays):
        days, is_open = offset.weekmask, offset.calendar.weekmask
        if (np.busdaycalendar(days).weekmask != is_open).any():  # a calendar wins
            days = "".join("01"[int(each)] for each in is_open)
        plain = {"kind": type(offset).__name__, "n": offset.n, "days": days}
        hours = [getattr(offset, end, ()) for end in ("start", "end")]
        return {**plain, "hours": [[str(time)[:5] for time in end] for end in hours]}
    alias = getattr(offset, "freqstr", None)
    if alias is None:
        return offset
    try:
        return alias if pd.tseries.frequencies.to_offset(alias) == offset else offset
    except ValueError:
        return offset


def offset_of(plain):
    """Convert the result of `plain_offset` back to an offset."""
    if not isinstance(plain, dict):
        return pd.tseries.frequencies.to_offset(plain)
    start, end = plain["hours"]
    hours = {"start": start, "end": end} if start else {}
    make = getattr(pd.offsets, plain["kind"])
    return make(plain["n"], weekmask=plain["days"], **hours)


def _plain_tz(tz):
    """Return the name of a time zone, or the zone itself if pandas rejects the name."""
    if isinstance(tz, timezone):  # its name may be that of a zone with other offsets
        tz = timezone(tz.utcoffset(None))
    try:
        pd.Timestamp(0, tz=str(tz))
    except (ValueError, KeyError):
        return tz
    return str(tz)
