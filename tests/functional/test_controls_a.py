"""Controls A: passwords and accounts."""

from __future__ import annotations

import dataclasses

import pytest
from argon2 import extract_parameters
from sqlalchemy import func, select
from werkzeug.test import TestResponse
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from api import settings as settings_module
from api.settings import Settings, SettingsError
from moderation import accounts, passwords, sites
from moderation.db import Database
from moderation.models import Account, Role
from moderation.passwords import Hasher
from tests.checksums import checksums
from tests.world import World, json_of

PASSWORD = "Ahornblatt am Fenster"


def register(world: World, password: str = PASSWORD, email: str = "ada@example.org", **more: object) -> TestResponse:
    wish = {"email": email, "display_name": "Ada", "password": password, **more}
    return world.call("POST", "/accounts", wish)


def sign_in(world: World, password: str = PASSWORD, email: str = "ada@example.org") -> TestResponse:
    return world.call("POST", "/sessions", {"email": email, "password": password})


def stored_hash(world: World, email: str = "ada@example.org") -> str:
    with world.database.read() as session:
        return accounts.demand_by_email(session, email).password_hash


def codes(answer: TestResponse, field: str) -> list[str]:
    return [entry["code"] for entry in json_of(answer)["errors"][field]]


def test_a1_seven_characters_are_refused_and_eight_accepted(world: World) -> None:
    before = checksums(world.database)

    refused = register(world, "q7.Xk2w")

    assert refused.status_code == 422
    assert codes(refused, "password") == ["password_too_short"]
    assert checksums(world.database) == before
    assert register(world, "q7.Xk2wz").status_code == 201


@pytest.mark.parametrize("length", [64, 128, 1024])
def test_a2_long_passwords_are_accepted(world: World, length: int) -> None:
    password = "lang und breit " * 70

    assert register(world, password[:length]).status_code == 201
    assert sign_in(world, password[:length]).status_code == 201


def test_a2_an_absurdly_long_password_is_refused_at_once_and_never_hashed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def hashed(*_: object) -> str:
        raise AssertionError("a hash was computed")

    monkeypatch.setattr(world.services.hasher, "_hasher", type("Never", (), {"hash": hashed, "verify": hashed})())

    answer = register(world, "ü" * 1025)

    assert answer.status_code == 422
    assert codes(answer, "password") == ["password_too_long"]
    assert sign_in(world, "ü" * 1025).status_code == 401


@pytest.mark.parametrize(
    "password", ["🦊🦊🌲🌲🌲🦉🦉🌙", "        ", "klavierhocker", "49152738406", "ÄÖÜÄÖÜÄÖ", "...---..."]
)
def test_a3_no_kind_of_character_is_demanded_or_forbidden(world: World, password: str) -> None:
    assert register(world, password).status_code == 201
    assert sign_in(world, password).status_code == 201


@pytest.mark.parametrize(
    ("chosen", "other"),
    [
        ("x1" * 36 + "a", "x1" * 36 + "b"),
        ("Ahornblatt am Fenster", "ahornblatt am Fenster"),
        ("Ahornblatt am Fenster", "Ahornblatt am Fenster "),
        ("Ahornblatt am Fenster", " Ahornblatt am Fenster"),
    ],
    ids=["byte 73", "case", "trailing space", "leading space"],
)
def test_a4_a_password_counts_to_its_last_character(world: World, chosen: str, other: str) -> None:
    register(world, chosen)

    assert sign_in(world, other).status_code == 401
    assert sign_in(world, chosen).status_code == 201


def test_a5_the_commonest_passwords_are_refused(world: World) -> None:
    common = [word for word in FREQUENCY_LISTS["passwords"] if len(word) >= passwords.MIN_LENGTH][:3000]

    assert len(common) == 3000
    for word in common:
        with pytest.raises(passwords.InvalidInputError):
            passwords.check_acceptable(word)
        with pytest.raises(passwords.InvalidInputError):
            passwords.check_acceptable(word.upper())
    answer = register(world, "password1")
    assert answer.status_code == 422
    assert codes(answer, "password") == ["password_too_common"]


@pytest.mark.parametrize("password", ["passwort1", "Passwort123!", "1Kennwort1", "Hallo2026!", "Mamamama", "Köln!!!!"])
def test_a5_what_is_common_in_german_is_refused(world: World, password: str) -> None:
    answer = register(world, password)

    assert answer.status_code == 422
    assert codes(answer, "password") == ["password_too_common"]


def test_a5_a_common_word_among_others_is_no_matter(world: World) -> None:
    assert register(world, "Hallo rostiger Tiger").status_code == 201


@pytest.mark.parametrize("password", ["vorabvorab", "Vorab2026!", "adalovelace", "demo-demo", "Die Zeitung 1"])
def test_a5_our_own_name_the_sites_and_the_persons_are_no_passwords(world: World, password: str) -> None:
    world.site("zeitung")
    with world.database.write() as session:
        sites.by_key(session, "zeitung").name = "Die Zeitung"

    answer = register(world, password, email="ada.lovelace@example.org", display_name="AdaLovelace")

    assert answer.status_code == 422
    assert codes(answer, "password") == ["password_too_common"]


def test_a6_and_a10_no_call_sets_a_password_but_registering_and_its_owners_changes(world: World) -> None:
    """A change demands the current password (A6) or the owner's letter, and no admin can choose one (A10)."""
    spec = json_of(world.call("GET", "/openapi.json"))
    taking = set()
    for path, item in spec["paths"].items():
        for method, operation in item.items():
            content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
            for body in content.values():
                name = body["schema"]["$ref"].rpartition("/")[2]
                if "password" in spec["components"]["schemas"][name]["properties"]:
                    taking.add(f"{method.upper()} {path}")

    setting = {
        "POST /api/v1/accounts",
        "POST /api/v1/password-resets/completions",
        "PUT /api/v1/accounts/me/password",
    }
    # These only ask for the current one, to be sure whose wish it is.
    asking = {
        "POST /api/v1/sessions",
        "POST /api/v1/sessions/choices",
        "DELETE /api/v1/accounts/me",
        "POST /api/v1/accounts/me/identities",
        "POST /api/v1/accounts/me/passkeys/questions",
        "DELETE /api/v1/accounts/me/passkeys/{passkey_id}",
        "POST /api/v1/accounts/me/second-factor",
        "DELETE /api/v1/accounts/me/second-factor",
        "POST /api/v1/accounts/me/second-factor/recovery-codes",
    }
    assert taking == setting | asking


def test_a7_passwords_are_kept_as_argon2id_at_the_cost_that_asvs_asks_for(world: World) -> None:
    real = Hasher(memory_kib=Settings(secret_key="", database_url="").password_memory_kib)
    app_services = dataclasses.replace(world.services, hasher=real)
    world.app.extensions["vorab"] = app_services

    register(world)

    stored = stored_hash(world)
    assert stored.startswith("$argon2id$v=19$")
    cost = extract_parameters(stored)
    # ASVS 5.0, appendix C: 46 MiB with one pass and one lane, or an equivalent setting.
    assert (cost.memory_cost >= 47_104, cost.time_cost >= 1, cost.parallelism >= 1) == (True, True, True)


def test_a7_a_lower_cost_than_asvs_asks_for_cannot_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VORAB_SECRET_KEY", "s" * 32)
    monkeypatch.setenv("VORAB_PASSWORD_MEMORY_KIB", "47103")

    with pytest.raises(SettingsError, match="PASSWORD_MEMORY_KIB"):
        settings_module.read()


def test_a8_a_higher_cost_is_paid_at_the_next_sign_in(world: World) -> None:
    register(world)
    before = stored_hash(world)
    dearer = dataclasses.replace(world.services, hasher=Hasher(memory_kib=16, time_cost=2))
    world.app.extensions["vorab"] = dearer

    assert sign_in(world, "falsch falsch falsch").status_code == 401
    assert stored_hash(world) == before
    assert sign_in(world).status_code == 201

    cost = extract_parameters(stored_hash(world))
    assert (cost.memory_cost, cost.time_cost) == (16, 2)
    after = stored_hash(world)
    assert sign_in(world).status_code == 201
    assert stored_hash(world) == after


def test_a9_a_fresh_installation_has_no_accounts(database: Database) -> None:
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 0


@pytest.mark.parametrize("extra", [{"role": "admin"}, {"sites": ["demo"]}, {"is_admin": True}])
def test_a9_nobody_becomes_staff_by_registering(world: World, extra: dict[str, object]) -> None:
    assert register(world, **extra).status_code == 422
    assert register(world).status_code == 201

    with world.database.read() as session:
        assert [account.role for account in session.scalars(select(Account))] == [Role.READER]


@pytest.mark.parametrize("secret", [None, "", "short", "s" * 31])
def test_a9_nothing_starts_without_a_secret_of_its_own(monkeypatch: pytest.MonkeyPatch, secret: str | None) -> None:
    monkeypatch.delenv("VORAB_SECRET_KEY", raising=False)
    if secret is not None:
        monkeypatch.setenv("VORAB_SECRET_KEY", secret)

    with pytest.raises(SettingsError, match="SECRET_KEY"):
        settings_module.read()
