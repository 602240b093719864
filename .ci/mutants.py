"""Change the code on purpose, and list the changes that no test notices.

`nox -s mutants` makes one change at a time in a copy of the package and runs the fast
tests of its folder. The changes are a fixed sample: those whose text has the smallest
hash, so that an edit elsewhere leaves them as they are. What survives lacks a test of
behaviour, or changes nothing that matters. A part is run by
`nox -s mutants -- --folder windows --number 20`.
"""

# mutmut 3 and cosmic-ray 8 are maintained, but neither draws a sample (requested in
# boxed/mutmut#306): all of some 3,500 changes would take days.

import argparse
import ast
import contextlib
import hashlib
import importlib
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import Phase, settings

FOLDERS = "windows", "networks", "forecasting", "estimators"
SAMPLE, N_PROCESSES = 150, 2
SLOWER = 3  # times the tests without a change; more counts as noticed
_PAIRS = "Lt LtE, Gt GtE, Eq NotEq, Is IsNot, In NotIn, Add Sub, Mult Div, And Or"
_PAIRS += ", BitAnd BitOr, min max, minimum maximum, any all"
SWAPPED = {a: b for pair in _PAIRS.split(", ") for a, b in [pair.split()]}
SWAPPED |= {b: a for a, b in SWAPPED.items()} | {"FloorDiv": "Mult", "Mod": "Mult"}


@dataclass(frozen=True)
class Mutant:
    """A file with one change: its new text, and the changed line."""

    path: Path
    line: int
    before: str
    after: str
    text: str
    rank: str

    @property
    def folder(self):
        """The folder of the file, and of its tests."""
        return self.path.parts[1]


def swapped(operator):
    """Return the other operator of a pair, or None."""
    name = SWAPPED.get(type(operator).__name__)
    return name and getattr(ast, name)()


def changes(node):
    """Yield an expression in the source and what to write instead."""
    match node:
        case ast.Compare(left, operators, others):
            for at, operator in enumerate(operators):
                if other := swapped(operator):
                    new = [*operators[:at], other, *operators[at + 1 :]]
                    yield node, ast.Compare(left, new, others)
        case ast.BinOp(left, operator, right) if not is_text(left, right):
            if other := swapped(operator):
                yield node, ast.BinOp(left, other, right)
        case ast.BoolOp(operator, values):
            yield node, ast.BoolOp(swapped(operator), values)
        case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
            yield node, operand
        case ast.Constant(bool(value)):
            yield node, ast.Constant(not value)
        case ast.Constant(int(value) | float(value)):
            yield node, ast.Constant(value + 1)
        case ast.Name(name) if name in SWAPPED:
            yield node, ast.Name(SWAPPED[name])
        case ast.Attribute(value, name) if name in SWAPPED:
            yield node, ast.Attribute(value, SWAPPED[name])
        case ast.Slice(lower, upper):
            for bound in lower, upper:
                if bound and not isinstance(bound, (ast.Constant, ast.UnaryOp)):
                    yield bound, ast.BinOp(bound, ast.Add(), ast.Constant(1))
        case ast.Return(value) if value and not isinstance(value, ast.Constant):
            yield value, ast.Constant(None)


def is_text(*nodes):
    """Return whether one of the operands is a string."""
    constants = [getattr(node, "value", None) for node in nodes]
    return any(isinstance(n, ast.JoinedStr) for n in nodes) or str in map(
        type, constants
    )


def tested_nodes(node):
    """Yield the nodes of a tree, apart from annotations, decorators and messages."""
    if isinstance(node, (ast.JoinedStr, ast.Raise)):
        return
    if isinstance(node, ast.FunctionDef) and node.name == "__repr__":
        return
    yield node
    for field, value in ast.iter_fields(node):
        if field not in ("annotation", "returns", "decorator_list"):
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield from tested_nodes(child)


def mutants_of(path):
    """Yield all mutants of a file."""
    source = path.read_bytes()
    starts = [0, *(at + 1 for at, byte in enumerate(source) if byte == ord("\n"))]
    seen = Counter()
    for node in tested_nodes(ast.parse(source)):
        for old, new in changes(node):
            start = starts[old.lineno - 1] + old.col_offset
            stop = starts[old.end_lineno - 1] + old.end_col_offset
            is_atom = isinstance(new, (ast.Constant, ast.Name, ast.Attribute))
            written = ast.unparse(new) if is_atom else f"({ast.unparse(new)})"
            text = (source[:start] + written.encode() + source[stop:]).decode()
            before, after = (
                each.splitlines()[old.lineno - 1].strip()
                for each in (source.decode(), text)
            )
            what = f"{path} {before} {after}"
            seen[what] += 1
            rank = hashlib.sha256(f"{what} {seen[what]}".encode()).hexdigest()
            yield Mutant(path, old.lineno, before, after, text, rank)


def import_packages():
    """Import the packages that skrnn and its tests use, once for all processes."""
    for path in [*Path("skrnn").rglob("*.py"), *Path("tests").glob("*/*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module] if isinstance(node, ast.ImportFrom) else []
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            for name in names:
                if not name.startswith("skrnn"):
                    with contextlib.suppress(ImportError):
                        importlib.import_module(name)


def tests_of(mutant):
    """Return the test modules of a folder, the most likely to notice first."""
    module = ".".join(mutant.path.with_suffix("").parts)
    words = set(mutant.path.stem.split("_"))

    def order(test):
        text = test.read_text()
        return -len(words & set(test.stem.split("_"))), module not in text, len(text)

    return sorted(Path("tests", mutant.folder).glob("test_*.py"), key=order)


class FirstFailure:
    """Keeps Hypothesis from looking for the smallest example that fails."""

    def pytest_sessionstart(self):
        """Change the profile that `tests/conftest.py` has loaded."""
        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("first failure", settings.default, phases=phases)
        settings.load_profile("first failure")


def run_tests(package, tests):
    """Run tests with the package in a folder, and end the process."""
    os.setsid()
    null = os.open(os.devnull, os.O_WRONLY)
    for stream in 1, 2:
        os.dup2(null, stream)
    sys.path.insert(0, package)
    os.environ["PYTHONPATH"] = package
    options = ["-x", "-q", "-n", "0", "-m", "not slow", "-p", "no:cacheprovider"]
    imported = "-Wignore::pytest.PytestAssertRewriteWarning"  # hypothesis already is
    os._exit(pytest.main([*options, imported, *map(str, tests)], [FirstFailure()]))


def survives(mutant, seconds):
    """Return whether the tests pass with a mutant, and after how many seconds."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as package:
        shutil.copytree("skrnn", Path(package, "skrnn"))
        Path(package, mutant.path).write_text(mutant.text)
        arguments = package, tests_of(mutant)
        tests = multiprocessing.Process(target=run_tests, args=arguments)
        tests.start()
        tests.join(seconds)
        if tests.is_alive():
            os.killpg(tests.pid, signal.SIGKILL)
            tests.join()
    return tests.exitcode == 0, time.monotonic() - began


def run(mutants):
    """Run the tests of a folder with each of its mutants, and yield the survivors."""
    unchanged = mutants[0].path.read_text()
    passes, seconds = survives(Mutant(mutants[0].path, 0, "", "", unchanged, ""), None)
    if not passes:
        sys.exit(f"The tests of {mutants[0].folder} fail without any change.")
    limit = max(60, SLOWER * seconds)
    with ProcessPoolExecutor(N_PROCESSES) as pool:
        found = pool.map(survives, mutants, [limit] * len(mutants))
        for mutant, (alive, seconds) in zip(mutants, found, strict=True):
            fate = "SURVIVED" if alive else "noticed"
            print(f"{fate} {seconds:4.0f} s {mutant.path}:{mutant.line}", flush=True)
            if alive:
                print(f"    - {mutant.before}\n    + {mutant.after}", flush=True)
                yield mutant


def main():
    """Try a sample of mutants, and print how many of each folder survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", choices=FOLDERS, help="of all by default")
    parser.add_argument("--number", type=int, help=f"of a folder; {SAMPLE} in all")
    options = parser.parse_args()
    files = [path for folder in FOLDERS for path in Path("skrnn", folder).glob("*.py")]
    every = [mutant for path in files for mutant in mutants_of(path)]
    every.sort(key=lambda mutant: mutant.rank)
    multiprocessing.set_start_method("fork")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import_packages()
    table = []
    for folder in [options.folder] if options.folder else FOLDERS:
        sampled = [m for m in every[:SAMPLE] if m.folder == folder]
        number = options.number or len(sampled)
        chosen = [m for m in every if m.folder == folder][:number]
        alive = list(run(chosen))
        table.append((folder, len(chosen), len(alive)))
    print(f"\n{'folder':12} mutants survived share")
    table.append(("all", *(sum(row[k] for row in table) for k in (1, 2))))
    for folder, n, n_alive in table:
        print(f"{folder:12} {n:7} {n_alive:8} {n_alive / n:5.0%}")


if __name__ == "__main__":
    main()
