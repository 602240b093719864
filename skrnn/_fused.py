"""Keras's LSTM with all its steps in one operation of TensorFlow.

A loop of a TensorFlow graph takes longer to hand its operations round than small
networks take to compute, and XLA, which makes one program of it, takes a second to do
so. This operation does neither.
"""

import tensorflow as tf
from keras import layers
from keras.saving import register_keras_serializable

# From 230,000 multiplications on, for each gate, TensorFlow may divide a sum between
# threads, and then its last bits depend on how many there are; see tests/test_fused.py.
_MOST_PRODUCTS = 150_000
_LEAST_SAMPLES, _LEAST_UNITS = 8, 4  # fewer count as much to it


def can_fuse(network, batch_size, *, masked):
    """Tell whether the operation computes what a network's layers do.

    Large products it does not: XLA is faster there, and the operation's bits would
    depend on the number of threads.

    Parameters
    ----------
    network : dict
        Arguments of `build_network`.
    batch_size : int
        Samples in a batch.
    masked : bool
        Whether missing steps are skipped.
    """
    return (
        network["cell"] == "lstm"
        and network["cell_options"]
        == {"activation": "tanh", "recurrent_activation": "sigmoid"}
        and network["dtype"] == "float32"
        and not network["recurrent_dropout"]
        and not masked
        and max(batch_size, _LEAST_SAMPLES) * _largest_product(network)
        <= _MOST_PRODUCTS
    )


def _largest_product(network):
    """Return the weights of a gate in the layer that has most."""
    n_directions = 2 if network["bidirectional"] else 1
    n_inputs = [network["n_features"]]
    n_inputs += [n_directions * n_units for n_units in network["units"][:-1]]
    units = [max(n_units, _LEAST_UNITS) for n_units in network["units"]]
    return max(n * (n + before) for n, before in zip(units, n_inputs, strict=True))


@register_keras_serializable("skrnn")  # Bidirectional makes its layers anew
class FusedLSTM(layers.LSTM):
    """An LSTM layer for networks of which `can_fuse` says so; not for XLA.

    Its weights are those of `keras.layers.LSTM`, in the same order.
    """

    def inner_loop(self, sequences, initial_state, mask, training=False):
        """Return the last output, all outputs and the last states, as Keras's does."""
        cell = self.cell
        if training and self.dropout:
            dropped = cell.get_dropout_mask(sequences[:, 0])
            sequences = sequences * dropped[:, tf.newaxis]
        steps = tf.transpose(sequences, (1, 0, 2))
        if self.go_backwards:
            steps = tf.reverse(steps, [0])
        kernels = [cell.kernel, cell.recurrent_kernel]
        weights = tf.concat([tf.convert_to_tensor(kernel) for kernel in kernels], 0)
        no_peephole = tf.zeros(self.units)
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
        states = [outputs[-1], cell_states[-1]]
        return outputs[-1], tf.transpose(outputs, (1, 0, 2)), states


def _reordered(weights):
    """Return weights in the operation's order of the gates.

    Keras has input, forget, candidate, output. There is a second operation with that
    order, but its gradient is that of the first (TensorFlow 2.18 to 2.21).
    """
    i, f, c, o = tf.split(weights, 4, axis=-1)
    return tf.concat([i, c, f, o], axis=-1)
