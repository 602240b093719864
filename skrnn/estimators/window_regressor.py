"""WindowRegressor: any regressor on windows, which are normalised and filled."""

import numpy as np
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils import get_tags

from skrnn._compat.sklearn import HasMethods, StrOptions
from skrnn.estimators.base import BaseWindowRegressor
from skrnn.estimators.preparation import (
    fit_to,
    in_parts,
    of_outputs,
    predict_by,
    prepare_base,
)


class WindowRegressor(BaseWindowRegressor):
    """Predict from windows that are normalised and filled, with any regressor.

    The regressor reads all steps of a window side by side. With `normalize`, it learns
    to predict changes, and so follows series to levels that it was not trained on,
    which trees, for example, cannot do otherwise.

    Parameters
    ----------
    regressor : regressor
        What reads the windows, such as `RidgeCV()`. If it supports one output only,
        each output gets a clone. It must support `sample_weight` if that is passed.
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
    base : regressor or None, default=None
        A regressor, such as `SeasonalNaiveRegressor(7)`. A clone is fitted first, to
        the same windows. `regressor` learns its residuals, and predictions are the sum
        of both. So Ridge with a large penalty predicts what the base does, not a
        constant.

    Attributes
    ----------
    base_ : regressor
        The fitted base. Only defined if `base` is not None.
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
    none, it is the mean of the feature over all steps of the training windows. Windows
    without any value are not used for training.

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
        **BaseWindowRegressor._parameter_constraints,
        "regressor": [HasMethods(["fit", "predict"])],
        "normalize": [StrOptions({"last", "standard"}), None],
        "base": [HasMethods(["fit", "predict"]), None],
    }

    def __init__(
        self,
        regressor,
        *,
        normalize=None,
        n_step_features=None,
        target_features=None,
        base=None,
    ):
        self.regressor = regressor
        self.normalize = normalize
        self.n_step_features = n_step_features
        self.target_features = target_features
        self.base = base

    def _fit(self, data):
        regressor = self.regressor
        if self.base is not None:
            parts = self.base, self.regressor
            regressor = _OfResiduals(*(of_outputs(each, data.y) for each in parts))
        self._prepared = prepare_base(
            data, regressor, self.normalize, self.target_features
        )
        fitted = self._prepared.base
        vars(self).pop("base_", None)  # of an earlier fit
        if self.base is not None:
            self.base_, fitted = fitted.base_, fitted.regressor_
        self.regressor_ = fitted

    def _predict(self, windows):
        return in_parts(self._predict_part, windows)

    def _predict_part(self, windows):
        """Return predictions (n_samples, n_outputs) for a few windows."""
        predicted = self._prepared.offset(windows)
        if not self._prepared.inputs.normalize:
            return predicted
        return self._prepared.references(windows)(predicted)


class _OfResiduals(RegressorMixin, BaseEstimator):
    """Adds the predictions of a base and those of a regressor of its residuals."""

    def __init__(self, base, regressor):
        self.base = base
        self.regressor = regressor

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        parts = [get_tags(part).input_tags for part in (self.base, self.regressor)]
        tags.input_tags.three_d_array = True
        tags.input_tags.allow_nan = all(part.allow_nan for part in parts)
        tags.target_tags.multi_output = True  # each part takes them as it can
        return tags

    def fit(self, windows, y, sample_weight=None):
        self.base_ = fit_to(windows, y, sample_weight, self.base, "base")
        y = y - np.reshape(predict_by(self.base_, windows), np.shape(y))
        self.regressor_ = fit_to(windows, y, sample_weight, self.regressor, "regressor")
        return self

    def predict(self, windows):
        predicted = predict_by(self.base_, windows)
        more = predict_by(self.regressor_, windows)
        return predicted + np.reshape(more, np.shape(predicted))
