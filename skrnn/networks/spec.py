"""Description of a network without its weights: layers, options and dtype."""

from dataclasses import dataclass

from skrnn.networks.inputs import InputSpec


@dataclass(frozen=True)
class NetworkSpec:
    """A stack of recurrent layers with the same cell, then a linear layer. Hashable.

    cell : str, a key of `skrnn.networks.cells.CELLS`
    units : tuple of int, hidden units of each recurrent layer, from input to output
    n_features, n_outputs : int, values in a step of the network, and in a prediction
    options : tuple of (str, object), activations and the form of a GRU, by name
    dropout, recurrent_dropout : float, fraction of the inputs, and of the hidden state,
        to drop in training
    bidirectional : bool, whether each layer also reads backwards, from the newest step
    dtype : {"float32", "float64"}
    inputs : InputSpec, or None if the network reads windows unchanged
    """

    cell: str
    units: tuple
    n_features: int
    n_outputs: int
    options: tuple = ()
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    bidirectional: bool = False
    dtype: str = "float32"
    inputs: InputSpec | None = None

    @property
    def n_columns(self):
        """Number of features of a step of the windows."""
        return self.n_features if self.inputs is None else self.inputs.n_features

    @property
    def n_directions(self):
        """Number of directions in which each layer reads: 1, or 2 if bidirectional."""
        return 2 if self.bidirectional else 1

    @property
    def layer_inputs(self):
        """Number of values per step that each recurrent layer reads, in order."""
        hidden = [self.n_directions * n_units for n_units in self.units]
        return [self.n_features, *hidden[:-1]]

    @property
    def n_hidden(self):
        """Number of values that the linear layer reads."""
        return self.n_directions * self.units[-1]

    @property
    def activations(self):
        """Names of the activation functions that the network uses."""
        return tuple(value for name, value in self.options if "activation" in name)

    def option(self, name, default=None):
        """Return the value of one of the `options`."""
        return dict(self.options).get(name, default)
