"""From rows in time order to windows: windower, timelines, targets, folds.

May import NumPy, pandas and scikit-learn, and of skrnn `_estimator`, `_compat`,
`_warnings` and `skrnn.exceptions`.
"""
