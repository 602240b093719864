"""WindowRegressor: any regressor on windows, which are normalised and filled."""

from skrnn._compat.sklearn import HasMethods, StrOptions
from skrnn.estimators.base import BaseWindowRegressor
from skrnn.estimators.preparation import in_parts, prepare_bases


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
    Missing values are passed on if `regressor` and `base` support them. Otherwise, the
    last observed value of the feature in the window replaces a missing one. If there is
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
        bases = {"base": self.base, "regressor": self.regressor}
        if self.base is None:
            del bases["base"]
        self._prepared = prepare_bases(
            data, bases, self.normalize, self.target_features
        )
        vars(self).pop("base_", None)  # of an earlier fit
        for name, fitted in zip(bases, self._prepared.bases, strict=True):
            setattr(self, f"{name}_", fitted)

    def _predict(self, windows):
        return in_parts(self._predict_part, windows)

    def _predict_part(self, windows):
        """Return predictions (n_samples, n_outputs) for a few windows."""
        predicted = self._prepared.offset(windows)
        if not self._prepared.inputs.normalize:
            return predicted
        return self._prepared.references(windows)(predicted)
