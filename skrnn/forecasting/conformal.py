"""Intervals and quantiles from forecast errors: conformal prediction."""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np
import pandas as pd

from skrnn.windows.timeline import are_last

FEWEST_PATHS = 9  # of errors to sample from, as many as bounds of 90 % need
_ENOUGH = 10  # times as many errors as a quantile needs
_BLOCK = 2**22  # errors that are compared at once
_TRACKED = 0.5, 0.8, 0.9, 0.95, 0.99  # coverages that adapt; others are interpolated
_RATE, _MOST_RATE = 0.2, 0.03  # for the errors of a horizon of rows, and of one row


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
    codes: np.ndarray | None = None  # (n_origins,), the number of each one's series
    steps: np.ndarray | None = None  # (n_origins,), from the first row of the series
    season: int = 1  # steps after which errors are alike again
    n_used: int = 0  # last origins of each series that bounds are made from
    quantile_levels: np.ndarray | None = None  # (n_levels,), that were forecast
    # coverages to use instead of _TRACKED, (n_asked, n_series, horizon, n_targets)
    used: np.ndarray | None = None

    # `wanted` are rows to forecast (3, n_rows): their leads, the numbers of their
    # series, and the steps of their origins.

    def followed_by(self, errors, codes, steps):
        """Return the calibration with new errors in place of the oldest of a series."""
        if not len(errors):
            return self
        both = replace(
            self,
            errors=np.concatenate([self.errors, errors]),
            codes=np.concatenate([self.codes, codes]),
            steps=np.concatenate([self.steps, steps]),
        )
        new = np.arange(len(self.codes), len(both.codes))
        used = _adapted(self.used, both._limits(new), codes)
        # those that bounds of the last horizon of origins were made from are kept
        n_kept = self.n_used + errors.shape[1] - 1
        return replace(both.last(n_kept), used=used)

    @property
    def in_use(self):
        """The calibration with the origins that bounds are made from."""
        return self if self.errors is None else self.last(self.n_used)

    def last(self, n_origins):
        """Return the calibration with the last origins of each series."""
        if len(self.codes) <= n_origins:
            return self
        kept = are_last(self.codes, n_origins)
        errors, codes, steps = self.errors[kept], self.codes[kept], self.steps[kept]
        return replace(self, errors=errors, codes=codes, steps=steps)

    def _limits(self, new):
        """Return the coverages above which bounds contain the new targets, or NaN."""
        if self.quantile_levels is None:  # scores are the same for all
            return self._limits_of(self._scores(_TRACKED[0]), _TRACKED, new)
        limits = [self._limits_of(self._scores(c), (c,), new) for c in _TRACKED]
        return np.concatenate(limits)

    def _limits_of(self, scores, asked, new):
        """Return these limits (n_asked, n_new, horizon, n_targets) for some scores."""
        order = np.argsort(self.codes, kind="stable")
        codes, steps, scores = self.codes[order], self.steps[order], scores[order]
        places = np.argsort(order)[new][:, np.newaxis]
        limits = np.empty((len(asked), len(new), *scores.shape[1:]))
        n_before = self.n_used + scores.shape[1] - 1
        size = max(1, _BLOCK // (n_before * scores[0].size))
        fewest = np.reshape([_fewest(coverage) for coverage in asked], (-1, 1, 1, 1))
        for start in range(0, len(new), size):
            at = places[start : start + size]
            before = at - np.arange(1, n_before + 1)
            earlier = np.maximum(before, 0)
            used = (before >= 0) & (codes[earlier] == codes[at])
            used &= steps[earlier] <= steps[at] - scores.shape[1]  # known at that time
            used &= np.cumsum(used, axis=1) <= self.n_used
            distances = steps[earlier] - steps[at]
            near = [self._near(used, distances, n) for n in fewest.flat]
            n_known = _counts(near, ~np.isnan(scores[earlier]))
            n_smaller = _counts(near, scores[earlier] < scores[at])
            limit = np.where(n_smaller < n_known, n_smaller / (n_known + 1), 1)
            limit[(n_known < fewest) | np.isnan(scores[at[:, 0]])] = np.nan
            limits[:, start : start + size] = limit
        return limits

    def _near(self, used, distances, fewest):
        """Return which of some origins (..., n) are nearest in the season."""
        n_wanted = _ENOUGH * fewest
        if self.season == 1 or used.shape[-1] < n_wanted:
            return used
        after = distances % self.season
        distances = np.where(used, np.minimum(after, self.season - after), self.season)
        limit = np.partition(distances, n_wanted - 1, axis=-1)[..., n_wanted - 1, None]
        return used & (distances <= limit)

    def intervals(self, points, forecasts, wanted, coverage):
        """Return points and bounds (n_rows, n_targets, n_columns), transformed."""
        columns, calibration = [points[..., 0]], self.in_use
        for share in np.atleast_1d(coverage):
            columns += calibration.bounds(forecasts, wanted, share)
        return np.stack(columns, axis=-1).astype(np.float64)

    def quantiles(self, forecasts, wanted, falls, levels):
        """Return quantiles (n_rows, n_targets, n_levels), transformed."""
        columns = np.empty((*falls.shape, np.size(levels)))
        calibration = self.in_use
        for column, level in enumerate(np.atleast_1d(levels)):
            # where it falls, larger values are smaller in the units of the targets
            for chosen, of_chosen in (~falls, level), (falls, 1 - level):
                if chosen.any():
                    values = calibration.quantile(forecasts, wanted, of_chosen)
                    columns[chosen, column] = values[chosen]
        return columns

    def bounds(self, forecasts, wanted, coverage):
        """Return both bounds (n_rows, n_targets), in any order."""
        name = f"coverage={coverage}"
        if self.errors is None:
            return [self._between(forecasts, end, name) for end in _ends(coverage)]
        low, high = (_weights(self.quantile_levels, end) for end in _ends(coverage))
        scores = self._scores(coverage)
        margin = self._quantile_of(scores, coverage, name, wanted, self._coverage)
        return forecasts @ low - margin, forecasts @ high + margin

    def _scores(self, coverage):
        """Return how far targets are outside of intervals, (n_origins, ...)."""
        low, high = (_weights(self.quantile_levels, end) for end in _ends(coverage))
        return np.maximum(-(self.errors @ low), self.errors @ high)

    def quantile(self, forecasts, wanted, level):
        """Return a quantile (n_rows, n_targets), of those forecast if there are any."""
        name = f"quantiles={level}"
        if self.quantile_levels is not None:
            return self._between(forecasts, level, name)
        errors, sign = self.errors[..., 0], 1
        if level < 0.5:  # so that the tails are alike
            errors, level, sign = -errors, 1 - level, -1
        error = self._quantile_of(errors, level, name, wanted, self._level)
        return forecasts[..., 0] + sign * error

    def _coverage(self, coverage, code):
        """Return what to use for a series, (horizon, n_targets), or the coverage."""
        if self.used is None or code >= self.used.shape[1]:
            return coverage
        ends = np.ones((1, *self.used.shape[2:]))
        used = np.concatenate([0 * ends, _increasing(self.used[:, code]), ends])
        weights = _weights([0, *_TRACKED, 1], coverage)
        return np.tensordot(weights, used, axes=1)

    def _level(self, level, code):
        """Return the level to use for a series, as that of an interval's upper end."""
        return (1 + self._coverage(2 * level - 1, code)) / 2

    def _quantile_of(self, scores, share, name, wanted, adapted):
        """Return the quantile of scores for each row, (n_rows, n_targets)."""
        is_known = ~np.isnan(scores)
        fewest, (leads, codes, steps) = _fewest(share), wanted
        of_series = pd.Series(self.codes).groupby(self.codes).indices
        values, of_all = np.empty((len(leads), scores.shape[2])), None
        for code, rows in pd.Series(codes).groupby(codes).indices.items():
            own = of_series.get(code, np.zeros(0, dtype=np.intp))
            enough = is_known[own].sum(axis=0) >= fewest
            if (enough | ~is_known.any(axis=0)).all():
                near = self._nearest(own, steps[rows[0]], fewest)
                if (is_known[near].sum(axis=0) >= fewest)[enough].all():
                    own = near
                used = adapted(share, code)
                score = _order_statistic(scores[own], share, name, used)
            elif of_all is None:
                score = of_all = _order_statistic(scores, share, name, share)
            else:
                score = of_all
            values[rows] = score[leads[rows] - 1]
        return values

    def alike(self, code, step, is_whole):
        """Return whole paths of errors of a series, nearest in the season, or None."""
        own = np.flatnonzero(is_whole & (self.codes == code))
        if len(own) < FEWEST_PATHS:
            return None
        return self._nearest(own, step, FEWEST_PATHS)

    def _nearest(self, origins, step, fewest):
        """Return those of the origins that are nearest to a step in the season."""
        distances, used = self.steps[origins] - step, np.ones(len(origins), dtype=bool)
        return origins[self._near(used, distances, fewest)]

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


def _adapted(used, limits, codes):
    """Return coverages, used so far or None, after origins of series in time order."""
    # Gibbs and Candes (2021), for each series, step and target: the coverage rises by
    # rate * asked after a target outside of the bounds, and falls by rate * (1 - asked)
    # after one inside. Overlapping forecasts have similar errors: hence the rate for a
    # horizon of them.
    # limits: (n_asked, n_origins, horizon, n_targets), the coverages above which the
    # bounds would have contained the targets, NaN where that is not known
    asked = np.reshape(_TRACKED, (-1, 1, 1, 1))
    new = np.tile(asked, (1, codes.max() + 1, *limits.shape[2:]))
    used = new if used is None else np.hstack([used, new[:, used.shape[1] :]])
    rate = min(_RATE / limits.shape[2], _MOST_RATE)
    number = pd.Series(codes).groupby(codes).cumcount().to_numpy()
    for k in range(number.max() + 1):  # one origin of each series
        series, limit = codes[number == k], limits[:, number == k]
        change = rate * (asked - (limit < _increasing(used[:, series])))
        changed = used[:, series] + np.where(np.isnan(limit), 0, change)
        used[:, series] = np.clip(changed, 0, 1)
    return used


def _increasing(used):
    """Return coverages that do not decrease with those asked for."""
    return np.maximum.accumulate(used, axis=0)


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


def _ends(coverage):
    """Return the levels of both bounds."""
    return (1 - coverage) / 2, (1 + coverage) / 2


def _weights(levels, wanted):
    """Return the weights of levels that interpolate a wanted one."""
    if levels is None:
        return np.ones(1)
    return np.array([np.interp(wanted, levels, unit) for unit in np.eye(len(levels))])


def _counts(chosen, is_true):
    """Return how many (n_asked, n, ...) of the chosen (n, k) are true (n, k, ...)."""
    chosen = np.stack(chosen, axis=1).astype(np.float32)
    flat = is_true.reshape(*is_true.shape[:2], -1).astype(np.float32)
    counts = np.swapaxes(chosen @ flat, 0, 1).astype(np.float64)  # shares are compared
    return counts.reshape(*counts.shape[:2], *is_true.shape[2:])


def _fewest(share):
    """Return the number of scores that a quantile of them needs."""
    return int(np.ceil(share / (1 - share) - 1e-9))


def _order_statistic(scores, share, name, used):
    """Return the quantile of scores (n, ...) that covers one more; NaN without any."""
    n_known = (~np.isnan(scores)).sum(axis=0)
    if ((n_known < _fewest(share)) & (n_known > 0)).any():
        raise ValueError(
            f"{name} needs the errors of at least {_fewest(share)} origins, but there "
            f"are {n_known[n_known > 0].min()}. An origin counts once all of its steps "
            "are observed. Set a larger calibration_size, or ask for less extreme "
            "bounds."
        )
    if not len(scores):
        return np.full(scores.shape[1:], np.nan)
    rank = np.ceil((n_known + 1) * used - 1e-9).astype(int)
    rank = np.clip(rank, 1, np.maximum(n_known, 1)) - 1
    ordered = np.partition(scores, np.unique(rank), axis=0)  # NaN last
    return np.take_along_axis(ordered, rank[np.newaxis], axis=0)[0]
