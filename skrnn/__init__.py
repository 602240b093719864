"""Recurrent networks for time series as plain scikit-learn estimators."""

from skrnn import datasets
from skrnn._displays import ForecastDisplay, LossCurveDisplay
from skrnn._regressors import ElmanRegressor, GRURegressor, LSTMRegressor
from skrnn._split import PanelTimeSeriesSplit
from skrnn._supervised import to_supervised
from skrnn._version import __version__ as __version__
from skrnn._windowing import SequenceWindower

__all__ = [
    "ElmanRegressor",
    "ForecastDisplay",
    "GRURegressor",
    "LSTMRegressor",
    "LossCurveDisplay",
    "PanelTimeSeriesSplit",
    "SequenceWindower",
    "datasets",
    "to_supervised",
]
