"""The last rows that a windower has seen."""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn.windows.steps import Step
from skrnn.windows.timeline import Timeline, place

_VALUES_AT_ONCE = 2**16  # that are copied to tell rows from others


@dataclass(frozen=True)
class History:
    """Rows in time order, which come before later ones.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows.
    timeline : Timeline or None
        Their times; None for rows without an index of times.
    step : Step or None
        The step of their index; None where it is not known.
    """

    rows: np.ndarray
    timeline: Timeline | None
    step: Step | None

    @classmethod
    def of(cls, rows, timeline):
        """Start with the rows of a fit.

        Parameters
        ----------
        rows : ndarray of shape (n_rows, n_features)
            The rows.
        timeline : Timeline or None
            Their times.

        Returns
        -------
        History
            All of the rows, not copied.

        Raises
        ------
        ValueError
            If there is no regular step.
        """
        return cls(rows, timeline, timeline.step() if timeline else None)

    @property
    def index(self):
        """The index of the rows, or None."""
        # a slice of an index would keep the whole of it in memory
        return self.timeline.index.copy(deep=True) if self.timeline else None

    def last(self, n_rows):
        """Keep the last rows only.

        Parameters
        ----------
        n_rows : int
            How many, at most, of each series.

        Returns
        -------
        History
            Copies of the last rows.
        """
        which = self._last(n_rows)
        timeline = self.timeline[which] if self.timeline else None
        return History(self.rows[which].copy(), timeline, self.step)

    def grown_by(self, rows, timeline, n_last):
        """Add rows that come next.

        Parameters
        ----------
        rows : ndarray of shape (n_new_rows, n_features)
            The new rows.
        timeline : Timeline or None
            Their times.
        n_last : int
            How many rows of each series to keep, old or new.

        Returns
        -------
        History
            Copies of the last rows.

        Raises
        ------
        ValueError
            If the new rows have another kind of index, are not later than those of
            their series, or do not lie on the step.
        """
        step = self.step
        if self.timeline is not None:
            step = self._step_with(timeline)
        elif timeline is not None and timeline.series is not None:
            raise ValueError(
                f"The index of X is {timeline.kind}, but in fit there was no index of "
                "times. Call `fit` with rows that have such an index."
            )
        else:
            timeline = None
        new = History(rows, timeline, step).last(n_last)
        both = np.concatenate([self.rows, new.rows])
        if timeline is not None:
            timeline = self.timeline.followed_by(new.timeline)
        return History(both, timeline, step).last(n_last)

    def _step_with(self, timeline):
        """Check the times of new rows, and return the step."""
        if timeline is None:
            raise ValueError(
                f"X has no index of times, but in fit it was {self.timeline.kind}, so "
                "nothing says when its rows are. Pass a DataFrame with that index. In "
                "a pipeline, let the steps before return DataFrames: "
                '`set_output(transform="pandas")`.'
            )
        both = self.timeline.continued_by(timeline)
        step = self.step or both.step()
        place(both, step, 1)  # raises an error for times off the step
        return step

    def _last(self, n_rows):
        """Tell which are the last rows, of each series, as a mask or a slice."""
        if self.timeline is None or self.timeline.series is None:
            return slice(max(0, len(self.rows) - n_rows), None)
        codes = pd.Series(self.timeline.codes)
        return (codes.groupby(codes).cumcount(ascending=False) < n_rows).to_numpy()


def fingerprint(rows):
    """Tell these very rows from others.

    Parameters
    ----------
    rows : ndarray of shape (n_rows, n_features)
        The rows.

    Returns
    -------
    tuple of (tuple of int, bytes)
        Their shape, and a digest of their values as float64.
    """
    digest = hashlib.blake2b(digest_size=16)
    n_at_once = max(1, _VALUES_AT_ONCE // rows.shape[1])
    for start in range(0, len(rows), n_at_once):
        chunk = rows[start : start + n_at_once]
        digest.update(np.add(chunk, 0.0, dtype=np.float64, order="C"))  # -0.0 is 0.0
    return rows.shape, digest.digest()
