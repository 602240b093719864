"""Intervals and quantiles from forecast errors: split conformal prediction."""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import pandas as pd

_ENOUGH = 10  # times as many errors as a quantile needs


@dataclass(frozen=True)
class Calibration:
    """Errors of forecasts of rows that were not trained on, in transformed units."""

    # Bounds are those of split conformal prediction (Vovk, Gammerman and Shafer 2005):
    # the forecast plus and minus a quantile of the absolute errors. For quantiles
    # (Romano, Patterson and Candes 2019), the same quantile of the distance to the
    # interval between two of them is added on both sides. Each step ahead has its own,
    # and each series with enough origins; the others have the errors of all series.
    # Of a series, origins count that are nearest in the season.
    # errors: (n_origins, horizon, n_targets, n_levels), NaN if not known
    errors: np.ndarray | None
    codes: np.ndarray | None  # (n_origins,), the number of the series of each origin
    steps: np.ndarray | None  # (n_origins,), from the first row of the series
    season: int  # steps after which errors are alike again
    n_kept: int  # last origins of each series that are kept
    quantile_levels: np.ndarray | None  # (n_levels,), that were forecast

    @classmethod
    def empty(cls, levels, n_kept=0, season=1, like=None):
        """Return a calibration without errors, to be followed by some like others."""
        if like is None:
            return cls(None, None, None, season, n_kept, levels)
        none = np.empty(0, dtype=np.int64)
        return cls(like[:0], none, none, season, n_kept, levels)

    def followed_by(self, errors, origins):
        """Return the calibration with new errors in place of the oldest of a series."""
        known = ~np.isnan(errors).all(axis=(1, 2, 3))
        errors = np.concatenate([self.errors, errors[known]])
        codes = np.concatenate([self.codes, origins.codes[known]])
        steps = np.concatenate([self.steps, origins.steps[known]])
        from_last = pd.Series(codes).groupby(codes).cumcount(ascending=False)
        kept = (from_last < self.n_kept).to_numpy()
        return replace(self, errors=errors[kept], codes=codes[kept], steps=steps[kept])

    def columns(
        self, points, forecasts, leads, codes, steps, falls, *, coverage, quantiles
    ):
        """Return columns (n_rows, n_targets, n_columns) of forecasts, transformed."""
        if quantiles is None:
            columns = [points[..., 0]]
            for share in np.atleast_1d(coverage):
                columns += self.bounds(forecasts, leads, codes, steps, share)
            return np.stack(columns, axis=-1).astype(np.float64)
        columns = np.empty((*falls.shape, np.size(quantiles)))
        for column, level in enumerate(np.atleast_1d(quantiles)):
            # where it falls, larger values are smaller in the units of the targets
            for chosen, of_chosen in (~falls, level), (falls, 1 - level):
                if chosen.any():
                    values = self.quantile(forecasts, leads, codes, steps, of_chosen)
                    columns[chosen, column] = values[chosen]
        return columns

    def bounds(self, forecasts, leads, codes, steps, coverage):
        """Return both bounds (n_rows, n_targets), in any order."""
        levels, name = (1 - coverage) / 2, f"coverage={coverage}"
        levels = levels, 1 - levels
        if self.errors is None:
            return [self._between(forecasts, level, name) for level in levels]
        low, high = (_weights(self.quantile_levels, level) for level in levels)
        scores = np.maximum(-(self.errors @ low), self.errors @ high)
        margin = self._score(scores, coverage, name, leads, codes, steps)
        return forecasts @ low - margin, forecasts @ high + margin

    def quantile(self, forecasts, leads, codes, steps, level):
        """Return a quantile (n_rows, n_targets), of those forecast if there are any."""
        name = f"quantiles={level}"
        if self.quantile_levels is not None:
            return self._between(forecasts, level, name)
        errors = self.errors[..., 0]
        if level < 0.5:  # so that the tails are alike
            error = -self._score(-errors, 1 - level, name, leads, codes, steps)
        else:
            error = self._score(errors, level, name, leads, codes, steps)
        return forecasts[..., 0] + error

    def _score(self, scores, share, name, leads, codes, steps):
        """Return the quantile of scores for each row, (n_rows, n_targets)."""
        is_known = ~np.isnan(scores)
        fewest = _fewest(share)
        of_series = pd.Series(self.codes).groupby(self.codes).indices
        chosen, of_all = np.empty((len(leads), scores.shape[2])), None
        for code, rows in pd.Series(codes).groupby(codes).indices.items():
            own = of_series.get(code, np.zeros(0, dtype=np.intp))
            enough = is_known[own].sum(axis=0) >= fewest
            if (enough | ~is_known.any(axis=0)).all():
                near = self._nearest(own, steps[rows[0]], _ENOUGH * fewest)
                if (is_known[near].sum(axis=0) >= fewest)[enough].all():
                    own = near
                score = _order_statistic(scores[own], share, name)
            elif of_all is None:
                score = of_all = _order_statistic(scores, share, name)
            else:
                score = of_all
            chosen[rows] = score[leads[rows] - 1]
        return chosen

    def _nearest(self, origins, step, n_wanted):
        """Return those of the origins that are nearest to a step in the season."""
        after = (self.steps[origins] - step) % self.season
        distance = np.minimum(after, self.season - after)
        n_nearer = np.cumsum(np.bincount(distance))
        return origins[distance <= np.searchsorted(n_nearer, n_wanted)]

    def _between(self, forecasts, level, name):
        """Return a quantile between those that were forecast (..., n_levels)."""
        levels = self.quantile_levels
        if not levels[0] - 1e-9 <= level <= levels[-1] + 1e-9:
            raise ValueError(
                f"{name} needs the quantile {level:.4g}, but the regressor predicts "
                f"only quantile={tuple(levels.tolist())}. Set quantile to more levels, "
                "ask for less extreme bounds, or set calibration_size for intervals."
            )
        return forecasts @ _weights(levels, level)


def column_labels(coverage, quantiles):
    """Return the labels of columns for coverages or levels, None for points alone."""
    if coverage is not None and quantiles is not None:
        raise ValueError("Pass coverage or quantiles, not both.")
    name, shares = "coverage", coverage
    if quantiles is not None:
        name, shares = "quantiles", quantiles
    if shares is None:
        return None
    if not np.size(shares):
        raise ValueError(f"{name} is empty. Pass at least one number.")
    for share in np.atleast_1d(np.asarray(shares, dtype=object)):
        if not isinstance(share, Real) or isinstance(share, (bool, np.bool_)):
            raise TypeError(f"{name} must be a number. Got {share!r}.")
        if not 0 < share < 1:
            raise ValueError(
                f"{name} must lie between 0 and 1, such as 0.8 for 80 %. Got {share}."
            )
    if quantiles is not None:
        return [float(level) for level in np.atleast_1d(quantiles)]
    if np.ndim(coverage) == 0:
        return ["pred", "lower_bound", "upper_bound"]
    ends = [f"{end}_{100 * c:.10g}" for c in coverage for end in ("lower", "upper")]
    return ["pred", *ends]


def in_order(values, coverage, quantiles):
    """Return columns (..., n_columns) in the units of the targets, in their order."""
    values = values.copy()  # an inverse may turn the order out of its range
    if quantiles is not None:
        order = np.argsort(np.atleast_1d(quantiles))
        values[..., order] = np.sort(values, axis=-1)
        return values
    low = high = values[..., 0]
    for number in np.argsort(np.atleast_1d(coverage)):
        ends = values[..., 1 + 2 * number : 3 + 2 * number]
        low = np.minimum(ends.min(axis=-1), low)
        high = np.maximum(ends.max(axis=-1), high)
        ends[..., 0], ends[..., 1] = low, high
    return values


def check_available(is_calibrated, has_quantiles, coverage, of=""):
    """Raise a ValueError if there is nothing to make intervals or quantiles of."""
    if not is_calibrated and not has_quantiles:
        what = "quantiles" if coverage is None else "intervals"
        raise ValueError(
            f"No {what} can be forecast{of}. Set calibration_size to a number of rows, "
            'or let the regressor predict quantiles (loss="quantile").'
        )


def _weights(levels, wanted):
    """Return the weights of levels that interpolate a wanted one."""
    if levels is None:
        return np.ones(1)
    return np.array([np.interp(wanted, levels, unit) for unit in np.eye(len(levels))])


def _fewest(share):
    """Return the number of scores that a quantile of them needs."""
    return int(np.ceil(share / (1 - share) - 1e-9))


def _order_statistic(scores, share, name):
    """Return the quantile of scores (n, ...) that covers one more; NaN without any."""
    n_known = (~np.isnan(scores)).sum(axis=0)
    rank = np.maximum(np.ceil((n_known + 1) * share - 1e-9).astype(int), 1)
    if ((rank > n_known) & (n_known > 0)).any():
        raise ValueError(
            f"{name} needs the errors of at least {_fewest(share)} origins, but there "
            f"are {n_known[n_known > 0].min()}. An origin counts once all of its steps "
            "are observed. Set a larger calibration_size, or ask for less extreme "
            "bounds."
        )
    if not len(scores):
        return np.full(scores.shape[1:], np.nan)
    if (n_known == len(scores)).all():
        return np.partition(scores, rank.flat[0] - 1, axis=0)[rank.flat[0] - 1]
    ordered = np.sort(scores, axis=0)  # NaN last
    rank = np.minimum(rank, len(scores))
    return np.take_along_axis(ordered, rank[np.newaxis] - 1, axis=0)[0]
