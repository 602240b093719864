"""What a notebook shows of a fitted network, beside scikit-learn's own tables."""

from html import escape


def network_summary(model):
    """Return the layers of a network as a collapsed table.

    Parameters
    ----------
    model : keras.Model
        The network.

    Returns
    -------
    str
        HTML in the classes of scikit-learn's tables.
    """
    rows = "".join(
        f"<tr class='default'><td class='param'>{escape(layer.name)}</td>"
        f"<td>{type(layer).__name__}</td>"
        f"<td>{escape(str(tuple(layer.output.shape)))}</td>"
        f"<td>{layer.count_params():,}</td></tr>"
        for layer in model.layers
    )
    return (
        "<div class='estimator-table'><details>"
        f"<summary>Network: {model.count_params():,} parameters</summary>"
        "<table class='parameters-table'><tbody>"
        "<tr><th>Layer</th><th>Type</th><th>Output</th><th>Parameters</th></tr>"
        f"{rows}</tbody></table></details></div>"
    )
