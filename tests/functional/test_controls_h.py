"""Controls H: how often something may be tried."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from moderation.models import Article, Comment
from tests.sentences import CALM
from tests.world import ARTICLE, ORIGIN, World, json_of

PASSWORD = "Ahornblatt am Fenster"
WRONG = "falsch falsch"


def sign_in(world: World, email: str, password: str = WRONG, **options: object) -> TestResponse:
    return world.call("POST", "/sessions", {"email": email, "password": password}, **options)  # type: ignore[arg-type]


def statuses(world: World, email: str, times: int, **options: object) -> list[int]:
    return [sign_in(world, email, **options).status_code for _ in range(times)]


@pytest.fixture
def limited(make_world: Callable[..., World]) -> World:
    world = make_world(sign_in_per_account=3, sign_in_per_address=8)
    world.site()
    wish = {"email": "ada@example.org", "display_name": "Ada", "password": PASSWORD}
    world.call("POST", "/accounts", wish)
    return world


@pytest.mark.parametrize("email", ["ada@example.org", "nobody@example.org", "no address at all"])
def test_h1_one_wrong_sign_in_too_many_is_turned_away_whether_the_account_is_known_or_not(
    limited: World, email: str
) -> None:
    assert statuses(limited, email, 3) == [401, 401, 401]

    refused = sign_in(limited, email)

    assert refused.status_code == 429
    assert json_of(refused)["code"] == "rate_limited"
    assert refused.headers["Retry-After"] == "900"
    assert "900" in json_of(refused)["detail"]
    # A guess that would be right is not looked at either.
    assert sign_in(limited, email, PASSWORD).status_code == 429


def test_h1_the_spelling_of_an_address_gives_no_further_tries(limited: World) -> None:
    for email in ("ada@example.org", "ADA@example.org", " Ada@Example.org "):
        assert sign_in(limited, email).status_code == 401

    assert sign_in(limited, "aDa@example.org").status_code == 429


def test_h1_one_address_that_tries_many_accounts_is_turned_away(limited: World) -> None:
    for number in range(8):
        assert sign_in(limited, f"person{number}@example.org").status_code == 401

    refused = sign_in(limited, "ada@example.org", PASSWORD)

    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    elsewhere = sign_in(limited, "ada@example.org", PASSWORD, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert elsewhere.status_code == 201


def test_h1_the_right_password_uses_no_try_up(limited: World) -> None:
    for _ in range(5):
        assert statuses(limited, "ada@example.org", 1) == [401]
        assert sign_in(limited, "ada@example.org", PASSWORD).status_code == 201
        limited.clock.move(minutes=15)
    for _ in range(20):
        assert sign_in(limited, "ada@example.org", PASSWORD).status_code == 201


def test_h1_the_window_ends(limited: World) -> None:
    statuses(limited, "ada@example.org", 3)

    limited.clock.move(minutes=14, seconds=59)
    refused = sign_in(limited, "ada@example.org")
    limited.clock.move(seconds=1)

    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
    assert statuses(limited, "ada@example.org", 4) == [401, 401, 401, 429]


def test_h3_a_forged_forwarding_header_gives_no_further_tries(limited: World) -> None:
    for number in range(8):
        headers = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
        assert sign_in(limited, f"p{number}@example.org", headers=headers).status_code == 401

    for header in ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"):
        assert sign_in(limited, "ada@example.org", PASSWORD, headers={header: "203.0.113.99"}).status_code == 429


def test_h3_behind_a_configured_proxy_the_address_that_it_saw_counts(make_world: Callable[..., World]) -> None:
    world = make_world(sign_in_per_address=2, trusted_proxies=1)

    def attempt(number: int, forwarded: str) -> int:
        return sign_in(world, f"p{number}@example.org", headers={"X-Forwarded-For": forwarded}).status_code

    assert [attempt(number, "203.0.113.1") for number in range(3)] == [401, 401, 429]
    assert attempt(4, "203.0.113.2") == 401
    # What the client wrote itself stands further left, and is not looked at.
    assert attempt(5, "198.51.100.1, 203.0.113.1") == 429


def test_h3_a_proxy_does_not_decide_which_host_was_asked_for(make_world: Callable[..., World]) -> None:
    world = make_world(trusted_proxies=1, trusted_hosts=("comments.example",))
    headers = {"Host": "comments.example", "X-Forwarded-Host": "evil.test", "X-Forwarded-Proto": "https"}

    answer = world.call("GET", "/healthz", headers=headers)

    assert answer.status_code == 200
    assert "Strict-Transport-Security" in answer.headers


def test_h4_the_same_text_within_a_minute_is_refused(world: World) -> None:
    author, other = world.person(), world.person()
    assert world.post(author, "Das ist mein Beitrag.").status_code == 201
    world.clock.move(seconds=59)

    answer = world.post(author, "  Das ist mein Beitrag.\n", article="artikel-2")

    assert (answer.status_code, json_of(answer)["code"]) == (409, "duplicate_comment")
    preview = f"/sites/demo/articles/{ARTICLE}/comments/preview"
    wish = {"body": "Das ist mein Beitrag."}
    assert world.call("POST", preview, wish, by=author, headers={"Origin": ORIGIN}).status_code == 409
    assert world.post(other, "Das ist mein Beitrag.").status_code == 201
    assert world.post(author, "Das ist noch ein Beitrag.").status_code == 201
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 3
        assert session.scalar(select(func.count()).select_from(Article)) == 1


def test_h4_after_a_minute_the_same_text_waits_for_a_moderator(world: World) -> None:
    author = world.person()
    world.post(author, "Das ist mein Beitrag.")
    world.clock.move(seconds=60)

    assert json_of(world.post(author, "Das ist mein Beitrag."))["status"] == "held"


def test_h4_a_repeated_request_is_no_second_comment(world: World) -> None:
    author = world.person()
    first = world.post(author, "Das ist mein Beitrag.", Idempotency_Key="einmal")

    again = world.post(author, "Das ist mein Beitrag.", Idempotency_Key="einmal")

    assert (again.status_code, json_of(again)["id"]) == (201, json_of(first)["id"])


def test_h4_a_site_that_minds_no_repetition_takes_it(world: World) -> None:
    world.set_policy(CALM)
    author = world.person()

    assert [world.post(author, "Ja.").status_code for _ in range(2)] == [201, 201]


def test_h4_whatever_costs_something_is_limited(make_world: Callable[..., World]) -> None:
    world = make_world(
        registrations_per_address=2,
        flags_per_account=2,
        votes_per_account=2,
        previews_per_account=2,
        exports_per_account=2,
    )
    world.site()
    author, reader = world.person(), world.person()
    comments = [world.comment(author, f"Beitrag Nummer {number}.")["id"] for number in range(3)]

    def register(number: int) -> TestResponse:
        wish = {"email": f"n{number}@example.org", "display_name": "Neu", "password": PASSWORD}
        return world.call("POST", "/accounts", wish)

    def flag(number: int) -> TestResponse:
        return world.call("POST", f"/comments/{comments[number]}/flags", {"reason": "spam"}, by=reader)

    def preview(_number: int) -> TestResponse:
        path = f"/sites/demo/articles/{ARTICLE}/comments/preview"
        return world.call("POST", path, {"body": "Ein Text."}, by=reader, headers={"Origin": ORIGIN})

    def vote(number: int) -> TestResponse:
        return world.call("PUT", f"/comments/{comments[number]}/vote", {"value": 1}, by=reader)

    def export(_number: int) -> TestResponse:
        return world.call("GET", "/accounts/me/export", by=reader)

    for attempt, done in ((register, 201), (flag, 201), (vote, 200), (preview, 200), (export, 200)):
        answers = [attempt(number) for number in range(3)]
        assert [answer.status_code for answer in answers] == [done, done, 429]
        assert int(answers[-1].headers["Retry-After"]) > 0
