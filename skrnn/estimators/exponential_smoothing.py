"""ExponentialSmoothingRegressor: follows level, trend and season in each window."""

from itertools import product

import numpy as np

from skrnn.estimators.preparation import in_parts
from skrnn.estimators.seasonal_naive import BaseSeasonalRegressor

_MOST_WINDOWS = 1000  # to choose by
_LEVELS = 0.05, 0.1, 0.2, 0.4, 0.8
_TRENDS = (0.0, 0.0), (0.0, 0.98), (0.1, 0.98)  # and damping
_SEASONS = 0.0, 0.1, 0.3


class ExponentialSmoothingRegressor(BaseSeasonalRegressor):
    """Continue the level, the damped trend and the season of each window.

    The additive method of Holt and Winters with a damped trend [1]_, [2]_. It has few
    parameters, so a few seasons of rows are enough, and all windows, also those of
    different series, share them. As the `base` of a network, it leaves to the network
    what it cannot explain, as in [3]_.

    Parameters
    ----------
    season_length : int, default=1
        Number of steps in a season, such as 12 for months; 1 is no season. Windows must
        be at least as long.
    n_step_features : int or None, default=None
        For 2-D X, the number of columns per time step. If None, it is taken from column
        names of the form `<feature>_lag<k>`; without such names it is 1.
    target_features : str, int, list or None, default=None
        The feature that `y` continues, by position or, of windows in a DataFrame, by
        name, or a list with one feature per output. None uses the only feature, or for
        a DataFrame the column names of `y` if they have the form `<feature>_lead<h>`,
        as those of `to_supervised` do.

    Attributes
    ----------
    smoothing_ : ndarray of shape (`n_outputs_`, 4)
        The parameters of the feature of each output, in this order: alpha of the level,
        beta of the trend, phi, by which the trend is damped, and gamma of the season.
    n_features_in_ : int
        Number of columns of 2-D X, or of features per step of 3-D X, seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Number of columns of `y` seen in `fit`.
    leads_ : list of int
        The lead of each output: the number of steps after the last step of the window.
        Read from the names of `y`, otherwise 1, 2, ... for each feature.
    fallback_ : ndarray of shape (`n_outputs_`,)
        The weighted mean of `y`, predicted for windows without any value.

    See Also
    --------
    SeasonalNaiveRegressor : Repeats the last season.
    WindowRegressor : Any regressor, with this one as its base.

    Notes
    -----
    With level l, trend b, season s of length m and the value y of each step, in order::

        e[t] = y[t] - (l[t-1] + phi * b[t-1] + s[t-m])
        l[t] = l[t-1] + phi * b[t-1] + alpha * e[t]
        b[t] = phi * b[t-1] + alpha * beta * e[t]
        s[t] = s[t-m] + (1 - alpha) * gamma * e[t]

    The prediction for lead h after the last step t is `l[t] + (phi + ... + phi**h) *
    b[t]` plus the last value of the season h steps later. A missing value has the error
    e = 0. The first trend is the mean change in a season, divided by its steps, or zero
    if phi is zero or the window is shorter than two seasons. The first level is the
    mean of the window without that trend, and the first season has the mean deviations
    from both.

    Of 45 combinations of parameters (15 without a season), the one with the smallest
    mean absolute error in the training windows is used. Of more than 1000 windows,
    every k-th is tried.

    X and `y` must be in the same units. Effects that grow with the level become
    additive in the logarithm of the series.

    References
    ----------
    .. [1] E. S. Gardner and E. McKenzie. "Forecasting trends in time series."
       Management Science 31 (10), 1985.
    .. [2] R. J. Hyndman and G. Athanasopoulos. "Forecasting: principles and practice",
       3rd edition, chapter 8, 2021.
    .. [3] S. Smyl. "A hybrid method of exponential smoothing and recurrent neural
       networks for time series forecasting." International Journal of Forecasting 36
       (1), 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import ExponentialSmoothingRegressor, Forecaster
    >>> season = np.tile([3.0, -1.0, -2.0], 12)
    >>> forecaster = Forecaster(
    ...     ExponentialSmoothingRegressor(3), horizon=3, window_length=9
    ... )
    >>> forecaster.fit(y=np.arange(36) / 2 + season).forecast(3).round(1)
    array([20.9, 17.4, 16.8])
    """

    def __init__(self, season_length=1, *, n_step_features=None, target_features=None):
        self.season_length = season_length
        self.n_step_features = n_step_features
        self.target_features = target_features

    def _fit(self, data):
        super()._fit(data)
        rows = data.rows_with_weight
        rows = np.asarray(rows[:: -(-len(rows) // _MOST_WINDOWS)])
        weight = None if data.weight is None else data.weight[rows]
        targets = data.y[rows]
        self.smoothing_ = np.empty((len(self.leads_), 4))
        for feature, outputs, leads in self._of_features():
            values = _values_of(feature, data.windows.values[rows])
            y, season = targets[:, outputs], self.season_length
            self.smoothing_[outputs] = _best(values, y, weight, leads, season)

    def _of_features(self):
        """Yield each feature, the positions of its outputs, and their leads."""
        for feature in sorted(set(self._features)):
            outputs = np.flatnonzero(np.equal(self._features, feature))
            yield feature, outputs, np.array(self.leads_)[outputs]

    def _predict(self, windows):
        predicted = in_parts(self._predict_part, windows)
        return np.where(np.isnan(predicted), self.fallback_, predicted)

    def _predict_part(self, windows):
        predicted = np.empty((len(windows), len(self.leads_)))
        for feature, outputs, leads in self._of_features():
            values = _values_of(feature, windows)
            smoothing = self.smoothing_[outputs[0]]
            first = _first_states(values, self.season_length, smoothing[2] > 0)
            predicted[:, outputs] = _continued(values, first, smoothing, leads)
        return predicted


def _values_of(feature, windows):
    """Return the values (n_samples, n_steps) of a feature in windows."""
    return np.ascontiguousarray(windows[:, :, feature], dtype=np.float64)


def _best(values, y, weight, leads, season_length):
    """Return alpha, beta, phi and gamma with the smallest mean absolute error."""
    known = ~np.isnan(values).all(axis=1)
    values, y = values[known], y[known]
    weight = None if weight is None else weight[known]
    seasons = _SEASONS if season_length > 1 else (0.0,)
    grid = [
        (alpha, beta, phi, gamma)
        for (beta, phi), alpha, gamma in product(_TRENDS, _LEVELS, seasons)
    ]
    first = {
        has_trend: _first_states(values, season_length, has_trend)
        for has_trend in (False, True)
    }

    def error(smoothing):
        predicted = _continued(values, first[smoothing[2] > 0], smoothing, leads)
        return np.average(np.abs(predicted - y).mean(axis=1), weights=weight)

    return min(grid, key=error) if len(values) else grid[0]


def _first_states(values, season_length, has_trend):
    """Return level, trend, and season (season_length, n_samples) before windows."""
    n_samples, n_steps = values.shape
    trend = np.zeros(n_samples)
    if has_trend and n_steps >= 2 * season_length:
        changes = values[:, season_length:] - values[:, :-season_length]
        trend = np.nan_to_num(_known_mean(changes)) / season_length
    rest = values - trend[:, np.newaxis] * np.arange(1, n_steps + 1)
    level = _known_mean(rest)
    at_step = [_known_mean(rest[:, k::season_length]) for k in range(season_length)]
    return level, trend, np.nan_to_num(np.array(at_step) - level)


def _continued(values, first, smoothing, leads):
    """Return predictions (n_samples, n_leads) after windows (n_samples, n_steps)."""
    (level, trend, season), (alpha, beta, phi, gamma) = first, smoothing
    season = season.copy()
    for step, value in enumerate(values.T):
        of_season = season[step % len(season)]  # a view, which is updated in place
        trend = phi * trend
        level = level + trend
        error = np.nan_to_num(value - level - of_season)
        level = level + alpha * error
        trend = trend + alpha * beta * error
        of_season += (1 - alpha) * gamma * error
    damped = np.cumsum(phi ** np.arange(1, leads.max() + 1))[leads - 1]
    later = season[(values.shape[1] + leads - 1) % len(season)]
    return level[:, np.newaxis] + np.outer(trend, damped) + later.T


def _known_mean(values):
    """Return the mean of the known values of each row, NaN without any."""
    with np.errstate(invalid="ignore"):
        return np.nansum(values, axis=1) / (~np.isnan(values)).sum(axis=1)
