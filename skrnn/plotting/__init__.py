"""The displays, and what they draw with.

Imports `skrnn.windows`.
"""
