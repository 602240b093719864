"""Sphinx configuration: `sphinx-build -W docs docs/_build`."""

project = "skrnn"
author = "the skrnn developers"
extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
]
autosummary_generate = True
numpydoc_show_class_members = False
exclude_patterns = ["_build"]
default_role = "code"
suppress_warnings = ["ref.ref"]  # references of inherited scikit-learn docstrings
html_theme = "alabaster"
