"""An LSTM layer of Keras with all steps in a single TensorFlow operation.

For small networks, a loop in a TensorFlow graph spends more time on scheduling than on
computing. XLA avoids that, but takes a second to compile. This operation needs neither.
"""

import tensorflow as tf
from keras import layers
from keras.saving import register_keras_serializable

v1 = tf.compat.v1

# With at least this many weights per gate, our own gradient is faster. TensorFlow's
# updates the gradient of the weights in every step.
_MANY_WEIGHTS = 12_000
_KEPT = ("i", "cs", "f", "o", "ci", "co")  # outputs that the gradient needs


@register_keras_serializable("skrnn")  # Bidirectional recreates its layers
class FusedLSTM(layers.LSTM):
    """An LSTM layer for networks that `plan.can_fuse` accepts; not for XLA."""

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Return the last output, all outputs and the last states, as Keras does."""
        cell, steps = self.cell, steps_to_read(self, sequences, training)
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


def steps_to_read(layer, sequences, training):
    """Return steps (n_steps, n_samples, n_features) in the order of a layer."""
    if training and layer.dropout:
        dropped = layer.cell.get_dropout_mask(sequences[:, 0])
        sequences = sequences * dropped[:, tf.newaxis]
    steps = tf.transpose(sequences, (1, 0, 2))
    return tf.reverse(steps, [0]) if layer.go_backwards else steps


def _reordered(weights):
    """Return weights with the gates in the order of BlockLSTM: i, c, f, o."""
    # the gradient of BlockLSTMV2, with Keras's order, assumes this (TF 2.18 to 2.21)
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)


@tf.RegisterGradient("SkrnnBlockLSTM")
def _gradients(op, *by_outputs):
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

    def step_back(step, by_output, by_cell, by_gates):
        by_cell, by_these, *_ = tf.raw_ops.LSTMBlockCellGrad(
            **constant,
            **dict(zip(_KEPT, (values[step] for values in kept), strict=True)),
            cs_prev=earlier_cells[step],
            cs_grad=by_cell + by_cells[step],
            h_grad=by_output + by_hidden[step],
        )
        by_output = tf.matmul(by_these, recurrent, transpose_b=True)
        return step - 1, by_output, by_cell, by_gates.write(step, by_these)

    shape = (None, weights.shape[1])
    nothing = tf.zeros_like(first_cell)
    by_gates = tf.TensorArray(x.dtype, n_steps, element_shape=shape)
    _, by_first_output, by_first_cell, by_gates = tf.while_loop(
        lambda step, *_: step >= 0,
        step_back,
        (n_steps - 1, nothing, nothing, by_gates),
        parallel_iterations=1,  # keeps all steps on one thread
    )
    by_gates = tf.reshape(by_gates.stack(), (-1, weights.shape[1]))
    return by_gates, by_first_output, by_first_cell
