"""HTML table of a fitted network, which notebooks show beside scikit-learn's tables."""

from html import escape

from skrnn.networks.cells import CELLS
from skrnn.networks.weights import layers_of


def network_summary(spec, weights):
    """Return the layers of a network as a collapsed HTML table."""
    rows = "".join(
        f"<tr class='default'><td class='param'>{escape(name)}</td>"
        f"<td>{kind}</td><td>{escape(shape)}</td><td>{n_weights:,}</td></tr>"
        for name, kind, shape, n_weights in _layers(spec, weights)
    )
    n_weights = sum(array.size for array in weights)
    return (
        "<div class='estimator-table'><details>"
        f"<summary>Network: {n_weights:,} parameters</summary>"
        "<table class='parameters-table'><tbody>"
        "<tr><th>Layer</th><th>Type</th><th>Output</th><th>Parameters</th></tr>"
        f"{rows}</tbody></table></details></div>"
    )


def _layers(spec, weights):
    """Yield name, type, shape of the output and number of weights of each layer."""
    yield "skip_missing", "Masking", f"(None, None, {spec.n_inputs})", 0
    recurrent, linear = layers_of(spec, weights)
    kind = "Bidirectional" if spec.bidirectional else CELLS[spec.cell].keras_layer
    for depth, (n_units, layer) in enumerate(zip(spec.units, recurrent, strict=True)):
        is_last = depth == len(spec.units) - 1
        steps = "" if is_last else "None, "
        shape = f"(None, {steps}{spec.n_directions * n_units})"
        n_weights = sum(array.size for direction in layer for array in direction)
        yield f"{spec.cell}_{depth}", kind, shape, n_weights
    yield "output", "Dense", f"(None, {spec.n_outputs})", sum(a.size for a in linear)
