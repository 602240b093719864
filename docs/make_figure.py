"""Draw the figure of README by the code that it shows: `python docs/make_figure.py`."""

import re
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt

TOP = Path(__file__).parents[1]


def main():
    """Run the code and keep its figure."""
    mpl.use("agg")
    readme = (TOP / "README.md").read_text()
    first, *_ = re.findall(r"```python\n(.*?)```", readme, re.S)
    exec(first, {})
    figure = plt.gcf()
    figure.set_size_inches(9, 4)
    figure.savefig(TOP / "docs" / "_static" / "forecast.png", dpi=100)


if __name__ == "__main__":
    main()
