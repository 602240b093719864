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
    seed = rng.randint(np.iinfo(np.int32).max)
    drawn = np.full((len(codes), n_paths), -1)
    for number in np.flatnonzero(changes.any(axis=1)):
        is_whole = ~missing[:, changes[number]].any(axis=1)
        # alike for series with the same origins, which keeps their dependence
        draws = np.random.RandomState(seed)
        origins = calibration.alike(codes[number], steps[number], is_whole)
        if origins is None:
            origins, draws = np.flatnonzero(is_whole), rng
            if len(origins) < FEWEST_PATHS:
                raise ValueError(
                    f"sample_paths needs the errors of at least {FEWEST_PATHS} "
                    f"origins, but there are {len(origins)}. An origin counts if all "
                    "of its steps are observed. Set a larger calibration_size."
                )
        # each as often, in a random order
        each = np.resize(draws.permutation(origins), n_paths)
        drawn[number] = draws.permutation(each)
    return drawn


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
