"""Scaling of targets, of weights, and what losses and metrics compare."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skrnn.networks.affine import Affine
from skrnn.networks.inputs import InputSpec, feature_scaling
from skrnn.training.data import Samples
from skrnn.training.objectives import compared
from skrnn.training.scaling import (
    Scaling,
    fold_scale,
    measured,
    unfold_scale,
)
from skrnn.windows.view import WindowView

N_LEVELS = 3
FLAGS = {
    "offset": None,
    "is_homogeneous": True,
    "has_metrics": False,
    "dtype": "float32",
}


def samples_of(y, dtype="float64", offset=None, **flags):
    """Samples whose targets continue two features of very different spread."""
    rng = np.random.RandomState(0)
    windows = rng.normal(size=(40, 6, 2)) * [1, 1000] + [5, -3e4]
    features = feature_scaling([(windows.reshape(-1, 2), np.ones(240))])
    inputs = InputSpec(6, 2, normalize="standard", target_features=(0, 1))
    scaling = Scaling(features, Affine(shift=np.zeros(2)))
    flags = {**FLAGS, "offset": offset, "dtype": dtype, **flags}
    samples = Samples(WindowView(windows), y, inputs, scaling, None, **flags)
    return replace(samples, scaling=measured(samples, range(40)))


@pytest.mark.parametrize("is_homogeneous", [True, False])
@pytest.mark.parametrize("with_base", [True, False])
def test_losses_and_metrics_see_targets_and_predictions_in_one_unit(
    with_base, is_homogeneous
):
    rng = np.random.RandomState(1)
    y = rng.normal(size=(40, 2)) * [1, 1000] + [5, -3e4]
    offset = rng.normal(size=(40, 2)) if with_base else None
    flags = {"is_homogeneous": is_homogeneous, "has_metrics": True}
    samples = samples_of(y, offset=offset, **flags)
    outputs = rng.normal(size=(40, 2 * N_LEVELS))
    columns = samples.columns(0, 40)
    seen, predicted = map(np.array, compared(columns, outputs, 2, in_units=True))
    assert_allclose(seen, y)
    base = Affine(shift=0.0 if offset is None else offset)
    to_targets = (
        samples.references(slice(40)).after(base).after(samples.scaling.targets)
    )
    expected = to_targets.repeated(N_LEVELS)(outputs)
    assert_allclose(predicted, expected)
    errors = np.repeat(seen, N_LEVELS, axis=1) - predicted
    seen, predicted = map(np.array, compared(columns, outputs, 2, in_units=False))
    in_loss = np.repeat(seen, N_LEVELS, axis=1) - predicted
    assert_allclose(in_loss * samples.scaling.unit, errors, rtol=1e-6)


def test_a_target_of_zero_is_exactly_zero_for_metrics():
    """Relative errors would be another thing otherwise."""
    y = np.random.RandomState(1).normal(size=(40, 2)) * [1, 1000] + [5, -3e4]
    y[::3] = 0
    columns = samples_of(y, "float32", has_metrics=True).columns(0, 40)
    outputs = np.zeros((40, 2), "float32")
    seen, _ = compared(columns, outputs, 2, in_units=True)
    assert_array_equal(np.array(seen)[::3], 0)


def test_large_targets_that_vary_little_keep_their_errors():
    """In single precision, a loss of `y` itself would be off by a tenth."""
    noise = np.random.RandomState(1).normal(size=(40, 1))
    windows, scaling = (
        WindowView(np.zeros((40, 6, 1))),
        Scaling(None, Affine(1.0, np.zeros(1))),
    )
    plain = Samples(windows, 1e6 + noise, InputSpec(6, 1), scaling, None, **FLAGS)
    scaling = measured(plain, range(40))
    with_units = replace(plain, scaling=scaling, has_metrics=True)
    columns = with_units.columns(0, 40)
    outputs = np.zeros((40, 1), "float32")
    seen, predicted = map(np.array, compared(columns, outputs, 1, in_units=False))
    errors = (seen - predicted) * scaling.unit
    assert_allclose(errors, noise - noise.mean(), rtol=1e-5, atol=1e-6)


def test_weights_are_folded_and_unfolded():
    rng = np.random.RandomState(0)
    first, kernel, bias = rng.normal(size=(2, 2)), rng.normal(size=(2, 3)), rng.rand(3)
    scaling = Affine(50.0, np.array([1.0, -2.0, 1e3]))
    hidden = rng.normal(size=(4, 2))
    folded = fold_scale([first, kernel, bias], scaling)
    assert_array_equal(folded[0], first)
    expected = scaling(hidden @ kernel + bias)
    assert_allclose(hidden @ folded[1] + folded[2], expected)
    for found, weights in zip(
        unfold_scale(folded, scaling), [first, kernel, bias], strict=True
    ):
        assert_allclose(found, weights)
