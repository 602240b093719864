"""How many values lie in the intervals, step by step?

Run `python benchmarks/coverage.py`. A `Forecaster` with its default regressor is fitted
once on the first rows of each series, and forecasts from every later row with an
interval of 80 %; `update` keeps the calibration up to date. It prints the share of the
values in the intervals for each step ahead, the mean of these shares and the largest
difference to 80 %. Sunspots and sea temperatures need statsmodels.
"""

import numpy as np
import pandas as pd

from skrnn import Forecaster, backtest
from skrnn.datasets import load_co2

COVERAGE = 0.8


def sea_temperature():
    """Return the monthly surface temperature in the region of El Nino from 1950 on."""
    from statsmodels.datasets import elnino

    values = elnino.load_pandas().data.set_index("YEAR").to_numpy().ravel()
    index = pd.date_range("1950-01-01", periods=len(values), freq="MS")
    return pd.Series(values, index, name="temperature")


def sunspots():
    """Return the yearly number of sunspots from 1700 on."""
    from statsmodels.datasets import sunspots

    data = sunspots.load_pandas().data
    index = pd.PeriodIndex(data["YEAR"].astype(int).astype(str), freq="Y")
    return pd.Series(data["SUNACTIVITY"].to_numpy(), index, name="sunspots")


def changing_noise(n_rows=6000, seed=0):
    """Return a daily wave with noise whose strength changes slowly, 0.1 to 0.9."""
    rng = np.random.RandomState(seed)
    hours = np.arange(n_rows)
    scale = 0.5 - 0.4 * np.cos(2 * np.pi * hours / 1500)
    wave = np.sin(2 * np.pi * hours / 24)
    index = pd.date_range("2020-01-01", periods=n_rows, freq="h")
    return pd.Series(wave + scale * rng.normal(size=n_rows), index, name="load")


SERIES = {
    "CO2, weeks": (load_co2, 13, 0.6, 260),
    "sea temperature, months": (sea_temperature, 12, 0.5, 120),
    "sunspots, years": (sunspots, 5, 0.5, 80),
    "changing noise, hours": (changing_noise, 12, 0.5, 120),
    "changing noise, calibration_size=300": (changing_noise, 12, 0.5, 300),
}


def share_covered(load, horizon, share_of_fit, calibration_size):
    """Return the share of the values in the intervals, for each step ahead."""
    series = load()
    forecaster = Forecaster(horizon=horizon, calibration_size=calibration_size)
    frame = backtest(
        forecaster,
        y=series,
        initial_train_size=round(share_of_fit * len(series)),
        stride=1,
        coverage=COVERAGE,
    ).dropna()
    inside = frame["observed"].between(frame["lower_bound"], frame["upper_bound"])
    return inside.groupby(frame["step"]).mean()


def main():
    titles = "series", "share at each step in %", "mean", "largest difference"
    print("| " + " | ".join(titles) + " |")
    print("| --- | --- | --- | --- |")
    for title, how in SERIES.items():
        try:
            shares = 100 * share_covered(*how)
        except ModuleNotFoundError as error:
            print(f"| {title} | left out: {error.name} is not installed | | |")
            continue
        cells = [
            ", ".join(f"{share:.0f}" for share in shares),
            f"{shares.mean():.1f}",
            f"{(shares - 100 * COVERAGE).abs().max():.1f}",
        ]
        print(f"| {title} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main()
