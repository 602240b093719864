"""How much each series of a panel changes, so that errors can be compared."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Scales:
    """The mean absolute change of each series from a step to the next, so far.

    Parameters
    ----------
    names : Index of shape (n_series,)
        The series.
    totals, counts : ndarray of shape (n_series, n_targets)
        Sum and number of the changes observed.
    default : ndarray of shape (n_targets,)
        The scale of a series without a change.
    """

    names: pd.Index
    totals: np.ndarray
    counts: np.ndarray
    default: np.ndarray

    @classmethod
    def before(cls, timeline, default):
        """Return scales of no series yet, with a default for those to come."""
        nothing = np.zeros((0, len(default)))
        return cls(timeline.series[:0], nothing, nothing, default)

    def at_places(self, line, timeline, n_old):
        """Return the scale at each place, and the scales after the last row.

        Parameters
        ----------
        line : Line
            Rows; the first `n_old` of them were observed before, at the end of the
            rows that these scales are of.
        timeline : Timeline
            Times of the rows, with their series.
        n_old : int
            How many rows were observed before.

        Returns
        -------
        scales : ndarray of shape (n_places, n_targets)
            As far as known at each place.
        Scales
            After all rows.
        """
        n_targets = self.totals.shape[1]
        change = np.zeros((len(line.values), n_targets))
        targets = line.values[:, :n_targets].astype(np.float64)
        change[1:] = np.abs(np.diff(targets, axis=0))
        is_known = ~np.isnan(change) & ~np.isnan(targets)
        total = np.cumsum(np.where(is_known, change, 0.0), axis=0)
        is_change = is_known.copy()
        is_change[0] = False
        is_change[1:] &= ~np.isnan(targets[:-1])
        count = np.cumsum(is_change, axis=0)
        _, of_code = np.unique(timeline.codes, return_index=True)
        names = timeline.series[of_code]
        old_total, old_count = self._of(names)
        last = line.first.copy()  # of the old rows, or of a new series its first
        np.maximum.at(last, line.codes[line.places[:n_old]], line.places[:n_old])
        codes = line.codes
        total = total - total[last][codes] + old_total[codes]
        count = count - count[last][codes] + old_count[codes]
        after = self._with(names, total[line.last], count[line.last])
        return self._scale(total, count), after

    def of(self, series):
        """Return the scale of the series of each row."""
        return self._scale(*self._of(series))

    def mean(self):
        """Return the mean scale of the series that have one, or 1."""
        scales = self.totals / np.maximum(self.counts, 1)
        n_known = (scales > 0).sum(axis=0)
        mean = scales.sum(axis=0) / np.maximum(n_known, 1)
        return np.where(n_known > 0, mean, 1.0)

    def _scale(self, total, count):
        mean = total / np.maximum(count, 1)
        return np.where(total > 0, mean, self.default)

    def _of(self, names):
        """Return totals and counts of series, zero for unknown ones."""
        at = self.names.get_indexer(names)
        known = (at >= 0)[:, np.newaxis]
        if not len(self.names):
            nothing = np.zeros((len(names), self.totals.shape[1]))
            return nothing, nothing
        return np.where(known, self.totals[at], 0), np.where(known, self.counts[at], 0)

    def _with(self, names, totals, counts):
        """Return scales with those of some series replaced or added."""
        others = ~self.names.isin(names)
        return Scales(
            self.names[others].append(names),
            np.concatenate([self.totals[others], totals]),
            np.concatenate([self.counts[others], counts]),
            self.default,
        )
