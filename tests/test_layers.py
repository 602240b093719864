"""The package has layers: imports go in one direction."""

import ast
from pathlib import Path

import pytest

import skrnn

ROOT = Path(skrnn.__file__).parent
MODULES = {
    ".".join(["skrnn", *path.relative_to(ROOT).with_suffix("").parts]): path
    for path in sorted(ROOT.rglob("*.py"))
}

# Parts of skrnn that each folder, or module outside of folders, may import.
MAY_IMPORT = {
    "_version": set(),
    "_compat": {"_version"},
    "_estimator": {"_version", "_warnings"},
    "_progress": set(),
    "_warnings": set(),
    "datasets": set(),
    "exceptions": set(),
    "metrics": {"_estimator", "_warnings", "exceptions"},
    "windows": {"_compat", "_estimator", "_warnings", "exceptions"},
    "networks": set(),
    "training": {"_compat", "_progress", "_warnings", "networks"},
    "estimators": {
        "_compat",
        "_estimator",
        "_warnings",
        "exceptions",
        "windows",
        "networks",
        "training",
    },
    "forecasting": {
        "_compat",
        "_estimator",
        "_progress",
        "_warnings",
        "exceptions",
        "metrics",
        "windows",
        "estimators",
    },
    "inspection": {
        "_compat",
        "_estimator",
        "exceptions",
        "windows",
        "estimators",
        "forecasting",
    },
    "plotting": {"_estimator", "windows", "inspection", "metrics"},
    "__init__": {
        "_version",
        "datasets",
        "windows",
        "estimators",
        "forecasting",
        "plotting",
    },
}


def imported_by(path):
    """Names of the skrnn modules that a file imports, including inside functions."""
    tree = ast.parse(path.read_text())
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
            names.add(node.module)
        elif isinstance(node, ast.Constant) and str(node.value).startswith("skrnn."):
            names.add(node.value)  # of importlib.import_module
    return names & set(MODULES)


IMPORTS = {name: imported_by(path) for name, path in MODULES.items()}


def folder_of(module):
    return module.split(".")[1]


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_in_one_direction(module):
    folder = folder_of(module)
    allowed = MAY_IMPORT[folder] | {folder}
    assert {folder_of(name) for name in IMPORTS[module]} <= allowed


def test_no_module_imports_itself_by_way_of_others():
    remaining = {module: set(names) for module, names in IMPORTS.items()}
    while free := [module for module, names in remaining.items() if not names]:
        for module in free:
            del remaining[module]
        for names in remaining.values():
            names.difference_update(free)
    assert not remaining


@pytest.mark.parametrize("folder", [p.name for p in ROOT.iterdir() if p.is_dir()])
def test_a_folder_says_what_it_may_import(folder):
    if folder == "__pycache__":
        return
    documented = ast.get_docstring(
        ast.parse((ROOT / folder / "__init__.py").read_text())
    )
    for name in (name for name in MAY_IMPORT[folder] if name[0] != "_"):
        assert f"`skrnn.{name}`" in documented


def test_private_names_of_tensorflow_are_in_their_places():
    """Names that another version of TensorFlow may not have."""
    for module, path in MODULES.items():
        if module.startswith(("skrnn._compat.", "skrnn.training.compiled.")):
            continue
        for name in ("compat.v1", "raw_ops", "tensorflow.python", "TF_"):
            assert name not in path.read_text(), (module, name)
