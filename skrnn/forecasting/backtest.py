"""Rolling-origin evaluation of forecasters."""

from contextlib import ExitStack
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.utils import check_scalar
from sklearn.utils.parallel import Parallel, delayed

from skrnn.forecasting.data import Data
from skrnn.forecasting.forecaster import Forecaster
from skrnn.forecasting.intervals import check_coverage
from skrnn.forecasting.rolling import Rolling
from skrnn.forecasting.rows import (
    joined,
    read_inputs,
    read_targets,
)


def backtest(
    forecaster,
    X,
    y,
    *,
    initial_size,
    step=None,
    refit=False,
    coverage=None,
    n_jobs=None,
):
    """Evaluate forecasters from a rolling origin.

    The forecaster is fitted on the first rows and forecasts the next `horizon` steps.
    The origin then advances by `step`, until the end of the data. Forecasts are those
    that `fit`, `update` and `predict` return. Where a window has a missing value and
    the regressor does not support that, the forecast is NaN.

    Parameters
    ----------
    forecaster : Forecaster or dict of Forecaster
        Forecaster, or dict of names and forecasters. They are cloned.
    X : array-like or DataFrame of shape (n_rows, n_features), or None
        Inputs, as in :meth:`Forecaster.fit`.
    y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
        The series, or a panel.
    initial_size : int
        Number of rows before the first forecast; in a panel, number of distinct times.
    step : int or None, default=None
        Steps from one origin to the next. None uses the horizon, so that each later row
        is forecast once.
    refit : bool or int, default=False
        True refits at every origin, an int k at every k-th one. At other origins, the
        rows since the last one are passed to `update`.
    coverage : float or None, default=None
        Coverage of intervals to add. None adds no intervals.
    n_jobs : int or None, default=None
        Number of parallel fits. None means 1 unless in a `joblib.parallel_config`
        context. The results do not depend on it, except for rounding in regressors that
        use several threads.

    Returns
    -------
    DataFrame of shape (n_forecasts, n_columns)
        A row for each origin, step ahead and target, with columns `origin` and `time`
        (row numbers, if there is no index), `step`, `observed`, `pred`, and with
        `coverage` `lower_bound` and `upper_bound`. For a dict there is a column
        `model`, for a panel `series`, for several targets `target`.

    Raises
    ------
    ValueError
        If a parameter is out of its range, or the data are not as in
        :meth:`Forecaster.fit`.

    Warns
    -----
    MissingInputWarning
        If an input that is known in advance is missing in a row to forecast.

    See Also
    --------
    Forecaster : Forecasts what comes after the data.
    ForecastDisplay : Draws the result.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import Forecaster, SeasonalNaiveRegressor, SequenceWindower, backtest
    >>> from skrnn.datasets import load_co2
    >>> windower = SequenceWindower(window_length=52)
    >>> models = {
    ...     "naive": make_pipeline(windower, SeasonalNaiveRegressor(52)),
    ...     "Ridge": make_pipeline(windower, Ridge()),
    ... }
    >>> models = {name: Forecaster(p, horizon=13) for name, p in models.items()}
    >>> frame = backtest(models, None, load_co2()["1986":], initial_size=520)
    >>> error = (frame.pred - frame.observed).abs()
    >>> error.groupby(frame.model).mean().round(2)
    model
    Ridge    0.52
    naive    1.67
    dtype: float64
    """
    several = isinstance(forecaster, dict)
    models = forecaster if several else {None: forecaster}
    if not models or not all(isinstance(m, Forecaster) for m in models.values()):
        raise ValueError(
            "forecaster must be a Forecaster, or a dict with at least one. Wrap a "
            "pipeline in Forecaster(pipeline); for a search, pass best_estimator_. Got "
            f"{forecaster!r}."
        )
    data = Data.of(models, X, y)
    _check(data, initial_size, step, refit, coverage)
    if coverage is not None:
        _check_intervals(models)
    first = np.unique(data.clock.numbers)[initial_size - 1]
    for model in models.values():
        data.warn_of_missing(model, np.flatnonzero(data.clock.numbers > first))
    tasks = [
        (name, model, group)
        for name, model in models.items()
        for group in _groups(data, first, step or model.horizon, refit)
    ]
    work = (delayed(_run)(model, data, *group, coverage) for _, model, group in tasks)
    parallel = Parallel(n_jobs=n_jobs, return_as="generator")
    frames = list(_with_bar(parallel(work), len(tasks)))
    if several:
        named = zip(tasks, frames, strict=True)
        frames = [f.assign(model=name)[["model", *f]] for (name, *_), f in named]
    return pd.concat(frames, ignore_index=True)


def _check(data, initial_size, step, refit, coverage):
    n_times = len(np.unique(data.clock.numbers))
    check_scalar(initial_size, "initial_size", Integral, min_val=1)
    if initial_size >= n_times:
        raise ValueError(
            f"initial_size={initial_size} leaves nothing to forecast: the data have "
            f"{n_times} rows (distinct times in a panel). Set a smaller initial_size."
        )
    if step is not None:
        check_scalar(step, "step", Integral, min_val=1)
    if not isinstance(refit, (bool, np.bool_)):
        check_scalar(refit, "refit", Integral, min_val=1)
    if coverage is not None:
        check_coverage(coverage)


def _check_intervals(models):
    for name, model in models.items():
        if not model.calibration_size and not hasattr(model, "predict_quantiles"):
            of = "" if name is None else f" for model {name!r}"
            raise ValueError(
                f"No intervals can be forecast{of}. Set calibration_size to a number "
                'of rows, or let the regressor predict quantiles (loss="quantile").'
            )


def _groups(data, first, step, refit):
    """Yield the origins of each fit."""
    origins = np.arange(first, data.clock.numbers.max(), step)
    size = int(refit) or len(origins)
    for start in range(0, len(origins), size):
        yield (origins[start : start + size],)


def _run(model, data, origins, coverage):
    """Fit a clone on the rows up to the first origin, and forecast from all of them."""
    rows = np.flatnonzero(data.clock.numbers <= origins[0])
    forecaster = clone(model).fit(*data.part(rows))
    return _forecast(forecaster, data, origins, coverage)


def _forecast(forecaster, data, origins, coverage):
    """Forecast from all origins with a forecaster that is fitted up to the first."""
    fitted = forecaster._fitted
    targets, _ = read_targets(data.y)
    inputs = read_inputs(forecaster, data.X, len(targets), reset=False)
    rows = joined(targets, inputs)
    timeline = None if fitted.history.timeline is None else data.timeline
    rolling = Rolling(fitted, rows, timeline, data.clock, origins)
    points, leads = rolling.forecasts()
    values = {"pred": points[..., 0]}
    if coverage is not None:
        bounds = rolling.intervals(leads, points, coverage)
        values |= dict(zip(("lower_bound", "upper_bound"), bounds, strict=True))
    rows, origin_of = rolling.wanted
    values = {"observed": targets[rows], **values}
    return _frame(data, rows, origin_of, values, forecaster)


def _frame(data, rows, origin_of, values, forecaster):
    """Return a row for each forecast and target."""
    times, n_targets = data.clock.times, forecaster.n_outputs_
    numbers = data.clock.numbers[rows]
    frame = {"origin": times[origin_of], "time": times[numbers]}
    frame["step"] = numbers - origin_of
    if data.timeline is not None and data.timeline.series is not None:
        frame["series"] = data.timeline.series[rows]
    frame = {name: column.repeat(n_targets) for name, column in frame.items()}
    if n_targets > 1:
        frame["target"] = np.tile(forecaster._kind.labels, len(rows))
    return pd.DataFrame({**frame, **{k: v.ravel() for k, v in values.items()}})


def _with_bar(results, n_results):
    """Yield results and show a progress bar on a terminal if there are several."""
    from rich.console import Console
    from rich.errors import LiveError
    from rich.progress import Progress

    with ExitStack() as stack:
        console = Console(stderr=True)
        bar = None
        if n_results > 1 and console.is_terminal:
            try:
                bar = stack.enter_context(Progress(console=console, transient=True))
                task = bar.add_task("backtest", total=n_results)
            except LiveError:
                bar = None
        for result in results:
            if bar is not None:
                bar.advance(task)
            yield result
