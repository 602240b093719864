"""SequenceWindower: turns rows in time order into windows."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data

from skrnn._compat.sklearn import (
    CallbackSupportMixin,
    FitTask,
    Interval,
    LinkedHTML,
    StrOptions,
    check_feature_names_in,
    fit_context,
    returns_frame,
)
from skrnn._estimator import VersionedEstimator, check_numbers, unchanged_on_error
from skrnn.windows.history import Fingerprint, History
from skrnn.windows.layout import (
    SeriesWindows,
    empty_beside,
    lag_names,
    slice_or,
    view_windows,
)
from skrnn.windows.string_index import warn_of_string_index
from skrnn.windows.timeline import Timeline, index_of, place, warn_of_lost_index

_X_CHECKS = {"dtype": [np.float64, np.float32], "ensure_all_finite": "allow-nan"}


class SequenceWindower(
    CallbackSupportMixin,
    TransformerMixin,
    VersionedEstimator,
    LinkedHTML,
    BaseEstimator,
):
    """Turn rows in time order into windows, one window for every row.

    Row t of the output is the window that ends at row t of the input. The number and
    order of rows do not change, so `y` needs no alignment and the window length is an
    ordinary hyper-parameter. `y[t]` is the value to predict at time t, usually a later
    value of the series.

    If the data have a time index, missing timestamps become missing steps of the
    windows. If they have a MultiIndex (series, time), they are a panel, and no window
    mixes two series.

    The output is a read-only view on one padded copy of the rows, and takes
    O(n_rows * n_features) memory whatever the window length. Windows are only copied
    for panels and for data with missing timestamps. The padded copy of a
    `numpy.memmap` of floats is memory-mapped to a temporary file.

    Parameters
    ----------
    window_length : int, default=10
        Number of steps in a window, including its last row.
    pad : {"nan", "edge"} or float, default="nan"
        How to fill the steps before the first known row. `"nan"` marks them as
        missing, and the recurrent regressors skip them; `"edge"` repeats the first
        row; a number is used as the value.
    history : {"auto", "none"}, default="auto"
        Which rows precede the first row passed to `transform`.

        - `"auto"`, data with a time index (a DatetimeIndex, PeriodIndex,
          TimedeltaIndex or integers): the last rows seen, if their times are
          earlier. Times between them are missing steps. Data that start earlier, or
          belong to a new series, have no history.
        - `"auto"`, other data, and rows that are numbered from 0 again: the rows of
          `fit` get the same windows as in `fit`, as do rows whose first `window_length`
          rows equal the first of `fit` in nine tenths of the values that are rare in
          their column, and half of those of each column, to float32 precision, and the
          rows of `fit` with columns permuted or set to a single value. Any other rows
          are assumed to come after the last row seen, with `gap` rows between.
        - `"none"`: no rows; each call of `transform` is independent.

        The rows seen are those passed to `fit`, and afterwards to `partial_fit`.
    gap : int, default=0
        Number of rows between the last row seen and the first one to transform, for
        data without a time index, as in
        :class:`~sklearn.model_selection.TimeSeriesSplit`. They are missing steps.
    freq : str, DateOffset or None, default=None
        The step of an index of datetimes or timedeltas, such as `"B"` for business
        days. None infers it from the rows: their shortest distance, or a step of the
        calendar that more of them follow.
    flatten : bool, default=False
        Whether to return each window as a row of `window_length * n_features` values,
        oldest step first and the features of a step side by side, as other estimators
        expect it. Output as DataFrames (`set_output`) is always flat.

    Attributes
    ----------
    last_window_ : ndarray of shape (n_steps, n_features)
        The last rows seen, at most `window_length - 1` of each series.
    last_index_ : Index of shape (n_steps,) or None
        Their index; None for data without a time index.
    n_features_in_ : int
        Number of features seen in `fit`.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features seen in `fit`. Defined if all of them are strings.

    See Also
    --------
    LSTMRegressor : Long short-term memory network for such windows.

    Notes
    -----
    Two of scikit-learn's estimator checks require that the output for a row does not
    depend on the rows around it. A window consists of these rows, so both checks fail.

    Examples
    --------
    >>> import numpy as np
    >>> from skrnn import SequenceWindower
    >>> X = np.arange(4.0).reshape(-1, 1)
    >>> SequenceWindower(window_length=3, flatten=True).fit_transform(X)
    array([[nan, nan,  0.],
           [nan,  0.,  1.],
           [ 0.,  1.,  2.],
           [ 1.,  2.,  3.]])

    Windows of new rows begin with the rows of `fit`:

    >>> windower = SequenceWindower(window_length=3, flatten=True).fit(X)
    >>> windower.transform([[4.0], [5.0]])
    array([[2., 3., 4.],
           [3., 4., 5.]])

    With a time index, missing timestamps are missing steps:

    >>> import pandas as pd
    >>> days = pd.date_range("2026-01-01", periods=6, freq="D")
    >>> load = pd.DataFrame({"load": np.arange(6.0)}, index=days)
    >>> windower.fit(load[:3]).transform(load[4:])
    array([[ 2., nan,  4.],
           [nan,  4.,  5.]])
    """

    _parameter_constraints = {
        "window_length": [Interval(Integral, 1, None, closed="left")],
        "pad": [
            StrOptions({"nan", "edge"}),
            Interval(Real, None, None, closed="neither"),
        ],
        "history": [StrOptions({"auto", "none"})],
        "gap": [Interval(Integral, 0, None, closed="left")],
        "freq": [str, pd.offsets.BaseOffset, None],
        "flatten": ["boolean"],
    }

    def __init__(
        self,
        window_length=10,
        *,
        pad="nan",
        history="auto",
        gap=0,
        freq=None,
        flatten=False,
    ):
        self.window_length = window_length
        self.pad = pad
        self.history = history
        self.gap = gap
        self.freq = freq
        self.flatten = flatten

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags

    @property
    def last_window_(self):  # numpydoc ignore=RT01
        """The last rows seen, at most `window_length - 1` of each series."""
        return self._seen.rows

    @property
    def last_index_(self):  # numpydoc ignore=RT01
        """The index of these rows; None for data without a time index."""
        timeline = self._seen.timeline
        return timeline and timeline.index

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Store the last rows, which precede those of later calls.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or Series
            Rows in time order. NaN marks a missing value and is kept.
        y : Series, DataFrame, array-like or None
            If X has no index, that of `y` tells whether rows are of several series or
            times are missing, of which a warning is issued.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If a parameter is out of its range, X is not as described, or its index
            does not increase, has no regular step, or is not on the step `freq`.
        """
        task = FitTask(self, 0, X, y)
        with unchanged_on_error(self):
            rows, timeline = self._rows(X, reset=True)
            warn_of_string_index(index_of(X))
            if index_of(X) is None:
                warn_of_lost_index(y)
            step = timeline and timeline.step_of_fit(self.freq)
            self._seen = History(rows, timeline, step).last(self.window_length - 1)
            self._fit_was_numbered = _is_numbered(timeline)
            has_times = timeline is not None and not self._fit_was_numbered
            n_first = None if has_times else self.window_length
            self._fingerprint = Fingerprint.of(rows, n_first)
        task.end()
        return self

    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y=None):
        """Store more rows, which follow those seen before.

        Stores the last `window_length - 1` rows of each series, even if rows arrive one
        by one. The features and the step of the index stay those of `fit`. With
        `history="none"`, X is only checked. An unfitted windower is fitted.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or Series
            Rows in time order. Without a time index they directly follow the
            last row seen, whatever `gap` is. In a panel, series may be new; series
            without new rows keep their stored rows.
        y : None
            Ignored; scikit-learn's convention.

        Returns
        -------
        self : object
            The fitted transformer.

        Raises
        ------
        ValueError
            If X has other features or another kind of index than in `fit`, infinite
            values, times that are not on the step of `fit`, or times that are not
            later than the last row seen of their series.

        Notes
        -----
        Transform rows before passing them to `partial_fit`. Without a time index,
        `transform` treats rows of `partial_fit` as new rows. After `partial_fit`, it
        also treats the rows of `fit` as new if there were fewer than `window_length`
        of them.

        Examples
        --------
        >>> from skrnn import SequenceWindower
        >>> windower = SequenceWindower(window_length=3, flatten=True)
        >>> windower = windower.fit([[0.0], [1.0], [2.0]]).partial_fit([[3.0]])
        >>> windower.transform([[4.0]])
        array([[2., 3., 4.]])
        """
        if not hasattr(self, "_seen"):
            return self.fit(X, y)
        rows, timeline = self._rows(X, reset=False)
        if self.history == "none":
            self._seen.last(0).grown_by(rows, timeline, 0)  # checks the rows
            return self
        self._seen = self._seen.grown_by(rows, timeline, self.window_length - 1)
        # new rows can easily equal those of a short fit, for example a single row
        if self._fingerprint and self._fingerprint.shape[0] < self.window_length:
            self._fingerprint = None
        return self

    def transform(self, X):
        """Make a window for every row.

        Parameters
        ----------
        X : array-like or DataFrame of shape (n_rows, n_features), or Series
            Rows in time order.

        Returns
        -------
        ndarray of shape (n_rows, window_length, n_features), or DataFrame or \
                ndarray of shape (n_rows, window_length * n_features)
            Window t ends at row t, oldest step first. The dtype is that of X if it
            is float32, and float64 otherwise.

        Raises
        ------
        ValueError
            If X has other features or another kind of index than in `fit`, infinite
            values, or times that are not on the step of `fit`.
        """
        check_is_fitted(self)
        rows, timeline = self._rows(X, reset=False)
        in_fit = self._seen.timeline
        # labels that are no times say nothing after rows with a default index
        is_timed = timeline is not None or (
            index_of(X) is not None and not self._fit_was_numbered
        )
        if in_fit is None and timeline is not None and timeline.series is None:
            timeline = None  # rows of an array have no times that these could follow
        elif in_fit is not None and (in_fit.series is not None or is_timed):
            in_fit.check_same_kind(timeline)
        if timeline is None or (self._fit_was_numbered and _is_numbered(timeline)):
            return self._window_in_order(rows)
        return self._window_by_index(rows, timeline)

    def get_feature_names_out(self, input_features=None):
        """Return the names of the output columns.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the input features; None uses those of `fit`, or `x0`, `x1`
            and so on.

        Returns
        -------
        ndarray of str objects
            `<feature>_lag<k>` for flat windows, oldest step first and features
            fastest. For 3-D windows, a name for each step of the second axis, which
            joins those of its features: `"x0_lag1, x1_lag1"`, `"x0_lag0, x1_lag0"`.

        Raises
        ------
        ValueError
            If `input_features` are not those of `fit`.
        """
        check_is_fitted(self)
        features = check_feature_names_in(self, input_features)
        names = np.array(lag_names(features, self.window_length), dtype=object)
        if self._is_flat():
            return names
        steps = names.reshape(self.window_length, -1)
        return np.array([", ".join(step) for step in steps], dtype=object)

    def _is_flat(self):
        return self.flatten or returns_frame(self)

    def _rows(self, X, *, reset):
        if isinstance(X, pd.Series):
            X = X.to_frame()
        timeline = Timeline.of(X)
        X = check_numbers(X, "X")
        return validate_data(self, X, reset=reset, **_X_CHECKS), timeline

    def _window_in_order(self, rows):
        """Return the window of each row, a read-only view, without a time index."""
        known, n_padded = self._before(rows), self.window_length - 1
        n_before = n_padded + len(known)
        padded = empty_beside(rows, (n_before + len(rows), rows.shape[1]))
        padded[n_before:] = rows
        padded[n_padded:n_before] = known
        return self._windows(padded, np.array([n_padded]))[len(known) :]

    def _before(self, rows):
        """Return the rows that precede `rows`, which have no time index."""
        of_fit = self._fingerprint
        if self.history == "none" or (of_fit is not None and of_fit.starts(rows)):
            return rows[:0]
        gap = np.full((self.gap, rows.shape[1]), np.nan, dtype=rows.dtype)
        return np.concatenate([self._seen.rows.astype(rows.dtype), gap])

    def _window_by_index(self, rows, timeline):
        """Return the window of each row by its time, read-only."""
        known, before, of_rows = self._seen, rows[:0], timeline
        # without a step, the distance from the known to the new rows cannot be counted
        if self.history == "auto" and known.step is not None:
            earlier = known.timeline.before(timeline)
            before = known.rows[earlier].astype(rows.dtype)
            timeline = known.timeline[earlier].followed_by(timeline)
        step = known.step or timeline.step()
        places, first = place(timeline, step, self.window_length)
        rows = np.concatenate([before, rows])
        padded = np.full((places.max() + 1, rows.shape[1]), np.nan, dtype=rows.dtype)
        padded[places] = rows
        windows = self._windows(padded, places[first])
        ends = slice_or(places[len(before) :] - (self.window_length - 1))
        chosen = windows[ends]
        chosen.flags.writeable = False
        # a view of all steps is known by its strides
        if of_rows.series is not None or not isinstance(ends, slice):
            chosen = chosen.view(SeriesWindows)
            chosen.series_codes = None if of_rows.series is None else of_rows.codes
        return chosen

    def _windows(self, padded, first):
        """Fill the steps before each series, and return all windows, as a view."""
        before = first[:, np.newaxis] - np.arange(1, self.window_length)
        is_edge = self.pad == "edge"
        padded[before] = padded[first, np.newaxis] if is_edge else float(self.pad)
        return view_windows(padded, self.window_length, flatten=self._is_flat())


def _is_numbered(timeline):
    """Return whether rows are numbered from 0, as those without an index are."""
    if timeline is None or not timeline.has_numbers:
        return False
    return np.array_equal(timeline.times, np.arange(len(timeline.times)))
