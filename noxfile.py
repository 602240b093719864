"""The sessions of CI, and those that run on request: `nox -l` lists them."""

import hashlib
import tomllib
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = False
nox.options.sessions = ["lint", "newest"]

OLDEST = Path(".ci/oldest.txt")
TESTED = Path(".ci/oldest.tested")
LINTED = ["_regressors", "_split", "_supervised", "_windowing", "datasets"]


def bounds():
    """Return a digest of the dependencies and of the versions that are the oldest."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    stated = [*project["dependencies"], *OLDEST.read_text().splitlines()]
    return hashlib.sha256("\n".join(stated).encode()).hexdigest()


@nox.session
def lint(session):
    """Style, spelling and docstrings."""
    session.install("ruff>=0.9", "codespell>=2.3", "numpydoc>=1.8")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell", "skrnn", "tests", "docs", "examples", "benchmarks")
    session.run("codespell", "README.md", "noxfile.py")
    files = [f"skrnn/{name}.py" for name in LINTED]
    session.run("numpydoc", "lint", "--config", ".", *files)


@nox.session
def newest(session):
    """README's second command, and every example, with the newest dependencies."""
    session.install(".[test]")
    for example in sorted(Path("examples").glob("plot_*.py")):
        session.run("python", "-W", "error", str(example))
    session.run("python", "-m", "pytest", *session.posargs)


@nox.session
def oldest(session):
    """The tests with the oldest dependencies; notes that these were tested."""
    session.install(".[test]", "-c", str(OLDEST))
    session.run("python", "-m", "pytest", "tests", *session.posargs)
    if not session.posargs:
        TESTED.write_text(bounds() + "\n")


@nox.session
def oldest_if_changed(session):
    """`oldest`, where bounds are not those that were tested last."""
    if TESTED.exists() and TESTED.read_text().strip() == bounds():
        session.skip("The oldest dependencies are those that were tested last.")
    oldest(session)


@nox.session
def extras(session):
    """The tests with Dask, Ray and the packages around the regressors."""
    session.install(".[test,distributed,clients]")
    modules = ["tests/test_distributed.py", "tests/test_clients.py"]
    session.run("python", "-m", "pytest", "-n", "0", *modules, *session.posargs)


@nox.session
def docs(session):
    """The documentation, warnings being errors."""
    session.install(".[docs]")
    session.run("sphinx-build", "-W", "docs", "docs/_build", *session.posargs)


@nox.session
def benchmark(session):
    """Beside raw Keras, scikeras and skorch; some 25 minutes."""
    session.install(".[benchmark]")
    session.run("python", "benchmarks/peers.py", *session.posargs)
