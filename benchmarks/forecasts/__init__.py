"""Data sets, models and settings of `benchmarks/skill.py`."""
