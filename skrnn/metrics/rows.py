"""The rows of a backtest, and the terms of each row in a measure."""

import re

import numpy as np

SCALES = "mase_scale", "rmsse_scale"  # columns


def check_backtest(frame):
    """Raise a ValueError unless a frame has rows and the columns of `backtest`."""
    columns = getattr(frame, "columns", ())
    for name in ("origin", "time", "step", "observed", "pred"):
        if name not in columns:
            raise ValueError(
                "frame must be a DataFrame as `backtest` returns it, but it has no "
                f"column {name!r}."
            )
    if not len(frame):
        raise ValueError("frame has no rows.")


def bounds_of(frame):
    """Return the columns of both bounds by suffix, such as `_80`, widest first."""
    names = [str(name) for name in getattr(frame, "columns", ())]
    found = (re.fullmatch(r"lower(_\d+\.?\d*|_bound)", name) for name in names)
    suffixes = [match[1] for match in found if match]
    suffixes.sort(key=lambda suffix: -(coverage_of(suffix) or 0))
    return {suffix: (f"lower{suffix}", f"upper{suffix}") for suffix in suffixes}


def coverage_of(suffix):
    """Return the coverage of bounds with a suffix, or None if it does not say."""
    return None if suffix == "_bound" else float(suffix[1:]) / 100


def symmetric_shares(y_true, y_pred):
    """Return errors as shares of the mean of target and forecast, 0 if both are 0."""
    size = (abs(y_true) + abs(y_pred)) / 2
    return abs(y_true - y_pred) / np.where(size > 0, size, 1)


def interval_scores(y_true, lower, upper, coverage):
    """Return the interval score of each row."""
    if not 0 < coverage < 1:
        raise ValueError(
            f"coverage must lie between 0 and 1, such as 0.8 for 80 %. Got {coverage}."
        )
    outside = np.maximum(np.maximum(lower - y_true, y_true - upper), 0)
    return upper - lower + 2 / (1 - coverage) * outside
