"""What the default forecaster is compared with on public series."""

import time

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import RidgeCV

from skrnn import Forecaster, SeasonalNaiveRegressor, backtest

PENALTIES = np.logspace(-3, 5, 9)
N_SEASONS = 1, 2, 3, 4, 7, 14  # of a window of Ridge


def default(data):
    """Return the default forecaster: nothing but the horizon is set."""
    return Forecaster(horizon=data.horizon)


def fast(data):
    """Return the default forecaster with fewer candidates."""
    return Forecaster(horizon=data.horizon, candidates="fast")


def persistence(data):
    """Return a forecaster that repeats the last value."""
    return _of(data, SeasonalNaiveRegressor(1), 1)


def seasonal_naive(data):
    """Return a forecaster that repeats the last season."""
    return _of(data, SeasonalNaiveRegressor(data.season_length), 1)


def ridge(data):
    """Return Ridge on the window that is best on the last fifth of training rows."""
    n_times = data.n_train - data.n_train // 5
    errors = {}
    for n_seasons in N_SEASONS:
        window_length = n_seasons * data.season_length
        if data.horizon <= window_length <= n_times // 3:
            forecaster = _of(data, RidgeCV(PENALTIES), n_seasons)
            frame = backtest(
                forecaster, data.train_inputs, data.train, initial_train_size=n_times
            )
            errors[n_seasons] = data.errors(frame).mean()
    return _of(data, RidgeCV(PENALTIES), min(errors, key=errors.get))


def trees(data):
    """Return boosted trees of scikit-learn on lags, with a calendar."""
    return _of(data, HistGradientBoostingRegressor(random_state=0), 2, "auto")


def lightgbm(data):
    """Return LightGBM on lags, with a calendar."""
    from lightgbm import LGBMRegressor

    return _of(data, LGBMRegressor(random_state=0, verbose=-1), 2, "auto")


def _of(data, regressor, n_seasons, date_features=None):
    return Forecaster(
        regressor,
        horizon=data.horizon,
        window_length=max(n_seasons * data.season_length, data.horizon),
        date_features=date_features,
    )


FORECASTERS = {
    "default": default,
    'candidates="fast"': fast,
    "persistence": persistence,
    "seasonal naive": seasonal_naive,
    "Ridge, window chosen": ridge,
    "trees, calendar": trees,
    "LightGBM, calendar": lightgbm,
}


def measured(name, data):
    """Return the mean absolute scaled error of forecasts of a data set, and seconds."""
    start = time.perf_counter()
    if name in STATISTICAL:
        frame = _each_series(STATISTICAL[name], data)
    else:
        forecaster = FORECASTERS[name](data)
        frame = backtest(forecaster, data.X, data.y, initial_train_size=data.n_train)
    seconds = time.perf_counter() - start
    return float(data.errors(frame).mean()), seconds


def _each_series(forecasts_of, data):
    """Return forecasts of a model of single series, like a frame of `backtest`."""
    if not isinstance(data.y.index, pd.MultiIndex):
        return _one_series(forecasts_of, data, data.y)
    frames = {
        name: _one_series(forecasts_of, data, y.droplevel(0))
        for name, y in data.y.groupby(level=0)
    }
    return pd.concat(frames, names=["series"]).reset_index("series")


def _one_series(forecasts_of, data, y):
    forecast = forecasts_of(y.iloc[: data.n_train].to_numpy(), data.season_length)
    frames = []
    for origin in range(data.n_train, len(y), data.horizon):
        observed = y.iloc[origin : origin + data.horizon].to_numpy()
        pred = forecast(y.iloc[:origin].to_numpy(), data.horizon)[: len(observed)]
        frames.append(pd.DataFrame({"observed": observed, "pred": pred}))
    return pd.concat(frames, ignore_index=True)


def ets(train, season_length):
    """Return a function of a series: exponential smoothing, of the form by AIC."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    seasonal = ["add", "mul"] if (train > 0).all() else ["add"]
    fits = {}
    for trend, damped in (None, False), ("add", True):
        for season in seasonal:
            form = {
                "trend": trend,
                "damped_trend": damped,
                "seasonal": season,
                "seasonal_periods": season_length,
            }
            fitted = ETSModel(train, **form).fit(disp=False)
            fits[fitted.aic] = form, fitted.params
    form, params = fits[min(fits)]
    return lambda y, horizon: ETSModel(y, **form).smooth(params).forecast(horizon)


def theta(train, season_length):
    """Return a function of a series: the theta method."""
    from statsmodels.tsa.forecasting.theta import ThetaModel

    return lambda y, horizon: (
        ThetaModel(y, period=season_length, method="additive")
        .fit()
        .forecast(horizon)
        .to_numpy()
    )


STATISTICAL = {"ETS": ets, "Theta": theta}
