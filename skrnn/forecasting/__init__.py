"""Forecasts of what comes after the data: the forecaster, intervals, backtests.

May import `skrnn.windows`, `skrnn.estimators` and `skrnn.exceptions`.
"""
