"""From rows in time order to windows: windower, timelines, targets, folds.

Imports NumPy, pandas and scikit-learn, and nothing else of skrnn but `_estimator`
and `_compat`.
"""
