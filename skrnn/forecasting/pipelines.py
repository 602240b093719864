"""The steps of a forecaster's pipeline: before the windower, and after it."""

import numpy as np
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skrnn.windows.windower import SequenceWindower


def position_of_windower(pipeline):
    """Return the position of the windower in a pipeline, or None."""
    steps = [step for _, step in pipeline.steps]
    return next(
        (i for i, step in enumerate(steps) if isinstance(step, SequenceWindower)), None
    )


def levels_of(regressor):
    """Return the levels of the quantiles that a regressor predicts, or None."""
    if not hasattr(regressor, "predict_quantiles"):
        return None
    quantile = getattr(regressor, "quantile", None)
    return np.atleast_1d(0.5 if quantile is None else quantile).astype(np.float64)


def takes_missing_values(estimator):
    """Tell whether a pipeline's regressor takes windows with missing values."""
    at = position_of_windower(estimator) if isinstance(estimator, Pipeline) else None
    if at is None or at + 1 == len(estimator):
        return True
    return tags_of_reader(estimator).allow_nan


def tags_of_reader(pipeline):
    """Return what the first step after the windower takes."""
    steps = pipeline.steps[position_of_windower(pipeline) + 1 :]
    reader = next(step for _, step in steps if not _does_nothing(step))
    return get_tags(reader).input_tags


def transform_steps(steps, X):
    """Apply fitted steps, one after the other."""
    for _, step in steps:
        X = X if _does_nothing(step) else step.transform(X)
    return X


def fit_transform_steps(steps, X, y, params):
    """Fit and apply steps, each with its parameters for `fit`, by name."""
    for name, step in steps:
        if not _does_nothing(step):
            X = step.fit_transform(X, y, **params.get(name, {}))
    return X


def _does_nothing(step):
    return step is None or step == "passthrough"
