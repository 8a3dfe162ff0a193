"""What the tests in Chromium share: the server they visit, people with passwords, and what a page must not do."""

from __future__ import annotations

import contextlib
import http.client
import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route

from moderation import accounts
from moderation.accounts import NewAccount
from moderation.models import Role
from moderation.passwords import Hasher
from tests.world import World

PASSWORD = "Ahornblatt am Fenster"
CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-prefers-reduced-motion",
]


def chromium() -> str:
    """The browser's path. Without one these tests are skipped, in CI they fail."""
    found = os.environ.get("VORAB_TEST_CHROMIUM") or shutil.which("chromium")
    if found is None:
        message = "no chromium for the browser tests (VORAB_TEST_CHROMIUM may name one)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@dataclass(frozen=True)
class Visitor:
    """Somebody who can sign in on a page."""

    email: str
    name: str
    password: str = PASSWORD


@dataclass
class Site:
    """The running server, and the same database seen from the test, to prepare what the browser will find."""

    url: str
    world: World
    _numbers: Any = field(default_factory=lambda: itertools.count(1))

    def visitor(self, role: Role = Role.READER, *sites: str, name: str | None = None) -> Visitor:
        number = next(self._numbers)
        made = Visitor(f"gast{number}@example.org", name or f"Gast {number}")
        command = NewAccount(made.email, made.name, Hasher(memory_kib=8).hash(made.password))
        with self.world.database.write() as session:
            accounts.create_staff(session, command, role, sites, now=self.world.clock())
        return made

    def article(self) -> str:
        """The id of an article that no other test knows."""
        return f"artikel-{next(self._numbers)}"


@contextmanager
def serving(database_url: str, host: str = "127.0.0.1") -> Iterator[str]:
    """Start the server of :mod:`tests.browser.server` on a free port, and end it when it is no longer needed.

    ``host`` is what it takes to be its own name.
    """
    port = free_port()
    process = subprocess.Popen([sys.executable, "-m", "tests.browser.server", database_url, str(port), host])
    try:
        _wait(port, process)
        yield f"http://{host}:{port}"
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(_connection(port)) as connection:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("the server for the browser tests did not become ready")


def _connection(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=5)


@dataclass
class Watch:
    """Everything that a page did and should not have done."""

    own_hosts: frozenset[str]
    hosts: set[str] = field(default_factory=set)
    dialogs: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    reports: list[str] = field(default_factory=list)
    """What the browser says of broken Content-Security-Policies and Trusted Types."""

    def over(self, context: BrowserContext) -> None:
        context.on("request", self._request)
        context.on("page", self._page)

    @property
    def foreign_hosts(self) -> set[str]:
        return self.hosts - self.own_hosts

    def assert_clean(self) -> None:
        assert (self.foreign_hosts, self.dialogs, self.errors, self.reports) == (set(), [], [], [])

    def _request(self, request: Request) -> None:
        if not request.url.startswith(("data:", "blob:", "about:")):
            self.hosts.add(urlsplit(request.url).netloc)

    def _page(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)
        page.on("dialog", self._dialog)

    def _console(self, message: Any) -> None:
        if "Content Security Policy" in message.text or "TrustedHTML" in message.text or "Trusted Type" in message.text:
            self.reports.append(message.text)

    def _dialog(self, dialog: Any) -> None:
        self.dialogs.append(dialog.message)
        dialog.dismiss()


def axe_findings(page: Page, scope: str = "document") -> list[str]:
    """What axe-core calls serious or critical. It looks into open shadow roots by itself."""
    import axe_playwright_python

    source = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
    # Playwright's evaluate is not subject to the page's Content-Security-Policy.
    page.evaluate(source)
    found = page.evaluate(f"axe.run({scope}, {{resultTypes: ['violations']}})")
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        if violation["impact"] in ("serious", "critical")
        for node in violation["nodes"]
    ]


def look(page: Page, name: str) -> None:
    """Leave a picture where somebody wants to look at it."""
    if folder := os.environ.get("VORAB_PICTURES"):
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def intercept(page: Page, pattern: str, handler: Callable[[Route], object]) -> None:
    """`page.route` for a page that is already open: returns once the page's requests do come by.

    Chromium answers before the page's loaders know (11 of 300 requests made right away were not intercepted).
    """
    page.route(pattern, handler)
    itself = page.url
    page.route(itself, lambda route: route.fulfill(body="intercepted"))
    page.wait_for_function("async () => (await (await fetch(location.href)).text()) === 'intercepted'")
    page.unroute(itself)
