"""The sessions of CI, and those that run on request: `nox -l` lists them."""

import hashlib
import os
import shutil
import tomllib
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = False
nox.options.sessions = ["lint", "newest", "docs", "pages"]

OLDEST = Path(".ci/oldest.txt")
TESTED = Path(".ci/oldest.tested")
LINTED = ["_displays", "_regressors", "_split", "_supervised", "_windowing", "datasets"]
BUILT = ["docs/_build", "docs/auto_examples", "docs/generated"]
BROWSERS = ["chromium", "chromium-browser", "google-chrome"]


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
    """README's second command, with the newest dependencies."""
    session.install(".[test]")
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
    """The tests with Dask, Ray, zarr, parquet and packages around the regressors."""
    session.install(".[test,distributed,clients]")
    names = ["distributed", "clients", "streaming"]
    modules = [f"tests/test_{name}.py" for name in names]
    session.run("python", "-m", "pytest", "-n", "0", *modules, *session.posargs)


@nox.session
def docs(session):
    """Every example, the documentation, and its tests in a browser."""
    session.install(".[docs,test]")
    for built in BUILT:  # or else examples that did not change would not run
        shutil.rmtree(built, ignore_errors=True)
    session.run("sphinx-build", "-W", "docs", "docs/_build", *session.posargs)
    complete = {"SKRNN_COMPLETE": "1"} if has_browser(session) else {}
    session.run("python", "-m", "pytest", "tests/test_site.py", env=complete)


def has_browser(session):
    """Look for Chromium, and install it where that is possible."""
    if any(map(shutil.which, BROWSERS)):
        return True
    if os.geteuid() == 0 and shutil.which("apt-get"):
        session.run("apt-get", "update", "-q", external=True)
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends"]
        session.run(*install, "chromium", external=True)
        return True
    if os.environ.get("CI"):
        session.error("The tests of the site need Chromium.")
    session.warn("There is no Chromium: the tests of the site are skipped.")
    return False


@nox.session
def pages(session):
    """The code of every page, with the packages that pages are about."""
    session.install(".[test,distributed,pages]")
    complete = {"SKRNN_COMPLETE": "1"}
    session.run("python", "-m", "pytest", "tests/test_pages.py", env=complete)


@nox.session
def benchmark(session):
    """Beside raw Keras, scikeras and skorch; some 25 minutes."""
    session.install(".[benchmark]")
    session.run("python", "benchmarks/peers.py", *session.posargs)
