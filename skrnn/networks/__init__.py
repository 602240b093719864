"""What a network is, as data, and how it predicts.

Imports NumPy, and nothing else of skrnn.
"""
