"""``vorab accounts export`` and ``delete``, and docs/data-protection.md."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from moderation import accounts
from moderation.db import Base, Database
from tests.integration.conftest import Vorab
from tests.world import PASSWORD

PAGE = Path(__file__).parents[2] / "docs" / "data-protection.md"
ADA = ("--email", "ada@example.org")


@pytest.fixture
def ada(vorab: Vorab) -> None:
    flags = (*ADA, "--display-name", "Ada Lovelace", "--role", "reader", "--password-stdin")
    assert vorab("accounts", "create", *flags, stdin=PASSWORD).code == 0


@pytest.mark.usefixtures("ada")
def test_an_officer_hands_out_everything(vorab: Vorab) -> None:
    ended = vorab("accounts", "export", *ADA)

    found = json.loads(ended.out)
    assert ended.code == 0
    assert found["account"]["display_name"] == "Ada Lovelace"
    assert {"exported_at", "comments", "letters"} <= set(found)


@pytest.mark.usefixtures("ada")
def test_an_officer_deletes_an_account(vorab: Vorab, database: Database) -> None:
    ended = vorab("accounts", "delete", *ADA, "--comments", "remove", "--yes", "--json")

    assert (ended.code, json.loads(ended.out)["comments"]) == (0, "remove")
    with database.read() as session:
        assert accounts.by_email(session, "ada@example.org") is None
    assert vorab("accounts", "export", *ADA).code == 1


@pytest.mark.usefixtures("ada")
def test_nothing_is_deleted_without_a_yes(vorab: Vorab) -> None:
    refused = vorab("accounts", "delete", *ADA, "--comments", "keep", stdin="n\n")
    assert refused.code == 1
    assert vorab("accounts", "export", *ADA).code == 0

    assert vorab("accounts", "delete", *ADA, "--comments", "keep", stdin="y\n").code == 0


def test_the_page_says_of_every_table_what_it_holds() -> None:
    written = PAGE.read_text(encoding="utf-8")

    assert {name for name in Base.metadata.tables if f"`{name}`" not in written} == set()
