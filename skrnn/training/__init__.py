"""Training of networks: plan, data and schedule, and two trainers.

May import `skrnn.networks`. The entry point is `train.train`. Modules that need
TensorFlow are imported after `tensorflow_import.load`, at the first fit.
"""
