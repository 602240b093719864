"""What a network is: its layers and what they compute in, without its weights."""

from dataclasses import dataclass

from skrnn.networks.inputs import InputSpec


@dataclass(frozen=True)
class NetworkSpec:
    """A stack of recurrent layers of one cell, and a linear layer behind the last.

    Hashable, and made of plain values only.

    Parameters
    ----------
    cell : str
        The recurrent cell, a key of `skrnn.networks.cells.CELLS`.
    units : tuple of int
        Hidden units of each recurrent layer, from input to output.
    n_features, n_outputs : int
        Values of one step of the network, and of one prediction.
    options : tuple of (str, object)
        Further arguments of the cell by name: activations, and for a GRU its form.
    dropout, recurrent_dropout : float, default=0.0
        Share of the inputs, and of the hidden state, that is dropped in training.
    bidirectional : bool, default=False
        Whether each layer also reads its input from the newest step backwards.
    dtype : {"float32", "float64"}, default="float32"
        What the network computes in.
    inputs : InputSpec, default=None
        How windows become the input of the network; None takes them as they are.
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
        """Values of one step of the windows."""
        return self.n_features if self.inputs is None else self.inputs.n_features

    @property
    def n_directions(self):
        """Recurrent networks in a layer: one, or two that read in both directions."""
        return 2 if self.bidirectional else 1

    @property
    def layer_inputs(self):
        """Values of a step that each recurrent layer reads, from input to output."""
        hidden = [self.n_directions * n_units for n_units in self.units]
        return [self.n_features, *hidden[:-1]]

    @property
    def n_hidden(self):
        """Values that the linear layer reads."""
        return self.n_directions * self.units[-1]

    @property
    def activations(self):
        """Names of the activations that the network uses."""
        return tuple(value for name, value in self.options if "activation" in name)

    def option(self, name, default=None):
        """Return one of `options`."""
        return dict(self.options).get(name, default)
