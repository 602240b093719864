"""Private names of other packages: the only place for them.

A module for each package. Each piece says when it may go. May import `skrnn._version`.
"""
