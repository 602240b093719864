"""
=========================
Coverage of two intervals
=========================

Do intervals have the coverage that was asked for, and are they wider where the series
is harder to predict?

The series is a daily wave with noise. In the second half of each day, the noise is four
times as strong, and forecasts are less certain.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from skrnn import ForecastDisplay, Forecaster, GRURegressor, backtest

# %%
# The series has the hours of 200 days. The network sees the last six hours. It has no
# input that tells when the noise is strong.

rng = np.random.RandomState(0)
hours = pd.date_range("2026-01-01", periods=200 * 24, freq="h", name="hour")
noise = np.where(hours.hour < 12, 0.1, 0.4)
load = np.sin(2 * np.pi * hours.hour / 24) + noise * rng.normal(size=len(hours))
load = pd.Series(load, hours, name="load")

# %%
# Two kinds of intervals
# ----------------------
# Both forecasters hold out 45 days to measure the size of the errors. The first network
# predicts one value; the width of its intervals follows from the errors at the same
# hour of these days. The second network predicts quantiles, so it can also learn from
# the window when the noise is strong.


def forecaster(**parameters):
    """Return a forecaster with a GRU network with these parameters."""
    network = GRURegressor(
        units=16, batch_size=100, epochs=30, random_state=0, **parameters
    )
    return Forecaster(network, window_length=6, calibration_size=45 * 24)


models = {
    "one value": forecaster(),
    "quantiles": forecaster(loss="quantile", quantile=(0.1, 0.5, 0.9)),
}

# %%
# Coverage and width
# ------------------
# The last 50 days are forecast hour by hour. The intervals should contain 80 % of the
# values. The true interval is four times as wide for the strong noise as for the weak
# noise.

frame = backtest(models, y=load, initial_train_size=150 * 24, coverage=0.8)
frame["inside"] = frame["observed"].between(frame["lower_bound"], frame["upper_bound"])
frame["width"] = frame["upper_bound"] - frame["lower_bound"]
frame["noise"] = np.where(frame["time"].dt.hour < 12, "weak noise", "strong noise")
table = frame.groupby(["model", "noise"])[["inside", "width"]].mean().unstack("noise")
print(table.to_string(float_format="{:.2f}".format))
print(f"true width: {2 * 1.2816 * 0.4:.2f} and {2 * 1.2816 * 0.1:.2f}")
inside = frame.groupby("model")["inside"].mean()
print("\n".join(f"{name}: {share:.1%} inside" for name, share in inside.items()))

# %%
# Both contain 80 % of the values of the morning and of those of the afternoon, as both
# are wide where the noise is strong. Intervals of the network for one value need a
# season to know where that is, and enough errors for each hour of it; those from
# quantiles do not.

figure, axes = plt.subplots(
    2, sharex=True, sharey=True, figsize=(6, 5.4), layout="constrained"
)
last = frame[frame["time"] >= hours[-5 * 24]]
for ax, (name, of_model) in zip(axes, last.groupby("model"), strict=True):
    ForecastDisplay.from_backtest(of_model, kind="forecast", ax=ax)
    ax.set_title(f"Interval of 80 %, network predicts {name}", pad=28)
    ax.set_ylabel("load")

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
figure.savefig(figures / "plot_intervals.png", dpi=120)
