"""Real browsers on a real server: `open_as("alice", "/crm/deals/list/")` is a page in which Alice is signed in.

Any error on the console (a breach of our CSP is one), any answer from 500 up and any request to another
machine fails the test.

An action waits until the page it acts on is whole, but nothing waits for what an action leads to, except
`expect(…)` of something that only the answer brings, and `page.expect_response(…)`. So no test reads a page at
once, and none leaves it or looks into the database right after a click: `tests/test_browser_tests.py`.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, Response, expect
from werkzeug.serving import make_server

from crm import create_app
from crm.extensions import db
from tests.prepared import SETTINGS
from tools.machine import chromium

CHROMIUM = chromium()
#: How long (ms) something is waited for: much longer than it takes, even on a busy machine.
PATIENCE = 20_000
expect.set_options(timeout=PATIENCE)
DESKTOP = {"viewport": {"width": 1440, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
#: (phone, dark): the two that differ in everything, and what is between them in the long run.
LOOKS = [(False, False), (True, True)] + (
    [(False, True), (True, False)] if os.environ.get("CRM_SLOW") else []
)
SAME: dict[str, Any] = {"reduced_motion": "reduce", "locale": "en-GB", "timezone_id": "Europe/Warsaw"}
#: Without `preload`, which asks for every stylesheet once more: only rules that are off, and sounds, need it.
WCAG = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"], "resultTypes": ["violations"], "preload": False,
}  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in str(item.path).replace(os.sep, "/"):
            item.add_marker("browser")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt install chromium, or set CRM_BROWSER)")
    switches = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": switches}


@pytest.fixture(scope="session")
def _whole(prepared: Callable[[str], Any]) -> "Whole":
    """The product, with its guard against forged requests."""
    settings = {**SETTINGS, "WTF_CSRF_ENABLED": True}
    return Whole(create_app(SQLALCHEMY_DATABASE_URI=prepared("sqlite").url, **settings))


@pytest.fixture(scope="session")
def _serving(_whole: "Whole") -> Iterator[tuple[Flask, str]]:
    """The product behind a server with threads."""
    server = make_server("127.0.0.1", 0, _whole, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield _whole.app, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


class Whole:
    """The product with answers that are read and closed before they are sent, and that knows whether it is idle.

    Werkzeug's server leaves an answer open, and its file, where the page that asked for it has been closed.
    """

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.under_way = 0
        self.changed = threading.Condition()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.count(1)
        try:
            with closing(self.app(environ, start_response)) as answer:  # type: ignore[type-var]
                return list(answer)
        finally:
            self.count(-1)

    def count(self, by: int) -> None:
        with self.changed:
            self.under_way += by
            self.changed.notify_all()

    def rest(self) -> None:
        """Wait until no request is under way."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.under_way == 0, PATIENCE / 1000)


@pytest.fixture
def live(app: Flask, _whole: "Whole", _serving: tuple[Flask, str]) -> Iterator[str]:
    """The address of the product on this test's database."""
    served, address = _serving
    with served.app_context():
        db.engine.dispose()  # its connections are to the file that the last test used
    yield address
    _whole.rest()  # what closed pages have asked for is not written into the next test's database


@pytest.fixture
def served(_serving: tuple[Flask, str]) -> Flask:
    """The product behind the server, which has settings of its own."""
    return _serving[0]


@pytest.fixture
def faults() -> list[str]:
    """What went wrong in the pages of this test; a test may take out what it provoked itself."""
    return []


@pytest.fixture
def watch(live: str, faults: list[str]) -> Iterator[Callable[[Page], Page]]:
    """Have everything that goes wrong in a page noted, and fail the test for it."""

    def note(page: Page) -> Page:
        def console(message: ConsoleMessage) -> None:
            if message.type == "error" and "Failed to load resource" not in message.text:
                faults.append(f"console: {message.text}")

        def response(answer: Response) -> None:
            if answer.status >= 500:
                faults.append(f"{answer.status} {answer.url}")

        def request(asked: Request) -> None:
            if not asked.url.startswith((live, "data:", "blob:")):
                faults.append(f"to another machine: {asked.url}")

        page.on("console", console)
        page.on("response", response)
        page.on("request", request)
        page.on("pageerror", lambda error: faults.append(f"script: {error}"))
        page.set_default_timeout(PATIENCE)
        # before each action and each look of an `expect`: what comes before the scripts have run is lost
        page.add_locator_handler(page.locator("html"), lambda: page.wait_for_load_state(), no_wait_after=True)
        return page

    yield note
    assert faults == []


@pytest.fixture
def open_as(
    browser: Browser, live: str, sign_in: Callable[..., FlaskClient], watch: Callable[[Page], Page]
) -> Iterator[Callable[..., Page]]:
    """`open_as(name, path, phone=False, dark=False)`: a page with this user signed in; None for nobody."""
    contexts: list[BrowserContext] = []

    def opened(name: str | None, path: str = "/", phone: bool = False, dark: bool = False) -> Page:
        look = {**(PHONE if phone else DESKTOP), "color_scheme": "dark" if dark else "light"}
        context = browser.new_context(base_url=live, **look, **SAME)
        contexts.append(context)
        if name is not None:
            cookie = sign_in(name).get_cookie("session")
            assert cookie is not None
            context.add_cookies([{"name": "session", "value": cookie.value, "url": live}])
        page = watch(context.new_page())
        page.goto(path)
        return page

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def axe() -> Callable[[Page], list[Any]]:
    """What axe finds wrong with a page by WCAG 2.1 AA."""

    def findings(page: Page) -> list[Any]:
        page.wait_for_load_state()
        found = Axe().run(page, options=WCAG).response["violations"]
        return [(v["id"], v["impact"], len(v["nodes"]), v["nodes"][0]["html"][:160]) for v in found]

    return findings


@pytest.fixture
def check_looks(open_as: Callable[..., Page], axe: Callable[[Page], list[Any]]) -> Callable[..., None]:
    """`check_looks("office", "/crm/notes/list/", …)`: these pages are for everybody, wide and narrow, light and dark.

    Each has one heading, fits the screen, has the theme, and axe finds nothing wrong.
    """

    def check(name: str | None, *paths: str) -> None:
        for phone, dark in LOOKS:
            page = open_as(name, paths[0], phone=phone, dark=dark)
            for path in paths:
                page.goto(path)
                seen = (path, "phone" if phone else "wide", "dark" if dark else "light")
                assert axe(page) == [], seen
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), seen
                assert page.evaluate("document.documentElement.dataset.bsTheme") == seen[2], seen
                assert page.locator("h1").count() == 1, seen
            page.close()

    return check
