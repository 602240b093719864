"""The models that are compared, each a pipeline of windower and regressor."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.linear_model import Ridge
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import make_pipeline

from skrnn import GRURegressor, SeasonalNaiveRegressor, SequenceWindower


class OnWindows(RegressorMixin, BaseEstimator):
    """Give a regressor of scikit-learn the windows without missing steps.

    Parameters
    ----------
    regressor : estimator
        Fitted on the flat windows.
    relative : bool, default=False
        Whether windows and targets are relative to the last value of the window, which
        the forecasts then get back.
    """

    def __init__(self, regressor, relative=False):
        self.regressor = regressor
        self.relative = relative

    def fit(self, X, y):
        whole = ~np.isnan(X).any(axis=1)
        X, y = X[whole].astype("float64"), np.asarray(y, "float64")[whole]
        origin = self._origin(X, y.ndim)
        self.regressor_ = clone(self.regressor).fit(X - self._origin(X, 2), y - origin)
        self.n_dimensions_ = y.ndim
        return self

    def predict(self, X):
        predicted = self.regressor_.predict(X - self._origin(X, 2))
        return predicted + self._origin(X, self.n_dimensions_)

    def _origin(self, X, n_dimensions):
        origin = X[:, -1:] if self.relative else np.zeros((len(X), 1), X.dtype)
        return origin if n_dimensions == 2 else origin[:, 0]


class LeadAsFeature(RegressorMixin, BaseEstimator):
    """Fit one regressor for all outputs, the lead being a further feature.

    Parameters
    ----------
    regressor : estimator
        Fitted on windows and leads.
    n_samples : int, default=100_000
        Pairs of window and lead to train on, drawn at random.
    random_state : int or None, default=None
        Determines which.
    """

    def __init__(self, regressor, n_samples=100_000, random_state=None):
        self.regressor = regressor
        self.n_samples = n_samples
        self.random_state = random_state

    def fit(self, X, y):
        rng = np.random.default_rng(self.random_state)
        rows = rng.integers(len(X), size=self.n_samples)
        leads = rng.integers(y.shape[1], size=self.n_samples)
        self.n_leads_ = y.shape[1]
        self.regressor_ = clone(self.regressor)
        self.regressor_.fit(np.column_stack([X[rows], leads]), y[rows, leads])
        return self

    def predict(self, X):
        leads = np.tile(np.arange(self.n_leads_), len(X))
        rows = np.column_stack([np.repeat(X, self.n_leads_, axis=0), leads])
        return self.regressor_.predict(rows).reshape(len(X), self.n_leads_)


def naive(season_length):
    windower = SequenceWindower(window_length=season_length)
    return make_pipeline(windower, SeasonalNaiveRegressor(season_length))


def linear(window_length, relative=False):
    windower = SequenceWindower(window_length=window_length, flatten=True)
    return make_pipeline(windower, OnWindows(Ridge(), relative))


def trees(window_length, n_outputs, seed, relative=False):
    """Return gradient-boosted trees: for each lead its own, if there are few."""
    windower = SequenceWindower(window_length=window_length, flatten=True)
    regressor = HistGradientBoostingRegressor(random_state=seed)
    if n_outputs > 20:
        regressor = LeadAsFeature(regressor, random_state=seed)
    elif n_outputs > 1:
        regressor = MultiOutputRegressor(regressor)
    return make_pipeline(windower, OnWindows(regressor, relative))


def plain_network(window_length, seed, **parameters):
    windower = SequenceWindower(window_length=window_length)
    return make_pipeline(windower, GRURegressor(random_state=seed, **parameters))


def recommended_network(settings, seed):
    windower = SequenceWindower(window_length=settings.window_length)
    network = settings.cell(random_state=seed, **settings.parameters)
    return make_pipeline(windower, network)


def forecast(model, part, *, weighted):
    """Fit the model on a part and return its forecasts for the rows that count."""
    windower, regressor = model[0], model[1]
    weight = {"sample_weight": part.weight} if weighted else {}
    regressor.fit(windower.fit_transform(part.X), part.y, **weight)
    return regressor.predict(windower.transform(part.later)[part.wanted])
