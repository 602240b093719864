"""SeasonalNaiveRegressor: a baseline that repeats the last season."""

from numbers import Integral

import numpy as np

from skrnn._compat.sklearn import Interval
from skrnn.estimators.base import BaseWindowRegressor
from skrnn.estimators.outputs import outputs_of
from skrnn.windows.layout import lags_of_names


class BaseSeasonalRegressor(BaseWindowRegressor):
    """Base class of regressors that continue features with a season."""

    _parameter_constraints = {
        **BaseWindowRegressor._parameter_constraints,
        "season_length": [Interval(Integral, 1, None, closed="left")],
    }

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.regressor_tags.poor_score = True
        return tags

    def _fit(self, data):
        n_timesteps = data.layout.n_timesteps
        if self.season_length > n_timesteps:
            raise ValueError(
                f"season_length={self.season_length} is longer than the windows, "
                f"which have {n_timesteps} steps. Set a shorter season, or make longer "
                "windows."
            )
        if data.layout.features is not None:
            pairs = lags_of_names(self.feature_names_in_)
            lags = sorted({lag for _, lag in pairs})
            if lags != [*range(n_timesteps)]:
                raise ValueError(
                    f"{type(self).__name__} needs all lags up to the oldest, but the "
                    f"columns of X have the lags {lags}. Select the others too."
                )
        self._features, self.leads_ = outputs_of(
            data.target_names, data.n_outputs, self.target_features, data.layout
        )
        targets = data.y.astype(np.float64)
        self.fallback_ = np.average(targets, axis=0, weights=data.weight)


class SeasonalNaiveRegressor(BaseSeasonalRegressor):
    """Predict the value one season before, as a baseline for any forecast.

    With `season_length=1` it predicts the last value of the window, which is called
    persistence. A model that is not better than this baseline has learned nothing
    useful.

    Parameters
    ----------
    season_length : int, default=1
        Number of steps in a season, such as 24 for hourly values that repeat daily.
        Windows must be at least as long.
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
    n_features_in_ : int
        Number of columns of 2-D X, or of features per step of 3-D X, seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Number of columns of `y` seen in `fit`.
    leads_ : list of int
        The lead of each output: the number of steps after the last step of the window.
        Read from the names of `y`, otherwise 1, 2, ... for each feature. Names are lost
        in meta-estimators that pass on arrays, such as TransformedTargetRegressor.
    fallback_ : ndarray of shape (`n_outputs_`,)
        The weighted mean of `y`, predicted if the window has no value to repeat.

    See Also
    --------
    ExponentialSmoothingRegressor : Follows the level, the trend and the season.
    LSTMRegressor : A network to compare with the baseline.
    to_supervised : Makes X and y from a series.

    Notes
    -----
    For lead h, the prediction is the newest value of the window that lies one or more
    whole seasons before the predicted time. If that value is missing, the value one
    season earlier is used, and so on. If all of these are missing, it is the last
    observed value of the window, or the mean of `y` if the window has none.

    X and `y` must be in the same units. In a pipeline that scales X, scale `y` in the
    same way, or leave out the scaler, which this baseline does not need.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import SeasonalNaiveRegressor, SequenceWindower
    >>> series = np.tile([1.0, 2.0, 3.0], 10)
    >>> X, y = series[:-1].reshape(-1, 1), series[1:]
    >>> naive = make_pipeline(
    ...     SequenceWindower(window_length=6), SeasonalNaiveRegressor(season_length=3)
    ... )
    >>> naive.fit(X[:20], y[:20]).predict(X[20:]).tolist()
    [1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0]
    """

    def __init__(self, season_length=1, *, n_step_features=None, target_features=None):
        self.season_length = season_length
        self.n_step_features = n_step_features
        self.target_features = target_features

    def _predict(self, windows):
        columns = zip(self._features, self.leads_, self.fallback_, strict=True)
        return np.column_stack(
            [
                self._one_output(windows[:, :, feature], lead, fallback)
                for feature, lead, fallback in columns
            ]
        )

    def _one_output(self, values, lead, fallback):
        """Return the value one season before, for windows of a single feature."""
        season, n_timesteps = self.season_length, values.shape[1]
        first = n_timesteps - 1 + lead - season * -(-lead // season)
        steps = [*range(first, -1, -season), *range(n_timesteps - 1, -1, -1)]
        found = values[:, steps[0]].astype(np.float64)
        for step in steps[1:]:
            missing = np.isnan(found)
            if not missing.any():
                return found
            found[missing] = values[missing, step]
        found[np.isnan(found)] = fallback
        return found
