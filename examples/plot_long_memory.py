"""
=============================
Memory of Elman, GRU and LSTM
=============================

How many steps back can each of the three networks remember after the same training?

In the adding problem, the target is the sum of two marked values in a sequence of
random values. One mark is in the first half of the sequence and one in the second. The
network has to store a marked value when it comes and ignore all others. The longer the
sequence, the harder this is.
"""

from pathlib import Path

import keras
import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import mean_squared_error

from skrnn import ElmanRegressor, GRURegressor, LSTMRegressor
from skrnn.datasets import make_adding

# %%
# Every network has 16 units and the same training budget: 2000 sequences and 10 epochs
# in batches of 25, which are 800 gradient steps. The optimizer is Adam with a learning
# rate of 0.005 and gradients clipped to norm 1. Each of three seeds gives different
# data and initial weights. The error is measured on 1000 new sequences,
# relative to always predicting the mean. An error of 1 means that the network has
# learnt nothing.
#
# Shorter sequences are padded to 40 steps with missing steps, which the networks skip.
# All fits of a network then have the same shape, so it is compiled only once.

networks = {"Elman": ElmanRegressor, "GRU": GRURegressor, "LSTM": LSTMRegressor}
lengths, seeds = [10, 20, 40], [0, 1, 2]

error = np.empty((len(networks), len(lengths), len(seeds)))
for j, length in enumerate(lengths):
    for k, seed in enumerate(seeds):
        X = np.full((3000, max(lengths), 2), np.nan)
        X[:, -length:], y = make_adding(3000, n_timesteps=length, random_state=seed)
        X_train, X_test, y_train, y_test = X[:2000], X[2000:], y[:2000], y[2000:]
        mean_mse = mean_squared_error(y_test, np.full(1000, y_train.mean()))
        for i, network in enumerate(networks.values()):
            model = network(16, epochs=10, batch_size=25, random_state=seed)
            model.set_params(optimizer=keras.optimizers.Adam(0.005, clipnorm=1.0))
            y_pred = model.fit(X_train, y_train).predict(X_test)
            error[i, j, k] = mean_squared_error(y_test, y_pred) / mean_mse

# %%
# One row for each length:

print("Test MSE relative to predicting the mean: mean (smallest to largest of 3 seeds)")
print("steps" + "".join(f"{name:>24}" for name in networks))
for j, length in enumerate(lengths):
    cells = [f"{e.mean():.3f} ({e.min():.3f} to {e.max():.3f})" for e in error[:, j]]
    print(f"{length:5d}" + "".join(f"{cell:>24}" for cell in cells))

# %%
# Within this budget, the Elman network learns part of the task at 10 and 20 steps and
# almost nothing at 40. The two networks with gates learn all three lengths. The error
# of the LSTM is larger than that of the GRU. With more epochs, the Elman network
# improves too.
#
# The ranking depends on the task. In the adding problem, a network has to select
# inputs. Repeating the value of a fixed number of steps ago
# (:func:`~skrnn.datasets.make_echo`) does not require this, and another network may be
# best.

fig, ax = plt.subplots(figsize=(6.5, 4), layout="constrained")
for name, of_network, marker in zip(networks, error, "o^s", strict=True):
    ax.plot(lengths, np.median(of_network, axis=1), marker=marker, label=name)
    ax.fill_between(lengths, of_network.min(axis=1), of_network.max(axis=1), alpha=0.2)
ax.axhline(1.0, color="k", linestyle="--", linewidth=1, label="predicting the mean")
ax.loglog()
ax.set(
    xlabel="steps in a sequence",
    ylabel="test MSE / MSE of predicting the mean",
    title="Adding problem: median and range of 3 seeds",
)
ax.set_xticks(lengths, labels=lengths)
ax.set_xticks([], minor=True)
ax.set_ylim(0.001, 3)
ax.legend(loc="lower right", ncols=2)

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
fig.savefig(figures / "plot_long_memory.png", dpi=120)
