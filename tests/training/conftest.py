"""Fixtures of the tests of training."""

import pytest

from skrnn.training import plan
from skrnn.training.compiled import engine
from skrnn.training.compiled.programs import ProgramStore
from skrnn.training.plan import RefusedError


@pytest.fixture(
    params=[False, pytest.param(True, marks=pytest.mark.slow)], ids=["graph", "XLA"]
)
def xla(request, monkeypatch):
    def train(*args, real=engine.train):
        try:
            return real(*args)
        except RefusedError as error:
            pytest.fail(f"keras.Model.fit would train instead: {error}")

    monkeypatch.setattr(plan, "worth_compiling", lambda *_, **__: request.param)
    monkeypatch.setattr(engine, "train", train)
    return request.param


@pytest.fixture
def store(monkeypatch):
    """Replaces the cache of programs of the engine by an empty one."""
    store = ProgramStore(engine.N_PROGRAMS_KEPT)
    monkeypatch.setattr(engine, "programs", store)
    return store


@pytest.fixture(params=["auto", "keras"], ids=["engine", "Model.fit"])
def trainer(request):
    return request.param
