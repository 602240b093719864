"""Transforms targets and back, with a transformer for each series and target."""

import warnings
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from sklearn import config_context
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    MinMaxScaler,
    PowerTransformer,
    RobustScaler,
    StandardScaler,
)

from skrnn.windows.index_state import index_of, plain_index

_TOLERANCE = 1e-6  # relative to the largest value of a series
_SCALERS = (MaxAbsScaler, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler)


@dataclass(frozen=True)
class TargetTransform:
    """Fitted transformers of each pair of a series and a target.

    Pair p is series `p // n_targets` and target `p % n_targets`. A transformer that
    acts on each column separately has a column for each of many pairs.

    prototype : transformer or None, which leaves targets unchanged
    n_targets : int
    names : Index of shape (n_series,), or None for a single series
    is_open : ndarray of bool, shape (n_pairs,), whether transformers are fitted again
        when more rows are observed, as the pair was new, short or constant in fit
    transformers : list of fitted transformers
    low, high : lists of ndarray of shape (n_columns,), their lowest and highest values
    which, column : ndarray of int, shape (n_pairs,), the transformer of each pair, -1
        if there is none, and its column
    constant : ndarray of shape (n_pairs,), the only value observed so far, else NaN
    falls : ndarray of bool, shape (n_pairs,), whether larger targets become smaller
    """

    prototype: object
    n_targets: int
    names: pd.Index | None
    is_open: np.ndarray
    transformers: list
    low: list
    high: list
    which: np.ndarray
    column: np.ndarray
    constant: np.ndarray
    falls: np.ndarray

    def __getstate__(self):
        return {**vars(self), "names": plain_index(self.names)}

    def __setstate__(self, state):
        vars(self).update({**state, "names": index_of(state["names"])})

    @classmethod
    def fit(cls, prototype, targets, series, fewest_rows):
        """Fit clones of a prototype to targets (n_rows, n_targets).

        Series with fewer than `fewest_rows` rows, and constant ones, stay open.
        """
        names = None if series is None else series[:0]
        n_targets, none = targets.shape[1], np.zeros(0, dtype=np.intp)
        flags = np.zeros(0, dtype=bool)
        of_pairs = none, none, np.zeros(0), flags
        empty = cls(prototype, n_targets, names, flags, [], [], [], *of_pairs)
        fitted = empty.updated(targets, series)
        if prototype is None:
            return fitted
        n_rows = np.bincount(fitted.codes(series, len(targets))).repeat(n_targets)
        return replace(fitted, is_open=(fitted.which < 0) | (n_rows < fewest_rows))

    def codes(self, series, n_rows):
        """Return the number of the series of each row, -1 for unknown ones."""
        if self.names is None:
            return np.zeros(n_rows, dtype=np.intp)
        of_row, unique = pd.factorize(series)
        return self.names.get_indexer(unique)[of_row]

    def updated(self, targets, series):
        """Return transformers, those of open and new series fitted to these rows."""
        known = self
        if series is not None:
            unique = series.unique()
            known = self._with_series(unique[self.names.get_indexer(unique) < 0])
        elif not len(self.which):
            known = self._with_series([None])
        if self.prototype is None:
            return known
        if not known.is_open.any():
            return known
        values = targets.astype(np.float64).ravel()
        pairs = known._pairs(known.codes(series, len(targets)))
        again = known.is_open[pairs]
        if not again.all():
            values, pairs = values[again], pairs[again]
        return known._fitted(values, pairs)

    def is_open_series(self, codes):
        """Return for rows of series whether any transformer is fitted again."""
        return self.of_pairs(self.is_open, codes).any(axis=1)

    def _with_series(self, names):
        """Return the same with more series, which have no transformers yet."""
        n_pairs = len(names) * self.n_targets

        def grown(values, fill):
            return np.concatenate([values, np.full(n_pairs, fill, dtype=values.dtype)])

        return replace(
            self,
            names=self.names if self.names is None else self.names.append(names),
            is_open=grown(self.is_open, self.prototype is not None),
            which=grown(self.which, -1),
            column=grown(self.column, 0),
            constant=grown(self.constant, np.nan),
            falls=grown(self.falls, False),
        )

    def _pairs(self, codes):
        """Return the pair of each value of the rows of series."""
        return np.add.outer(codes * self.n_targets, np.arange(self.n_targets)).ravel()

    def _fitted(self, values, pairs):
        """Return the same with transformers fitted to the values of some pairs."""
        which, column = self.which.copy(), self.column.copy()
        constant, falls = self.constant.copy(), self.falls.copy()
        transformers, lowest, highest = [*self.transformers], [*self.low], [*self.high]
        order = np.argsort(pairs, kind="stable") if np.ptp(pairs) else slice(None)
        values, pairs = values[order], pairs[order]
        fitted, starts = np.unique(pairs, return_index=True)
        low, high = (f.reduceat(values, starts) for f in (np.fmin, np.fmax))
        constant[fitted] = np.where(low == high, low, np.nan)
        which[fitted] = -1
        lengths = np.diff(starts, append=len(values))
        for block in _blocks(self.prototype, lengths, low < high):
            parts = [values[starts[k] : starts[k] + lengths[k]] for k in block]
            matrix = _side_by_side(parts)
            transformer, z = _fit(self.prototype, matrix)
            ends = np.nanargmin(matrix, axis=0), np.nanargmax(matrix, axis=0)
            of_low, of_high = (z[end, np.arange(len(block))] for end in ends)
            which[fitted[block]] = len(transformers)
            column[fitted[block]] = np.arange(len(block))
            falls[fitted[block]] = of_low > of_high
            transformers.append(transformer)
            lowest.append(np.minimum(of_low, of_high))
            highest.append(np.maximum(of_low, of_high))
        used, which[which >= 0] = np.unique(which[which >= 0], return_inverse=True)
        return replace(
            self,
            transformers=[transformers[k] for k in used],
            low=[lowest[k] for k in used],
            high=[highest[k] for k in used],
            which=which,
            column=column,
            constant=constant,
            falls=falls,
        )

    def transform(self, targets, codes):
        """Return targets (n_rows, n_targets) of series in transformed units.

        NaN for unknown series.
        """
        if self.prototype is None:
            return targets
        pairs = self._pairs(codes)
        z = self._apply("transform", targets.ravel(), pairs)
        constant = np.where(pairs < 0, np.nan, self.constant[pairs])
        z = np.where(np.isnan(constant), z, targets.ravel() - constant)
        lost = np.isnan(z) & ~np.isnan(targets.ravel())
        lost &= (pairs >= 0) & (self.which[pairs] >= 0)
        if lost.any() or np.isinf(z).any():
            at = np.argmax(lost | np.isinf(z))
            raise ValueError(
                f"target_transformer={self.prototype!r} turns y = "
                f"{targets.ravel()[at]} into {z[at]}. Choose a transformer that is "
                "defined for all values of y."
            )
        return z.reshape(targets.shape).astype(targets.dtype, copy=False)

    def to_units_of(self, other, z, codes):
        """Return z (n_rows, n_targets, n_levels) in the units of other transformers."""
        y = self.inverse(z, codes)
        if other.prototype is None:
            return y
        if self.names is not None:
            codes = other.names.get_indexer(self.names)[codes]
        flat = np.moveaxis(y, -1, 1).reshape(-1, self.n_targets)
        pairs = other._pairs(np.repeat(codes, z.shape[-1]))
        z = other._apply("transform", flat.ravel(), pairs)
        z = z.reshape(len(z) // self.n_targets, self.n_targets)
        return np.moveaxis(z.reshape(len(y), -1, self.n_targets), 1, -1)

    def inverse(self, z, codes):
        """Return z (n_rows, n_targets, n_levels) in the units of the targets.

        Targets that have not changed so far get their only value. What is outside of
        the range of a transformer is taken to be the nearest value it was fitted to.
        """
        if self.prototype is None:
            return z
        flat = np.moveaxis(z, -1, 1).reshape(-1, self.n_targets)
        pairs = self._pairs(np.repeat(codes, z.shape[-1]))
        y = self._apply("inverse_transform", flat.ravel(), pairs)
        constant = self.constant[pairs]
        y = np.where(np.isnan(constant), y, constant)
        y = y.reshape(len(z), z.shape[-1], self.n_targets)
        return np.moveaxis(y, 1, -1)

    def of_pairs(self, values, codes):
        """Return values of pairs for rows of series: (n_rows, n_targets)."""
        return values.reshape(-1, self.n_targets)[codes]

    def _apply(self, method, values, pairs):
        """Apply a method of the transformer of each value."""
        if self.names is None and len(self.which) == len(self.transformers) == 1:
            return self._call(0, method, values[:, np.newaxis])[:, 0]
        result = np.full(len(values), np.nan)
        which = np.where(pairs < 0, -1, self.which[pairs])
        order = np.argsort(which, kind="stable")
        used, starts = np.unique(which[order], return_index=True)
        for number, of_block in zip(used, np.split(order, starts[1:]), strict=True):
            if number >= 0:
                columns = self.column[pairs[of_block]]
                matrix, at = _matrix(values[of_block], columns, len(self.low[number]))
                result[of_block] = self._call(number, method, matrix)[at]
        return result

    def _call(self, number, method, matrix):
        """Return what a transformer makes of a matrix."""
        transformer = self.transformers[number]
        result = _call(transformer, method, matrix)
        if method == "transform" or _is_linear(transformer):
            return result
        again = _call(transformer, "transform", result)
        with np.errstate(invalid="ignore"):
            outside = ~(np.abs(again - matrix) <= _TOLERANCE * (1 + np.abs(matrix)))
        outside &= ~np.isnan(matrix)
        if not outside.any():
            return result
        nearest = np.clip(matrix, self.low[number], self.high[number])
        return np.where(outside, _call(transformer, method, nearest), result)


def _blocks(prototype, lengths, varies):
    """Return arrays of the pairs that are fitted by one transformer each."""
    (pairs,) = np.nonzero(varies)
    if not _acts_by_column(prototype):
        return [np.array([pair]) for pair in pairs]
    # of similar length, so that a matrix is not mostly empty
    sizes = np.log2(lengths[pairs]).astype(int)
    return [pairs[sizes == size] for size in np.unique(sizes)]


def _acts_by_column(transformer):
    """Return whether fitting several columns is the same as fitting each of them."""
    if isinstance(transformer, Pipeline):
        return all(_acts_by_column(step) for _, step in transformer.steps)
    if type(transformer) is FunctionTransformer:
        functions = transformer.func, transformer.inverse_func
        return not transformer.validate and all(
            isinstance(function, np.ufunc) for function in functions
        )
    return type(transformer) in _SCALERS


def _is_linear(transformer):
    """Return whether a transformer is a linear function of each column."""
    if isinstance(transformer, Pipeline):
        return all(_is_linear(step) for _, step in transformer.steps)
    return type(transformer) in _SCALERS and type(transformer) is not PowerTransformer


def _side_by_side(parts):
    """Return arrays as the columns of a matrix, NaN where one is shorter."""
    matrix = np.full((max(map(len, parts)), len(parts)), np.nan)
    for column, part in enumerate(parts):
        matrix[: len(part), column] = part
    return matrix


def _matrix(values, columns, n_columns):
    """Return a matrix with each value in its column, and where each value is."""
    counts = np.bincount(columns, minlength=n_columns)
    order = np.argsort(columns, kind="stable")
    rows = np.empty(len(values), dtype=np.intp)
    rows[order] = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    matrix = np.full((counts.max(), n_columns), np.nan)
    matrix[rows, columns] = values
    return matrix, (rows, columns)


def _fit(prototype, matrix):
    """Return a fitted clone, and the transformed matrix."""
    transformer = clone(prototype)
    known = ~np.isnan(matrix)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # checked below, for all values
        warnings.filterwarnings("ignore", "The provided functions", UserWarning)
        transformer.fit(matrix[known[:, 0]] if matrix.shape[1] == 1 else matrix)
    z = _call(transformer, "transform", matrix)
    _check_inverse(prototype, transformer, matrix, z)
    return transformer, z


def _check_inverse(prototype, transformer, matrix, z):
    if z.shape != matrix.shape:
        raise ValueError(
            f"target_transformer={prototype!r} must return one column for each "
            f"target. It returns {z.shape[-1]} for {matrix.shape[1]}."
        )
    known = ~np.isnan(matrix)
    undefined = known & ~np.isfinite(z)
    if undefined.any():
        raise ValueError(
            f"target_transformer={prototype!r} turns y = {matrix[undefined][0]} into "
            f"{z[undefined][0]}. Choose a transformer that is defined for all values "
            "of y."
        )
    error = np.abs(_call(transformer, "inverse_transform", z) - matrix)
    bound = _TOLERANCE * np.nanmax(np.abs(matrix), axis=0)
    wrong = known & ~(error <= bound)
    if wrong.any():
        raise ValueError(
            f"target_transformer={prototype!r} has no exact inverse: its "
            f"inverse_transform turns y = {matrix[wrong][0]} into a value that differs "
            f"by {error[wrong][0]:.3g}. Choose an invertible transformer."
        )


def _call(transformer, method, matrix):
    """Return what a method makes of a matrix; NaN stays NaN."""
    known = ~np.isnan(matrix[:, 0])
    if matrix.shape[1] == 1 and not known.all():
        result = np.full(matrix.shape, np.nan)
        if known.any():
            result[known] = _call(transformer, method, matrix[known])
        return result
    with (
        np.errstate(all="ignore"),
        config_context(assume_finite=True, skip_parameter_validation=True),
    ):
        return np.asarray(getattr(transformer, method)(matrix), dtype=np.float64)
