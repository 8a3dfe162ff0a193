"""Controls C: sessions."""

from __future__ import annotations

import base64
import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from moderation import accounts
from moderation.models import Role, SignInSession
from tests.world import World, json_of

PASSWORD = "Ahornblatt am Fenster"


def register(world: World) -> None:
    world.call("POST", "/accounts", {"email": "ada@example.org", "display_name": "Ada", "password": PASSWORD})


def sign_in(world: World, **headers: str) -> str:
    answer = world.call("POST", "/sessions", {"email": "ada@example.org", "password": PASSWORD}, headers=headers)
    assert answer.status_code == 201
    token: str = json_of(answer)["token"]
    return token


def whoami(world: World, token: str) -> int:
    return world.call("GET", "/accounts/me", headers={"Authorization": f"Bearer {token}"}).status_code


def test_c1_a_token_has_256_random_bits_and_only_its_hash_is_stored(world: World) -> None:
    register(world)

    tokens = [sign_in(world) for _ in range(3)]

    assert len(set(tokens)) == 3
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in tokens} == {32}
    with world.database.read() as session:
        rows = session.scalars(select(SignInSession)).all()
    assert len(rows) == 3
    for row in rows:
        assert re.fullmatch(r"[0-9a-f]{64}", row.token_hash)
        stored = repr(vars(row))
        assert not any(token in stored for token in tokens)


def test_c1_the_stored_hash_is_no_token(world: World) -> None:
    register(world)
    sign_in(world)
    with world.database.read() as session:
        stolen = session.scalars(select(SignInSession.token_hash)).one()

    assert whoami(world, stolen) == 401


def test_c2_signing_in_gives_a_new_token_whatever_token_came_along(world: World) -> None:
    register(world)
    first = sign_in(world)

    second = sign_in(world, Authorization=f"Bearer {first}")
    planted = sign_in(world, Authorization="Bearer chosen-by-an-attacker")

    assert len({first, second, planted}) == 3
    assert whoami(world, "chosen-by-an-attacker") == 401


def test_c2_another_role_needs_a_new_token(world: World) -> None:
    person = world.person()
    assert whoami(world, person.token) == 200

    with world.database.write() as session:
        accounts.change_role(session, person.account.email, Role.ADMIN, ())

    assert whoami(world, person.token) == 401


def test_c2_other_sites_for_the_same_role_leave_the_session_alone(world: World) -> None:
    moderator = world.person(Role.MODERATOR, "demo")
    world.site("zweite")

    with world.database.write() as session:
        accounts.change_role(session, moderator.account.email, Role.MODERATOR, ("zweite",))

    assert json_of(world.call("GET", "/accounts/me", by=moderator))["sites"] == ["zweite"]


def test_c3_a_token_is_worth_nothing_after_signing_out(world: World) -> None:
    register(world)
    token, other = sign_in(world), sign_in(world)

    answer = world.call("DELETE", "/sessions/current", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 204
    assert answer.get_data() == b""
    assert whoami(world, token) == 401
    assert whoami(world, other) == 200
    again = world.call("DELETE", "/sessions/current", headers={"Authorization": f"Bearer {token}"})
    assert again.status_code == 401


def test_c5_a_session_that_is_not_used_ends(make_world: Callable[..., World]) -> None:
    world = make_world(session_idle=dt.timedelta(days=3))
    person = world.person()

    world.clock.move(days=3, seconds=-1)
    assert whoami(world, person.token) == 200
    world.clock.move(days=3, seconds=-1)
    assert whoami(world, person.token) == 200
    world.clock.move(days=3)
    assert whoami(world, person.token) == 401
    world.clock.move(days=-1)


def test_c5_a_session_that_is_in_use_ends_all_the_same(make_world: Callable[..., World]) -> None:
    world = make_world(session_idle=dt.timedelta(days=3), session_absolute=dt.timedelta(days=7))
    person = world.person()

    for _ in range(6):
        world.clock.move(days=1)
        assert whoami(world, person.token) == 200
    world.clock.move(days=1, seconds=-1)
    assert whoami(world, person.token) == 200
    world.clock.move(seconds=1)
    assert whoami(world, person.token) == 401


def test_c8_a_moderator_who_is_one_no_longer_is_refused_at_the_next_request(world: World) -> None:
    register(world)
    with world.database.write() as session:
        accounts.change_role(session, "ada@example.org", Role.MODERATOR, ("demo",))
    token = sign_in(world)
    headers = {"Authorization": f"Bearer {token}"}
    assert world.call("GET", "/review-queue", headers=headers).status_code == 200

    with world.database.write() as session:
        accounts.change_role(session, "ada@example.org", Role.READER, ())

    assert world.call("GET", "/review-queue", headers=headers).status_code == 401
    anew = {"Authorization": f"Bearer {sign_in(world)}"}
    assert world.call("GET", "/review-queue", headers=anew).status_code == 403


def test_c8_a_site_taken_from_a_moderator_is_gone_at_the_next_request(world: World) -> None:
    world.site("zweite")
    moderator = world.person(Role.MODERATOR, "demo", "zweite")
    assert world.call("GET", "/review-queue?site=demo", by=moderator).status_code == 200

    with world.database.write() as session:
        accounts.change_role(session, moderator.account.email, Role.MODERATOR, ("zweite",))

    assert world.call("GET", "/review-queue?site=demo", by=moderator).status_code == 404
    assert world.call("GET", "/review-queue?site=zweite", by=moderator).status_code == 200


def test_c9_a_token_in_the_address_signs_nobody_in(world: World) -> None:
    person = world.person()

    for name in ("token", "access_token", "authorization", "Authorization"):
        assert world.call("GET", f"/accounts/me?{name}={person.token}").status_code == 401
        assert world.call("GET", f"/accounts/me?{name}=Bearer%20{person.token}").status_code == 401


def test_c9_no_token_is_logged_or_sent_on_as_a_referrer(
    world: World, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    register(world)
    token = sign_in(world)
    headers = {"Authorization": f"Bearer {token}", "Referer": f"https://x.example/?t={token}"}

    answers = [
        world.call("GET", f"/accounts/me?x={token}", headers=headers),
        world.call("GET", f"/sites/{token}/counts?articles=a", headers=headers),
        world.call("GET", f"/nowhere/{token}", headers=headers),
        world.call("DELETE", "/sessions/current", headers=headers),
    ]

    lines = log_lines()
    assert len(lines) >= 5
    assert token not in repr(lines)
    for answer in answers:
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert token not in answer.get_data(as_text=True)
        assert token not in repr(list(answer.headers))


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic abc", "Bearer a b", "bearer\tx", "Bearer é"])
def test_an_authorization_header_that_makes_no_sense_signs_nobody_in(world: World, header: str) -> None:
    assert world.call("GET", "/accounts/me", headers={"Authorization": header}).status_code == 401
    answer = world.call("GET", "/sites/demo/counts?articles=a", headers={"Authorization": header})
    assert answer.status_code == 200


def test_c4_deleting_the_account_ends_every_session_at_the_next_request(world: World) -> None:
    register(world)
    first, second = sign_in(world), sign_in(world)
    wish = {"password": PASSWORD, "comments": "keep"}

    answer = world.call("DELETE", "/accounts/me", wish, headers={"Authorization": f"Bearer {first}"})

    assert answer.status_code == 204
    assert [whoami(world, token) for token in (first, second)] == [401, 401]
    again = world.call("POST", "/sessions", {"email": "ada@example.org", "password": PASSWORD})
    assert again.status_code == 401
