"""The version, which every fitted estimator keeps."""

__version__ = "0.1.0.dev0"

SITE = "https://skrnn.readthedocs.io/en/stable"  # where docs/ is published
