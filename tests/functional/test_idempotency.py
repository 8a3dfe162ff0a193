"""Control I1: a repeated request makes no second comment."""

from __future__ import annotations

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from moderation import submissions
from moderation.actors import Actor
from moderation.models import Comment, IdempotencyKey
from moderation.submissions import NewComment
from tests.parallel import at_once
from tests.sentences import CALM, insult, sentence
from tests.world import World, json_of


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def stored(world: World) -> int:
    with world.database.read() as session:
        return session.scalar(select(func.count()).select_from(Comment)) or 0


@pytest.mark.parametrize("body", [sentence(0), insult(0)])
def test_i1_a_repetition_gets_the_same_answer_and_makes_no_second_comment(world: World, body: str) -> None:
    reader = world.person()
    first = world.post(reader, body, Idempotency_Key="eins")
    world.clock.move(hours=1)

    again = world.post(reader, body, Idempotency_Key="eins")

    assert (again.status_code, json_of(again)) == (first.status_code, json_of(first))
    assert again.get_data() == first.get_data()
    assert again.headers["Location"] == first.headers["Location"]
    assert first.headers.get("Idempotent-Replay") is None
    assert again.headers["Idempotent-Replay"] == "true"
    assert stored(world) == 1


def test_i1_the_answer_stays_the_same_though_the_comment_has_changed_since(world: World) -> None:
    reader = world.person()
    first = json_of(world.post(reader, sentence(0), Idempotency_Key="eins"))
    world.call("PATCH", f"/comments/{first['id']}", {"body": sentence(1)}, by=reader)

    assert json_of(world.post(reader, sentence(0), Idempotency_Key="eins")) == first


@pytest.mark.parametrize("change", ["body", "article", "parent"])
def test_i1_the_same_key_with_another_request_is_refused_and_changes_nothing(world: World, change: str) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0), Idempotency_Key="eins")
    other = {
        "body": {"body": sentence(1)},
        "article": {"body": sentence(0), "article": "zwei"},
        "parent": {"body": sentence(0), "parent": own["id"]},
    }[change]

    answer = world.post(reader, **other, Idempotency_Key="eins")

    assert (answer.status_code, json_of(answer)["code"]) == (422, "idempotency_key_reused")
    assert stored(world) == 1


def test_i1_two_people_may_use_the_same_key(world: World) -> None:
    for _ in range(2):
        assert world.post(world.person(), sentence(0), Idempotency_Key="eins").status_code == 201

    assert stored(world) == 2


def test_i1_parallel_repetitions_make_one_comment(world: World) -> None:
    reader = world.person()

    answers = at_once([lambda: world.post(reader, sentence(0), Idempotency_Key="eins")] * 10)

    assert {answer.status_code for answer in answers} <= {201, 409}
    made = [json_of(answer) for answer in answers if answer.status_code == 201]
    assert len({answer["id"] for answer in made}) == 1
    assert all(json_of(answer)["code"] == "request_in_progress" for answer in answers if answer.status_code == 409)
    assert stored(world) == 1


def test_i1_a_repetition_during_the_screening_does_not_replace_the_first_answer(world: World) -> None:
    world.classifier.gate = threading.Event()
    reader = world.person()

    def repeat() -> str:
        assert world.classifier.entered.wait(timeout=10)
        status = str(json_of(world.post(reader, sentence(0), Idempotency_Key="eins"))["status"])
        world.classifier.gate.set()
        return status

    first, meanwhile = at_once(
        [lambda: json_of(world.post(reader, sentence(0), Idempotency_Key="eins"))["status"], repeat]
    )

    assert (first, meanwhile) == ("published", "screening")
    assert json_of(world.post(reader, sentence(0), Idempotency_Key="eins"))["status"] == "published"


def test_i1_a_repetition_after_a_crash_gets_the_comment_as_it_is(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0), Idempotency_Key="eins")
    with world.database.write() as session:
        session.scalars(select(IdempotencyKey)).one().answer = None

    answer = world.post(reader, sentence(0), Idempotency_Key="eins")

    assert (answer.status_code, json_of(answer)["id"]) == (201, own["id"])


def test_i1_the_text_of_a_withdrawn_comment_is_not_in_a_repeated_answer(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0), Idempotency_Key="eins")
    world.call("DELETE", f"/comments/{own['id']}", by=reader)

    answer = world.post(reader, sentence(0), Idempotency_Key="eins")

    assert (answer.status_code, json_of(answer)["code"]) == (404, "comment_not_found")
    assert stored(world) == 1


def test_i1_an_answer_that_is_kept_after_the_comment_was_withdrawn_is_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request that wrote it and the one that withdraws it may overlap."""
    reader = world.person()
    keep = submissions.keep_answer

    def withdrawn_first(session: Session, command: NewComment, actor: Actor, answer: dict[str, Any]) -> None:
        submissions.withdraw(session, uuid.UUID(answer["id"]), actor=actor, now=world.clock())
        keep(session, command, actor, answer)

    monkeypatch.setattr(submissions, "keep_answer", withdrawn_first)
    world.comment(reader, sentence(0), Idempotency_Key="eins")

    with world.database.read() as session:
        assert sentence(0) not in str(session.scalars(select(IdempotencyKey)).one().answer)


def test_i1_a_key_is_kept_for_a_day(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0), Idempotency_Key="eins")
    world.clock.move(hours=23, minutes=58)
    assert json_of(world.post(reader, sentence(0), Idempotency_Key="eins"))["id"] == own["id"]

    world.clock.move(minutes=1)

    assert json_of(world.post(reader, sentence(0), Idempotency_Key="eins"))["id"] != own["id"]
    assert stored(world) == 2


def test_i1_old_keys_are_forgotten(world: World) -> None:
    reader = world.person()
    world.comment(reader, sentence(0), Idempotency_Key="alt")
    world.clock.move(hours=20)
    world.comment(reader, sentence(1), Idempotency_Key="neu")

    with world.database.write() as session:
        submissions.forget_old_keys(session, now=world.clock() + dt.timedelta(hours=5))

    with world.database.read() as session:
        assert session.scalars(select(IdempotencyKey.key)).all() == ["neu"]


@pytest.mark.parametrize("key", ["", "x" * 201, "mit\tTab"])
def test_i1_a_key_is_printable_and_short(world: World, key: str) -> None:
    answer = world.post(world.person(), sentence(0), Idempotency_Key=key)

    assert answer.status_code == 422
    assert json_of(answer)["errors"]["Idempotency-Key"][0]["code"] == "invalid_idempotency_key"
    assert stored(world) == 0
