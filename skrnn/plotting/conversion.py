"""Converts what users pass to displays into times and arrays to draw."""

from numbers import Integral

import numpy as np
import pandas as pd
from pandas.api.types import is_float_dtype, is_list_like, is_numeric_dtype
from sklearn.pipeline import Pipeline
from sklearn.utils import check_random_state

from skrnn._estimator import floats_of
from skrnn.metrics.summary import FORECAST, bounds_of
from skrnn.windows.supervised import lead_of_name
from skrnn.windows.timeline import Timeline, as_dates, index_of, is_span, numbered

_LEVELS = "series", "target", "model"
_MOST_PANELS = 9
_MOST_STEPS = 1_000_000  # from the first row to the last, gaps included


def quantile_interval(estimator, X):
    """Return the lowest and highest predicted quantile, or None without quantiles."""
    if hasattr(estimator, "best_estimator_"):
        return quantile_interval(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        X = estimator[:-1].transform(X) if len(estimator) > 1 else X
        return quantile_interval(estimator[-1], X)
    if hasattr(estimator, "forecast"):  # a Forecaster
        levels = estimator._model.quantile_levels
        if levels is None or len(levels) < 2:
            return None
        try:
            quantiles = np.asarray(estimator.predict(X, quantiles=levels[[0, -1]]))
        except ValueError:  # X has more rows than the horizon
            return None
    elif hasattr(estimator, "transformer_"):  # a TransformedTargetRegressor
        ends = quantile_interval(estimator.regressor_, X)
        inverse = estimator.transformer_.inverse_transform
        return ends and tuple(
            inverse(end.reshape(len(end), -1)).reshape(end.shape) for end in ends
        )
    elif hasattr(estimator, "predict_quantiles"):
        quantiles = estimator.predict_quantiles(X)
    else:
        return None
    is_one = quantiles.shape[-1] == 1
    return None if is_one else (quantiles[..., 0], quantiles[..., -1])


def first_index(index, *data):
    """Return `index`, or else the first pandas index of data, or None."""
    if index is None:
        return next((each for each in map(index_of, data) if each is not None), None)
    return index if isinstance(index, pd.Index) else pd.Index(index)


def times_of(index, leads):
    """Return times (n_rows, n_leads) after those of rows, and those after a gap."""
    series = _names_of(index)
    if len(series) > 1:
        raise ValueError(
            "ForecastDisplay draws one series. Select one, such as "
            f"data.loc[[{series[0]!r}]]; there are {series}."
        )
    index = as_dates(index.get_level_values(-1))
    if not _is_plottable(index):  # labels
        index = pd.RangeIndex(len(index))
    steps, step = _steps_to(index)
    wanted = steps[:, np.newaxis] + leads
    last = int(wanted.max())
    if step is not None and last > 0 and not np.isin(wanted, steps).all():
        # with longer gaps, only the times after the last row are counted
        row = 0 if last <= _MOST_STEPS else len(index) - 1
        n_later = max(last, steps[-1]) - steps[row]
        index = index[: row + 1].append(step.after(index[[row]], n_later))
        steps = np.append(steps[:row], steps[row] + np.arange(n_later + 1))
    elif len(index) == 1 and np.any(leads) and not is_numeric_dtype(index.dtype):
        raise ValueError(
            "The index of a single row has no freq, so that the times of its leads are "
            "not known. Pass several rows, or index= with a freq."
        )
    times = _at_steps(_plottable(index), steps, wanted)
    numbers, first = np.unique(wanted, return_index=True)
    return times, times.ravel()[first[1:][np.diff(numbers) > 1]]


def _breaks_of(index):
    """Return the times of rows in any order that follow a gap, as they are drawn."""
    index = index.unique().sort_values()
    return _plottable(index)[np.diff(_steps_to(index)[0], prepend=0) > 1]


def _is_plottable(index):
    """Return whether an index holds times or numbers."""
    return is_span(index) or is_numeric_dtype(index.dtype)


def _plottable(index):
    """Return local times, timedeltas in hours, or numbers, for matplotlib to draw."""
    if isinstance(index, pd.PeriodIndex):
        index = index.to_timestamp()
    if isinstance(index, pd.DatetimeIndex):
        return index.tz_localize(None).to_numpy()
    if isinstance(index, pd.TimedeltaIndex):
        return (index / pd.Timedelta(hours=1)).to_numpy()
    return index.to_numpy(dtype=np.float64)


def _steps_to(index):
    """Return the steps from the first row to each, or row numbers, and the Step."""
    try:
        timeline = Timeline.of_index(index)
        if timeline is not None:
            step = timeline.step()
            return numbered(timeline, step), step
    except ValueError:  # the times are irregular, which is fine, or not in order
        if not index.is_monotonic_increasing:
            raise
    if not (index.is_monotonic_increasing and index.is_unique):
        raise ValueError("The index does not increase. Sort it, and drop duplicates.")
    return np.arange(len(index)), None


def _at_steps(times, steps, wanted):
    """Interpolate times whose steps from the first are known, and extrapolate them."""
    is_date = np.issubdtype(times.dtype, np.datetime64)
    numbers = (times - times[0]).astype("m8[us]").astype(float) if is_date else times
    length = (numbers[-1] - numbers[0]) / steps[-1] if steps[-1] else 1.0
    found = np.interp(wanted, steps, numbers)
    found += length * (wanted - np.clip(wanted, 0, steps[-1]))
    return times[0] + found.round().astype("m8[us]") if is_date else found


def of_one_shape(y_true, y_pred, interval):
    """Return observed, predicted and interval values as arrays (n_samples, n_steps)."""
    ends = () if interval is None else interval
    if not isinstance(ends, (tuple, list)):
        raise ValueError(
            "interval must be two arrays, its lower and its upper ends. Got "
            f"{type(interval).__name__}."
        )
    arrays = [floats_of(y_true, "y_true"), floats_of(y_pred, "y_pred")]
    arrays += [floats_of(end, "interval") for end in ends]
    arrays = [array.reshape(len(array), -1) for array in arrays]
    shapes = [array.shape for array in arrays]
    if len(set(shapes)) > 1 or (interval is not None and len(arrays) != 4):
        raise ValueError(
            "y_true, y_pred and both ends of the interval must have the same shape. "
            f"Got {shapes}."
        )
    return arrays


def name_and_leads(y, lead, n_steps):
    """Return the name of the target, or None, and the lead of each column in steps."""
    names = [y.name] if isinstance(y, pd.Series) else getattr(y, "columns", ())
    targets = [str(name) for name in names if name is not None]
    leads = [0] if n_steps == 1 else range(1, n_steps + 1)
    read = [lead_of_name(name) for name in targets]
    if read and None not in read:
        targets, leads = zip(*read, strict=True)
    if len(set(targets)) > 1 and lead is None:
        raise ValueError(
            "ForecastDisplay draws a single target, whose columns for several steps "
            f"must be named <target>_lead<h>. Got columns {list(names)}. Select the "
            "columns of one target."
        )
    leads = np.atleast_1d(leads if lead is None else lead)
    if len(leads) != n_steps:
        raise ValueError(
            f"lead must have one number for each of {n_steps} columns. Got {lead!r}."
        )
    return (targets[0] if len(set(targets)) == 1 else None), leads


def split_as_drawn(split, index):
    """Convert a time to mark to a value that is drawn among those of an index."""
    index = as_dates(index.get_level_values(-1))
    kind = pd.Timedelta if isinstance(index, pd.TimedeltaIndex) else pd.Timestamp
    split = as_dates(pd.Index([kind(split) if isinstance(split, str) else split]))
    if getattr(split, "tz", None) and getattr(index, "tz", None):
        split = split.tz_convert(index.tz)
    return _plottable(split)[0]


def choose_rows(rows, subsample, random_state):
    """Return a random subset of rows, in their order; all if `subsample` is None."""
    if subsample is None:
        return rows
    is_number = isinstance(subsample, Integral)
    if not (subsample >= 1 if is_number else 0 < subsample < 1):
        raise ValueError(
            "subsample must be at least 1 if it is an int, and a float must be "
            f"between 0 and 1. Got {subsample}."
        )
    size = subsample if is_number else max(1, round(subsample * len(rows)))
    if size >= len(rows):
        return rows
    rng = check_random_state(random_state)
    return np.sort(rng.choice(rows, size=size, replace=False))


def several_levels(frame):
    """Return the names of series, targets and models, if there are several."""
    names = {each: frame[each].unique() for each in _LEVELS if each in frame}
    return {level: found for level, found in names.items() if len(found) > 1}


def _series_of(frame):
    """Return the names of the series in a frame, none if it has no column of them."""
    return list(frame["series"].unique()) if "series" in frame else []


def _chosen(names, series):
    """Return the names of the series to draw, by default the first ones."""
    if series is None:
        return names[:_MOST_PANELS]
    series = list(series) if is_list_like(series) else [series]
    if not series or not set(series) <= set(names):
        known = f"such as {names[:_MOST_PANELS]}" if names else "but there is no panel"
        raise ValueError(
            f"series must name some of the series of a panel, {known}. Got {series}."
        )
    return series


def errors_by(column, frame, series):
    """Return mean absolute errors by step or origin, a line per model and target."""
    if series is not None:
        chosen = _chosen(_series_of(frame), series)
        frame = frame[frame["series"].isin(chosen)]
    keys = [frame[name] for name in FORECAST if name in frame]
    known = frame["pred"].notna().groupby(keys, observed=True, dropna=False)
    # at a step, of each model that has the row; at an origin, of all models
    n_models = len(several_levels(frame).get("model", ())) if column == "origin" else 0
    is_known = known.transform("all") & (known.transform("size") >= n_models)
    frame = frame[is_known & frame["observed"].notna()]
    if frame.empty:
        raise ValueError("No row has an observed value and a forecast of each model.")
    line = frame.get("model", pd.Series("predicted", frame.index)).astype(str)
    if "target" in several_levels(frame):
        target = frame["target"].astype(str)
        line = line + ": " + target if "model" in frame else target
    errors = abs(frame["pred"] - frame["observed"])
    errors = errors.groupby([frame[column], line]).mean().unstack()
    return errors.set_index(_plottable(errors.index)).rename_axis(column)


def panels_of_backtest(frame, series):
    """Return arguments of displays, by series and model, and the number of series."""
    targets = several_levels(frame).get("target")
    if targets is not None:
        raise ValueError(
            f"Forecasts are drawn for one target, but the frame has {list(targets)}. "
            f'Select one, such as frame[frame["target"] == {targets[0]!r}], or draw '
            'kind="error_by_step".'
        )
    names = _series_of(frame)
    chosen = _chosen(names, series)
    parts = {n: frame[frame["series"].isin([n])] for n in chosen} or {None: frame}
    several = "model" in several_levels(frame)
    panels = {name: _fans_of_models(part, several) for name, part in parts.items()}
    return panels, len(names)


def _fans_of_models(frame, several):
    """Return arguments of a display for each model."""
    parts = frame.groupby("model", observed=True) if several else [(None, frame)]
    common = {"breaks": _breaks_of(pd.Index(frame["time"]))}
    models = [(None if name is None else str(name), part) for name, part in parts]
    return [{**_fans_of(part), **common, "model": name} for name, part in models]


def _fans_of(frame):
    """Return arguments of a display, in which each row is the forecast of an origin."""
    keys = frame[["origin", "step"]]
    if keys.duplicated().any():
        raise ValueError("frame has several rows for one origin and step.")
    rows = pd.Series(range(len(frame)), pd.MultiIndex.from_frame(keys)).unstack()
    # an absent step repeats the one before, or else the first one
    rows = rows.ffill(axis=1).bfill(axis=1).to_numpy(int)
    drawn = _drawn(frame, rows)
    (known,) = np.nonzero(~np.isnan(drawn["predicted"]).all(axis=1))
    return {**drawn, "shown": _without_overlap(drawn["times"], known)}


def _drawn(frame, rows):
    """Return arguments of a display of rows (n_samples, n_steps) of a frame."""

    def values(name):
        return frame[name].to_numpy(float, na_value=np.nan)[rows]

    ends = {key: tuple(map(values, names)) for key, names in bounds_of(frame).items()}
    named = {f"{suffix[1:]} % interval": each for suffix, each in ends.items()}
    return {
        "times": _plottable(pd.Index(frame["time"]))[rows],
        "observed": values("observed"),
        "predicted": values("pred"),
        "interval": ends.get("_bound") or named or None,
    }


def with_numbers(frame):
    """Return a backtest, in which labels of rows are numbers in their order."""
    if _is_plottable(pd.Index(frame["time"])):
        return frame
    both = frame[["origin", "time"]]
    order = np.lexsort([frame["step"], pd.factorize(frame["origin"])[0]])
    labels = pd.Index(pd.unique(both.to_numpy(object)[order].ravel()))
    return frame.assign(**both.apply(labels.get_indexer))


def _without_overlap(times, rows):
    """Return those of rows that begin after the one before has ended."""
    chosen = []
    for row in rows:
        if not chosen or times[row, 0] > times[chosen[-1], -1]:
            chosen.append(row)
    return np.array(chosen, dtype=int)


def panels_of_forecast(history, forecast, series):
    """Return arguments of displays, by series and model, and the number of series."""
    forecasts = forecast if isinstance(forecast, dict) else {None: forecast}
    if not forecasts:
        raise ValueError("forecast is empty. Pass at least one forecast.")
    indices = (getattr(data, "index", None) for data in (history, *forecasts.values()))
    observed, first, *others = map(_names_of, indices)
    is_same = all(set(names) == set(first) for names in others)
    if not is_same or bool(observed) != bool(first) or set(first) - set(observed):
        raise ValueError(
            "history and all forecasts must be of the same series, or of the same "
            f"panel. Got {observed or 'one'} in history, and in the forecasts "
            f"{[names or 'one' for names in (first, *others)]}."
        )
    panels = {
        name: [_history_and_forecast(history, *of, name) for of in forecasts.items()]
        for name in _chosen(first, series) or [None]
    }
    return panels, len(first)


def _names_of(index):
    """Return the names of the series of a panel, none for a single series."""
    return list(index.unique(0)) if isinstance(index, pd.MultiIndex) else []


def _history_and_forecast(history, model, forecast, series):
    """Return arguments of a display of a series and its forecast, of shape (n, 1)."""
    if series is not None:
        history, forecast = (each.xs(series, level=0) for each in (history, forecast))
    history, frame, paths = _of_one_target(history, forecast)
    n_before, before, after = len(history), *map(as_dates, (history.index, frame.index))
    frame = frame.drop(columns="observed", errors="ignore").set_axis(after)
    frame = pd.concat([history.set_axis(before).to_frame("observed"), frame])
    is_float = {is_float_dtype(index) for index in (before, after)}
    if not _is_plottable(frame.index) or len(is_float) > 1:
        raise ValueError(
            "history and forecast must have the same kind of index, of times or "
            f"numbers. Got {before.dtype} and {after.dtype}."
        )
    rows = np.arange(len(frame))[:, np.newaxis]
    drawn = _drawn(frame.assign(time=frame.index), rows)
    times = drawn["times"][:, 0]
    earlier = times[:n_before][times[:n_before] < times[n_before:].min()]
    if paths is not None:
        paths = paths.to_numpy(float, na_value=np.nan)
        paths = np.pad(paths, ((n_before, 0), (0, 0)), constant_values=np.nan)
    return {
        **drawn,
        "breaks": _breaks_of(frame.index),
        "paths": paths,
        "split": earlier[-1] if len(earlier) else None,
        "name": None if history.name is None else str(history.name),
        "time_name": None if before.name is None else str(before.name),
        "model": model,
    }


def _of_one_target(history, forecast):
    """Return history, a frame with a column `pred`, and a frame of paths or None."""
    frame, paths = forecast, None
    if isinstance(history, np.ndarray) and isinstance(forecast, np.ndarray):
        frame = _frame_of_array(history, forecast)
        history = pd.DataFrame(history).rename(columns={0: None})
    if isinstance(history, pd.DataFrame):
        history = history.squeeze(axis=1)
    if isinstance(frame, pd.DataFrame):
        if frame.columns.nlevels == 2 and len(frame.columns.unique(0)) == 1:
            frame = frame.droplevel(0, axis=1)
        if frame.columns.name == "path":
            paths, frame = frame, frame.median(axis=1)
        else:
            frame = frame.squeeze(axis=1)
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("pred")
    has_points = isinstance(frame, pd.DataFrame) and "pred" in frame
    if not (isinstance(history, pd.Series) and has_points):
        raise ValueError(
            "history must be a Series or an array, and forecast what `forecast` "
            "returned, perhaps with a coverage, of one target. Got "
            f"{type(history).__name__} and {type(forecast).__name__}."
        )
    return history, frame, paths


def _frame_of_array(history, forecast):
    """Return forecasts of one target (n_rows, ..., n_columns) as a DataFrame."""
    values = forecast.reshape(len(forecast), -1)
    columns = {1: ["pred"], 3: ["pred", "lower_bound", "upper_bound"]}
    names = columns.get(values.shape[1])
    index = pd.RangeIndex(len(history), len(history) + len(forecast))
    return pd.DataFrame(values, index, names) if names else forecast
