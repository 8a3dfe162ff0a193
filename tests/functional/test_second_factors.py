"""Codes from an app as a second factor (controls A11, C4, E6), and sites that want one of their moderators."""

from __future__ import annotations

import datetime as dt
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pyotp
import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from moderation import accounts, sites
from moderation.models import OutboxMessage, RecoveryCode, Role, SecondFactor
from tests.world import World, json_of

PASSWORD = "Ahornblatt am Fenster"
ADA = "ada@example.org"
PATH = "/accounts/me/second-factor"
OFF = {
    "is_on": False,
    "has_app": False,
    "passkeys": [],
    "recovery_codes_left": 0,
    "is_required": False,
    "passkeys_available": False,
}


class Ada:
    """Somebody with a password, an app for codes, and what she was told when she set it up."""

    def __init__(self, world: World) -> None:
        self.world = world
        world.call("POST", "/accounts", {"email": ADA, "display_name": "Ada", "password": PASSWORD})
        self.token = json_of(self.sign_in())["token"]
        self.seed = ""
        self.recovery_codes: list[str] = []

    def sign_in(self, code: str | None = None, **more: str) -> TestResponse:
        wish = {"email": ADA, "password": PASSWORD, **({"code": code} if code is not None else {}), **more}
        return self.world.call("POST", "/sessions", wish)

    def call(self, method: str, path: str, body: Any = None, token: str | None = None) -> TestResponse:
        return self.world.call(method, path, body, headers={"Authorization": f"Bearer {token or self.token}"})

    def code(self, **off: float) -> str:
        """What the app shows now, or will show, or showed."""
        return pyotp.TOTP(self.seed).at(self.world.clock() + dt.timedelta(**off))

    def begin(self) -> dict[str, Any]:
        begun = json_of(self.call("POST", PATH, {"password": PASSWORD}))
        self.seed = begun["secret"]
        return begun

    def set_up(self) -> Ada:
        self.begin()
        answer = self.call("PUT", f"{PATH}/confirmation", {"code": self.code()})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        self.recovery_codes = json_of(answer)["recovery_codes"]
        self.world.clock.move(minutes=2)
        return self

    def letters(self) -> list[str]:
        with self.world.database.read() as session:
            return list(session.scalars(select(OutboxMessage.kind).order_by(OutboxMessage.id)))


def outcome(answer: TestResponse) -> tuple[int, str | None]:
    return answer.status_code, json_of(answer).get("code")


@pytest.fixture
def ada(world: World) -> Ada:
    return Ada(world)


def test_a11_an_account_with_a_second_factor_needs_both(ada: Ada) -> None:
    ada.set_up()

    assert outcome(ada.sign_in()) == (401, "second_factor_required")
    assert outcome(ada.sign_in("000000")) == (403, "wrong_code")
    assert outcome(ada.sign_in("")) == (403, "wrong_code")
    assert ada.sign_in(ada.code()).status_code == 201


def test_a11_only_who_knows_the_password_learns_of_it(ada: Ada) -> None:
    ada.set_up()

    answer = ada.sign_in(ada.code(), password="geraten und falsch")

    assert outcome(answer) == (401, "wrong_credentials")
    assert ada.sign_in(ada.code()).status_code == 201, "the code was not used up by the wrong password"


def test_a11_a_code_works_once(ada: Ada) -> None:
    ada.set_up()
    code = ada.code()

    assert ada.sign_in(code).status_code == 201
    assert outcome(ada.sign_in(code)) == (403, "wrong_code")
    # Nor does the one before it, which somebody may have seen.
    assert outcome(ada.sign_in(ada.code(seconds=-30))) == (403, "wrong_code")


def test_a11_the_code_that_set_it_up_is_used(ada: Ada) -> None:
    ada.begin()
    code = ada.code()
    ada.call("PUT", f"{PATH}/confirmation", {"code": code})

    assert outcome(ada.sign_in(code)) == (403, "wrong_code")


def test_a11_a_code_presented_many_times_at_once_works_once(ada: Ada) -> None:
    ada.set_up()
    code = ada.code()

    with ThreadPoolExecutor(6) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: ada.sign_in(code), range(6)))

    assert statuses.count(201) == 1


@pytest.mark.parametrize(("off", "status"), [(-60, 403), (-30, 201), (0, 201), (30, 201), (60, 403)])
def test_a11_clocks_may_be_half_a_minute_apart(ada: Ada, off: int, status: int) -> None:
    ada.set_up()

    assert ada.sign_in(ada.code(seconds=off)).status_code == status


def test_a11_a_recovery_code_works_once_and_its_owner_is_told(ada: Ada) -> None:
    ada.set_up()
    first, second = ada.recovery_codes[:2]

    assert ada.sign_in(first).status_code == 201
    assert outcome(ada.sign_in(first)) == (403, "wrong_code")
    # However it was copied.
    assert ada.sign_in(f" {second.lower().replace('-', ' ')} ").status_code == 201
    assert json_of(ada.call("GET", PATH))["recovery_codes_left"] == 8
    assert ada.letters().count("recovery_code_used") == 2


def test_a11_recovery_codes_have_120_random_bits_and_only_their_hashes_are_stored(ada: Ada) -> None:
    ada.set_up()

    assert len(set(ada.recovery_codes)) == 10
    assert all(re.fullmatch(r"([A-Z2-7]{6}-){3}[A-Z2-7]{6}", code) for code in ada.recovery_codes)
    with ada.world.database.read() as session:
        stored = session.scalars(select(RecoveryCode.code_hash)).all()
        sealed = session.scalars(select(SecondFactor.sealed_seed)).one()
    assert all(re.fullmatch(r"[0-9a-f]{64}", one) for one in stored)
    assert ada.seed not in sealed
    assert ada.sign_in(stored[0]).status_code == 403


def test_a11_new_recovery_codes_end_the_old_ones(ada: Ada) -> None:
    ada.set_up()

    wish = {"password": PASSWORD, "code": ada.code()}
    renewed = json_of(ada.call("POST", f"{PATH}/recovery-codes", wish))["recovery_codes"]

    assert ada.sign_in(ada.recovery_codes[0]).status_code == 403
    assert ada.sign_in(renewed[0]).status_code == 201


def test_a11_codes_cannot_be_guessed_for_long(ada: Ada) -> None:
    ada.set_up()

    statuses = [ada.sign_in("000000").status_code for _ in range(11)]

    assert statuses == [403] * 10 + [429]
    assert ada.sign_in(ada.code()).status_code == 429


def test_signing_in_without_the_code_first_costs_no_try(ada: Ada) -> None:
    ada.set_up()

    assert {ada.sign_in().status_code for _ in range(12)} == {401}
    assert ada.sign_in(ada.code()).status_code == 201


def test_nothing_is_asked_for_until_a_code_was_shown(ada: Ada) -> None:
    begun = ada.begin()

    assert begun["uri"].startswith("otpauth://totp/127.0.0.1:ada%40example.org?secret=")
    assert {len(row) for row in begun["qr"]} == {len(begun["qr"])}
    assert outcome(ada.call("PUT", f"{PATH}/confirmation", {"code": "000000"})) == (403, "wrong_code")
    assert json_of(ada.call("GET", PATH)) == OFF
    assert ada.sign_in().status_code == 201


def test_setting_it_up_again_takes_turning_it_off_first(ada: Ada) -> None:
    ada.set_up()

    assert outcome(ada.call("POST", PATH, {"password": PASSWORD})) == (409, "already_exists")
    assert outcome(ada.call("PUT", f"{PATH}/confirmation", {"code": ada.code()})) == (409, "already_exists")


def test_it_takes_the_password_to_set_it_up_and_both_to_turn_it_off(ada: Ada) -> None:
    assert outcome(ada.call("POST", PATH, {"password": "geraten"})) == (403, "wrong_password")
    ada.set_up()

    for wish, code in (
        ({"password": "geraten", "code": ada.code()}, "wrong_password"),
        ({"password": PASSWORD, "code": "000000"}, "wrong_code"),
    ):
        assert outcome(ada.call("DELETE", PATH, wish)) == (403, code)
    assert ada.call("DELETE", PATH, {"password": PASSWORD, "code": ada.code()}).status_code == 204

    assert ada.sign_in().status_code == 201
    assert json_of(ada.call("GET", PATH)) == OFF
    assert ada.letters() == ["second_factor_on", "second_factor_off"]


def test_c4_turning_it_on_ends_the_other_sessions(ada: Ada) -> None:
    other = json_of(ada.sign_in())["token"]

    ada.set_up()

    assert ada.call("GET", "/accounts/me", token=other).status_code == 401
    assert ada.call("GET", "/accounts/me").status_code == 200


def staff(world: World, ada: Ada, role: Role = Role.MODERATOR) -> None:
    with world.database.write() as session:
        accounts.change_role(session, ADA, role, ("demo",) if role == Role.MODERATOR else ())
    ada.token = json_of(ada.sign_in())["token"]


def want_second_factors(world: World) -> None:
    with world.database.write() as session:
        sites.set_sign_in(sites.by_key(session, "demo"), staff_second_factor=True)


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ADMIN])
def test_a_site_that_wants_second_factors_lets_nobody_moderate_without_one(world: World, ada: Ada, role: Role) -> None:
    held = world.comment(world.person(), "Du Murrkopf!")
    staff(world, ada, role)
    assert ada.call("GET", "/review-queue").status_code == 200

    want_second_factors(world)

    decision = {"action": "publish", "version": 1}
    for method, path, body in (
        ("GET", "/review-queue", None),
        ("GET", f"/comments/{held['id']}/decisions", None),
        ("PUT", f"/review-queue/{held['id']}/decision", decision),
        ("PUT", "/sites/demo/articles/artikel-1", {"closed": True}),
    ):
        assert outcome(ada.call(method, path, body)) == (403, "second_factor_missing"), path
    assert json_of(ada.call("GET", PATH))["is_required"] is True
    # Everything that a reader may do goes on.
    assert ada.call("GET", "/accounts/me/comments").status_code == 200

    ada.set_up()

    assert ada.call("GET", "/review-queue").status_code == 200
    ada.token = json_of(ada.sign_in(ada.code()))["token"]
    assert ada.call("GET", "/review-queue").status_code == 200


def test_turning_it_off_closes_the_desk_where_it_is_wanted(world: World, ada: Ada) -> None:
    staff(world, ada)
    want_second_factors(world)
    ada.set_up()

    ada.call("DELETE", PATH, {"password": PASSWORD, "code": ada.code()})

    assert outcome(ada.call("GET", "/review-queue")) == (403, "second_factor_missing")


def test_a_moderator_of_another_site_is_not_asked(world: World) -> None:
    world.site("zweite")
    moderator = world.person(Role.MODERATOR, "zweite")

    want_second_factors(world)

    assert world.call("GET", "/review-queue", by=moderator).status_code == 200
