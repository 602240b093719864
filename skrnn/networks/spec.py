"""Description of a network without its weights: layers, options and dtype."""

from dataclasses import dataclass

from skrnn.networks.inputs import InputSpec


@dataclass(frozen=True)
class NetworkSpec:
    """A stack of recurrent layers with the same cell, then a linear layer. Hashable."""

    cell: str  # a key of `skrnn.networks.cells.CELLS`
    units: tuple  # hidden units of each recurrent layer, from input to output
    n_inputs: int  # values in a step of the network
    n_outputs: int  # values in a prediction
    options: tuple = ()  # (name, value) of activations and the form of a GRU
    dropout: float = 0.0  # fraction of the inputs to drop in training
    recurrent_dropout: float = 0.0  # fraction of the hidden state
    bidirectional: bool = False  # whether each layer also reads from the newest step
    dtype: str = "float32"  # or "float64"
    inputs: InputSpec | None = None  # None if the network reads windows unchanged

    @property
    def n_directions(self):
        """Number of directions in which each layer reads: 1, or 2 if bidirectional."""
        return 2 if self.bidirectional else 1

    @property
    def layer_inputs(self):
        """Number of values per step that each recurrent layer reads, in order."""
        hidden = [self.n_directions * n_units for n_units in self.units]
        return [self.n_inputs, *hidden[:-1]]

    @property
    def n_hidden(self):
        """Number of values that the linear layer reads."""
        return self.n_directions * self.units[-1]

    @property
    def activations(self):
        """Names of the activation functions that the network uses."""
        return tuple(value for name, value in self.options if "activation" in name)

    def option(self, name):
        """Return the value of an option, or None if the cell does not have it."""
        return dict(self.options).get(name)
