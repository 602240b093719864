"""WindowRegressor: any regressor on windows, which are normalised and filled."""

from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.multioutput import MultiOutputRegressor
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted

from skrnn._compat.sklearn import (
    HasMethods,
    Interval,
    LinkedHTML,
    StrOptions,
    fit_context,
)
from skrnn._estimator import VersionedEstimator, unchanged_on_error
from skrnn.estimators.preparation import batches, prepare_base
from skrnn.estimators.validation import validate_first, validate_windows
from skrnn.networks.inputs import references


class WindowRegressor(RegressorMixin, VersionedEstimator, LinkedHTML, BaseEstimator):
    """Predict from windows that are normalised and filled, with any regressor.

    The regressor reads all steps of a window side by side. With `normalize`, it learns
    to predict changes, and so follows series to levels that it was not trained on,
    which trees, for example, cannot do otherwise.

    Parameters
    ----------
    regressor : regressor
        What reads the windows, such as `RidgeCV()`. If it supports one output only,
        each output gets a clone.
    normalize : {"last", "standard"} or None, default=None
        How to normalise each window, and the targets that continue it: see
        :class:`GRURegressor`. Predictions are returned in the units of `y`.
    n_step_features : int or None, default=None
        For 2-D X, the number of columns per time step. If None, it is taken from column
        names of the form `<feature>_lag<k>`; without such names it is 1.
    target_features : str, int, list or None, default=None
        With `normalize`, the feature that `y` continues, by name or position, or a
        list with one feature per output. None uses the only feature, or the column
        names of `y` if they have the form `<feature>_lead<h>`, as those of
        `to_supervised` do.

    Attributes
    ----------
    regressor_ : regressor
        The fitted regressor, within a
        :class:`~sklearn.multioutput.MultiOutputRegressor` if it supports one output
        only and `y` has several.
    n_features_in_ : int
        Number of columns of 2-D X, or of features per step of 3-D X, seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Number of columns of `y` seen in `fit`.

    See Also
    --------
    GRURegressor : A network, which can have a regressor as its `base`.
    MeanRegressor : Predicts the mean of several regressors.

    Notes
    -----
    Missing values are passed to regressors that support them. For others, the last
    observed value of the feature in the window replaces a missing one. If there is
    none, it is the mean of the feature over all steps of the training windows.

    Examples
    --------
    >>> from sklearn.ensemble import HistGradientBoostingRegressor
    >>> from skrnn import Forecaster, WindowRegressor
    >>> from skrnn.datasets import load_co2
    >>> co2 = load_co2()["1980":]
    >>> trees = HistGradientBoostingRegressor(random_state=0)
    >>> for regressor in (trees, WindowRegressor(trees, normalize="last")):
    ...     forecaster = Forecaster(regressor, horizon=2, window_length=52).fit(y=co2)
    ...     print(forecaster.forecast(2).round(1).to_list())
    [371.5, 371.7]
    [371.6, 371.8]
    """

    _parameter_constraints = {
        "regressor": [HasMethods(["fit", "predict"])],
        "normalize": [StrOptions({"last", "standard"}), None],
        "n_step_features": [Interval(Integral, 1, None, closed="left"), None],
        "target_features": [str, Integral, list, tuple, None],
    }

    def __init__(
        self, regressor, *, normalize=None, n_step_features=None, target_features=None
    ):
        self.regressor = regressor
        self.normalize = normalize
        self.n_step_features = n_step_features
        self.target_features = target_features

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = True
        tags.target_tags.multi_output = True
        return tags

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, sample_weight=None):
        """Fit the regressor to windows.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows, oldest step first. NaN marks a missing value. Windows without any
            value are left out.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, which the regressor must support.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described.
        """
        with unchanged_on_error(self):
            data = validate_first(self, X, y, sample_weight)
            regressor = self.regressor
            if data.y.ndim == 2 and not get_tags(regressor).target_tags.multi_output:
                regressor = MultiOutputRegressor(regressor)
            self._prepared = prepare_base(
                data, regressor, self.normalize, self.target_features
            )
            self.regressor_ = self._prepared.base
        return self

    def predict(self, X):
        """Predict the target of each window.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_timesteps, n_features) or \
                (n_samples, n_timesteps * n_step_features)
            Windows as in `fit`.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Predictions, in the shape that `y` had in `fit`.

        Raises
        ------
        ValueError
            If X has other features or time steps than in `fit`.
        """
        check_is_fitted(self)
        windows = validate_windows(self, X)
        parts = [self._predict_part(windows[rows]) for rows in batches(windows)]
        predicted = np.concatenate(parts).astype(self._y_dtype, copy=False)
        return predicted.ravel() if self._y_is_1d else predicted

    def _predict_part(self, windows):
        """Return predictions (n_samples, n_outputs) for a few windows."""
        prepared = self._prepared
        predicted = prepared.offset(windows)
        if not prepared.inputs.normalize:
            return predicted
        features = prepared.scaling.features
        return references(windows, prepared.inputs, features)(predicted)
