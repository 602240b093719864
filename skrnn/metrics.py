"""Metrics for series with missing values."""

from functools import partial, update_wrapper

import numpy as np

from skrnn._estimator import check_numbers, unmasked

__all__ = ["ignore_missing"]


def ignore_missing(metric):
    """Make a metric leave out missing values.

    Rows with NaN in any column of `y_true` or `y_pred` are left out. The forecasts of
    :class:`~skrnn.Forecaster` are NaN where they cannot be made, such as for a series
    that begins after the training rows; a warning says so.

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
    y_true, y_pred = unmasked(y_true), unmasked(y_pred)
    known = np.ones(len(y_true), dtype=bool)
    for name, values in (("y_true", y_true), ("y_pred", y_pred)):
        check_numbers(values, name)
        values = np.asarray(values, dtype=np.float64)
        known &= ~np.isnan(values).reshape(len(values), -1).any(axis=1)
    if not known.any():
        raise ValueError("Each row has a missing target or forecast.")
    if params.get("sample_weight") is not None:
        params["sample_weight"] = np.asarray(params["sample_weight"])[known]
    y_true, y_pred = np.asarray(y_true)[known], np.asarray(y_pred)[known]
    return metric(y_true, y_pred, **params)
