"""A fitted pipeline as a model of all steps ahead at once."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import issparse
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skrnn._compat.sklearn import check_sample_weight
from skrnn.forecasting.columns import Columns, as_given, rows_at_origins
from skrnn.forecasting.line import n_missing_until
from skrnn.forecasting.pipelines import (
    does_nothing,
    fit_transform_steps,
    inner_regressor,
    levels_of,
    name_targets,
    position_of_windower,
    reads_steps,
    takes_missing_values,
    transform_steps,
)
from skrnn.forecasting.units import Units
from skrnn.windows.layout import PanelWindows, view_windows


@dataclass(frozen=True)
class DirectModel:
    """Forecasts the next steps of all targets from the window that ends at an origin.

    Parameters
    ----------
    pipeline : Pipeline
        Steps that scale rows, a windower, and a regressor. Fitted.
    columns : Columns
        Of the rows.
    horizon : int
        How many steps ahead.
    units : Units
        Of the targets, as the regressor sees them.
    """

    pipeline: Pipeline
    columns: Columns
    horizon: int
    units: Units

    @property
    def window_length(self):
        """Steps of a window."""
        return self._windower.window_length

    @property
    def gap(self):
        """Rows between those observed and those to forecast, without an index."""
        return self._windower.gap

    @property
    def levels(self):
        """The levels of the quantiles that the regressor predicts, or None."""
        return levels_of(self.pipeline[-1])

    @property
    def _windower(self):
        return self.pipeline[position_of_windower(self.pipeline)]

    def forecast(self, line, origins, *, quantiles=False):
        """Forecast the steps after some places.

        Parameters
        ----------
        line : Line
            Rows that include the windows before the origins and, for inputs known
            ahead of time, the steps after them.
        origins : ndarray of int, shape (n_origins,)
            Places of the last row of each window.
        quantiles : bool, default=False
            Whether to forecast quantiles, if the regressor predicts them.

        Returns
        -------
        ndarray of float64, shape (n_origins, horizon, n_targets, n_levels)
            In the units of the targets; one level if no quantiles are asked for. NaN
            where the window has a missing value and the regressor takes none.
        """
        at, steps = position_of_windower(self.pipeline), self.pipeline.steps
        rows, exists, _ = rows_at_origins(line, self.columns, self.horizon)
        exists = exists & _in_windows(origins, self.window_length, len(exists))
        given = as_given(rows[exists], self.columns)
        scaled = numbers_of_output(transform_steps(steps[:at], given))
        places = _padded(scaled, exists, line, self._windower)
        readable = _readable(origins, places, self.pipeline)
        n_levels = len(self.levels) if quantiles else 1
        shape = (self.horizon, self.columns.n_targets, n_levels)
        forecasts = np.full((len(origins), *shape), np.nan)
        if readable.any():
            windows = _windows(places, origins[readable], self.pipeline)
            windows = transform_steps(steps[at + 1 : -1], windows)
            regressor = self.pipeline[-1]
            predict = regressor.predict_quantiles if quantiles else regressor.predict
            predicted = np.asarray(predict(windows), dtype=np.float64)
            forecasts[readable] = self.units.restored(predicted.reshape(-1, *shape))
        return forecasts


def fit_direct(pipeline, line, columns, horizon, params):
    """Fit a pipeline on all origins whose next steps are known.

    Parameters
    ----------
    pipeline : Pipeline
        Is fitted in place.
    line : Line
        The rows to train on.
    columns : Columns
        Of the rows.
    horizon : int
        How many steps ahead to forecast.
    params : dict of dict
        For each step of the pipeline what its `fit` gets besides the data; weights of
        rows are those of the targets.

    Returns
    -------
    DirectModel

    Raises
    ------
    ValueError
        If there is nothing to train on, or the pipeline does not suit.
    """
    training = _training_data(pipeline, line, columns, horizon, params)
    del line  # what is in memory now stays there while the regressor is fitted
    at = position_of_windower(pipeline)
    windows = fit_transform_steps(
        pipeline.steps[at + 1 : -1], training.windows, training.y, training.params
    )
    name, regressor = pipeline.steps[-1]
    name_targets(regressor, training.units.columns, horizon)
    inner, _ = inner_regressor(regressor)
    if training.y.ndim == 2 and not get_tags(inner).target_tags.multi_output:
        regressor = MultiOutputRegressor(regressor)
        pipeline.steps[-1] = name, regressor
    training.units.check_levels(levels_of(regressor))
    regressor.fit(windows, training.y, **training.params.get(name, {}))
    return DirectModel(pipeline, columns, horizon, training.units)


@dataclass(frozen=True)
class _TrainingData:
    windows: np.ndarray
    y: np.ndarray
    params: dict
    units: Units


def _training_data(pipeline, line, columns, horizon, params):
    """Fit the steps before the windower, and return what the others are fitted on."""
    at = position_of_windower(pipeline)
    scaler, windower = pipeline.steps[:at], pipeline[at]
    n_targets = columns.n_targets
    targets = line.values[:, :n_targets].astype(_float_dtype(line.values), copy=False)
    origins = _origins(line, targets, horizon)
    if windower.pad == "nan":
        origins = _with_whole_windows(origins, line, windower.window_length)
    rows, exists, is_whole = rows_at_origins(line, columns, horizon)
    params = _weights_at(line, params)
    of_rows = _with_weights(params, lambda weight: weight[is_whole])
    given = as_given(rows[is_whole], columns)
    scaled = numbers_of_output(fit_transform_steps(scaler, given, None, of_rows))
    windower.fit(scaled[-windower.window_length :])
    units = _units(pipeline[:at], targets[is_whole], scaled, columns)
    if columns.known:  # steps without a value of their own; some are read
        exists = exists & _in_windows(origins, windower.window_length, len(exists))
        given = as_given(rows[exists], columns)
        scaled = numbers_of_output(transform_steps(scaler, given))
    places = _padded(scaled, exists, line, windower)
    readable = _readable(origins, places, pipeline)
    _check_any_is_readable(readable, pipeline, horizon)
    origins = origins[readable]
    windows = _windows(places, origins, pipeline)
    if len(line.first) > 1:
        windows = windows.view(PanelWindows)
        windows.series_codes = line.codes[origins]
    y = view_windows(units.scaled(targets), horizon, flatten=True)[1:]
    y = y[_slice_or(origins)]
    params = _with_weights(
        params, lambda weight: _mean_of_targets(weight, origins, horizon)
    )
    return _TrainingData(windows, y.ravel() if y.shape[1] == 1 else y, params, units)


def numbers_of_output(rows):
    """Return what the steps before the windower made of rows as an array of floats.

    Raises
    ------
    ValueError
        If it is not all numbers.
    """
    rows = rows.toarray() if issparse(rows) else rows
    rows = getattr(rows, "to_numpy", lambda: rows)()
    try:
        return rows.astype(_float_dtype(rows), copy=False)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "SequenceWindower accepts only numbers, but it receives other "
            f"values: {error}. Convert columns that are not numbers, for example "
            "by a OneHotEncoder in a ColumnTransformer before the windower."
        ) from None


def _float_dtype(values):
    return np.float32 if values.dtype == np.float32 else np.float64


def _units(scaler, targets, scaled, columns):
    names = columns.names[: columns.n_targets]
    if all(does_nothing(step) for _, step in scaler.steps):
        return Units.unscaled(columns.n_targets)
    try:
        scaled_names = list(scaler.get_feature_names_out())
    except (AttributeError, TypeError, ValueError):  # not all transformers have names
        scaled_names = None
    return Units.of(targets, scaled, names, scaled_names)


def _padded(scaled, exists, line, windower):
    """Return scaled rows at their places, and padding before each series."""
    places = np.full((len(exists), scaled.shape[1]), np.nan, dtype=scaled.dtype)
    places[exists] = scaled
    if windower.pad != "nan":
        first = line.first[line.codes]
        before = np.arange(len(exists)) < first
        fill = places[first[before]] if windower.pad == "edge" else windower.pad
        padded = places[before]  # where an input is known in advance, that stays
        places[before] = np.where(np.isnan(padded), fill, padded)
    return places


def _windows(places, origins, pipeline):
    windower = pipeline[position_of_windower(pipeline)]
    flat = windower.flatten or not reads_steps(pipeline)
    length = windower.window_length
    return view_windows(places, length, flatten=flat)[_slice_or(origins - (length - 1))]


def _in_windows(origins, window_length, n_places):
    """Tell which places lie in the windows that end at origins."""
    change = np.zeros(n_places + 1, dtype=np.int64)
    np.add.at(change, origins - (window_length - 1), 1)
    np.add.at(change, origins + 1, -1)
    return np.cumsum(change[:-1]) > 0


def _slice_or(numbers):
    """Return consecutive numbers as a slice, which picks a view."""
    if len(numbers) and (np.diff(numbers) == 1).all():
        return slice(numbers[0], numbers[-1] + 1)
    return numbers


def _origins(line, targets, horizon):
    """Return the places of rows whose next steps are known."""
    origins = np.sort(line.places)
    unknown = n_missing_until(targets)
    known = unknown[origins + 1 + horizon] == unknown[origins + 1]
    if known.any():
        return origins[known]
    n_samples = np.bincount(line.codes[line.places]).max()
    raise ValueError(
        f"No row is followed by {horizon} known targets: horizon={horizon}, and the "
        f"longest series has n_samples={n_samples}. Lower horizon, give more rows, or "
        "check that the frequency of the index matches the rows."
    )


def _with_whole_windows(origins, line, window_length):
    """Return the origins whose window lies within their series, or all if none does."""
    starts = origins - (window_length - 1)
    whole = starts >= line.first[line.codes[origins]]
    return origins[whole] if whole.any() else origins


def _readable(origins, places, pipeline):
    """Tell which origins have a window that the regressor takes."""
    if takes_missing_values(pipeline):
        return np.ones(len(origins), dtype=bool)
    length = pipeline[position_of_windower(pipeline)].window_length
    missing = n_missing_until(places)
    return missing[origins + 1] == missing[origins + 1 - length]


def _check_any_is_readable(readable, pipeline, horizon):
    if not readable.any():
        length = pipeline[position_of_windower(pipeline)].window_length
        raise ValueError(
            f"{type(pipeline[-1]).__name__} does not support missing values, and every "
            f"window of window_length={length} that is followed by {horizon} known "
            "targets has one. Lower window_length, pass more rows, or put an imputer "
            "between the windower and the regressor."
        )


def _weights_at(line, params):
    """Return the parameters with weights of rows at their places."""
    changed = {}
    for name, given in params.items():
        changed[name] = dict(given)
        if given.get("sample_weight") is not None:
            at_places = np.zeros(len(line.exists))
            at_places[line.places] = check_sample_weight(
                given["sample_weight"], line.values[line.places]
            )
            changed[name]["sample_weight"] = at_places
    return changed


def _with_weights(params, of_places):
    """Return the parameters with weights that a function takes from those at places."""
    return {
        name: {
            k: of_places(v) if k == "sample_weight" and v is not None else v
            for k, v in given.items()
        }
        for name, given in params.items()
    }


def _mean_of_targets(weight, origins, horizon):
    """Return the mean weight of the targets of each origin."""
    total = np.concatenate([[0.0], np.cumsum(weight)])
    return (total[origins + 1 + horizon] - total[origins + 1]) / horizon
