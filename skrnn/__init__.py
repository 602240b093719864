"""Recurrent networks for time series as plain scikit-learn estimators."""

from skrnn import datasets
from skrnn._version import __version__ as __version__
from skrnn.estimators.elman import ElmanRegressor
from skrnn.estimators.exponential_smoothing import ExponentialSmoothingRegressor
from skrnn.estimators.gru import GRURegressor
from skrnn.estimators.lstm import LSTMRegressor
from skrnn.estimators.mean_regressor import MeanRegressor
from skrnn.estimators.seasonal_naive import SeasonalNaiveRegressor
from skrnn.estimators.window_regressor import WindowRegressor
from skrnn.forecasting.backtest import backtest
from skrnn.forecasting.forecaster import Forecaster
from skrnn.plotting.forecast_display import ForecastDisplay
from skrnn.plotting.importance_display import ImportanceDisplay
from skrnn.plotting.loss_curve_display import LossCurveDisplay
from skrnn.windows.split import PanelTimeSeriesSplit
from skrnn.windows.supervised import to_supervised
from skrnn.windows.windower import SequenceWindower

__all__ = [
    "ElmanRegressor",
    "ExponentialSmoothingRegressor",
    "ForecastDisplay",
    "Forecaster",
    "GRURegressor",
    "ImportanceDisplay",
    "LSTMRegressor",
    "LossCurveDisplay",
    "MeanRegressor",
    "PanelTimeSeriesSplit",
    "SeasonalNaiveRegressor",
    "SequenceWindower",
    "WindowRegressor",
    "backtest",
    "datasets",
    "to_supervised",
]
