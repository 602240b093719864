"""The order of the examples in the gallery."""

from pathlib import Path

ORDER = ["history", "sine", "forecast", "intervals", "cells_random_data", "long_memory"]


class ProjectOrder:
    """Sorts examples in the order of a project, as the pages of the user guide."""

    def __init__(self, src_dir):
        """Ignore the folder, which sphinx-gallery passes."""

    def __call__(self, filename):
        """Return the place of an example."""
        return ORDER.index(Path(filename).stem.removeprefix("plot_"))
