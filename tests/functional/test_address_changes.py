"""Another address: asked for with the password, confirmed from the new one (controls B3, B7, B8, C4)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from moderation import accounts
from moderation.models import Role
from tests.functional.test_controls_b import comparable
from tests.postbox import Postbox, html, plain, token_in
from tests.world import Person, World, json_of

PASSWORD = "Ahornblatt am Fenster"
ADA, NEW = "ada@example.org", "ada@neu.example.org"


@pytest.fixture
def postbox(world: World) -> Postbox:
    return Postbox(world)


@pytest.fixture
def ada(world: World, postbox: Postbox) -> Person:
    return join(world, ADA)


def join(world: World, email: str, name: str = "Ada") -> Person:
    world.call("POST", "/accounts", {"email": email, "display_name": name, "password": PASSWORD})
    return again(world, email)


def again(world: World, email: str) -> Person:
    answer = world.call("POST", "/sessions", {"email": email, "password": PASSWORD})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    with world.database.read() as session:
        account = accounts.demand_by_email(session, email)
        return Person(account, accounts.actor_for(session, account), json_of(answer)["token"])


def ask(world: World, by: Person, email: str = NEW, password: str = PASSWORD, **headers: str) -> Any:
    wish = {"email": email, "current_password": password}
    return world.call("PUT", "/accounts/me/email", wish, by=by, headers=headers)


def confirm(world: World, token: str) -> Any:
    return world.call("POST", "/address-confirmations", {"token": token})


def whoami(world: World, by: Person) -> int:
    return world.call("GET", "/accounts/me", by=by).status_code


def test_b8_another_address_counts_once_its_letter_was_opened(world: World, postbox: Postbox, ada: Person) -> None:
    answer = ask(world, ada)
    assert (answer.status_code, json_of(answer)) == (202, {"email": NEW})
    assert json_of(world.call("GET", "/accounts/me", by=ada))["email"] == ADA
    (letter,) = postbox.empty()
    assert letter["To"] == NEW

    assert confirm(world, token_in(letter)).status_code == 204

    assert json_of(world.call("GET", "/accounts/me", by=ada))["email"] == NEW
    assert whoami(world, again(world, NEW)) == 200
    wrong = world.call("POST", "/sessions", {"email": ADA, "password": PASSWORD})
    assert wrong.status_code == 401
    (notice,) = postbox.empty()
    assert (notice["To"], notice["Subject"]) == (ADA, "Deine Adresse bei 127.0.0.1 wurde geändert")
    assert NEW not in plain(notice), "who reads the old one's letters need not learn the new one"


def test_b8_without_the_password_nothing_is_changed_and_nobody_is_written_to(
    world: World, postbox: Postbox, ada: Person
) -> None:
    answer = ask(world, ada, password="falsch falsch")

    assert (answer.status_code, json_of(answer)["code"]) == (403, "wrong_password")
    assert postbox.empty() == []


def test_a_wrong_password_uses_up_no_letter(make_world: Callable[..., World]) -> None:
    world = make_world(mails_per_account=1)
    ada = join(world, ADA)
    assert ask(world, ada, password="falsch falsch").status_code == 403

    assert ask(world, ada).status_code == 202


def test_c4_another_address_ends_all_sessions_but_the_one_that_asked(
    world: World, postbox: Postbox, ada: Person
) -> None:
    other = again(world, ADA)
    ask(world, ada)
    token = token_in(postbox.empty()[0])
    assert whoami(world, other) == 200

    confirm(world, token)

    assert [whoami(world, person) for person in (ada, other)] == [200, 401]


def test_a_letter_for_a_new_password_that_lies_in_the_old_box_is_worth_nothing(
    world: World, postbox: Postbox, ada: Person
) -> None:
    world.call("POST", "/password-resets", {"email": ADA})
    reset = token_in(postbox.empty()[0])
    ask(world, ada)
    confirm(world, token_in(postbox.empty()[0]))

    answer = world.call("POST", "/password-resets/completions", {"token": reset, "password": "Birkenrinde im Regen"})

    assert json_of(answer)["code"] == "invalid_token"


@pytest.mark.parametrize("how", ["changed", "reset", "demanded"])
def test_another_password_calls_off_a_change_of_address_that_was_asked_for_with_the_old_one(
    world: World, postbox: Postbox, ada: Person, how: str
) -> None:
    ask(world, ada, "thief@example.org")
    token = token_in(postbox.empty()[0])

    choose_another_password(world, postbox, ada, how)

    assert confirm(world, token).status_code == 400


def test_a_letter_to_the_new_address_that_waits_when_the_password_changes_is_not_sent(
    world: World, postbox: Postbox, ada: Person
) -> None:
    ask(world, ada, "thief@example.org")

    choose_another_password(world, postbox, ada, "changed")

    assert [letter["To"] for letter in postbox.empty()] == [ADA]


def test_another_password_leaves_the_letter_to_the_accounts_own_address_alone(
    make_world: Callable[..., World],
) -> None:
    world = make_world(verify_addresses=True)
    postbox = Postbox(world)
    ada = join(world, ADA)
    token = token_in(postbox.empty()[0])

    choose_another_password(world, postbox, ada, "changed")

    assert confirm(world, token).status_code == 204


def choose_another_password(world: World, postbox: Postbox, ada: Person, how: str) -> None:
    other = "Birkenrinde im Regen"
    if how == "changed":
        answer = world.call("PUT", "/accounts/me/password", {"current_password": PASSWORD, "password": other}, by=ada)
    elif how == "reset":
        world.call("POST", "/password-resets", {"email": ADA})
        (token,) = [token_in(letter) for letter in postbox.empty() if letter["To"] == ADA]
        answer = world.call("POST", "/password-resets/completions", {"token": token, "password": other})
    else:
        admin = world.person(Role.ADMIN)
        answer = world.call("POST", f"/accounts/{ada.account.id}/password-reset", by=admin)
    assert answer.status_code == 204


def test_b3_a_taken_address_is_answered_like_a_free_one_and_its_owner_is_told(
    world: World, postbox: Postbox, ada: Person
) -> None:
    join(world, "bea@example.org", "Bea")
    postbox.empty()

    free = comparable(ask(world, ada, "fre@example.org"))
    taken = comparable(ask(world, ada, "bea@example.org"))

    assert free[0] == 202
    assert (taken[0], taken[2]) == (free[0], free[2])
    assert taken[1].replace("bea@", "x@") == free[1].replace("fre@", "x@")
    (letter,) = postbox.empty()  # The later wish replaces the earlier one, of which nothing was sent.
    assert letter["To"] == "bea@example.org"
    assert "Hallo Bea," in plain(letter)
    assert "http" not in plain(letter), "no link that would change anything"


def test_b3_nothing_that_one_can_see_later_tells_whether_the_address_was_taken(
    world: World, postbox: Postbox, ada: Person
) -> None:
    join(world, "bea@example.org", "Bea")
    seen: list[Any] = []
    for address in ("bea@example.org", "fre@example.org"):
        ask(world, ada, address)
        postbox.empty()
        found = json_of(world.call("GET", "/accounts/me/export", by=ada))
        kinds = [letter["kind"] for letter in found["letters"] if letter["recipient"] == address]
        seen.append((kinds, [one["email"] == address for one in found["address_confirmations"]]))

    assert seen == [(["address_change"], [True])] * 2


def test_an_address_that_somebody_took_meanwhile_is_not_taken_over(world: World, postbox: Postbox, ada: Person) -> None:
    ask(world, ada)
    token = token_in(postbox.empty()[0])
    bea = join(world, NEW, "Bea")

    answer = confirm(world, token)

    assert json_of(answer)["code"] == "invalid_token"
    assert json_of(world.call("GET", "/accounts/me", by=ada))["email"] == ADA
    assert json_of(world.call("GET", "/accounts/me", by=bea))["email"] == NEW


def test_ones_own_address_is_no_other_one(world: World, postbox: Postbox, ada: Person) -> None:
    answer = ask(world, ada, "ADA@example.org")

    assert (answer.status_code, json_of(answer)["errors"]["email"][0]["code"]) == (422, "same_email")
    assert postbox.empty() == []


@pytest.mark.parametrize("email", ["", "ada", "ada@", "a@b@c"])
def test_what_is_no_address_is_refused(world: World, ada: Person, email: str) -> None:
    assert ask(world, ada, email).status_code == 422


def test_the_later_wish_counts(world: World, postbox: Postbox, ada: Person) -> None:
    ask(world, ada, "vertippt@example.org")
    first = token_in(postbox.empty()[0])
    ask(world, ada)
    second = token_in(postbox.empty()[0])

    assert confirm(world, first).status_code == 400
    assert confirm(world, second).status_code == 204
    assert json_of(world.call("GET", "/accounts/me", by=ada))["email"] == NEW


def test_b7_so_many_letters_and_the_next_is_refused_for_known_and_unknown_addresses_alike(
    make_world: Callable[..., World],
) -> None:
    world = make_world(mails_per_account=3)
    ada = join(world, ADA)
    join(world, "bea@example.org", "Bea")

    answers = [ask(world, ada, address) for address in ("bea@example.org", "x@example.org") * 2]

    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]


def test_h4_one_address_cannot_be_flooded_by_many(make_world: Callable[..., World]) -> None:
    world = make_world(mails_per_account=2)
    people = [join(world, f"a{number}@example.org") for number in range(3)]

    assert [ask(world, person).status_code for person in people] == [202, 202, 429]


def test_who_is_leaving_gets_no_new_address(world: World, postbox: Postbox, ada: Person) -> None:
    ask(world, ada)
    token = token_in(postbox.empty()[0])
    world.call("DELETE", "/accounts/me", {"password": PASSWORD, "comments": "keep"}, by=ada)

    assert confirm(world, token).status_code == 400


def test_an_unconfirmed_account_is_confirmed_by_its_new_address(make_world: Callable[..., World]) -> None:
    world = make_world(verify_addresses=True)
    postbox = Postbox(world)
    ada = join(world, "vertippt@example.org")
    postbox.empty()
    ask(world, ada)

    assert confirm(world, token_in(postbox.empty()[0])).status_code == 204

    with world.database.read() as session:
        account = accounts.get(session, ada.account.id)
        assert (account.email, account.unconfirmed) == (NEW, False)


@pytest.mark.parametrize(
    ("language", "words", "button"),
    [
        ("de", "dein Konto bei 127.0.0.1 soll künftig diese E-Mail-Adresse haben", "Neue Adresse bestätigen"),
        ("en", "your account at 127.0.0.1 is to have this e-mail address", "Confirm the new address"),
    ],
)
def test_the_letter_is_in_the_accounts_language(
    world: World, postbox: Postbox, language: str, words: str, button: str
) -> None:
    wish = {"email": ADA, "display_name": "Ada", "password": PASSWORD}
    world.call("POST", "/accounts", wish, headers={"Accept-Language": language})
    ask(world, again(world, ADA))

    (letter,) = postbox.empty()

    assert words in plain(letter)
    assert button in html(letter)
    assert f"/account/address?lang={language}#" in plain(letter)


def test_moderators_change_theirs_in_the_same_way(world: World, postbox: Postbox) -> None:
    join(world, ADA)
    with world.database.write() as session:
        accounts.change_role(session, ADA, Role.MODERATOR, ("demo",))
    moderator = again(world, ADA)
    ask(world, moderator)

    confirm(world, token_in(postbox.empty()[0]))

    assert world.call("GET", "/review-queue", by=moderator).status_code == 200


def test_staff_are_written_to_formally_and_the_reader_whose_address_they_name_is_not(
    world: World, postbox: Postbox, ada: Person
) -> None:
    eve = join(world, "eve@example.org", "Eve")
    with world.database.write() as session:
        accounts.demand_by_email(session, "eve@example.org").role = Role.MODERATOR
    postbox.empty()

    ask(world, eve)
    (to_staff,) = postbox.empty()
    ask(world, eve, ADA)
    (to_reader,) = postbox.empty()

    assert to_staff["Subject"] == "Neue Adresse für Ihr Konto bei 127.0.0.1"
    assert "Guten Tag Eve" in plain(to_staff)
    assert to_reader["Subject"] == "Deine Adresse bei 127.0.0.1"
    assert "Hallo Ada" in plain(to_reader)
