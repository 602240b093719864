"""A forecaster written out in pandas, one value at a time, to compare with."""

import numpy as np
import pandas as pd


class BruteForce:
    """Direct forecasts of one target by any regressor on flat windows.

    The frame has the columns `y`, then inputs known in advance (`known...`) and inputs
    that are not (`past...`), and an integer time index without duplicates.
    """

    def __init__(self, regressor, window_length, horizon):
        self.regressor = regressor
        self.window_length = window_length
        self.horizon = horizon

    def fit(self, *frames):
        """Train on the frames of several series."""
        self.columns = list(frames[0].columns)
        rows = [self._rows(frame) for frame in frames]
        has_known = any(column.startswith("known") for column in self.columns)
        ahead = self.horizon if has_known else 0
        observed = [
            of_frame[time]
            for frame, of_frame in zip(frames, rows, strict=True)
            for time in frame.index
            if time + ahead in frame.index
        ]
        table = pd.DataFrame(observed, columns=self.columns)
        self.mean, self.std = table.mean(), table.std(ddof=0).replace(0.0, 1.0)
        windows, targets = [], []
        for frame, of_frame in zip(frames, rows, strict=True):
            for time in frame.index:
                window = self._window(of_frame, time)
                ahead = [time + step for step in range(1, self.horizon + 1)]
                target = frame["y"].reindex(ahead).to_numpy()
                if not np.isnan([*window, *target]).any():
                    windows.append(window)
                    targets.append((target - self.mean["y"]) / self.std["y"])
        self.regressor.fit(np.array(windows), np.array(targets))
        return self

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
            row = np.full(len(self.columns), np.nan) if row is None else row
            window.extend((np.array(row) - self.mean.to_numpy()) / self.std.to_numpy())
        return window

    def predict(self, frame, times):
        """Forecast times after the last one of a frame, block by block."""
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
            scaled = self.regressor.predict([window]).ravel()
            block["y"] = scaled * self.std["y"] + self.mean["y"]
            for column in frame:
                if column.startswith("past"):
                    block[column] = observed[column].iloc[-1]
            forecasts |= dict(block["y"])
            observed = pd.concat([observed, block])
        return np.array([forecasts[time] for time in times.index])
