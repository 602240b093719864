"""Forecasts of future rows: the forecaster, its intervals and backtests.

May import `skrnn.windows`, `skrnn.estimators`, `skrnn.metrics` and `skrnn.exceptions`.
"""
