"""``vorab secrets reseal``: the installation's secret key is changed, and nothing that was sealed is lost."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pyotp
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from api.cli import vorab
from api.cli.output import Failure
from moderation import identity_providers, second_factor, site_keys, sites
from moderation.errors import UnreadableSecretError
from moderation.identity_providers import NewProvider
from moderation.models import Account, IdentityProvider, Role
from moderation.sealing import Sealer
from tests.world import World

OLD, NEW, LATEST = "a" * 32, "b" * 32, "c" * 32
NOW = dt.datetime(2026, 11, 26, tzinfo=dt.UTC)


@pytest.fixture
def run(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("VORAB_DATABASE_URL", world.services.settings.database_url)

    def command(secret_key: str, previous: str, *arguments: str) -> str:
        monkeypatch.setenv("VORAB_SECRET_KEY", secret_key)
        monkeypatch.setenv("VORAB_PREVIOUS_SECRET_KEYS", previous)
        result = CliRunner().invoke(vorab, [*arguments], standalone_mode=False)
        shown.append(result.output)
        if result.exception is not None:
            raise result.exception
        return result.output

    shown: list[str] = []
    command.shown = shown  # type: ignore[attr-defined]
    return command


@pytest.fixture
def seed(world: World) -> str:
    """One secret of each kind, sealed with the old key. The second factor's seed."""
    person = world.person(Role.ADMIN)
    sealer = Sealer(OLD)
    with world.database.write() as session:
        site = sites.by_key(session, "demo")
        site_keys.add_shared(session, sealer, site, "k1", secret="s" * 43, now=NOW)
        wish = NewProvider("login", "Verlag", "https://login.example", "vorab", secret="hinterlegt")
        identity_providers.add(session, sealer, site, wish, now=NOW)
        account = session.get_one(Account, person.account.id)
        return second_factor.begin(session, sealer, account, issuer="x", now=NOW).secret


def opened(world: World, sealer: Sealer) -> list[str]:
    with world.database.read() as session:
        site = sites.by_key(session, "demo")
        provider = session.scalars(select(IdentityProvider)).one()
        return [
            *(key.material for key in site_keys.valid(session, sealer, site).values()),
            str(identity_providers.opened(sealer, provider).secret),
        ]


def test_a_new_secret_key_reads_what_the_one_before_sealed(world: World, seed: str) -> None:
    assert opened(world, Sealer(NEW, [OLD])) == ["s" * 43, "hinterlegt"]


def test_resealed_secrets_need_the_old_key_no_more(world: World, run: Any, seed: str) -> None:
    facts = json.loads(run(NEW, OLD, "secrets", "reseal", "--json"))

    assert facts == {"resealed": 3, "current": 0, "unreadable": []}
    assert opened(world, Sealer(NEW)) == ["s" * 43, "hinterlegt"]
    assert json.loads(run(NEW, "", "secrets", "reseal", "--json")) == {"resealed": 0, "current": 3, "unreadable": []}
    with world.database.write() as session:
        account = session.scalars(select(Account).where(Account.role == Role.ADMIN)).one()
        second_factor.confirm(session, Sealer(NEW), account, pyotp.TOTP(seed).at(NOW), now=NOW)


def test_what_no_key_opens_is_named_and_left_as_it_is(world: World, run: Any, seed: str) -> None:
    with pytest.raises(Failure, match="No key opens these: totp:"):
        run(LATEST, NEW, "secrets", "reseal", "--json")

    assert json.loads(run.shown[-1])["resealed"] == 0
    assert opened(world, Sealer(OLD)) == ["s" * 43, "hinterlegt"]
    with pytest.raises(UnreadableSecretError):
        opened(world, Sealer(LATEST))
