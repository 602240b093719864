"""
==================================
Elman, LSTM and GRU on random data
==================================

Which shapes do the inputs and predictions of the three networks have, and which loss do
they reach when there is nothing to learn?

Inputs and targets are independent uniform random numbers in [0, 1). The best prediction
is then the mean of the target, 1/2. Its mean squared error is the variance of the
target, 1/12. No network can do better on new data.
"""

from pathlib import Path
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.base import clone
from sklearn.metrics import mean_squared_error

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor

# %%
# The training data have the shape (samples, time steps, features). The Elman network
# reads 11 steps of 4 features in batches of 32 samples. LSTM and GRU read a single step
# in batches of one sample. The last case has 11 targets, one for each step. The loss is
# the squared error, which is the default.

rng = np.random.RandomState(0)
elman = ElmanRegressor(
    units=4, activation="tanh", optimizer="adam", batch_size=32, epochs=100
)
lstm = LSTMRegressor(
    units=4, activation="tanh", optimizer="adam", batch_size=1, epochs=100
)
gru = GRURegressor(
    units=4, activation="tanh", optimizer="adam", batch_size=1, epochs=100
)

X_11_steps, X_1_step = rng.uniform(size=(1000, 11, 4)), rng.uniform(size=(1000, 1, 4))
y, y_11_outputs = rng.uniform(size=(1000, 1)), rng.uniform(size=(1000, 11))
cases = {
    "Elman": (elman, X_11_steps, y),
    "LSTM": (lstm, X_1_step, y),
    "GRU": (gru, X_1_step, y),
    "Elman, 11 outputs": (elman, X_11_steps, y_11_outputs),
}

# %%
# The first fit of a session imports TensorFlow. A short fit does this beforehand, so
# that the times below include only compilation and 100 epochs of training.

clone(elman).set_params(epochs=1).fit(X_11_steps[:32], y[:32])

models, seconds = {}, {}
for name, (estimator, X, target) in cases.items():
    start = perf_counter()
    models[name] = clone(estimator).set_params(random_state=0).fit(X, target)
    seconds[name] = perf_counter() - start

# %%
# Predictions have one row for each of the 10 new samples and one column for each
# output.

print(f"{'network':<18} {'X':>13} {'y':>11} {'new X':>11} {'prediction':>11}")
for name, (_, X, target) in cases.items():
    X_new = rng.uniform(size=(10, *X.shape[1:]))
    shapes = X.shape, target.shape, X_new.shape, models[name].predict(X_new).shape
    print(f"{name:<18} {shapes[0]!s:>13} {shapes[1]!s:>11}", end=" ")
    print(f"{shapes[2]!s:>11} {shapes[3]!s:>11}")

# %%
# The loss should approach the variance of the target. In theory this is 1/12; the
# variance of the numbers drawn differs a little. A loss below the variance means that
# the network overfits. Its error on 10000 new samples is then above 1/12.

print(f"Variance of the target: 1/12 = {1 / 12:.4f}")
print(
    f"{'network':<18} {'final loss (MSE)':>16} {'variance of y':>14} "
    f"{'MSE, new samples':>17} {'fit time':>9}"
)
for name, (_, X, target) in cases.items():
    X_new = rng.uniform(size=(10_000, *X.shape[1:]))
    y_new = rng.uniform(size=(10_000, target.shape[1]))
    error = mean_squared_error(y_new, models[name].predict(X_new))
    print(
        f"{name:<18} {models[name].loss_curve_[-1]:16.4f} {target.var():14.4f} "
        f"{error:17.4f} {seconds[name]:7.1f} s"
    )

# %%
# With 11 outputs, the loss is an average over 11000 targets and settles at the line.
# The other three losses end a little below it, because the variance of their 1000
# targets is smaller and because the networks overfit. The plot leaves out the first
# epochs of the Elman networks, whose losses start above 0.3.

fig, ax = plt.subplots(figsize=(7, 4), layout="constrained")
for name, model in models.items():
    ax.plot(np.arange(1, 101), model.loss_curve_, label=name)
ax.axhline(1 / 12, color="k", linestyle="--", linewidth=1, label="variance, 1/12")
ax.set(xlabel="epoch", ylabel="training loss (MSE)", title="Nothing to learn")
ax.set_ylim(0.075, 0.1)
ax.legend()

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
fig.savefig(figures / "plot_cells_random_data.png", dpi=120)
