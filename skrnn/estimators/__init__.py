"""The regressors: parameters, validation, fit, predict and pickling.

May import `skrnn.exceptions`, `skrnn.windows`, `skrnn.networks` and
`skrnn.training`.
"""
