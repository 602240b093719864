"""
=================================
Windows across a train/test split
=================================

How much do predictions improve when the first windows of a test fold contain training
rows?

Without the training rows, the first windows of a fold have missing steps. The longer
the window, the more of them do. The same search over window lengths is run twice, with
``history="none"`` and with ``history="auto"``.
"""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skrnn import GRURegressor, SequenceWindower, to_supervised
from skrnn.datasets import load_co2

# %%
# The target is the change of CO2 at Mauna Loa in the next week, in ppm. Weeks without a
# measurement are holes in the index and become missing steps.

X, y = to_supervised(load_co2()["1970":].diff().to_frame(), target="co2")
print(f"{len(X)} weeks from {X.index[0]:%Y-%m-%d} to {X.index[-1]:%Y-%m-%d}")

# %%
# A fold of half a year is short compared with windows of up to a year, so the windows
# of many of its rows contain training rows.

lengths = [2, 8, 26, 52]
folds = TimeSeriesSplit(n_splits=6, test_size=26)
pipe = Pipeline(
    [
        ("scale", StandardScaler().set_output(transform="pandas")),
        ("window", SequenceWindower()),
        ("rnn", GRURegressor(units=16, epochs=15, random_state=0)),
    ]
)


def search_with(history):
    search = GridSearchCV(
        clone(pipe).set_params(window__history=history),
        {"window__window_length": lengths},
        cv=folds,
        scoring="neg_root_mean_squared_error",
        refit=False,
        n_jobs=-1,
    )
    return search.fit(X, y)


searches = {history: search_with(history) for history in ("none", "auto")}
rmse = pd.DataFrame(
    {name: -search.cv_results_["mean_test_score"] for name, search in searches.items()},
    index=pd.Index(lengths, name="window"),
)
print("\nRMSE in ppm, mean of the folds, by window length (weeks) and history")
print(rmse.to_string(float_format="{:.4f}".format))
for name, search in searches.items():
    chosen = search.best_params_["window__window_length"]
    print(f'history="{name}" picks a window of {chosen} weeks')

# %%
# Both searches train the same network in each fold. They differ only in the first
# windows of the test rows. The error by row of the fold therefore shows where the
# history matters, here for the longest window.


long_windows = clone(pipe).set_params(window__window_length=max(lengths))
squared_errors = {history: [] for history in searches}
for train, test in folds.split(X):
    long_windows.fit(X.iloc[train], y.iloc[train])
    for history, errors in squared_errors.items():
        long_windows.set_params(window__history=history)
        errors.append((long_windows.predict(X.iloc[test]) - y.iloc[test]) ** 2)

by_row = pd.DataFrame(
    {name: np.mean(errors, axis=0) ** 0.5 for name, errors in squared_errors.items()},
    index=pd.RangeIndex(1, 27, name="row"),
)
blocks = (
    by_row.pow(2)
    .groupby(pd.cut(by_row.index, [0, 4, 13, 26]), observed=True)
    .mean()
    .pow(0.5)
)
blocks.index = ["1 to 4", "5 to 13", "14 to 26"]
print(f"\nRMSE in ppm by row of the fold, windows of {max(lengths)} weeks")
print(blocks.to_string(float_format="{:.4f}".format))

# %%

by_length, of_lengths = plt.subplots(figsize=(6, 4), layout="constrained")
by_place, of_rows = plt.subplots(figsize=(6, 4), layout="constrained")
for name, marker in (("none", "o"), ("auto", "s")):
    label = f'history="{name}"'
    of_lengths.plot(lengths, rmse[name], marker=marker, label=label)
    of_rows.plot(by_row.index, by_row[name], marker=marker, ms=4, label=label)
of_lengths.set_xscale("log")
of_lengths.set_xticks(lengths, labels=lengths)
of_lengths.set_xticks([], minor=True)
of_lengths.set(xlabel="window (weeks)", ylabel="RMSE (ppm)", title="Mean of the folds")
of_rows.set(
    xlabel="row of the test fold",
    ylabel="RMSE (ppm)",
    title=f"By row, windows of {max(lengths)} weeks",
)
of_lengths.legend()
of_rows.legend()

figures = Path(globals().get("__file__", "")).parent / "figures"
figures.mkdir(exist_ok=True)
by_length.savefig(figures / "plot_history.png", dpi=120)
by_place.savefig(figures / "plot_history_rows.png", dpi=120)
