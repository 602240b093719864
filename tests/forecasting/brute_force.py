"""A forecaster written out in pandas, one value at a time, to compare with."""

import numpy as np
import pandas as pd
from sklearn.base import clone


class BruteForce:
    """Direct forecasts of one target by any regressor on flat windows.

    The frame has the columns `y`, then inputs known in advance (`known...`) and inputs
    that are not (`past...`), and an integer time index without duplicates.
    """

    def __init__(self, regressor, window_length, horizon, transformer):
        self.regressor = regressor
        self.window_length = window_length
        self.horizon = horizon
        self.transformer = transformer

    def fit(self, *frames):
        """Train on the frames of several series."""
        self.columns = list(frames[0].columns)
        inputs = pd.concat(frames)[self.columns[1:]]
        self.mean, self.std = inputs.mean(), inputs.std(ddof=0)
        self.transformers = [
            clone(self.transformer).fit(frame["y"].dropna().to_numpy()[:, np.newaxis])
            for frame in frames
        ]
        windows, targets = [], []
        for number, frame in enumerate(frames):
            transformed = self._transformed(number, frame)
            rows = self._rows(transformed)
            for time in frame.index:
                window = self._window(rows, time)
                ahead = [time + step for step in range(1, self.horizon + 1)]
                target = transformed["y"].reindex(ahead).to_numpy()
                if not np.isnan([*window, *target]).any():
                    windows.append(window)
                    targets.append(target)
        self.regressor.fit(np.array(windows), np.array(targets))
        return self

    def _transformed(self, number, frame):
        result = frame.copy()
        for time, value in frame["y"].items():
            if not np.isnan(value):
                (result.loc[time, "y"],) = self.transformers[number].transform(
                    [[value]]
                )[0]
        inputs = self.columns[1:]
        result[inputs] = (frame[inputs] - self.mean) / self.std
        return result

    def _rows(self, frame):
        """What is known at each time: known inputs are those `horizon` steps later."""
        times = set(frame.index)
        if any(column.startswith("known") for column in self.columns):
            times |= {time - self.horizon for time in frame.index}
        rows = {}
        for time in sorted(times):
            later = time + self.horizon
            rows[time] = [
                frame[column].get(later if column.startswith("known") else time, np.nan)
                for column in self.columns
            ]
        return rows

    def _window(self, rows, origin):
        window = []
        for time in range(origin - self.window_length + 1, origin + 1):
            row = rows.get(time)
            window.extend(np.full(len(self.columns), np.nan) if row is None else row)
        return window

    def predict(self, number, frame, times):
        """Forecast times after the last one of a series, block by block."""
        frame = self._transformed(number, frame)
        times = times.copy()
        inputs = self.columns[1:]
        times[inputs] = (times[inputs] - self.mean) / self.std
        observed, known = frame, [c for c in frame if c.startswith("known")]
        forecasts = {}
        while len(forecasts) < len(times) + (times.index[0] - frame.index[-1] - 1):
            origin = observed.index[-1]
            ahead = range(origin + 1, origin + self.horizon + 1)
            block = pd.DataFrame(index=ahead, columns=frame.columns, dtype=float)
            for time in ahead:
                before = observed if time == ahead[0] else block.loc[: time - 1]
                for column in known:
                    given = time in times.index
                    value = times[column][time] if given else before[column].iloc[-1]
                    block.loc[time, column] = value
            both = pd.concat([observed, block])
            window = self._window(self._rows(both), origin)
            block["y"] = self.regressor.predict([window]).ravel()
            for column in frame:
                if column.startswith("past"):
                    block[column] = observed[column].iloc[-1]
            forecasts |= dict(block["y"])
            observed = pd.concat([observed, block])
        z = np.array([[forecasts[time]] for time in times.index])
        return self.transformers[number].inverse_transform(z)[:, 0]
