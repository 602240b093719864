"""The mean of regressors."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.ensemble import VotingRegressor
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsRegressor
from sklearn.utils import get_tags

from skrnn import (
    ElmanRegressor,
    Forecaster,
    MeanRegressor,
    SeasonalNaiveRegressor,
    WindowRegressor,
)

RNG = np.random.RandomState(0)
X, Y = RNG.normal(size=(60, 4)), RNG.normal(size=(60, 2))
MEMBERS = [("Ridge", Ridge()), ("neighbours", KNeighborsRegressor())]


def test_predictions_are_means():
    predicted = MeanRegressor(MEMBERS).fit(X, Y).predict(X)
    parts = [member.fit(X, Y).predict(X) for _, member in MEMBERS]
    assert_allclose(predicted, (parts[0] + parts[1]) / 2)


def test_it_scores_poorly_if_a_member_does():
    naive = ("naive", SeasonalNaiveRegressor())
    assert get_tags(MeanRegressor([*MEMBERS, naive])).regressor_tags.poor_score
    assert not get_tags(MeanRegressor(MEMBERS)).regressor_tags.poor_score


def test_names_are_those_of_the_last_fit():
    mean = MeanRegressor(MEMBERS).fit(pd.DataFrame(X, columns=list("abcd")), Y)
    assert list(mean.feature_names_in_) == list("abcd")
    assert not hasattr(mean.fit(X, Y), "feature_names_in_")


def test_members_of_a_forecaster_know_the_targets_in_windows_with_inputs():
    series = np.tile([1.0, 2.0, 4.0], 20)
    noise = RNG.normal(size=(60, 1))
    naive = SeasonalNaiveRegressor(3)
    relative = WindowRegressor(Ridge(1e-8), normalize="last")
    mean = MeanRegressor([("naive", naive), ("Ridge", relative)])
    forecaster = Forecaster(mean, horizon=2, window_length=6).fit(noise, series)
    assert_allclose(forecaster.forecast(2, noise[:2]), [1, 2], rtol=1e-6)


@pytest.mark.parametrize("kind", [MeanRegressor, VotingRegressor])
def test_members_of_a_forecaster_may_read_windows_or_columns(kind):
    y = np.cumsum(RNG.normal(size=60))
    naive, relative = (
        SeasonalNaiveRegressor(3),
        WindowRegressor(Ridge(), normalize="last"),
    )
    members = {"Ridge": Ridge(), "naive": naive, "relative": relative}

    def forecast(regressor):
        return Forecaster(regressor, window_length=6).fit(y=y).forecast(1)

    mean = np.mean([forecast(member) for member in members.values()])
    assert_allclose(forecast(kind([*members.items()])), mean)


def test_a_network_beside_others_validates_on_the_last_windows_of_each_series():
    names = ["a", "b"]
    index = pd.MultiIndex.from_product([names, pd.date_range("2026-01-01", periods=60)])
    y = pd.Series(RNG.normal(size=120), index)
    rnn = ElmanRegressor(2, epochs=2, early_stopping=True, random_state=0)
    both = MeanRegressor([("Ridge", Ridge()), ("rnn", rnn)])
    alone, beside = (
        Forecaster(regressor, window_length=4).fit(y=y).regressor_
        for regressor in (rnn, both)
    )
    curve = beside.estimators_[1].validation_loss_curve_
    assert_allclose(curve, alone.validation_loss_curve_)


@pytest.mark.parametrize("estimators", [[], [Ridge()], [("a", Ridge(), 1)]])
def test_estimators_must_be_pairs(estimators):
    with pytest.raises(ValueError, match="pairs"):
        MeanRegressor(estimators).fit(X, Y)
    with pytest.raises(ValueError, match="pairs"):
        Forecaster(MeanRegressor(estimators)).fit(y=Y)


def test_a_search_may_fill_a_mean_without_members():
    grid = {"estimators": [MEMBERS[:1], MEMBERS]}
    search = GridSearchCV(MeanRegressor([]), grid, cv=3).fit(X, X[:, 0])
    assert search.best_params_["estimators"] == MEMBERS[:1]


def test_all_members_must_support_weights():
    with pytest.raises(ValueError, match="neighbours"):
        MeanRegressor(MEMBERS).fit(X, Y, np.ones(60))


def test_a_search_reaches_members_and_their_parameters():
    mean = MeanRegressor([("Ridge", Ridge()), ("other", Ridge())])
    grid = {"Ridge__alpha": [1e6, 1.0], "other": [Ridge(1e9), KNeighborsRegressor(1)]}
    search = GridSearchCV(mean, grid, cv=3).fit(X, X[:, 0])
    assert search.best_params_["Ridge__alpha"] == 1.0
    assert isinstance(search.best_params_["other"], KNeighborsRegressor)
    assert mean.get_params()["Ridge__alpha"] == 1.0
    assert mean.get_params(deep=False).keys() == {"estimators"}


@pytest.mark.parametrize("names", [("a", "a"), ("a", "estimators"), ("a", "b__c")])
def test_names_must_be_usable_as_parameters(names):
    with pytest.raises(ValueError, match="ames"):
        MeanRegressor([(name, Ridge()) for name in names]).fit(X, Y)
