"""A GRU layer of Keras with its own gradient.

TensorFlow's gradient of a loop keeps every intermediate value of every step, and adds
up the gradients of the weights step by step. Here, a step backwards only computes what
the step before it needs; all else is computed for all steps at once.
"""

import tensorflow as tf
from keras import layers
from keras.saving import register_keras_serializable

from skrnn.training.compiled.fused_lstm import steps_to_read

v1 = tf.compat.v1


@register_keras_serializable("skrnn")  # Bidirectional recreates its layers
class FusedGRU(layers.GRU):
    """A GRU layer for networks that `plan.can_fuse` accepts; not for XLA."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Return the last output, all outputs and the last state, as Keras does."""
        cell, steps = self.cell, steps_to_read(self, sequences, training)
        weights = cell.kernel, cell.recurrent_kernel, cell.bias
        inputs = [steps, initial_state[0], *map(tf.convert_to_tensor, weights)]
        computed = _forward(*map(tf.stop_gradient, inputs))
        with v1.get_default_graph().gradient_override_map({"IdentityN": "SkrnnGRU"}):
            outputs, *_ = tf.identity_n([*computed, *inputs])
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), [outputs[-1]]


def _forward(steps, first, kernel, recurrent, bias):
    """Return h, z, r, g, and U h + b' of g, for all steps."""
    n = first.shape[1]
    of_inputs = tf.concat([bias[0, : 2 * n] + bias[1, : 2 * n], bias[0, 2 * n :]], 0)
    n_steps, n_samples = tf.shape(steps)[0], tf.shape(steps)[1]
    projected = tf.matmul(tf.reshape(steps, (-1, steps.shape[-1])), kernel) + of_inputs
    projected = tf.reshape(projected, (n_steps, n_samples, 3 * n))

    def step_on(step, h, *kept):
        x, u = projected[step], tf.matmul(h, recurrent)
        zr = tf.sigmoid(x[:, : 2 * n] + u[:, : 2 * n])
        z, r = tf.split(zr, 2, axis=1)
        ug = u[:, 2 * n :] + bias[1, 2 * n :]
        g = tf.tanh(x[:, 2 * n :] + r * ug)
        h = g + z * (h - g)
        values = h, z, r, g, ug
        kept = [k.write(step, v) for k, v in zip(kept, values, strict=True)]
        return step + 1, h, *kept

    kept = [
        tf.TensorArray(steps.dtype, n_steps, element_shape=(None, n)) for _ in range(5)
    ]
    _, _, *kept = tf.while_loop(
        lambda step, *_: step < n_steps,
        step_on,
        (0, first, *kept),
        parallel_iterations=1,  # keeps all steps on one thread
    )
    return [values.stack() for values in kept]


@tf.RegisterGradient("SkrnnGRU")
def _gradients(op, by_outputs, *_):
    """Return the gradients of the inputs of the identity in a FusedGRU."""
    h, z, r, g, ug, steps, first, kernel, recurrent, _ = op.inputs
    earlier = tf.concat([first[tf.newaxis], h[:-1]], 0)
    of_z, of_g = (earlier - g) * z * (1 - z), (1 - z) * (1 - g * g)
    of_r = of_g * ug * r * (1 - r)
    of_u = tf.concat([of_z, of_r, of_g * r], 2)  # by u, for each by_h
    n_steps, n = tf.shape(h)[0], h.shape[2]

    def step_back(step, by_h, *by_all):
        by_h = by_h + by_outputs[step]
        by_u = tf.tile(by_h, (1, 3)) * of_u[step]
        before = by_h * z[step] + tf.matmul(by_u, recurrent, transpose_b=True)
        values = by_h, by_u
        by_all = [b.write(step, v) for b, v in zip(by_all, values, strict=True)]
        return step - 1, before, *by_all

    by_all = [
        tf.TensorArray(h.dtype, n_steps, element_shape=(None, m * n)) for m in (1, 3)
    ]
    _, by_first, *by_all = tf.while_loop(
        lambda step, *_: step >= 0,
        step_back,
        (n_steps - 1, tf.zeros_like(first), *by_all),
        parallel_iterations=1,
    )
    by_h, by_u = [values.stack() for values in by_all]
    by_x = tf.concat([by_u[..., : 2 * n], by_h * of_g], 2)
    rows = [tf.reshape(a, (-1, a.shape[-1])) for a in (steps, earlier, by_x, by_u)]
    inputs, states, by_x, by_u = rows
    ones = tf.ones_like(inputs[:, :1])
    by_bias = tf.concat([tf.matmul(ones, a, transpose_a=True) for a in (by_x, by_u)], 0)
    return [
        *[None] * 5,
        tf.reshape(tf.matmul(by_x, kernel, transpose_b=True), tf.shape(steps)),
        by_first,
        tf.matmul(inputs, by_x, transpose_a=True),
        tf.matmul(states, by_u, transpose_a=True),
        by_bias,
    ]
