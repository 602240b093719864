"""Forecaster: forecasts future rows with a pipeline of windows and a regressor."""

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
    """Forecast the next values of a series.

    `y` is the series itself: windows, targets and future inputs are built internally.
    `predict` forecasts rows after the last observed one, so that
    :class:`~sklearn.model_selection.TimeSeriesSplit`, searches and metrics work with a
    forecaster as with any other estimator.

    Parameters
    ----------
    estimator : Pipeline or None, default=None
        Optional scalers, a :class:`SequenceWindower` and a regressor. The scalers are
        also applied to the targets, which they must scale linearly. Forecasts are
        returned in the units of `y`. Regressors that do not read 3-D windows get flat
        ones. If a regressor does not support missing values, only windows without any
        are used for training. Windows that reach back before the start of their series
        are not used for training, unless all windows do so or the windower pads them
        with values. None uses three GRU networks with Ridge as their base; the window
        spans three or more horizons if the series is long enough.
    horizon : int, default=1
        Number of steps that are forecast at once. Further steps are forecast
        recursively.
    past_features : str, int, array-like or None, default=None
        Columns of X that are not known in advance, by name, or by position for arrays.
        They are used up to the last observed row. All other columns are treated as
        known in advance, like weekdays or prices, and are used up to the last step of
        the horizon.
    calibration_size : int, default=0
        Number of last rows of each series that are held out to calibrate intervals.
        The pipeline is then refitted on all rows.

    Attributes
    ----------
    estimator_ : Pipeline
        The fitted pipeline. Its regressor predicts the next `horizon` steps of all
        targets, scaled.
    n_features_in_ : int
        Number of columns of X seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Number of targets seen in `fit`.

    See Also
    --------
    backtest : Evaluates forecasts from many origins.
    SequenceWindower : Makes the windows.

    Notes
    -----
    The steps of the pipeline before the windower get a column for each target and then
    the columns of X. Columns that are known in advance are shifted back by `horizon`
    rows, so a window of at least `horizon` steps contains all future inputs.

    The regressor has `horizon` outputs for each target: the direct strategy of
    multi-step forecasting. A regressor that supports one output only is fitted once for
    each step.

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
            Routes parameters of `fit` to `estimator.fit`.
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
            regressor. With metadata routing, the parameters that the steps request.
            `sample_weight` has one weight for each row of `y`; a window gets the mean
            weight of its targets.

        Returns
        -------
        self : object
            The fitted forecaster.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described, X and y have different
            indices, `window_length` is shorter than `horizon` although inputs are known
            in advance, or there is nothing to train on.
        """
        with unchanged_on_error(self):
            targets, self._kind = read_targets(y)
            inputs = read_inputs(self, X, len(targets), reset=True)
            index = index_of_both(X, y)
            columns = columns_of(self._kind, X, inputs.shape[1], self.past_features)
            rows = joined(targets, inputs)
            timeline = timeline_of(index, "y" if X is None else "X")
            self._fitted = fit_rows(self, rows, timeline, columns, fit_params)
            self.estimator_ = self._fitted.model.pipeline
            self.n_outputs_ = targets.shape[1]
        return self

    def update(self, X, y):
        """Add observed rows; the next forecasts start after them.

        Nothing is trained. If intervals are calibrated, the errors of forecasts whose
        steps are now all observed replace the oldest ones.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or None
            Inputs of the rows, as in `fit`.
        y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            Observed values. A panel may contain new series. If `y` has no rows, nothing
            changes.

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
        inputs = read_inputs(self, X, len(targets), reset=False)
        index = index_of_both(X, y)
        rows = joined(targets, inputs)
        timeline = timeline_of(index, "y" if X is None else "X")
        self._fitted = self._fitted.updated(rows, timeline)
        return self

    def predict(self, X):
        """Forecast rows after the last observed one.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Inputs of the rows to forecast. Its index says which rows they are; there
            may be a gap before the first of them. Without an index, they start `gap`
            rows (of the windower) after the last observed row. A DataFrame without
            columns gives the times alone. Columns in `past_features` may be omitted
            from a DataFrame. Where X has no row, in a gap or after its end, the last
            given value of each input is used.

        Returns
        -------
        ndarray, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            Forecasts, of the same type as `y` in `fit`, with the index of X.

        Raises
        ------
        ValueError
            If X has other columns or another kind of index than in `fit`, or its rows
            are not later than those observed, or not consecutive.

        Warns
        -----
        MissingInputWarning
            If an input that is known in advance is missing.
        """
        return self._forecast(*future_rows(self, X))

    def forecast(self, steps, X=None):
        """Forecast the next rows of each series.

        Parameters
        ----------
        steps : int
            Number of steps to forecast.
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Inputs of these steps. Required if inputs are known in advance. It may have
            more rows than `steps`: inputs of later steps of the horizon are used too.

        Returns
        -------
        ndarray, Series or DataFrame of shape (steps,) or (steps, n_targets)
            Forecasts, of the same type as `y` in `fit`, with the index that follows
            the last observed row. For a panel, `steps` rows for each series.

        Raises
        ------
        ValueError
            If X lacks a row or a column.
        """
        return self._forecast(*next_rows(self, steps, X))

    def _forecast(self, future, timeline, index):
        forecasts = self._fitted.points(future, timeline)
        return self._kind.like(forecasts[..., 0], index)
