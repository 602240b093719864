"""The data of a backtest."""

import numpy as np
from sklearn.base import clone

from skrnn.forecasting.given import warn_of_missing
from skrnn.forecasting.rolling import Clock
from skrnn.forecasting.rows import (
    columns_of,
    index_of_both,
    read_inputs,
    read_targets,
)
from skrnn.windows.timeline import Timeline


class Data:
    """The data of a backtest, as given and as rows."""

    def __init__(self, X, y, index, n_rows):
        self.X, self.y, self.index = X, y, index
        self.timeline = None if index is None else Timeline.of_index(index)
        self.clock = Clock.of(index, self.timeline, n_rows)

    @classmethod
    def of(cls, models, X, y):
        """Check the data."""
        targets, _ = read_targets(y)
        index = index_of_both(X, y)
        for model in models.values():
            read_inputs(clone(model), X, len(targets), reset=True)
        return cls(X, y, index, len(targets))

    def warn_of_missing(self, model, rows):
        """Warn of missing inputs that are known in advance for rows to forecast."""
        targets, kind = read_targets(self.y)
        inputs = read_inputs(clone(model), self.X, len(targets), reset=True)
        columns = columns_of(kind, self.X, inputs.shape[1], model.past_features)
        index = None if self.index is None else self.index[rows]
        warn_of_missing(columns, inputs[rows], index)

    def part(self, rows):
        """Return X and y of some rows."""
        return _pick(self.X, rows), _pick(self.y, rows)


def _pick(data, rows):
    if data is None:
        return None
    return data.iloc[rows] if hasattr(data, "iloc") else np.asarray(data)[rows]
