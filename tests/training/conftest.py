"""Fixtures of the tests of training."""

import pytest

from skrnn.training import plan
from skrnn.training.compiled import engine
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
    store = engine.ProgramStore(engine.N_PROGRAMS_KEPT)
    monkeypatch.setattr(engine, "programs", store)
    return store


@pytest.fixture(params=["auto", "keras"], ids=["engine", "Model.fit"])
def trainer(request):
    return request.param


@pytest.fixture
def layers_run(monkeypatch):
    """A function that returns a list, to which layers of a class add when they run."""
    monkeypatch.setattr(engine.programs, "take", lambda key, build: build())

    def record(layer_class):
        ran, real = [], layer_class.inner_loop

        def inner_loop(layer, *args, **kwargs):
            ran.append(layer)
            return real(layer, *args, **kwargs)

        monkeypatch.setattr(layer_class, "inner_loop", inner_loop)
        return ran

    return record
