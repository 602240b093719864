"""Every block of code on every page runs: doctests by pytest itself, the others here.

The Python blocks of a page run in its order and in one namespace. A comment right
before a block, `.. requires: darts` or in Markdown `<!-- requires: darts -->`, names
packages that are not in the extra `test`. If one is missing, the block is left out and
the test is reported as skipped, or as failed if `SKRNN_COMPLETE` is set.
"""

import doctest
import importlib.util
import os
import re
import subprocess
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import pytest

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
NO_PAGES = ("_", "auto_examples", "generated")
PAGES = sorted(
    [*TOP.glob("*.md")]
    + [
        page
        for page in DOCS.rglob("*.rst")
        if not str(page.relative_to(DOCS)).startswith(NO_PAGES)
    ]
)
RUN, NOT_CODE = {"python", "plot"}, {"bash", "text", "toml"}

DIRECTIVE = re.compile(r"( *)\.\. (code-block|plot):: *(\S*)$")
FENCE = re.compile(r"( *)```(\S*)$")
REQUIRES = re.compile(r" *(?:\.\.|<!--) requires: (.+?)(?: *-->)?$")
ESCAPES = re.compile(
    r" *(?!\.\. )\S.*::$|::$| *~~~| *\.\. (code|sourcecode|highlight)::"
)
# Files of the package may be included, as they have their own tests.
ESCAPES_TOO = re.compile(
    r" *\.\. (literalinclude::(?! \S*/skrnn/\S+\.py$)"
    r"|(parsed-literal|testcode|doctest)::)"
)


class Block(NamedTuple):
    """A block of code and its place in the page."""

    line: int  # number of its first line, from 0
    language: str
    code: str
    requires: tuple = ()


def blocks_of(text):
    """Return the blocks of a page, and code that would not run, as (line, message)."""
    lines, blocks, faults, requires = text.splitlines(), [], [], ()
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        if found := REQUIRES.match(line):
            requires = tuple(re.split(r", *", found[1]))
        elif found := FENCE.match(line):
            start, at = at, _end_of_fence(lines, at)
            blocks.append(_block(start, found[2], lines[start : at - 1], requires))
            requires = ()
        elif found := DIRECTIVE.match(line):
            language = "plot" if found[2] == "plot" else found[3]
            start, at = at, _end_of_indented(lines, at, len(found[1]))
            blocks.append(_block(start, language, lines[start:at], requires))
            requires = ()
        elif ESCAPES.match(line) or ESCAPES_TOO.match(line):
            faults.append((at, line.strip()))
    for block in blocks:
        if block.language not in RUN | NOT_CODE:
            faults.append((block.line, f"a block in {block.language or 'no language'}"))
    return blocks, faults


def _end_of_fence(lines, at):
    while not lines[at].strip().startswith("```"):
        at += 1
    return at + 1


def _end_of_indented(lines, at, indent):
    while at < len(lines) and (
        not lines[at].strip() or len(lines[at]) - len(lines[at].lstrip()) > indent
    ):
        at += 1
    return at


def _block(start, language, lines, requires):
    option = re.compile(r" *:[\w-]+:")
    while lines and (not lines[0].strip() or option.match(lines[0])):
        start, lines = start + 1, lines[1:]
    indents = [len(line) - len(line.lstrip()) for line in lines if line.strip()]
    code = "\n".join(line[min(indents, default=0) :] for line in lines)
    return Block(start, language, code, requires)


def doctests_of(text):
    """Return the statements with prompts, whose names a later block may need."""
    return [
        Block(example.lineno, "doctest", example.source)
        for example in doctest.DocTestParser().get_examples(text)
        if example.exc_msg is None
    ]


def to_run(text):
    """Return the code of a page that can be run, and the blocks that lack a package.

    Statements with prompts are included if a later block may need their names; a plot
    has none but its own.
    """
    blocks = [block for block in blocks_of(text)[0] if block.language in RUN]
    lacking = [block for block in blocks if not all(map(_is_installed, block.requires))]
    blocks = [block for block in blocks if block not in lacking]
    readers = [block.line for block in blocks if block.language != "plot"]
    last = max(readers, default=0)
    before = [block for block in doctests_of(text) if block.line < last]
    return sorted(blocks + before), lacking


def _is_installed(package):
    return importlib.util.find_spec(package) is not None


def run(page, namespace):
    """Run the code of a page that can be run, in the current directory."""
    for block in to_run(page.read_text())[0]:
        mode = "single" if block.language == "doctest" else "exec"
        code = "\n" * block.line + block.code + "\n"  # tracebacks with the page's lines
        exec(compile(code, str(page), mode), namespace)


def say_what_lacks(page):
    """Skip the test of a page, or fail it, if a block of it could not be run."""
    lacking = to_run(page.read_text())[1]
    if lacking:
        words = [f"line {b.line + 1} ({', '.join(b.requires)})" for b in lacking]
        end = pytest.fail if "SKRNN_COMPLETE" in os.environ else pytest.skip
        end(f"{page.name}: a package is missing for {'; '.join(words)}")


def name_of(page):
    return str(page.relative_to(TOP))


WITH_CODE = [page for page in PAGES if any(to_run(page.read_text()))]


# test_public_api.py runs README in the same way, and compares what it prints
@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [page for page in WITH_CODE if page.name != "README.md"], ids=name_of
)
def test_the_code_of_a_page_runs(page, tmp_path):
    # In its own process, as TensorFlow and PyTorch conflict in some import orders.
    done = subprocess.run(
        [sys.executable, __file__, page],
        cwd=tmp_path,
        env={**os.environ, "MPLBACKEND": "agg"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    say_what_lacks(page)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_no_code_of_a_page_escapes_its_test(page):
    text = page.read_text()
    _, faults = blocks_of(text)
    assert faults == [], f"Write code of {name_of(page)} as code-block:: python or >>>"


def test_the_pages_are_found():
    names = set(map(name_of, PAGES))
    assert {"README.md", "docs/index.rst", "docs/getting_started.rst"} <= names
    assert {"README.md", "docs/index.rst"} <= set(map(name_of, WITH_CODE))


PAGE = """\
.. requires: json, pandas

.. code-block:: python
   :caption: A caption

   a = 1

   if a:
       b = a

Text.

>>> c = b

.. code-block:: python

  d = c

>>> e = d

.. plot::

   f = 1

.. code-block:: bash

   ls
"""


def test_blocks_of_a_page_are_run_in_its_order():
    assert to_run(PAGE) == (
        [
            Block(5, "python", "a = 1\n\nif a:\n    b = a\n", ("json", "pandas")),
            Block(12, "doctest", "c = b\n"),
            Block(16, "python", "d = c\n"),
            Block(22, "plot", "f = 1\n"),
        ],
        [],
    )


def test_fences_of_markdown_are_blocks():
    text = "<!-- requires: darts -->\n```python\na = 1\n```\n```bash\nls\n```\n"
    assert blocks_of(text) == (
        [Block(2, "python", "a = 1", ("darts",)), Block(5, "bash", "ls")],
        [],
    )


@pytest.mark.parametrize(
    "text",
    [
        "So::\n\n    a = 1\n",
        "::\n\n    a = 1\n",
        ".. code-block::\n\n    a = 1\n",
        ".. code-block:: pycon\n\n    >>> a = 1\n",
        ".. code:: python\n\n    a = 1\n",
        ".. literalinclude:: a.py\n",
        ".. literalinclude:: ../../examples/a.py\n",
        "```\na = 1\n```\n",
        "```py\na = 1\n```\n",
        "~~~\na = 1\n~~~\n",
    ],
)
def test_code_that_nobody_would_run_is_a_fault(text):
    assert blocks_of(text)[1] != []


def test_a_block_without_its_package_is_left_out_and_said(tmp_path, monkeypatch):
    page, namespace = tmp_path / "page.rst", {}
    page.write_text(
        ".. requires: no_such_package\n\n"
        ".. code-block:: python\n\n   a = 1\n\n.. code-block:: python\n\n   b = 1\n"
    )
    monkeypatch.delenv("SKRNN_COMPLETE", raising=False)
    run(page, namespace)
    assert "a" not in namespace
    assert namespace["b"] == 1
    with pytest.raises(pytest.skip.Exception, match=r"line 5 \(no_such_package\)"):
        say_what_lacks(page)
    monkeypatch.setenv("SKRNN_COMPLETE", "1")
    with pytest.raises(pytest.fail.Exception, match=r"page\.rst: a package is missing"):
        say_what_lacks(page)


def test_code_that_fails_names_page_and_line(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Text.\n\n```python\na = 1\nb = 1 / 0\n```\n")
    with pytest.raises(ZeroDivisionError) as error:
        run(page, {})
    last = error.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (str(page), 5)


if __name__ == "__main__":
    warnings.simplefilter("error")
    warnings.simplefilter("ignore", PendingDeprecationWarning)  # of shap, for users
    run(Path(sys.argv[1]), {"__name__": "__main__"})
