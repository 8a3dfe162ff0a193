from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import BrowserContext

from tests.browser.visitors import Site


def test_the_documentation_page_is_read_in_a_browser(site: Site, visit: Callable[..., BrowserContext]) -> None:
    page = visit().new_page()
    page.goto(f"{site.url}/api/v1/docs")
    assert "Vorab" in page.title()
