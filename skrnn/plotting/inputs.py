"""Validates and converts the arguments of displays."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils import check_array, check_consistent_length, check_random_state

from skrnn.plotting.times import plottable
from skrnn.windows.supervised import lead_of_name


def innermost(estimator):
    """Return the innermost estimator of pipelines, searches and the like."""
    while True:
        if isinstance(estimator, Pipeline):
            estimator = estimator[-1]
            continue
        for name in ("best_estimator_", "regressor_", "estimator_"):
            if hasattr(estimator, name):
                estimator = getattr(estimator, name)
                break
        else:
            return estimator


def interval_of(estimator, X, interval):
    """Return the given interval, or with `"auto"` that of the predicted quantiles."""
    if not isinstance(interval, str):
        return interval
    if interval != "auto":
        raise ValueError(
            f"interval must be 'auto', None or two arrays. Got {interval!r}."
        )
    return _quantile_interval(estimator, X)


def _quantile_interval(estimator, X):
    """Return the lowest and highest predicted quantile, or None without quantiles."""
    if hasattr(estimator, "best_estimator_"):
        return _quantile_interval(estimator.best_estimator_, X)
    if hasattr(estimator, "forecast"):
        return _forecast_interval(estimator, X)
    if hasattr(estimator, "regressor_"):
        ends = _quantile_interval(estimator.regressor_, X)
        to_units = estimator.transformer_.inverse_transform
        return ends and tuple(
            to_units(end.reshape(len(end), -1)).reshape(end.shape) for end in ends
        )
    if isinstance(estimator, Pipeline):
        if not hasattr(estimator[-1], "predict_quantiles"):
            return None
        return _quantile_interval(estimator[-1], estimator[:-1].transform(X))
    if not hasattr(estimator, "predict_quantiles"):
        return None
    quantiles = estimator.predict_quantiles(X)
    if quantiles.shape[-1] == 1:
        return None
    return quantiles[..., 0], quantiles[..., -1]


def _forecast_interval(forecaster, X):
    """Return the outermost quantiles that a forecaster predicts, or None."""
    regressor = forecaster.regressor_
    if not hasattr(regressor, "predict_quantiles"):
        return None
    levels = np.ravel(regressor.quantile)
    if len(levels) < 2:
        return None
    quantiles = np.asarray(forecaster.predict(X, quantiles=[levels[0], levels[-1]]))
    return quantiles[..., 0], quantiles[..., 1]


def index_of(data):
    """Return the pandas index of data, or None."""
    index = getattr(data, "index", None)
    return index if isinstance(index, pd.Index) else None  # lists have a method index


def index_of_rows(index, data, rows):
    """Return the given times, else the first index of `data`, else row numbers."""
    indices = [index, *map(index_of, data)]
    index = next((found for found in indices if found is not None), None)
    if not isinstance(index, pd.Index):
        index = pd.RangeIndex(len(rows)) if index is None else pd.Index(index)
    check_consistent_length(rows, index)
    return index


def columns_of_one_shape(y_true, y_pred, interval):
    """Return observed, predicted and interval values as arrays (n_samples, n_steps)."""
    arrays = [_columns(y_true, "y_true"), _columns(y_pred, "y_pred")]
    arrays += [_columns(end, "interval") for end in interval or ()]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1 or (interval is not None and len(arrays) != 4):
        raise ValueError(
            "y_true, y_pred and both ends of the interval must have the same shape. "
            f"Got {[array.shape for array in arrays]}."
        )
    return arrays


def _columns(y, name):
    """Return values as a 2-D array."""
    y = check_array(
        y,
        ensure_2d=False,
        dtype=[np.float64, np.float32],
        ensure_all_finite="allow-nan",
        input_name=name,
    )
    return y.reshape(len(y), -1)


def name_and_leads(y, lead, n_steps):
    """Return the name of the target, or None, and the lead of each column.

    A lead is the number of steps from the time of a row to the time of its values.
    """
    names = _column_names(y)
    read = [lead_of_name(name) for name in names or ()]
    of_leads = bool(read) and None not in read
    targets = {target for target, _ in read} if of_leads else set(names or ())
    if len(targets) > 1:
        raise ValueError(
            "ForecastDisplay draws a single target, whose columns for several steps "
            f"must be named <target>_lead<h>. Got columns {names}. Select the columns "
            "of one target."
        )
    if lead is None:
        default = [0] if n_steps == 1 else range(1, n_steps + 1)
        leads = [step for _, step in read] if of_leads else default
    else:
        leads = np.atleast_1d(lead)
    leads = np.array(leads)
    if len(leads) != n_steps:
        raise ValueError(
            f"lead must have one number for each of {n_steps} columns. Got {lead!r}."
        )
    return (targets.pop() if targets else None), leads


def _column_names(y):
    if isinstance(y, pd.Series):
        return None if y.name is None else [str(y.name)]
    return [str(name) for name in y.columns] if isinstance(y, pd.DataFrame) else None


def split_as_drawn(split):
    """Convert the time to mark, if any, to a value that matplotlib can draw."""
    if split is None:
        return None
    split = pd.Timestamp(split) if isinstance(split, str) else split
    return plottable(pd.Index([split]))[0]


def choose_rows(rows, subsample, random_state):
    """Return a random subset of rows, in their order.

    `subsample` is a number (int) or a fraction (float) of rows; None returns all.
    """
    if isinstance(subsample, Integral) and subsample < 1:
        raise ValueError(f"subsample must be at least 1. Got {subsample}.")
    if isinstance(subsample, Real) and not isinstance(subsample, Integral):
        if not 0 < subsample < 1:
            raise ValueError(
                f"subsample as a fraction must be between 0 and 1. Got {subsample}."
            )
        subsample = max(1, round(subsample * len(rows)))
    if subsample is None or subsample >= len(rows):
        return rows
    rng = check_random_state(random_state)
    return np.sort(rng.choice(rows, size=subsample, replace=False))
