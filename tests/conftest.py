"""Fixtures shared by several test modules."""

import numpy as np
import pytest
from hypothesis import settings

# The same examples in every run, however slow the machine.
settings.register_profile("deterministic", derandomize=True, deadline=None)
settings.load_profile("deterministic")


def pytest_collection_modifyitems(items):
    """Mark tests with `trainer="xla"` as slow: XLA compiles for seconds."""
    for item in items:
        if "callspec" in vars(item) and item.callspec.params.get("trainer") == "xla":
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def windows():
    """Sixty windows of five steps with two features."""
    return np.random.RandomState(0).uniform(-1, 1, size=(60, 5, 2))


@pytest.fixture(scope="session")
def target(windows):
    """A target that depends on the first and the last step."""
    return windows[:, 0, 0] - 0.5 * windows[:, -1, 1]
