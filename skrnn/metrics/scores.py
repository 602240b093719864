"""Measures of forecasts, in the form of scikit-learn's metrics."""

from functools import partial, update_wrapper
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error, root_mean_squared_error
from sklearn.utils import check_consistent_length

from skrnn._estimator import check_numbers, floats_of

_BOUNDS = ["lower_bound", "upper_bound"]
_numbers = partial(floats_of, dtype=np.float64, ensure_all_finite=True)


def mean_absolute_scaled_error(
    y_true,
    y_pred,
    *,
    y_train,
    season_length=1,
    sample_weight=None,
    multioutput="uniform_average",
):
    """Mean absolute error, in units of a naive forecast's error on training rows.

    A value below 1 means smaller errors, on average, than the seasonal naive forecast
    had on the training rows [1]_.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Observed targets.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Forecasts.
    y_train : array-like of shape (n_train,) or (n_train, n_outputs)
        Targets of the training rows of the same series, in time order, with NaN for
        missing ones.
    season_length : int, default=1
        Number of rows of a season, such as 12 for months.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape \
            (n_outputs,), default="uniform_average"
        How to average over outputs, as in scikit-learn.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error, at least 0. The best value is 0.

    Raises
    ------
    ValueError
        If `y_train` is too short, holds several series, or repeats itself exactly, so
        that the naive forecast has no error; or if a value is missing elsewhere.

    See Also
    --------
    ignore_missing : Leaves out rows with missing values.
    root_mean_squared_scaled_error : The same with squared errors.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of
       forecast accuracy. International Journal of Forecasting, 22(4), 679-688.

    Examples
    --------
    >>> from skrnn.metrics import mean_absolute_scaled_error
    >>> mean_absolute_scaled_error([3, 5], [4, 4], y_train=[1, 3, 1, 3])
    0.5
    """
    scale = np.nanmean(abs(_changes(y_train, season_length)), axis=0)
    errors = _errors_in_units(scale, y_true, y_pred)
    return _mean(abs(errors), sample_weight, multioutput)


def root_mean_squared_scaled_error(
    y_true,
    y_pred,
    *,
    y_train,
    season_length=1,
    sample_weight=None,
    multioutput="uniform_average",
):
    """Root mean squared error, in units of a naive forecast's error on training rows.

    The measure of the M5 competition, with `season_length=1` [1]_.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Observed targets.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Forecasts.
    y_train : array-like of shape (n_train,) or (n_train, n_outputs)
        Targets of the training rows of the same series, in time order, with NaN for
        missing ones.
    season_length : int, default=1
        Number of rows of a season, such as 12 for months.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape \
            (n_outputs,), default="uniform_average"
        How to average over outputs, as in scikit-learn.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error, at least 0. The best value is 0.

    Raises
    ------
    ValueError
        As :func:`mean_absolute_scaled_error`.

    See Also
    --------
    mean_absolute_scaled_error : The same with absolute errors.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2022). M5 accuracy
       competition: Results, findings, and conclusions. International Journal of
       Forecasting, 38(4), 1346-1364.

    Examples
    --------
    >>> from skrnn.metrics import root_mean_squared_scaled_error
    >>> root_mean_squared_scaled_error([3, 6], [4, 5], y_train=[0, 2, 0, 2])
    0.5
    """
    scale = np.sqrt(np.nanmean(_changes(y_train, season_length) ** 2, axis=0))
    errors = _errors_in_units(scale, y_true, y_pred)
    how = {"sample_weight": sample_weight, "multioutput": "raw_values"}
    roots = root_mean_squared_error(np.zeros_like(errors), errors, **how)
    return _mean(roots[np.newaxis], None, multioutput)


def weighted_absolute_percentage_error(
    y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"
):
    """Sum of the absolute errors, as a share of the sum of the absolute targets.

    Unlike the mean absolute percentage error, it is not dominated by small targets, and
    some of them may be zero. It is also known as WAPE, or as MAD/mean ratio [1]_.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Observed targets.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Forecasts.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape \
            (n_outputs,), default="uniform_average"
        How to average over outputs, as in scikit-learn.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error as a share, not in percent, at least 0. The best value is 0.

    Raises
    ------
    ValueError
        If all targets of an output are zero, or a value is missing.

    See Also
    --------
    sklearn.metrics.mean_absolute_percentage_error : The mean of each row's share.

    References
    ----------
    .. [1] Kolassa, S. and Schütz, W. (2007). Advantages of the MAD/Mean ratio over the
       MAPE. Foresight, 6, 40-43.

    Examples
    --------
    >>> from skrnn.metrics import weighted_absolute_percentage_error
    >>> weighted_absolute_percentage_error([0, 30, 10], [2, 27, 15])
    0.25
    """
    y_true, y_pred = _points(y_true, y_pred)
    error = _mean(abs(y_true - y_pred), sample_weight, "raw_values")
    size = _mean(abs(y_true), sample_weight, "raw_values")
    if not size.all():
        raise ValueError("y_true is zero in all rows, so there is no share of it.")
    return _mean((error / size)[np.newaxis], None, multioutput)


def symmetric_mean_absolute_percentage_error(
    y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"
):
    """Mean absolute error, as a share of the mean of target and forecast.

    The measure of the M4 competition, there in percent [1]_. It favours forecasts that
    are too high over those that are too low.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Observed targets.
    y_pred : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Forecasts.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape \
            (n_outputs,), default="uniform_average"
        How to average over outputs, as in scikit-learn.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The error as a share, not in percent, from 0 to 2. The best value is 0. A row
        in which target and forecast are both zero counts as 0.

    Raises
    ------
    ValueError
        If a value is missing.

    See Also
    --------
    weighted_absolute_percentage_error : A share of the sum of all targets.

    References
    ----------
    .. [1] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74.

    Examples
    --------
    >>> from skrnn.metrics import symmetric_mean_absolute_percentage_error
    >>> symmetric_mean_absolute_percentage_error([0, 3], [0, 5])
    0.25
    """
    y_true, y_pred = _points(y_true, y_pred)
    return _mean(symmetric_shares(y_true, y_pred), sample_weight, multioutput)


def mean_interval_score(
    y_true, y_pred, *, coverage, sample_weight=None, multioutput="uniform_average"
):
    """Mean width of intervals, plus a penalty for each target outside of its interval.

    The penalty is the distance to the interval, times `2 / (1 - coverage)`. The score
    is lowest for the true quantiles, so it compares intervals of different widths and
    coverages [1]_. It is also known as the Winkler score.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Observed targets.
    y_pred : DataFrame, or array-like of shape (n_samples, 2) or \
            (n_samples, n_outputs, 2)
        Lower and upper bounds, or a DataFrame with the columns `lower_bound` and
        `upper_bound`, of each target if there are several, as
        :meth:`Forecaster.forecast <skrnn.Forecaster.forecast>` returns for a coverage.
    coverage : float
        Share of the targets that the intervals were made to contain, between 0 and 1.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape \
            (n_outputs,), default="uniform_average"
        How to average over outputs, as in scikit-learn.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The score in the unit of the targets, at least 0. The best value is 0.

    Raises
    ------
    ValueError
        If `y_pred` is not as described, a lower bound is above its upper bound, or a
        value is missing.

    See Also
    --------
    coverage_score : The share of targets inside.

    References
    ----------
    .. [1] Gneiting, T. and Raftery, A. E. (2007). Strictly proper scoring rules,
       prediction, and estimation. Journal of the American Statistical Association,
       102(477), 359-378. Equation 43.

    Examples
    --------
    >>> from skrnn.metrics import mean_interval_score
    >>> mean_interval_score([5, 9], [[4, 6], [4, 8]], coverage=0.5)
    5.0
    """
    y_true, lower, upper = _intervals(y_true, y_pred)
    scores = interval_scores(y_true, lower, upper, coverage)
    return _mean(scores, sample_weight, multioutput)


def coverage_score(
    y_true, y_pred, *, sample_weight=None, multioutput="uniform_average"
):
    """Share of the targets that lie within their intervals.

    Parameters
    ----------
    y_true : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Observed targets.
    y_pred : DataFrame, or array-like of shape (n_samples, 2) or \
            (n_samples, n_outputs, 2)
        Lower and upper bounds, or a DataFrame with the columns `lower_bound` and
        `upper_bound`, of each target if there are several, as
        :meth:`Forecaster.forecast <skrnn.Forecaster.forecast>` returns for a coverage.
    sample_weight : array-like of shape (n_samples,), default=None
        Weights of the samples.
    multioutput : {"raw_values", "uniform_average"} or array-like of shape \
            (n_outputs,), default="uniform_average"
        How to average over outputs, as in scikit-learn.

    Returns
    -------
    float or ndarray of shape (n_outputs,)
        The share, from 0 to 1. The best value is the coverage asked for.

    Raises
    ------
    ValueError
        If `y_pred` is not as described, a lower bound is above its upper bound, or a
        value is missing.

    See Also
    --------
    mean_interval_score : Also measures how wide the intervals are.

    Examples
    --------
    >>> from skrnn.metrics import coverage_score
    >>> coverage_score([5, 9, 4, 8], [[4, 6], [4, 8], [4, 5], [0, 9]])
    0.75
    """
    y_true, lower, upper = _intervals(y_true, y_pred)
    inside = (lower <= y_true) & (y_true <= upper)
    return _mean(inside.astype(np.float64), sample_weight, multioutput)


def ignore_missing(metric):
    """Make a metric leave out missing values.

    Rows with NaN in any column of `y_true` or `y_pred` are left out. The forecasts of
    :class:`~skrnn.Forecaster` are NaN where they cannot be made, such as for a series
    that begins after the training rows if the regressor does not support NaN; a warning
    says so.

    Parameters
    ----------
    metric : callable
        Metric of scikit-learn, or another function of `y_true` and `y_pred`.

    Returns
    -------
    callable
        Function of the same parameters. `sample_weight` is a keyword.

    Raises
    ------
    ValueError
        When the function is called and no row is left.

    See Also
    --------
    sklearn.metrics.make_scorer : Makes a scorer of a metric, for searches.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.metrics import make_scorer, mean_absolute_error
    >>> from skrnn.metrics import ignore_missing
    >>> ignore_missing(mean_absolute_error)([1, np.nan, 3], [1.5, 2, 3])
    0.25
    >>> error = ignore_missing(mean_absolute_error)
    >>> scorer = make_scorer(error, greater_is_better=False)
    """
    return update_wrapper(partial(_without_missing, metric), metric)


def _without_missing(metric, y_true, y_pred, **params):
    """Return the metric of rows without NaN."""
    y_true, y_pred = check_numbers(y_true, "y_true"), check_numbers(y_pred, "y_pred")
    check_consistent_length(y_true, y_pred, params.get("sample_weight"))
    known = np.ones(len(y_true), dtype=bool)
    for values in (y_true, y_pred):
        values = np.asarray(values, dtype=np.float64)
        known &= ~np.isnan(values).reshape(len(values), -1).any(axis=1)
    if not known.any():
        raise ValueError("Each row has a missing target or forecast.")
    if params.get("sample_weight") is not None:
        params["sample_weight"] = np.asarray(params["sample_weight"])[known]
    return metric(_rows(y_true, known), _rows(y_pred, known), **params)


def _rows(values, known):
    """Return some rows; a DataFrame keeps the names of its columns."""
    is_frame = isinstance(values, pd.DataFrame)
    return values[known] if is_frame else np.asarray(values)[known]


def _points(y_true, y_pred):
    """Return targets and forecasts as arrays of the same shape."""
    y_true, y_pred = _numbers(y_true, "y_true"), _numbers(y_pred, "y_pred")
    mean_absolute_error(y_true, y_pred)  # raises the errors of scikit-learn
    return y_true, y_pred.reshape(y_true.shape)


def _changes(y_train, season_length):
    """Return the changes over a season, NaN where a value is missing."""
    if not isinstance(season_length, Integral) or season_length < 1:
        raise ValueError(
            f"season_length must be a whole number, at least 1. Got {season_length!r}."
        )
    index = getattr(y_train, "index", None)
    if isinstance(index, pd.MultiIndex) and index.droplevel(-1).nunique() > 1:
        raise ValueError(
            "y_train holds several series, and each has its own scale. Compute the "
            "error of each series, and then the mean."
        )
    values = _numbers(y_train, "y_train", ensure_all_finite="allow-nan")
    changes = values[season_length:] - values[:-season_length]
    if np.isnan(changes).all(axis=0).any():
        raise ValueError(
            f"y_train, of {len(values)} rows, has no two observed values that are "
            f"season_length={season_length} rows apart."
        )
    return changes


def _errors_in_units(scale, y_true, y_pred):
    """Return errors in units of a scale of each output."""
    if not np.all(scale):
        raise ValueError(
            "y_train repeats itself exactly after a season, so that errors cannot be "
            "compared with those of a naive forecast."
        )
    y_true, y_pred = _points(y_true, y_pred)
    n_outputs = y_true[0].size
    if np.size(scale) not in (1, n_outputs):
        raise ValueError(
            f"y_train has {np.size(scale)} outputs, but y_true has {n_outputs}. Pass "
            "the training values of the same outputs."
        )
    return y_true / scale - y_pred / scale


def _mean(values, sample_weight, multioutput):
    """Return the mean of values that are at least 0, as scikit-learn's metrics do."""
    how = {"sample_weight": sample_weight, "multioutput": multioutput}
    return mean_absolute_error(np.zeros_like(values), values, **how)


def _intervals(y_true, y_pred):
    """Return targets, lower and upper bounds, each (n_samples, n_outputs)."""
    y_true = _numbers(y_true, "y_true")
    is_frame = isinstance(y_pred, pd.DataFrame)
    names = y_pred.columns.get_level_values(-1) if is_frame else ()
    if set(_BOUNDS) <= set(names):
        ends = [_numbers(y_pred.loc[:, names == name], "y_pred") for name in _BOUNDS]
        bounds = np.stack(ends, axis=-1)
    else:
        bounds = _numbers(y_pred, "y_pred", allow_nd=True)
    shape = y_true.shape
    y_true = y_true.reshape(len(y_true), -1)
    if bounds.ndim == 2:
        bounds = bounds[:, np.newaxis]
    if bounds.shape[1:] != (y_true.shape[1], 2):
        raise ValueError(
            "y_pred must hold a lower and an upper bound of each target: a DataFrame "
            "with the columns lower_bound and upper_bound, or an array of shape "
            "(n_samples, 2), or (n_samples, n_outputs, 2) for several targets. "
            f"Got y_true of shape {shape} and y_pred of shape {np.shape(y_pred)}."
        )
    check_consistent_length(y_true, bounds)
    lower, upper = np.moveaxis(bounds, -1, 0)
    if (lower > upper).any():
        raise ValueError("A lower bound is above its upper bound.")
    return y_true, lower, upper


def symmetric_shares(y_true, y_pred):  # numpydoc ignore=PR01,RT01
    """Return errors as shares of the mean of target and forecast, 0 if both are 0."""
    size = (abs(y_true) + abs(y_pred)) / 2
    return abs(y_true - y_pred) / np.where(size > 0, size, 1)


def interval_scores(y_true, lower, upper, coverage):  # numpydoc ignore=PR01,RT01
    """Return the interval score of each row."""
    if not 0 < coverage < 1:
        raise ValueError(
            f"coverage must lie between 0 and 1, such as 0.8 for 80 %. Got {coverage}."
        )
    outside = np.maximum(np.maximum(lower - y_true, y_true - upper), 0)
    return upper - lower + 2 / (1 - coverage) * outside
