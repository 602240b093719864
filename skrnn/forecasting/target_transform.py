"""Transforms targets and back, with a transformer for each series and target."""

import warnings
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
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

FEW_VALUES = 10  # of a series, which say little about how much it varies
_TOLERANCE = 1e-6  # relative
_NEGLIGIBLE = 1e-9  # relative to the largest value of a series
_SCALERS = (MaxAbsScaler, MinMaxScaler, PowerTransformer, RobustScaler, StandardScaler)


# What is known of each pair of a series and a target.
_PAIR = [
    ("transformer", np.intp),  # the number of its transformer, -1 for none
    ("column", np.intp),  # of the pair in that transformer
    ("n_columns", np.intp),  # of that transformer
    ("constant", np.float64),  # the only value so far, else NaN
    ("at_low", np.float64),  # the lowest value, transformed
    ("at_high", np.float64),  # the highest value, transformed
    ("is_provisional", np.bool_),  # whether it is fitted again when rows are observed
]


@dataclass(frozen=True)
class TargetTransform:
    """Fitted transformers of each pair of a series and a target."""

    prototype: object  # None leaves targets unchanged
    transformers: list  # fitted, some on a column for each of many pairs
    pairs: np.ndarray  # (n_series, n_targets), of _PAIR
    common: object = None  # TargetTransform of all series as one, for new series

    @classmethod
    def fit(cls, prototype, rows, fewest_rows):
        """Fit clones to rows, provisional ones to constant series or fewer rows."""
        none = np.zeros((0, rows.targets.shape[1]), dtype=_PAIR)
        fitted = cls(prototype, [], none).updated(rows)
        if prototype is not None:
            n_rows = np.bincount(rows.codes, minlength=rows.n_series)
            is_short = (n_rows < fewest_rows)[:, np.newaxis]
            if rows.names is not None:
                is_short = is_short | (rows.n_known() < FEW_VALUES)
            pairs = fitted.pairs
            pairs["is_provisional"] = is_short | (pairs["transformer"] < 0)
        if rows.names is not None:
            alike = replace(rows, codes=np.zeros_like(rows.codes), names=None)
            with suppress(ValueError):  # not exact for series of different scale
                fitted = replace(fitted, common=cls.fit(prototype, alike, 0))
        return fitted

    def updated(self, rows):
        """Return transformers, provisional and new ones fitted to these rows."""
        grown = self._with_unknown(rows.n_series)
        again = grown.pairs["is_provisional"][rows.codes]
        if not again.any():
            return grown
        pair_of = grown._pair_numbers(rows.codes)
        values = rows.targets.astype(np.float64, copy=False)
        if again.all():  # no copy
            return grown._fitted(values.ravel(), pair_of, rows.names)
        pair_of = pair_of.reshape(again.shape)[again]
        return grown._fitted(values[again], pair_of, rows.names)

    def _with_unknown(self, n_series):
        """Return the same with more series, which have no transformers yet."""
        n_known, n_targets = self.pairs.shape
        new = np.zeros((n_series - n_known, n_targets), dtype=_PAIR)
        new["transformer"], new["constant"] = -1, np.nan
        new["is_provisional"] = self.prototype is not None
        return replace(self, pairs=np.concatenate([self.pairs, new]))

    def with_new(self, n_series):
        """Return the same with the common transformer for series without values."""
        grown = self if n_series == len(self.pairs) else self._with_unknown(n_series)
        pairs = grown.pairs
        is_unknown = (pairs["transformer"] < 0) & np.isnan(pairs["constant"])
        if self.common is None or not is_unknown.any():
            return grown
        of_all = self.common.pairs.copy()
        of_all["transformer"] += len(self.transformers) * (of_all["transformer"] >= 0)
        transformers = [*self.transformers, *self.common.transformers]
        pairs = np.where(is_unknown, of_all, pairs)
        return replace(self, transformers=transformers, pairs=pairs)

    def _pair_numbers(self, codes):
        """Return the number of the pair of each value of the rows of series."""
        n_targets = self.pairs.shape[1]
        return np.add.outer(codes * n_targets, np.arange(n_targets)).ravel()

    def _fitted(self, values, pair_of, names):
        """Return the same with transformers fitted to the values of some pairs."""
        transformers, pairs = [*self.transformers], self.pairs.ravel().copy()
        order = np.argsort(pair_of, kind="stable")
        values = values[order]
        fitted, starts = np.unique(pair_of[order], return_index=True)
        low, high = (f.reduceat(values, starts) for f in (np.fmin, np.fmax))
        pairs["constant"][fitted] = np.where(low == high, low, np.nan)
        pairs["transformer"][fitted] = -1
        lengths = np.diff(starts, append=len(values))
        for block in _blocks(self.prototype, lengths, low < high):
            parts = [values[starts[k] : starts[k] + lengths[k]] for k in block]
            columns = np.arange(len(block))
            of_values = columns.repeat(lengths[block])
            matrix, _ = _matrix(np.concatenate(parts), of_values, len(block))
            of_block = fitted[block] // self.pairs.shape[1]
            series = None if names is None else names[of_block]
            transformer, z = _fit(self.prototype, matrix, series)
            pairs["transformer"][fitted[block]] = len(transformers)
            pairs["column"][fitted[block]] = columns
            pairs["n_columns"][fitted[block]] = len(block)
            pairs["at_low"][fitted[block]] = z[np.nanargmin(matrix, axis=0), columns]
            pairs["at_high"][fitted[block]] = z[np.nanargmax(matrix, axis=0), columns]
            transformers.append(transformer)
        has_one = pairs["transformer"] >= 0
        used, pairs["transformer"][has_one] = np.unique(
            pairs["transformer"][has_one], return_inverse=True
        )
        transformers = [transformers[k] for k in used]
        pairs = pairs.reshape(self.pairs.shape)
        return replace(self, transformers=transformers, pairs=pairs)

    def falls(self, codes):
        """Return whether larger targets of rows become smaller, (n_rows, n_targets)."""
        return (self.pairs["at_low"] > self.pairs["at_high"])[codes]

    def transform(self, targets, codes, names=None):
        """Return transformed targets (n_rows, n_targets), NaN for unknown series."""
        if self.prototype is None:
            return targets
        y, pair_of = targets.ravel(), self._pair_numbers(codes)
        z = self._apply("transform", y, pair_of)
        constant = self.pairs["constant"].ravel()
        if not np.isnan(constant).all():
            z = np.where(np.isnan(constant[pair_of]), z, y - constant[pair_of])
        if not np.isfinite(z).all():
            has_one = self.pairs["transformer"].ravel()[pair_of] >= 0
            undefined = np.isinf(z) | (np.isnan(z) & ~np.isnan(y) & has_one)
            if undefined.any():
                at = int(np.argmax(undefined))
                code = codes[[at // targets.shape[1]]]
                of = _of(np.ones((1, 1)), None if names is None else names[code])
                raise _undefined(self.prototype, f"{y[at]}{of}", z[at])
        return z.reshape(targets.shape).astype(targets.dtype, copy=False)

    def transform_levels(self, y, codes):
        """Return y (n_rows, n_targets, n_levels) in transformed units, NaN outside."""
        if self.prototype is None:
            return y
        pair_of = np.repeat(self._pair_numbers(codes), y.shape[-1])
        return self._apply("transform", y.ravel(), pair_of).reshape(y.shape)

    def inverse(self, z, codes):
        """Return z (n_rows, n_targets, n_levels) in the units of the targets."""
        if self.prototype is None:
            return z
        flat, pair_of = z.ravel(), np.repeat(self._pair_numbers(codes), z.shape[-1])
        y = self._apply("inverse_transform", flat, pair_of)
        if not _is_linear(self.prototype):
            again = self._apply("transform", y, pair_of)
            with np.errstate(invalid="ignore"):
                outside = ~(np.abs(again - flat) <= _TOLERANCE * (1 + np.abs(flat)))
            outside &= ~np.isnan(flat)
            if outside.any():  # of the range: the nearest value it was fitted to
                outside_of = pair_of[outside]
                pairs = self.pairs.ravel()[outside_of]
                low, high = np.sort([pairs["at_low"], pairs["at_high"]], axis=0)
                nearest = np.clip(flat[outside], low, high)
                y[outside] = self._apply("inverse_transform", nearest, outside_of)
        constant = self.pairs["constant"].ravel()
        if not np.isnan(constant).all():
            y = np.where(np.isnan(constant[pair_of]), y, constant[pair_of])
        return y.reshape(z.shape)

    def _apply(self, method, values, pair_of):
        """Apply a method of the transformer of each value."""
        if self.pairs.size == len(self.transformers) == 1:
            return _call(self.transformers[0], method, values[:, np.newaxis])[:, 0]
        result = np.full(len(values), np.nan)
        pairs = self.pairs.ravel()
        which = pairs["transformer"][pair_of]
        order = np.argsort(which, kind="stable")
        used, starts = np.unique(which[order], return_index=True)
        for number, of_block in zip(used, np.split(order, starts[1:]), strict=True):
            if number >= 0:
                columns = pairs["column"][pair_of[of_block]]
                n_columns = pairs["n_columns"][pair_of[of_block[0]]]
                matrix, at = _matrix(values[of_block], columns, n_columns)
                result[of_block] = _call(self.transformers[number], method, matrix)[at]
        return result


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


def _matrix(values, columns, n_columns):
    """Return a matrix with each value in its column, and where each value is."""
    counts = np.bincount(columns, minlength=n_columns)
    order = np.argsort(columns, kind="stable")
    rows = np.empty(len(values), dtype=np.intp)
    rows[order] = np.arange(len(values)) - np.repeat(np.cumsum(counts) - counts, counts)
    matrix = np.full((counts.max(), n_columns), np.nan)
    matrix[rows, columns] = values
    return matrix, (rows, columns)


def _fit(prototype, matrix, series):
    """Return a fitted clone, and the transformed matrix."""
    transformer = clone(prototype)
    known = ~np.isnan(matrix)
    output = config_context(transform_output="default")
    with warnings.catch_warnings(), np.errstate(all="ignore"), output:
        # checked below, for all values
        warnings.filterwarnings("ignore", "The provided functions", UserWarning)
        transformer.fit(matrix[known[:, 0]] if matrix.shape[1] == 1 else matrix)
    z = _call(transformer, "transform", matrix)
    _check_inverse(prototype, transformer, matrix, z, series)
    return transformer, z


def _check_inverse(prototype, transformer, matrix, z, series):
    if z.shape != matrix.shape:
        raise ValueError(
            f"target_transformer={prototype!r} must return one column for each "
            f"target. It returns {z.shape[-1]} for {matrix.shape[1]}."
        )
    known = ~np.isnan(matrix)
    undefined = known & ~np.isfinite(z)
    if undefined.any():
        y = f"{matrix[undefined][0]}{_of(undefined, series)}"
        raise _undefined(prototype, y, z[undefined][0])
    parts = np.array_split(z, 2)  # as values are not transformed together later
    y = np.vstack([_call(transformer, "inverse_transform", part) for part in parts])
    error = np.abs(y - matrix)
    bound = np.abs(matrix)
    negligible = _NEGLIGIBLE * np.nanmax(bound, axis=0)
    bound *= _TOLERANCE
    bound += negligible
    wrong = known & ~(error <= bound)
    if wrong.any():
        raise ValueError(
            f"target_transformer={prototype!r} has no exact inverse: its "
            f"inverse_transform turns y = {matrix[wrong][0]}{_of(wrong, series)} into "
            f"a value that differs by {error[wrong][0]:.3g}. Choose an invertible "
            "transformer, which transforms each value by itself."
        )


def _of(chosen, series):
    """Return the series of the first of some values in words."""
    if series is None:
        return ""
    return f" of {series.tolist()[np.argwhere(chosen)[0, 1]]!r}"


def _undefined(prototype, y, z):
    return ValueError(
        f"target_transformer={prototype!r} turns y = {y} into {z}. Choose a "
        "transformer that is defined for all values of y."
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
        config_context(
            assume_finite=True,
            skip_parameter_validation=True,
            transform_output="default",
        ),
    ):
        # a copy, as transformers may work in place
        matrix = getattr(transformer, method)(matrix.copy())
        return np.asarray(matrix, dtype=np.float64)
