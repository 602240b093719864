"""Forecaster: a pipeline of windows and a regressor to a forecast of future rows."""

from numbers import Integral

from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping
from sklearn.utils.validation import check_is_fitted

from skrnn._compat.sklearn import HasMethods, Interval, LinkedHTML, fit_context
from skrnn._estimator import VersionedEstimator, unchanged_on_error
from skrnn.forecasting.default import default_pipeline
from skrnn.forecasting.fitting import fit_rows
from skrnn.forecasting.given import future_rows, next_rows
from skrnn.forecasting.interval_methods import ForecastsIntervals
from skrnn.forecasting.pipelines import takes_missing_values
from skrnn.forecasting.rows import (
    columns_of,
    index_of_both,
    joined,
    read_inputs,
    read_targets,
    timeline_of,
)


class Forecaster(
    RegressorMixin,
    ForecastsIntervals,
    VersionedEstimator,
    LinkedHTML,
    BaseEstimator,
):
    """Forecast the rows that come after a series.

    `y` is the series itself, so nothing has to be shifted: the windows of its past, the
    targets 1 to `horizon` steps ahead and the inputs of those steps are made inside.
    `predict` forecasts rows that follow the last one observed, so that folds of
    :class:`~sklearn.model_selection.TimeSeriesSplit`, searches and metrics apply to a
    forecaster as they are.

    Parameters
    ----------
    estimator : Pipeline or None, default=None
        Steps that scale rows, if any, a :class:`SequenceWindower` and a regressor, of
        this package or of scikit-learn. The scaling must be linear; it is applied to
        the targets too, and forecasts are returned in the units of `y`. Regressors
        that do not read steps get flat windows, and if they take no missing values,
        only windows without any are used for training. None is a GRU network on
        windows of at least three horizons, if there are rows for it, with Ridge as
        its base.
    horizon : int, default=1
        How many steps ahead are forecast at once. For more steps, forecasts are fed
        back as if they had been observed.
    past_features : str, int, array-like or None, default=None
        Columns of X that are not known ahead of time, by name, or by position for
        arrays. They are used up to the last row observed. All other columns are known
        ahead, as weekdays and prices are, and are used up to the row to forecast.
    calibration_size : int, default=0
        How many rows at the end of `fit`, of each series, are kept back to measure
        the errors that intervals are made of. The pipeline is then fitted again on
        all rows.

    Attributes
    ----------
    estimator_ : Pipeline
        The fitted pipeline. Its regressor predicts from a window all targets of the
        next `horizon` steps, in the units that its scaler makes.
    n_features_in_ : int
        Columns of X seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Targets seen in `fit`.

    See Also
    --------
    backtest : Forecasts from many origins, to see how good they are.
    SequenceWindower : Makes the windows.

    Notes
    -----
    The steps of the pipeline before the windower get a column for each target and then
    those of X. A column that is known ahead is shifted: a row has its value `horizon`
    steps later. So a window holds the inputs of all steps to forecast, if it is at
    least as long as the horizon.

    All steps are forecast at once by a regressor with `horizon` outputs for each
    target, the direct strategy of multi-step forecasting.

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.pipeline import make_pipeline
    >>> from skrnn import Forecaster, SequenceWindower
    >>> from skrnn.datasets import load_co2
    >>> co2 = load_co2()["1990":]
    >>> pipeline = make_pipeline(SequenceWindower(window_length=104), Ridge())
    >>> forecaster = Forecaster(pipeline, horizon=13, calibration_size=104)
    >>> forecaster = forecaster.fit(None, co2)
    >>> forecaster.forecast(3).round(1)
    week
    2002-01-05    371.5
    2002-01-12    371.9
    2002-01-19    372.2
    Freq: 7D, Name: co2, dtype: float64
    >>> forecaster.forecast_interval(3, coverage=0.8).round(1)
                 pred  lower_bound  upper_bound
    week
    2002-01-05  371.5        371.0        372.1
    2002-01-12  371.9        371.2        372.6
    2002-01-19  372.2        371.5        373.0
    """

    _parameter_constraints = {
        "estimator": [HasMethods(["fit", "predict"]), None],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "past_features": [str, Integral, "array-like", None],
        "calibration_size": [Interval(Integral, 0, None, closed="left")],
    }

    def __init__(
        self, estimator=None, *, horizon=1, past_features=None, calibration_size=0
    ):
        self.estimator = estimator
        self.horizon = horizon
        self.past_features = past_features
        self.calibration_size = calibration_size

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = takes_missing_values(self.estimator)
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # it does not predict the rows of fit
        return tags

    def get_metadata_routing(self):
        """Return the routing of metadata.

        Returns
        -------
        MetadataRouter
            What `fit` gets besides the data goes to the `fit` of `estimator`.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        estimator = self.estimator
        if estimator is None:
            estimator = default_pipeline(self.horizon, n_rows=0)
        router = MetadataRouter(owner=self)
        return router.add(estimator=estimator, method_mapping=mapping)

    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **fit_params):
        """Train on a series.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or None
            Inputs of each row, in time order. None, or no columns, if there are none.
        y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            The series to forecast, aligned with X. NaN marks a missing value. An index
            of times says which rows follow each other; with a (series, time)
            MultiIndex, one model is trained for all series of the panel.
        **fit_params : dict
            For steps of the pipeline: `<step>__<parameter>`, or a parameter of the
            regressor. With metadata routing, what the steps request. A
            `sample_weight` has a value for each row, and weighs it as a target.

        Returns
        -------
        self : object
            The fitted forecaster.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described, X and y have different
            indices, the window does not hold the inputs of all steps, or there is
            nothing to train on.
        """
        with unchanged_on_error(self):
            targets, self._kind = read_targets(y)
            index = index_of_both(X, y)
            inputs = read_inputs(self, X, len(targets), reset=True)
            columns = columns_of(self._kind, X, inputs.shape[1], self.past_features)
            rows = joined(targets, inputs)
            timeline = timeline_of(index, "y" if X is None else "X")
            self._fitted = fit_rows(self, rows, timeline, columns, fit_params)
            self.estimator_ = self._fitted.model.pipeline
            self.n_outputs_ = targets.shape[1]
        return self

    def update(self, X, y):
        """Observe rows, so that the next forecasts start after them.

        Nothing is trained. With a calibration, the errors of forecasts whose steps
        are all observed now take the place of the oldest ones.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or None
            Inputs of the rows, as in `fit`.
        y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            What was observed. In a panel, series may be new.

        Returns
        -------
        self : object
            The forecaster.

        Raises
        ------
        ValueError
            If the data are not as in `fit`, or not later than the rows observed.
        """
        check_is_fitted(self)
        if y is not None and len(y) == 0:
            return self
        targets, kind = read_targets(y)
        if targets.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {targets.shape[1]} targets, but {type(self).__name__} is "
                f"expecting {self.n_outputs_}."
            )
        self._kind.check_same(kind)
        index = index_of_both(X, y)
        inputs = read_inputs(self, X, len(targets), reset=False)
        rows = joined(targets, inputs)
        timeline = timeline_of(index, "y" if X is None else "X")
        self._fitted = self._fitted.updated(rows, timeline)
        return self

    def predict(self, X):
        """Forecast rows that come after the last one observed.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Inputs of the rows to forecast. Its index says which rows they are; there
            may be a gap before the first of them. Without an index they follow the
            last row observed, after as many rows as `gap` of the windower says. A
            DataFrame without columns gives the times alone. A DataFrame may lack
            columns of `past_features`, which are not used. Inputs of rows in a gap,
            and of steps after the last row of X, are taken to keep the value of the
            row before.

        Returns
        -------
        ndarray, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            Forecasts, of the kind that `y` was in `fit`, with the index of X.

        Raises
        ------
        ValueError
            If X has other columns or another kind of index than in `fit`, or its rows
            are not later than those observed, or not consecutive.

        Warns
        -----
        MissingInputWarning
            If an input that is known ahead is missing.
        """
        return self._forecast(*future_rows(self, X))

    def forecast(self, steps, X=None):
        """Forecast the next rows, of each series.

        Parameters
        ----------
        steps : int
            How many.
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Their inputs, if there are any that are known ahead. It may have more rows
            than `steps`: inputs of later steps of the horizon are used as well.

        Returns
        -------
        ndarray, Series or DataFrame of shape (steps,) or (steps, n_targets)
            Forecasts, of the kind that `y` was in `fit`, with the index that follows
            the last row observed. Of a panel, `steps` rows for each series.

        Raises
        ------
        ValueError
            If X lacks a row or a column.
        """
        return self._forecast(*next_rows(self, steps, X))

    def _forecast(self, future, timeline, index):
        forecasts = self._fitted.points(future, timeline)
        return self._kind.like(forecasts[..., 0], index)
