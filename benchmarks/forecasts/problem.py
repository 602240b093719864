"""What a data set of the benchmark consists of."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Part:
    """Rows to train on, and rows to forecast from.

    Parameters
    ----------
    X : DataFrame
        Training rows, with a time index.
    y : Series or DataFrame
        Their targets.
    later : DataFrame
        The rows after them. They are the history of one another.
    wanted : ndarray of bool of shape (n_later,)
        The later rows whose forecasts count.
    score : callable
        Returns the measures of forecasts for the wanted rows, as a tuple of floats.
    weight : ndarray of shape (n_rows,) or None
        How much each training row counts in the measures.
    """

    X: pd.DataFrame
    y: pd.Series | pd.DataFrame
    later: pd.DataFrame
    wanted: np.ndarray
    score: Callable[[np.ndarray], tuple[float, ...]]
    weight: np.ndarray | None = None


@dataclass(frozen=True)
class Problem:
    """A data set and the two ways it is cut in time.

    Parameters
    ----------
    title : str
        What the table is called.
    measures : tuple of str
        Names of what `Part.score` returns; candidates are ranked by the last.
    test : callable
        Returns the `Part` that is scored in the table.
    validation : callable
        Returns a list of `Part` for choices, all in the training rows of the test.
    season_length : int or None
        Steps of a season; None where there is none.
    naive : callable or None
        Returns the test `Part` whose only feature the naive forecasts continue. None
        where X is that feature.
    by_default : callable or None
        Returns the measures of `Forecaster(horizon=...)` on the test part.
    published : tuple of tuple
        Names and measures of forecasts from the literature.
    """

    title: str
    measures: tuple[str, ...]
    test: Callable[[], Part]
    validation: Callable[[], list[Part]]
    season_length: int | None = None
    naive: Callable[[], Part] | None = None
    by_default: Callable[[], tuple] | None = None
    published: tuple = ()


def cut(X, y, n_train, gap, measure):
    """Cut rows in time, and leave `gap` rows between training and what counts.

    `measure` is a function of the targets and the forecasts of the rows that count.

    The training targets of horizon h are known h - 1 rows after the last training row:
    that is the gap after which no target of training is a target of the test.
    """
    later = X.iloc[n_train:]
    wanted = np.arange(len(later)) >= gap
    truth = y.iloc[n_train:].to_numpy()[wanted]
    score = functools.partial(measure, truth)
    return Part(X.iloc[:n_train], y.iloc[:n_train], later, wanted, score)
