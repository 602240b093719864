"""Forecaster: forecasts the next values of series with a regressor on windows."""

import warnings
from copy import copy
from dataclasses import replace
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn import get_config
from sklearn.base import BaseEstimator, RegressorMixin, clone
from sklearn.metrics import r2_score
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_random_state
from sklearn.utils.metadata_routing import (
    MetadataRouter,
    MethodMapping,
    process_routing,
)
from sklearn.utils.validation import (
    check_consistent_length,
    check_is_fitted,
    check_scalar,
)

from skrnn._compat.sklearn import (
    HasMethods,
    Interval,
    LinkedHTML,
    StrOptions,
    fit_context,
)
from skrnn._estimator import VersionedEstimator, unchanged_on_error
from skrnn._warnings import warn_user
from skrnn.exceptions import (
    MissingStepsWarning,
    NothingChosenWarning,
    RowsLeftOutWarning,
)
from skrnn.forecasting.ahead import named, read_ahead, read_next, window_frame
from skrnn.forecasting.choice import FEWEST_HORIZONS, choose, table_of
from skrnn.forecasting.conformal import (
    Calibration,
    check_available,
    column_labels,
    in_order,
)
from skrnn.forecasting.date_features import DateFeatures
from skrnn.forecasting.direct import (
    DirectModel,
    check_reads_windows,
    takes_missing_values,
)
from skrnn.forecasting.inputs import Inputs
from skrnn.forecasting.paths import sample_paths
from skrnn.forecasting.seasons import automatic_window_length, shortest_season
from skrnn.forecasting.target_transform import FEW_VALUES, TargetTransform
from skrnn.forecasting.validation import (
    check_differ_from_targets,
    check_window_length,
    index_of_both,
    params_of_rows,
    read_inputs,
    read_past_features,
    read_rows,
    read_targets,
    target_names,
)
from skrnn.metrics import ignore_missing
from skrnn.windows.timeline import index_of

_MOST_STEPS = 100_000  # that are forecast at once
_MOST_KEPT = 10_000  # rows of a series whose target transformers are fitted again


def _check_int(value, name, most=None):
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be an int. Got {value!r}.")
    check_scalar(value, name, Integral, min_val=1, max_val=most)


class Forecaster(RegressorMixin, VersionedEstimator, LinkedHTML, BaseEstimator):
    """Forecast the next values of one or many series.

    `y` is the series itself. The forecaster transforms it, cuts it into windows, and
    lets a regressor predict the next `horizon` values from each window. `predict`
    forecasts rows after the last observed one, so that
    :class:`~sklearn.model_selection.TimeSeriesSplit`, searches and metrics work with a
    forecaster as with any other estimator.

    Parameters
    ----------
    regressor : regressor or None, default=None
        What reads the windows: any regressor, a pipeline that ends in one, or a search
        or another meta-estimator around one. The regressors of skrnn get windows of
        shape (n_samples, `window_length`, n_columns), others a DataFrame with a column
        `<feature>_lag<k>` for each feature and step. If a regressor does not support
        missing values, only windows without any are used for training. None compares
        candidates by their errors on the last rows, as described in Notes.
    horizon : int, default=1
        Number of steps that are forecast at once. Further steps are forecast
        recursively.
    window_length : int or "auto", default="auto"
        Number of steps in a window. `"auto"` takes as many whole seasons as span three
        horizons and 24 steps, in at most a third of the longest series, or one season
        if two fit into it, and at least the horizon. See Notes.
    target_transformer : transformer, "auto" or None, default="auto"
        How targets are transformed before windows are made of them: any transformer
        that can be inverted and transforms each row by itself, such as
        `PowerTransformer()`, `FunctionTransformer(np.log1p, np.expm1)` or a pipeline of
        these. A clone is fitted to the values of each series and each target. `"auto"`
        stands for :class:`~sklearn.preprocessing.StandardScaler`, None for no
        transformation.
    input_transformer : transformer, "auto" or None, default="auto"
        How the columns of X are turned into numbers. A transformer, such as a
        :class:`~sklearn.compose.ColumnTransformer`, gets X as it is given to `fit`, and
        must transform each row by itself. `"auto"` standardises numbers, leaves
        booleans and columns of zeros and ones as they are, and encodes strings and
        categories as one column for each label, all zero for labels that are new after
        `fit`. None takes numbers as they are.
    freq : str, DateOffset or None, default=None
        The step of an index of datetimes or timedeltas, such as `"B"` for business
        days. None infers it from the rows: their shortest distance, or a step of the
        calendar that more of them follow.
    date_features : str, callable, list of these, "auto" or None, default=None
        Features of the time of each step, computed for past and future steps. A string
        is an attribute of the index, such as `"hour"`, `"month"` or `"is_month_end"`;
        those that repeat become a sine and a cosine. A function gets an index of times
        and returns a row for each, such as holidays, which may depend on its own time
        only. `"auto"` takes attributes that suit the step, and whose period fits into
        the rows of `fit` at least twice. With `regressor=None`, None leaves the choice
        to `fit`, and an empty list means no features.
    past_features : str, int, array-like or None, default=None
        Columns of X that are not known in advance, by name, or by position for arrays.
        They are used up to the row after which a forecast starts. All other columns are
        treated as known in advance, like weekdays or prices, and are used up to the
        last step of the horizon. A column that is made from both kinds counts as not
        known in advance.
    calibration_size : int, default=0
        Number of last rows of each series that are held out to calibrate intervals.
        The regressor is then fitted again on all rows.
    candidates : {"auto", "fast"}, default="auto"
        What is compared if `regressor` is None. `"fast"` takes Ridge, seasonal naive
        forecasts, one network, and with fewer than fifty horizons of rows exponential
        smoothing, all on the usual window.
    n_jobs : int or None, default=None
        Number of candidates to fit in parallel. None means 1 unless in a
        `joblib.parallel_config` context. The choice does not depend on it.
    verbose : int, default=0
        With 1, `fit` shows a bar while candidates are compared, and prints what it
        chose.

    Attributes
    ----------
    regressor_ : regressor
        The fitted regressor. It predicts the next `horizon` steps of all targets in
        transformed units, within a
        :class:`~sklearn.multioutput.MultiOutputRegressor` if it supports one output
        only.
    window_length_ : int
        The number of steps in a window.
    target_transformers_ : list of transformers
        The fitted target transformers. Those of scikit-learn that act on each column
        separately have a column for each of many series and targets.
    input_transformer_ : transformer or None
        The fitted input transformer; None if X has no columns.
    date_features_ : list of str or callable
        The features of dates that are used.
    candidates_ : DataFrame
        The candidates, the smallest error first: `name`, `normalize`, `window_length`,
        `date_features`, `logarithm`, mean absolute scaled `error`, `seconds`, and
        `params`, the parameters of a Forecaster. Defined if `regressor` is None.
    chosen_ : Forecaster
        The chosen candidate, not fitted. Defined if `regressor` is None.
    n_features_in_ : int
        Number of columns of X seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns seen in `fit`. Defined if all of them are strings.
    n_outputs_ : int
        Number of targets seen in `fit`.

    See Also
    --------
    backtest : Evaluates forecasts from many origins.
    skrnn.inspection.window_importance : Shows which features and lags it uses.
    SequenceWindower : Makes windows of rows, for pipelines with any target.

    Notes
    -----
    A step of a window has the targets, the transformed columns of X, and the features
    of dates. Columns that are known in advance are shifted back by `horizon` rows, so
    a window of at least `horizon` steps contains all future inputs: `price_lag0` is
    the price at the last step of the horizon. Windows that reach back before the start
    of their series are not used for training, unless all windows do so.

    Windows, training targets and errors are in transformed units, and forecasts and
    bounds are transformed back: with `np.log`, forecasts are positive, and intervals
    are wider above than below. A transformer must give back the values that it was
    fitted to. What is outside of its range, such as a bound below zero for square
    roots, is taken to be the nearest of these values. Unless there is no transformer,
    targets that have never changed are forecast by their only value. The transformers
    of series that are new, constant, or shorter than `window_length + horizon` rows in
    `fit` are fitted again by `update`, and the errors of their forecasts are not used
    for intervals.

    Where the last targets of a series are missing, at most ten times `window_length`
    steps, its forecasts start after the last row that has a target. The later rows are
    steps ahead: their inputs are used if they are known in advance.

    The regressor has `horizon` outputs for each target: the direct strategy of
    multi-step forecasting.

    Without a regressor, `fit` trains candidates on all but the last fifth of the rows
    (two horizons or more), and compares their forecasts from all origins in that fifth
    by mean absolute scaled errors: Ridge on several windows, with features of dates and
    a logarithm if they help, seasonal naive forecasts, exponential smoothing, networks
    and trees, as far as they suit the number of rows, and means of the best two or
    more. The largest of these means is chosen whose error is within 1 % of the smallest
    of all. With fewer than ten horizons of rows, the mean of exponential smoothing and
    Ridge is used. Parameters that are not None or `"auto"` are kept. `chosen_` is then
    fitted to all rows. "How the default chooses" in the user guide has all the rules.

    The seasons of `window_length="auto"`:

    ======================== ======================
    step of the index        season
    ======================== ======================
    up to 4 minutes          an hour
    up to 29 minutes         a day
    up to 12 hours           a week; a day if a week is too long
    day, business day        a week
    up to 27 days            52 weeks
    month, quarter           a year
    other, or no dates       none: whole horizons
    ======================== ======================

    Examples
    --------
    >>> from sklearn.linear_model import Ridge
    >>> from skrnn import Forecaster
    >>> from skrnn.datasets import load_co2
    >>> forecaster = Forecaster(Ridge(), horizon=13, calibration_size=104)
    >>> forecaster = forecaster.fit(y=load_co2()["1990":])
    >>> forecaster.window_length_
    52
    >>> forecaster.forecast(3).round(1)
    week
    2002-01-05    371.9
    2002-01-12    372.3
    2002-01-19    372.5
    Freq: W-SAT, Name: co2, dtype: float64
    >>> forecaster.forecast(3, coverage=0.8).round(1)
                 pred  lower_bound  upper_bound
    week
    2002-01-05  371.9        371.3        372.5
    2002-01-12  372.3        371.6        373.0
    2002-01-19  372.5        371.8        373.3
    """

    _parameter_constraints = {
        "regressor": [HasMethods(["fit", "predict"]), None],
        "horizon": [Interval(Integral, 1, None, closed="left")],
        "window_length": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
        ],
        "target_transformer": [
            HasMethods(["fit", "transform", "inverse_transform"]),
            StrOptions({"auto"}),
            None,
        ],
        "input_transformer": [
            HasMethods(["fit", "transform"]),
            StrOptions({"auto"}),
            None,
        ],
        "freq": [str, pd.offsets.BaseOffset, None],
        "date_features": [str, callable, list, tuple, None],
        "past_features": [str, Integral, "array-like", None],
        "calibration_size": [Interval(Integral, 0, None, closed="left")],
        "candidates": [StrOptions({"auto", "fast"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        regressor=None,
        *,
        horizon=1,
        window_length="auto",
        target_transformer="auto",
        input_transformer="auto",
        freq=None,
        date_features=None,
        past_features=None,
        calibration_size=0,
        candidates="auto",
        n_jobs=None,
        verbose=0,
    ):
        self.regressor = regressor
        self.horizon = horizon
        self.window_length = window_length
        self.target_transformer = target_transformer
        self.input_transformer = input_transformer
        self.freq = freq
        self.date_features = date_features
        self.past_features = past_features
        self.calibration_size = calibration_size
        self.candidates = candidates
        self.n_jobs = n_jobs
        self.verbose = verbose

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        regressor = self.regressor
        # otherwise None, or a mistake that `fit` names
        is_regressor = hasattr(regressor, "predict") and not isinstance(regressor, type)
        tags.input_tags.allow_nan = not is_regressor or takes_missing_values(regressor)
        tags.target_tags.multi_output = True
        tags.regressor_tags.poor_score = True  # it does not predict the rows of fit
        return tags

    def get_metadata_routing(self):
        """Return the routing of metadata.

        Returns
        -------
        MetadataRouter
            Routes parameters of `fit` to `regressor.fit`.
        """
        mapping = MethodMapping().add(caller="fit", callee="fit")
        router = MetadataRouter(owner=self)
        return router.add(regressor=self.regressor, method_mapping=mapping)

    def fit(self, X=None, y=None, **fit_params):
        """Train on series.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or None
            Inputs of each row, in time order. None, or no columns, if there are none.
        y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            The series to forecast, aligned with X. NaN marks a missing value. An index
            of times says which rows follow each other; with a (series, time)
            MultiIndex, one model is trained for all series of the panel.
        **fit_params : dict
            Passed to `fit` of the regressor. A `sample_weight` (or
            `<step>__sample_weight`) has one weight for each row of `y`; a window gets
            the mean weight of its targets. With metadata routing, only parameters that
            the regressor requests are passed.

        Returns
        -------
        self : object
            The fitted forecaster.

        Raises
        ------
        ValueError
            If a parameter or the data are not as described, X and y have different
            indices, `window_length` is shorter than `horizon` although inputs are known
            in advance, `target_transformer` has no exact inverse, a transformer makes a
            row depend on others, `X_val` or `y_val` is passed, or there is nothing to
            train on.

        Warns
        -----
        NothingChosenWarning
            If `regressor` is None, and there are too few rows to choose one by.
        RowsLeftOutWarning
            If more than half of the windows are not trained on, because they have a
            missing value and the regressor does not support that.
        """
        with unchanged_on_error(self):
            return self._fit_rows(self._read_first(X, y), fit_params)

    @fit_context(prefer_skip_nested_validation=False)
    def _read_first(self, X, y):
        """Return X and y of a fit as rows, after validating them and the parameters."""
        for name in ("horizon", "window_length", "calibration_size"):
            if isinstance(getattr(self, name), (bool, np.bool_)):
                raise TypeError(f"{name} must be an int. Got {getattr(self, name)!r}.")
        rows, self._format = read_rows(self, X, y)
        return rows

    def _fit_rows(self, rows, fit_params):
        """Fit to validated rows, and calibrate."""
        if {"X_val", "y_val"} & set(fit_params):
            raise ValueError(
                "A Forecaster takes no X_val and y_val. Pass all rows as X and y, and "
                "set early_stopping=True in the regressor, with validation_fraction "
                "for how many of the last windows to validate on."
            )
        if get_config()["enable_metadata_routing"] and self.regressor is not None:
            fit_params = process_routing(self, "fit", **fit_params).regressor.fit
        for name in ("_candidates", "chosen_"):  # of an earlier fit
            vars(self).pop(name, None)
        used = self if self.regressor is not None else self._choose(rows, fit_params)
        model = used._fit_model(rows, fit_params)
        self._calibration = used._calibrated(rows, fit_params, model)
        self._observed = self._kept(model.with_inputs(rows), model)
        self.n_outputs_ = rows.targets.shape[1]
        self._set_model(model)
        if self.regressor is None:
            self._warn_unless_compared(rows)
        return self

    def _choose(self, rows, fit_params):
        """Return a forecaster with the best candidate as its regressor."""
        others = set(fit_params) - {"sample_weight"}
        if others:
            raise ValueError(
                "With regressor=None, fit takes no parameters but sample_weight. Got "
                f"{sorted(others)}."
            )
        candidate, self._candidates = choose(self, rows, fit_params)
        self.chosen_ = clone(self).set_params(**candidate.params)
        return copy(self).set_params(**candidate.params)  # a copy keeps the format of y

    @property
    def candidates_(self):  # numpydoc ignore=RT01
        """The candidates that were compared, if `regressor` is None."""
        return table_of(self._candidates)  # skops cannot keep a DataFrame

    def _warn_unless_compared(self, rows):
        """Warn if there were too few rows to compare candidates."""
        if self.candidates_["error"].isna().all():
            warn_user(
                "Without a regressor, candidates are compared by their errors on the "
                f"last fifth of the rows, but of {rows.longest} rows these are too "
                f"few. It takes {FEWEST_HORIZONS} times horizon={self.horizon} known "
                "values that change, and enough before the last fifth for "
                "window_length and two horizons. The mean of exponential smoothing and "
                "Ridge is used. Pass more rows, lower horizon or window_length, or "
                "pass a regressor.",
                NothingChosenWarning,
            )

    def _set_model(self, model):
        self._model = model
        self.regressor_, self.window_length_ = model.regressor, model.window_length
        self.target_transformers_ = model.transform.transformers
        self.input_transformer_ = model.inputs.transformer
        self.date_features_ = model.dates.features

    def _fit_model(self, rows, fit_params, like=None):
        """Return a fitted model: y -> transformed -> grid -> windows -> regressor."""
        past = read_past_features(self.past_features, rows.X)
        inputs = Inputs.fit(self.input_transformer, rows.X, past, like and like.inputs)
        features, window_length = self.date_features, self.window_length
        if like is not None:  # what is chosen automatically is as in that model
            features, window_length = like.dates.features, like.window_length
        dates = DateFeatures.fit(features, rows.times)
        if isinstance(window_length, str):
            window_length = automatic_window_length(rows, self.horizon)
        transformer = self.target_transformer
        transform = TargetTransform.fit(
            StandardScaler() if isinstance(transformer, str) else transformer,
            rows,
            fewest_rows=window_length + self.horizon,
        )
        regressor = clone(self.regressor)
        names = target_names(self._format, rows.X, inputs.names)
        check_differ_from_targets(rows.X, past, rows.targets)
        model = DirectModel(
            regressor, transform, inputs, dates, names, window_length, self.horizon
        )
        check_window_length(model)
        check_reads_windows(regressor)
        grid, values = model.on_grid(model.with_inputs(rows), self.horizon)
        del rows  # freed before fitting
        return model.fit(grid, values, fit_params)

    def _calibrated(self, rows, fit_params, model):
        """Return the calibration of a model, by one without the last rows."""
        n_held_out = self.calibration_size
        if not n_held_out:
            return Calibration(None, quantile_levels=model.quantile_levels)
        if n_held_out < self.horizon:
            raise ValueError(
                f"calibration_size={n_held_out} is shorter than horizon={self.horizon},"
                " so no forecast lies within it. Set it to 0 or to a multiple of the "
                "horizon."
            )
        earlier = ~rows.are_last(n_held_out)
        if not earlier.any():
            raise ValueError(
                f"calibration_size={n_held_out} holds out all {len(rows)} rows. Set it "
                "lower."
            )
        params = params_of_rows(fit_params, earlier)
        try:
            with warnings.catch_warnings():  # the fit to all rows issues it
                warnings.simplefilter("ignore", RowsLeftOutWarning)
                earlier_model = self._fit_model(rows[earlier], params, like=model)
        except ValueError as error:
            raise ValueError(
                f"calibration_size={n_held_out} leaves {earlier.sum()} rows to train "
                f"on, which are too few: {error} Or set calibration_size lower."
            ) from error
        inputs = earlier_model.with_inputs(rows)
        grid, values = earlier_model.on_grid(inputs, self.horizon)
        errors, origins = earlier_model.errors_after(
            grid, values, rows, earlier, begin_later=True, units=model.transform
        )
        return Calibration(
            errors,
            rows.codes[origins],
            rows.steps[origins],
            season=shortest_season(rows, n_held_out),
            n_used=n_held_out - self.horizon + 1,
            quantile_levels=model.quantile_levels,
        ).in_use

    def _kept(self, rows, model):
        """Return the last rows, which forecasts and updates need."""
        is_provisional = model.transform.pairs["is_provisional"][rows.codes].any(axis=1)
        n_kept = model.n_steps_read + rows.late_steps(model.window_length)[rows.codes]
        n_again = np.maximum(_MOST_KEPT, n_kept)
        return rows.last(np.where(is_provisional, n_again, n_kept))

    def update(self, X=None, y=None):
        """Add observed rows; the next forecasts start after them.

        No regressor is trained. If intervals are calibrated, the errors of forecasts
        whose steps are now all observed replace the oldest ones, and the coverage that
        is used in place of the one asked for adapts to them, for each series and step
        ahead [1]_. Coverages other than 0.5, 0.8, 0.9, 0.95 and 0.99 are interpolated
        between these.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or None
            Inputs of the rows, as in `fit`.
        y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            Observed values. A panel may contain new series, which get target
            transformers of their own. If `y` has no rows, nothing changes.

        Returns
        -------
        self : object
            The forecaster.

        Raises
        ------
        ValueError
            If the data are not as in `fit`, or not later than the rows observed.

        References
        ----------
        .. [1] I. Gibbs and E. Candès, "Adaptive conformal inference under distribution
           shift", NeurIPS 2021.
        """
        check_is_fitted(self)
        if y is None or len(y):
            self._update_rows(self._read_later(X, y))
        return self

    def _read_later(self, X, y):
        """Return X and y as validated rows that follow those observed."""
        rows, target_format = read_rows(self, X, y, after=self._observed)
        if rows.targets.shape[1] != self.n_outputs_:
            raise ValueError(
                f"y has {rows.targets.shape[1]} targets, but {type(self).__name__} is "
                f"expecting {self.n_outputs_}."
            )
        self._format.check_same(target_format)
        return rows

    def _update_rows(self, rows):
        """Add validated rows to those observed."""
        model, n_old = self._model, len(self._observed)
        rows = self._observed.followed_by(model.with_inputs(rows))
        model = replace(model, transform=model.transform.updated(rows))
        # a ValueError for values that cannot be transformed
        new = rows.targets[n_old:], rows.codes[n_old:], rows.names
        model.transform.transform(*new)
        calibration = self._calibration
        if calibration.errors is not None:
            old = np.arange(len(rows)) < n_old
            grid, values = model.on_grid(rows, model.horizon)
            errors, origins = model.errors_after(grid, values, rows, old)
            codes, steps = rows.codes[origins], rows.steps[origins]
            calibration = calibration.followed_by(errors, codes, steps)
        self._observed, self._calibration = self._kept(rows, model), calibration
        self._set_model(model)

    def score(self, X, y, sample_weight=None):
        """Return the coefficient of determination of forecasts of rows.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Rows to forecast, as in `predict`.
        y : array-like, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            Observed values. Rows in which one of them is missing are left out.
        sample_weight : array-like of shape (n_rows,) or None, default=None
            Weights of the rows.

        Returns
        -------
        float
            :func:`~sklearn.metrics.r2_score`, which is 1 at best.
        """
        if X is not None:
            check_consistent_length(X, y)
        index = index_of_both(X, y)
        if index is not None and X is not None and index_of(X) is None:
            X = read_inputs(self, X, None, reset=False)
            X = pd.DataFrame(X).set_axis(index)
        if self.n_outputs_ > 1:
            self._format.check_same(read_targets(y)[1])
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        return ignore_missing(r2_score)(y, self.predict(X), **weights)

    def predict(self, X, *, coverage=None, quantiles=None):
        """Forecast rows after the last observed one.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features)
            Inputs of the rows to forecast. Its index says which rows they are; there
            may be a gap before the first of them. Without an index, they follow the
            last observed row. A DataFrame without columns gives the times alone.
            Columns in `past_features` may be omitted from a DataFrame. Where X has no
            row, in a gap, between two rows or after its end, the last given value of
            each input is used.
        coverage : float, list of float or None, default=None
            The share of values that should lie between the bounds of an interval, or
            several of them.
        quantiles : list of float or None, default=None
            Levels of quantiles to forecast.

        Returns
        -------
        ndarray, Series or DataFrame of shape (n_rows,) or (n_rows, n_targets)
            Forecasts, of the same type as `y` in `fit`, with the index of X. With
            `coverage`, a DataFrame with the columns `pred`, `lower_bound` and
            `upper_bound`; for a list of coverages, `pred` and a pair such as
            `lower_80` and `upper_80` for each. With `quantiles`, a DataFrame with a
            column for each level. If `y` is two-dimensional, these columns are below
            the names of the targets. For arrays, they are the last axis of an array.

        Raises
        ------
        ValueError
            If X has other columns or another kind of index than in `fit`, or its rows
            are not later than those observed. With `coverage` or `quantiles`, if each
            series has a row beyond the horizon, there are neither calibration nor
            quantiles to make them of, or these do not reach far enough.

        Warns
        -----
        MissingInputWarning
            If an input that is known in advance is missing, or a row between two
            others, or the rows end before the last step of the horizon.
        MissingStepsWarning
            If some forecasts or bounds are NaN; if a series was never observed, or, for
            intervals, has fewer than ten known values; or if the windows end with only
            some of several targets.
        LaterSeriesWarning
            If all rows are at or before the time of the last row observed of another
            series.

        Notes
        -----
        Bounds are made from the errors of calibration. For a regressor that predicts
        quantiles, they are calibrated quantiles; with `calibration_size=0`, they are
        the quantiles as predicted. `quantiles` interpolates between those that the
        regressor predicts; for other regressors, it adds quantiles of the errors of
        calibration to the forecast.
        """
        check_is_fitted(self)
        return self._forecast(read_ahead(self, X), coverage, quantiles)

    def forecast(self, steps, X=None, *, coverage=None, quantiles=None):
        """Forecast the next rows of each series.

        Parameters
        ----------
        steps : int
            Number of steps to forecast, at most 100,000.
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Inputs of these steps. Required if inputs are known in advance. It may have
            more rows than `steps`: inputs of later steps of the horizon are used too.
        coverage : float, list of float or None, default=None
            As in `predict`.
        quantiles : list of float or None, default=None
            As in `predict`.

        Returns
        -------
        ndarray, Series or DataFrame of shape (steps,) or (steps, n_targets)
            Forecasts as from `predict`, with the index that follows the last observed
            row. For a panel, `steps` rows for each series.

        Raises
        ------
        ValueError
            If X lacks a row or a column, and as in `predict`.
        """
        check_is_fitted(self)
        _check_int(steps, "steps", _MOST_STEPS)
        return self._forecast(read_next(self, int(steps), X), coverage, quantiles)

    def sample_paths(self, steps, X=None, *, n_paths=100, random_state=None):
        """Sample whole futures, for sums, peaks and other functions of several steps.

        A path is the forecast plus the errors at all steps of a forecast from one
        origin of the calibration. Its steps and targets therefore depend on each other
        as these errors do.

        Parameters
        ----------
        steps : int
            Number of steps of a path, at most 100,000.
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Inputs of these steps, as in `forecast`.
        n_paths : int, default=100
            Number of paths to draw for each series.
        random_state : int, RandomState instance or None, default=None
            Determines which errors are drawn. Pass an int for the same paths each time.

        Returns
        -------
        DataFrame of shape (steps, n_paths), or ndarray
            A column `path` for each path, and the index that `forecast` returns. If `y`
            is two-dimensional, the columns are below the names of the targets. For
            arrays, shape (steps, n_paths) or (steps, n_targets, n_paths).

        Raises
        ------
        ValueError
            If `calibration_size` is 0, or there are fewer than 9 origins whose errors
            are known at all steps of the horizon, and as in `forecast`.

        Warns
        -----
        MissingStepsWarning
            As in `forecast`.

        See Also
        --------
        forecast : Forecasts, and bounds of each step on its own.

        Notes
        -----
        Errors are drawn from origins of the same series, at least 90 of them if there
        are as many, those that are nearest in the season. A series with fewer than 9
        origins draws from those of all series. Each origin is drawn about as often as
        others. Paths of the same number have errors of as many steps ago in all series
        of a panel that have these, so that they may be added over series.

        Steps after the horizon are simulated: each path is forecast from its own past,
        and gets new errors for each block of `horizon` steps.

        If the regressor predicts quantiles, a path is at the same place among the
        quantiles of each step as the observation was among those forecast from its
        origin, and beyond the outermost quantile, at the same distance from it. This
        is an empirical copula as in [1]_ and [2]_, with probabilities in place of
        ranks.

        References
        ----------
        .. [1] M. Clark et al., "The Schaake shuffle: a method for reconstructing
           space-time variability in forecasted precipitation and temperature fields",
           Journal of Hydrometeorology 5, 2004.
        .. [2] R. Schefzik, T. L. Thorarinsdottir and T. Gneiting, "Uncertainty
           quantification in complex simulation models using ensemble copula coupling",
           Statistical Science 28, 2013.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from skrnn import Forecaster
        >>> from skrnn.datasets import load_co2
        >>> forecaster = Forecaster(Ridge(), horizon=13, calibration_size=104)
        >>> forecaster = forecaster.fit(y=load_co2()["1990":])
        >>> paths = forecaster.sample_paths(13, n_paths=200, random_state=0)
        >>> paths.shape
        (13, 200)
        >>> paths.max().quantile([0.1, 0.9]).round(1).tolist()
        [373.7, 374.5]
        """
        check_is_fitted(self)
        _check_int(steps, "steps", _MOST_STEPS)
        _check_int(n_paths, "n_paths")
        calibration = self._calibration
        if calibration.errors is None:
            raise ValueError(
                "sample_paths draws from the errors of calibration, but the forecaster "
                "was fitted with calibration_size=0. Set it to a number of rows."
            )
        self._check_calibration()
        ahead, rng = read_next(self, int(steps), X), check_random_state(random_state)
        model = self._model_of(len(ahead.is_new))
        z = sample_paths(model, calibration.in_use, ahead, n_paths, rng)
        paths = model.transform.inverse(z, ahead.codes)
        self._check_missing(paths, ahead)
        self._warn_of_few_values(self._short_series(paths, ahead))
        columns = pd.RangeIndex(n_paths, name="path")
        return self._format.like(paths, ahead.index, columns)

    def windows(self, X=None):
        """Return what the regressor reads to forecast the next `horizon` steps.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), default=None
            Inputs of these steps, as in `forecast`.

        Returns
        -------
        DataFrame of shape (n_steps, n_columns)
            The window: targets, inputs and features of dates, in transformed units. The
            index is the time of each step, or its row number if `y` had no index. For a
            panel, the index is (series, time), with a window for each series.

        Raises
        ------
        ValueError
            As in `forecast`.

        See Also
        --------
        forecast : Forecasts from these windows.

        Notes
        -----
        Each value stands at its own time. Targets and inputs that are not known in
        advance are read up to the last row that has a target. Columns that are known in
        advance are read up to the last step of the horizon: the regressor gets them
        shifted back by `horizon` steps. What the window does not contain is NaN, and
        steps before its first row that was observed are left out.

        Examples
        --------
        >>> from sklearn.linear_model import Ridge
        >>> from skrnn import Forecaster
        >>> from skrnn.datasets import load_co2
        >>> forecaster = Forecaster(
        ...     Ridge(), horizon=2, window_length=4, date_features="month"
        ... )
        >>> forecaster.fit(y=load_co2()["1990":]).windows().round(2)
                     co2  month_sin  month_cos
        week
        2001-12-08  1.49        NaN        NaN
        2001-12-15  1.56        NaN        NaN
        2001-12-22  1.58       -0.7       1.23
        2001-12-29  1.61       -0.7       1.23
        2002-01-05   NaN        0.0       1.42
        2002-01-12   NaN        0.0       1.42
        """
        check_is_fitted(self)
        ahead = read_next(self, self._model.horizon, X)
        return window_frame(self._model, ahead)

    def _forecast(self, ahead, coverage, quantiles):
        """Return forecasts of rows ahead like the targets of fit."""
        labels, is_near = column_labels(coverage, quantiles), True
        if labels is not None:
            calibrated = self._calibration.errors is not None
            has_quantiles = self._model.quantile_levels is not None
            check_available(calibrated, has_quantiles, coverage)
            is_near = ahead.leads <= self._model.horizon
            self._check_leads(ahead, is_near)
            self._check_calibration()
        values = self._values(ahead, coverage, quantiles)
        self._check_missing(values, ahead, is_near)
        if labels is not None:
            self._warn_of_few_values(self._short_series(values, ahead))
        return self._format.like(values, ahead.index, labels)

    def _check_leads(self, ahead, is_near):
        """Warn of series whose bounds are NaN, or raise a ValueError if all are."""
        far = np.unique(ahead.codes[~is_near])
        if not len(far):
            return
        message = (
            f"Intervals and quantiles are forecast up to horizon={self._model.horizon} "
            f"steps ahead, but some rows are up to {ahead.leads.max()} steps after the "
            "last known target. Forecast fewer rows, or set a larger horizon."
        )
        if len(far) == len(np.unique(ahead.codes)):
            raise ValueError(message)
        names = ahead.observed.names[far].tolist()
        which = f"Some intervals or quantiles are NaN, of series {names}"
        warn_user(f"{which}. {message}", MissingStepsWarning)

    def _check_missing(self, values, ahead, is_near=True):
        """Warn of forecasts that are NaN, or raise a ValueError if all are."""
        missing = np.isnan(values).any(axis=(1, 2))
        missing &= is_near & ~ahead.is_new[ahead.codes]  # warned of otherwise
        if takes_missing_values(self.regressor_):
            self._warn_of_partly_late(ahead)
        elif missing.any():
            row = int(np.argmax(missing))
            name = f"row {row}" if ahead.index is None else named(ahead.index[row])
            message = (
                f"{type(self.regressor_).__name__} does not support missing values, "
                f"but the window for the forecast of {name} has some: there are fewer "
                f"than window_length={self.window_length_} rows, or a timestamp, a "
                "target or an input is missing. Let the regressor be a pipeline that "
                "starts with an imputer, or use one that supports missing values."
            )
            if missing.all():
                raise ValueError(message)
            which = f"{missing.sum()} of {len(missing)} forecasts are NaN"
            if ahead.observed.names is not None:
                codes = np.unique(ahead.codes[missing])
                which += f", of series {ahead.observed.names[codes].tolist()}"
            warn_user(f"{which}. {message}", MissingStepsWarning)

    def _warn_of_partly_late(self, ahead):
        """Warn of windows whose last row has only some of the targets."""
        rows = ahead.observed
        known = ~np.isnan(rows.targets)
        last = rows.are_last(1) & np.isin(rows.codes, ahead.codes) & known.any(axis=1)
        if known[last].all():
            return
        usual = pd.DataFrame(known).groupby(rows.codes).transform("mean") >= 0.5
        lacks = (usual & ~known)[last].any()
        if lacks.any():
            names = [self._format.labels[k] for k in np.flatnonzero(lacks)]
            warn_user(
                f"The last values of {names} are missing, but not those of the other "
                "targets, so the windows of all targets end with missing values, which "
                "can make forecasts much worse. To forecast from the last row whose "
                "targets are all known, let the other targets after it be NaN.",
                MissingStepsWarning,
            )

    def _check_calibration(self):
        """Raise a ValueError if nothing is known of the errors of a target."""
        transform, errors = self._model.transform, self._calibration.errors
        if errors is None:
            return
        unknown = np.isnan(errors).all(axis=(0, 1, 3))
        changes = np.isnan(transform.pairs["constant"]).any(axis=0)
        if (changes & unknown).any():
            raise ValueError(
                f"calibration_size={self.calibration_size} yields the error of no "
                "forecast. Errors need series with window_length + horizon = "
                f"{self._model.n_steps_read} rows before those held out, whose values "
                "are not all the same, and observed values. Set a smaller "
                "window_length, or pass more rows."
            )

    def _short_series(self, values, ahead):
        """Return forecast series whose transformers were fitted to few values."""
        n_known = self._observed.n_known()
        is_short = self._model.transform.pairs["is_provisional"]
        is_short = is_short & (n_known > 0) & (n_known < FEW_VALUES)
        is_known = ~np.isnan(values).any(axis=(1, 2))
        return np.intersect1d(*np.nonzero(is_short)[:1], ahead.codes[is_known])

    def _warn_of_few_values(self, short):
        """Warn of series whose intervals may be too narrow."""
        if len(short) and self._observed.names is not None:
            warn_user(
                f"Series {self._observed.names[short].tolist()} have fewer than "
                f"{FEW_VALUES} known values, which say little about how much a series "
                "varies, so their intervals may be much too narrow. Pass more rows of "
                "them to `update`.",
                MissingStepsWarning,
            )

    def _values(self, ahead, coverage, quantiles):
        """Return forecasts (n_rows, n_targets, n_columns); NaN where there is none."""
        leads, codes = ahead.leads, ahead.codes
        model = self._model_of(len(ahead.is_new))
        origins = ahead.observed.last_steps[codes]
        points = model.forecast_ahead(ahead)
        if coverage is None and quantiles is None:
            return model.transform.inverse(points, codes)
        forecasts = points
        if model.quantile_levels is not None:
            forecasts = model.forecast_ahead(ahead, quantiles=True)
        wanted = np.array([np.minimum(leads, model.horizon), codes, origins])
        if quantiles is None:
            z = self._calibration.intervals(points, forecasts, wanted, coverage)
            z[leads > model.horizon, :, 1:] = np.nan
        else:
            falls = model.transform.falls(codes)
            z = self._calibration.quantiles(forecasts, wanted, falls, quantiles)
            z[leads > model.horizon] = np.nan
        return in_order(model.transform.inverse(z, codes), coverage, quantiles)

    def _model_of(self, n_series):
        """Return the model, with transformers of series without known targets."""
        model, grown = self._model, self._model.transform.with_new(n_series)
        return model if grown is model.transform else replace(model, transform=grown)
