from __future__ import annotations

from moderation import accounts
from moderation.models import Role
from seeds.people import DemoAccounts, demo_accounts, people


def test_visitors_get_two_readers_a_moderator_and_an_admin() -> None:
    visitors = demo_accounts()

    assert [account.role for account in visitors.all] == [Role.READER, Role.READER, Role.MODERATOR, Role.ADMIN]


def test_the_passwords_would_be_accepted_from_anybody() -> None:
    for account in demo_accounts().all:
        stored = accounts.check_new(account.email, account.display_name, account.password, forbidden=("vorab",))
        assert stored == (account.email, account.display_name)


def test_nobody_but_the_four_has_a_password_that_is_written_down() -> None:
    written_down = {person.email for person in people() if person.password is not None}

    assert written_down == {account.email for account in demo_accounts().all}


def test_every_address_and_name_is_there_once_and_can_receive_no_mail() -> None:
    cast = people()

    assert len({person.key for person in cast}) == len(cast)
    assert len({person.email for person in cast}) == len(cast)
    assert len({person.display_name for person in cast}) == len(cast)
    assert all(person.email.endswith("@example.org") for person in cast)


def test_the_words_for_the_terminal_name_every_address_with_its_password() -> None:
    visitors = demo_accounts()

    lines = visitors.in_words().splitlines()

    assert all(
        account.email in line and account.password in line for account, line in zip(visitors.all, lines, strict=True)
    )


def test_a_script_gets_the_same_as_plain_json() -> None:
    visitors: DemoAccounts = demo_accounts()

    first = visitors.as_json()["accounts"][0]

    assert first == {
        "email": "leserin@example.org",
        "display_name": "Jutta am Deich",
        "role": "reader",
        "password": "rote-tinte-am-morgen",
    }
