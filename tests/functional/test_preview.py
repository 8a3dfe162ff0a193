"""Trying a text out before sending it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from moderation.db import Base
from moderation.models import Article, LimitWindow
from tests.sentences import CALM, insult, sentence
from tests.world import ORIGIN, World, json_of, some_id

PATH = "/sites/demo/articles/artikel-1/comments/preview"


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def rows(world: World) -> dict[str, int]:
    with world.database.read() as session:
        return {
            table.name: session.scalar(select(func.count()).select_from(table)) or 0
            for table in Base.metadata.sorted_tables
            if table is not LimitWindow.__table__
        }


@pytest.mark.parametrize(("body", "outcome"), [(sentence(0), "publish"), (insult(1), "hold")])
def test_a_preview_says_what_would_happen_and_stores_nothing(world: World, body: str, outcome: str) -> None:
    reader = world.person()
    before = rows(world)

    answer = world.call("POST", PATH, {"body": body}, by=reader, headers={"Origin": ORIGIN})

    told = json_of(answer)
    assert (answer.status_code, told["outcome"]) == (200, outcome)
    assert rows(world) == before
    assert json_of(world.post(reader, body))["status"] == {"publish": "published", "hold": "held"}[outcome]


def test_a_preview_shows_the_doubtful_passage_but_no_scores(world: World) -> None:
    told = json_of(world.call("POST", PATH, {"body": insult(1)}, by=world.person(), headers={"Origin": ORIGIN}))

    assert [reason["code"] for reason in told["reasons"]] == ["toxicity"]
    (passage,) = told["passages"]
    assert insult(1)[passage["begin"] : passage["end"]] == "Wer das anders sieht, ist ein Murrkopf."
    assert set(told) == {"outcome", "reasons", "passages", "body_html"}
    assert set(passage) == {"begin", "end"}


def test_a_preview_is_refused_where_the_comment_would_be(world: World) -> None:
    reader = world.person()

    def status(body: object, headers: dict[str, str]) -> tuple[int, str]:
        answer = world.call("POST", PATH, body, by=reader, headers=headers)
        return answer.status_code, json_of(answer).get("code", "")

    assert status({"body": sentence(0)}, {}) == (404, "article_not_found")
    assert status({"body": sentence(0)}, {"Origin": "https://fremd.example"}) == (403, "origin_not_allowed")
    assert status({"body": "  \u200b "}, {"Origin": ORIGIN}) == (422, "invalid_input")
    assert status({"body": sentence(0), "parent_id": some_id()}, {"Origin": ORIGIN}) == (422, "invalid_input")
    world.comment(reader, sentence(1))
    assert status({"body": sentence(0)}, {}) == (200, "")
    with world.database.write() as session:
        session.scalars(select(Article)).one().closed = True
    assert status({"body": sentence(0)}, {}) == (403, "article_closed")


def test_a_preview_without_a_classifier_says_so(world: World) -> None:
    world.classifier.available = False

    answer = world.call("POST", PATH, {"body": sentence(0)}, by=world.person(), headers={"Origin": ORIGIN})

    assert (answer.status_code, json_of(answer)["code"]) == (503, "classifier_unavailable")


def test_previews_are_limited_per_account(make_world: object) -> None:
    world = make_world(previews_per_account=2)
    world.site()
    first, second = world.person(), world.person()

    def status(by: object) -> int:
        return world.call("POST", PATH, {"body": sentence(0)}, by=by, headers={"Origin": ORIGIN}).status_code

    assert [status(first), status(first), status(first), status(second)] == [200, 200, 429, 200]
    world.clock.move(seconds=301)
    assert status(first) == 200
