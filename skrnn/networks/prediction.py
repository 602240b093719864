"""Predictions of a network in NumPy, in tiles of windows (see also `same_bits`)."""

import os
from contextlib import nullcontext
from dataclasses import replace

import numpy as np

from skrnn.networks.activations import ACTIVATIONS
from skrnn.networks.blas import for_each, one_thread
from skrnn.networks.cells import CELLS, MANY_UNITS, TileShape
from skrnn.networks.same_bits import heights_and_block
from skrnn.networks.weights import layers_of

_HEIGHTS = (2, 4, 8, 16, 32, 64, 128, 256, 512)  # rows of a tile
_SMALL = 2**17  # multiplications up to which BLAS computes a product on one thread
_SHORT = 64  # rows up to which the workspace of a tile is kept
_COLUMNS = 16  # BLAS treats all columns alike if their number is a multiple of this
_VALUES_OF_A_TILE = 2**24
_MOST_PARTS, _LEAST_TO_DIVIDE = 4, 128  # to share among threads; rows of each
_N_IDLE = 2  # workspaces kept for each number of rows


def can_predict(spec):
    """Return whether NumPy can predict with a network; otherwise Keras must."""
    return all(name in ACTIVATIONS for name in spec.activations)


class Predictor:
    """A network that NumPy can predict with, safe to use from several threads."""

    def __init__(self, spec, weights, n_timesteps):
        self._spec, self._n_timesteps = spec, n_timesteps
        recurrent, (kernel, bias) = layers_of(spec, weights)
        stack = CELLS[spec.cell].stack
        self._layers = [
            [
                [_whole_columns(matrix) for matrix in stack(*direction, spec)]
                for direction in layer
            ]
            for layer in recurrent
        ]
        self._linear = _whole_columns(np.vstack([kernel, bias]))
        of_layers = [m for layer in self._layers for each in layer for m in each]
        all_matrices = [*of_layers, self._linear]
        self._largest_matrix = max(matrix.size for matrix in all_matrices)
        n_values = (n_timesteps + 1) * sum(
            matrices[0].shape[0] + 2 * matrices[0].shape[1] // n_timesteps
            for layer in self._layers
            for matrices in layer
        )
        fitting = [n for n in _HEIGHTS if n * n_values <= _VALUES_OF_A_TILE]
        heights = fitting or list(_HEIGHTS[:3])
        self._heights, self._block = heights, None
        if max(spec.units) <= MANY_UNITS:
            self._heights, self._block = heights_and_block(all_matrices, heights)
        self._idle = {n_rows: [] for n_rows in (1, *self._heights)}

    def __call__(self, windows):
        """Return outputs (n_samples, n_outputs), or raise an OverflowError."""
        n_samples = len(windows)
        outputs = np.empty((n_samples, self._spec.n_outputs), self._spec.dtype)
        # in tall tiles, threads call NumPy and wait for the interpreter less often
        most = max(n_samples // min(os.cpu_count() or 1, _MOST_PARTS), _LEAST_TO_DIVIDE)
        height = max((n for n in self._heights if n <= most), default=self._heights[0])
        starts = list(range(0, n_samples, height))

        def predict_tile(start):
            stop = start + height
            self._predict_tile(windows[start:stop], outputs[start:stop])

        is_small = min(height, n_samples) * self._largest_matrix <= _SMALL
        with nullcontext(1) if is_small else one_thread as n_threads:
            for_each(predict_tile, starts, n_threads)
        return outputs

    def _predict_tile(self, windows, outputs):
        height = next(n for n in self._heights if n >= len(windows))
        n_rows = 1 if len(windows) == 1 else height
        idle = self._idle[n_rows]
        try:
            workspace = idle.pop()
        except IndexError:
            shape = TileShape(n_rows, height, self._block)
            workspace = Workspace(
                self._spec, self._layers, self._linear, shape, self._n_timesteps
            )
        workspace.run(windows, outputs)
        if n_rows <= _SHORT and len(idle) < _N_IDLE:
            idle.append(workspace)


class Workspace:
    """The arrays in which a tile of windows is computed."""

    def __init__(self, spec, layers, linear, shape, n_timesteps):
        self._multiply = shape.multiply
        self._linear, self._n_outputs = linear, spec.n_outputs
        self._layers = [
            [
                _Direction(
                    spec,
                    matrices,
                    replace(shape, n_units=n_units),
                    n_timesteps,
                    reverse=reverse,
                )
                for reverse, matrices in enumerate(layer)
            ]
            for layer, n_units in zip(layers, spec.units, strict=True)
        ]
        self._last = shape.zeros(len(linear), linear.dtype)
        self._last[:, -1] = 1
        self._product = shape.zeros(linear.shape[1], linear.dtype)

    def run(self, windows, outputs):
        """Compute the outputs for at most as many windows as a tile has rows."""
        with np.errstate(all="ignore"):  # as Keras does
            missing = self._read(windows)
            for number, layer in enumerate(self._layers):
                for direction in layer:
                    if number:
                        direction.read(self._layers[number - 1])
                    direction.run(missing)
        last = [direction.last for direction in self._layers[-1]]
        np.concatenate(last, axis=1, out=self._last[: len(last[0]), :-1])
        self._multiply(self._last, self._linear, self._product)
        outputs[...] = self._product[: len(windows), : self._n_outputs]

    def _read(self, windows):
        """Copy windows into the first layer; return which steps are missing, if any."""
        n_rows, missing = len(windows), None
        for direction in self._layers[0]:
            steps = direction.values
            steps[:, :n_rows] = windows.transpose(1, 0, 2)[:: direction.order]
            if n_rows < steps.shape[1]:
                steps[:, n_rows:] = 0
            if np.isfinite(steps).all():
                continue
            if np.isinf(steps).any():
                raise OverflowError
            missing = np.isnan(steps).any(axis=-1)
            steps[missing] = 0
            missing = missing[:: direction.order]
        return missing


class _Direction:
    """A recurrent layer in one direction, and its inputs in the order of reading."""

    def __init__(self, spec, matrices, shape, n_timesteps, *, reverse):
        n_rows, n_units = shape.n_rows, shape.n_units
        inputs = shape.zeros(len(matrices[0]), spec.dtype, n_timesteps + 1)
        inputs[:, :, -1] = 1
        self.order = -1 if reverse else 1
        self.values = inputs[:-1, :n_rows, n_units:-1]
        states = inputs[:, :n_rows, :n_units]
        self.hidden, self.last = states[1:], states[-1]
        self._first = states[0]
        self._steps = list(zip(inputs[:-1], states[:-1], states[1:], strict=True))
        self._step, self._states = CELLS[spec.cell].layer(*matrices, spec, shape)

    def read(self, layer):
        """Read the hidden states of the previous layer as values."""
        oldest_first = [direction.hidden[:: direction.order] for direction in layer]
        np.concatenate(oldest_first, axis=2, out=self.values[:: self.order])

    def run(self, missing):
        """Compute the hidden states of all steps, skipping those that are missing."""
        for state in (self._first, *self._states):
            state[...] = 0
        step = self._step
        if missing is None:
            for inputs, before, hidden in self._steps:
                step(inputs, before, hidden)
            return
        missing = missing[:: self.order]
        for (inputs, before, hidden), rows in zip(self._steps, missing, strict=True):
            kept = [state[rows] for state in self._states]
            step(inputs, before, hidden)
            hidden[rows] = before[rows]
            for state, values in zip(self._states, kept, strict=True):
                state[rows] = values


def _whole_columns(matrix):
    """Pad a matrix with columns of zeros, up to a multiple of `_COLUMNS`."""
    n_more = -matrix.shape[1] % _COLUMNS
    return np.ascontiguousarray(np.pad(matrix, [(0, 0), (0, n_more)]))
