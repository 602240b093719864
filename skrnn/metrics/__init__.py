"""Measures of forecasts, and tables of measures of backtests.

May import `skrnn._estimator`, `skrnn._warnings` and `skrnn.exceptions`.
"""

from skrnn.metrics.scores import (
    coverage_score,
    ignore_missing,
    mean_absolute_scaled_error,
    mean_interval_score,
    root_mean_squared_scaled_error,
    symmetric_mean_absolute_percentage_error,
    weighted_absolute_percentage_error,
)
from skrnn.metrics.summary import summarize

__all__ = [
    "coverage_score",
    "ignore_missing",
    "mean_absolute_scaled_error",
    "mean_interval_score",
    "root_mean_squared_scaled_error",
    "summarize",
    "symmetric_mean_absolute_percentage_error",
    "weighted_absolute_percentage_error",
]
