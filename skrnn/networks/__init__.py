"""Networks as plain data, and their predictions in NumPy.

May import NumPy, SciPy and threadpoolctl, and nothing else of skrnn.
"""
