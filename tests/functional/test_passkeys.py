"""Passkeys as a second factor beside the app's codes, with an authenticator in software (control A11).

What a browser makes of it is in tests/browser/test_passkeys.py.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from moderation import passkeys
from moderation.models import OutboxMessage, Passkey, PasskeyChallenge, Role
from tests.authenticator import Authenticator
from tests.functional.test_second_factors import ADA, PASSWORD, PATH, Ada, outcome, staff, want_second_factors
from tests.world import World, json_of

BASE_URL = "https://kommentare.example"
PASSKEYS = "/accounts/me/passkeys"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world(base_url=BASE_URL)
    made.site()
    return made


@pytest.fixture
def ada(world: World) -> Ada:
    return Ada(world)


@pytest.fixture
def key() -> Authenticator:
    return Authenticator()


def ask_for_new(ada: Ada, password: str = PASSWORD) -> dict[str, Any]:
    return json_of(ada.call("POST", f"{PASSKEYS}/questions", {"password": password}))


def register(ada: Ada, key: Authenticator, name: str = "Telefon", **changes: Any) -> TestResponse:
    question = ask_for_new(ada)
    wish = {"challenge_id": question["challenge_id"], "name": name}
    return ada.call("POST", PASSKEYS, {**wish, "credential": key.make(question["options"], **changes)})


def registered(ada: Ada, key: Authenticator, name: str = "Telefon") -> dict[str, Any]:
    answer = register(ada, key, name)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return json_of(answer)


def choose(ada: Ada, password: str = PASSWORD) -> TestResponse:
    return ada.world.call("POST", "/sessions/choices", {"email": ADA, "password": password})


def shown(ada: Ada, key: Authenticator, **changes: Any) -> dict[str, Any]:
    """What the sign-in form sends along."""
    question = json_of(choose(ada))["question"]
    return {"challenge_id": question["challenge_id"], "credential": key.show(question["options"], **changes)}


def sign_in(ada: Ada, passkey: Any) -> TestResponse:
    return ada.world.call("POST", "/sessions", {"email": ADA, "password": PASSWORD, "passkey": passkey})


def shown_signed_in(ada: Ada, key: Authenticator) -> dict[str, Any]:
    question = json_of(ada.call("POST", f"{PATH}/questions"))["question"]
    return {"challenge_id": question["challenge_id"], "credential": key.show(question["options"])}


def number_of(world: World, table: Any) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def test_a11_an_account_with_a_passkey_needs_password_and_passkey(ada: Ada, key: Authenticator) -> None:
    made = registered(ada, key)
    assert made["passkey"]["name"] == "Telefon"
    assert len(made["recovery_codes"]) == 10

    assert outcome(ada.sign_in()) == (401, "second_factor_required")
    assert outcome(ada.sign_in("000000")) == (403, "wrong_code")
    assert sign_in(ada, shown(ada, key)).status_code == 201
    found = json_of(ada.call("GET", PATH))
    assert (found["is_on"], found["has_app"], found["recovery_codes_left"]) == (True, False, 10)
    assert found["passkeys"][0]["last_used_at"] is not None


def test_a11_a_recovery_code_lets_in_without_the_passkey_once(ada: Ada, key: Authenticator) -> None:
    codes = registered(ada, key)["recovery_codes"]

    assert ada.sign_in(codes[0]).status_code == 201
    assert outcome(ada.sign_in(codes[0])) == (403, "wrong_code")


def test_several_passkeys_with_names_each_lets_in(ada: Ada, key: Authenticator) -> None:
    second = Authenticator()
    registered(ada, key, "Telefon")
    assert registered(ada, second, "  Schlüssel   am Bund ")["recovery_codes"] == [], "there are some already"

    assert [one["name"] for one in json_of(ada.call("GET", PATH))["passkeys"]] == ["Telefon", "Schlüssel am Bund"]
    assert sign_in(ada, shown(ada, key)).status_code == 201
    assert sign_in(ada, shown(ada, second)).status_code == 201
    with ada.world.database.read() as session:
        assert session.scalars(select(OutboxMessage.kind)).all() == ["passkey_added", "passkey_added"]


def test_app_and_passkey_stand_side_by_side(ada: Ada, key: Authenticator) -> None:
    ada.set_up()
    assert registered(ada, key)["recovery_codes"] == []

    assert json_of(choose(ada))["has_app"] is True
    assert ada.sign_in(ada.code()).status_code == 201
    assert sign_in(ada, shown(ada, key)).status_code == 201

    # The app goes, the passkey stays, and so do the recovery codes.
    gone = ada.call("DELETE", PATH, {"password": PASSWORD, "passkey": shown_signed_in(ada, key)})
    assert gone.status_code == 204
    assert outcome(ada.sign_in()) == (401, "second_factor_required")
    assert ada.sign_in(ada.recovery_codes[0]).status_code == 201


def test_an_app_can_be_set_up_beside_a_passkey(ada: Ada, key: Authenticator) -> None:
    codes = registered(ada, key)["recovery_codes"]
    ada.begin()

    confirmed = json_of(ada.call("PUT", f"{PATH}/confirmation", {"code": ada.code()}))

    assert confirmed["recovery_codes"] == []
    assert ada.sign_in(codes[0]).status_code == 201


def test_c4_the_first_passkey_ends_the_other_sessions(ada: Ada, key: Authenticator) -> None:
    other = json_of(ada.sign_in())["token"]

    registered(ada, key)

    assert ada.call("GET", "/accounts/me", token=other).status_code == 401
    assert ada.call("GET", "/accounts/me").status_code == 200


def test_removing_the_last_passkey_leaves_the_password_alone(ada: Ada, key: Authenticator) -> None:
    passkey_id = registered(ada, key)["passkey"]["id"]
    path = f"{PASSKEYS}/{passkey_id}"

    for wish, status in (
        ({"password": PASSWORD}, 422),
        ({"password": "geraten", "passkey": shown_signed_in(ada, key)}, 403),
        ({"password": PASSWORD, "code": "000000"}, 403),
    ):
        assert ada.call("DELETE", path, wish).status_code == status
    assert ada.call("DELETE", path, {"password": PASSWORD, "passkey": shown_signed_in(ada, key)}).status_code == 204

    assert ada.sign_in().status_code == 201
    found = json_of(ada.call("GET", PATH))
    assert (found["is_on"], found["passkeys"], found["recovery_codes_left"]) == (False, [], 0)
    with ada.world.database.read() as session:
        assert session.scalars(select(OutboxMessage.kind)).all() == ["passkey_added", "second_factor_off"]


def test_removing_one_of_two_leaves_the_other(ada: Ada, key: Authenticator) -> None:
    second = Authenticator()
    first_id = registered(ada, key)["passkey"]["id"]
    registered(ada, second, "Schlüssel")

    gone = ada.call("DELETE", f"{PASSKEYS}/{first_id}", {"password": PASSWORD, "passkey": shown_signed_in(ada, second)})

    assert gone.status_code == 204
    assert outcome(sign_in(ada, shown(ada, key))) == (403, "passkey_refused")
    assert sign_in(ada, shown(ada, second)).status_code == 201


def test_a_passkey_of_somebody_else_is_not_removed(world: World, ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    with world.database.write() as session:
        other = world.person()
        row = Passkey(
            account_id=other.account.id,
            credential_id="x",
            public_key="x",
            sign_count=0,
            name="Telefon",
            created_at=world.clock(),
        )
        session.add(row)

    answer = ada.call("DELETE", f"{PASSKEYS}/{row.id}", {"password": PASSWORD, "passkey": shown_signed_in(ada, key)})

    assert outcome(answer) == (404, "passkey_not_found")


def test_new_recovery_codes_take_a_passkey_too(ada: Ada, key: Authenticator) -> None:
    old = registered(ada, key)["recovery_codes"]

    wish = {"password": PASSWORD, "passkey": shown_signed_in(ada, key)}
    renewed = json_of(ada.call("POST", f"{PATH}/recovery-codes", wish))["recovery_codes"]

    assert ada.sign_in(old[0]).status_code == 403
    assert ada.sign_in(renewed[0]).status_code == 201


def test_a11_a_challenge_is_good_for_one_answer(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    passkey = shown(ada, key)

    assert sign_in(ada, passkey).status_code == 201
    assert outcome(sign_in(ada, passkey)) == (403, "passkey_refused")
    assert number_of(ada.world, PasskeyChallenge) == 0


def test_a_wrong_answer_uses_the_challenge_up(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    question = json_of(choose(ada))["question"]
    wrong = {"challenge_id": question["challenge_id"], "credential": Authenticator(id=key.id).show(question["options"])}
    right = {"challenge_id": question["challenge_id"], "credential": key.show(question["options"])}

    assert outcome(sign_in(ada, wrong)) == (403, "passkey_refused")
    assert outcome(sign_in(ada, right)) == (403, "passkey_refused")


def test_a_challenge_is_good_for_five_minutes(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    passkey = shown(ada, key)

    ada.world.clock.move(minutes=5)

    assert outcome(sign_in(ada, passkey)) == (403, "passkey_refused")


def test_questions_that_nobody_answers_are_forgotten(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    choose(ada)
    ada.world.clock.move(minutes=5)

    with ada.world.database.write() as session:
        passkeys.forget_challenges(session, now=ada.world.clock())

    assert number_of(ada.world, PasskeyChallenge) == 0


def test_only_the_latest_five_questions_are_kept(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    first = shown(ada, key)
    for _ in range(5):
        last = shown(ada, key)

    assert number_of(ada.world, PasskeyChallenge) == 5
    assert outcome(sign_in(ada, first)) == (403, "passkey_refused")
    assert sign_in(ada, last).status_code == 201


def test_e7_an_answer_presented_many_times_at_once_works_once(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    passkey = shown(ada, key)

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: sign_in(ada, passkey), range(5)))

    assert statuses.count(201) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": "AAAA"},
        {"origin": "https://evil.test"},
        {"origin": "http://kommentare.example"},
        {"origin": "https://kommentare.example.evil.test"},
        {"rp_id": "evil.test"},
        {"type": "webauthn.create"},
        {"flags": 0},
    ],
    ids=str,
)
def test_an_answer_to_something_else_is_refused(ada: Ada, key: Authenticator, changes: dict[str, Any]) -> None:
    registered(ada, key)

    assert outcome(sign_in(ada, shown(ada, key, **changes))) == (403, "passkey_refused")
    assert sign_in(ada, shown(ada, key)).status_code == 201


def test_a_key_that_was_used_less_often_than_before_is_a_copy_and_refused(
    ada: Ada, key: Authenticator, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    registered(ada, key)
    assert sign_in(ada, shown(ada, key, sign_count=5)).status_code == 201

    for count in (5, 4, 0):
        assert outcome(sign_in(ada, shown(ada, key, sign_count=count))) == (403, "passkey_refused")

    assert [line["reason"] for line in log_lines() if line["event"] == "passkey_refused"] == ["counter"] * 3
    assert sign_in(ada, shown(ada, key, sign_count=6)).status_code == 201


def test_a_key_that_does_not_count_is_accepted_each_time(ada: Ada, key: Authenticator) -> None:
    """Those that are kept in several devices do not."""
    registered(ada, key)

    assert [sign_in(ada, shown(ada, key, sign_count=0)).status_code for _ in range(3)] == [201] * 3


def test_a_passkey_of_another_account_is_refused(world: World, ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    wish = {"email": "bea@example.org", "display_name": "Bea", "password": PASSWORD}
    world.call("POST", "/accounts", wish)
    bea = json_of(world.call("POST", "/sessions", {"email": "bea@example.org", "password": PASSWORD}))["token"]
    question = json_of(ada.call("POST", f"{PASSKEYS}/questions", {"password": PASSWORD}, token=bea))
    other = Authenticator()
    wish = {"challenge_id": question["challenge_id"], "name": "Bea", "credential": other.make(question["options"])}

    # Nor may Ada answer Bea's question.
    assert outcome(ada.call("POST", PASSKEYS, wish)) == (403, "passkey_refused")
    question = json_of(ada.call("POST", f"{PASSKEYS}/questions", {"password": PASSWORD}, token=bea))
    wish = {"challenge_id": question["challenge_id"], "name": "Bea", "credential": other.make(question["options"])}
    assert ada.call("POST", PASSKEYS, wish, token=bea).status_code == 201
    assert outcome(sign_in(ada, shown(ada, other))) == (403, "passkey_refused")


def test_a_passkey_is_registered_once(world: World, ada: Ada, key: Authenticator) -> None:
    registered(ada, key)

    assert outcome(register(ada, key, "Noch einmal")) == (409, "already_exists")
    assert [one["id"] for one in ask_for_new(ada)["options"]["excludeCredentials"]] == [
        key.make({"challenge": ""})["id"]
    ]


def test_a_question_to_make_a_passkey_is_none_to_show_one(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    question = ask_for_new(ada)
    passkey = {"challenge_id": question["challenge_id"], "credential": key.show(question["options"])}

    assert outcome(sign_in(ada, passkey)) == (403, "passkey_refused")


@pytest.mark.parametrize("changes", [{"origin": "https://evil.test"}, {"rp_id": "evil.test"}, {"challenge": "AAAA"}])
def test_a_passkey_that_was_made_for_something_else_is_not_kept(
    ada: Ada, key: Authenticator, changes: dict[str, Any]
) -> None:
    assert outcome(register(ada, key, **changes)) == (403, "passkey_refused")
    assert number_of(ada.world, Passkey) == 0


@pytest.mark.parametrize("name", ["", " ", "x" * 81, "a\u202eb", "a\nb"])
def test_names_are_names(ada: Ada, key: Authenticator, name: str) -> None:
    assert outcome(register(ada, key, name)) == (422, "invalid_input")


def test_an_account_has_ten_passkeys_at_the_most(ada: Ada) -> None:
    for number in range(passkeys.MOST):
        registered(ada, Authenticator(), f"Schlüssel {number}")

    assert outcome(register(ada, Authenticator(), "Noch einer")) == (422, "invalid_input")


def malformed(good: dict[str, Any]) -> dict[str, Any]:
    """Ways in which a credential can be none, by name."""
    response = good["response"]
    return {
        "empty": {},
        "no response": {**good, "response": None},
        "numbers": {**good, "id": 7, "rawId": 7},
        "another id": {**good, "rawId": "AAAA"},
        "another type": {**good, "type": "password"},
        "not base64": {**good, "response": dict.fromkeys(response, "§§§")},
        "empty parts": {**good, "response": dict.fromkeys(response, "")},
        "garbage": {**good, "response": dict.fromkeys(response, "oWNmbXRkbm9uZQ")},
        "nested": {**good, "response": {"clientDataJSON": {"a": []}}},
        "long": {**good, "response": dict.fromkeys(response, "A" * 20_000)},
        "surrogate": {**good, "response": dict.fromkeys(response, "\ud800")},
    }


@pytest.mark.parametrize("kind", sorted(malformed({"response": {}})))
def test_f6_what_is_no_credential_is_refused_and_never_an_error_of_ours(
    ada: Ada, key: Authenticator, kind: str
) -> None:
    question = ask_for_new(ada)
    made = malformed(key.make(question["options"]))[kind]
    wish = {"challenge_id": question["challenge_id"], "name": "x", "credential": made}
    assert ada.call("POST", PASSKEYS, wish).status_code in (403, 422)
    registered(ada, key)

    question = json_of(choose(ada))["question"]
    answer = malformed(key.show(question["options"]))[kind]

    status = sign_in(ada, {"challenge_id": question["challenge_id"], "credential": answer}).status_code
    assert status in (403, 422)


@pytest.mark.parametrize(
    "passkey", ["x", 1, [], {}, {"challenge_id": "x", "credential": {}}, {"challenge_id": None, "credential": "x"}]
)
def test_what_is_no_answer_at_all_is_invalid_input(ada: Ada, passkey: Any) -> None:
    assert outcome(sign_in(ada, passkey)) == (422, "invalid_input")


def test_a_challenge_that_there_is_not_is_refused(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    unknown = {**shown(ada, key), "challenge_id": "00000000-0000-7000-8000-000000000000"}

    assert outcome(sign_in(ada, unknown)) == (403, "passkey_refused")


def test_a11_answers_cannot_be_tried_for_long(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)
    statuses = [sign_in(ada, shown(ada, key, origin="https://evil.test")).status_code for _ in range(10)]
    waiting = {"challenge_id": "00000000-0000-7000-8000-000000000000", "credential": {}}
    statuses.append(sign_in(ada, waiting).status_code)

    assert statuses == [403] * 10 + [429]


def test_b1_what_an_account_has_is_told_only_to_who_knows_the_password(ada: Ada, key: Authenticator) -> None:
    registered(ada, key)

    wrong = choose(ada, "geraten und falsch")
    unknown = ada.world.call("POST", "/sessions/choices", {"email": "niemand@example.org", "password": PASSWORD})

    assert outcome(wrong) == outcome(unknown) == (401, "wrong_credentials")
    assert number_of(ada.world, PasskeyChallenge) == 0
    assert json_of(choose(ada))["question"] is not None


def test_without_a_second_factor_there_is_nothing_to_choose(ada: Ada) -> None:
    assert json_of(choose(ada)) == {"has_app": False, "question": None}


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ADMIN])
def test_a_site_that_wants_second_factors_is_content_with_a_passkey(
    world: World, ada: Ada, key: Authenticator, role: Role
) -> None:
    staff(world, ada, role)
    want_second_factors(world)
    assert outcome(ada.call("GET", "/review-queue")) == (403, "second_factor_missing")

    registered(ada, key)

    assert ada.call("GET", "/review-queue").status_code == 200
    ada.token = json_of(sign_in(ada, shown(ada, key)))["token"]
    assert ada.call("GET", "/review-queue").status_code == 200


def test_the_question_names_the_installations_own_host_whatever_the_request_says(world: World, ada: Ada) -> None:
    headers = {"Authorization": f"Bearer {ada.token}", "Host": "evil.test", "Origin": "https://evil.test"}

    answer = world.call("POST", f"{PASSKEYS}/questions", {"password": PASSWORD}, headers=headers)

    options = json_of(answer)["options"]
    assert options["rp"]["id"] == "kommentare.example"
    assert options["user"]["name"] == ADA
    assert len(options["challenge"]) >= 43


def test_where_the_address_is_a_number_there_are_no_passkeys(make_world: Callable[..., World]) -> None:
    world = make_world(base_url="http://127.0.0.1:8000")
    world.site()
    ada = Ada(world)

    assert json_of(ada.call("GET", PATH))["passkeys_available"] is False
    answer = ada.call("POST", f"{PASSKEYS}/questions", {"password": PASSWORD})
    assert outcome(answer) == (409, "passkeys_unavailable")


def test_where_the_address_has_become_a_number_recovery_codes_go_on_working(
    make_world: Callable[..., World], ada: Ada, key: Authenticator
) -> None:
    codes = registered(ada, key)["recovery_codes"]
    ada.world = make_world(base_url="http://192.0.2.1")

    assert json_of(choose(ada)) == {"has_app": False, "question": None}
    unanswerable = {"challenge_id": "00000000-0000-7000-8000-000000000000", "credential": {}}
    assert outcome(sign_in(ada, unanswerable)) == (409, "passkeys_unavailable")
    assert ada.sign_in(codes[0]).status_code == 201


def test_keys_are_not_in_the_answers_and_not_in_the_log(
    ada: Ada, key: Authenticator, log_lines: Callable[[], list[dict[str, Any]]]
) -> None:
    registered(ada, key)
    sign_in(ada, shown(ada, key))

    with ada.world.database.read() as session:
        public_key = session.scalars(select(Passkey.public_key)).one()
    told = str(json_of(ada.call("GET", PATH))) + str(json_of(ada.call("GET", "/accounts/me/export"))) + str(log_lines())
    assert public_key not in told
