"""The regressors: parameters, validation, fit and predict, pickling.

May import `skrnn.exceptions`, `skrnn.windows`, `skrnn.networks` and
`skrnn.training`.
"""
