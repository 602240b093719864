"""The regressors: parameters, validation, fit and predict, pickling.

Imports `skrnn.windows`, `skrnn.networks` and `skrnn.training`.
"""
