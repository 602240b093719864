"""The displays, and the conversion of what users pass to them.

May import `skrnn.windows`, `skrnn.metrics` and `skrnn.inspection`.
"""
