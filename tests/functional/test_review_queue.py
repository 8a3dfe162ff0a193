"""The moderators' queue: what is in it, in which order, and what a decision does."""

from __future__ import annotations

import base64
import dataclasses
import json
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from moderation.models import Comment, Role
from tests.integrity import assert_whole
from tests.parallel import at_once
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of, some_id


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


@pytest.fixture
def moderator(world: World) -> Person:
    return world.person(Role.MODERATOR, "demo", name="Erika")


def queue(world: World, by: Person, **query: Any) -> dict[str, Any]:
    answer = world.call("GET", "/review-queue", by=by, query_string=query)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return json_of(answer)


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def flag(world: World, comment: dict[str, Any], reason: str = "spam") -> None:
    answer = world.call("POST", f"/comments/{comment['id']}/flags", {"reason": reason}, by=world.person())
    assert answer.status_code == 201
    world.clock.move(minutes=1)


def set_risk(world: World, comment: dict[str, Any], risk: float) -> None:
    with world.database.write() as session:
        session.get_one(Comment, UUID(comment["id"])).risk = risk


def test_the_queue_holds_what_is_held_or_flagged_and_nothing_else(world: World, moderator: Person) -> None:
    reader = world.person()
    world.comment(reader, sentence(0))
    held = world.comment(reader, insult(1))
    flagged = world.comment(reader, sentence(2))
    flag(world, flagged)

    page = queue(world, moderator, sort="oldest")

    assert ids(page) == [held["id"], flagged["id"]]
    assert page["counts"] == {"held": 1, "flagged": 1, "appealed": 0, "all": 2}
    assert ids(queue(world, moderator, status="held")) == [held["id"]]
    assert ids(queue(world, moderator, status="flagged")) == [flagged["id"]]


@pytest.mark.parametrize(
    ("reason", "expected"), [("toxicity", [0]), ("spam", [1]), ("hate", [2]), ("threat", []), ("\u0000", [])]
)
def test_the_queue_can_be_narrowed_to_a_reason(
    world: World, moderator: Person, reason: str, expected: list[int]
) -> None:
    reader = world.person()
    waiting = [world.comment(reader, insult(0)), world.comment(reader, sentence(1)), world.comment(reader, sentence(2))]
    flag(world, waiting[1], "spam")
    flag(world, waiting[2], "hate")

    answer = world.call("GET", "/review-queue", by=moderator, query_string={"reason": reason})

    if reason == "\u0000":
        assert answer.status_code in (200, 422)
    else:
        assert ids(json_of(answer)) == [waiting[index]["id"] for index in expected]


@pytest.mark.parametrize(
    ("sort", "expected"), [("risk", [2, 0, 3, 1]), ("oldest", [0, 1, 2, 3]), ("newest", [3, 2, 1, 0])]
)
@pytest.mark.parametrize("limit", [1, 3, 4])
def test_pages_of_the_queue_hold_everything_once_in_order(
    world: World, moderator: Person, sort: str, expected: list[int], limit: int
) -> None:
    reader = world.person()
    waiting = [world.comment(reader, insult(number)) for number in range(4)]
    for comment, risk in zip(waiting, (0.7, 0.1, 0.9, 0.7), strict=True):
        set_risk(world, comment, risk)

    seen: list[str] = []
    cursor = None
    while True:
        page = queue(world, moderator, sort=sort, limit=limit, **({"cursor": cursor} if cursor else {}))
        seen += ids(page)
        assert len(page["items"]) <= limit
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == [waiting[index]["id"] for index in expected]


def test_comments_queued_at_the_same_moment_are_not_lost_between_pages(world: World, moderator: Person) -> None:
    reader = world.person()
    waiting = [json_of(world.post(reader, insult(number)))["id"] for number in range(3)]

    for sort in ("oldest", "newest", "risk"):
        first = queue(world, moderator, sort=sort, limit=2)
        rest = queue(world, moderator, sort=sort, limit=2, cursor=first["next_cursor"])
        assert sorted(ids(first) + ids(rest)) == sorted(waiting)


def forged(*position: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("sort", "position"),
    [
        ("risk", ("risk", 1, "x")),
        ("risk", ("risk", 0.5, "x")),
        ("risk", ("risk", float("nan"), some_id())),
        ("risk", ("risk", float("inf"), some_id())),
        ("oldest", ("oldest", "gestern", some_id())),
        ("oldest", ("oldest", "2026-01-01T00:00:00", some_id())),
        ("oldest", ("oldest", "9999-12-31T23:59:59-23:59", some_id())),
        ("newest", ("newest", "0001-01-01T00:00:00+23:59", some_id())),
        ("newest", ("oldest", "2026-01-01T00:00:00+00:00", some_id())),
        ("newest", ("newest", ["2026"], some_id())),
    ],
)
def test_a_forged_cursor_is_refused(world: World, moderator: Person, sort: str, position: tuple[Any, ...]) -> None:
    answer = world.call("GET", "/review-queue", by=moderator, query_string={"sort": sort, "cursor": forged(*position)})

    assert (answer.status_code, list(json_of(answer)["errors"])) == (422, ["cursor"])


def test_an_item_shows_all_that_a_moderator_needs(world: World, moderator: Person) -> None:
    reader, other = world.person(name="Ada"), world.person(name="Bob")
    world.comment(reader, sentence(0))
    parent = world.comment(other, sentence(1))
    held = world.comment(reader, insult(2), parent=parent["id"])

    (item,) = queue(world, moderator)["items"]

    assert (item["id"], item["status"], item["revision"], item["body"]) == (held["id"], "held", 1, insult(2))
    assert item["scores"] == {"toxicity": 0.9, "insult": 0.8}
    assert item["thresholds"] == {"toxicity": 0.5, "insult": 0.5}
    assert item["risk"] == 0.9
    assert item["language"] == "de"
    assert item["model"] == {"name": "fake", "digest": "f" * 64}
    assert [reason["code"] for reason in item["reasons"]] == ["toxicity"]
    assert item["decided_by"] == "machine"
    (passage,) = item["passages"]
    assert insult(2)[passage["begin"] : passage["end"]].endswith("Murrkopf.")
    assert passage["labels"] == ["toxicity", "insult"]
    (verdict,) = item["verdicts"]
    assert (verdict["rule"], verdict["outcome"], verdict["reason"]["code"]) == ("toxicity", "hold", "toxicity")
    assert verdict["evidence"]["scores"] == {"toxicity": 0.9, "insult": 0.8}
    assert (item["author"]["display_name"], item["author"]["published"], item["author"]["held"]) == ("Ada", 1, 1)
    assert (item["parent"]["author"], item["parent"]["body"]) == ("Bob", sentence(1))
    assert item["article"]["id"] == "artikel-1"
    assert queue(world, moderator)["items"][0] == world.queue_item(held["id"], moderator)


def test_a_parent_that_was_taken_down_is_not_shown_with_the_reply(world: World, moderator: Person) -> None:
    reader = world.person()
    parent = world.comment(reader, sentence(0))
    held = world.comment(reader, insult(1), parent=parent["id"])
    world.call("DELETE", f"/comments/{parent['id']}", by=reader)

    assert world.queue_item(held["id"], moderator)["parent"] is None


def test_an_item_of_a_comment_that_nobody_has_screened_yet_is_empty_where_nothing_is_known(
    world: World, moderator: Person
) -> None:
    world.classifier.available = False
    own = world.comment(world.person(), sentence(0))

    item = world.queue_item(own["id"], moderator)

    assert (item["status"], item["model"], item["scores"], item["verdicts"]) == ("screening", None, {}, [])
    assert (item["decided_by"], item["reasons"], item["language"]) == (None, [], None)


@pytest.mark.parametrize(("action", "status"), [("publish", "published"), ("reject", "rejected")])
def test_a_decision_is_carried_out_and_put_on_record(world: World, moderator: Person, action: str, status: str) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))

    answer = world.review(held, action, moderator, reason_code="insult", note="  Ein Hinweis. ")

    decided = json_of(answer)
    assert (decided["from_status"], decided["to_status"], decided["actor"]) == ("held", status, "Erika")
    assert (decided["note"], decided["by_machine"], decided["revision"]) == ("Ein Hinweis.", False, 1)
    assert [reason["code"] for reason in decided["reasons"]] == ["insult"]
    assert queue(world, moderator)["counts"]["all"] == 0
    assert world.thread()["total"] == (1 if action == "publish" else 0)
    assert_whole(world.database)


def test_moderators_change_their_minds_and_every_change_stays_on_record(world: World, moderator: Person) -> None:
    reader, second = world.person(), world.person(Role.ADMIN, name="Hans")
    own = world.comment(reader, sentence(0))
    for action, by in (("reject", moderator), ("publish", second), ("reject", moderator)):
        assert world.review(own, action, by).status_code == 200

    history = json_of(world.call("GET", f"/comments/{own['id']}/decisions", by=moderator))["items"]

    assert [(entry["action"], entry["actor"], entry["by_machine"]) for entry in history] == [
        ("publish", None, True),
        ("reject", "Erika", False),
        ("publish", "Hans", False),
        ("reject", "Erika", False),
    ]
    assert [entry["from_status"] for entry in history] == ["screening", "published", "rejected", "published"]
    assert world.thread()["total"] == 0
    assert_whole(world.database)


def test_the_history_goes_on_after_the_author_withdrew(world: World, moderator: Person) -> None:
    reader = world.person()
    own = world.comment(reader, sentence(0))
    world.call("DELETE", f"/comments/{own['id']}", by=reader)

    history = json_of(world.call("GET", f"/comments/{own['id']}/decisions", by=moderator))["items"]

    assert [entry["action"] for entry in history] == ["publish", "withdraw"]


def test_a_decision_on_a_version_that_is_no_longer_current_is_refused(world: World, moderator: Person) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))
    version = world.queue_item(held["id"], moderator)["version"]
    world.call("PATCH", f"/comments/{held['id']}", {"body": insult(1)}, by=reader)

    answer = world.review(held, "publish", moderator, version=version)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "stale_review")
    assert world.thread()["total"] == 0
    assert world.review(held, "publish", moderator).status_code == 200


def test_of_two_moderators_at_once_one_decides_and_the_other_is_told(world: World, moderator: Person) -> None:
    second = world.person(Role.MODERATOR, "demo")
    held = world.comment(world.person(), insult(0))
    version = world.queue_item(held["id"], moderator)["version"]

    answers = at_once(
        [
            lambda: world.review(held, "publish", moderator, version=version),
            lambda: world.review(held, "reject", second, version=version),
        ]
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]
    history = json_of(world.call("GET", f"/comments/{held['id']}/decisions", by=moderator))["items"]
    assert len(history) == 2
    assert_whole(world.database)


def test_nobody_decides_about_a_withdrawn_comment(world: World, moderator: Person) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))
    version = world.queue_item(held["id"], moderator)["version"]
    world.call("DELETE", f"/comments/{held['id']}", by=reader)

    answer = world.review(held, "publish", moderator, version=version)

    assert (answer.status_code, json_of(answer)["code"]) == (409, "not_reviewable")


@pytest.mark.parametrize(
    ("details", "field"),
    [
        ({"reason_code": "boring"}, "reason_code"),
        ({"note": "ä" * 2001}, "note"),
        ({"note": "\0"}, "note"),
        ({"action": "hold"}, "action"),
        ({"version": 0}, "version"),
        ({"version": 2**31}, "version"),
        ({"version": "1"}, "version"),
    ],
)
def test_a_decision_with_a_wrong_field_is_refused(
    world: World, moderator: Person, details: dict[str, Any], field: str
) -> None:
    held = world.comment(world.person(), insult(0))
    wish = {"action": "publish", "version": world.queue_item(held["id"], moderator)["version"], **details}

    answer = world.call("PUT", f"/review-queue/{held['id']}/decision", wish, by=moderator)

    assert (answer.status_code, list(json_of(answer)["errors"])) == (422, [field])
    assert queue(world, moderator)["counts"]["held"] == 1


def test_another_sites_moderator_sees_nothing_and_decides_nothing(world: World) -> None:
    world.site("andere")
    stranger = world.person(Role.MODERATOR, "andere")
    held = world.comment(world.person(), insult(0))
    paths = (f"/review-queue/{held['id']}", f"/comments/{held['id']}/decisions", "/review-queue?site=demo")

    assert queue(world, stranger) == {
        "items": [],
        "next_cursor": None,
        "counts": {"held": 0, "flagged": 0, "appealed": 0, "all": 0},
        "oldest_at": None,
    }
    assert [world.call("GET", path, by=stranger).status_code for path in paths] == [404, 404, 404]
    assert world.review(held, "publish", stranger, version=2).status_code == 404
    (result,) = batch(world, stranger, [(held["id"], "publish", 2)])
    assert (result["ok"], result["problem"]["code"]) == (False, "comment_not_found")
    assert world.thread()["total"] == 0


def test_an_admin_sees_all_sites_and_can_look_at_one(world: World) -> None:
    world.site("andere")
    admin, both = world.person(Role.ADMIN), world.person(Role.MODERATOR, "andere", "demo")
    reader = world.person()
    here = world.comment(reader, insult(0))["id"]
    there = world.comment(reader, insult(1), site="andere")["id"]

    for staff in (admin, both):
        assert set(ids(queue(world, staff))) == {here, there}
        assert ids(queue(world, staff, site="andere")) == [there]
        assert queue(world, staff, site="andere")["counts"]["all"] == 1
    assert world.call("GET", "/review-queue?site=nirgends", by=admin).status_code == 404


def test_moderators_are_told_a_sites_name_beside_its_key_and_readers_the_key_alone(
    world: World, moderator: Person
) -> None:
    held = world.comment(world.person(), insult(0))

    listed, alone = queue(world, moderator)["items"][0], world.queue_item(held["id"], moderator)

    assert listed["article"] == alone["article"] == {**held["article"], "site_name": "Demo"}
    assert held["article"]["site"] == "demo"
    assert "site_name" not in held["article"]


def batch(world: World, by: Person, entries: list[tuple[str, str, int]]) -> list[dict[str, Any]]:
    wish = {
        "decisions": [{"comment_id": one, "action": action, "version": version} for one, action, version in entries]
    }
    answer = world.call("POST", "/review-queue/decisions", wish, by=by)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    results: list[dict[str, Any]] = json_of(answer)["results"]
    return results


def test_a_batch_gives_each_decision_a_result_of_its_own_in_order(world: World, moderator: Person) -> None:
    reader = world.person()
    waiting = [world.comment(reader, insult(number)) for number in range(4)]
    versions = [world.queue_item(comment["id"], moderator)["version"] for comment in waiting]
    gone = some_id()
    entries = [
        (waiting[0]["id"], "publish", versions[0]),
        (gone, "publish", 1),
        (waiting[1]["id"], "reject", versions[1]),
        (waiting[2]["id"], "publish", versions[2] + 1),
        (waiting[3]["id"], "publish", versions[3]),
        (waiting[3]["id"], "reject", versions[3]),
    ]

    results = batch(world, moderator, entries)

    assert [result["comment_id"] for result in results] == [entry[0] for entry in entries]
    assert [result["ok"] for result in results] == [True, False, True, False, True, False]
    assert [result["problem"]["code"] for result in results if not result["ok"]] == [
        "comment_not_found",
        "stale_review",
        "stale_review",
    ]
    assert [result["decision"]["to_status"] for result in results if result["ok"]] == [
        "published",
        "rejected",
        "published",
    ]
    assert world.thread()["total"] == 2
    assert queue(world, moderator)["counts"]["all"] == 1
    assert_whole(world.database)


def test_a_batch_says_which_field_of_which_decision_is_wrong(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    version = world.queue_item(held["id"], moderator)["version"]
    entry = {"comment_id": held["id"], "action": "reject", "version": version, "note": "ä" * 2001}

    (result,) = json_of(world.call("POST", "/review-queue/decisions", {"decisions": [entry]}, by=moderator))["results"]

    assert (result["ok"], result["problem"]["status"]) == (False, 422)
    assert result["problem"]["errors"]["note"][0]["code"] == "too_long"


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_one_to_a_hundred_decisions(world: World, moderator: Person, count: int) -> None:
    entry = {"comment_id": some_id(), "action": "publish", "version": 1}

    answer = world.call("POST", "/review-queue/decisions", {"decisions": [entry] * count}, by=moderator)

    assert (answer.status_code, list(json_of(answer)["errors"])) == (422, ["decisions"])


def test_a_reply_and_its_parent_can_be_decided_in_one_batch(world: World, moderator: Person) -> None:
    reader = world.person()
    parent = world.comment(reader, sentence(0))
    reply = world.comment(reader, insult(1), parent=parent["id"])
    versions = {one["id"]: world.queue_item(one["id"], moderator)["version"] for one in (parent, reply)}

    results = batch(
        world,
        moderator,
        [(parent["id"], "reject", versions[parent["id"]]), (reply["id"], "publish", versions[reply["id"]])],
    )

    assert [result["ok"] for result in results] == [True, True]
    (shown,) = world.thread()["items"]
    assert (shown["status"], [one["id"] for one in shown["replies"]]) == ("removed", [reply["id"]])
    assert_whole(world.database)


def test_batches_over_the_same_threads_do_not_wait_for_each_other_for_ever(world: World, moderator: Person) -> None:
    """On PostgreSQL rows are locked one by one: two batches that lock them in different orders would deadlock."""
    world.set_policy(dataclasses.replace(CALM, burst_limit=10_000))
    reader = world.person()
    tops = [world.comment(reader, sentence(number)) for number in range(6)]
    replies = [world.comment(reader, insult(number), parent=top["id"]) for number, top in enumerate(tops)]
    versions = {one["id"]: world.queue_item(one["id"], moderator)["version"] for one in (*tops, *replies)}
    first = [(one["id"], "publish", versions[one["id"]]) for one in (*replies[::2], *tops[1::2])]
    second = [(one["id"], "reject", versions[one["id"]]) for one in (*tops[::2], *replies[1::2])]

    def singly() -> list[dict[str, Any]]:
        return [json_of(world.post(world.person(), sentence(20 + number))) for number in range(4)]

    results = at_once(
        [
            lambda: batch(world, moderator, first),
            lambda: batch(world, moderator, second),
            lambda: [batch(world, moderator, [entry])[0] for entry in reversed(first)],
            singly,
        ]
    )

    assert all(result["ok"] for result in results[1])
    assert all(comment["status"] == "published" for comment in results[3])
    assert_whole(world.database)


def test_a_queue_page_takes_the_same_number_of_queries_however_long_it_is(world: World, moderator: Person) -> None:
    from sqlalchemy import event

    statements: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def cost() -> int:
        statements.clear()
        queue(world, moderator, limit=100)
        return len(statements)

    world.comment(world.person(), insult(0))
    few = cost()
    for number in range(1, 8):
        world.comment(world.person(), insult(number))

    assert cost() == few
    with world.database.read() as session:
        assert len(session.scalars(select(Comment.id)).all()) == 8


@pytest.mark.parametrize(("method", "path"), [("GET", "/review-queue"), ("POST", "/review-queue/decisions")])
def test_the_queue_is_not_for_readers(world: World, method: str, path: str) -> None:
    body = {"decisions": [{"comment_id": some_id(), "action": "publish", "version": 1}]} if method == "POST" else None

    assert world.call(method, path, body, by=world.person()).status_code == 403
    assert world.call(method, path, body).status_code == 401
