"""Shared by all estimators: versions in pickles, failed fits, what is inside."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array
from sklearn.utils.validation import has_fit_parameter

from skrnn._version import __version__
from skrnn._warnings import warn_user


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
            warn_user(OtherVersionWarning(name, version))
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


def unmasked(data):
    """Return a masked array with NaN for masked values, other data as they are."""
    is_masked = isinstance(data, np.ma.MaskedArray)
    return data.astype(np.float64).filled(np.nan) if is_masked else data


def check_numbers(data, name):
    """Return data, unmasked. Raise a ValueError for times, and for text in a column."""
    is_frame = isinstance(data, pd.DataFrame)
    dtypes = list(data.dtypes) if is_frame else [getattr(data, "dtype", None)]
    times = [dtype for dtype in dtypes if getattr(dtype, "kind", "O") in ("m", "M")]
    if times:
        raise ValueError(
            f"{name} holds times ({times[0]}). Pass numbers, such as the hours since "
            "a date, or make the times the index."
        )
    frame = data
    if not is_frame:
        if getattr(dtypes[0], "kind", None) not in ("O", "U") or np.ndim(data) > 2:
            return unmasked(data)
        frame = pd.DataFrame(data)
    for label, column in frame.select_dtypes(exclude="number").items():
        is_lost = pd.to_numeric(column, errors="coerce").isna() & column.notna()
        texts = [value for value in column[is_lost] if isinstance(value, str)]
        if texts:
            where = f"Column {label!r} of {name}" if is_frame else name
            to_do = "encode the text"
            if is_frame:
                to_do = "drop the column, make it a level of the index, or encode it"
            raise ValueError(
                f"{where} holds text, such as {texts[0]!r}. Pass numbers: {to_do}."
            )
    return unmasked(data)


def floats_of(data, name, **checks):
    """Return data as an array of floats and NaN, with other checks of `check_array`."""
    checks = {
        "ensure_2d": False,
        "dtype": [np.float64, np.float32],
        "ensure_all_finite": "allow-nan",
        **checks,
    }
    return check_array(check_numbers(data, name), input_name=name, **checks)


def weights_of_fit(name, regressor, sample_weight):
    """Return the parameters of `fit` for weights, or raise a ValueError."""
    if sample_weight is None:
        return {}
    if not has_fit_parameter(regressor, "sample_weight"):
        raise ValueError(
            f"sample_weight was passed, but fit of {name}={regressor!r} does not "
            "accept it. Replace it by a regressor that does, or fit without "
            "sample_weight."
        )
    return {"sample_weight": sample_weight}


def nested(estimator):
    """Yield an estimator and those inside of it, as of pipelines and searches."""
    while estimator is not None:
        yield estimator
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
            continue
        inside = ("best_estimator_", "regressor_", "estimator_")
        name = next((name for name in inside if hasattr(estimator, name)), "")
        estimator = getattr(estimator, name, None)
