"""From what a Forecaster is given to what it keeps."""

import numpy as np
from sklearn import get_config
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import process_routing

from skrnn.forecasting.default import default_pipeline
from skrnn.forecasting.direct import fit_direct
from skrnn.forecasting.fitted import Fitted, calibrated, n_remembered
from skrnn.forecasting.pipelines import position_of_windower
from skrnn.forecasting.scores import last_rows, line_of
from skrnn.windows.history import History
from skrnn.windows.windower import SequenceWindower


def fit_rows(forecaster, rows, timeline, columns, fit_params):
    """Fit a forecaster's pipeline, and calibrate its intervals.

    Parameters
    ----------
    forecaster : Forecaster
        Its parameters say how.
    rows : ndarray of shape (n_rows, n_columns)
        Targets and inputs, in time order.
    timeline : Timeline or None
        Their times.
    columns : Columns
        Of the rows.
    fit_params : dict
        What `fit` got besides the data.

    Returns
    -------
    Fitted

    Raises
    ------
    ValueError
        If the pipeline or the data do not suit.
    """
    n_kept = forecaster.calibration_size
    if 0 < n_kept < forecaster.horizon:
        raise ValueError(
            f"calibration_size={n_kept} is shorter than horizon={forecaster.horizon}, "
            "so no forecast lies within it. Set it to 0 or to a multiple of the "
            "horizon."
        )
    model, history = _fit(forecaster, rows, timeline, columns, fit_params)
    fitted = Fitted(model, history.last(n_remembered(model)))
    if not n_kept:
        return fitted
    earlier = ~last_rows(timeline, len(rows), n_kept)
    if not earlier.any():
        raise ValueError(
            f"calibration_size={n_kept} holds out all {len(rows)} rows. Set it lower."
        )
    part = timeline and timeline[earlier]
    params = {k: _of_rows(v, earlier) for k, v in fit_params.items()}
    try:
        model, _ = _fit(forecaster, rows[earlier], part, columns, params)
    except ValueError as error:
        raise ValueError(
            f"calibration_size={n_kept} leaves {earlier.sum()} rows to train on, which "
            f"are too few: {error} Or set calibration_size lower."
        ) from error
    return calibrated(fitted, model, rows, timeline, n_kept)


def _fit(forecaster, rows, timeline, columns, fit_params):
    """Return a fitted model, and the rows as history."""
    history, horizon = History.of(rows, timeline), forecaster.horizon
    n_rows = len(rows) if timeline is None else np.bincount(timeline.codes).max()
    pipeline = unfitted_pipeline(forecaster, n_rows)
    windower = pipeline[position_of_windower(pipeline)]
    windower.fit(np.zeros((1, 1)))  # checks its parameters
    length = windower.window_length
    if columns.known and length < horizon:
        names = [columns.names[j] for j in columns.known]
        raise ValueError(
            f"window_length={length} is shorter than horizon={horizon}, so a window "
            f"does not hold all future values of {names}. Set window_length to at "
            "least the horizon. If they are not known in advance, name them in "
            "past_features."
        )
    params = _params_of_steps(forecaster, pipeline, fit_params)
    model = fit_direct(
        pipeline,
        line_of(rows, timeline, history.step, length, horizon),
        columns,
        horizon,
        params,
    )
    return model, history


def unfitted_pipeline(forecaster, n_rows):
    """Return a clone of the estimator, or the default one for so many rows.

    Raises
    ------
    ValueError
        If it is no pipeline with a windower and a regressor.
    """
    estimator = forecaster.estimator
    if estimator is None:
        return default_pipeline(forecaster.horizon, n_rows)
    is_pipeline = isinstance(estimator, Pipeline)
    at = position_of_windower(estimator) if is_pipeline else None
    windowers = [
        name
        for name, step in getattr(estimator, "steps", [])
        if isinstance(step, SequenceWindower)
    ]
    if at is None or at + 1 == len(estimator) or len(windowers) > 1:
        raise ValueError(
            "estimator must be a Pipeline with one SequenceWindower before its "
            "regressor, such as make_pipeline(StandardScaler(), SequenceWindower(), "
            f"GRURegressor()). Got {estimator!r}."
        )
    return clone(estimator)


def _params_of_steps(forecaster, pipeline, fit_params):
    """Return what the `fit` of each step gets besides the data."""
    steps = dict(pipeline.steps)
    if get_config()["enable_metadata_routing"]:
        given = process_routing(forecaster, "fit", **fit_params).estimator.fit
        routed = process_routing(pipeline, "fit", **given)
        return {
            name: dict(routed[name].get("fit", routed[name].get("fit_transform", {})))
            for name in steps
            if name in routed
        }
    params = {}
    for key, value in fit_params.items():
        name, _, param = key.rpartition("__")
        name = name or pipeline.steps[-1][0]
        if name not in steps:
            raise ValueError(
                f"fit got {key!r}, but the pipeline has no step {name!r}. Its steps "
                f"are {list(steps)}."
            )
        params.setdefault(name, {})[param or key] = value
    return params


def _of_rows(value, rows):
    """Return the part of an array with a value for each row; others as they are."""
    is_of_rows = np.ndim(value) > 0 and len(value) == len(rows)
    return np.asarray(value)[rows] if is_of_rows else value
