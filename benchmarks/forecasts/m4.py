"""The hourly series of the M4 competition, and its measures.

S. Makridakis, E. Spiliotis and V. Assimakopoulos, "The M4 Competition: 100,000 time
series and 61 forecasting methods", International Journal of Forecasting 36(1), 2020.
"""

from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from forecasts.problem import Part, Problem
from skrnn import Forecaster, to_supervised

DAY, HORIZON = 24, 48  # hours

PUBLISHED = (
    ("Naive2, published", (18.383, 2.395, 1.0)),
    ("sNaive, published", (13.912, 1.193, 0.628)),
    ("RNN of the competition", (14.698, 3.048, 1.036)),
    ("LightGBM, published", (10.207, 0.862, 0.458)),
    ("ES-RNN, the winner", (9.328, 0.893, 0.440)),
)


def read(path):
    """Return the series of a CSV file of the competition, one a row."""
    rows = pd.read_csv(path, index_col=0).to_numpy(dtype=float)
    return [row[~np.isnan(row)] for row in rows]


def smape(truth, predicted):
    scale = np.abs(truth) + np.abs(predicted)
    return 200 * np.mean(np.abs(truth - predicted) / scale)


def mase(truth, predicted, past):
    scale = np.mean(np.abs(past[DAY:] - past[:-DAY]))
    return np.mean(np.abs(truth - predicted)) / scale


def is_seasonal(series):
    """Test the autocorrelation at lag 24 at 90 %, with Bartlett's standard error."""
    centred = series - series.mean()
    products = [centred[lag:] @ centred[:-lag] for lag in range(1, DAY + 1)]
    correlation = np.array(products) / (centred @ centred)
    error = np.sqrt((1 + 2 * np.sum(correlation[:-1] ** 2)) / len(series))
    return len(series) >= 3 * DAY and abs(correlation[-1]) > 1.645 * error


def seasonal_factors(series):
    """Return the factors of the classical multiplicative decomposition."""
    weights = np.r_[0.5, np.ones(DAY - 1), 0.5] / DAY
    trend = np.convolve(series, weights, "valid")
    ratios = np.full(len(series), np.nan)
    ratios[DAY // 2 : -DAY // 2] = series[DAY // 2 : -DAY // 2] / trend
    factors = np.array([np.nanmean(ratios[hour::DAY]) for hour in range(DAY)])
    return factors / factors.mean()


def naive2(series):
    """Continue the last value, times the season where there is one."""
    if not is_seasonal(series):
        return np.full(HORIZON, series[-1])
    factors = seasonal_factors(series)
    hours = len(series) - 1 + np.arange(HORIZON + 1)
    return series[-1] * factors[hours[1:] % DAY] / factors[hours[0] % DAY]


class HourlySeries:
    """Series whose last 48 hours are to be forecast.

    Their logarithms are brought to mean 0 and standard deviation 1, each series by its
    own past, so that one network serves all.

    Parameters
    ----------
    past, future : list of ndarray
        What is known of each series, and its next 48 hours.
    """

    def __init__(self, past, future):
        self.past, self.future = past, np.stack(future)
        logs = [np.log(series) for series in past]
        self.mean = np.array([[series.mean()] for series in logs])
        self.spread = np.array([[series.std()] for series in logs])

    def part(self):
        """Return the past as training rows; the last row of each series counts."""
        panel = self.panel()
        X, y = to_supervised(panel, horizon=HORIZON)
        later = panel.groupby(level="series").tail(HORIZON)
        wanted = np.arange(len(later)) % HORIZON == HORIZON - 1
        weight = self.weights()[X.index.get_level_values("series")]
        return Part(X, y, later, wanted, self.score, weight)

    def weights(self):
        """Return how much an error of the scaled logarithms counts in OWA, by series.

        An error of the logarithm is a relative one. OWA is the mean of sMAPE and MASE,
        each divided by that of Naive2, here for the last 48 hours of the past; MASE
        divides by the mean change in a day.
        """
        smape, mase = self.earlier().errors_of_naive2
        change = np.array(
            [np.abs(s[DAY:] - s[:-DAY]).mean() / s.mean() for s in self.past]
        )
        weight = self.spread[:, 0] * (100 / smape + 1 / (change * mase))
        return weight / weight.mean()

    def earlier(self):
        """Return the past; its last 48 hours are to be forecast."""
        past = [series[:-HORIZON] for series in self.past]
        return HourlySeries(past, [series[-HORIZON:] for series in self.past])

    @cached_property
    def errors_of_naive2(self):
        """Mean sMAPE and MASE of Naive2."""
        return self.errors([naive2(series) for series in self.past])

    def panel(self):
        levels = zip(self.past, self.mean, self.spread, strict=True)
        scaled = [(np.log(series) - mean) / spread for series, mean, spread in levels]
        numbers = np.repeat(np.arange(len(scaled)), [len(series) for series in scaled])
        hours = np.concatenate([np.arange(len(series)) for series in scaled])
        index = pd.MultiIndex.from_arrays([numbers, hours], names=["series", "hour"])
        return pd.DataFrame({"value": np.concatenate(scaled)}, index, dtype="float32")

    def by_default(self):
        """Return sMAPE, MASE and OWA of the default forecaster: nothing is chosen."""
        series = {
            number: pd.Series(
                values, pd.date_range("2000-01-01", periods=len(values), freq="h")
            )
            for number, values in enumerate(self.past)
        }
        y = pd.concat(series, names=["series", "hour"])
        forecasts = Forecaster(horizon=HORIZON).fit(y=y).forecast(HORIZON)
        return self.measures(forecasts.to_numpy().reshape(-1, HORIZON))

    def score(self, predicted):
        """Return sMAPE, MASE and OWA of forecasts of the scaled logarithms."""
        forecasts = np.exp(self.mean + self.spread * predicted)
        return self.measures(forecasts)

    def measures(self, forecasts):
        """Return sMAPE, MASE and OWA of forecasts."""
        errors = self.errors(forecasts)
        return (*errors, float(np.mean(errors / self.errors_of_naive2)))

    def errors(self, forecasts):
        triples = list(zip(self.future, forecasts, self.past, strict=True))
        smapes = [smape(truth, predicted) for truth, predicted, _ in triples]
        return np.array([np.mean(smapes), np.mean([mase(*each) for each in triples])])


def hourly(directory):
    """Return the problem of the 414 hourly series.

    Parameters
    ----------
    directory : str
        Where `Hourly-train.csv` and `Hourly-test.csv` are, from the folder `Dataset`
        of the competition's repository, https://github.com/Mcompetitions/M4-methods.
    """
    past = read(Path(directory, "Hourly-train.csv"))
    test = HourlySeries(past, read(Path(directory, "Hourly-test.csv")))
    ours = test.measures([naive2(series) for series in past])
    return Problem(
        "M4, all 414 hourly series, the next 48 hours",
        measures=("sMAPE", "MASE", "OWA"),
        test=test.part,
        validation=lambda: [test.earlier().part()],
        season_length=DAY,
        by_default=test.by_default,
        published=(("Naive2, computed here", ours), *PUBLISHED),
    )
