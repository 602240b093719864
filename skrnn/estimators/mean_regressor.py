"""MeanRegressor: predicts the mean of several regressors."""

import numpy as np
from sklearn.base import RegressorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skrnn._compat.sklearn import BaseComposition, LinkedHTML, fit_context
from skrnn._estimator import VersionedEstimator, weights_of_fit


class MeanRegressor(RegressorMixin, VersionedEstimator, LinkedHTML, BaseComposition):
    """Predict the mean of the predictions of several regressors.

    The mean of a few forecasts that are about equally good often has a smaller error
    than each of them [1]_. Unlike `VotingRegressor` of scikit-learn, it
    supports several outputs.

    Parameters
    ----------
    estimators : list of (str, regressor)
        Names and regressors. Clones of them are fitted to the same data. `set_params`
        replaces a regressor by its name, or sets `<name>__<parameter>`.

    Attributes
    ----------
    estimators_ : list of regressors
        The fitted regressors.
    n_features_in_ : int
        Number of columns of 2-D X, or of features per step of 3-D X, seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.

    See Also
    --------
    WindowRegressor : Lets any regressor read windows.

    References
    ----------
    .. [1] J. M. Bates and C. W. J. Granger, "The Combination of Forecasts",
       Operational Research Quarterly 20(4), 1969.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import Forecaster, MeanRegressor, SeasonalNaiveRegressor
    >>> from skrnn import WindowRegressor
    >>> from skrnn.datasets import load_co2
    >>> members = [
    ...     ("Ridge", WindowRegressor(Ridge(), normalize="last")),
    ...     ("naive", SeasonalNaiveRegressor(52)),
    ... ]
    >>> forecaster = Forecaster(MeanRegressor(members), horizon=4)
    >>> forecaster.fit(y=load_co2()["1990":]).forecast(2).round(1).to_list()
    [370.8, 371.2]
    """

    _parameter_constraints = {"estimators": [list]}

    def __init__(self, estimators):
        self.estimators = estimators

    def get_params(self, deep=True):
        """Return the parameters.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the regressors by name, and their parameters.

        Returns
        -------
        dict
            Values by name.
        """
        return self._get_params("estimators", deep)

    def set_params(self, **params):
        """Set parameters, regressors by name, or parameters of regressors.

        Parameters
        ----------
        **params : dict
            Values by name.

        Returns
        -------
        self : object
            The estimator.

        Raises
        ------
        ValueError
            If there is no such parameter.
        """
        return self._set_params("estimators", **params)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        members = []  # those of estimators that are no pairs are an error of `fit`
        if self._has_pairs():
            members = [get_tags(member) for _, member in self.estimators]
        inputs = [member.input_tags for member in members]
        tags.input_tags.three_d_array = all(each.three_d_array for each in inputs)
        tags.input_tags.allow_nan = all(each.allow_nan for each in inputs)
        targets = [member.target_tags for member in members]
        tags.target_tags.multi_output = all(each.multi_output for each in targets)
        of_regressors = [member.regressor_tags for member in members]
        tags.regressor_tags.poor_score = any(each.poor_score for each in of_regressors)
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit all regressors.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_features)
            What the regressors read.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples. All regressors must support them.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter is not as described, or a regressor raises it.
        """
        self._check_estimators()
        members = [
            (member, weights_of_fit(name, member, sample_weight))
            for name, member in self.estimators
        ]
        self.estimators_ = [clone(m).fit(X, y, **w) for m, w in members]
        for name in ("n_features_in_", "feature_names_in_"):
            vars(self).pop(name, None)  # of an earlier fit
            if hasattr(self.estimators_[0], name):
                setattr(self, name, getattr(self.estimators_[0], name))
        return self

    def _has_pairs(self):
        return all(
            isinstance(each, (tuple, list)) and len(each) == 2
            for each in self.estimators
        )

    def _check_estimators(self):
        """Raise a ValueError unless `estimators` are pairs with different names."""
        if not (self._has_pairs() and self.estimators):
            raise ValueError(
                "estimators must be a list of pairs (name, regressor). Got "
                f"{self.estimators!r}."
            )
        self._validate_names([name for name, _ in self.estimators])

    def predict(self, X):
        """Predict the mean.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_features)
            As in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape of the first member's predictions.

        Raises
        ------
        ValueError
            If X has other features than in `fit`.
        """
        check_is_fitted(self)
        predictions = [np.asarray(member.predict(X)) for member in self.estimators_]
        shape = predictions[0].shape
        return np.mean([each.reshape(shape) for each in predictions], axis=0)
