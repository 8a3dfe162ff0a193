"""``vorab sites keys`` and ``vorab sites set-sign-in``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from api.cli import vorab
from api.cli.output import Failure
from moderation.errors import AlreadyExistsError, NotFoundError
from moderation.models import Site, SiteKey
from tests.site_tokens import key_pair
from tests.world import World


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = world.services.settings
    monkeypatch.setenv("VORAB_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("VORAB_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("VORAB_BASE_URL", "https://kommentare.example")

    def command(*arguments: str) -> str:
        result = CliRunner().invoke(vorab, ["sites", *arguments], catch_exceptions=False, standalone_mode=False)
        if result.exception is not None:
            raise result.exception
        return result.output

    return command


def test_a_secret_is_shown_once_and_kept_sealed(world: World, run: Any) -> None:
    added = json.loads(run("keys", "add", "demo", "--kid", "k1", "--json"))

    assert len(added["secret"]) >= 43
    assert added["audience"] == "https://kommentare.example/sites/demo"
    assert added["secret"] not in run("keys", "list", "demo", "--json")
    with world.database.read() as session:
        assert added["secret"] not in str(session.scalars(select(SiteKey.sealed_secret)).one())


def test_a_person_reads_what_the_site_s_developers_need(run: Any) -> None:
    shown = run("keys", "add", "demo")

    for word in ("kid", "HS256", "https://kommentare.example/sites/demo", "shown this once"):
        assert word in shown


def test_a_public_key_is_taken_from_a_file_and_retired_by_name(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "public.pem"
    file.write_bytes(key_pair("EdDSA").as_pem(private=False))

    added = json.loads(
        run("keys", "add", "demo", "--kid", "k2", "--algorithm", "EdDSA", "--public-key", str(file), "--json")
    )
    assert added["secret"] is None
    assert "valid" in run("keys", "list", "demo")

    run("keys", "retire", "demo", "k2")
    assert "retired" in run("keys", "list", "demo")


def test_what_makes_no_key_is_refused(run: Any, tmp_path: Path) -> None:
    assert "no keys" in run("keys", "list", "demo")
    run("keys", "add", "demo", "--kid", "k1")
    with pytest.raises(AlreadyExistsError):
        run("keys", "add", "demo", "--kid", "k1")
    with pytest.raises(Failure):
        run("keys", "add", "demo", "--algorithm", "RS256")
    with pytest.raises(NotFoundError):
        run("keys", "add", "unbekannt")


def test_settings_of_sign_in_stay_as_they_are_unless_named(world: World, run: Any) -> None:
    run("set-sign-in", "demo", "--moderators-by-token")
    shown = json.loads(run("set-sign-in", "demo", "--second-factor", "--json"))

    assert shown == {"moderators_by_token": True, "staff_second_factor": True}
    with world.database.read() as session:
        site = session.scalars(select(Site)).one()
        assert (site.moderators_by_token, site.staff_second_factor) == (True, True)
