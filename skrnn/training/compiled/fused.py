"""Layers of Keras that train faster in a TensorFlow graph without XLA.

For small networks, a loop in a graph spends more time on scheduling than on computing.
XLA avoids that, but takes a second to compile. An LSTM needs neither: all its steps are
a single operation. TensorFlow's gradient of a loop keeps every intermediate value of
every step, and adds up the gradients of the weights step by step. Our own gradients
only compute in a step backwards what the step before it needs, and all else for all
steps at once.
"""

import tensorflow as tf
from keras import layers
from keras.saving import register_keras_serializable

v1 = tf.compat.v1

# With at least this many weights per gate, our own gradient of an LSTM is faster.
_MANY_WEIGHTS = 12_000
_KEPT = ("i", "cs", "f", "o", "ci", "co")  # outputs that the gradient needs


@register_keras_serializable("skrnn")  # Bidirectional recreates its layers
class FusedLSTM(layers.LSTM):
    """An LSTM layer for networks that `plan.can_fuse` accepts; not for XLA."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Return the last output, all outputs and the last states, as Keras does."""
        cell, steps = self.cell, _steps_to_read(self, sequences, training)
        n_samples = tf.shape(steps)[1]
        if steps.shape[-1] % 2 or self.units % 2:
            # TensorFlow warns at every batch if the number of samples is odd too
            one_if_odd = [0, n_samples % 2]
            steps = tf.pad(steps, [[0, 0], one_if_odd, [0, 0]])
            initial_state = [tf.pad(s, [one_if_odd, [0, 0]]) for s in initial_state]
        kernels = [cell.kernel, cell.recurrent_kernel]
        weights = tf.concat([tf.convert_to_tensor(kernel) for kernel in kernels], 0)
        no_peephole = tf.zeros(self.units)
        many = weights.shape[0] * self.units >= _MANY_WEIGHTS
        gradients = {"BlockLSTM": "SkrnnBlockLSTM"} if many else {}
        with v1.get_default_graph().gradient_override_map(gradients):
            _, cell_states, _, _, _, _, outputs = tf.raw_ops.BlockLSTM(
                seq_len_max=tf.shape(steps, tf.int64)[0],
                x=steps,
                h_prev=initial_state[0],
                cs_prev=initial_state[1],
                w=_reordered(weights),
                b=_reordered(tf.convert_to_tensor(cell.bias)),
                wci=no_peephole,
                wcf=no_peephole,
                wco=no_peephole,
                forget_bias=0.0,
                cell_clip=0.0,  # none
            )
        last, last_cell = outputs[-1][:n_samples], cell_states[-1][:n_samples]
        outputs = tf.transpose(outputs[:, :n_samples], (1, 0, 2))
        return last, outputs, [last, last_cell]


def _steps_to_read(layer, sequences, training):
    """Return steps (n_steps, n_samples, n_features) in the order of a layer."""
    if training and layer.dropout:
        dropped = layer.cell.get_dropout_mask(sequences[:, 0])
        sequences = sequences * dropped[:, tf.newaxis]
    steps = tf.transpose(sequences, (1, 0, 2))
    return tf.reverse(steps, [0]) if layer.go_backwards else steps


def _in_steps(step, n_steps, states, widths, *, backwards=False):
    """Return the last states, and the values of all steps, by their widths.

    `step` returns both from the number of a step and the states before it.
    """

    def one_step(number, states, values):
        states, new = step(number, *states)
        values = [v.write(number, n) for v, n in zip(values, new, strict=True)]
        return number + (-1 if backwards else 1), states, values

    values = [
        tf.TensorArray(states[0].dtype, n_steps, element_shape=(None, width))
        for width in widths
    ]
    _, states, values = tf.while_loop(
        lambda number, *_: number >= 0 if backwards else number < n_steps,
        one_step,
        (n_steps - 1 if backwards else 0, states, values),
        parallel_iterations=1,  # keeps all steps on one thread
    )
    return states, [v.stack() for v in values]


def _reordered(weights):
    """Return weights with the gates in the order of BlockLSTM: i, c, f, o."""
    # the gradient of BlockLSTMV2, with Keras's order, assumes this (TF 2.18 to 2.21)
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)


@tf.RegisterGradient("SkrnnBlockLSTM")
def _gradients_of_lstm(op, *by_outputs):
    """Return the gradients of the inputs of `BlockLSTM`, without peepholes."""
    _, x, first_cell, first_output, weights, *peepholes, _ = op.inputs
    cells, outputs = op.outputs[1], op.outputs[6]
    earlier_cells, earlier_outputs = (
        tf.concat([first[tf.newaxis], all_steps[:-1]], 0)
        for first, all_steps in ((first_cell, cells), (first_output, outputs))
    )
    by_gates, by_first_output, by_first_cell = _step_by_step(
        op, earlier_cells, by_outputs[1], by_outputs[6]
    )
    inputs = tf.concat([x, earlier_outputs, tf.ones_like(x[..., :1])], 2)
    inputs = tf.reshape(inputs, (-1, weights.shape[0] + 1))
    by_weights = tf.matmul(inputs, by_gates, transpose_a=True)
    by_x = tf.matmul(by_gates, weights[: x.shape[-1]], transpose_b=True)
    return [
        None,
        tf.reshape(by_x, tf.shape(x)),
        by_first_cell,
        by_first_output,
        by_weights[:-1],
        *[None] * len(peepholes),
        by_weights[-1],  # of the bias, whose inputs are ones
    ]


def _step_by_step(op, earlier_cells, by_cells, by_hidden):
    """Return the gradients of the gates in all steps, and of the first states."""
    _, x, first_cell, first_output, weights, *peepholes, bias = op.inputs
    *kept, _ = op.outputs
    n_steps, recurrent = tf.shape(x)[0], weights[x.shape[-1] :]
    constant = {
        **dict(zip(("wci", "wcf", "wco"), peepholes, strict=True)),
        "w": weights,
        "b": bias,
        "x": x[0],  # only the shapes of this and the next are used
        "h_prev": first_output,
        "use_peephole": False,
    }

    def step_back(step, by_output, by_cell):
        by_cell, by_these, *_ = tf.raw_ops.LSTMBlockCellGrad(
            **constant,
            **dict(zip(_KEPT, (values[step] for values in kept), strict=True)),
            cs_prev=earlier_cells[step],
            cs_grad=by_cell + by_cells[step],
            h_grad=by_output + by_hidden[step],
        )
        by_output = tf.matmul(by_these, recurrent, transpose_b=True)
        return [by_output, by_cell], [by_these]

    (by_first_output, by_first_cell), (by_gates,) = _in_steps(
        step_back,
        n_steps,
        [tf.zeros_like(first_cell)] * 2,
        [weights.shape[1]],
        backwards=True,
    )
    by_gates = tf.reshape(by_gates, (-1, weights.shape[1]))
    return by_gates, by_first_output, by_first_cell


@register_keras_serializable("skrnn")  # Bidirectional recreates its layers
class FusedGRU(layers.GRU):
    """A GRU layer for networks that `plan.can_fuse` accepts; not for XLA."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Return the last output, all outputs and the last state, as Keras does."""
        cell, steps = self.cell, _steps_to_read(self, sequences, training)
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

    def step_on(step, h):
        x, u = projected[step], tf.matmul(h, recurrent)
        zr = tf.sigmoid(x[:, : 2 * n] + u[:, : 2 * n])
        z, r = tf.split(zr, 2, axis=1)
        ug = u[:, 2 * n :] + bias[1, 2 * n :]
        g = tf.tanh(x[:, 2 * n :] + r * ug)
        h = g + z * (h - g)
        return [h], [h, z, r, g, ug]

    return _in_steps(step_on, n_steps, [first], [n] * 5)[1]


@tf.RegisterGradient("SkrnnGRU")
def _gradients_of_gru(op, by_outputs, *_):
    """Return the gradients of the inputs of the identity in a FusedGRU."""
    h, z, r, g, ug, steps, first, kernel, recurrent, _ = op.inputs
    earlier = tf.concat([first[tf.newaxis], h[:-1]], 0)
    of_z, of_g = (earlier - g) * z * (1 - z), (1 - z) * (1 - g * g)
    of_r = of_g * ug * r * (1 - r)
    of_u = tf.concat([of_z, of_r, of_g * r], 2)  # by u, for each by_h
    n_steps, n = tf.shape(h)[0], h.shape[2]

    def step_back(step, by_h):
        by_h = by_h + by_outputs[step]
        by_u = tf.tile(by_h, (1, 3)) * of_u[step]
        before = by_h * z[step] + tf.matmul(by_u, recurrent, transpose_b=True)
        return [before], [by_h, by_u]

    (by_first,), (by_h, by_u) = _in_steps(
        step_back, n_steps, [tf.zeros_like(first)], [n, 3 * n], backwards=True
    )
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
