"""The scikeras wrapper that a fitted estimator holds."""

import json

import keras
import numpy as np
from scikeras.wrappers import BaseWrapper

from skrnn._compat.scikeras import ScikerasHooks
from skrnn.training import keras_loop
from skrnn.training.callbacks import BestWeights, TellsOfEpochs, fresh_copies
from skrnn.training.compiled import engine, inference
from skrnn.training.compiled.fused_lstm import FusedLSTM, can_fuse
from skrnn.training.compiled.programs import assign
from skrnn.training.keras_network import build_network
from skrnn.training.objectives import (
    check_activations,
    copy_of,
    make_loss,
    make_metric,
    make_optimizer,
)
from skrnn.training.progress import reporting
from skrnn.training.schedule import Schedule


class RecurrentWrapper(ScikerasHooks, BaseWrapper):
    """scikeras on a recurrent network; the engine trains and predicts.

    Parameters
    ----------
    network : dict
        Arguments of `build_network` but its seed.
    seed : int
        Seeds weights, dropout and the order of the batches.
    optimizer : str or keras.optimizers.Optimizer
        An instance is copied.
    learning_rate : float or "auto"
        Replaces the optimizer's own.
    clipnorm : float or None
        Replaces the optimizer's own.
    loss : str, keras.losses.Loss or callable
        Always averaged by the sample weights.
    levels : tuple of float or None
        Levels of the quantiles that the network predicts, if it does.
    metrics : list of str
        Names of Keras metrics.
    batch_size, epochs, shuffle, verbose
        As in `keras.Model.fit`.
    jit : bool or "auto"
        Whether to train and predict by compiled programs.
    callbacks : tuple
        Keras callbacks, as instances or classes; copied for every training.
    patience : tuple of (int, float) or None
        Arguments of `BestWeights`; None does not stop early.
    """

    def __init__(
        self,
        *,
        network,
        seed,
        optimizer,
        learning_rate,
        clipnorm,
        loss,
        levels,
        metrics,
        batch_size,
        epochs,
        shuffle,
        verbose,
        jit,
        callbacks,
        patience,
    ):
        check_activations(network["cell_options"])
        super().__init__(
            optimizer=make_optimizer(optimizer, learning_rate, clipnorm),
            loss=make_loss(loss, levels, network["dtype"]),
            metrics=[make_metric(name, levels, network["dtype"]) for name in metrics],
            batch_size=batch_size,
            epochs=epochs,
            shuffle=shuffle,
            verbose=verbose,
        )
        self.network = network
        self._network_key = json.dumps(network, sort_keys=True)
        self.seed = seed
        self.observers = ()  # callbacks that are told of the training as they are
        self.params = {
            "network": network,
            "seed": seed,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
            "clipnorm": clipnorm,
            "loss": loss,
            "levels": levels,
            "metrics": metrics,
            "batch_size": batch_size,
            "epochs": epochs,
            "shuffle": shuffle,
            "verbose": verbose,
            "jit": jit,
            "callbacks": callbacks,
            "patience": patience,
        }

    def watch(self, task, attributes):
        """Tell scikit-learn's callbacks of every epoch; see `TellsOfEpochs`."""
        self.observers = [TellsOfEpochs(task, attributes)]

    def build(self, compile_kwargs):
        """Return the network with its initial weights, compiled by scikeras's words."""
        model = self._twin_network()
        model.compile(**compile_kwargs, auto_scale_loss=False)
        model.get_compile_config = _nothing
        return model

    def train(self, parts, epochs):
        """Train `model_` and append to `history_`.

        Parameters
        ----------
        parts : tuple of (TrainingData, TrainingData or None)
            What to train on, and what to evaluate after each epoch.
        epochs : int
            Passes over the data.

        Raises
        ------
        ValueError
            If the loss, or in the end a weight, is not finite.
        """
        data, validation = parts
        names = ["loss", *self.params["metrics"]]
        if validation is not None:
            names += [f"val_{name}" for name in names]
        self.n_epochs_before_ = self._start_history(names)

        def on_epoch_end(epoch, values):
            figures = dict(zip(names, values, strict=True))
            for name, values_so_far in self.history_.items():
                values_so_far.append(figures.get(name, np.nan))
            _check_finite(epoch + 1, figures["loss"])
            if best:
                _check_finite(epoch + 1, figures["val_loss"], "the validation loss of")
            report(epoch + 1, figures)
            return figures

        callbacks = [*fresh_copies(self.params["callbacks"]), *self.observers]
        best = self.params["patience"] and BestWeights(*self.params["patience"])
        options = {
            "on_epoch_end": on_epoch_end,
            "validation": validation,
            "callbacks": [best, *callbacks] if best else callbacks,
        }
        schedule = Schedule(self.batch_size, epochs, self.shuffle, self.seed)
        with reporting(self.verbose, epochs) as report:
            if not self._train_compiled(data, schedule, options):
                keras_loop.train(self.model_, data, schedule, names=names, **options)
        self.observers = ()  # they hold the user's data
        for weight in self.model_.trainable_variables:
            _check_finite(
                epochs, weight.numpy().sum(), f"the sum of {weight.path} after"
            )

    def _start_history(self, names):
        """Prepare `history_` for more epochs; return how many it has."""
        before = self.history_ if self.warm_start else {}
        n_before = len(before.get("loss", ()))
        unknown = [np.nan] * n_before
        names = dict.fromkeys([*before, *names])
        self.history_ = {name: list(before.get(name, unknown)) for name in names}
        return n_before

    def _train_compiled(self, data, schedule, options):
        """Train by the engine; return whether it could and was to."""
        jit = self.params["jit"]
        if jit is False:
            return False
        n_batches = schedule.epochs * schedule.n_batches(data)
        shape = self.network, self.batch_size, data.n_timesteps
        divisible = isinstance(self.params["loss"], str)  # others may mix samples

        def choose(masked):
            fused = can_fuse(self.network, masked=masked)
            n_parts = engine.n_parts(*shape, fused=fused)
            worth = n_parts == 1 and engine.worth_compiling(
                self.network, n_batches, data.n_timesteps, fused=fused
            )
            if jit is True or worth:
                return {"xla": True, "fused": False, "n_parts": 1}
            n_parts = n_parts if divisible else 1
            return {"xla": False, "fused": fused, "n_parts": n_parts}

        try:
            engine.train(
                self.model_,
                data,
                schedule,
                choose=choose,
                key=self._training_key(),
                twin=self._twin_for_training,
                **options,
            )
        except engine.CannotServeError as error:
            if jit is True:
                raise ValueError(
                    f"jit=True, but the compiled engine cannot train this: {error}. "
                    'Set jit="auto" or False to train with keras.Model.fit.'
                ) from error
            if self.verbose:
                print(f"Training with keras.Model.fit: {error}.")
            return False
        return True

    def infer(self, windows_of, n_rows):
        """Return the network's output for rows whose windows come slice by slice."""
        jit = self.params["jit"]
        if jit is False or (jit == "auto" and engine.has_gpu()):
            return keras_loop.predict(self.model_, windows_of, n_rows)
        return inference.predict(
            self.model_,
            windows_of,
            n_rows,
            key=self._network_key,
            twin=self._twin_network,
        )

    def kept_params(self):
        """Return the parameters of a wrapper that is to `resume` from `state`.

        Without callbacks, and Keras's own optimizers and losses as plain values.
        """
        kept = {**self.params, "callbacks": ()}
        for name, serialize in (
            ("optimizer", keras.optimizers.serialize),
            ("loss", keras.losses.serialize),
        ):
            if type(kept[name]).__module__.startswith("keras."):
                kept[name] = serialize(kept[name])
        return kept

    def state(self):
        """Return variables and history as arrays and plain values."""
        return {
            "variables": [v.numpy() for v in self.model_.variables],
            "optimizer_variables": [v.numpy() for v in self.model_.optimizer.variables],
            "history": self.history_,
        }

    def resume(self, state, *, with_optimizer=True):
        """Become what was trained earlier.

        Parameters
        ----------
        state : dict
            As `state` returned it for a wrapper of the same network.
        with_optimizer : bool, default=True
            Whether to take over the optimizer's variables as well.

        Returns
        -------
        self
        """
        self.initialize(np.zeros((1, 1)), np.zeros(1))
        self.warm_start = True
        self.history_ = state["history"]
        self.n_epochs_before_ = 0
        assign(self.model_.variables, state["variables"])
        if with_optimizer:
            self.optimizer.build(self.model_.trainable_variables)
            assign(self.optimizer.variables, state["optimizer_variables"])
        return self

    def carry_on(self, trained):
        """Start where another wrapper of the same network stopped.

        Parameters
        ----------
        trained : RecurrentWrapper
            What to carry on. The moments of its optimizer are taken over if it
            differs from the optimizer here in its learning rate at most.

        Raises
        ------
        ValueError
            If its network is another one.
        """
        for name, value in self.network.items():
            if value != trained.network[name]:
                raise ValueError(
                    "warm_start=True and partial_fit continue with the network of the "
                    f"last fit, but {name} was {trained.network[name]!r} then and is "
                    f"{value!r} now. Call fit with warm_start=False to start anew."
                )
        learning_rate = float(self.optimizer.learning_rate)
        same = self._optimizer_key() == trained._optimizer_key()
        self.resume(trained.state(), with_optimizer=same)
        if same and self.params["learning_rate"] != trained.params["learning_rate"]:
            self.optimizer.learning_rate = learning_rate

    def _twin_network(self, **options):
        return build_network(**self.network, seed=self.seed, **options)

    def _twin_for_training(self, kind):
        optimizer = copy_of(self.optimizer)
        levels, dtype = self.params["levels"], self.network["dtype"]
        metrics = [make_metric(n, levels, dtype) for n in self.params["metrics"]]
        layer = FusedLSTM if kind.fused else None
        network = self._twin_network(masked=kind.masked, layer=layer)
        return network, optimizer, self.loss, metrics

    def _training_key(self):
        """What the epoch program depends on; None for a loss without a name."""
        if not isinstance(self.params["loss"], str):
            return None
        what = (self.params["loss"], self.params["levels"], *self.params["metrics"])
        return self._network_key, self._optimizer_key(), what

    def _optimizer_key(self):
        optimizer = keras.optimizers.serialize(self.optimizer)
        config = optimizer["config"]
        del config["name"]  # Keras numbers the names
        if not isinstance(config["learning_rate"], dict):
            del config["learning_rate"]  # a variable of the program
        return json.dumps(optimizer, sort_keys=True, default=str)


def _nothing():
    """Keep loss and optimizer out of a saved network: Keras alone can load it."""


def _check_finite(epoch, value, what="the loss of"):
    if not np.isfinite(value):
        raise ValueError(
            f"Training diverged: {what} epoch {epoch} is {value}. Try a lower "
            "learning_rate, set clipnorm (1.0 is a usual start), or scale the data."
        )
