"""The version of the package. It is saved with every estimator."""

__version__ = "0.1.0"

SITE = "https://skrnn.readthedocs.io/en/stable"  # where docs/ is published
