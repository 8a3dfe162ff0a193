"""Controls B: nobody finds out who has an account."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from moderation.models import Account, OutboxMessage
from tests.world import World

PASSWORD = "Ahornblatt am Fenster"


def comparable(answer: TestResponse) -> tuple[int, str, list[tuple[str, str]]]:
    """Status, body and headers, without the request's number, which is new each time."""
    number = answer.headers["X-Request-Id"]
    headers = sorted((name, value.replace(number, "")) for name, value in answer.headers)
    return answer.status_code, answer.get_data(as_text=True).replace(number, ""), headers


def register(world: World, email: str, name: str = "Ada") -> TestResponse:
    return world.call("POST", "/accounts", {"email": email, "display_name": name, "password": PASSWORD})


def sign_in(world: World, email: str, password: str) -> TestResponse:
    return world.call("POST", "/sessions", {"email": email, "password": password})


def test_b1_a_wrong_password_and_an_unknown_address_are_answered_alike(world: World) -> None:
    register(world, "ada@example.org")

    wrong = comparable(sign_in(world, "ada@example.org", "falsch falsch falsch"))
    unknown = comparable(sign_in(world, "nobody@example.org", "falsch falsch falsch"))
    garbage = comparable(sign_in(world, "this is no address", "falsch falsch falsch"))

    assert wrong[0] == 401
    assert wrong == unknown == garbage


def test_b1_an_unknown_address_costs_a_hash_too(world: World) -> None:
    """The times of the two can only be alike if both compute one hash; figures are the benchmark's business."""
    register(world, "ada@example.org")
    verified: list[str] = []
    real = world.services.hasher._hasher

    class Counting:
        def verify(self, stored: str, password: str) -> bool:
            verified.append(stored)
            return real.verify(stored, password)

    world.services.hasher._hasher = Counting()
    try:
        sign_in(world, "ada@example.org", "falsch falsch falsch")
        sign_in(world, "nobody@example.org", "falsch falsch falsch")
    finally:
        world.services.hasher._hasher = real

    assert len(verified) == 2
    cost = re.compile(r"\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$")
    assert cost.match(verified[0])[0] == cost.match(verified[1])[0]  # type: ignore[index]


def test_b3_registering_a_taken_address_looks_like_registering_a_free_one(world: World) -> None:
    free = comparable(register(world, "ada@example.org"))
    taken = comparable(register(world, "ada@example.org"))
    in_other_case = register(world, "ADA@example.org")

    assert free[0] == 201
    assert free == taken
    assert in_other_case.status_code == 201


def test_b3_the_owner_of_a_taken_address_gets_a_letter_and_nothing_else_changes(world: World) -> None:
    register(world, "ada@example.org", "Ada")

    register(world, "Ada@example.org", "Somebody else")

    with world.database.read() as session:
        assert [account.display_name for account in session.scalars(select(Account))] == ["Ada"]
        letters = session.scalars(select(OutboxMessage)).all()
        assert [(letter.kind, letter.recipient) for letter in letters] == [("address_taken", "ada@example.org")]
        assert letters[0].context == {"display_name": "Ada"}


def test_b6_an_unknown_host_is_refused_where_the_hosts_are_set(make_world: Callable[..., World]) -> None:
    world = make_world(trusted_hosts=("comments.example",))

    assert world.call("GET", "/healthz", headers={"Host": "evil.test"}).status_code == 400
    assert world.call("GET", "/healthz", headers={"Host": "comments.example"}).status_code == 200


@pytest.mark.parametrize("path", ["//desk", "/desk//figures", "/api//v1//accounts/me", "/desk//"])
def test_b6_no_redirect_leads_to_the_host_that_a_request_names(world: World, path: str) -> None:
    answer = world.client.get(path, headers={"Host": "evil.test"})

    assert answer.status_code == 404
    assert "Location" not in answer.headers
