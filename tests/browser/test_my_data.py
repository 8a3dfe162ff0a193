"""Readers get everything about themselves in the comment section, and leave there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.visitors import Site, Visitor, look
from tests.site_tokens import shared_key


def show(page: Page, site: Site, article: str, attributes: str = "", language: str = "de") -> None:
    script = f'<script src="{site.url}/embed.js" data-site="demo" data-article="{article}" {attributes}></script>'
    head = f'<!doctype html><html lang="{language}"><meta charset="utf-8"><title>Artikel</title>'
    content = f"{head}<body>{script}</body></html>"
    page.route("**/seite", lambda route: route.fulfill(body=content, content_type="text/html"))
    page.goto(f"{site.url}/seite")


def signed_in(page: Page, site: Site, who: Visitor, article: str) -> None:
    show(page, site, article)
    page.get_by_role("button", name="Anmelden").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("E-Mail").fill(who.email)
    dialog.get_by_label("Passwort").fill(who.password)
    dialog.get_by_role("button", name="Anmelden", exact=True).click()
    expect(dialog).to_be_hidden()


def test_a_reader_downloads_everything_and_leaves(
    site: Site, visit: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    who = site.visitor(name="Rosa Lind")
    page = visit().new_page()
    article = site.article()
    signed_in(page, site, who, article)
    page.get_by_label("Dein Kommentar").fill("Ein Gedanke, der stehen bleiben darf.")
    page.get_by_role("button", name="Absenden").click()
    expect(page.get_by_text("Ein Gedanke, der stehen bleiben darf.").first).to_be_visible()

    page.get_by_label("Dein Kommentar").fill("Noch nicht abgesendet.")

    page.get_by_role("button", name="Mein Konto").click()
    page.get_by_text("Meine Daten").click()
    with page.expect_download() as downloading:
        page.get_by_role("button", name="Herunterladen").click()
    file = tmp_path / "meine.json"
    downloading.value.save_as(file)
    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["account"]["email"] == who.email
    assert len(found["comments"]) == 1

    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Konto löschen …").click()
    dialog.get_by_label("Passwort").fill("falsch")
    dialog.get_by_role("button", name="Endgültig löschen").click()
    expect(dialog.get_by_role("alert")).to_have_text("Das Passwort stimmt nicht. Es wurde nichts geändert.")
    look(page, "leaving")
    dialog.get_by_label("Passwort").fill(who.password)
    dialog.get_by_role("button", name="Endgültig löschen").click()

    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(page.get_by_role("button", name="Anmelden").first).to_be_visible()
    expect(page.get_by_text("Dein Konto ist gelöscht.")).to_be_focused()
    expect(page.get_by_label("Dein Kommentar")).to_have_value("")
    page.reload()
    kept = page.evaluate("JSON.stringify(localStorage)")
    assert (found["account"]["id"] in kept, "Noch nicht abgesendet." in kept) == (False, False)
    expect(page.get_by_text("Gelöschtes Konto")).to_be_visible()
    expect(page.get_by_text("Ein Gedanke, der stehen bleiben darf.")).to_be_visible()
    expect(page.get_by_text("Rosa Lind")).to_have_count(0)


def test_whom_the_site_signs_in_needs_no_password(site: Site, visit: Callable[..., BrowserContext]) -> None:
    token = shared_key(site.world, kid="gehen").token(sub="geht-17", name="Tom Krug")
    page = visit().new_page()
    show(page, site, site.article(), f'data-token="{token}"', language="en")
    page.get_by_role("button", name="My account").click()
    page.get_by_text("My data").click()
    page.get_by_role("button", name="Delete account…").click()
    expect(page.get_by_label("Password")).to_have_count(0)
    page.get_by_label("They are deleted, too.").check()

    page.get_by_role("button", name="Delete for good").click()

    expect(page.get_by_role("button", name="Sign in").first).to_be_visible()


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_dialog_fits_a_narrow_screen(site: Site, visit: Callable[..., BrowserContext], language: str) -> None:
    token = shared_key(site.world, kid=f"schmal-{language}").token(sub=f"schmal-{language}")
    page = visit(viewport={"width": 320, "height": 640}).new_page()
    show(page, site, site.article(), f'data-token="{token}"', language=language)
    page.get_by_role("button", name="Mein Konto" if language == "de" else "My account").click()
    page.get_by_text("Meine Daten" if language == "de" else "My data").click()
    page.get_by_role("button", name="Konto löschen …" if language == "de" else "Delete account…").click()

    look(page, f"leaving-{language}")

    dialog = page.get_by_role("dialog").bounding_box()
    assert dialog is not None
    assert dialog["x"] >= 0
    assert dialog["x"] + dialog["width"] <= 320
