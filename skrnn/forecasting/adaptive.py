"""Adaptive conformal inference: coverages that follow the errors of updates."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

ASKED = 0.5, 0.8, 0.9, 0.95, 0.99  # coverages; those between are interpolated
_RATE, _MOST_RATE = 0.2, 0.03  # for the errors of a horizon of rows, and of one row


@dataclass(frozen=True)
class AdaptedCoverages:
    """Coverages to use instead of those asked for."""

    # Gibbs and Candes (2021), for each series, step and target: the coverage rises by
    # rate * asked after a target outside of the bounds, and falls by rate * (1 - asked)
    # after one inside. Overlapping forecasts have similar errors: hence the rate for a
    # horizon of them.
    used: np.ndarray | None = None  # (n_asked, n_series, horizon, n_targets)

    def after(self, limits, codes):
        """Return the coverages after some origins of series, in time order."""
        # limits: (n_asked, n_origins, horizon, n_targets), the coverages above which
        # the bounds would have contained the targets, NaN where that is not known
        asked = np.reshape(ASKED, (-1, 1, 1, 1))
        used = np.tile(asked, (1, codes.max() + 1, *limits.shape[2:]))
        if self.used is not None:
            n_before = self.used.shape[1]
            used = np.concatenate([self.used, used[:, n_before:]], axis=1)
        rate = min(_RATE / limits.shape[2], _MOST_RATE)
        number = pd.Series(codes).groupby(codes).cumcount().to_numpy()
        for k in range(number.max() + 1):  # one origin of each series
            series, limit = codes[number == k], limits[:, number == k]
            change = rate * (asked - (limit < _increasing(used[:, series])))
            changed = used[:, series] + np.where(np.isnan(limit), 0, change)
            used[:, series] = np.clip(changed, 0, 1)
        return replace(self, used=used)

    def of(self, coverage, code):
        """Return what to use for a series, (horizon, n_targets), or the coverage."""
        if self.used is None or code >= self.used.shape[1]:
            return coverage
        asked = np.array([0, *ASKED, 1])
        ends = np.ones((1, *self.used.shape[2:]))
        used = np.concatenate([0 * ends, _increasing(self.used[:, code]), ends])
        upper = np.clip(np.searchsorted(asked, coverage), 1, len(asked) - 1)
        share = (coverage - asked[upper - 1]) / (asked[upper] - asked[upper - 1])
        return (1 - share) * used[upper - 1] + share * used[upper]


def _increasing(used):
    """Return coverages that do not decrease with those asked for."""
    return np.maximum.accumulate(used, axis=0)
