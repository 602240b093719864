"""Optimizers: by name or given, checked, never shared."""

import json
from dataclasses import dataclass

import keras

from skrnn._compat.tensorflow import weight_decay_exclusions, without_all_reduce
from skrnn.training.objectives import is_of_keras

AUTO_LEARNING_RATE = 0.005


@dataclass(frozen=True)
class OptimizerKind:
    """What tells an optimizer from others, without making it.

    Parameters
    ----------
    key : str
        Its class and its configuration but for its learning rate.
    learning_rate : float or None
        None where a schedule sets it, which is part of the configuration.
    is_of_keras : bool
        Whether the key stands for the same optimizer always: a user's class may be
        defined again under the same name.
    """

    key: str
    learning_rate: float | None
    is_of_keras: bool

    @classmethod
    def of(cls, objective):
        """Return the kind of the optimizer of an objective."""
        given, changes = objective.optimizer, _changes(objective)
        if isinstance(given, str):
            rate = changes.pop("learning_rate")
            names = {name.lower() for name in dir(keras.optimizers)}
            key = json.dumps([given.lower(), changes], sort_keys=True)
            return cls(key, rate, given.lower() in names)
        config = {**given.get_config(), **changes}
        del config["name"]  # Keras numbers the names
        rate, is_keras = config["learning_rate"], is_of_keras(given)
        if isinstance(rate, dict):
            is_keras &= str(rate.get("module")).split(".")[0] == "keras"
            rate = None
        else:  # a variable of the program
            rate = float(config.pop("learning_rate"))
        what = [type(given).__module__, type(given).__qualname__, config]
        what.append(weight_decay_exclusions(given))
        return cls(json.dumps(what, sort_keys=True, default=str), rate, is_keras)


def make_optimizer(objective):
    """Return a new Keras optimizer, never the instance that was given."""
    optimizer = objective.optimizer
    try:
        given = keras.optimizers.get(optimizer)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            "The 'optimizer' parameter must be the name of a Keras optimizer, such as "
            f"'adam', 'rmsprop' or 'sgd', or an instance of one. Got {optimizer!r} "
            "instead."
        ) from error
    if isinstance(given, keras.optimizers.LossScaleOptimizer):
        raise ValueError(
            "The 'optimizer' parameter cannot be a LossScaleOptimizer: the network "
            "computes in float32 or float64, which need no scaling of the loss."
        )
    # Keras numbers the names of optimizers, and TensorFlow never forgets a variable's
    # name, at some 36 kB each: so all optimizers of a class get one name.
    name = type(given).__name__.lower()
    config = {**given.get_config(), "name": name, **_changes(objective)}
    made = without_all_reduce(type(given).from_config(config))
    exclusions = weight_decay_exclusions(given)
    if exclusions is not None:  # which the configuration does not have
        made.exclude_from_weight_decay(var_names=[exclusions])
    return made


def keeps_averages(optimizer):
    """Tell whether training ends with other weights than those of the last step."""
    finalize = type(optimizer).finalize_variable_values
    is_own = finalize is not keras.optimizers.Optimizer.finalize_variable_values
    return is_own or bool(optimizer.use_ema)


def _changes(objective):
    """Return what parameters of the regressor change in its configuration."""
    changes = {}
    if objective.learning_rate != "auto":
        changes["learning_rate"] = float(objective.learning_rate)
    elif isinstance(objective.optimizer, str):
        changes["learning_rate"] = AUTO_LEARNING_RATE
    if objective.clipnorm is not None:
        changes["clipnorm"] = float(objective.clipnorm)
    return changes
