"""How many values lie in the intervals, step by step?

Run `python benchmarks/coverage.py`. A `Forecaster` with its default regressor is fitted
once on the first rows of each series, and forecasts from every later row with an
interval of 80 %; `update` keeps the calibration up to date. It prints the share of the
values in the intervals for each step ahead, the mean of these shares and the largest
difference to 80 %. Sunspots and sea temperatures need statsmodels.

`--series DIRECTORY` does so on the public series of `benchmarks/skill.py`, for the
default forecaster and for Ridge, with intervals of 80 and 95 % on the last fifth, from
every row, or from every midnight for hourly series. It prints their mean coverage, its
range over the steps ahead and over the series of a panel, and the mean interval score
divided by that of Ridge. A coverage that needs more errors than there are is left out.
`--search` takes the last fifth of the training rows.
"""

import numpy as np
import pandas as pd
from forecasts.public import PUBLIC, options_of
from sklearn.linear_model import RidgeCV

from skrnn import Forecaster, WindowRegressor, backtest
from skrnn.datasets import load_co2
from skrnn.metrics import mean_interval_score

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


COVERAGES = 0.8, 0.95
MOST_HELD_OUT = 1_000


def compare_on_public_series(directory, names, search):
    """Print the coverage and the score of intervals on public series."""
    titles = "data", "model", "asked", "mean", "steps", "series", "score / Ridge's"
    print("| " + " | ".join(titles) + " |")
    print("| " + " | ".join(["---"] * len(titles)) + " |")
    for name in names:
        data = PUBLIC[name](directory)
        data = data.earlier() if search else data
        scores = {}
        n_held_out = min(data.n_train // 5, MOST_HELD_OUT)
        n_errors = n_held_out - data.horizon + 1
        coverages = [c for c in COVERAGES if c / (1 - c) < n_errors + 1e-9]
        for model, regressor in ("Ridge", ridge()), ("default", None):
            frame = intervals(data, regressor, n_held_out, coverages)
            for coverage in coverages:
                cells, score = measured(frame, coverage)
                ratio = score / scores.setdefault(coverage, score)
                cells = name, model, f"{coverage:.0%}", *cells, f"{ratio:.3f}"
                print("| " + " | ".join(cells) + " |", flush=True)


def ridge():
    """Return Ridge on standardised windows."""
    return WindowRegressor(RidgeCV(np.logspace(-3, 5, 9)), normalize="standard")


def intervals(data, regressor, n_held_out, coverages):
    """Return the frame of a backtest with intervals of all coverages."""
    forecaster = Forecaster(
        regressor, horizon=data.horizon, calibration_size=n_held_out
    )
    return backtest(
        forecaster,
        data.X,
        data.y,
        initial_train_size=data.n_train,
        stride=24 if data.horizon == 24 else 1,
        coverage=coverages,
    ).dropna()


def measured(frame, coverage):
    """Return the mean coverage, its ranges, and the mean interval score."""
    ends = [f"{end}_{100 * coverage:.0f}" for end in ("lower", "upper")]
    bounds = frame[ends].set_axis(["lower_bound", "upper_bound"], axis=1)
    inside = frame["observed"].between(bounds["lower_bound"], bounds["upper_bound"])
    cells = [f"{inside.mean():.1%}"]
    for by in "step", "series":
        if by in frame:
            shares = inside.groupby(frame[by]).mean()
            cells.append(f"{shares.min():.0%} to {shares.max():.0%}")
        else:
            cells.append("")
    scale = frame["series"] if "series" in frame else np.zeros(len(frame))
    scale = frame["observed"].groupby(scale).transform("std").to_numpy()
    observed = frame["observed"] / scale
    bounds = bounds.div(scale, axis=0)
    return cells, mean_interval_score(observed, bounds, coverage=coverage)


def main():
    options = options_of(__doc__)
    if options.series:
        compare_on_public_series(options.series, options.only, options.search)
    else:
        show_default()


def show_default():
    """Print the coverage of the default forecaster, step by step."""
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
