"""Predicting through compiled functions of a network's weights and windows.

Few rows go one by one through a program that XLA compiled: as fast as a row can
be, and a row gets the same bits whichever come with it. Many go together.
"""

import numpy as np
import tensorflow as tf
from sklearn.utils import gen_batches

from skrnn._backend import quiet_tensorflow
from skrnn._compat import direct_call
from skrnn._programs import ProgramStore, filled_up

N_PROGRAMS_KEPT = 32
_programs = ProgramStore(N_PROGRAMS_KEPT)

N_FEW_ROWS = 32
N_VALUES_AT_ONCE = 2**22  # of the windows in one call of a program

_COUNTS = [tf.constant(n_rows) for n_rows in range(N_FEW_ROWS + 1)]


def predict(model, windows_of, n_rows, *, key, twin):
    """Predict rows batch by batch.

    Parameters
    ----------
    model : keras.Model
        The trained network.
    windows_of : callable
        Returns the windows of a slice of rows, ready for the network.
    n_rows : int
        Rows in all.
    key : hashable
        What the network's program depends on.
    twin : callable
        Returns a network of the same layers.

    Returns
    -------
    ndarray of shape (n_rows, n_outputs)
        The network's output, in the dtype that it computes in.
    """
    windows = windows_of(slice(0, N_FEW_ROWS))
    if n_rows <= N_FEW_ROWS:
        key = (key, windows.shape[1])
        return _programs.get(key, lambda: FewRows(twin())).run(model, windows)
    program = _programs.get(key, lambda: ManyRows(twin()))
    n_at_once = max(1, N_VALUES_AT_ONCE // windows[0].size)
    outputs = np.empty((n_rows, model.output_shape[1]), dtype=windows.dtype)
    for part in gen_batches(n_rows, n_at_once):
        outputs[part] = program.run(model, windows_of(part))
    return outputs


class _PredictProgram:
    """A network's output as a function of its weights and windows, compiled.

    Parameters
    ----------
    network : keras.Model
        Gives the layers; its own weights are not used.
    """

    def __init__(self, network):
        self._network = network
        self._run = None

    def _call(self, model, *inputs):
        variables = [
            variable.value
            for variable in (*model.trainable_variables, *model.non_trainable_variables)
        ]
        if self._run is None:
            with quiet_tensorflow():
                run = direct_call(self._compile(variables, *inputs))
                outputs = run(variables, *inputs)
            self._run = run
        else:
            outputs = self._run(variables, *inputs)
        return outputs.numpy()

    def _outputs(self, variables, windows):
        n_trained = len(self._network.trainable_variables)
        return self._network.stateless_call(
            variables[:n_trained], variables[n_trained:], windows, training=False
        )[0]


class FewRows(_PredictProgram):
    """At most `N_FEW_ROWS` windows, one after the other, compiled by XLA."""

    def run(self, model, windows):
        """Return the output of a model of the same layers as an ndarray."""
        rows = tf.constant(filled_up(windows, N_FEW_ROWS))
        return self._call(model, rows, _COUNTS[len(windows)])[: len(windows)]

    def _compile(self, *inputs):
        one_by_one = tf.function(self._one_by_one, autograph=False, jit_compile=True)
        return one_by_one.get_concrete_function(*inputs)

    def _one_by_one(self, variables, windows, n_rows):
        shape = (1, *windows.shape[1:])

        def one_row(row, outputs):
            window = tf.slice(windows, [row, 0, 0], shape)
            output = self._outputs(variables, window)
            return row + 1, outputs.write(row, output[0])

        _, outputs = tf.while_loop(
            lambda row, _: row < n_rows,
            one_row,
            (0, tf.TensorArray(windows.dtype, N_FEW_ROWS)),
        )
        return outputs.stack()


class ManyRows(_PredictProgram):
    """Any number of windows of any number of steps."""

    def run(self, model, windows):
        """Return the output of a model of the same layers as an ndarray."""
        return self._call(model, tf.constant(windows))

    def _compile(self, variables, windows):
        shape = (None, None, windows.shape[-1])
        return tf.function(self._outputs, autograph=False).get_concrete_function(
            variables, tf.TensorSpec(shape, windows.dtype)
        )
