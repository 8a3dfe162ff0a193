"""What the application need not say twice: the same bytes and headers, and never for anybody who is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from api import replays
from moderation import sites
from tests.world import ARTICLE, ORIGIN, World

PATH = f"/api/v1/sites/demo/articles/{ARTICLE}/comments"
OWN = {"X-Request-Id", "X-Accel-Expires", "Date"}


class Counting:
    """The application, and how often it was asked."""

    def __init__(self, application: Any) -> None:
        self._application = application
        self.calls = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:
        self.calls += 1
        return self._application(environ, start_response)


@pytest.fixture
def application(world: World) -> Counting:
    outer: Any = world.app.wsgi_app
    assert isinstance(outer, replays.Replays)
    counting = Counting(outer._application)
    outer._application = counting
    return counting


def get(world: World, path: str = PATH, **headers: str) -> TestResponse:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return world.client.get(path, headers=sent, buffered=True)


def shown(answer: TestResponse) -> tuple[int, bytes, dict[str, str]]:
    return answer.status_code, answer.data, {k: v for k, v in answer.headers if k not in OWN}


@pytest.mark.parametrize("headers", [{}, {"Origin": ORIGIN}, {"Origin": "https://fremd.example"}])
def test_the_second_answer_is_the_first_one_and_asks_nobody(
    world: World, application: Counting, headers: dict[str, str]
) -> None:
    world.comment(world.person())
    first = get(world, **headers)
    asked = application.calls

    second = get(world, **headers)

    assert application.calls == asked
    assert shown(second) == shown(first)
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert {name for name, _ in second.headers} == {name for name, _ in first.headers}


def test_an_answer_is_as_long_as_it_says_though_its_page_was_made_anew(world: World, application: Counting) -> None:
    """Another request made the page while the next version was on its way, and its body is longer."""
    world.comment(world.person())
    get(world)
    (address, kept), *_ = world.services.public_pages._kept.items()
    world.services.public_pages.keep(address, replace(kept, body=kept.body + b" "))
    asked = application.calls

    answer = get(world)

    assert application.calls == asked
    assert answer.headers["Content-Length"] == str(len(answer.data)) == str(len(kept.body) + 1)


def test_a_304_is_said_again_too(world: World, application: Counting) -> None:
    world.comment(world.person())
    etag = get(world).headers["ETag"]
    first = get(world, If_None_Match=etag)
    asked = application.calls

    second = get(world, If_None_Match=etag)

    assert application.calls == asked
    assert (first.status_code, second.status_code) == (304, 304)
    assert shown(second) == shown(first)


def test_counts_are_said_again_until_they_change(world: World, application: Counting) -> None:
    reader = world.person()
    world.comment(reader)
    path = f"/api/v1/sites/demo/counts?articles={ARTICLE}"
    get(world, path)
    asked = application.calls
    assert get(world, path).json == {"counts": {ARTICLE: 1}}
    assert application.calls == asked

    world.comment(reader, "Noch ein Gedanke dazu.")

    assert get(world, path).json == {"counts": {ARTICLE: 2}}


def test_the_callers_own_request_id_is_given_back(world: World) -> None:
    world.comment(world.person())
    given = "0198c0de-0000-7000-8000-000000000001"
    get(world)

    assert get(world, X_Request_Id=given).headers["X-Request-Id"] == given
    assert get(world, X_Request_Id="x\u00e4").headers["X-Request-Id"] not in ("", "x\u00e4")


def test_whoever_is_signed_in_is_not_given_the_answer_for_everybody(world: World, application: Counting) -> None:
    reader = world.person()
    world.comment(reader)
    get(world), get(world)

    own = world.client.get(PATH, headers=reader.headers)

    assert own.json is not None
    assert own.json["items"][0]["is_own"] is True
    assert own.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("name", ["Authorization", "Cookie"])
def test_whoever_shows_anything_personal_is_for_the_application(world: World, application: Counting, name: str) -> None:
    world.comment(world.person())
    get(world), get(world)
    asked = application.calls

    client = world.app.test_client(use_cookies=False)
    assert client.get(PATH, headers={name: "irgendetwas=1"}).status_code == 200

    assert application.calls == asked + 1


def test_each_address_order_and_origin_has_an_answer_of_its_own(world: World) -> None:
    reader = world.person()
    for number in range(3):
        world.comment(reader, f"Gedanke Nummer {number}.")
    world.comment(reader, "Woanders gesagt.", article="andere")
    paths = [PATH, f"{PATH}?sort=newest", f"{PATH}?limit=2", PATH.replace(ARTICLE, "andere")]

    before = [shown(get(world, path)) for path in paths]

    assert [shown(get(world, path)) for path in paths] == before
    assert len({body for _, body, _ in before}) == 4
    assert "Access-Control-Allow-Origin" not in get(world, Origin="https://fremd.example").headers
    assert get(world, Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Origin" not in get(world).headers


def test_an_origin_that_a_site_lists_no_more_is_not_let_read_any_more(world: World) -> None:
    world.comment(world.person())
    get(world, Origin=ORIGIN)
    assert get(world, Origin=ORIGIN).headers["Access-Control-Allow-Origin"] == ORIGIN

    with world.database.write() as session:
        sites.set_origins(sites.by_key(session, "demo"), ["https://neu.example"])

    assert "Access-Control-Allow-Origin" not in get(world, Origin=ORIGIN).headers
    assert get(world, Origin="https://neu.example").headers["Access-Control-Allow-Origin"] == "https://neu.example"


def test_over_https_the_answer_says_so_and_over_http_not(world: World) -> None:
    world.comment(world.person())
    for _ in range(2):
        assert "Strict-Transport-Security" not in get(world).headers
        assert "Strict-Transport-Security" in world.client.get(PATH, base_url="https://localhost").headers


def test_without_the_database_it_is_a_503_and_no_old_page(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.comment(world.person())
    get(world), get(world)

    def unreachable(*_: object) -> None:
        raise OperationalError("SELECT 1", {}, ConnectionRefusedError())

    monkeypatch.setattr(world.database, "ask", unreachable)
    world.database.forget_recent()

    assert get(world).status_code == 503


def test_an_answer_that_failed_at_the_last_moment_is_not_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.comment(world.person())

    def failing(answer: Any) -> Any:
        raise RuntimeError

    hooks = world.app.after_request_funcs[None]
    monkeypatch.setitem(world.app.after_request_funcs, None, [*hooks, failing])
    assert get(world).status_code == 500
    monkeypatch.setitem(world.app.after_request_funcs, None, hooks)

    assert [get(world).status_code for _ in range(2)] == [200, 200]


def test_other_methods_and_bodies_are_for_the_application(world: World, application: Counting) -> None:
    world.comment(world.person())
    get(world), get(world)
    asked = application.calls

    world.client.head(PATH)
    world.client.options(PATH)
    world.client.get(PATH, data=b"{}")

    assert application.calls == asked + 3


def test_what_is_known_is_bounded(world: World, application: Counting, monkeypatch: pytest.MonkeyPatch) -> None:
    world.comment(world.person())
    monkeypatch.setattr(replays, "MOST", 2)
    for limit in (1, 2, 3):
        get(world, f"{PATH}?limit={limit}")
    asked = application.calls

    get(world, f"{PATH}?limit=3")
    assert application.calls == asked
    get(world, f"{PATH}?limit=1")
    assert application.calls == asked + 1


def test_requests_that_are_long_to_tell_apart_are_not_remembered(world: World, application: Counting) -> None:
    world.comment(world.person())
    etag = get(world).headers["ETag"]
    long = ", ".join([etag, *[f'"{"x" * 20}"'] * 100])
    asked = application.calls

    assert [get(world, If_None_Match=long).status_code for _ in range(2)] == [304, 304]

    assert application.calls == asked + 2


def test_each_request_has_its_line_in_the_log(world: World, log_lines: Callable[[], list[dict[str, Any]]]) -> None:
    world.comment(world.person())
    first = get(world)
    (before,) = [line for line in log_lines() if line.get("request_id") == first.headers["X-Request-Id"]]

    second = get(world)

    (line,) = log_lines()
    assert line["request_id"] == second.headers["X-Request-Id"]
    assert line.keys() == before.keys()
    own = {"request_id", "timestamp", "duration_ms"}
    assert {k: v for k, v in line.items() if k not in own} == {k: v for k, v in before.items() if k not in own}
