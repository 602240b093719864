"""A fitted pipeline as a model of all steps ahead at once."""

from dataclasses import dataclass

import numpy as np
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skrnn.forecasting.columns import Columns, as_given, rows_at_origins
from skrnn.forecasting.line import n_missing_until
from skrnn.forecasting.pipelines import (
    fit_transform_steps,
    levels_of,
    position_of_windower,
    tags_of_reader,
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
            In the units of the targets; one level if no quantiles are asked for.
        """
        at = position_of_windower(self.pipeline)
        rows, exists = rows_at_origins(line, self.columns, self.horizon)
        exists = exists & _in_windows(origins, self.window_length, len(exists))
        steps = self.pipeline.steps
        scaled = _numbers(
            transform_steps(steps[:at], as_given(rows[exists], self.columns))
        )
        places = _padded(scaled, exists, line, self._windower)
        windows = _windows(places, origins, self.pipeline)
        windows = transform_steps(steps[at + 1 : -1], windows)
        regressor = self.pipeline[-1]
        predict = regressor.predict_quantiles if quantiles else regressor.predict
        predicted = np.asarray(predict(windows), dtype=np.float64)
        shape = (len(origins), self.horizon, self.columns.n_targets, -1)
        return self.units.restored(predicted.reshape(shape))


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
    _name_targets(regressor, training.units.columns, horizon)
    if training.y.ndim == 2 and not get_tags(regressor).target_tags.multi_output:
        regressor = MultiOutputRegressor(regressor)
        pipeline.steps[-1] = name, regressor
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
    rows, exists = rows_at_origins(line, columns, horizon)
    params = _weights_at(line, params)
    of_rows = _with_weights(params, lambda weight: weight[exists])
    given = as_given(rows[exists], columns)
    scaled = _numbers(fit_transform_steps(scaler, given, None, of_rows))
    windower.fit(scaled[-windower.window_length :])
    units = _units(pipeline[:at], targets[exists], scaled, columns)
    places = _padded(scaled, exists, line, windower)
    origins = _readable(origins, places, horizon, pipeline)
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


def _numbers(rows):
    rows = getattr(rows, "to_numpy", lambda: rows)()
    return rows.astype(_float_dtype(rows), copy=False)


def _float_dtype(values):
    return np.float32 if values.dtype == np.float32 else np.float64


def _units(scaler, targets, scaled, columns):
    names = columns.names[: columns.n_targets]
    if not len(scaler):
        return Units.unscaled(columns.n_targets)
    try:
        scaled_names = list(scaler.get_feature_names_out())
    except (AttributeError, ValueError):  # not all transformers have names
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
        places[before] = fill
    return places


def _windows(places, origins, pipeline):
    windower = pipeline[position_of_windower(pipeline)]
    flat = windower.flatten or not tags_of_reader(pipeline).three_d_array
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
    n_samples = (line.last - line.first).max() + 1
    raise ValueError(
        f"No row is followed by {horizon} known targets: horizon={horizon}, and the "
        f"longest series has n_samples={n_samples}. Lower horizon, or give more rows."
    )


def _readable(origins, places, horizon, pipeline):
    """Return the origins whose windows the regressor takes."""
    if takes_missing_values(pipeline):
        return origins
    length = pipeline[position_of_windower(pipeline)].window_length
    missing = n_missing_until(places)
    whole = missing[origins + 1] == missing[origins + 1 - length]
    if whole.any():
        return origins[whole]
    raise ValueError(
        f"{type(pipeline[-1]).__name__} takes no missing values, and no window of "
        f"window_length={length} with {horizon} known targets after it is without "
        "one. Lower window_length, give more rows, or put an imputer before the "
        "windower."
    )


def _weights_at(line, params):
    """Return the parameters with weights of rows at their places."""
    changed = {}
    for name, given in params.items():
        changed[name] = dict(given)
        if given.get("sample_weight") is not None:
            at_places = np.zeros(len(line.exists))
            at_places[line.places] = given["sample_weight"]
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


def _name_targets(regressor, columns, horizon):
    """Tell a regressor which features its outputs continue, where it asks that."""
    unset = {
        name: list(columns) * horizon
        for name, value in regressor.get_params().items()
        if name.split("__")[-1] == "target_features" and value is None
    }
    regressor.set_params(**unset)
