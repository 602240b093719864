"""The compiled trainer, which runs each epoch as one program in a TensorFlow session.

May import `skrnn.networks` and `skrnn.training`.
"""
