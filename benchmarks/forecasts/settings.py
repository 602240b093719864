"""What the recommended networks are made of.

All of it was chosen on the training part alone. `python benchmarks/skill.py --search`,
with `--m4 DIRECTORY` for M4, ranks the candidates of `CANDIDATES`.
"""

from dataclasses import dataclass, field

from keras.optimizers import Adam
from keras.optimizers.schedules import CosineDecay
from sklearn.linear_model import Ridge

from skrnn import GRURegressor, LSTMRegressor


@dataclass(frozen=True)
class Settings:
    """Window length, cell, the parameters of its regressor, and weights of samples."""

    window_length: int
    cell: type = GRURegressor
    parameters: dict = field(default_factory=dict)
    weighted: bool = False  # whether training uses the weights of the data set

    def changed(self, window_length=None, weighted=None, **parameters):
        """Return the settings with some of them changed."""
        return Settings(
            window_length or self.window_length,
            self.cell,
            {**self.parameters, **parameters},
            self.weighted if weighted is None else weighted,
        )


GENERATED = {"units": 64, "epochs": 100, "learning_rate": 0.003, "batch_size": 128}

ORDER = ["segment_length", "normalize", "base", "n_networks"]


def steps_to(settings):
    """Return the way from a plain network to the settings, in the order that pays.

    Parameters
    ----------
    settings : Settings
        The recommended ones.

    Returns
    -------
    dict of Settings
        By what was changed last; the size and the training are changed at the end.
    """
    given, so_far = settings.parameters, {}
    steps = {"plain network": Settings(settings.window_length, settings.cell)}
    for name in ORDER:
        if name in given:
            so_far = {**so_far, name: given[name]}
            changed = Settings(settings.window_length, settings.cell, so_far)
            steps[f"+ {name}={given[name]!r}"] = changed
    last = "+ units, epochs and learning_rate"
    return {**steps, f"{last}, weights" if settings.weighted else last: settings}


BESIDE_RIDGE = {
    "base": Ridge(),
    "early_stopping": True,
    "validation_fraction": 0.15,
    "n_networks": 3,
    "epochs": 30,
    "learning_rate": 0.002,
}

M4_STEPS = 500  # of the gradient in an epoch


def falling_to_zero(epochs):
    """Return Adam with a learning rate that falls until so many epochs of M4 end."""
    return Adam(CosineDecay(0.003, epochs * M4_STEPS))


RECOMMENDED = {
    "mackey-glass": Settings(
        64,
        parameters={"segment_length": 8, **GENERATED},
    ),
    "lorenz": Settings(
        32,
        parameters={"segment_length": 2, **GENERATED},
    ),
    "narma": Settings(
        40,
        parameters={"segment_length": 5, **GENERATED},
    ),
    # Nearly linear, and little data: early stopping keeps them from losing to Ridge.
    "co2": Settings(130, parameters={"segment_length": 13, **BESIDE_RIDGE}),
    "sunspots": Settings(
        11,
        parameters={
            "segment_length": 11,
            **BESIDE_RIDGE,
            "units": 8,
            "validation_fraction": 0.3,
        },
    ),
    "m4": Settings(
        168,
        LSTMRegressor,
        {
            "segment_length": 24,
            "normalize": "standard",
            "loss": "absolute_error",
            "units": 128,
            "epochs": 30,
            "optimizer": falling_to_zero(30),
            "batch_size": 512,
            "n_networks": 4,
        },
        weighted=True,
    ),
}

CANDIDATES = {
    "mackey-glass": {
        "window_length": [32, 64],
        "segment_length": [4, 8],
        "normalize": [None, "last"],
    },
    "lorenz": {
        "window_length": [32, 64],
        "segment_length": [2, 4],
        "normalize": [None, "last"],
    },
    "narma": {"window_length": [40, 80], "segment_length": [5, 10, 20]},
    "co2": {"window_length": [104, 130], "normalize": [None, "last", "standard"]},
    "sunspots": {
        "window_length": [11, 22],
        "normalize": [None, "last"],
        "units": [8, 32],
        "validation_fraction": [0.15, 0.3],
    },
    "m4": [
        {
            "window_length": [168, 336],
            "normalize": ["last", "standard"],
            "weighted": [False, True],
            "epochs": [epochs],
            "optimizer": [falling_to_zero(epochs)],
            "n_networks": [1],
        }
        for epochs in (10, 30)
    ],
}

# The plain network reads M4 hour by hour: an epoch of all windows takes minutes.
PLAIN = {"m4": {"epochs": 2}}
