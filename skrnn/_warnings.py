"""Warnings that point to the line of the user's code."""

import sys
import warnings


def warn_user(message, category=UserWarning):
    """Issue a warning that points to the line of the user's code."""
    frame, level = sys._getframe(1), 2
    while frame.f_back and _is_between(frame):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, category, stacklevel=level)


def _is_between(frame):
    """Return whether a frame is code of skrnn or scikit-learn, not of the user."""
    return frame.f_globals.get("__name__", "").split(".")[0] in ("skrnn", "sklearn")
