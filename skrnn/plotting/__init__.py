"""The displays, and what they draw with.

May import `skrnn.windows`.
"""
