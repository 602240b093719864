"""Makes a warning in a script of the gallery an error, which fails the build."""

import contextlib
import warnings

_script = contextlib.ExitStack()


def warnings_are_errors(gallery_conf, path, when):
    """Called by sphinx-gallery before and after each script."""
    if when == "before":
        _script.enter_context(warnings.catch_warnings(action="error"))
    else:
        _script.close()
