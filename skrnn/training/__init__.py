"""How a network is trained: data and schedule, then one of two trainers.

Imports `skrnn.networks`; TensorFlow is imported at the first fit, by `start`.
"""
