"""Finds the feature that each output continues, and its lead."""

from numbers import Integral

import numpy as np

from skrnn._warnings import warn_user
from skrnn.exceptions import UnscaledWarning
from skrnn.windows.supervised import lead_of_name

_NAMES = (
    'Names are known if the windower returns them: `set_output(transform="pandas")`.'
)


def outputs_of(names, n_outputs, target_features, layout):
    """Return the position in a step of the feature of each output, and its lead."""
    named = [lead_of_name(name) for name in names] if names else [None]
    all_named = all(named)
    if target_features is not None:
        features = _given_features(target_features, n_outputs, layout)
    elif layout.n_step_features == 1:
        features = [0] * n_outputs
    elif all_named and layout.features is not None:
        features = [_position(target, layout) for target, _ in named]
    else:
        raise ValueError(
            f"A step has {layout.n_step_features} features, and it is not known which "
            "of them y continues. Set target_features to its position, or to a list "
            f"with one position per output. {_NAMES}"
        )
    if all_named:
        return features, [lead for _, lead in named]
    leads = [features[: k + 1].count(feature) for k, feature in enumerate(features)]
    return features, leads


def _given_features(target_features, n_outputs, layout):
    is_list = isinstance(target_features, (list, tuple))
    features = list(target_features) if is_list else [target_features] * n_outputs
    if len(features) != n_outputs:
        raise ValueError(
            "target_features must be one feature, or a list with one feature for each "
            f"of the {n_outputs} outputs. Got {target_features!r}."
        )
    return [_position(feature, layout) for feature in features]


def _position(feature, layout):
    n_features = layout.n_step_features
    if isinstance(feature, Integral) and -n_features <= feature < n_features:
        return int(feature) % n_features
    if layout.features is not None and feature in layout.features:
        return layout.features.index(feature)
    known = f"positions from 0 to {n_features - 1}. {_NAMES}"
    if layout.features is not None:
        known = f"{layout.features}."
    raise ValueError(
        f"target_features must name features of X, but {feature!r} is none of them. "
        f"They are {known} Set it to the features that y continues."
    )


_MOST_ROWS = 10_000  # examined to compare units
_FEWEST_ROWS = 20
_SHARE_OF_VALUES = 0.1  # of the targets, for the nearest lead of a feature


def warn_of_other_units(windows, y, features, leads):
    """Warn if targets seem to be in other units than the features they continue."""
    if windows.shape[1] == 1 or not windows.follow_each_other:
        return
    last, y = windows.values[:_MOST_ROWS, -1], y[:_MOST_ROWS]
    nearest = {}
    for column in np.argsort(leads, kind="stable"):
        nearest.setdefault(features[column], column)
    for feature, column in nearest.items():
        values, target = last[:, feature], y[:, column]
        values = values[~np.isnan(values)]
        if len(values) < _FEWEST_ROWS or _are_values(target, values):
            continue
        of_feature, of_target = (
            (float(a.mean()), float(a.std())) for a in map(np.float64, (values, target))
        )
        if _is_another_scale(of_feature, of_target):
            warn_user(
                "With normalize, y should be in the units of the feature that it "
                f"continues. Column {column} of y has mean {of_target[0]:.4g} and "
                f"standard deviation {of_target[1]:.4g}, but feature {feature} of X "
                f"has {of_feature[0]:.4g} and {of_feature[1]:.4g}. Scale neither, or "
                "scale the series first and make both X and y from the scaled series. "
                "If y continues another feature, set target_features.",
                UnscaledWarning,
            )
            return


def _are_values(target, values):
    """Return whether some targets are values of a feature, in float32."""
    with np.errstate(over="ignore"):
        target, values = target.astype(np.float32), values.astype(np.float32)
    return np.isin(target, values).mean() >= _SHARE_OF_VALUES


def _is_another_scale(of_feature, of_target):
    (mean, std), (target_mean, target_std) = of_feature, of_target
    larger, smaller = max(std, target_std), min(std, target_std)
    if larger == 0:
        return mean != target_mean
    return larger > 3 * smaller or abs(mean - target_mean) > 3 * larger
