"""The displays, and the functions that draw them.

May import `skrnn.windows`.
"""
