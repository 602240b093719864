"""Permutation importance of the features and lags that a fitted model reads."""

import warnings
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, replace
from itertools import product
from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.metrics import check_scoring
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.utils import (
    Bunch,
    check_consistent_length,
    check_random_state,
    check_scalar,
)
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from skrnn._compat.sklearn import check_feature_names_in
from skrnn._estimator import floats_of, nested
from skrnn.estimators.validation import series_codes
from skrnn.exceptions import SkrnnWarning
from skrnn.forecasting.forecaster import Forecaster
from skrnn.windows.layout import WindowLayout, lags_of_names
from skrnn.windows.windower import SequenceWindower

__all__ = ["window_importance"]


def window_importance(
    estimator,
    X,
    y,
    *,
    by="feature",
    n_repeats=5,
    scoring=None,
    random_state=None,
    n_jobs=None,
):
    """Permutation importance of the features and lags of windows.

    The values of a feature, of a lag, or of both are shuffled among the windows, and
    the importance is the decrease of the score [1]_. It says how much a fitted model
    relies on them. Use rows that the model was not fitted on.

    Parameters
    ----------
    estimator : estimator
        A fitted regressor on windows, a pipeline that makes windows of rows by a
        :class:`~skrnn.SequenceWindower`, a search or a TransformedTargetRegressor
        around one, or a fitted :class:`~skrnn.Forecaster`.
    X : array-like or DataFrame, or None
        For a regressor, windows as in its `fit`: of shape (n_samples, n_timesteps,
        n_features), or flat with columns named `<feature>_lag<k>`. For a pipeline, rows
        of shape (n_rows, n_features). Their windows are permuted, not the rows. For a
        forecaster, the inputs of the rows of `y`, None if it has none.
    y : array-like, Series or DataFrame
        The targets of X, of shape (n_samples,) or (n_samples, n_outputs). Samples with
        a missing target are left out. For a forecaster, rows that follow those
        observed, as in :meth:`skrnn.Forecaster.update`.
    by : {"feature", "lag", "both"}, default="feature"
        What is permuted together: all lags of a feature, which keeps its course within
        a window; all features of a lag; or one lag of one feature. If a network reads
        segments of steps (`segment_length`), they take the place of lags.
    n_repeats : int, default=5
        Number of permutations.
    scoring : str, callable or None, default=None
        The name of a scikit-learn scorer, or a function of (estimator, windows, y) that
        returns a number, the larger the better. None uses the method `score`, and for a
        forecaster `"neg_mean_absolute_error"` of its transformed targets. See Notes.
    random_state : int, RandomState instance or None, default=None
        Determines the permutations, which are the same for each feature and lag.
    n_jobs : int or None, default=None
        Number of features or lags to compute in parallel. None means 1 unless in a
        `joblib.parallel_config` context. The permutations do not depend on it.

    Returns
    -------
    Bunch
        With these attributes:

        importances : ndarray of shape (n_features, n_repeats), (n_lags, n_repeats) or \
                (n_features, n_lags, n_repeats)
            The decrease of the score in each repetition, in the units of the score.
            NaN if a feature has no value at a lag.
        importances_mean : ndarray of shape (n_features,), (n_lags,) or \
                (n_features, n_lags)
            The mean of the repetitions.
        importances_std : ndarray of the same shape
            Their standard deviation.
        features : list of str
            The names of the features. Absent with `by="lag"`.
        lags : list of str
            `"lag<k>"`, the oldest first, or `"lag<k>-<j>"` for segments. A lag is
            counted from the last row of the window, which for a forecaster is the last
            row observed. Its inputs and features of dates that are known in advance
            also have values h steps later, `"lead<h>"`. Absent with `by="feature"`.

    Raises
    ------
    ValueError
        If a parameter is out of its range, the data are not as described, or a
        forecaster cannot forecast any of the rows.

    See Also
    --------
    skrnn.ImportanceDisplay : Draws the result.
    sklearn.inspection.permutation_importance : Permutes columns of any estimator.

    Notes
    -----
    In a panel, windows are permuted within each series, so that differences between
    series do not count. The series are taken from a (series, time) index of X or `y`,
    or from the windows of a :class:`~skrnn.SequenceWindower`.

    The regressor of a forecaster is scored on the windows of all origins from the last
    row observed to `horizon` rows before the end of `y`. Targets are in transformed
    units, by default standard deviations of their series, so that all series count
    alike. Origins whose next `horizon` targets are not all known are left out. So are,
    unless `target_transformer=None`, series that were not in `fit`, or were constant or
    too short to fit their target transformer. `price` at `lead<h>` is the column
    `price_lag<horizon - h>` of the regressor.

    If neighbouring lags are alike, each of them can seem unimportant because the model
    relies on all of them a little, or because permuting one of them makes windows
    unlike any in training [2]_. `by="feature"`, or longer segments, is then more
    reliable than `by="both"`. Features that carry the same information, such as a
    season and features of dates, are subject to the same errors.

    One copy of the windows is in memory at a time for each job.

    References
    ----------
    .. [1] Breiman, L. (2001). Random forests. Machine Learning, 45(1), 5-32.
    .. [2] Hooker, G., Mentch, L. and Zhou, S. (2021). Unrestricted permutation forces
       extrapolation: variable importance requires at least one more model, or there is
       no free variable importance. Statistics and Computing, 31, 82.

    Examples
    --------
    The target is the value of the second feature, two steps before:

    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skrnn import WindowRegressor
    >>> from skrnn.inspection import window_importance
    >>> X = np.random.RandomState(0).normal(size=(200, 4, 2))
    >>> y = X[:, 1, 1]
    >>> model = WindowRegressor(LinearRegression()).fit(X, y)
    >>> result = window_importance(model, X, y, by="both", random_state=0)
    >>> result.features, result.lags
    (['x0', 'x1'], ['lag3', 'lag2', 'lag1', 'lag0'])
    >>> result.importances_mean.round(1) + 0.0
    array([[0., 0., 0., 0.],
           [0., 2., 0., 0.]])
    """
    _check(by, n_repeats, scoring)
    inner = getattr(estimator, "best_estimator_", estimator)
    if isinstance(inner, Forecaster):
        data = _of_forecaster(inner, X, y)
        scoring = scoring or "neg_mean_absolute_error"
    else:
        data = _of_regressor(estimator, X, y)
    names, groups = data.groups(by)
    scorer = check_scoring(data.estimator, scoring=scoring)
    orders = _orders(data.codes, n_repeats, random_state)
    baseline = data.score(scorer, data.values.copy())  # laid out like a permuted copy
    decreases = Parallel(n_jobs=n_jobs)(
        delayed(_decreases)(data, scorer, baseline, group, orders) for group in groups
    )
    importances = np.reshape(decreases, (*map(len, names.values()), n_repeats))
    return Bunch(
        importances_mean=importances.mean(axis=-1),
        importances_std=importances.std(axis=-1),
        importances=importances,
        **names,
    )


def _check(by, n_repeats, scoring):
    if by not in ("feature", "lag", "both"):
        raise ValueError(f"by must be 'feature', 'lag' or 'both'. Got {by!r}.")
    check_scalar(n_repeats, "n_repeats", Integral, min_val=1)
    if not (scoring is None or isinstance(scoring, str) or callable(scoring)):
        raise ValueError(
            "scoring must be the name of one scikit-learn scorer, a function of "
            f"(estimator, windows, y), or None. Got {scoring!r}."
        )


@dataclass(frozen=True)
class _Data:
    """Windows, their targets, and the estimator that reads them."""

    estimator: object
    values: np.ndarray  # (n_samples, n_timesteps, n_features) or (n_samples, n_columns)
    columns: object  # names, if the estimator reads a DataFrame
    y: np.ndarray  # (n_samples,) or (n_samples, n_outputs)
    codes: np.ndarray  # (n_samples,), the number of the series
    # the names of "features" and of "lags", and the number of that of each value
    axes: dict

    def groups(self, by):
        """Return names by axis, and which values of a window are permuted together."""
        axes = self.axes if by == "both" else {f"{by}s": self.axes[f"{by}s"]}
        names = {axis: of_axis for axis, (of_axis, _) in axes.items()}
        masks = [[of == k for k in range(len(n))] for n, of in axes.values()]
        return names, [np.logical_and.reduce(each) for each in product(*masks)]

    def score(self, scorer, values):
        """Return the score of the estimator for windows."""
        if self.columns is not None:
            values = pd.DataFrame(values, columns=self.columns, copy=False)
        return scorer(self.estimator, values, self.y)


def _lags(estimator, step_of):
    """Return the names of lags or segments, and the number of that of each value."""
    length = max(getattr(each, "segment_length", 1) for each in nested(estimator))
    segments, lag_of = np.unique(-(-step_of // length), return_inverse=True)
    return [_lag_name(step_of[lag_of == k]) for k in range(len(segments))], lag_of


def _lag_name(steps):
    """Return the name of one or more steps."""
    first, last = steps.min(), steps.max()
    kind, sign = ("lead", 1) if last > 0 else ("lag", -1)
    return f"{kind}{sign * first}" + (f"-{sign * last}" if first < last else "")


def _orders(codes, n_repeats, random_state):
    """Return permutations (n_repeats, n_samples) within each series."""
    if np.bincount(codes).max() < 2:
        raise ValueError(
            "Windows are permuted within each series, but no series has more than one. "
            f"Got {len(codes)} in all. Pass more rows: for a Forecaster, more than "
            "horizon of a series."
        )
    rng = check_random_state(random_state)
    by_series = np.argsort(codes, kind="stable")
    orders = np.empty((n_repeats, len(codes)), dtype=np.intp)
    for order in orders:
        shuffled = rng.permutation(len(codes))
        order[by_series] = shuffled[np.argsort(codes[shuffled], kind="stable")]
    return orders


def _decreases(data, scorer, baseline, chosen, orders):
    """Return the decreases of the score by permutations of chosen values of windows."""
    decreases = np.zeros(len(orders))
    places = np.argwhere(chosen.reshape(data.values.shape[1:]))
    columns = [(slice(None), *place) for place in places]
    if not columns:
        return np.full_like(decreases, np.nan)
    permuted = data.values.copy()
    for repeat, order in enumerate(orders):
        is_same = True
        for column in columns:  # one by one, to save memory
            given = data.values[column]
            permuted[column] = given[order]
            is_same &= np.array_equal(permuted[column], given, equal_nan=True)
        if is_same:
            continue  # also if predictions are not reproducible to the last bit
        with warnings.catch_warnings():  # the score of the windows as given issues them
            warnings.simplefilter("ignore", SkrnnWarning)
            decreases[repeat] = baseline - data.score(scorer, permuted)
    return decreases


def _of_regressor(estimator, X, y):
    """Return the data of a regressor on windows, or of a pipeline that makes them."""
    windower, reader = _split(estimator)
    if windower is None:
        return _of_windows(estimator, X, y)
    return _of_windows(reader, windower.transform(X), y, names=_names(windower))


def _split(estimator):
    """Return the steps that make windows of rows, or None, and what reads windows."""
    steps = _steps(estimator)
    for number, step in enumerate(steps, 1):
        if isinstance(step, SequenceWindower):
            return make_pipeline(*steps[:number]), make_pipeline(*steps[number:])
    for name in ("best_estimator_", "regressor_"):
        if hasattr(steps[-1], name):
            windower, inner = _split(getattr(steps[-1], name))
            if windower is not None:
                reader = copy(steps[-1])
                setattr(reader, name, inner)
                return make_pipeline(*steps[:-1], *windower), reader
    return None, estimator


def _steps(estimator):
    """Return the steps of a pipeline and of those in it, or the estimator alone."""
    if not isinstance(estimator, Pipeline):
        return [estimator]
    return [inner for step in estimator for inner in _steps(step)]


def _names(steps):
    """Return the names of the features in the windows that a pipeline makes."""
    windower, names = steps[-1], None
    if len(steps) > 1 and not hasattr(windower, "feature_names_in_"):
        with suppress(AttributeError, ValueError):  # not all transformers have names
            names = steps[:-1].get_feature_names_out()
    return list(check_feature_names_in(windower, names))


def _of_forecaster(forecaster, X, y):
    """Return the data of the regressor of a forecaster, of origins in later rows."""
    check_is_fitted(forecaster)
    model, observed = forecaster._model, forecaster._observed
    rows = observed.followed_by(model.with_inputs(forecaster._read_later(X, y)))
    model = replace(model, transform=model.transform.updated(rows))
    grid, values = model.on_grid(rows, model.horizon)
    earlier = np.arange(len(rows)) < len(observed)
    windows, z, codes = model.windows_after(grid, values, rows, earlier)
    ahead = model.horizon * model.is_known
    data = _of_windows(model.regressor, windows, z, names=model.names, ahead=ahead)
    return replace(data, codes=codes)


def _of_windows(estimator, X, y, *, names=None, ahead=0):
    """Return the data of windows, whose features may be `ahead` by some steps."""
    columns, codes = getattr(X, "columns", None), series_codes(X, y)
    values, y = floats_of(X, "X", ensure_2d=True, allow_nd=True), floats_of(y, "y")
    check_consistent_length(values, y)
    layout, names = _layout(estimator, values, columns, names)
    codes = np.zeros(len(y), dtype=np.intp) if codes is None else codes
    known = ~np.isnan(y).reshape(len(y), -1).any(axis=1)
    if not known.any():
        raise ValueError("y has no sample whose targets are all known. Pass some.")
    if not known.all():
        values, y, codes = values[known], y[known], codes[known]
    feature_of, step_of = _places(layout, columns, ahead)
    axes = {"features": (names, feature_of), "lags": _lags(estimator, step_of)}
    return _Data(estimator, values, columns, y, codes, axes)


def _places(layout, columns, ahead):
    """Return the number of the feature and the step of each value of a window."""
    n_features, n_timesteps = layout.n_step_features, layout.n_timesteps
    feature_of = np.tile(np.arange(n_features), n_timesteps)
    step_of = np.arange(1 - n_timesteps, 1).repeat(n_features)
    if layout.features is not None:  # columns named <feature>_lag<k>, in any order
        features, lags = zip(*lags_of_names(columns), strict=True)
        feature_of = pd.Index(layout.features).get_indexer(features)
        step_of = -np.array(lags)
    return feature_of, step_of + np.broadcast_to(ahead, n_features)[feature_of]


def _layout(estimator, values, columns, names):
    """Return the WindowLayout that an estimator reads, and the names of features."""
    settings = [each for each in nested(estimator) if hasattr(each, "n_step_features")]
    n_features = settings[0].n_step_features if settings else None
    texts = columns if pd.api.types.is_string_dtype(columns) else None
    layout = WindowLayout.of(values, texts, len(names) if names else n_features)
    is_known = layout.n_dims == 3 or layout.columns is not None
    if not (is_known or names or settings):
        raise ValueError(
            "X does not tell the feature and the lag of each column. Pass windows of "
            "shape (n_samples, n_timesteps, n_features), or a DataFrame with columns "
            "named <feature>_lag<k>, as SequenceWindower(flatten=True) returns it with "
            f"set_output(transform='pandas'). Got X of shape {values.shape}."
        )
    default = [f"x{number}" for number in range(layout.n_step_features)]
    return layout, names or layout.features or default
