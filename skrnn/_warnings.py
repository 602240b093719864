"""Warnings that point to the line of the user's code."""

import sys
import warnings

_NAMES_SHOWN = 5
_BETWEEN = {"skrnn", "sklearn", "joblib", "pickle"}  # call skrnn for the user,
_BETWEEN |= {"concurrent", "multiprocessing", "threading"}  # or run it in workers


def warn_user(message, category=UserWarning):
    """Issue a warning that points to the line of the user's code."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and _is_between(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_between(frame):
    """Return whether a frame is code of skrnn or of what calls it, not of the user."""
    return frame.f_globals.get("__name__", "").split(".")[0] in _BETWEEN


def listed(names):
    """Return the first names, and how many more there are, as messages show them."""
    more = len(names) - _NAMES_SHOWN
    shown = ", ".join(names[:_NAMES_SHOWN])
    return f"{shown} and {more} more" if more > 0 else shown
