"""What all estimators of skrnn share: versions in pickles, and failed fits."""

import warnings
from contextlib import contextmanager

from sklearn.exceptions import InconsistentVersionWarning

from skrnn._version import __version__


class OtherVersionWarning(InconsistentVersionWarning):
    """An estimator was kept by another version of skrnn.

    Parameters
    ----------
    estimator_name : str
        Its class.
    version : str
        The version that kept it.
    """

    def __init__(self, estimator_name, version):
        super().__init__(
            estimator_name=estimator_name,
            current_sklearn_version=None,
            original_sklearn_version=None,
        )
        self.version = version

    def __str__(self):
        return (
            f"{self.estimator_name} was kept by skrnn {self.version} and is loaded by "
            f"skrnn {__version__}. It may fail or predict something else; fit it anew "
            "to be sure."
        )


class VersionedEstimator:
    """Records the version of skrnn in pickles, and warns if another one loads them.

    Place it before `sklearn.base.BaseEstimator`.
    """

    def __getstate__(self):
        return {**super().__getstate__(), "_skrnn_version": __version__}

    def __setstate__(self, state):
        state = {**state}
        version = state.pop("_skrnn_version", "of unknown version")
        if version != __version__:
            name = type(self).__name__
            warnings.warn(OtherVersionWarning(name, version), stacklevel=2)
        super().__setstate__(state)


@contextmanager
def unchanged_on_error(estimator):
    """Give an estimator back its attributes if the block ends in an exception.

    Parameters
    ----------
    estimator : BaseEstimator
        Keeps what it was by its last fit if the next one fails.
    """
    before = dict(vars(estimator))
    try:
        yield
    except BaseException:
        vars(estimator).clear()
        vars(estimator).update(before)
        raise
