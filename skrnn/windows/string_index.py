"""Recognises an index that holds times as strings."""

import re

import numpy as np
import pandas as pd

from skrnn._warnings import warn_user
from skrnn.exceptions import IgnoredIndexWarning

# pandas also parses labels such as "2024", "t1" and "May 1", which may just be names.
_DATE = re.compile(
    r"\d{8}|(?=.*\d{4}).*\d[-/. ].*|.*[-/. ]\d{4}\b.*|\d+[-/.]\d+[-/.]\d+"
)
_LABELS_TO_PARSE = 50


def warn_of_string_index(X):
    """Warn if the index of X holds times as strings."""
    index = getattr(X, "index", None)
    if not isinstance(index, pd.Index) or not _holds_times_as_strings(index):
        return
    warn_user(
        f"The index of X holds times as strings, such as {index[0]!r}. They are "
        "ignored: the rows are assumed to follow each other without gaps. Convert the "
        "index with `X.index = pd.to_datetime(X.index)`, or drop it with "
        "`X.reset_index(drop=True)`.",
        IgnoredIndexWarning,
    )


def _holds_times_as_strings(index):
    """Return whether the labels of an index are strings that can be parsed as times."""
    is_plain = index.dtype == object or isinstance(index.dtype, pd.StringDtype)
    if not is_plain or isinstance(index, pd.MultiIndex) or len(index) == 0:
        return False
    at = np.unique(np.linspace(0, len(index) - 1, _LABELS_TO_PARSE, dtype=int))
    labels = list(index[at])
    if not all(isinstance(label, str) and _DATE.match(label) for label in labels):
        return False
    return bool(pd.to_datetime(labels, format="mixed", errors="coerce").notna().all())
