"""Makes windows, targets and cross-validation folds of rows in time order.

May import `skrnn.exceptions`, and `_estimator`, `_compat` and `_warnings` of skrnn.
"""
