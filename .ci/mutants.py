"""Change the code on purpose, and list the changes that no test notices.

Run `nox -s mutants`. A fixed random sample of places in the folders below is changed,
one at a time, and the fast tests of the folder run. What survives is either missing a
test of behaviour, or changes nothing that matters.
"""

import argparse
import ast
import copy
import os
import random
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

FOLDERS = "windows", "networks", "forecasting", "estimators"
SECONDS = 600  # for the tests of a folder; more counts as noticed
OTHERS = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}


def changed(node):
    """Return a changed copy of a node, or None if there is no change for it."""
    other = copy.copy(node)
    if isinstance(node, ast.Compare) and type(node.ops[0]) in OTHERS:
        other.ops = [OTHERS[type(node.ops[0])](), *node.ops[1:]]
    elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in OTHERS:
        other.op = OTHERS[type(node.op)]()
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.Invert)):
        return node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (bool, int):
        is_flag = isinstance(node.value, bool)
        other.value = not node.value if is_flag else node.value + 1
    elif isinstance(node, ast.If):
        other.test = ast.Constant(False)
    else:
        return None
    return other


def places(tree):
    """Yield the nodes that can be changed, and where their parents hold them."""
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            nodes = value if isinstance(value, list) else [value]
            for at, node in enumerate(nodes):
                if isinstance(node, ast.AST) and changed(node) is not None:
                    yield parent, field, at if isinstance(value, list) else None


def mutant(source, number):
    """Return source with the place of a number changed, and a line about it."""
    tree = ast.parse(source)
    parent, field, at = list(places(tree))[number]
    node = getattr(parent, field) if at is None else getattr(parent, field)[at]
    new = changed(node)
    if at is None:
        setattr(parent, field, new)
    else:
        getattr(parent, field)[at] = new
    before = ast.unparse(node).splitlines()[0]
    after = ast.unparse(ast.fix_missing_locations(new)).splitlines()[0]
    return ast.unparse(tree), f"line {node.lineno}: {before} -> {after}"


def survives(path, source, copies):
    """Return whether the fast tests of a folder pass with another source."""
    top = copies.get()
    changed_file = top / path
    original = changed_file.read_text()
    changed_file.write_text(source)
    tests = f"tests/{path.parts[1]}"
    command = [sys.executable, "-m", "pytest", tests, "-x", "-q", "-n", "0"]
    try:
        done = subprocess.run(
            [*command, "-p", "no:cacheprovider"],
            cwd=top,  # is searched for skrnn first
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
        return done.returncode == 0
    except subprocess.TimeoutExpired:
        return False
    finally:
        changed_file.write_text(original)
        copies.put(top)


def main():
    """Try a sample of changes, and print those that survive."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--folder", choices=FOLDERS)
    options = parser.parse_args()
    folders = [options.folder] if options.folder else FOLDERS
    every = [
        (path, number)
        for folder in folders
        for path in sorted(Path("skrnn", folder).glob("*.py"))
        for number, _ in enumerate(places(ast.parse(path.read_text())))
    ]
    chosen = random.Random(0).sample(every, min(options.sample, len(every)))
    with tempfile.TemporaryDirectory() as folder:
        copies = Queue()
        for number in range(os.cpu_count()):
            top = Path(folder, str(number))
            for name in "skrnn", "tests":
                shutil.copytree(name, top / name)
            shutil.copy("pyproject.toml", top)
            copies.put(top)

        def run(place):
            path, number = place
            source, what = mutant(path.read_text(), number)
            found = survives(path, source, copies)
            if found:
                print(f"survived: {path} {what}", flush=True)
            return found

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            n_alive = sum(pool.map(run, chosen))
    print(f"{n_alive} of {len(chosen)} changes survived ({n_alive / len(chosen):.0%})")


if __name__ == "__main__":
    main()
