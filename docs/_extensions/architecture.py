"""Draw the folders of skrnn and what they import, from the code."""

import ast
from pathlib import Path

import matplotlib.pyplot as plt

import skrnn

PLACES = {  # column and row of each folder; a folder imports from those below it
    "forecasting": (0.5, 4),
    "plotting": (2.5, 4),
    "estimators": (1, 3),
    "training": (1, 2),
    "windows": (2.5, 1),
    "networks": (0, 1),
    "datasets": (3.5, 4),
}
WHAT = {
    "forecasting": "Forecaster, intervals,\nbacktest",
    "plotting": "displays",
    "estimators": "regressors: parameters,\nvalidation, fit, predict",
    "training": "plan, data, trainers\n(the only TensorFlow)",
    "windows": "windower, time index,\ntargets, folds",
    "networks": "spec, equations,\nprediction in NumPy",
    "datasets": "series",
}


def imports():
    """Return pairs of folders, where the first imports the second."""
    top, pairs = Path(skrnn.__file__).parent, set()
    for folder in PLACES:
        for path in (top / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if not isinstance(node, ast.ImportFrom):
                    continue
                parts = (node.module or "").split(".")
                if parts[0] == "skrnn" and parts[1:2] and parts[1] in PLACES:
                    pairs.add((folder, parts[1]))
    return sorted(pair for pair in pairs if pair[0] != pair[1])


def draw():
    """Draw a box for each folder and an arrow for each import."""
    figure, ax = plt.subplots(figsize=(9, 5.5), layout="constrained")
    for folder, (x, y) in PLACES.items():
        text = f"{folder}\n{WHAT[folder]}"
        box = {"boxstyle": "round,pad=0.5", "facecolor": "#eaf1f8", "edgecolor": "C0"}
        ax.text(x, y, text, ha="center", va="center", fontsize=9, bbox=box)
    for importer, imported in imports():
        (x, y), (to_x, to_y) = PLACES[importer], PLACES[imported]
        arrow = {"arrowstyle": "->", "color": "0.4", "shrinkA": 32, "shrinkB": 32}
        ax.annotate("", (to_x, to_y), (x, y), arrowprops=arrow, zorder=0)
    ax.set(xlim=(-0.7, 4.1), ylim=(0.4, 4.6))
    ax.axis("off")
    return figure
