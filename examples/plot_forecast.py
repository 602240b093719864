"""
============================
Forecast CO2 beyond the data
============================

How good are forecasts of the weekly CO2 concentration at Mauna Loa up to 13 weeks
ahead, and what is the forecast after the end of the data?

A network is compared with Ridge and with a seasonal naive forecast, the same week of
the year before. The test covers eight years that were not used for tuning. The
network then forecasts the 13 weeks after the data, with dates and an interval.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd
from sklearn.linear_model import Ridge
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit

from skrnn import (
    ForecastDisplay,
    Forecaster,
    GRURegressor,
    SeasonalNaiveRegressor,
    backtest,
)
from skrnn.datasets import load_co2
from skrnn.metrics import summarize

HORIZON, YEAR = 13, 52  # weeks

# %%
# Define three models
# -------------------
# A forecaster takes the series itself. It standardises the series and cuts it into
# windows, and its regressor predicts the next 13 weeks from each of them. The network
# uses the recipe of the user guide: windows relative to their last value, segments of
# 13 weeks, Ridge as a base, and the mean of three networks. A few weeks before 1986
# were not measured. The network fills these values. Ridge is trained on the windows
# without missing values.

co2 = load_co2()["1974":]
print(f"{len(co2)} weeks until {co2.index[-1]:%Y-%m-%d}, {co2.isna().sum()} missing")

network = GRURegressor(
    units=16,
    segment_length=13,
    normalize="last",
    missing="fill",
    base=Ridge(),
    n_networks=3,
    epochs=30,
    batch_size=100,
    random_state=0,
)
regressors = {
    "GRU": network,
    "Ridge": Ridge(),
    "seasonal naive": SeasonalNaiveRegressor(YEAR),
}
forecasters = {
    name: Forecaster(regressor, horizon=HORIZON, window_length=2 * YEAR)
    for name, regressor in regressors.items()
}

# %%
# Tune on the training part
# -------------------------
# The last eight years are the test set. The window length and the regularization of
# Ridge are chosen on the years before. scikit-learn's folds work with a forecaster
# without changes: in each fold, it forecasts the 13 weeks that follow the training
# rows.

n_train = len(co2) - 8 * YEAR
early = co2[:n_train]
weeks = pd.DataFrame(index=early.index)  # there are no inputs besides the past of CO2

grids = {
    "GRU": {"regressor__base__alpha": [1, 10], "window_length": [52, 104]},
    "Ridge": {"regressor__alpha": [1, 10, 100], "window_length": [52, 104, 156]},
}
for name, grid in grids.items():
    search = GridSearchCV(
        forecasters[name],
        grid,
        cv=TimeSeriesSplit(n_splits=12, test_size=HORIZON),
        scoring="neg_root_mean_squared_error",
        n_jobs=-1,
    )
    search.fit(weeks, early)
    forecasters[name].set_params(**search.best_params_)
    chosen = {key.split("__")[-1]: value for key, value in search.best_params_.items()}
    print(f"{name}: {-search.best_score_:.3f} ppm in cross-validation with {chosen}")

# %%
# Backtest over eight years
# -------------------------
# ``backtest`` forecasts 13 weeks, moves the origin by 13 weeks, and repeats. Each model
# is fitted again every year. The last two years before each fit calibrate intervals
# with a coverage of 80 %.

for forecaster in forecasters.values():
    forecaster.set_params(calibration_size=2 * YEAR)
frame = backtest(
    forecasters,
    y=co2,
    initial_train_size=n_train,
    refit=YEAR // HORIZON,
    coverage=0.8,
    n_jobs=-1,
)
scores = summarize(frame, ["RMSE", "MAE", "coverage"]).sort_values("RMSE")
first, second = scores.index[:2]
print(
    f"\nErrors in ppm, {frame['time'].min():%Y-%m-%d} to {frame['time'].max():%Y-%m-%d}"
)
print(scores.to_string(float_format="{:.3f}".format))
margin = 1 - scores["RMSE"][first] / scores["RMSE"][second]
print(f"The RMSE of {first} is {margin:.1%} below that of {second}.")

# %%
# Forecast the next 13 weeks
# --------------------------
# The forecaster is fitted on all rows and forecasts the weeks after the last one.

forecaster = forecasters["GRU"].fit(y=co2)
forecast = forecaster.forecast(HORIZON, coverage=0.8)
print("\nThe next weeks, with an 80 % interval")
print(forecast.round(1).to_string())

ahead, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ForecastDisplay.from_forecast(co2["2000":], forecast, ax=ax)
ax.set_ylabel("CO$_2$ [ppm]")
ax.set_title("The next 13 weeks", pad=28)

errors, ax = plt.subplots(figsize=(6, 4), layout="constrained")
ForecastDisplay.from_backtest(frame, ax=ax)
ax.set(title="Error by week ahead, eight years", ylabel="mean absolute error [ppm]")

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
ahead.savefig(figures / "plot_forecast.png", dpi=120)
errors.savefig(figures / "plot_forecast_errors.png", dpi=120)
