"""The built site in a real browser: every page, wide and narrow.

`nox -s docs` builds the site and runs this. `SKRNN_SITE` is the directory of the site.
If the site or a browser is missing, the tests are skipped, or fail if `SKRNN_COMPLETE`
is set.
"""

import os
import shutil
import threading
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import pytest

TOP = Path(__file__).parents[1]
SITE = Path(os.environ.get("SKRNN_SITE", TOP / "docs" / "_build")).resolve()
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
OWN = {"_static", "_sources", "_downloads", "_images", "_modules"}

if "SKRNN_COMPLETE" not in os.environ:
    pytest.importorskip("playwright", reason="needs playwright: the extra `docs`")
    if BROWSER is None:
        pytest.skip("needs Chromium", allow_module_level=True)
    if not (SITE / "index.html").exists():
        pytest.skip("needs the site: nox -s docs", allow_module_level=True)

from playwright.sync_api import sync_playwright  # noqa: E402

PAGES = sorted(
    page.relative_to(SITE).as_posix()
    for page in SITE.rglob("*.html")
    if page.relative_to(SITE).parts[0] not in OWN
)

COLUMN = ".bd-article-container"  # text, which must not scroll sideways either
LOOK = """COLUMN => ({
  ids: [...document.querySelectorAll("[id]")].map(element => element.id),
  links: [...document.querySelectorAll("a[href]")].map(link => link.href),
  images: [...document.images].flatMap(image => [
    image.src,
    ...image.srcset.split(",").map(part => part.trim().split(" ")[0]).filter(Boolean),
  ]).map(address => new URL(address, document.baseURI).href),
  width: Math.max(...[document.scrollingElement, ...document.querySelectorAll(COLUMN)]
    .map(box => innerWidth - box.clientWidth + box.scrollWidth)),
})"""


class Visit(NamedTuple):
    """What a page looked like, and its errors."""

    ids: list
    links: list
    images: list
    width: int  # in pixels
    errors: list


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        """Log nothing."""


@pytest.fixture(scope="module")
def address():
    """Address of a local server of the site."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=SITE))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    """One browser for all pages."""
    as_root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=as_root)
        yield browser
        browser.close()


@contextmanager
def opened(browser, address, width=1280):
    """Open a tab that may only load from the address; return it with its errors."""
    context = browser.new_context(
        viewport={"width": width, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(15_000)
    tab, errors = context.new_page(), []

    def at_home_only(route):
        if route.request.url.startswith(address):
            route.continue_()
        else:
            errors.append(f"wants {route.request.url}")
            route.abort()

    def note_console(message):
        if message.type == "error":
            errors.append(f"console: {message.text}")

    def note_response(response):
        if response.status >= 400:
            errors.append(f"{response.status} of {response.url}")

    tab.route("**/*", at_home_only)
    tab.on("console", note_console)
    tab.on("pageerror", lambda error: errors.append(f"script: {error}"))
    tab.on("response", note_response)
    yield tab, errors
    context.close()


@pytest.fixture(scope="module", params=[1280, 390])
def visits(request, browser, address):
    """Width of the window in pixels, and the result for each page."""
    found = {}
    with opened(browser, address, request.param) as (tab, errors):
        for page in PAGES:
            tab.goto(address + page, wait_until="networkidle")
            found[page] = Visit(**tab.evaluate(LOOK, COLUMN), errors=list(errors))
            errors.clear()
    return request.param, found


def test_the_pages_of_the_site_are_found():
    assert {"index.html", "api.html", "search.html"} <= set(PAGES)
    assert {f"auto_examples/{p.stem}.html" for p in TOP.glob("examples/plot_*.py")} <= (
        set(PAGES)
    )


def test_every_page_loads_without_an_error_and_from_this_site_alone(visits):
    _, found = visits
    faulty = {page: visit.errors for page, visit in found.items() if visit.errors}
    assert not faulty, "\n".join(f"{page}: {faults}" for page, faults in faulty.items())


def test_no_page_is_wider_than_the_window(visits):
    width, found = visits
    wide = {page: visit.width for page, visit in found.items() if visit.width > width}
    assert not wide, "\n".join(f"{page}: {pixels}" for page, pixels in wide.items())


def test_no_link_and_no_image_is_broken(visits, address):
    _, found = visits
    broken = {
        f"{page}: {link.removeprefix(address)}"
        for page, visit in found.items()
        for link in [*visit.links, *visit.images]
        if link.startswith(address) and not _leads_somewhere(link, found)
    }
    assert not broken, "\n".join(sorted(broken))


def _leads_somewhere(link, found):
    parts = urlsplit(link)
    path = unquote(parts.path).lstrip("/") or "index.html"
    anchor = unquote(parts.fragment)
    if anchor and path in found:
        return anchor in found[path].ids
    return (SITE / path).is_file()


def test_search_finds_the_windower(browser, address):
    with opened(browser, address) as (tab, errors):
        tab.goto(address)
        tab.locator(".search-button__button:visible").first.click()
        tab.locator("input[name=q]:visible").fill("SequenceWindower")
        tab.keyboard.press("Enter")
        tab.wait_for_url("**/search.html?q=SequenceWindower**")
        found = tab.locator("#search-results a", has_text="SequenceWindower").first
        found.click()
        tab.wait_for_url("**/generated/skrnn.SequenceWindower.html**")
        assert "SequenceWindower" in tab.locator("h1").inner_text()
        assert errors == []


def test_code_is_copied_without_its_prompts_and_output(browser, address):
    with opened(browser, address) as (tab, errors):
        tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
        tab.goto(address + "generated/skrnn.SequenceWindower.html")
        block = tab.locator("div.highlight", has_text=">>> import numpy").first
        block.hover()
        block.locator("button.copybtn").click()
        copied = tab.evaluate("navigator.clipboard.readText()").splitlines()
        assert copied[:2] == [
            "import numpy as np",
            "from skrnn import SequenceWindower",
        ]
        assert not [line for line in copied if line.startswith((">>>", "array"))]
        assert errors == []
