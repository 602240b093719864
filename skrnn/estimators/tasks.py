"""From the parameters of a regressor to a training, and back to its attributes."""

from numbers import Integral

import numpy as np

from skrnn.estimators.fitted import FittedNetwork
from skrnn.networks.cells import CELLS
from skrnn.networks.quantiles import levels_of
from skrnn.networks.spec import NetworkSpec
from skrnn.networks.weights import initial_weights
from skrnn.training.schedule import Schedule
from skrnn.training.state import Objective, TrainingState
from skrnn.training.train import Task

_LARGEST_AUTO_BATCH = 200


def make_task(regressor, data, validation=None, *, seed, after=None, epochs=None):
    """Return the training that the parameters of a regressor describe.

    Parameters
    ----------
    regressor : BaseRecurrentRegressor
        Has validated its data.
    data, validation : TrainingData
        What to train on, and what to evaluate after each epoch, if anything.
    seed : int
        Seeds weights, dropout and the order of the batches.
    after : FittedNetwork, default=None
        What training carries on; None starts with new weights.
    epochs : int, default=None
        Passes over the data; None takes those of the regressor.

    Returns
    -------
    Task

    Raises
    ------
    ValueError
        If a parameter is not as described, or the network is not that of `after`.
    """
    levels = levels_of(regressor.loss, regressor.quantile)
    spec = _spec_of(regressor, levels)
    if after is None:
        state = TrainingState(*initial_weights(spec, seed))
    else:
        _check_same_network(spec, after.spec)
        state = after.state
    is_auto = regressor.batch_size == "auto"
    batch_size = _LARGEST_AUTO_BATCH if is_auto else int(regressor.batch_size)
    return Task(
        spec,
        state,
        data,
        validation,
        Schedule(
            batch_size=min(batch_size, data.n_samples),
            epochs=int(regressor.epochs if epochs is None else epochs),
            shuffle=bool(regressor.shuffle),
            seed=seed,
        ),
        Objective(
            loss=regressor.loss,
            levels=levels,
            metrics=tuple(regressor.metrics or ()),
            optimizer=regressor.optimizer,
            learning_rate=regressor.learning_rate,
            clipnorm=regressor.clipnorm,
        ),
        callbacks=list(regressor.callbacks or ()),
    )


def patience_of(regressor):
    """Return when early stopping stops, as `Events` takes it."""
    if not regressor.early_stopping:
        return None
    return int(regressor.n_iter_no_change), float(regressor.tol)


def attributes_of(regressor, spec, state, history):
    """Return what makes a regressor a fitted one.

    Parameters
    ----------
    regressor : BaseRecurrentRegressor
        Has validated its data.
    spec : NetworkSpec
        Its network.
    state : TrainingState
        Its weights.
    history : History
        The figures of its epochs.

    Returns
    -------
    dict
        Attributes by name.
    """
    values, first = history.values, history.n_before
    validation_curve = values.get("val_loss")
    curve = np.array(validation_curve or values["loss"])
    if np.isnan(curve[first:]).all():  # an earlier fit had validation data
        curve = np.array(values["loss"])
    best = first + int(np.nanargmin(curve[first:]))
    n_timesteps = regressor._layout.n_timesteps
    levels = levels_of(regressor.loss, regressor.quantile)
    return {
        "_fitted": FittedNetwork(spec, state, n_timesteps, levels),
        "history_": values,
        "loss_curve_": values["loss"],
        "validation_loss_curve_": validation_curve,
        "n_iter_": len(curve),
        "best_epoch_": best + 1,
        "best_loss_": float(curve[best]),
    }


class EpochObserver:
    """Tells scikit-learn's callbacks of every epoch of a fit.

    Parameters
    ----------
    regressor : BaseRecurrentRegressor
        What is fitted.
    task : Task
        Its training.
    fit_task : skrnn._compat.sklearn.FitTask
        The fit as scikit-learn knows it.
    """

    def __init__(self, regressor, task, fit_task):
        self._regressor, self._spec, self._fit_task = regressor, task.spec, fit_task

    def begin_epoch(self):
        """Tell that an epoch begins."""
        self._fit_task.begin_epoch()

    def end_epoch(self, history, state):
        """Tell that an epoch ended; return whether training is to stop."""

        def attributes():
            return attributes_of(self._regressor, self._spec, state(), history.copy())

        return self._fit_task.end_epoch(attributes)


def _spec_of(regressor, levels):
    units = regressor.units
    units = units if isinstance(units, (tuple, list)) else [units]
    ints = [n for n in units if isinstance(n, Integral) and not isinstance(n, bool)]
    if not units or len(ints) < len(units) or min(ints) < 1:
        raise ValueError(
            f"The 'units' parameter of {type(regressor).__name__} must be an int of at "
            "least 1, or a tuple of such ints with one for each layer. Got "
            f"{regressor.units!r} instead."
        )
    options = CELLS[regressor._cell].options
    return NetworkSpec(
        cell=regressor._cell,
        units=tuple(int(n) for n in units),
        n_features=regressor._layout.n_step_features,
        n_outputs=regressor.n_outputs_ * len(levels or (None,)),
        options=tuple((name, _plain(getattr(regressor, name))) for name in options),
        dropout=float(regressor.dropout),
        recurrent_dropout=float(regressor.recurrent_dropout),
        bidirectional=bool(regressor.bidirectional),
        dtype=str(regressor.dtype),
    )


def _check_same_network(spec, before):
    now, then = ({**vars(s), **dict(s.options), "options": ()} for s in (spec, before))
    for name, value in now.items():
        if value != then[name]:
            raise ValueError(
                "warm_start=True and partial_fit continue with the network of the "
                f"last fit, but {name} was {then[name]!r} then and is {value!r} now. "
                "Call fit with warm_start=False to start anew."
            )


def _plain(value):
    """Return a NumPy scalar as the Python one."""
    return value.item() if isinstance(value, np.generic) else value
