"""Private names of other packages, which only this folder may use.

There is one module per package. Comments say when a workaround can be removed. May
import `skrnn._version`.
"""
