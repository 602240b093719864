"""The sessions of CI, and those that run on request: `nox -l` lists them."""

import hashlib
import os
import shutil
import tomllib
from pathlib import Path

import nox

nox.options.default_venv_backend = "venv"
nox.options.reuse_existing_virtualenvs = False
nox.options.sessions = ["lint", "package", "newest", "docs", "pages_if_changed"]

OLDEST, OLDEST_EXTRAS = Path(".ci/oldest.txt"), Path(".ci/oldest_extras.txt")
EXTRAS = ["test", "docs", "distributed", "clients"]
PAGES_TESTED = Path(".ci/pages.tested")
LINTED = [
    "datasets/*",
    "estimators/elman",
    "estimators/exponential_smoothing",
    "estimators/gru",
    "estimators/lstm",
    "estimators/mean_regressor",
    "estimators/seasonal_naive",
    "estimators/window_regressor",
    "forecasting/backtest",
    "forecasting/forecaster",
    "inspection",
    "metrics/scores",
    "metrics/summary",
    "plotting/*_display",
    "windows/split",
    "windows/supervised",
    "windows/windower",
]
BUILT = ["docs/_build", "docs/auto_examples", "docs/generated"]
ALL_TESTS = ["python", "-m", "pytest", "-m", ""]  # also those marked as slow
TESTS_OF_EXTRAS = [
    f"tests/test_{name}.py" for name in ("distributed", "clients", "streaming")
]
BROWSERS = ["chromium", "chromium-browser", "google-chrome"]


def project():
    """Return what pyproject.toml says of the project."""
    return tomllib.loads(Path("pyproject.toml").read_text())["project"]


def digest(lines):
    """Return lines of text in short."""
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def bounds(oldest, extras):
    """Return a digest of the dependencies and of their oldest versions."""
    optional = project()["optional-dependencies"]
    dependencies = sum([optional[extra] for extra in extras], project()["dependencies"])
    return digest([*dependencies, *oldest.read_text().splitlines()])


def note_of(oldest):
    """Return the file that notes which oldest versions were tested last."""
    return oldest.with_suffix(".tested")


def pages_about_others():
    """Return a digest of the code of pages that needs other packages, and of those."""
    extras = project()["optional-dependencies"]
    texts = [page.read_text() for page in sorted(Path("docs").rglob("*.rst"))]
    lines = [line for t in texts if ".. requires: " in t for line in t.splitlines()]
    code = [line for line in lines if line.startswith((" ", "..", ">>>"))]
    return digest([*extras["pages"], *extras["distributed"], *code])


def unless_tested(session, note, what):
    """Skip a session if what it tests was tested last."""
    if note.exists() and note.read_text().strip() == what:
        session.skip(f"Nothing has changed since {note.name} was written.")


@nox.session
def lint(session):
    """Style, spelling and docstrings."""
    session.install("ruff>=0.9", "codespell>=2.3", "numpydoc>=1.8")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("codespell", "skrnn", "tests", "docs", "examples", "benchmarks")
    session.run("codespell", "README.md", "noxfile.py")
    files = [str(f) for name in LINTED for f in Path("skrnn").glob(f"{name}.py")]
    session.run("numpydoc", "lint", "--config", ".", *files)


@nox.session
def newest(session):
    """All tests and doctests, with the newest dependencies."""
    session.install(".[test]")
    session.run(*ALL_TESTS, *session.posargs)


@nox.session(python="3.13")
def python313(session):
    """The tests on Python 3.13, where there is one."""
    session.install(".[test]")
    session.run(*ALL_TESTS, "tests", *session.posargs)


SMOKE_TEST = """
import sys
from skrnn import Forecaster, __version__
from skrnn.datasets import load_co2
assert __version__ == sys.argv[1]
forecast = Forecaster(horizon=4).fit(y=load_co2()["1995":]).forecast(4)
assert forecast.between(368, 376).all(), forecast
assert not {"pytest", "matplotlib"} & set(sys.modules)
"""


@nox.session
def package(session):
    """Build wheel and sdist, check them, and forecast with the wheel alone."""
    session.install("build>=1.2", "twine>=6")
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", "dist", silent=True)
    files = sorted(Path("dist").iterdir())
    session.run("twine", "check", "--strict", *map(str, files))
    (wheel,) = (file.resolve() for file in files if file.suffix == ".whl")
    fresh = Path(session.create_tmp(), "fresh").resolve()
    session.run("python", "-m", "venv", "--clear", str(fresh))
    python = str(fresh / "bin" / "python")
    session.run(python, "-m", "pip", "install", "-q", str(wheel), external=True)
    session.chdir(fresh)
    version = wheel.name.split("-")[1]
    session.run(python, "-c", SMOKE_TEST, version, external=True)


@nox.session
def oldest(session):
    """The tests with the oldest dependencies; notes that these were tested."""
    session.install(".[test]", "-c", str(OLDEST))
    # scikeras itself warns with scikit-learn 1.6, and warnings are errors
    page = "test_the_code_of_a_page_runs[docs/coming_from/scikeras.rst]"
    without = f"--deselect=tests/test_pages.py::{page}"
    session.run(*ALL_TESTS, "tests", without, *session.posargs)
    if not session.posargs:
        note_of(OLDEST).write_text(bounds(OLDEST, ["test"]) + "\n")


@nox.session
def oldest_extras(session):
    """`extras` and `docs` with the oldest versions of the extras; notes it."""
    session.install(f".[{','.join(EXTRAS)}]", "-c", str(OLDEST_EXTRAS))
    session.run(*ALL_TESTS, "-n", "0", *TESTS_OF_EXTRAS)
    if build_site(session):
        note_of(OLDEST_EXTRAS).write_text(bounds(OLDEST_EXTRAS, EXTRAS) + "\n")


@nox.session
def prerelease(session):
    """The tests with what is about to be released of the dependencies."""
    session.install("--pre", "--upgrade", ".[test]")
    session.run(*ALL_TESTS, "tests", *session.posargs)


@nox.session
def oldest_if_changed(session):
    """`oldest`, where bounds are not those that were tested last."""
    unless_tested(session, note_of(OLDEST), bounds(OLDEST, ["test"]))
    oldest(session)


@nox.session
def oldest_extras_if_changed(session):
    """`oldest_extras`, where bounds are not those that were tested last."""
    unless_tested(session, note_of(OLDEST_EXTRAS), bounds(OLDEST_EXTRAS, EXTRAS))
    oldest_extras(session)


@nox.session
def extras(session):
    """The tests with Dask, Ray, zarr, parquet and packages around the regressors."""
    session.install(".[test,distributed,clients]")
    session.run(*ALL_TESTS, "-n", "0", *TESTS_OF_EXTRAS, *session.posargs)


@nox.session
def docs(session):
    """Every example, the documentation, and its tests in a browser."""
    session.install(".[docs,test]")
    build_site(session)


def build_site(session):
    """Build the site from nothing, run its tests, and tell whether all ran."""
    for built in BUILT:  # or else examples that did not change would not run
        shutil.rmtree(built, ignore_errors=True)
    session.run("sphinx-build", "-W", "docs", "docs/_build", *session.posargs)
    is_complete = has_browser(session)
    complete = {"SKRNN_COMPLETE": "1"} if is_complete else {}
    session.run(*ALL_TESTS, "tests/test_site.py", env=complete)
    return is_complete


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
    """The code of every page, with the packages that pages are about; notes it."""
    session.install(".[test,distributed,pages]")
    complete = {"SKRNN_COMPLETE": "1"}
    session.run(*ALL_TESTS, "tests/test_pages.py", env=complete)
    PAGES_TESTED.write_text(pages_about_others() + "\n")


@nox.session
def pages_if_changed(session):
    """`pages`, where they are not those that were tested last."""
    unless_tested(session, PAGES_TESTED, pages_about_others())
    pages(session)


@nox.session
def mutants(session):
    """Changes of the code that no test notices; an hour or two. By hand, not in CI."""
    session.install(".[test]")
    one_thread = {"OMP_NUM_THREADS": "1"}  # in each of two processes
    session.run("python", ".ci/mutants.py", *session.posargs, env=one_thread)


@nox.session
def benchmark(session):
    """Beside raw Keras, scikeras and skorch; some 25 minutes."""
    session.install(".[benchmark]")
    session.run("python", "benchmarks/peers.py", *session.posargs)
