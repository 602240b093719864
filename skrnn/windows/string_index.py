"""Recognises an index that holds times as strings."""

import re

import pandas as pd

from skrnn._warnings import warn_user
from skrnn.exceptions import IgnoredIndexWarning

# pandas also parses labels such as "2024", "t1" and "May 1", which may just be names.
_DATE = re.compile(
    r"\d{8}|(?=.*\d{4}).*\d[-/. ].*|.*[-/. ]\d{4}\b.*|\d+[-/.]\d+[-/.]\d+"
)


def warn_of_string_index(X):
    """Warn if the index of X holds times as strings; some 50 labels are parsed."""
    index = getattr(X, "index", None)
    is_index = isinstance(index, pd.Index) and len(index) > 0
    if not is_index or not isinstance(index[0], str):
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
