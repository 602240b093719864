"""
===============================
How sure the network is
===============================

Does an interval that a network predicts hold the share of the values that it
promises, and is it wider where the future is less certain?

The series is a daily wave of which the noise is four times as strong in the second
half of each day: there, no forecast can be as sure.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import ForecastDisplay, GRURegressor, SequenceWindower, to_supervised

# %%
# Hours of 200 days. The network sees the last six hours, and nothing that tells it
# when the noise is strong.

rng = np.random.RandomState(0)
hours = pd.date_range("2026-01-01", periods=200 * 24, freq="h", name="hour")
noise = np.where(hours.hour < 12, 0.1, 0.4)
load = np.sin(2 * np.pi * hours.hour / 24) + noise * rng.normal(size=len(hours))
X, y = to_supervised(pd.Series(load, hours, name="load"))
n_train = 150 * 24

# %%
# Two levels make an interval
# ---------------------------
# With ``loss="quantile"`` the network learns all levels at once. Between 0.1 and 0.9
# there should be 80 % of the values.

model = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    SequenceWindower(window_length=6),
    GRURegressor(
        units=16,
        loss="quantile",
        quantile=(0.1, 0.5, 0.9),
        batch_size=100,
        epochs=30,
        random_state=0,
    ),
)
model.fit(X[:n_train], y[:n_train])

X_test, y_test = X[n_train:], y[n_train:]
quantiles = model[-1].predict_quantiles(model[:-1].transform(X_test))
lower, upper = quantiles[:, 0], quantiles[:, 2]

# %%
# How often, and how wide
# -----------------------
# The true interval of the strong noise is four times as wide as that of the weak one.

hour = (y_test.index.hour + 1) % 24  # of the value, one hour after its row
inside = (lower <= y_test) & (y_test <= upper)
by_noise = pd.DataFrame(
    {
        "inside": inside.groupby(hour >= 12).mean(),
        "width": pd.Series(upper - lower, y_test.index).groupby(hour >= 12).mean(),
        "true width": [2 * 1.2816 * 0.1, 2 * 1.2816 * 0.4],
    }
)
by_noise.index = ["weak noise", "strong noise"]
print(f"{inside.mean():.1%} of the test values are in the interval of 80 %")
print(by_noise.to_string(float_format="{:.2f}".format))

# %%
# The band is narrow in the morning and wide in the afternoon.

figure, ax = plt.subplots(figsize=(9, 5), layout="constrained")
last = slice(-5 * 24, None)
display = ForecastDisplay.from_estimator(model, X_test[last], y_test[last], ax=ax)
display.ax_.set_title("One hour ahead, with the interval of 80 %", pad=28)

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
figure.savefig(figures / "plot_intervals.png", dpi=120)
