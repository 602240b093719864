"""The compiled trainer: each epoch is one program in a TensorFlow session of its own.

Imports `skrnn.networks` and `skrnn.training`.
"""
