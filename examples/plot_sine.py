"""
=========
Sine wave
=========

How well does a small LSTM predict the next value of a sine wave, how far ahead can it
forecast, and how does its loss decrease over the epochs?

The series is 1000 points of sin(t) for t from 0 to 100 rad. The network is trained on
the first 80 % and tested on the last 20 %.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from skrnn import Forecaster, LSTMRegressor, SequenceWindower, backtest
from skrnn.datasets import make_sine

# %%
# Each row holds the value at one time. Its target is the value one step later. The
# split keeps the time order.

sine = make_sine(1000, t_max=100.0)
X, y = sine[:-1].reshape(-1, 1), sine[1:]
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.2, shuffle=False)

# %%
# Train one model
# ---------------
# A pipeline scales the rows to [0, 1], makes windows of 20 steps and trains the network
# on them. Adam and the squared error are the defaults. ``TransformedTargetRegressor``
# scales the target for training and transforms the predictions back to the original
# scale.

pipeline = make_pipeline(
    MinMaxScaler(),
    SequenceWindower(window_length=20),
    LSTMRegressor(units=50, batch_size=32, epochs=20, random_state=0),
)
model = TransformedTargetRegressor(pipeline, transformer=MinMaxScaler())
y_pred = model.fit(X_train, y_train).predict(X_test)

mse = mean_squared_error(y_test, y_pred)
print("Test part, in the units of the series (amplitude 1)")
print(f"  MSE  {mse:.2e}")
print(f"  RMSE {np.sqrt(mse):.2e}")

# %%
# Use a Forecaster
# ----------------
# A ``Forecaster`` takes the series itself. It scales the series, makes the windows and
# targets, trains the network and forecasts in the units of the series. ``backtest``
# trains it on the first 800 values and forecasts each later value from the values
# before it.

forecaster = Forecaster(
    LSTMRegressor(units=50, batch_size=32, epochs=20, random_state=0),
    window_length=20,
    target_transformer=MinMaxScaler(),
)
frame = backtest(forecaster, y=sine, initial_train_size=len(X_train) + 1)
mse = mean_squared_error(frame["observed"], frame["pred"])
print(f"  MSE  {mse:.2e} with a Forecaster")

# %%
# Fitted on all 1000 values, the same forecaster forecasts the next 100. The network
# predicts one step at a time, so each forecast is an input of the next.

forecast = forecaster.fit(y=sine).forecast(100)

t = np.linspace(0.0, 100.0, len(sine))
t_ahead = t[-1] + t[1 : len(forecast) + 1]
mse = mean_squared_error(np.sin(t_ahead), forecast)
print(f"Next 100 values\n  MSE  {mse:.2e}")

# %%
# Show the loss of every epoch
# ----------------------------
# The same network is trained again, with the test part as validation data. The loss on
# ``X_val`` and ``y_val`` is computed after every epoch. They are not used for training.

to_windows, scaler = model.regressor_[:-1], model.transformer_
scaled_train = scaler.transform(y_train.reshape(-1, 1)).ravel()
scaled_test = scaler.transform(y_test.reshape(-1, 1)).ravel()

lstm = clone(pipeline[-1]).fit(
    to_windows.transform(X_train),
    scaled_train,
    X_val=to_windows.transform(X_test),
    y_val=scaled_test,
)
training_loss, validation_loss = lstm.loss_curve_, lstm.validation_loss_curve_

# %%
# Both losses are mean squared errors of the scaled values. These have a range of 1
# instead of 2, so the losses are a quarter of those in the units of the series. The
# last columns are reference values to match or beat.

reference = {10: (None, 1.1e-4), 20: (1.0e-5, 7.6e-6)}

print("\nMSE of the scaled values              reference")
print("epoch    training  validation    training  validation")
for i in range(20):
    row = training_loss[i], validation_loss[i], *reference.get(i + 1, ())
    cells = [f"{loss:.1e}" if loss else "-" for loss in row]
    print(f"{i + 1:5d}" + "".join(f"{cell:>12}" for cell in cells))

# %%
# The predictions are close to the wave. The two losses are close to each other, because
# the test part continues the same wave. After ten epochs the losses decrease more
# slowly.

t_test = t[-len(y_test) :]
of_series, ax_series = plt.subplots(figsize=(6, 4), layout="constrained")
ax_series.plot(t_test, y_test, color="0.7", linewidth=4, label="observed")
ax_series.plot(t_ahead, np.sin(t_ahead), color="0.7", linewidth=4)
ax_series.plot(t_test, y_pred, color="C0", linewidth=1.2, label="one step ahead")
ax_series.plot(
    t_ahead, forecast, color="C1", linewidth=1.2, label="1 to 100 steps ahead"
)
ax_series.set(xlabel="t (rad)", ylabel="sin(t)", title="Test part and 100 more values")
ax_series.legend(loc="upper right", ncols=3, fontsize="small")
ax_series.set_ylim(-1.15, 1.45)

epochs = np.arange(1, 21)
of_loss, ax_loss = plt.subplots(figsize=(6, 4), layout="constrained")
ax_loss.semilogy(epochs, training_loss, "o-", markersize=3, label="training")
ax_loss.semilogy(epochs, validation_loss, "s-", markersize=3, label="validation")
ax_loss.semilogy(
    list(reference),
    [validation for _, validation in reference.values()],
    "kx",
    label="validation, reference",
)
ax_loss.set(xlabel="epoch", ylabel="MSE of the scaled values", title="Loss")
ax_loss.set_xticks([1, 5, 10, 15, 20])
ax_loss.legend()

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
of_series.savefig(figures / "plot_sine.png", dpi=120)
of_loss.savefig(figures / "plot_sine_loss.png", dpi=120)
