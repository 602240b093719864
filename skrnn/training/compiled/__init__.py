"""The compiled trainer: each epoch is one program in a TensorFlow session of its own.

May import `skrnn.networks` and `skrnn.training`.
"""
