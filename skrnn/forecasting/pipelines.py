"""The steps of a forecaster's pipeline: before the windower, and after it."""

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.multioutput import MultiOutputRegressor
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
    """Tell whether windows with missing values can be predicted from.

    All steps from the windower on must take them, up to an imputer if there is one.
    """
    at = position_of_windower(estimator) if isinstance(estimator, Pipeline) else None
    steps = [] if at is None else estimator.steps[at + 1 :]
    for _, step in steps:
        if does_nothing(step):
            continue
        inner, _ = inner_regressor(step)
        if isinstance(inner, MultiOutputRegressor):
            inner, _ = inner_regressor(inner.estimator)
        if not get_tags(inner).input_tags.allow_nan:
            return False
        if type(step).__name__.endswith("Imputer"):
            return True
    return True


def reads_steps(pipeline):
    """Tell whether the step after the windower, or one inside of it, reads 3-D windows.

    Meta-estimators do not say what the estimator inside of them reads.
    """
    steps = pipeline.steps[position_of_windower(pipeline) + 1 :]
    reader = next(step for _, step in steps if not does_nothing(step))
    if get_tags(reader).input_tags.three_d_array:
        return True
    parts = reader.get_params(deep=True).values()
    return any(
        get_tags(part).input_tags.three_d_array
        for part in parts
        if isinstance(part, BaseEstimator)
    )


def inner_regressor(regressor):
    """Return the regressor inside of those that give it all targets, and its path."""
    from sklearn.compose import TransformedTargetRegressor  # imports linear models

    path = ""
    while True:
        if isinstance(regressor, TransformedTargetRegressor) and regressor.regressor:
            path, regressor = f"{path}regressor__", regressor.regressor
        elif isinstance(regressor, (GridSearchCV, RandomizedSearchCV)):
            path, regressor = f"{path}estimator__", regressor.estimator
        else:
            return regressor, path


def name_targets(regressor, columns, horizon):
    """Tell a regressor which features its outputs continue, where it asks that."""
    inner, path = inner_regressor(regressor)
    params = inner.get_params()
    unset = {
        f"{path}{name}": list(columns) * horizon
        for name in ("target_features", "base__target_features")
        if name in params and params[name] is None
    }
    regressor.set_params(**unset)


def transform_steps(steps, X):
    """Apply fitted steps, one after the other."""
    for _, step in steps:
        X = X if does_nothing(step) else step.transform(X)
    return X


def fit_transform_steps(steps, X, y, params):
    """Fit and apply steps, each with its parameters for `fit`, by name."""
    for name, step in steps:
        if not does_nothing(step):
            X = step.fit_transform(X, y, **params.get(name, {}))
    return X


def does_nothing(step):
    """Tell whether a step of a pipeline passes its input on."""
    return step is None or step == "passthrough"
