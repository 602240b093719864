"""Recognises an index that holds times as strings or as numbers."""

import re

import numpy as np
import pandas as pd

from skrnn._warnings import warn_user
from skrnn.exceptions import IgnoredIndexWarning

# pandas also parses labels such as "2024", "t1" and "May 1", which may just be names.
_DATE = re.compile(
    r"\d{8}|(?=.*\d{4}).*\d[-/. ].*|.*[-/. ]\d{4}\b.*|\d+[-/.]\d+[-/.]\d+"
)
_YEAR = r"(?:1[5-9]|2[0-4])\d\d"
_CODES = {  # of formats that pandas does not parse
    _YEAR + "([- ]?)[Qq][1-4]": 'pd.PeriodIndex({0}.str.replace(" ", ""), freq="Q")',
    "[Qq][1-4]([- ]?)" + _YEAR: 'pd.PeriodIndex({0}.str[-4:] + {0}.str[:2], freq="Q")',
    _YEAR + r"([- ]?)W\d\d?": 'pd.to_datetime({0} + " 1", format="%G{1}W%V %u")',
    _YEAR + r"([- ]?)M\d\d?": 'pd.to_datetime({0}, format="%Y{1}M%m")',
}
_OPTIONS = {
    r"(1[3-9]|2\d|3[01])[-/. ]\d+[-/. ]\d+": ", dayfirst=True",
    r".*\d:\d\d.*[+-]\d\d:?\d\d$": ", utc=True",
}
IF_SEVERAL = "Rows of several series need a MultiIndex of series and time."
_YEARS = range(1500, 2501)
_FAR_APART = 1.5  # distances in a regular series differ by rounding only
_FORMATS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M"}  # by digits


def warn_of_string_index(index):
    """Warn if an index holds times as strings or numbers; some 50 are parsed."""
    if index is None or isinstance(index, pd.RangeIndex) or index.empty:
        return
    times = index.get_level_values(-1)
    some = [*times[:: len(times) // 50 + 1], times[-1]]
    numbers = pd.Series(some)
    if pd.api.types.is_numeric_dtype(numbers.dtype):
        kind, to_do = "numbers", _times_of_numbers(numbers) or _distances_of(times)
    else:
        kind, to_do = "strings", code_to_convert(some, "X.index")
        to_do = to_do and (
            "ignored: the rows are assumed to follow each other without gaps. Convert "
            f"the index with `X.index = {to_do}`"
        )
    if to_do:
        or_drop = ", or drop it with `X.reset_index(drop=True)`."
        end = or_drop if index.is_unique else f". Some labels repeat. {IF_SEVERAL}"
        warn_user(
            f"The index of X seems to hold times as {kind}, such as {some[0]!r}. They "
            f"are {to_do}{end}",
            IgnoredIndexWarning,
        )


def code_to_convert(labels, name):
    """Return code that makes times of the strings `name`, or None of other labels."""
    if not len(labels) or not all(isinstance(label, str) for label in labels):
        return None
    for form, code in _CODES.items():
        found = [re.fullmatch(form, label) for label in labels]
        if all(found):
            return code.format(name, found[0][1])
    if not all(map(_DATE.match, labels)):
        return None
    if pd.to_datetime(labels, format="mixed", errors="coerce", utc=True).hasnans:
        return None
    for form, option in _OPTIONS.items():
        name += option if any(re.match(form, label) for label in labels) else ""
    return f"pd.to_datetime({name})"


def _distances_of(times):
    """Return what is done with floats that increase in different steps."""
    is_float = pd.api.types.is_float_dtype(times.dtype)
    between = np.diff(times.to_numpy(float)) if is_float else np.ones(1)
    if (between > 0).all() and between.max() > _FAR_APART * between.min():
        return "ignored, and so are their different distances. Make timedeltas of them"
    return None


def _times_of_numbers(numbers):
    """Return what is done with numbers like 202412 or 2024.917, and what to do."""
    is_possible = numbers.between(_YEARS[0], 10**8 * _YEARS[-1])
    if len(numbers) < 3 or not is_possible.all():  # a single one is there twice
        return None
    how, to_int = "read as integers, one after the other", ""
    if pd.api.types.is_float_dtype(numbers.dtype):
        how, to_int = "ignored", ".astype(int)"
    if any(numbers % 1):
        return f"{how}. Make dates of them" if numbers.max() < _YEARS[-1] else None
    texts = numbers.astype("int64").astype(str)
    form = _FORMATS.get(len(texts[0]))
    if form and (texts.str.len() == len(texts[0])).all():
        times = pd.to_datetime(texts, format=form, errors="coerce")
        if times.dt.year.isin(_YEARS).all():
            made = f"pd.to_datetime(X.index{to_int}, format={form!r})"
            return f"{how}. Use `X.index = {made}`"
    return None
