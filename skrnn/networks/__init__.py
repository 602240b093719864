"""What a network is, as data, and how it predicts.

May import NumPy and the libraries under it, and nothing else of skrnn.
"""
