"""Predicting through compiled functions of a network's weights and windows.

Few rows go one by one through a program that XLA compiled: as fast as a row can
be, and a row gets the same bits whichever come with it. Many go together.
"""

import math

import keras
import numpy as np
import tensorflow as tf
from sklearn.utils import gen_batches

from skrnn.training.compiled.programs import ProgramStore, filled_up
from skrnn.training.compiled.session import OwnSession
from skrnn.training.start import quiet_tensorflow

N_PROGRAMS_KEPT = 16  # for few rows 4 MB each, and 11 idle threads of TensorFlow
_programs = ProgramStore(N_PROGRAMS_KEPT)

N_FEW_ROWS = 32
N_VALUES_AT_ONCE = 2**22  # of the windows in one call of a program
N_ROWS_OF_A_PART = 1024  # parts go side by side, as an operation runs on one thread


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
        self._session = OwnSession([])
        self._run = None

    def _call(self, model, *inputs):
        inputs = [_flat(model.weights), *inputs]
        if self._run is None:
            with quiet_tensorflow():
                if self._run is None:  # it is not, if another thread was first
                    run = self._session.add(self._traced(*inputs), xla=self._xla)
                    run(*inputs)  # which compiles
                    self._run = run
        return self._run(*inputs)

    def _outputs(self, flat, windows):
        weights = self._network.weights
        parts = tf.split(flat, [math.prod(weight.shape) for weight in weights])
        values = map(tf.reshape, parts, [weight.shape for weight in weights])
        with keras.StatelessScope(zip(weights, values, strict=True)):
            return self._network(windows, training=False)


class FewRows(_PredictProgram):
    """At most `N_FEW_ROWS` windows, one after the other, compiled by XLA."""

    _xla = True

    def run(self, model, windows):
        """Return the output of a model of the same layers as an ndarray."""
        rows = filled_up(windows, N_FEW_ROWS)
        return self._call(model, rows, np.int32(len(windows)))[: len(windows)]

    def _traced(self, *inputs):
        one_by_one = tf.function(self._one_by_one, autograph=False, jit_compile=True)
        return one_by_one.get_concrete_function(*_specs(inputs))

    def _one_by_one(self, flat, windows, n_rows):
        shape = (1, *windows.shape[1:])

        def one_row(row, outputs):
            window = tf.slice(windows, [row, 0, 0], shape)
            output = self._outputs(flat, window)
            return row + 1, outputs.write(row, output[0])

        _, outputs = tf.while_loop(
            lambda row, _: row < n_rows,
            one_row,
            (0, tf.TensorArray(windows.dtype, N_FEW_ROWS)),
        )
        return outputs.stack()


class ManyRows(_PredictProgram):
    """Any number of windows of any number of steps, in parts side by side."""

    _xla = False

    def run(self, model, windows):
        """Return the output of a model of the same layers as an ndarray."""
        return self._call(model, windows)

    def _traced(self, flat, windows):
        any_windows = tf.TensorSpec((None, None, windows.shape[-1]), windows.dtype)
        in_parts = tf.function(self._in_parts, autograph=False)
        return in_parts.get_concrete_function(*_specs([flat]), any_windows)

    def _in_parts(self, flat, windows):
        n_rows = tf.shape(windows)[0]
        size = tf.minimum((n_rows + 1) // 2, N_ROWS_OF_A_PART)
        n_parts = (n_rows + size - 1) // size

        def one_part(number, outputs):
            part = windows[number * size : (number + 1) * size]
            return number + 1, outputs.write(number, self._outputs(flat, part))

        shape = (None, self._network.output_shape[-1])
        outputs = tf.TensorArray(
            windows.dtype, n_parts, infer_shape=False, element_shape=shape
        )
        _, outputs = tf.while_loop(
            lambda number, _: number < n_parts, one_part, (0, outputs)
        )
        return outputs.concat()


def _specs(arrays):
    return [tf.TensorSpec(array.shape, array.dtype) for array in arrays]


def _flat(weights):
    """Return the values of weights in one array: a session takes time for each."""
    read = tf.raw_ops.ReadVariableOp  # a third of the time of `variable.numpy()`
    variables = [weight.value for weight in weights]
    values = [read(resource=v.handle, dtype=v.dtype).numpy() for v in variables]
    return np.concatenate(values, axis=None)
