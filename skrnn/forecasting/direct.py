"""Forecasts of all steps of the horizon at once, by a regressor on windows."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from skrnn._compat.sklearn import check_sample_weight
from skrnn._warnings import warn_user
from skrnn.exceptions import RowsLeftOutWarning
from skrnn.forecasting.date_features import DateFeatures
from skrnn.forecasting.grid import Grid
from skrnn.forecasting.inputs import Inputs, unique_names
from skrnn.forecasting.target_transform import TargetTransform
from skrnn.windows.layout import SeriesWindows, lag_names, slice_or, view_windows
from skrnn.windows.steps import numbers_of
from skrnn.windows.timeline import ANY_DISTANCE
from skrnn.windows.windower import SequenceWindower

_MOST_LEFT_OUT = 0.5  # of the windows, without a warning


@dataclass(frozen=True)
class DirectModel:
    """A regressor that reads the window up to an origin and predicts the next steps."""

    # A step of a window has the targets, the inputs and the features of dates.

    regressor: object  # not fitted before `fit`
    transform: TargetTransform
    inputs: Inputs
    dates: DateFeatures
    target_names: list
    window_length: int
    horizon: int

    @property
    def names(self):
        """The different names of the columns of a step."""
        of_inputs, of_dates = self.inputs.names, self.dates.inputs.names
        return unique_names(self.target_names + of_inputs + of_dates)

    @property
    def is_known(self):
        """Whether each column is known in advance."""
        of_dates = self.dates.inputs.is_known
        of_targets = np.zeros(self.n_targets, dtype=bool)
        return np.concatenate([of_targets, self.inputs.is_known, of_dates])

    @property
    def n_targets(self):
        """The number of targets."""
        return len(self.target_names)

    @property
    def n_steps_read(self):
        """The number of last rows of each series that forecasts and updates need."""
        return self.window_length + self.horizon

    @cached_property
    def reads_windows(self):
        """Whether the regressor reads 3-D windows."""
        return reads_windows(self.regressor)

    @property
    def quantile_levels(self):
        """The levels of the quantiles that the regressor predicts, or None."""
        if not hasattr(self.regressor, "predict_quantiles"):
            return None
        quantile = getattr(self.regressor, "quantile", None)
        return np.atleast_1d(0.5 if quantile is None else quantile).astype(np.float64)

    def with_inputs(self, rows):
        """Return rows whose X is replaced by transformed inputs, an array."""
        return replace(rows, X=self.inputs.transform(rows.X))

    def on_grid(self, rows, n_after):
        """Return the grid of rows `with_inputs`, and values (n_places, n_columns)."""
        # without features of dates, what lies deep in a hole is not read
        has_dates = bool(self.dates.features)
        longest = ANY_DISTANCE if has_dates else self.window_length + n_after + 1
        grid = Grid(rows, self.window_length, n_after, longest)
        columns = self.transform.transform(rows.targets, rows.codes)
        if self.inputs.names:
            columns = np.hstack([columns, rows.X])
        values = np.full((grid.n_places, columns.shape[1]), np.nan, columns.dtype)
        values[grid.places] = columns
        if not has_dates:
            return grid, values
        places, times = grid.times(rows)
        numbers = self.dates.transform(times)
        dates = np.full((grid.n_places, numbers.shape[1]), np.nan)
        dates[places] = numbers
        return grid, np.hstack([values, dates])

    def fit(self, grid, values, params):
        """Return the model fitted on all windows whose next steps are observed."""
        shifted = self._shifted(values)
        places = _trained_places(grid, values[:, : self.n_targets], self.horizon)
        places = _with_whole_windows(places, grid, self.window_length)
        is_readable = self._is_readable(shifted, places)
        share, places = 1 - is_readable.mean(), places[is_readable]
        if share > _MOST_LEFT_OUT:
            most = "more than half of the" if len(places) else "all"
            message = (
                f"{type(self.regressor).__name__} does not support missing values, and "
                f"{most} windows of window_length={self.window_length} "
                f"that are followed by {self.horizon} known targets have some. Lower "
                "window_length, pass more rows, or let the regressor be a pipeline "
                "that starts with an imputer."
            )
            if not len(places):
                raise ValueError(message)
            warn_user(message, RowsLeftOutWarning)
        windows = self._windows(shifted, places)
        if len(grid.first) > 1:
            if self.reads_windows:
                windows = windows.view(SeriesWindows)
                windows.series_codes = grid.grid_of[places]
            elif reads_windows(self.regressor, any):  # beside other regressors
                windows.index = pd.MultiIndex.from_arrays(
                    [grid.grid_of[places], places]
                )
        y = self._next_targets(values, places)
        y = y.ravel() if y.shape[1] == 1 else y
        params = {  # weights of rows become those of windows
            name: _mean_of_targets(value, grid, places, self.horizon)
            if name.endswith("sample_weight") and value is not None
            else value
            for name, value in params.items()
        }
        features = list(range(self.n_targets)) * self.horizon
        fitted = with_layout(self.regressor, features, values.shape[1])
        if y.ndim == 2 and not takes_several_targets(fitted):
            fitted = MultiOutputRegressor(fitted)
        fitted.fit(windows, y, **params)
        return replace(self, regressor=fitted)

    def _shifted(self, values):
        """Return columns with what is known ahead shifted back by `horizon` steps."""
        is_known, horizon = self.is_known, self.horizon
        if not is_known.any():
            return values
        shifted = values.copy()
        shifted[:-horizon, is_known] = values[horizon:, is_known]
        shifted[-horizon:, is_known] = np.nan
        return shifted

    def _is_readable(self, shifted, places):
        """Return at which places a window ends that the regressor takes."""
        missing = _n_missing_until(shifted)
        is_whole = missing[places + 1] == missing[places + 1 - self.window_length]
        if is_whole.all() or not takes_missing_values(self.regressor):
            return is_whole
        return np.ones(len(places), dtype=bool)

    def _windows(self, shifted, places):
        """Return the windows that end at places, as the regressor reads them."""
        length = self.window_length
        ends = slice_or(places - (length - 1))
        if self.reads_windows:
            return view_windows(shifted, length, flatten=False)[ends]
        flat = view_windows(shifted, length, flatten=True)[ends]
        return pd.DataFrame(flat, columns=lag_names(self.names, length), copy=False)

    def windows_after(self, grid, values, rows, earlier):
        """Return windows of origins after the earlier rows, targets, and series."""
        origins = self._origins_after(grid, rows, earlier, begin_later=True)
        places, shifted = grid.places[origins], self._shifted(values)
        y = self._next_targets(values, places).astype(np.float64)
        used = self._is_readable(shifted, places)
        used &= ~np.isnan(y).any(axis=1)
        if not used.any():
            raise ValueError(
                f"No forecast of {self.horizon} steps can be made and compared with "
                f"known values in the {np.count_nonzero(~earlier)} rows of y. Pass "
                f"more than {self.horizon} rows after those observed, of series that "
                "were in fit, were long enough and were not constant."
            )
        y, windows = y[used], self._windows(shifted, places[used])
        return windows, y[:, 0] if y.shape[1] == 1 else y, rows.codes[origins[used]]

    def forecast(self, values, places, *, quantiles=False):
        """Return forecasts (n_origins, horizon, n_targets, n_levels), or NaN."""
        shifted = self._shifted(values)
        readable = self._is_readable(shifted, places)
        n_levels = len(self.quantile_levels) if quantiles else 1
        shape = (self.horizon, self.n_targets, n_levels)
        forecasts = np.full((len(places), *shape), np.nan)
        if readable.any():
            windows = self._windows(shifted, places[readable])
            predict = self.regressor.predict
            if quantiles:
                predict = self.regressor.predict_quantiles
            forecasts[readable] = np.asarray(predict(windows)).reshape(-1, *shape)
        return forecasts

    def forecast_ahead(self, ahead, *, quantiles=False):
        """Return forecasts (n_wanted, n_targets, n_levels), block by block."""
        values, blocks = self.values_ahead(ahead), []
        for start in range(0, values.shape[1] - self.window_length, self.horizon):
            blocks.append(self.forecast_block(values, start, quantiles=quantiles))
            # quantiles after the horizon, from the lowest ones before, are not used
            self.fill_targets(values, start, blocks[-1][..., 0])
        return ahead.of_rows(np.concatenate(blocks, axis=1))

    def values_ahead(self, ahead):
        """Return the values to read, (n_series, window_length + n_steps, n_columns)."""
        # the window of each series, and whole blocks with the inputs ahead
        observed, (codes, leads, inputs) = ahead.observed, ahead.inputs
        if observed.names is not None:
            observed = observed[np.isin(observed.codes, ahead.codes)]
        n_steps = -(-ahead.leads.max() // self.horizon) * self.horizon
        grid, values = self.on_grid(observed, n_steps)
        # of a new series, the first row to forecast takes the place of an observed one
        last = grid.last - ahead.is_new[grid.codes]
        used = (leads <= n_steps) & np.isin(codes, grid.codes)
        at = last[np.searchsorted(grid.codes, codes[used])] + leads[used]
        values[at, self.n_targets : self.n_targets + inputs.shape[1]] = inputs[used]
        self.fill_inputs(values, last, n_steps, at)
        return values[
            last[:, np.newaxis] + np.arange(1 - self.window_length, n_steps + 1)
        ]

    def forecast_block(self, values, start, *, quantiles=False):
        """Return forecasts (n_series, horizon, n_targets, n_levels) after `start`."""
        n_series, n_steps, n_columns = values.shape
        places = np.arange(n_series) * n_steps + self.window_length - 1 + start
        flat = values.reshape(-1, n_columns)
        return self.forecast(flat, places, quantiles=quantiles)

    def fill_targets(self, values, start, block):
        """Fill the targets of a block by values (n_series, horizon, n_targets)."""
        first = self.window_length + start
        values[:, first : first + self.horizon, : self.n_targets] = block

    def fill_inputs(self, values, last, n_steps, given=()):
        """Fill inputs after the last rows by the last value given or observed."""
        last = last[:, np.newaxis]
        places = last + np.arange(1, n_steps + 1)
        sources = np.where(np.isin(places, given), places, last)
        sources = np.maximum.accumulate(sources, axis=1)
        for position, is_known in enumerate(self.inputs.is_known, self.n_targets):
            values[places, position] = values[sources if is_known else last, position]

    def errors_after(
        self, grid, values, rows, earlier, *, begin_later=False, units=None
    ):
        """Return known errors (n_origins, horizon, n_targets, n_levels) and origins."""
        both, origins = self.forecasts_after(
            grid, values, rows, earlier, begin_later=begin_later
        )
        codes = rows.codes[origins]
        if units is not None and len(both):
            of_step = np.repeat(codes, self.horizon)
            y = self.transform.inverse(both.reshape(-1, *both.shape[2:]), of_step)
            both = units.transform_levels(y, of_step).reshape(both.shape)
        errors = both[..., :1] - both[..., 1:]
        is_provisional = self.transform.pairs["is_provisional"][codes]
        errors = np.where(is_provisional[:, np.newaxis, :, np.newaxis], np.nan, errors)
        known = ~np.isnan(errors).all(axis=(1, 2, 3))
        return errors[known], origins[known]

    def forecasts_after(self, grid, values, rows, earlier, *, begin_later=False):
        """Return targets and their forecasts, on the last axis, and origins."""
        origins = self._origins_after(grid, rows, earlier, begin_later=begin_later)
        places, quantiles = grid.places[origins], self.quantile_levels is not None
        forecasts = self.forecast(values, places, quantiles=quantiles)
        observed = self._next_targets(values, places)
        observed = observed.reshape(*forecasts.shape[:3], 1)
        return np.concatenate([observed, forecasts], axis=-1), origins

    def _origins_after(self, grid, rows, earlier, *, begin_later):
        """Return the numbers of rows whose next steps end after the earlier rows."""
        places, grids = grid.places, grid.grid_of[grid.places]
        # forecasts end after the earlier rows, and if `begin_later` also begin there
        first = grid.first.copy()
        np.maximum.at(first, grids[earlier], places[earlier])
        first -= 0 if begin_later else self.horizon - 1
        chosen = ~self.transform.pairs["is_provisional"].all(axis=1)[rows.codes]
        chosen &= (first[grids] <= places) & (places <= grid.last[grids] - self.horizon)
        # no forecast starts after a row without targets
        origins = np.flatnonzero(chosen & ~np.isnan(rows.targets).all(axis=1))
        if rows.names is None:
            return origins
        # in the order of time
        return origins[np.argsort(numbers_of(rows.times[origins]), kind="stable")]

    def _next_targets(self, values, places):
        """Return the next targets, (n_origins, horizon * n_targets)."""
        targets = np.ascontiguousarray(values[:, : self.n_targets])
        return view_windows(targets, self.horizon, flatten=True)[1:][slice_or(places)]


def _n_missing_until(values):
    """Return the number of places with a missing value before each place."""
    counts = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum(np.isnan(values).any(axis=1), out=counts[1:])
    return counts


def _trained_places(grid, targets, horizon):
    """Return the places of rows whose next targets are all known."""
    places = np.sort(grid.places)
    missing = _n_missing_until(targets)
    known = missing[places + 1 + horizon] == missing[places + 1]
    if known.any():
        return places[known]
    n_samples = np.bincount(grid.grid_of[grid.places]).max()
    raise ValueError(
        f"No row is followed by {horizon} known targets: horizon={horizon}, and the "
        f"longest series has n_samples={n_samples}. Lower horizon, give more rows, or "
        "check that the frequency of the index matches the rows."
    )


def _with_whole_windows(places, grid, window_length):
    """Return the places whose window lies within their series, or all if none does."""
    starts = places - (window_length - 1)
    whole = starts >= grid.first[grid.grid_of[places]]
    return places[whole] if whole.any() else places


def _mean_of_targets(weight, grid, places, horizon):
    """Return the mean weight of the targets of each origin."""
    at_places = np.zeros(grid.n_places)
    weight = check_sample_weight(weight, grid.places, ensure_non_negative=True)
    at_places[grid.places] = weight
    total = np.concatenate([[0.0], np.cumsum(at_places)])
    return (total[places + 1 + horizon] - total[places + 1]) / horizon


# What a regressor reads and predicts. Meta-estimators do not say what is inside them.


def reads_windows(regressor, combined=all):
    """Return whether a regressor, or `all` or `any` inside of it, read 3-D windows."""
    if isinstance(regressor, Pipeline):
        return reads_windows(_active_steps(regressor)[0], combined)
    if get_tags(regressor).input_tags.three_d_array:
        return True
    inside = _inside(regressor)
    return bool(inside) and combined(reads_windows(each, combined) for each in inside)


def check_reads_windows(regressor):
    """Raise a ValueError if a pipeline makes windows of windows."""
    steps = _active_steps(regressor) if isinstance(regressor, Pipeline) else []
    if any(isinstance(step, SequenceWindower) for step in steps):
        raise ValueError(
            "regressor contains a SequenceWindower, but a Forecaster makes the windows "
            "itself. Pass the regressor alone with window_length, and scalers as "
            f"target_transformer and input_transformer. Got {regressor!r}."
        )


def takes_missing_values(regressor):
    """Return whether a regressor, up to an imputer in a pipeline, takes NaN."""
    if isinstance(regressor, Pipeline):
        for step in _active_steps(regressor):
            if not takes_missing_values(step):
                return False
            if type(step).__name__.endswith("Imputer"):
                break
        return True
    tags, inside = get_tags(regressor), _inside(regressor)
    return tags.input_tags.allow_nan or (
        bool(inside) and all(map(takes_missing_values, inside))
    )


def _active_steps(pipeline):
    return [step for _, step in pipeline.steps if step not in (None, "passthrough")]


def _inside(estimator):
    """Return the estimators to which a meta-estimator hands what it reads."""
    params = estimator.get_params(deep=False)
    parts = [params.get("estimator"), params.get("regressor")]
    parts += _members(params)
    return [part for part in parts if isinstance(part, BaseEstimator)]


def _members(params):
    """Return the members of an ensemble, whose `fit` refuses what are no pairs."""
    pairs = params.get("estimators") or ()
    return [pair[1] for pair in pairs if isinstance(pair, (tuple, list))]


def takes_several_targets(regressor):
    """Return whether the innermost regressor that gets the targets takes several."""
    while (inner := _wrapped(regressor)) is not None:
        regressor = inner
    return get_tags(regressor).target_tags.multi_output


def with_layout(regressor, target_features, n_columns):
    """Tell a regressor, and those in it, what windows and targets are, where asked."""
    params = regressor.get_params(deep=False)
    layout = {"target_features": target_features, "n_step_features": n_columns}
    unset = {n: v for n, v in layout.items() if n in params and params[n] is None}
    if unset:  # a FrozenEstimator has no set_params
        regressor.set_params(**unset)
    parts = [_wrapped(regressor), params.get("regressor"), params.get("base")]
    for part in (*parts, *_members(params)):  # which read the same windows
        if isinstance(part, BaseEstimator):
            with_layout(part, target_features, n_columns)
    return regressor


def _wrapped(regressor):
    """Return what a pipeline, a transformed target or a search hands all targets to."""
    if isinstance(regressor, Pipeline):
        return regressor[-1]
    params = regressor.get_params(deep=False)
    if "target_features" in params:
        return None
    if params.get("regressor") is not None or "refit" not in params:
        return params.get("regressor")
    return params.get("estimator")
