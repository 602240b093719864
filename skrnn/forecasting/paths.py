"""Whole futures: forecasts plus the errors of whole paths, block by block."""

import numpy as np

from skrnn.forecasting.conformal import FEWEST_PATHS


def sample_paths(model, calibration, ahead, n_paths, rng):
    """Return paths (n_wanted, n_targets, n_paths), in transformed units."""
    codes, horizon = np.unique(ahead.codes), model.horizon
    last = ahead.observed.last_steps[codes]
    changes = np.isnan(model.transform.pairs["constant"][codes])
    none = np.zeros((1, *calibration.errors.shape[1:]))  # an origin without errors
    errors = np.nan_to_num(np.concatenate([calibration.errors, none]))
    quantiles = model.quantile_levels is not None
    values, blocks = model.values_ahead(ahead), []
    for start in range(0, values.shape[1] - model.window_length, horizon):
        if start == horizon:  # from here on, each path is forecast from its own past
            values = np.repeat(values, n_paths, axis=0)
        if start:
            past = blocks[-1].reshape(-1, *blocks[-1].shape[2:])
            model.fill_targets(values, start - horizon, past)
        forecasts = model.forecast_block(values, start, quantiles=quantiles)
        forecasts = forecasts.reshape(len(codes), -1, *forecasts.shape[1:])
        drawn = _drawn(calibration, codes, last + start, changes, n_paths, rng)
        blocks.append(_moved(forecasts, errors[drawn]))
    paths = np.concatenate(blocks, axis=2).swapaxes(1, 2)
    return ahead.of_rows(paths).swapaxes(1, 2)


def _drawn(calibration, codes, steps, changes, n_paths, rng):
    """Return the numbers (n_series, n_paths) of origins drawn for series at steps."""
    missing = np.isnan(calibration.errors).any(axis=(1, 3))
    own, of_all = {}, {}
    for number in np.flatnonzero(changes.any(axis=1)):
        is_whole = ~missing[:, changes[number]].any(axis=1)
        origins = calibration.alike(codes[number], steps[number], is_whole)
        if origins is not None:
            own[number] = origins
            continue
        of_all[number] = np.flatnonzero(is_whole)
        if len(of_all[number]) < FEWEST_PATHS:
            raise ValueError(
                f"sample_paths needs the errors of at least {FEWEST_PATHS} "
                f"origins, but there are {len(of_all[number])}. An origin counts if "
                "all of its steps are observed. Set a larger calibration_size."
            )
    drawn = np.full((len(codes), n_paths), -1)
    # as many steps ago for all series, which keeps their dependence
    ago = {n: steps[n] - calibration.steps[origins] for n, origins in own.items()}
    shared = _common(list(ago.values()), n_paths, rng)
    for number, origins in own.items():
        order = np.argsort(ago[number])
        at = order[np.searchsorted(ago[number], shared, sorter=order) % len(order)]
        drawn[number] = origins[at]
        is_other = ago[number][at] != shared
        if is_other.any():
            drawn[number, is_other] = _shuffled(origins, n_paths, rng)[is_other]
    for number, origins in of_all.items():
        drawn[number] = _shuffled(origins, n_paths, rng)
    return drawn


def _common(ago, n_paths, rng):
    """Return draws of how many steps ago, of those that half of the series have."""
    values, counts = np.unique(np.concatenate([*ago, []]), return_counts=True)
    common = values[2 * counts >= len(ago)]
    return _shuffled(common, n_paths, rng) if len(common) else np.full(n_paths, -1)


def _shuffled(values, n_draws, rng):
    """Return draws of values, each as often, in a random order."""
    return rng.permutation(np.resize(rng.permutation(values), n_draws))


def _moved(forecasts, errors):
    """Return values with the errors of observations; without the axis of levels."""
    # Both are (n_series, n, horizon, n_targets, n_levels). An observation between the
    # quantiles of its own forecast yields a value at the same place between these ones,
    # another one a value at the same distance from the outermost one.
    n_levels = errors.shape[-1]
    below = (errors > 0).sum(axis=-1, keepdims=True) - 1
    below = below.clip(0, max(n_levels - 2, 0))
    both = np.concatenate([below, np.minimum(below + 1, n_levels - 1)], axis=-1)
    low, high = np.moveaxis(np.take_along_axis(errors, both, axis=-1), -1, 0)
    share = np.zeros_like(low)
    np.divide(low, low - high, out=share, where=low > high)
    moved = np.take_along_axis(forecasts + errors, both, axis=-1)
    low, high = np.moveaxis(moved, -1, 0)
    return low + share.clip(0, 1) * (high - low)
