"""A table of the measures of a backtest, and the columns that hold its intervals."""

import re

import numpy as np
import pandas as pd

from skrnn._warnings import listed, warn_user
from skrnn.exceptions import RowsLeftOutWarning
from skrnn.metrics.scores import interval_scores, symmetric_shares

SCALES = "mase_scale", "rmsse_scale"  # columns
_LEVELS = "series", "target"
FORECAST = "origin", "time", *_LEVELS  # columns that identify one


def summarize(frame, metrics=("MAE", "RMSE", "MASE"), by=("model",), *, coverage=None):
    """Measure the forecasts of a backtest, by model, step, series or origin.

    Rows whose observed value is missing are left out. So are origins and times that
    another model of the frame did not forecast, because of missing values or a shorter
    horizon: all models are compared on the same rows.

    Parameters
    ----------
    frame : DataFrame
        What :func:`~skrnn.backtest` returned, or some of its rows.
    metrics : str, callable or sequence of these, default=("MAE", "RMSE", "MASE")
        Names of measures, listed below, and functions `metric(y_true, y_pred)` that
        return a number.
    by : str or sequence of str, default=("model",)
        Columns of `frame`; each group of rows with the same values in them is measured.
        `"model"` is ignored if the frame has no such column. Without columns, all rows
        are one group.
    coverage : float, default=None
        Coverage of the columns `lower_bound` and `upper_bound`, for the interval score.

    Returns
    -------
    DataFrame of shape (n_groups, n_metrics)
        The measures of each group. For several coverages, the columns of a measure of
        intervals are named like `coverage_80`.

    Raises
    ------
    ValueError
        If a name or a column is unknown, or the frame has no intervals or scales to
        measure by.

    Warns
    -----
    RowsLeftOutWarning
        If MASE or RMSSE leave out rows, or if more than a tenth of the observed rows
        are left out because not all models forecast them.

    See Also
    --------
    skrnn.backtest : Returns the frame.
    skrnn.ForecastDisplay.from_backtest : Draws it.

    Notes
    -----
    In units of the target, with :math:`e` the forecast minus the observed value:

    - `"MAE"`: mean of :math:`|e|`; `"RMSE"`: root of the mean of :math:`e^2`;
    - `"bias"`: mean of :math:`e`, positive if forecasts are too high;
    - `"interval_score"`: see :func:`mean_interval_score`.

    Without a unit:

    - `"MASE"` and `"RMSSE"`: mean of :math:`|e| / s`, and root of the mean of
      :math:`e^2 / s^2`, where s is the scale of the series at the origin
      (`mase_scale`, `rmsse_scale`). They are computed for each series and target, and
      then averaged [1]_ [2]_. The scales are those of
      :func:`mean_absolute_scaled_error` and :func:`root_mean_squared_scaled_error` with
      all rows up to the origin as `y_train`. Rows without a scale, such as those of a
      constant series, are left out of these two measures, which are NaN for groups
      without other rows;
    - `"WAPE"` and `"sMAPE"`: see :func:`weighted_absolute_percentage_error`, here
      infinite where all values are zero, and
      :func:`symmetric_mean_absolute_percentage_error`;
    - `"coverage"`: share of the values within their intervals. Rows without bounds of
      each model are left out, as for `"interval_score"`.

    Except for MASE and RMSSE, all rows of a group have the same weight.

    References
    ----------
    .. [1] Hyndman, R. J. and Koehler, A. B. (2006). Another look at measures of
       forecast accuracy. International Journal of Forecasting, 22(4), 679-688.

    .. [2] Makridakis, S., Spiliotis, E. and Assimakopoulos, V. (2020). The M4
       Competition: 100,000 time series and 61 forecasting methods. International
       Journal of Forecasting, 36(1), 54-74.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.metrics import median_absolute_error
    >>> from skrnn import Forecaster, backtest
    >>> from skrnn.datasets import load_co2
    >>> from skrnn.metrics import summarize
    >>> forecaster = Forecaster(Ridge(), horizon=3, calibration_size=104)
    >>> how = {"initial_train_size": "1999", "coverage": [0.5, 0.8]}
    >>> frame = backtest(forecaster, y=load_co2()["1986":], **how)
    >>> metrics = ["MASE", median_absolute_error, "coverage"]
    >>> summarize(frame, metrics, by="step").round(2)
          MASE  median_absolute_error  coverage_50  coverage_80
    step
    1     0.15                   0.19         0.60         0.77
    2     0.18                   0.22         0.57         0.86
    3     0.20                   0.28         0.46         0.89
    """
    by, metrics = _as_list(by), _as_list(metrics)
    _check(frame, by, metrics)
    rows = _comparable(frame)
    _check_scales([m for m in metrics if not callable(m) and m in _SCALED], rows)
    keys = [rows[name] for name in by if name in rows] or [pd.Series(0, rows.index)]
    columns = []
    for metric in metrics:
        if callable(metric):
            columns.append(_by_function(metric, rows, keys))
        elif metric in _INTERVALS:
            columns += _of_intervals(metric, rows, keys, coverage)
        elif metric in _SCALED:
            columns.append(_scaled(metric, rows, keys).rename(metric))
        else:
            columns.append(_POINTS[metric](rows, _mean_of(keys)).rename(metric))
    return pd.concat(columns, axis=1)


_POINTS = {
    "MAE": lambda rows, mean: mean(abs(rows["error"])),
    "RMSE": lambda rows, mean: np.sqrt(mean(rows["error"] ** 2)),
    "bias": lambda rows, mean: mean(rows["error"]),
    "WAPE": lambda rows, mean: mean(abs(rows["error"])) / mean(abs(rows["observed"])),
    "sMAPE": lambda rows, mean: mean(symmetric_shares(rows["observed"], rows["pred"])),
}
_SCALED = {"MASE": ("MAE", SCALES[0]), "RMSSE": ("RMSE", SCALES[1])}
_INTERVALS = "coverage", "interval_score"
_NAMES = [*_POINTS, *_SCALED, *_INTERVALS]


def _as_list(values):
    """Return a name or a function in a list, and a sequence as one."""
    return [values] if isinstance(values, str) or callable(values) else list(values)


def check_backtest(frame):  # numpydoc ignore=PR01
    """Raise a ValueError unless a frame has rows and the columns of `backtest`."""
    columns = getattr(frame, "columns", ())
    for name in ("origin", "time", "step", "observed", "pred"):
        if name not in columns:
            raise ValueError(
                "frame must be a DataFrame as `backtest` returns it, but it has no "
                f"column {name!r}."
            )
    if not len(frame):
        raise ValueError("frame has no rows.")


def _check(frame, by, metrics):
    """Raise a ValueError for what is not in the frame, or not a metric."""
    check_backtest(frame)
    if not metrics:
        raise ValueError(f"metrics is empty. Pass some of {_NAMES}, or functions.")
    for name in by:
        if name not in frame and name != "model":
            raise ValueError(
                f"by must name columns of the frame, which are {list(frame)}. Got "
                f"{name!r}."
            )
    for metric in metrics:
        if not callable(metric) and metric not in _NAMES:
            raise ValueError(
                f"metrics must be functions or names among {_NAMES}. Got {metric!r}."
            )


def _comparable(frame):
    """Return observed rows that all models forecast, with errors."""
    is_complete = _of_all_models(frame["pred"].notna(), frame)
    is_known = frame["observed"].notna()
    rows = frame[is_known & is_complete]
    if not len(rows):
        raise ValueError(
            "No row has an observed value and a forecast of each model, for the same "
            "origin and time."
        )
    is_left_out = is_known & ~is_complete
    if is_left_out.sum() > 0.1 * is_known.sum():
        warn_user(
            f"{is_left_out.sum()} of {is_known.sum()} rows with an observed value are "
            f"left out, because {_lacking(frame, is_left_out)}. If a regressor does "
            "not support missing values, put an imputer before it. Compare models of "
            "the same horizon.",
            RowsLeftOutWarning,
        )
    return rows.assign(error=rows["pred"] - rows["observed"])


def _of_all_models(known, frame):
    """Return which rows are known for all models, with the same origin and time."""
    keys = [frame[name] for name in FORECAST if name in frame]
    n_models = frame["model"].nunique(dropna=False) if "model" in frame else 1
    groups = known.groupby(keys, observed=True, dropna=False)
    return groups.transform("all") & (groups.transform("size") >= n_models)


def _lacking(frame, is_left_out):
    """Return in words which forecasts are missing in the rows that are left out."""
    rows = frame[is_left_out]
    if "model" not in frame:
        return "their forecasts are NaN"
    n_forecasts = len(rows[[n for n in FORECAST if n in rows]].drop_duplicates())
    known = rows.groupby("model", observed=True, dropna=False)["pred"].count()
    lacking = n_forecasts - known.reindex(frame["model"].unique(), fill_value=0)
    lacking = lacking[lacking > 0].sort_values(ascending=False)
    names = [f"{name!r} ({number} times)" for name, number in lacking.items()]
    return (
        "all models are compared on the same rows, and these have NaN or no forecast "
        f"of {listed(names)}"
    )


def _mean_of(keys):
    """Return a function that returns the means of the groups with these keys."""
    return lambda values: values.groupby(keys, observed=True, dropna=False).mean()


def _by_function(metric, rows, keys):
    """Return what a function returns for each group."""
    both = rows[["observed", "pred"]]
    measures = both.groupby(keys, observed=True, dropna=False).apply(
        lambda group: metric(group["observed"].to_numpy(), group["pred"].to_numpy())
    )
    return measures.rename(getattr(metric, "__name__", str(metric)))


def _scaled(metric, rows, keys):
    """Return the means of the scaled errors of each series and target."""
    name, scale = _SCALED[metric]
    levels = [rows[n] for n in _LEVELS if n in rows]
    scaled = rows.assign(error=rows["error"] / rows[scale].where(rows[scale] > 0))
    each = _POINTS[name](scaled, _mean_of(keys + levels))
    groups = each.groupby(level=[*range(len(keys))], observed=True, dropna=False)
    return groups.mean()


def _check_scales(metrics, rows):
    """Warn of rows without the scales of some metrics; raise if there are no others."""
    has_scale = pd.Series(True, rows.index)
    for metric in metrics:
        scale = _SCALED[metric][1]
        if scale not in rows:
            raise ValueError(f"{metric} needs the column {scale!r} of a backtest.")
        has_scale &= rows[scale] > 0
    if has_scale.all():
        return
    lacking, which = rows[~has_scale], " and ".join(metrics)
    why = (
        f"{_levels_of(lacking)}: the values up to the origin do not change in a "
        "season, or are too few"
    )
    if not has_scale.any():
        raise ValueError(
            f"No row has the scale of {which}{why}. Pass other metrics, or set another "
            "season_length of backtest."
        )
    warn_user(
        f"{len(lacking)} of {len(rows)} rows are left out of {which}{why}. Other "
        "measures keep them. If the values are too few, set another season_length of "
        "backtest.",
        RowsLeftOutWarning,
    )


def _levels_of(rows):
    """Return in words which series and targets rows are in, if these have names."""
    levels = [name for name in _LEVELS if name in rows]
    if not levels:
        return ""
    names = rows[levels].drop_duplicates().itertuples(index=False, name=None)
    shown = listed([repr(name if len(levels) > 1 else name[0]) for name in names])
    return f", in {' and '.join(levels)} {shown}"


def _of_intervals(metric, rows, keys, coverage):
    """Return a measure of the intervals of each coverage."""
    bounds = bounds_of(rows)
    if not bounds:
        raise ValueError(
            f"{metric} needs intervals, and the frame has none. Pass coverage= to "
            "backtest, such as coverage=0.8."
        )
    if metric == "interval_score" and "_bound" in bounds and coverage is None:
        raise ValueError(
            "interval_score needs the coverage of lower_bound and upper_bound. Pass "
            "the coverage= of the backtest to summarize too."
        )
    columns = []
    for suffix, ends in bounds.items():
        y_true, lower, upper = (rows[name] for name in ("observed", *ends))
        if metric == "coverage":
            values = y_true.between(lower, upper).astype(float)
        else:
            share = _coverage_of(suffix) or coverage
            values = interval_scores(y_true, lower, upper, share)
        values = values.where(_of_all_models(lower.notna() & upper.notna(), rows))
        name = metric if suffix == "_bound" else metric + suffix
        columns.append(_mean_of(keys)(values).rename(name))
    return columns[::-1]


def bounds_of(frame):  # numpydoc ignore=PR01,RT01
    """Return the columns of both bounds by suffix, such as `_80`, widest first."""
    found = (re.fullmatch(r"lower(_\d+\.?\d*|_bound)", str(name)) for name in frame)
    suffixes = [match[1] for match in found if match]
    suffixes.sort(key=lambda suffix: -(_coverage_of(suffix) or 0))
    return {suffix: (f"lower{suffix}", f"upper{suffix}") for suffix in suffixes}


def _coverage_of(suffix):
    """Return the coverage of bounds with a suffix, or None if it does not say."""
    return None if suffix == "_bound" else float(suffix[1:]) / 100
