"""Generators of series, and a small bundled data set. Nothing is downloaded."""

from skrnn.datasets.chaotic import make_lorenz, make_mackey_glass
from skrnn.datasets.generators import make_adding, make_echo, make_narma, make_sine
from skrnn.datasets.loaders import load_co2

__all__ = [
    "load_co2",
    "make_adding",
    "make_echo",
    "make_lorenz",
    "make_mackey_glass",
    "make_narma",
    "make_sine",
]
