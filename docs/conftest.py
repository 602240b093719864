"""The processes that a page starts end with it."""

import pytest


@pytest.fixture(autouse=True)
def no_workers_are_left():
    """End the workers of joblib, as a page once waited for idle ones forever."""
    yield
    from joblib.externals.loky import get_reusable_executor

    get_reusable_executor().shutdown(wait=True)
