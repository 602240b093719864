"""The units in which a regressor sees the targets: those of the scaled windows."""

from dataclasses import dataclass

import numpy as np

_CLOSE = 1e-4  # of the range of the target: what float32 keeps of it


@dataclass(frozen=True)
class Units:
    """A linear map from targets to what a scaler makes of them.

    Parameters
    ----------
    location, scale : ndarray of float64, shape (n_targets,)
        A scaled target is `(target - location) / scale`.
    columns : tuple of int
        The column of the scaled rows that holds each target.
    """

    location: np.ndarray
    scale: np.ndarray
    columns: tuple

    @classmethod
    def unscaled(cls, n_targets):
        """Return the units of targets that no scaler changes."""
        ones = np.ones(n_targets)
        return cls(np.zeros(n_targets), ones, tuple(range(n_targets)))

    @classmethod
    def of(cls, targets, scaled, names, scaled_names):
        """Find the map that a scaler applied.

        Parameters
        ----------
        targets : ndarray of shape (n_rows, n_targets)
            NaN where a value is missing.
        scaled : ndarray of shape (n_rows, n_scaled_columns)
            The same rows, scaled, with other columns.
        names : list of str
            Names of the targets.
        scaled_names : list of str or None
            Names of the scaled columns, where they have any.

        Returns
        -------
        Units

        Raises
        ------
        ValueError
            If no scaled column is a linear function of a target.
        """
        found = []
        for j, name in enumerate(names):
            values = targets[:, j].astype(np.float64)
            candidates = _most_likely_first(j, name, scaled.shape[1], scaled_names)
            maps = ((k, _linear_map(values, scaled[:, k])) for k in candidates)
            found_map = next(((k, *m) for k, m in maps if m is not None), None)
            if found_map is None:
                raise ValueError(
                    f"The steps before the windower must scale the target {name!r} "
                    "linearly, as StandardScaler and MinMaxScaler do, or leave it "
                    "unchanged. No column of their output is a linear function of "
                    "it. For another transformation, transform y before fit and "
                    "invert it on the forecasts."
                )
            found.append(found_map)
        columns, location, scale = zip(*found, strict=True)
        return cls(np.array(location), np.array(scale), columns)

    def scaled(self, targets):
        """Return targets of shape (..., n_targets) in the units of the windows."""
        dtype = targets.dtype
        return ((targets - self.location) / self.scale).astype(dtype, copy=False)

    def restored(self, scaled):
        """Return scaled targets of shape (..., n_targets, n_levels) in their units.

        Levels of quantiles increase, also where the scale is negative.
        """
        restored = scaled * self.scale[:, np.newaxis] + self.location[:, np.newaxis]
        falls = self.scale < 0
        if falls.any():
            restored[..., falls, :] = restored[..., falls, ::-1]
        return restored

    def check_levels(self, levels):
        """Check that levels of quantiles are the same if the targets are negated.

        Raises
        ------
        ValueError
            If a scale is negative and they are not.
        """
        if levels is None or (self.scale > 0).all():
            return
        if not np.allclose(levels, 1 - levels[::-1]):
            raise ValueError(
                "The steps before the windower negate the target, which reverses the "
                f"levels quantile={tuple(levels.tolist())}. Scale it by a "
                "positive factor, or choose levels that are symmetric around 0.5."
            )


def _most_likely_first(position, name, n_columns, scaled_names):
    """Return columns to look at: by name, at the same position, and all others."""
    columns = list(range(n_columns))
    named = [
        k
        for k, scaled in enumerate(scaled_names or [])
        if scaled == name or scaled.endswith(f"__{name}")
    ]
    at_position = [position] if position < n_columns else []
    return list(dict.fromkeys([*named, *at_position, *columns]))


def _linear_map(values, scaled):
    """Return location and scale that lead from values to scaled ones, or None."""
    known = ~np.isnan(values)
    values, scaled = values[known], scaled[known].astype(np.float64)
    if not len(values):
        return None
    low, high = values.argmin(), values.argmax()
    width, scaled_width = values[high] - values[low], scaled[high] - scaled[low]
    scale = width / scaled_width if width and scaled_width else 1.0
    location = values[low] - scale * scaled[low]
    error = np.abs(location + scale * scaled - values).max()
    bound = _CLOSE * max(width, 1e-3 * np.abs(values).max(), 1e-300)
    return (location, scale) if error <= bound else None
