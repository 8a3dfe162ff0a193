"""``vorab keys``: a key is shown once, listed without itself, and revoked for good."""

from __future__ import annotations

import datetime as dt
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from api.cli.keys import command
from moderation import api_keys
from moderation.db import Database
from moderation.errors import NotFoundError
from tests.fakes import Clock
from tests.world import World


@pytest.fixture(autouse=True)
def environment(world: World, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VORAB_SECRET_KEY", "t" * 32)
    monkeypatch.setenv("VORAB_DATABASE_URL", database.engine.url.render_as_string(hide_password=False))


def keys(*arguments: str) -> Any:
    answer = CliRunner().invoke(command, [*arguments, "--json"], catch_exceptions=False)
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def test_a_key_works_from_its_making_to_its_end(database: Database, clock: Clock) -> None:
    made = keys("create", "--site", "demo", "--name", "Coral", "--hold-uncovered")
    assert made["key"].startswith("vorab_")
    with database.read() as session:
        holder = api_keys.holder_of(session, made["key"], now=clock())
    assert holder is not None
    assert (holder.site_language, holder.holds_uncovered) == ("de", True)

    (shown,) = keys("list", "--site", "demo")["keys"]
    assert made["key"] not in json.dumps(shown)
    assert (shown["id"], shown["name"], shown["site"], shown["revoked_at"]) == (made["id"], "Coral", "demo", None)

    ended = keys("revoke", made["id"])
    assert dt.datetime.fromisoformat(ended["revoked_at"]).tzinfo is not None
    assert ended["revoked_at"][10] == "T"
    assert keys("revoke", made["id"]) == ended
    with database.read() as session:
        assert api_keys.holder_of(session, made["key"], now=clock()) is None


def test_a_person_reads_sentences() -> None:
    def said(*arguments: str) -> str:
        return CliRunner().invoke(command, list(arguments), catch_exceptions=False).stdout

    assert "There are no keys yet." in said("list")
    first, second = said("create", "--site", "demo").splitlines()
    assert first.startswith("vorab_")
    assert "cannot be shown again" in second
    line = said("list")
    assert "last used never" in line
    assert "is revoked" in said("revoke", line.split()[0])
    assert "revoked 20" in said("list")


@pytest.mark.parametrize("arguments", [("create", "--site", "nirgends"), ("revoke", str(uuid.uuid4()))])
def test_what_does_not_exist_is_said(arguments: tuple[str, ...]) -> None:
    with pytest.raises(NotFoundError):
        keys(*arguments)
