"""Intervals from forecast errors: split conformal prediction."""

from dataclasses import dataclass, replace
from numbers import Real

import numpy as np


@dataclass(frozen=True)
class Calibration:
    """Errors of forecasts of rows that were not trained on.

    Parameters
    ----------
    errors : ndarray of shape (n_origins, horizon, n_targets, n_levels)
        Observed values minus forecasts, in units of the scale of their series. NaN
        where a value is not known. One level for forecasts without quantiles.
    levels : ndarray of shape (n_levels,) or None
        Levels of the quantiles that were forecast, if they were.

    Notes
    -----
    For forecasts without quantiles the bounds are those of split conformal prediction
    [1]_: the forecast plus and minus a quantile of the absolute errors. For quantiles
    [2]_, the same quantile of how far the values are outside of the two quantiles
    forecast is added on both sides. Each step ahead has its own.

    References
    ----------
    .. [1] V. Vovk, A. Gammerman and G. Shafer, "Algorithmic learning in a random
       world", Springer, 2005.
    .. [2] Y. Romano, E. Patterson and E. Candes, "Conformalized quantile regression",
       NeurIPS 2019.
    """

    errors: np.ndarray
    levels: np.ndarray | None

    @classmethod
    def of(cls, errors, levels):
        """Start with errors, without origins for which no error is known."""
        return cls(errors[is_known(errors)], levels)

    def followed_by(self, errors):
        """Return the calibration with new errors in place of the oldest ones."""
        errors = errors[is_known(errors)]
        both = np.concatenate([self.errors, errors])
        return replace(self, errors=both[len(errors) :])

    def margins(self, coverage):
        """Return how much is added on both sides, for each step and target.

        Parameters
        ----------
        coverage : float
            The share of values that should lie between the bounds.

        Returns
        -------
        ndarray of shape (horizon, n_targets)
            In units of the scale of a series.

        Raises
        ------
        ValueError
            If there are too few errors for the coverage.
        """
        return conformal_quantile(self.scores(coverage), coverage)

    def scores(self, coverage):
        """Return how far each value is outside of the ends of its interval."""
        low, high = weights_of_ends(self.levels, coverage)
        return np.maximum(-(self.errors @ low), self.errors @ high)

    def bounds(self, forecasts, margins, coverage):
        """Return lower and upper bounds.

        Parameters
        ----------
        forecasts : ndarray of shape (n_rows, n_targets, n_levels)
            Forecasts.
        margins : ndarray of shape (n_rows, n_targets)
            What is added on both sides.
        coverage : float
            The share of values that should lie between the bounds.

        Returns
        -------
        lower, upper : ndarray of shape (n_rows, n_targets)
        """
        low, high = weights_of_ends(self.levels, coverage)
        ends = forecasts @ low - margins, forecasts @ high + margins
        return np.minimum(*ends), np.maximum(*ends)


def quantile_bounds(forecasts, levels, coverage):
    """Return bounds that are quantiles forecast, without any calibration.

    Parameters
    ----------
    forecasts : ndarray of shape (..., n_levels)
        Quantiles.
    levels : ndarray of shape (n_levels,)
        Their levels.
    coverage : float
        The share of values that should lie between the bounds.

    Returns
    -------
    lower, upper : ndarray

    Raises
    ------
    ValueError
        If the levels do not reach that far.
    """
    tail = (1 - coverage) / 2
    if tail < levels[0] - 1e-9 or 1 - tail > levels[-1] + 1e-9:
        raise ValueError(
            f"coverage={coverage} needs quantiles from {tail:.4g} to {1 - tail:.4g}, "
            f"but quantile={tuple(levels.tolist())}. Set quantile to more levels, "
            "calibration_size, or a smaller coverage."
        )
    low, high = weights_of_ends(levels, coverage)
    return forecasts @ low, forecasts @ high


def weights_of_ends(levels, coverage):
    """Return the weights of levels whose sums are the two ends of an interval.

    Between levels they are interpolated; outside the outermost level counts.
    """
    if levels is None:
        return np.ones(1), np.ones(1)
    unit = np.eye(len(levels))
    ends = (1 - coverage) / 2, (1 + coverage) / 2
    return tuple(
        np.array([np.interp(end, levels, of_level) for of_level in unit])
        for end in ends
    )


def is_known(errors):
    """Tell for which origins any error is known."""
    return ~np.isnan(errors).all(axis=(1, 2, 3))


def conformal_quantile(scores, coverage):
    """Return the quantile of scores (n, ...) that covers one more of their kind."""
    n_known = (~np.isnan(scores)).sum(axis=0)
    rank = np.ceil((n_known + 1) * coverage - 1e-9).astype(int)
    if (rank > n_known).any():
        needed = int(np.ceil(coverage / (1 - coverage) - 1e-9))
        raise ValueError(
            f"coverage={coverage} needs the errors of at least {needed} origins, but "
            f"there are {n_known.min()}. An origin counts once all of its steps are "
            "observed. Set a larger calibration_size or a smaller coverage."
        )
    if (n_known == len(scores)).all():
        return np.partition(scores, rank.flat[0] - 1, axis=0)[rank.flat[0] - 1]
    ordered = np.sort(scores, axis=0)  # NaN last
    return np.take_along_axis(ordered, rank[np.newaxis] - 1, axis=0)[0]


def check_coverage(coverage):
    """Raise an error unless a coverage is a number between 0 and 1."""
    if not isinstance(coverage, Real):
        raise TypeError(f"coverage must be a number. Got {coverage!r}.")
    if not 0 < coverage < 1:
        raise ValueError(
            f"coverage must lie between 0 and 1, such as 0.8 for 80 %. Got {coverage}."
        )
