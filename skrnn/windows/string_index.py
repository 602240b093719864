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
_FIRST_YEAR, _LAST_YEAR = 1500, 2500
_DATE_FORMATS = {6: "%Y%m", 8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M"}  # by length


def warn_of_string_index(X):
    """Warn if the index of X holds times as strings or numbers; some 50 are parsed."""
    index = getattr(X, "index", None)
    if not isinstance(index, pd.Index) or len(index) == 0:
        return
    if isinstance(index, pd.MultiIndex):
        index = index.get_level_values(-1)
    if isinstance(index, pd.CategoricalIndex):
        index = index.astype(index.categories.dtype)
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
    """Warn of numbers such as 202412, 20241231, 2024123123 and 2024.917."""
    if isinstance(index, pd.RangeIndex) or len(index) < 2 or index.hasnans:
        return
    numbers = index[:: len(index) // 50 + 1].to_numpy(dtype=np.float64)
    if numbers.min() < _FIRST_YEAR or numbers.max() > 10**8 * _LAST_YEAR:
        return
    how, to_int = "They are read as integers, one after the other.", ""
    if pd.api.types.is_float_dtype(index.dtype):
        how, to_int = "They are ignored.", ".astype(int)"
    if (numbers % 1 != 0).any():
        if numbers.max() < _LAST_YEAR:
            _warn_of_number(index, f"{how} Make dates of them")
        return
    texts = pd.Series(numbers.astype(np.int64)).astype(str)
    date_format = _DATE_FORMATS.get(len(texts[0]))
    if date_format and set(texts.str.len()) == {len(texts[0])}:
        times = pd.to_datetime(texts, format=date_format, errors="coerce")
        if times.notna().all() and times[0].year >= _FIRST_YEAR:
            made = f"pd.to_datetime(X.index{to_int}, format={date_format!r})"
            _warn_of_number(index, f"{how} Use `X.index = {made}`")


def _warn_of_number(index, how):
    warn_user(
        f"The index of X holds numbers that look like times, such as {index[0]}. "
        f"{how}, or drop the index with `X.reset_index(drop=True)`.",
        IgnoredIndexWarning,
    )
