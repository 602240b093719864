"""Forecasts of rows that come after those observed."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from skrnn.forecasting.line import Line
from skrnn.windows.timeline import Timeline, numbered

_ANY_GAP = 2**40  # steps
_LONGEST_GAP = 10_000  # steps to the first row to forecast


@dataclass(frozen=True)
class Future:
    """Rows to forecast, and the rows observed before them.

    Parameters
    ----------
    observed : ndarray of shape (n_observed, n_columns)
        Rows observed, of the series to forecast.
    observed_at : tuple of two ndarray of int, shape (n_observed,)
        For each its series, and its steps ahead of the last row: zero or less.
    rows : ndarray of shape (n_rows, n_columns)
        Rows to forecast. Targets are NaN.
    rows_at : tuple of two ndarray of int, shape (n_rows,)
        For each its series, and its steps ahead, from 1 on.
    wanted : ndarray of bool, shape (n_rows,), or None
        Which of the rows are to be forecast; the others have inputs for those.
    """

    observed: np.ndarray
    observed_at: tuple
    rows: np.ndarray
    rows_at: tuple
    wanted: np.ndarray | None = None

    @property
    def leads(self):
        """The steps ahead of the rows to forecast."""
        return self._of_wanted(self.rows_at[1])

    @property
    def series(self):
        """The series of the rows to forecast."""
        return self._of_wanted(self.rows_at[0])

    def _of_wanted(self, values):
        return values if self.wanted is None else values[self.wanted]

    @property
    def n_steps(self):
        """How many steps ahead the last row to forecast is."""
        return int(self.leads.max())

    @classmethod
    def after(cls, history, rows, timeline, gap):
        """Tell how far rows are ahead of those observed.

        Parameters
        ----------
        history : History
            Rows observed.
        rows : ndarray of shape (n_rows, n_columns)
            Rows to forecast.
        timeline : Timeline or None
            Their times, if those observed have times.
        gap : int
            Rows between, where there are no times.

        Returns
        -------
        Future

        Raises
        ------
        ValueError
            If rows are not later than those observed, a row between them is missing,
            or nothing was observed of a series.
        """
        n = len(history.rows)
        if timeline is None:
            ahead = np.concatenate(
                [np.arange(1 - n, 1), gap + 1 + np.arange(len(rows))]
            )
            codes = np.zeros(len(ahead), dtype=np.intp)
        else:
            _check_observed(history.timeline, timeline)
            both = history.timeline.continued_by(timeline)
            step = history.step or both.step()
            codes, numbers = both.codes, numbered(both, step, _ANY_GAP)
            last = np.zeros(codes.max() + 1, dtype=np.int64)
            np.maximum.at(last, codes[:n], numbers[:n])
            ahead = numbers - last[codes]
            _check_no_hole(codes[n:], ahead[n:], timeline, step)
            _check_gap(codes[n:], ahead[n:], timeline)
        wanted, of_wanted = np.unique(codes[n:], return_inverse=True)
        kept = np.isin(codes[:n], wanted)
        of_kept = np.searchsorted(wanted, codes[:n][kept])
        observed_at = of_kept, ahead[:n][kept]
        return cls(history.rows[kept], observed_at, rows, (of_wanted, ahead[n:]))


def forecast_future(model, future, *, quantiles=False):
    """Forecast rows, in blocks of the horizon of the model.

    A block is fed with the forecasts of those before it. Inputs that are not known
    ahead keep the value of the last row observed, and inputs that are known in advance
    keep the value of the last row before, where a row is not given.

    Parameters
    ----------
    model : DirectModel
        The model.
    future : Future
        The rows.
    quantiles : bool, default=False
        Whether to forecast quantiles, of the first block only.

    Returns
    -------
    ndarray of shape (n_rows, n_targets, n_levels)
        Forecasts of the rows.
    """
    length, horizon = model.window_length, model.horizon
    n_targets = model.columns.n_targets
    n_blocks = -(-future.n_steps // horizon)
    cube, exists, first = _cube(model, future, n_blocks * horizon)
    blocks = []
    for start in range(0, n_blocks * horizon, horizon):
        part = slice(start, start + length + horizon)
        line = _line(cube[:, part], exists[:, part], first - start)
        origins = line.starts + length - 1
        forecasts = model.forecast(line, origins, quantiles=quantiles)
        blocks.append(forecasts)
        if not quantiles:
            ahead = slice(start + length, start + length + horizon)
            cube[:, ahead, :n_targets] = forecasts[..., 0]
    return np.concatenate(blocks, axis=1)[future.series, future.leads - 1]


def _cube(model, future, n_steps):
    """Return rows by series and step, where they are, and each series' first step."""
    length, columns = model.window_length, model.columns
    n_series = future.rows_at[0].max() + 1
    shape = (n_series, length + n_steps)
    cube = np.full((*shape, len(columns.names)), np.nan, dtype=future.rows.dtype)
    exists = np.zeros(shape, dtype=bool)
    first = np.full(n_series, length)
    series, at = future.observed_at[0], future.observed_at[1] + length - 1
    np.minimum.at(first, series, at)
    kept = at >= 0
    cube[series[kept], at[kept]] = future.observed[kept]
    exists[series[kept], at[kept]] = True
    series, at = future.rows_at[0], future.rows_at[1] + length - 1
    kept = at < shape[1]
    cube[series[kept], at[kept]] = future.rows[kept]
    exists[series[kept], at[kept]] = True
    if columns.known:
        for step in range(length, length + n_steps):
            absent = ~exists[:, step]
            before = cube[absent, step - 1][:, columns.known]
            cube[np.ix_(absent, [step], columns.known)] = before[:, np.newaxis]
    cube[:, length:, : columns.n_targets] = np.nan
    for column in columns.past:
        cube[:, length:, column] = cube[:, length - 1 : length, column]
    exists[:, length:] = True
    return cube, exists, first


def _line(cube, exists, first):
    n_series, n_steps, n_columns = cube.shape
    starts = np.arange(n_series) * n_steps
    first = starts + np.maximum(first, 0)
    places = np.flatnonzero(exists)
    return Line(
        cube.reshape(-1, n_columns),
        exists.ravel(),
        places,
        starts,
        first,
        starts + n_steps - 1,
    )


def _check_observed(observed, timeline):
    """Check that something was observed of each series."""
    if timeline.series is None or observed.series is None:
        return
    unknown = ~timeline.series.isin(observed.series)
    if unknown.any():
        name = timeline.series[unknown][0]
        raise ValueError(
            f"Nothing was observed of series {name!r}. Pass its rows to `update` first."
        )


def _check_no_hole(codes, ahead, timeline, step):
    """Check that rows to forecast follow each other."""
    order = np.lexsort([ahead, codes])
    same = np.diff(codes[order]) == 0
    (holes,) = np.nonzero(same & (np.diff(ahead[order]) > 1))
    if len(holes):
        row = order[holes[0]]
        absent = step.after(timeline.times[[row]], 1)[0]
        of = "" if timeline.series is None else f" of series {timeline.series[row]!r}"
        raise ValueError(
            f"X has no row{of} for {absent}, although it has rows before and after. "
            "Give every row between the first and the last one to forecast."
        )


def _check_gap(codes, ahead, timeline):
    """Check that rows to forecast are not far away."""
    _, first = np.unique(codes, return_index=True)
    nearest = np.full(codes.max() + 1, _ANY_GAP)
    np.minimum.at(nearest, codes, ahead)
    far = first[nearest[codes[first]] > _LONGEST_GAP]
    if len(far):
        row = far[0]
        raise ValueError(
            f"X starts at {timeline.times[row]}, which is {ahead[row]} steps after the "
            f"last row observed. The limit is {_LONGEST_GAP}. Pass the "
            "rows observed since to `update`, or check the index of X."
        )


def times_ahead(history, n_steps):
    """Return the index of the next steps of each series.

    Parameters
    ----------
    history : History
        Rows observed, with times.
    n_steps : int
        How many steps of each series.

    Returns
    -------
    Index

    Raises
    ------
    ValueError
        If there is no step, as no series has two rows and the index has no freq.
    """
    step, timeline = history.step, history.timeline
    if step is None:
        raise ValueError(
            "The step of the index is not known, as no series has two rows. Give an "
            "index with a freq, or pass the rows to forecast to `predict`."
        )
    if timeline.series is None:
        return step.after(timeline.times[-1:], n_steps)
    last = pd.Series(np.arange(len(timeline.times))).groupby(timeline.codes).last()
    parts = [step.after(timeline.times[[row]], n_steps) for row in last]
    times = parts[0].append(parts[1:])
    names = timeline.series[last.to_numpy()].repeat(n_steps)
    return Timeline(times, names).index
