"""The columns of rows, and what of them is known at an origin."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Columns:
    """The columns of rows: first the targets, then the inputs.

    Parameters
    ----------
    names : list of str
        The names of all.
    n_targets : int
        How many of them are targets.
    known, past : list of int
        The positions of inputs that are known in advance, and of those that are not.
    are_named : bool
        Whether the steps of the pipeline get DataFrames with these names.
    """

    names: list
    n_targets: int
    known: list
    past: list
    are_named: bool

    @property
    def n_inputs(self):
        """How many inputs there are."""
        return len(self.names) - self.n_targets


def rows_at_origins(line, columns, horizon):
    """Return what is known at each place, and where anything is.

    Inputs that are known in advance are those of the last step to forecast.

    Parameters
    ----------
    line : Line
        Rows as they were given.
    columns : Columns
        Of the rows.
    horizon : int
        How many steps ahead inputs are known.

    Returns
    -------
    rows : ndarray of shape (n_places, n_columns)
    exists : ndarray of bool, shape (n_places,)
        Also before the first row of a series, where an input is known.
    is_whole : ndarray of bool, shape (n_places,)
        Where a row has both its own values and those that are known in advance.
    """
    if not columns.known:
        return line.values, line.exists, line.exists
    rows = line.values.copy()
    rows[:-horizon, columns.known] = line.values[horizon:, columns.known]
    rows[-horizon:, columns.known] = np.nan
    later = np.zeros_like(line.exists)
    later[:-horizon] = line.exists[horizon:]
    # after the last row of a series, the next series begins
    later &= np.arange(len(later)) <= line.last[line.codes]
    return rows, line.exists | later, line.exists & later


def as_given(rows, columns):
    """Return rows as the steps of a pipeline get them."""
    if not columns.are_named:
        return rows
    frame = pd.DataFrame(rows, columns=columns.names)
    return frame.infer_objects() if rows.dtype == object else frame
