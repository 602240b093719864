"""Recognises an index that holds times as strings or as numbers."""

import re

import pandas as pd

from skrnn._warnings import warn_user
from skrnn.exceptions import IgnoredIndexWarning

# pandas also parses labels such as "2024", "t1" and "May 1", which may just be names.
_DATE = re.compile(
    r"\d{8}|(?=.*\d{4}).*\d[-/. ].*|.*[-/. ]\d{4}\b.*|\d+[-/.]\d+[-/.]\d+"
)
_FIRST_YEAR, _LAST_YEAR = 1500, 2500


def warn_of_string_index(X):
    """Warn if the index of X holds times as strings or numbers; some 50 are parsed."""
    index = getattr(X, "index", None)
    if not isinstance(index, pd.Index) or len(index) == 0:
        return
    if isinstance(index, pd.MultiIndex):
        index = index.get_level_values(-1)
    if pd.api.types.is_numeric_dtype(index.dtype):
        _warn_of_numbers(index)
        return
    if not isinstance(index[0], str):
        return
    labels = [*index[:: len(index) // 50 + 1], index[-1]]
    if not all(isinstance(label, str) and _DATE.match(label) for label in labels):
        return
    if pd.to_datetime(labels, format="mixed", errors="coerce").notna().all():
        warn_user(
            f"The index of X holds times as strings, such as {index[0]!r}. They are "
            "ignored: the rows are assumed to follow each other without gaps. Convert "
            "the index with `X.index = pd.to_datetime(X.index)`, or drop it with "
            "`X.reset_index(drop=True)`.",
            IgnoredIndexWarning,
        )


def _warn_of_numbers(index):
    """Warn of numbers such as 202412, 20241231 and 2024.917."""
    numbers = index[:: len(index) // 50 + 1]
    if isinstance(index, pd.RangeIndex) or len(numbers) < 2 or index.hasnans:
        return
    if not numbers.to_series().between(_FIRST_YEAR, 100 * 100 * _LAST_YEAR).all():
        return
    if pd.api.types.is_float_dtype(index.dtype):
        if numbers.max() < _LAST_YEAR and (numbers % 1 != 0).any():
            _warn_of_number(index, "They are ignored. Make dates of them")
        return
    texts = numbers.astype(str)
    date_format = {6: "%Y%m", 8: "%Y%m%d"}.get(len(texts[0]))
    if date_format and set(texts.str.len()) == {len(texts[0])}:
        times = pd.to_datetime(texts, format=date_format, errors="coerce")
        if times.notna().all() and times[0].year >= _FIRST_YEAR:
            to_do = f"`X.index = pd.to_datetime(X.index, format={date_format!r})`"
            how = f"They are read as integers, one after the other. Use {to_do}"
            _warn_of_number(index, how)


def _warn_of_number(index, how):
    warn_user(
        f"The index of X holds numbers that look like times, such as {index[0]}. "
        f"{how}, or drop the index with `X.reset_index(drop=True)`.",
        IgnoredIndexWarning,
    )
