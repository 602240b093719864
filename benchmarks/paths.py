"""How many sums over the horizon lie in the intervals of sums of sampled paths?

Run `python benchmarks/paths.py`. Ridge forecasts simulated series, autoregressive ones
of first order with the coefficient 0.8, and the share is computed with their known
variance. `--series DIRECTORY` does so on the test part of public series (see
`benchmarks/skill.py`), from an origin each horizon; `--only` takes some of them, and
`--search` the last fifth of the training rows.

It prints the share of sums in intervals of 80 %, and below the quantile of 95 %: of
paths, and of bounds and quantiles of each step that are added up; then those of paths
of twice the horizon.
"""

import numpy as np
import pandas as pd
from coverage import MOST_HELD_OUT, ridge
from forecasts.public import PUBLIC, options_of
from scipy.stats import norm
from sklearn.linear_model import Ridge

from skrnn import Forecaster

N_PATHS = 500
TITLES = "data", "sums", "paths: 80 %", "95 %", "added: 80 %", "95 %"


def ends_of_paths(forecaster, steps, X):
    """Return quantiles 0.1, 0.9 and 0.95 of sums of paths, a row for each series."""
    paths = forecaster.sample_paths(steps, X, n_paths=N_PATHS, random_state=0)
    return by_series(paths).quantile([0.1, 0.9, 0.95], axis=1).T.to_numpy()


def ends_added(forecaster, steps, X):
    """Return the sums of these quantiles of each step."""
    bounds = forecaster.forecast(steps, X, coverage=0.8).iloc[:, 1:]
    upper = forecaster.forecast(steps, X, quantiles=[0.95])
    return by_series(bounds.join(upper)).to_numpy()


def by_series(frame):
    """Return sums over the steps of each series."""
    if frame.index.nlevels == 2:
        return frame.groupby(level=0).sum()
    return frame.sum().to_frame().T


def sums_of(y):
    """Return the sum over the times of each series."""
    return by_series(y.to_frame()).to_numpy()[:, 0]


def all_ends(forecaster, data):
    """Yield what is printed of sums, their ends and the observed sums, by origin."""
    times = data.y.index.get_level_values(-1)
    unique, horizon = np.sort(times.unique()), data.horizon
    for origin in range(data.n_train, len(unique) - horizon + 1, horizon):
        if origin > data.n_train:
            new = times.isin(unique[origin - horizon : origin])
            X = None if data.X is None else data.X[new]
            forecaster.update(X, data.y[new])
        for n, ends in (1, ends_of_paths), (1, ends_added), (2, ends_of_paths):
            ahead = times.isin(unique[origin : origin + n * horizon])
            if origin + n * horizon <= len(unique):
                X = None if data.X is None else data.X[ahead]
                name = n, ends is ends_added
                yield name, ends(forecaster, n * horizon, X), sums_of(data.y[ahead])


def on_public_series(data):
    """Return the share of sums between and below their ends, for each kind of them."""
    n_held_out = min(data.n_train // 5, MOST_HELD_OUT)
    n_held_out = max(n_held_out, data.horizon + 18)  # errors of 19 origins for 95 %
    forecaster = Forecaster(ridge(), horizon=data.horizon, calibration_size=n_held_out)
    forecaster.fit(data.train_inputs, data.train)
    found = {}
    for name, ends, observed in all_ends(forecaster, data):
        low, high, highest = ends.T
        inside = np.stack([(low <= observed) & (observed <= high), observed <= highest])
        found.setdefault(name, []).append(inside)
    return {name: np.concatenate(p, axis=1).mean(axis=1) for name, p in found.items()}


def on_simulated_series(horizon, n_held_out, n_series=300, n_rows=1_500, phi=0.8):
    """Return the probabilities of sums between and below their ends."""
    noise = np.random.RandomState(0).normal(size=(n_rows, n_series))
    values = np.zeros_like(noise)
    for row in range(1, n_rows):
        values[row] = phi * values[row - 1] + noise[row]
    panel = pd.DataFrame(values).stack().swaplevel().sort_index()
    forecaster = Forecaster(
        Ridge(), horizon=horizon, window_length=4, calibration_size=n_held_out
    ).fit(y=panel)
    found = {}
    for n, ends in (1, ends_of_paths), (1, ends_added), (2, ends_of_paths):
        ahead = np.arange(1, n * horizon + 1)
        mean = values[-1] * (phi**ahead).sum()
        scale = np.sqrt((((1 - phi**ahead) / (1 - phi)) ** 2).sum())
        below = norm.cdf((ends(forecaster, n * horizon, None).T - mean) / scale)
        shares = np.array([below[1] - below[0], below[2]]).mean(axis=1)
        found[n, ends is ends_added] = shares
    return found


def show(name, horizon, found):
    """Print the rows of a series."""
    for n in 1, 2:
        cells = [f"{share:.1%}" for share in found[n, False]]
        cells += [f"{share:.1%}" for share in found.get((n, True), [])] or ["", ""]
        print("| " + " | ".join([name, f"{n * horizon} steps", *cells]) + " |")


def main():
    options = options_of(__doc__)
    print("| " + " | ".join(TITLES) + " |")
    print("| " + " | ".join(["---"] * len(TITLES)) + " |")
    if not options.series:
        for n_held_out in 100, 200, 400:
            found = on_simulated_series(12, n_held_out)
            show(f"simulated, calibration_size={n_held_out}", 12, found)
        return
    for name in options.only:
        data = PUBLIC[name](options.series)
        data = data.earlier() if options.search else data
        show(name, data.horizon, on_public_series(data))


if __name__ == "__main__":
    main()
