"""Cross-validation folds in time order for panels."""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.model_selection import BaseCrossValidator, TimeSeriesSplit

from skrnn.windows.timeline import Timeline


class PanelTimeSeriesSplit(BaseCrossValidator):
    """Folds in time order for a panel: all series are cut at the same times.

    As :class:`~sklearn.model_selection.TimeSeriesSplit` cuts rows, this cuts the
    unique times of a (series, time) index, so that the test rows of a fold are later
    than its training rows in every series.

    Parameters
    ----------
    n_splits : int, default=5
        Number of folds, at least 2.
    test_size : int or None, default=None
        Times in a test fold. None makes it `(n_times - gap) // (n_splits + 1)`.
    gap : int, default=0
        Times left out between the training and the test rows.
    max_train_size : int or None, default=None
        Most times in the training rows. None does not limit them.

    See Also
    --------
    SequenceWindower : Keeps the series of a panel apart.

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
    """

    def __init__(self, n_splits=5, *, test_size=None, gap=0, max_train_size=None):
        self.n_splits = n_splits
        self.test_size = test_size
        self.gap = gap
        self.max_train_size = max_train_size

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
        """Generate the rows of each fold.

        Parameters
        ----------
        X : DataFrame
            Its index has the levels series and time, or is the time.
        y, groups : object
            Ignored; scikit-learn's convention.

        Yields
        ------
        train, test : ndarray of int
            The rows of a fold, in the order of X.

        Raises
        ------
        ValueError
            If X has no index of times, there are too few times, or a parameter is
            out of its range.
        """
        for name, least in (("test_size", 1), ("max_train_size", 1), ("gap", 0)):
            value = getattr(self, name)
            if value is not None and not (
                isinstance(value, Integral) and value >= least
            ):
                raise ValueError(
                    f"The {name!r} parameter of PanelTimeSeriesSplit must be an int of "
                    f"at least {least}. Got {value!r} instead."
                )
        timeline = Timeline.of(X)
        if timeline is None:
            raise ValueError(
                "PanelTimeSeriesSplit needs a DataFrame with an index of (series, "
                f"time), or of times. Got {type(X).__name__} without one."
            )
        of_row, times = pd.factorize(timeline.times, sort=True)
        folds = TimeSeriesSplit(
            self.n_splits,
            test_size=self.test_size,
            gap=self.gap,
            max_train_size=self.max_train_size,
        )
        for train, test in folds.split(times):
            yield tuple(np.flatnonzero(np.isin(of_row, of)) for of in (train, test))
