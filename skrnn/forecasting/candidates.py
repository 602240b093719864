"""What a forecaster without a regressor may use for the rows of a fit."""

from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn.estimators.exponential_smoothing import ExponentialSmoothingRegressor
from skrnn.estimators.gru import GRURegressor
from skrnn.estimators.mean_regressor import MeanRegressor
from skrnn.estimators.seasonal_naive import SeasonalNaiveRegressor
from skrnn.estimators.window_regressor import WindowRegressor
from skrnn.forecasting.date_features import automatic_features
from skrnn.forecasting.seasons import automatic_window_length, fitting_seasons
from skrnn.forecasting.target_transform import TargetTransform

MOST_ROWS = 150_000  # to choose by
_FAR = 0.01  # from zero, in medians of the series
_LARGE = 10  # medians, beside which 1 is small
_FEWEST_WINDOWS = 100  # of a network
_MOST_PRODUCTS = 1e10  # of the decomposition of Ridge
_MOST_VALUES = 2_000_000  # of the windows that trees read
_MANY_ROWS = 25_000  # for one larger network instead of two
_SEGMENTS = 12  # of a window that a network reads, at most
_MANY_HORIZONS = 50  # of rows, for windows of several lengths, and for trees
_RELATIVE = ("last", "standard")  # windows that follow the level of a series
_PENALTIES = tuple(10.0**power for power in range(-3, 6))


@dataclass(frozen=True)
class Candidate:
    """A name, the parameters of a Forecaster, and how it did on the rows held out."""

    name: str
    params: dict
    error: float = np.nan
    seconds: float = 0.0
    # targets and forecasts, (n_origins, horizon, n_targets, 2), transformed
    compared: np.ndarray | None = None
    transform: TargetTransform | None = None
    codes: np.ndarray | None = None  # (n_origins,), the number of each one's series

    def changed(self, name=None, **params):
        """Return a candidate with other parameters, which was not tried."""
        return Candidate(name or self.name, {**self.params, **params})

    def reads_like(self, other):
        """Return whether only the regressors differ."""
        others = self.params.keys() - {"regressor"}
        return all(self.params[name] == other.params[name] for name in others)


class Options:
    """What candidates may differ in, where a forecaster leaves it open."""

    def __init__(self, forecaster, rows):
        horizon, n_inputs = forecaster.horizon, rows.X.shape[1]
        self.is_fast = forecaster.candidates == "fast"
        self.is_long = rows.longest >= _MANY_HORIZONS * horizon
        self.has_inputs = n_inputs > 0
        self.n_rows, self.n_columns = len(rows), rows.targets.shape[1] + n_inputs
        self.seasons = fitting_seasons(rows)
        self.windows = [forecaster.window_length]  # lengths, the usual one first
        if forecaster.window_length == "auto":
            self.windows = _windows(rows, horizon, self.seasons)
            if not (self.is_long or self.has_inputs):
                self.windows = self.windows[:1]
        # of the longest series, that are whole and followed by a horizon
        self.n_windows = rows.longest - min(self.windows) - horizon + 1
        self.calendars = [forecaster.date_features]
        holds_future = min(self.windows) >= horizon
        if self.calendars == [None] and holds_future and automatic_features(rows.times):
            self.calendars.append("auto")
        self.transformers = [forecaster.target_transformer]
        log = _logarithm_for(rows) if self.transformers == ["auto"] else None
        if log is not None:
            self.transformers.append(make_pipeline(log, StandardScaler()))

    def linear(self):
        """Return Ridge on all windows, in all forms."""
        lengths = [n for n in self.windows if self._is_small(n, self.n_columns)]
        return [
            Candidate(
                f"Ridge ({normalize})" if normalize else "Ridge",
                {
                    "regressor": WindowRegressor(self._ridge(), normalize=normalize),
                    "window_length": length,
                    "date_features": self.calendars[0],
                    "target_transformer": self.transformers[0],
                },
            )
            for length in (lengths or self.windows)[: 1 if self.is_fast else None]
            for normalize in (*_RELATIVE, None)
        ]

    def variants(self, best):
        """Return a candidate with other calendars and transformers."""
        length, n_columns = best.params["window_length"], self.n_columns + 6
        pairs = [] if self.is_fast else [*product(self.calendars, self.transformers)]
        return [
            best.changed(date_features=calendar, target_transformer=transformer)
            for calendar, transformer in pairs[1:]  # the first is the candidate itself
            if calendar == self.calendars[0] or self._is_small(length, n_columns)
        ]

    def others(self, best):
        """Return those that read what `best` does, from naive ones to networks."""
        length = best.params["window_length"]
        normalize = best.params["regressor"].normalize or _RELATIVE[0]
        fitting = [season for season in self.seasons if season <= length]
        kinds = [("seasonal naive", SeasonalNaiveRegressor, fitting or [1])]
        if not self.is_long:
            smoothing = ExponentialSmoothingRegressor
            kinds.append(("exponential smoothing", smoothing, [*fitting, 1]))
        found = [
            best.changed(f"{name}, {season} steps", regressor=kind(season))
            for name, kind, seasons in kinds
            for season in seasons
        ]
        if fitting:
            beside = self._beside(SeasonalNaiveRegressor(fitting[0]), normalize)
            found.append(best.changed("Ridge beside seasonal naive", regressor=beside))
        if self.n_rows < _FEWEST_WINDOWS + length:
            return found
        n_columns = self.n_columns + 6 * (best.params["date_features"] == "auto")
        is_small = self.n_rows * length * n_columns <= _MOST_VALUES
        if self.is_long and is_small and not self.is_fast:
            trees = WindowRegressor(_trees(), normalize=normalize)
            found.append(best.changed("extra trees", regressor=trees))
        beside = self._network(length, normalize, base=self._ridge())
        found.append(best.changed("GRU beside Ridge", regressor=beside))
        if not self.is_fast:
            alone = self._network(length, "standard")
            found.append(best.changed("GRU", regressor=alone))
        return found

    def simple(self, transformer):
        """Return the mean of exponential smoothing and Ridge, for a few rows."""
        usual = self.linear()[0]
        length = usual.params["window_length"]
        season = next((n for n in self.seasons[::-1] if n <= length), 1)
        smoothing = ExponentialSmoothingRegressor(season)
        naive = SeasonalNaiveRegressor(season)
        # the spread of a few values is no scale
        normalize = "standard" if self.n_windows > 0 else "last"
        first = "exponential smoothing", smoothing
        if self.has_inputs:  # which only Ridge reads
            beside = self._beside(smoothing, normalize)
            first = "Ridge beside exponential smoothing", beside
        else:
            usual = usual.changed(target_transformer=transformer)
        last = "Ridge beside seasonal naive", self._beside(naive, normalize)
        others = [usual.changed(name, regressor=each) for name, each in (first, last)]
        return mean_of([usual, *others])

    def _is_small(self, window_length, n_columns):
        """Return whether a decomposition of all windows takes seconds at most."""
        n_rows = min(self.n_rows, MOST_ROWS)
        return n_rows * (window_length * n_columns) ** 2 <= _MOST_PRODUCTS

    def _ridge(self):
        from sklearn.linear_model import Ridge, RidgeCV  # not at import, for its memory

        if self.n_windows == 1:  # none is left to choose a penalty by
            return Ridge()
        return RidgeCV(_PENALTIES, gcv_mode="svd")  # faster for many rows

    def _beside(self, base, normalize):
        return WindowRegressor(self._ridge(), normalize=normalize, base=base)

    def _network(self, window_length, normalize, base=None):
        size = {"epochs": 50, "n_networks": 2}
        if self.n_rows > _MANY_ROWS:
            size = {"units": 64, "batch_size": 512, "epochs": 30}
        return GRURegressor(
            segment_length=self._segment_length(window_length),
            normalize=normalize,
            missing="fill",
            base=base,
            loss="absolute_error",
            early_stopping=True,
            validation_fraction=0.2,
            random_state=0,
            **size,
        )

    def _segment_length(self, window_length):
        """Return a season, or else the shortest length for at most twelve segments."""
        shortest = -(-window_length // _SEGMENTS)
        lengths = [n for n in self.seasons if shortest <= n < window_length]
        lengths += range(shortest, window_length + 1)
        return next(n for n in lengths if window_length % n == 0)


def mean_of(candidates):
    """Return the mean of candidates that read the same."""
    members = [(each.name, each.params["regressor"]) for each in candidates]
    name = "mean of " + ", ".join(name for name, _ in members)
    return candidates[0].changed(name, regressor=MeanRegressor(members))


def _trees():
    from sklearn.ensemble import ExtraTreesRegressor  # not at import, for its memory

    return ExtraTreesRegressor(
        n_estimators=100, min_samples_leaf=3, max_features=1 / 3, random_state=0
    )


def _windows(rows, horizon, seasons):
    """Return the usual window length, twice and half of it, in whole seasons."""
    usual = automatic_window_length(rows, horizon)
    season = seasons[-1] if seasons else 1
    lengths, half = [usual], usual // 2 // season * season
    if 2 * usual <= rows.longest // 3:
        lengths.append(2 * usual)
    if half >= horizon:
        lengths.append(half)
    return lengths


def _logarithm_for(rows):
    """Return a logarithm that is likely to take later values too, or None."""
    values = pd.DataFrame(rows.targets)
    medians = values.groupby(rows.codes).transform("median")
    if ((values <= 0) | (values <= _FAR * medians)).to_numpy().any():
        return None
    if (medians >= _LARGE).to_numpy().all():  # hardly another one, and takes zeros
        return FunctionTransformer(np.log1p, np.expm1)
    return FunctionTransformer(np.log, np.exp)
