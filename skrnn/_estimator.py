"""Shared by all estimators: the version in pickles, and recovery from failed fits."""

import warnings
from contextlib import contextmanager

from sklearn.exceptions import InconsistentVersionWarning

from skrnn._version import __version__


class OtherVersionWarning(InconsistentVersionWarning):
    """Warn that an estimator was saved with another version of skrnn."""

    def __init__(self, estimator_name, version):
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=None,
            original_sklearn_version=None,
        )
        self.version = version

    def __str__(self):
        return (
            f"{self.estimator_name} was saved with skrnn {self.version} and is being "
            f"loaded with skrnn {__version__}. Predictions may differ; refit it to be "
            "safe."
        )


class VersionedEstimator:
    """Stores the version of skrnn in pickles, and warns if another version loads them.

    List it before `sklearn.base.BaseEstimator` in the bases of a class.
    """

    def __getstate__(self):
        return {**super().__getstate__(), "_skrnn_version": __version__}

    def __setstate__(self, state):
        state = {**state}
        version = state.pop("_skrnn_version", "(unknown version)")
        if version != __version__:
            name = type(self).__name__
            warnings.warn(OtherVersionWarning(name, version), stacklevel=2)
        super().__setstate__(state)


@contextmanager
def unchanged_on_error(estimator):
    """Restore the attributes of an estimator if the block raises an exception."""
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
