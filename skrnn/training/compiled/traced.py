"""The computation of an epoch that TensorFlow traces: a loop over training steps."""

import keras
import tensorflow as tf

from skrnn.networks.affine import Affine
from skrnn.training.keras_inputs import prepare
from skrnn.training.keras_network import assign


class TracedEpoch:
    """The computation of an epoch, to be traced by `tf.function`."""

    def __init__(self, model, optimizer, loss, metrics, plan, inputs):
        self._model, self._optimizer, self._inputs = model, optimizer, inputs
        self._loss, self._metrics, self._plan = loss, metrics, plan

    def train(self, *arguments):
        """Train one epoch; return the weighted sum of the losses of the samples."""
        return self._epoch(self._train_step, *arguments)

    def evaluate(self, *arguments):
        """Return the weighted sum of the losses of the samples, without training."""
        return self._epoch(self._test_step, *arguments)

    def _epoch(self, step, arrays, order, n_real, sizes):
        series, y, weight, scales = arrays
        batch_size, n_timesteps, stride = sizes
        inputs, dtype = self._inputs, series.dtype

        def one_batch(batch, total):
            start = batch * batch_size
            samples = tf.slice(order, [start], [batch_size])
            n_rows = tf.minimum(n_real - start, batch_size)
            size = batch_size
            if not (self._plan.divisible or self._plan.xla):  # no padding
                size, samples = n_rows, samples[:n_rows]
            rows_weight = tf.cast(tf.range(size) < n_rows, dtype)
            first = tf.cast(samples, tf.int64) * tf.cast(stride, tf.int64)
            steps = first[:, tf.newaxis] + tf.range(tf.cast(n_timesteps, tf.int64))
            windows = tf.reshape(
                tf.gather(series, steps), (size, n_timesteps, series.shape[-1])
            )
            if inputs is not None:
                windows.set_shape((None, inputs.n_timesteps, inputs.n_features))
                missing = self._plan.has_missing
                windows = prepare(
                    windows, inputs, Affine(*tf.unstack(scales)), has_missing=missing
                )
            targets = tf.gather(y, samples)
            weights = rows_weight
            if self._plan.weighted:
                weights = rows_weight * tf.gather(weight, samples)
            loss, predicted = step(windows, targets, weights)
            for metric in self._metrics:
                metric.update_state(targets, predicted, rows_weight)
            weighted = tf.cast(loss, dtype) * tf.reduce_sum(weights)
            return batch + 1, total + weighted

        n_batches = (n_real + batch_size - 1) // batch_size
        _, total = tf.while_loop(
            lambda batch, _: batch < n_batches,
            one_batch,
            (tf.constant(0), tf.zeros((), dtype)),
        )
        return total

    def _train_step(self, *batch):
        model = self._model
        trained, others = model.trainable_variables, model.non_trainable_variables
        weights, state = (list(map(tf.convert_to_tensor, v)) for v in (trained, others))
        learn = self._learn if self._plan.n_shards == 1 else self._learn_from_shards
        loss, predicted, by_weights, state = learn(*batch, weights, state)
        assign(others, state)
        self._optimizer.apply(by_weights, trained)
        return loss, predicted

    def _learn(self, windows, targets, sample_weights, weights, state, share=1):
        """Return a share of the loss, predictions, gradients and the new state."""
        # without variables, for which shards would have to wait for each other
        model = self._model
        trained, others = model.trainable_variables, model.non_trainable_variables
        weights = list(map(tf.identity, weights))
        values = zip([*trained, *others], [*weights, *state], strict=True)
        with keras.StatelessScope(values) as scope:
            predicted = model(windows, training=True)
        loss = share * self._loss(targets, predicted, sample_weights)
        # GradientTape would not use the gradients of FusedLSTM
        by_weights = tf.gradients(loss, weights)
        return loss, predicted, by_weights, list(map(scope.get_current_value, others))

    def _learn_from_shards(self, windows, targets, sample_weights, weights, state):
        """Return the results of `_learn`, from shards of the batch in parallel."""
        n_shards = self._plan.n_shards
        size = (tf.shape(sample_weights)[0] + n_shards - 1) // n_shards
        total = tf.reduce_sum(sample_weights)

        def learn(number, loss, predictions, by_weights, state):
            rows = slice(number * size, (number + 1) * size)
            share = tf.reduce_sum(sample_weights[rows])
            share = tf.math.divide_no_nan(share, total)
            shard = windows[rows], targets[rows], sample_weights[rows]
            more, predicted, by_these, state = self._learn(
                *shard, weights, state, share
            )
            predictions = predictions.write(number, predicted)
            by_weights = list(map(tf.add, by_weights, by_these))
            return number + 1, loss + more, predictions, by_weights, state

        dtype, shape = windows.dtype, (None, self._model.output_shape[-1])
        predictions = tf.TensorArray(
            dtype, n_shards, infer_shape=False, element_shape=shape
        )
        nothing = list(map(tf.zeros_like, weights))
        done = (0, tf.zeros((), dtype), predictions, nothing, state)
        if n_shards == 2:  # faster than a loop; more shards would take long to compile
            done = learn(*learn(*done))
        else:
            done = tf.while_loop(lambda number, *_: number < n_shards, learn, done)
        _, loss, predictions, by_weights, state = done
        return loss, predictions.concat(), by_weights, state

    def _test_step(self, windows, targets, weights):
        predicted = self._model(windows, training=False)
        return self._loss(targets, predicted, weights), predicted
