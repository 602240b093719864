"""Generators and small bundled series."""
