"""Makes training tasks from a regressor's parameters, and attributes from results."""

from dataclasses import replace
from numbers import Integral

import numpy as np

from skrnn.estimators.validation import check_unchanged
from skrnn.networks.cells import CELLS
from skrnn.networks.quantiles import quantile_levels_of
from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights
from skrnn.training.data import Schedule
from skrnn.training.scaling import power_of_error
from skrnn.training.state import Objective, Task, TrainingState, mean_history

_LARGEST_AUTO_BATCH = 200


def make_tasks(regressor, fit_data, after, seeds, epochs):
    """Return the task of each network, new or of the FittedModel `after`."""
    prepared, training = fit_data.preparation, fit_data.training
    objective = objective_of(regressor)
    spec = _spec_of(regressor, objective.quantile_levels, prepared.inputs)
    if after is None:
        states = [_first_state(spec, seed, prepared) for seed in seeds]
    else:
        check_unchanged(
            _described(spec, len(seeds)), _described(after.spec, len(after.states))
        )
        states = after.states
    batch_size = min(batch_size_of(regressor), training.n_samples)
    n_levels = len(objective.quantile_levels or (None,))
    patience = None
    if regressor.early_stopping:
        patience = int(regressor.n_iter_no_change), float(regressor.tol)
    return [
        Task(
            spec,
            state,
            training,
            fit_data.validation,
            Schedule(batch_size, int(epochs), bool(regressor.shuffle), seed),
            objective,
            callbacks=list(regressor.callbacks or ()),
            loss_unit=prepared.scaling.unit ** (power_of_error(regressor.loss) or 0),
            scaling=prepared.scaling.targets.repeated(n_levels),
            patience=patience,
            may_keep_first=bool(patience and prepared.bases) and after is None,
        )
        for state, seed in zip(states, seeds, strict=True)
    ]


def batch_size_of(regressor):
    """Return the largest number of samples in a batch."""
    is_auto = regressor.batch_size == "auto"
    return _LARGEST_AUTO_BATCH if is_auto else int(regressor.batch_size)


def objective_of(regressor):
    """Return the objective of a regressor's parameters."""
    return Objective(
        loss=regressor.loss,
        quantile_levels=quantile_levels_of(regressor.loss, regressor.quantile),
        metrics=tuple(regressor.metrics or ()),
        optimizer=regressor.optimizer,
        learning_rate=regressor.learning_rate,
    )


def _first_state(spec, seed, prepared):
    """Return new weights. With a base, the output starts at zero."""
    weights, dropout_states = initial_weights(spec, seed)
    if not prepared.bases:
        return prepared.exact(TrainingState(weights, dropout_states))
    weights[-2] = np.zeros_like(weights[-2])
    return TrainingState(weights, dropout_states)


def attributes_of(networks, model):
    """Return the attributes of a regressor, for an Epoch of each network."""
    model = replace(model, states=[network.state for network in networks])
    values = mean_history([network.history for network in networks])
    best = [network.history.best() for network in networks]
    epochs = [epoch for epoch, _ in best]
    attributes = {
        "_fitted": model,
        "history_": values,
        "loss_curve_": values["loss"],
        "validation_loss_curve_": values.get("val_loss"),
        "n_iter_": len(values["loss"]),
        "best_epoch_": epochs[0],
        "best_epochs_": epochs,
        "best_loss_": float(np.mean([loss for _, loss in best])),
    }
    if model.preparation.bases:
        attributes["base_"] = model.preparation.bases[0]
        attributes["network_share_"] = model.network_weight
    return attributes


def _described(spec, n_networks):
    """Return settings of networks by name. Inputs are checked elsewhere."""
    values = {**vars(spec), **dict(spec.options), "n_networks": n_networks}
    return {k: v for k, v in values.items() if k not in ("options", "inputs")}


def _spec_of(regressor, quantile_levels, inputs):
    units = regressor.units
    units = units if isinstance(units, (tuple, list)) else [units]
    ints = [n for n in units if isinstance(n, Integral) and not isinstance(n, bool)]
    if not units or len(ints) < len(units) or min(ints) < 1:
        raise ValueError(
            f"The 'units' parameter of {type(regressor).__name__} must be an int of at "
            "least 1, or a tuple of such ints, one per layer. Got "
            f"{regressor.units!r} instead."
        )
    options = CELLS[regressor._cell].options
    return NetworkSpec(
        cell=regressor._cell,
        units=tuple(int(n) for n in units),
        n_inputs=inputs.n_inputs,
        n_outputs=regressor.n_outputs_ * len(quantile_levels or (None,)),
        options=tuple((name, _plain(getattr(regressor, name))) for name in options),
        dropout=float(regressor.dropout),
        recurrent_dropout=float(regressor.recurrent_dropout),
        bidirectional=bool(regressor.bidirectional),
        dtype=str(regressor.dtype),
        inputs=None if inputs.is_plain else inputs,
    )


def _plain(value):
    """Convert a NumPy scalar to a Python one."""
    return value.item() if isinstance(value, np.generic) else value
