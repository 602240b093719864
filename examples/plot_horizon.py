"""
=======================
How far ahead to look
=======================

How fast does a forecast get worse with every further week, and from which week on is
the network better than the rules of thumb?

One network forecasts the CO2 concentration at Mauna Loa 1 to 26 weeks ahead, all weeks
at once: ``y`` has a column for each.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import ForecastDisplay, GRURegressor, SequenceWindower, to_supervised
from skrnn.datasets import load_co2

HORIZON, YEAR = 26, 52  # weeks

# %%
# What is known, and what is asked
# --------------------------------
# ``to_supervised`` puts the next 26 levels beside each week. The network learns the
# changes from the present level, as it cannot answer with levels it has never seen;
# adding the present level gives the forecast. From 1986 on every week is measured.

co2 = load_co2()["1986":]
time_of_year = 2 * np.pi * co2.index.day_of_year / 365.25
features = pd.DataFrame(
    {
        "co2": co2,
        "above_mean": co2 - co2.rolling(YEAR).mean(),
        "growth": co2 - co2.shift(YEAR),
        "sin": np.sin(time_of_year),
        "cos": np.cos(time_of_year),
    }
)[YEAR:]
X, levels = to_supervised(features, horizon=HORIZON, target="co2")
present, X = X["co2"], X.drop(columns="co2")
changes = levels.sub(present, axis=0)

# %%
# The last four years are for the test. The last training row is 26 weeks before them:
# its targets have just been measured when the first forecast is made.

n_test = 4 * YEAR
train, test = slice(None, -n_test - HORIZON + 1), slice(-n_test, None)

model = make_pipeline(
    StandardScaler().set_output(transform="pandas"),
    SequenceWindower(window_length=13),
    TransformedTargetRegressor(
        GRURegressor(32, batch_size=200, epochs=100, random_state=0),
        transformer=StandardScaler(),
    ),
)
model.fit(X[train], changes[train])

# %%
# All rows after the training rows are given to ``predict``, so that the first windows
# of the test know the weeks before them.

predicted = model.predict(X[train.stop :])[-n_test:]
forecast = levels[test] * 0 + predicted + present[test].to_numpy()[:, None]

# %%
# The error of every week ahead
# -----------------------------
# The rules of thumb are the present level, and the level of the same week a year
# before, plus the growth of the last year.

year_ago = pd.concat(
    [co2.shift(YEAR - lead).reindex(levels.index) for lead in range(1, HORIZON + 1)],
    axis=1,
)
seasonal = year_ago.add(features["growth"].reindex(levels.index), axis=0)
rules = {
    "GRU": forecast.to_numpy(),
    "seasonal + growth": seasonal[test].to_numpy(),
    "persistence": np.repeat(present[test].to_numpy()[:, None], HORIZON, axis=1),
}
rmse = pd.DataFrame(
    {
        name: np.sqrt(np.mean((levels[test].to_numpy() - rule) ** 2, axis=0))
        for name, rule in rules.items()
    },
    index=pd.RangeIndex(1, HORIZON + 1, name="weeks ahead"),
)
print("RMSE in ppm")
print(rmse.loc[[1, 2, 4, 8, 13, 26]].to_string(float_format="{:.3f}".format))
best = rmse.idxmin(axis=1)
for name in dict.fromkeys(best):
    print(f"{name} is best in {(best == name).sum()} of {HORIZON} weeks ahead")

# %%
# Each fan is one forecast of 26 weeks. Below, the error by the weeks ahead.

figure, (top, bottom) = plt.subplots(
    2, figsize=(9, 7), height_ratios=(3, 2), layout="constrained"
)
display = ForecastDisplay.from_predictions(
    levels[test], forecast, ax=top, kind="forecast"
)
display.ax_.set_ylabel("CO$_2$ [ppm]")
for name, style in (
    ("GRU", {"color": "C0", "lw": 2}),
    ("seasonal + growth", {"color": "C1"}),
    ("persistence", {"color": "0.5", "ls": ":"}),
):
    bottom.plot(rmse.index, rmse[name], label=name, **style)
bottom.set(xlabel="Weeks ahead", ylabel="RMSE [ppm]", ylim=(0, None))
bottom.legend()

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
figure.savefig(figures / "plot_horizon.png", dpi=120)
