"""Interval and quantile methods of Forecaster."""

import pandas as pd
from sklearn.pipeline import Pipeline
from sklearn.utils.metaestimators import available_if

from skrnn.forecasting.given import future_rows, next_rows
from skrnn.forecasting.intervals import check_coverage
from skrnn.forecasting.pipelines import levels_of


def _forecasts_quantiles(forecaster):
    """Tell whether the regressor predicts quantiles."""
    if hasattr(forecaster, "estimator_"):
        return levels_of(forecaster.estimator_[-1]) is not None
    estimator = forecaster.estimator
    return isinstance(estimator, Pipeline) and levels_of(estimator[-1]) is not None


class ForecastsIntervals:
    """Adds interval and quantile forecasts."""

    def predict_interval(self, X, coverage=0.9):
        """Forecast rows with prediction intervals.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Inputs of the rows to forecast, as in `predict`. Rows must not be more than
            `horizon` steps ahead.
        coverage : float, default=0.9
            The share of values that should lie between the bounds.

        Returns
        -------
        DataFrame of shape (n_rows, 3) or (n_rows, 3 * n_targets)
            `pred`, `lower_bound` and `upper_bound`. If `y` is two-dimensional, they are
            the second level of the columns, below the name of the target.

        Raises
        ------
        ValueError
            If neither calibration nor quantiles are available, if there are too few
            errors or levels for `coverage`, or if a row is beyond the horizon.
        """
        return self._interval(*future_rows(self, X), coverage)

    def forecast_interval(self, steps, X=None, coverage=0.9):
        """Forecast the next rows with prediction intervals.

        Parameters
        ----------
        steps : int
            Number of steps to forecast, at most `horizon`.
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Inputs of these steps, as in `forecast`.
        coverage : float, default=0.9
            The share of values that should lie between the bounds.

        Returns
        -------
        DataFrame of shape (steps, 3) or (steps, 3 * n_targets)
            As from `predict_interval`.

        Raises
        ------
        ValueError
            As in `predict_interval`.
        """
        return self._interval(*next_rows(self, steps, X), coverage)

    def _interval(self, future, timeline, index, coverage):
        check_coverage(coverage)
        columns = "pred", "lower_bound", "upper_bound"
        values = self._fitted.interval(future, timeline, coverage)
        frames = [pd.DataFrame(v, index, columns=self._kind.labels) for v in values]
        if self._kind.n_dims == 1:
            return pd.concat(frames, axis=1, keys=columns).droplevel(1, axis=1)
        both = pd.concat(frames, axis=1, keys=columns).swaplevel(axis=1)
        return both[[(label, c) for label in self._kind.labels for c in columns]]

    @available_if(_forecasts_quantiles)
    def predict_quantiles(self, X):
        """Forecast quantiles of rows, if the regressor predicts quantiles.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Inputs of the rows to forecast, as in `predict`. Rows must not be more than
            `horizon` steps ahead.

        Returns
        -------
        ndarray of shape (n_rows, n_quantiles) or (n_rows, n_targets, n_quantiles)
            One quantile for each level in `quantile` of the regressor.

        Raises
        ------
        ValueError
            If a row is beyond the horizon.
        """
        return self._quantiles(*future_rows(self, X))

    @available_if(_forecasts_quantiles)
    def forecast_quantiles(self, steps, X=None):
        """Forecast quantiles of the next rows.

        Only if the regressor predicts quantiles.

        Parameters
        ----------
        steps : int
            Number of steps to forecast, at most `horizon`.
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Inputs of these steps, as in `forecast`.

        Returns
        -------
        ndarray of shape (steps, n_quantiles) or (steps, n_targets, n_quantiles)
            As from `predict_quantiles`.

        Raises
        ------
        ValueError
            As in `predict_quantiles`.
        """
        return self._quantiles(*next_rows(self, steps, X))

    def _quantiles(self, future, timeline, _):
        quantiles = self._fitted.quantiles(future, timeline)
        return quantiles[:, 0] if self._kind.n_dims == 1 else quantiles
