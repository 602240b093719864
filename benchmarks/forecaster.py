"""What does a Forecaster cost beside its regressor?

Run `python benchmarks/forecaster.py`. It compares `fit` with that of the regressor on
the same windows, `forecast` of 48 steps with `predict` of the network for that window,
a backtest from 365 origins with one `predict` for all of their windows, and the target
transformers of 2,000 series of 200 rows with scalers that are fitted and applied one
after the other. All figures are medians, measured in turn in one process.
"""

import statistics
import time

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skrnn import Forecaster, LSTMRegressor, SequenceWindower, to_supervised
from skrnn.forecasting.backtest import _Evaluation, _prepared
from skrnn.forecasting.grid import Rows
from skrnn.forecasting.target_transform import TargetTransform
from skrnn.windows.timeline import Timeline

HORIZON, WINDOW, DAY = 48, 168, 24  # hours
N_ORIGINS = 365
N_SERIES, N_ROWS = 2000, 200


def hourly_load(n_rows=24_000):
    rng = np.random.RandomState(0)
    index = pd.date_range("2022-01-01", periods=n_rows, freq="h")
    wave = np.sin(2 * np.pi * index.hour / 24) * (1 + 0.3 * (index.day_of_week < 5))
    return pd.Series(wave + 0.1 * rng.normal(size=n_rows), index, name="load")


def seconds(function):
    """Return the seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def in_turn(functions, n_times):
    """Return the median seconds of functions that are called in turn."""
    rounds = [list(map(seconds, functions)) for _ in range(n_times)]
    return [statistics.median(times) for times in zip(*rounds, strict=True)]


def lstm_forecaster(epochs, segment_length):
    network = LSTMRegressor(
        64,
        segment_length=segment_length,
        batch_size=256,
        epochs=epochs,
        random_state=0,
    )
    return Forecaster(network, horizon=HORIZON, window_length=WINDOW)


def measure_fit(forecaster, load):
    scaled = (load - load.mean()) / load.std(ddof=0)
    X, y = to_supervised(scaled.to_frame(), HORIZON)
    windows = SequenceWindower(WINDOW).fit_transform(X)[WINDOW - 1 :]
    y = np.ascontiguousarray(y)[WINDOW - 1 :]

    def fit_regressor():
        clone(forecaster.regressor).fit(windows, y)

    fit_regressor()  # compiles
    ours, own = in_turn([lambda: forecaster.fit(y=load), fit_regressor], 7)
    print(f"fit: {ours:.2f} s, {ours / own:.3f} times as long as the regressor's own")


def measure_forecast(forecaster):
    window = np.zeros((1, WINDOW, 1))
    regressor = forecaster.regressor_
    ours, own = in_turn(
        [lambda: forecaster.forecast(HORIZON), lambda: regressor.predict(window)], 300
    )
    print(
        f"forecast({HORIZON}): {1000 * ours:.2f} ms; the network takes "
        f"{1000 * own:.2f} ms, all else {1000 * (ours - own):.2f} ms"
    )


def measure_backtest(forecaster, load):
    """Compare what a backtest does after its only fit with one prediction."""
    n_train = len(load) - N_ORIGINS * DAY
    fitted = clone(forecaster).fit(y=load[:n_train])
    _, data = _prepared(forecaster, None, load, {})
    origins = np.arange(n_train - 1, len(load) - 1, DAY)
    values = load.to_numpy()[:, np.newaxis]
    windows = np.stack([values[o - WINDOW + 1 : o + 1] for o in origins])
    regressor = fitted.regressor_
    ours, own = in_turn(
        [
            lambda: _Evaluation(fitted, data, 0, origins).frame(),
            lambda: regressor.predict(windows),
        ],
        30,
    )
    n_steps = WINDOW // regressor.segment_length
    print(
        f"backtest from {len(origins)} origins, LSTM of {n_steps} steps, without its "
        f"fit: {1000 * ours:.1f} ms, {ours / own:.2f} times one predict of their "
        f"windows ({1000 * own:.1f} ms)"
    )


def measure_transformers():
    """Compare fitting, transforming and inverting with a loop over the series."""
    values = np.random.RandomState(0).lognormal(size=(N_SERIES * N_ROWS, 1))
    days = pd.date_range("2026-01-01", periods=N_ROWS)
    index = pd.MultiIndex.from_product([range(N_SERIES), days])
    rows = Rows.first(values, np.empty((len(values), 0)), Timeline.of_index(index))

    def of_forecaster(transformer):
        targets = TargetTransform.fit(transformer, rows, fewest_rows=10)
        z = targets.transform(values, rows.codes)
        targets.inverse(z[..., np.newaxis], rows.codes)

    def in_a_loop():
        for series in values.reshape(N_SERIES, N_ROWS, 1):
            scaler = StandardScaler().fit(series)
            scaler.inverse_transform(scaler.transform(series))

    log = FunctionTransformer(np.log1p, np.expm1)
    ours, of_log, loop = in_turn(
        [
            lambda: of_forecaster(StandardScaler()),
            lambda: of_forecaster(log),
            in_a_loop,
        ],
        5,
    )
    print(
        f"target transformers of {N_SERIES} series of {N_ROWS} rows, fitted, applied "
        f"and inverted: {ours:.2f} s with StandardScaler, {of_log:.2f} s with log1p; "
        f"scalers one after the other take {loop / ours:.1f} times as long"
    )


def main():
    measure_transformers()
    load = hourly_load()
    forecaster = lstm_forecaster(epochs=10, segment_length=DAY)
    measure_fit(forecaster, load)
    measure_forecast(forecaster)
    measure_backtest(forecaster, load)
    measure_backtest(lstm_forecaster(epochs=1, segment_length=1), load)


if __name__ == "__main__":
    main()
