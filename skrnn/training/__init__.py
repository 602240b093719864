"""Training of networks: plan, data and schedule, and two trainers.

May import `skrnn.networks`. The entry point is `train.train`, which imports the modules
that need TensorFlow at the first fit.
"""
