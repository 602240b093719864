"""Optimizers, given by name or as instances, which are checked and copied."""

import json
from dataclasses import dataclass

import keras

from skrnn._compat.tensorflow import weight_decay_exclusions, without_all_reduce
from skrnn.training.scaling import name_in_keras

AUTO_LEARNING_RATE = 0.005


@dataclass(frozen=True)
class OptimizerKind:
    """Identifies an optimizer without creating it."""

    key: str  # its class and its configuration, except for the learning rate
    learning_rate: float | None  # None if a schedule in the configuration sets it
    is_of_keras: bool  # otherwise its class may be redefined under the same name

    @classmethod
    def of(cls, objective):
        """Return the kind of the optimizer of an objective."""
        optimizer, changes = objective.optimizer, _changes(objective)
        if isinstance(optimizer, type):
            raise ValueError(_no_optimizer(optimizer))
        if isinstance(optimizer, str):
            rate = changes.pop("learning_rate")
            names = {name.lower() for name in dir(keras.optimizers)}
            key = json.dumps([optimizer.lower(), changes], sort_keys=True)
            return cls(key, rate, optimizer.lower() in names)
        config = {**optimizer.get_config(), **changes}
        del config["name"]  # Keras adds a counter to the names
        rate, is_keras = config["learning_rate"], name_in_keras(optimizer) is not None
        if isinstance(rate, dict):
            is_keras &= str(rate.get("module")).split(".")[0] == "keras"
            rate = None
        else:  # a variable, so programs with other learning rates can be reused
            rate = float(config.pop("learning_rate"))
        what = [type(optimizer).__module__, type(optimizer).__qualname__, config]
        what.append(weight_decay_exclusions(optimizer))
        return cls(json.dumps(what, sort_keys=True, default=str), rate, is_keras)


def _no_optimizer(optimizer):
    return (
        "The 'optimizer' parameter must be the name of a Keras optimizer, such as "
        f"'adam', 'rmsprop' or 'sgd', or an instance of one. Got {optimizer!r} instead."
    )


def make_optimizer(objective):
    """Return a new Keras optimizer, never the instance that was passed."""
    optimizer = objective.optimizer
    try:
        optimizer = keras.optimizers.get(optimizer)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(_no_optimizer(optimizer)) from error
    if isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "The 'optimizer' parameter cannot be a LossScaleOptimizer: the network "
            "computes in float32 or float64, which need no loss scaling. Pass its "
            "inner optimizer."
        )
    # Keras adds a counter to the names of optimizers, and TensorFlow keeps some 36 kB
    # for every variable name: so all optimizers of a class get the same name.
    name = type(optimizer).__name__.lower()
    config = {**optimizer.get_config(), "name": name, **_changes(objective)}
    made = without_all_reduce(type(optimizer).from_config(config))
    exclusions = weight_decay_exclusions(optimizer)
    if exclusions is not None:  # the configuration does not contain them
        made.exclude_from_weight_decay(var_names=[exclusions])
    return made


def keeps_averages(optimizer):
    """Return whether the final weights are averages, not those of the last step."""
    finalize = type(optimizer).finalize_variable_values
    is_own = finalize is not keras.optimizers.Optimizer.finalize_variable_values
    return is_own or bool(optimizer.use_ema)


def _changes(objective):
    """Return the settings of the optimizer that parameters of the regressor replace."""
    if objective.learning_rate != "auto":
        return {"learning_rate": float(objective.learning_rate)}
    if isinstance(objective.optimizer, str):
        return {"learning_rate": AUTO_LEARNING_RATE}
    return {}
