from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from api import logs
from api.app import create_app, utc_now
from moderation.db import Database
from tests import databases
from tests.browser import server, visitors
from tests.browser.section_visits import Newspaper, Press, printing
from tests.browser.visitors import Site, Watch
from tests.fakes import FakeClassifier
from tests.world import ORIGIN, World


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(item.path).is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)


PATIENCE_MS = 20_000
"""A browser, a server and whatever else runs here share two cores."""
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = visitors.chromium()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=visitors.CHROMIUM)
        yield started
        started.close()


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One server for all tests of the session, with a site ``demo``. Tests keep apart by articles of their own."""
    with running(tmp_path_factory.mktemp("browser")) as found:
        yield found


@contextmanager
def running(folder: Path, host: str = "127.0.0.1") -> Iterator[Site]:
    database: Database = databases.sqlite_copy(databases.sqlite_template(folder), folder)
    url = database.engine.url.render_as_string(hide_password=False)
    with visitors.serving(url, host) as address:
        logs.configure("error")
        settings = server.settings_for(url, urlsplit(address).port or 0, host)
        app = create_app(settings, server.replacements())
        world = World(app, app.extensions["vorab"], utc_now, FakeClassifier())  # type: ignore[arg-type]  # Time goes by.
        world.site(origins=(address, ORIGIN))
        yield Site(address, world)
        world.services.runner.close()
    database.dispose()


@pytest.fixture(scope="session")
def press() -> Iterator[Press]:
    with printing() as press:
        yield press


@pytest.fixture
def paper(site: Site, press: Press, visit: Callable[..., BrowserContext]) -> Newspaper:
    return Newspaper(site, press, visit)


@pytest.fixture
def watch(site: Site, press: Press) -> Watch:
    return Watch(frozenset({urlsplit(site.url).netloc, urlsplit(press.url).netloc}))


@pytest.fixture
def visit(browser: Browser, watch: Watch) -> Iterator[Callable[..., BrowserContext]]:
    """Make a browser of its own: other cookies, other storage. Takes Playwright's options (viewport, locale …)."""
    made: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**{"locale": "de-DE", "reduced_motion": "reduce", **options})
        context.set_default_timeout(PATIENCE_MS)
        watch.over(context)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()
