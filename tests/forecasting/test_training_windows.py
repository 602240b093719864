"""What the regressor of a forecaster is trained on: windows, targets and weights."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import BaseEstimator, RegressorMixin

from skrnn import Forecaster


class Records(RegressorMixin, BaseEstimator):
    """Keeps what it is fitted on, and also takes missing values."""

    def fit(self, X, y, sample_weight=None):
        self.windows_, self.targets_ = np.asarray(X), np.asarray(y)
        self.weight_ = sample_weight
        return self

    def predict(self, X):
        return np.zeros((len(X), *self.targets_.shape[1:]))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags


def trained(y, *, window_length=6, horizon=2, **params):
    """Return the regressor of a forecaster after its fit."""
    forecaster = Forecaster(
        Records(),
        horizon=horizon,
        window_length=window_length,
        target_transformer=None,
    )
    return forecaster.fit(y=y, **params).regressor_


def test_windows_before_the_start_are_not_trained_on():
    y = pd.Series(np.arange(30.0))
    fitted = trained(y)
    starts = np.arange(30 - 2 - 5)
    assert_array_equal(fitted.windows_, starts[:, np.newaxis] + np.arange(6))
    assert_array_equal(fitted.targets_, starts[:, np.newaxis] + [6, 7])


def test_windows_before_the_start_of_any_series_are_not_trained_on():
    lengths = {"long": 30, "short": 9, "too short": 4}
    panel = pd.concat(
        {name: pd.Series(np.arange(n * 1.0)) for name, n in lengths.items()}
    )
    fitted = trained(panel)
    expected = [*range(30 - 2 - 5), *range(9 - 2 - 5)]
    assert_array_equal(fitted.windows_[:, 0], expected)


def test_windows_before_the_start_are_trained_on_where_there_are_no_others():
    fitted = trained(pd.Series(np.arange(7.0)))
    assert_array_equal(fitted.windows_[:, -1], range(5))
    assert_array_equal(np.isnan(fitted.windows_[:, 0]), [True] * 5)


@pytest.mark.parametrize("horizon", [1, 3])
def test_the_weight_of_a_window_is_the_mean_of_its_targets(horizon):
    weight = np.random.RandomState(0).rand(30)
    fitted = trained(pd.Series(np.arange(30.0)), horizon=horizon, sample_weight=weight)
    targets = fitted.targets_.reshape(-1, horizon).astype(int)
    assert_allclose(fitted.weight_, weight[targets].mean(axis=1))


def test_the_weight_of_a_window_is_of_targets_of_its_own_series():
    panel = pd.concat({name: pd.Series(np.arange(12.0)) for name in "ab"})
    weight = np.random.RandomState(0).rand(24)
    fitted = trained(panel, horizon=3, sample_weight=weight)
    of_series = weight.reshape(2, 12)
    targets = fitted.targets_.astype(int).reshape(2, -1, 3)
    expected = [of_series[k][targets[k]].mean(axis=1) for k in range(2)]
    assert_allclose(fitted.weight_, np.concatenate(expected))
