"""Cross-validation folds in time order for panels."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator

from skrnn.windows.timeline import Timeline


class PanelTimeSeriesSplit(BaseCrossValidator):
    """Split a panel, a table of several series, into folds in time order.

    By default, all series are split at the same times:
    :class:`~sklearn.model_selection.TimeSeriesSplit` is applied to the unique times of
    a (series, time) index, so that the test rows of a fold are later than all of its
    training rows. With `align="end"`, each series is split on its own, so that series
    which end at different times are all tested.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    test_size : int or None, default=None
        Number of times in a test fold; with `align="end"`, number of test rows of each
        series. None sets it to `n // (n_splits + 1)`, where n is the number of times,
        or of the rows of the series.
    gap : int, default=0
        Number of times, or of rows of each series, left out between the training and
        the test rows.
    max_train_size : int or None, default=None
        Largest number of times, or of rows of each series, in the training rows. None
        sets no limit.
    align : {"time", "end"}, default="time"
        Where to split the series.

        - `"time"`: at the same times. A series without rows at the times of a test
          fold is not tested in that fold.
        - `"end"`: at positions counted from the last row of each series, as
          :class:`~sklearn.model_selection.TimeSeriesSplit` does for that series
          alone. A series that is too short for a fold, without `test_size` test rows
          and a training row before the gap, is left out of it. Training rows of one
          series may be later than test rows of another.

    See Also
    --------
    SequenceWindower : Makes windows that never mix the series of a panel.

    Examples
    --------
    >>> import pandas as pd
    >>> from skrnn import PanelTimeSeriesSplit
    >>> index = pd.MultiIndex.from_product([["a", "b"], range(4)])
    >>> panel = pd.DataFrame({"x": range(8)}, index=index)
    >>> for train, test in PanelTimeSeriesSplit(n_splits=2, test_size=1).split(panel):
    ...     print(train, test)
    [0 1 4 5] [2 6]
    [0 1 2 4 5 6] [3 7]

    If series "b" ends one row earlier, it has no test row in the second fold. Count
    from the end of each series to test both:

    >>> folds = PanelTimeSeriesSplit(n_splits=2, test_size=1, align="end")
    >>> for train, test in folds.split(panel.iloc[:7]):
    ...     print(train, test)
    [0 1 4] [2 5]
    [0 1 2 4 5] [3 6]
    """

    def __init__(
        self,
        n_splits=5,
        *,
        test_size=None,
        gap=0,
        max_train_size=None,
        align="time",
    ):
        self.n_splits = n_splits
        self.test_size = test_size
        self.gap = gap
        self.max_train_size = max_train_size
        self.align = align

    def get_n_splits(self, X=None, y=None, groups=None):
        """Return the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored; scikit-learn's convention.

        Returns
        -------
        int
            `n_splits`.
        """
        return self.n_splits

    def split(self, X, y=None, groups=None):
        """Yield the training and test rows of each fold.

        Parameters
        ----------
        X : DataFrame
            Data with a (series, time) MultiIndex, or a time index.
        y, groups : object
            Ignored; scikit-learn's convention.

        Yields
        ------
        train, test : ndarray of int
            Positions of the rows of a fold, in the order of X.

        Raises
        ------
        ValueError
            If X has no time index, there are too few times, no series has enough
            rows for all folds, or a parameter is out of its range.
        """
        self._check_parameters()
        timeline = Timeline.of(X)
        if timeline is None:
            raise ValueError(
                "PanelTimeSeriesSplit needs a DataFrame with an index of (series, "
                f"time), or of times. Got {type(X).__name__} without one."
            )
        if self.align == "time":
            positions, times = pd.factorize(timeline.times, sort=True)
            n_later, length = len(times) - 1 - positions, np.array([len(times)])
        else:
            codes = timeline.codes
            n_later = pd.Series(codes).groupby(codes).cumcount(ascending=False)
            n_later, length = n_later.to_numpy(), np.bincount(codes)[codes]
        yield from self._folds(n_later, length)

    def _check_parameters(self):
        least_values = {"n_splits": 2, "test_size": 1, "gap": 0, "max_train_size": 1}
        for name, least in least_values.items():
            value = getattr(self, name)
            if value is None and name in ("test_size", "max_train_size"):
                continue
            if not (isinstance(value, Integral) and value >= least):
                raise ValueError(
                    f"The {name!r} parameter of PanelTimeSeriesSplit must be an int of "
                    f"at least {least}. Got {value!r} instead."
                )
        if self.align not in ("time", "end"):
            raise ValueError(
                "The 'align' parameter of PanelTimeSeriesSplit must be 'time' or "
                f"'end'. Got {self.align!r} instead."
            )

    def _folds(self, n_later, length):
        """Yield folds, by how many times, or rows of its series, are after each row."""
        size = self.test_size or length // (self.n_splits + 1)
        too_short = (size == 0) | (length <= self.n_splits * size + self.gap)
        if too_short.all():
            by_time = self.align == "time"
            found = "X has {} times" if by_time else "The longest series has {} rows"
            raise ValueError(
                f"{found.format(length.max(initial=0))}, too few for n_splits="
                f"{self.n_splits}, test_size={self.test_size} and gap={self.gap}. "
                "Lower one of these parameters."
            )
        longest = self.max_train_size or length.max()
        for n_folds_later in reversed(range(self.n_splits)):
            test_end = n_folds_later * size  # before the end of X or of the series
            train_end = test_end + size + self.gap
            takes_part = (size > 0) & (length > train_end)
            train = (n_later >= train_end) & (n_later < train_end + longest)
            test = (n_later >= test_end) & (n_later < test_end + size)
            yield tuple(np.flatnonzero(takes_part & rows) for rows in (train, test))
