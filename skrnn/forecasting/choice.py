"""Chooses what a forecaster without a regressor uses, by errors on its last rows."""

import time
import warnings
from contextlib import ExitStack
from copy import copy
from dataclasses import replace

import numpy as np
import pandas as pd
from sklearn.utils.parallel import delayed

from skrnn._progress import in_parallel, start_bar
from skrnn.exceptions import SkrnnWarning
from skrnn.forecasting.candidates import MOST_ROWS, Options, mean_of
from skrnn.forecasting.seasons import mean_changes, shortest_season
from skrnn.forecasting.validation import params_of_rows

FEWEST_HORIZONS = 10  # of rows, to choose by
_SHARE_HELD_OUT = 5  # one of so many rows
_EQUAL, _BETTER, _CLEARLY = 1.01, 0.98, 0.7  # ratios of errors
_FALLEN = 0.2  # of the median


def choose(forecaster, rows, fit_params):
    """Return the Candidate for a forecaster without a regressor, and a table's rows."""
    # nothing to compare with
    is_late = rows.are_late(min(Options(forecaster, rows).windows))
    fit_params, rows = params_of_rows(fit_params, ~is_late), rows[~is_late]
    options = Options(forecaster, rows)
    if not _are_enough(rows, forecaster.horizon, min(options.windows)):
        few = _for_few(forecaster, rows, fit_params, options)
        return few, _table_rows([few], forecaster)
    search = Search(forecaster, rows, fit_params)
    with ExitStack() as resources:
        bar = _bar(resources, options) if forecaster.verbose else None
        tried = search.tried(options.linear(), bar)
        if np.isnan(tried[0].error):  # no horizon is known in the rows held out
            few = options.simple(options.transformers[-1])
            return few, _table_rows([few], forecaster)
        best = _best(tried)
        variants = search.tried(options.variants(best), bar)
        best = _best([best, *(v for v in variants if v.error < _BETTER * best.error)])
        tried += variants
        tried += search.tried(options.others(best), bar)
    alike = [c for c in tried if c.reads_like(best) and not np.isnan(c.error)]
    means = search.means(alike)
    most = _EQUAL * min(each.error for each in tried + means)
    good = [mean for mean in means if mean.error <= most]
    chosen = good[-1] if good else _best(tried)
    tried += good[-1:] or means[:1]
    if forecaster.verbose:
        row = _table_rows([chosen], forecaster)[0]
        names = "window_length", "date_features", "logarithm"
        shown = ", ".join(f"{name}={row[name]!r}" for name in names)
        print(
            f"Chosen from {len(tried)} candidates: {chosen.name}, with "
            f"{shown}. Its mean absolute scaled error is {chosen.error:.4g}.",
            flush=True,
        )
    return chosen, _table_rows(tried, forecaster)


def _for_few(forecaster, rows, fit_params, options):
    """Return the Candidate for few rows, without a logarithm if it is clearly worse."""
    both = [options.simple(each) for each in options.transformers]
    horizon = forecaster.horizon
    is_short = rows.longest < min(options.windows) + 3 * horizon
    if len(both) == 1 or options.has_inputs or is_short:
        return both[-1]
    recent, usual = (
        pd.Series(targets.ravel()).median()
        for targets in (rows.targets[rows.are_last(horizon)], rows.targets)
    )
    if recent < _FALLEN * usual:
        return both[0]  # forecasts of its recovery may have no bounds
    search = Search(forecaster, rows, fit_params, horizon)
    plain, log = search.tried(both)
    return both[0] if plain.error < _CLEARLY * log.error else both[1]


def _are_enough(rows, horizon, window_length):
    """Return whether there are enough known rows to train on and to choose by."""
    known = ~np.isnan(rows.targets).any(axis=1)
    earlier = known & ~rows.are_last(_n_held_out(rows, horizon))
    n_known, n_earlier = (
        np.bincount(rows.codes[which], minlength=1).max() for which in (known, earlier)
    )
    return n_known >= FEWEST_HORIZONS * horizon and (
        n_earlier >= window_length + 2 * horizon
    )


def _n_held_out(rows, horizon):
    """Return how many last rows of each series candidates are compared by."""
    return max(2 * horizon, rows.longest // _SHARE_HELD_OUT)


def _best(tried):
    """Return the first candidate, the simplest, whose error is about smallest."""
    smallest = min(each.error for each in tried)
    return next(each for each in tried if each.error <= _EQUAL * smallest)


def _table_rows(candidates, forecaster):
    """Return candidates as the rows of a table."""
    given = forecaster.target_transformer
    return [
        {
            "name": each.name,
            "normalize": getattr(each.params["regressor"], "normalize", None),
            "window_length": each.params["window_length"],
            "date_features": each.params["date_features"],
            "logarithm": each.params["target_transformer"] is not given,
            "error": each.error,
            "seconds": each.seconds,
            "params": each.params,
        }
        for each in candidates
    ]


def table_of(rows):
    """Return the rows of a table as a DataFrame, the smallest error first."""
    frame = pd.DataFrame(rows, dtype=object)  # None stays None
    types = {"window_length": int, "logarithm": bool, "error": float, "seconds": float}
    return frame.astype(types).sort_values("error", ignore_index=True)


def _bar(resources, options):
    """Return a bar for as many candidates as there may be, or None."""
    linear = options.linear()
    rounds = linear, options.variants(linear[0]), options.others(linear[0])
    return start_bar(resources, "candidate", sum(map(len, rounds)))


class Search:
    """Compares candidates by the last rows, by default a fifth."""

    def __init__(self, template, rows, fit_params, n_held_out=None):
        season, used = shortest_season(rows, rows.longest), _used(rows)
        self.template, self.rows = template, rows[used]
        self.fit_params = params_of_rows(fit_params, used)
        n_held_out = n_held_out or _n_held_out(self.rows, template.horizon)
        self.earlier = ~self.rows.are_last(n_held_out)  # rows to train on
        # of all rows: some series were constant before
        self.scale = _scale(self.rows, season)  # (n_series, n_targets)

    def tried(self, candidates, bar=None):
        """Return candidates with their errors, and show each in a bar, if not None."""
        work = (delayed(self._trial)(each.params) for each in candidates)
        results = in_parallel(work, self.template.n_jobs)
        tried = []
        for candidate, result in zip(candidates, results, strict=True):
            tried.append(replace(candidate, **result))
            if bar is not None:
                logs = f"{candidate.name}: {tried[-1].error:.4g}"
                bar.update(bar.task_ids[0], advance=1, logs=logs)
        return tried

    def _trial(self, params):
        """Return what a Candidate with these parameters has once it was tried."""
        start = time.perf_counter()
        with warnings.catch_warnings():  # the final fit issues them
            warnings.simplefilter("ignore", SkrnnWarning)
            forecaster = copy(self.template).set_params(**params)
            params = params_of_rows(self.fit_params, self.earlier)
            try:
                model = forecaster._fit_model(self.rows[self.earlier], params)
            except ValueError:  # too few known targets; the final fit raises the others
                return {}
            grid, values = model.on_grid(model.with_inputs(self.rows), model.horizon)
            compared, origins = model.forecasts_after(
                grid, values, self.rows, self.earlier, begin_later=True
            )
        seconds, codes = time.perf_counter() - start, self.rows.codes[origins]
        found = {"compared": compared, "transform": model.transform, "codes": codes}
        return {"error": self._error(**found), "seconds": seconds, **found}

    def means(self, tried):
        """Return the mean of the best two, of the best three, and so on."""
        best, means = sorted(tried, key=lambda each: each.error), []
        for n_members in range(2, len(best) + 1):
            members = best[:n_members]
            compared = np.mean([each.compared for each in members], axis=0)
            error = self._error(compared, best[0].transform, best[0].codes)
            mean = replace(mean_of(members), error=error, seconds=np.nan)  # not trained
            means.append(mean)
        return means

    def _error(self, compared, transform, codes):
        """Return the mean absolute scaled error of forecasts; NaN if there are none."""
        if not len(compared):
            return np.nan
        of_step = np.repeat(codes, compared.shape[1])
        y = compared.reshape(-1, *compared.shape[2:])
        errors = np.abs(np.diff(transform.inverse(y, of_step))[..., 0])
        scaled = errors / self.scale[of_step]
        known = scaled[~np.isnan(scaled)]
        return float(known.mean()) if known.size else np.nan


def _used(rows):
    """Return the rows to choose by: every k-th series, or the last rows."""
    used = rows.codes % -(-len(rows) // MOST_ROWS) == 0
    n_series = len(np.unique(rows.codes[used]))
    return used & rows.are_last(max(1, MOST_ROWS // n_series))


def _scale(rows, season):
    """Return the mean absolute change in a season of each series and target."""
    values, codes = pd.DataFrame(rows.targets), rows.codes
    deviations = (values - values.groupby(codes).transform("mean")).abs()
    deviations = deviations.groupby(codes).mean()
    changes, _ = mean_changes(rows.targets, codes, rows.steps, season)
    changes = pd.DataFrame(changes).groupby(codes).last()
    changes = changes.where(changes > 0, deviations)
    scale = changes.where(changes > 0, 1.0)
    return scale.reindex(range(rows.n_series), fill_value=1.0).to_numpy()
