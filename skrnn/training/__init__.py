"""How a network is trained: plan, data and schedule, then one of two trainers.

May import `skrnn.networks`. `train` is the entry point; what imports TensorFlow is
imported by it, at the first fit.
"""
