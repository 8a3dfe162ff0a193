"""Narrowing, searching and watching the moderators' queue."""

from __future__ import annotations

from typing import Any

import pytest

from moderation.models import Role
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of


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


def state(world: World, by: Person, **query: Any) -> dict[str, Any]:
    return json_of(world.call("GET", "/review-queue/state", by=by, query_string=query))


def test_the_queue_can_be_narrowed_to_article_author_and_label(world: World, moderator: Person) -> None:
    ada, bob = world.person(name="Ada"), world.person(name="Bob")
    here = world.comment(ada, insult(0))
    there = world.comment(bob, insult(1), article="artikel-2")
    flagged = world.comment(ada, sentence(2))
    world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam"}, by=bob)

    assert ids(queue(world, moderator, article="artikel-2")) == [there["id"]]
    assert set(ids(queue(world, moderator, author=str(ada.account.id)))) == {here["id"], flagged["id"]}
    assert set(ids(queue(world, moderator, label="insult"))) == {here["id"], there["id"]}
    assert ids(queue(world, moderator, label="threat")) == []
    assert ids(queue(world, moderator, article="artikel-1", label="toxicity")) == [here["id"]]


def test_the_counts_are_those_of_what_is_asked_for(world: World, moderator: Person) -> None:
    ada, bob = world.person(), world.person()
    for number in range(3):
        world.comment(ada, insult(number))
    world.comment(bob, insult(4))
    flagged = world.comment(bob, sentence(5))
    world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": "spam"}, by=ada)

    by_bob = queue(world, moderator, author=str(bob.account.id), status="held")

    assert queue(world, moderator)["counts"] == {"held": 4, "flagged": 1, "appealed": 0, "all": 5}
    assert by_bob["counts"] == {"held": 1, "flagged": 1, "appealed": 0, "all": 2}
    assert len(by_bob["items"]) == 1


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("radweg", {0}),
        ("RADWEG", {0}),
        ("ÖSTERREICH", {1}),
        ("österreich", {1}),
        ("gemeinde wer", {0, 1, 2}),
        ("wer gemeinde", {0, 1, 2}),
        ('"Gemeinde hat mit"', {1}),
        ('"mit Gemeinde"', set()),
        ("Lorelei", {0, 1, 2}),
        ("lorelei park", {2}),
        ("100%", set()),
        ("_", set()),
        ("\\", set()),
        ("' OR 1=1 --", set()),
        ("   ", {0, 1, 2}),
    ],
)
def test_words_are_found_in_texts_and_names_in_whatever_case(
    world: World, moderator: Person, words: str, expected: set[int]
) -> None:
    reader = world.person(name="Lorelei")
    waiting = [world.comment(reader, insult(number))["id"] for number in (0, 60, 30)]

    found = ids(queue(world, moderator, q=words))

    assert set(found) == {waiting[index] for index in expected}


def test_too_many_words_are_refused(world: World, moderator: Person) -> None:
    for words in ("a b c d e f g h i", "x" * 201):
        answer = world.call("GET", "/review-queue", by=moderator, query_string={"q": words})
        assert (answer.status_code, list(json_of(answer)["errors"])) == (422, ["q"])


@pytest.mark.parametrize("label", ["", "Insult", "insult'", 'a"b', "a" * 41, "a.b", "$"])
def test_a_label_that_cannot_be_one_is_refused(world: World, moderator: Person, label: str) -> None:
    answer = world.call("GET", "/review-queue", by=moderator, query_string={"label": label})

    assert (answer.status_code, list(json_of(answer)["errors"])) == (422, ["label"])


def test_what_does_not_wait_is_found_too_but_nothing_withdrawn(world: World, moderator: Person) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))["id"]
    published = world.comment(reader, sentence(1))["id"]
    refused = world.comment(reader, sentence(2))
    withdrawn = world.comment(reader, sentence(3))["id"]
    world.review(refused, "reject", moderator)
    world.call("DELETE", f"/comments/{withdrawn}", by=reader)

    assert ids(queue(world, moderator, status="published")) == [published]
    assert ids(queue(world, moderator, status="rejected")) == [refused["id"]]
    assert ids(queue(world, moderator, status="any", sort="oldest")) == [held, published, refused["id"]]
    assert ids(queue(world, moderator, status="any", sort="newest")) == [refused["id"], published, held]
    assert set(ids(queue(world, moderator, status="any", sort="risk"))) == {held, published, refused["id"]}


def test_pages_of_everything_hold_everything_once(world: World, moderator: Person) -> None:
    reader = world.person()
    everything = [world.comment(reader, sentence(number))["id"] for number in range(5)]

    first = queue(world, moderator, status="any", sort="oldest", limit=3)
    rest = queue(world, moderator, status="any", sort="oldest", limit=3, cursor=first["next_cursor"])

    assert ids(first) + ids(rest) == everything
    assert rest["next_cursor"] is None


def test_the_age_of_the_oldest_is_that_of_what_is_asked_for(world: World, moderator: Person) -> None:
    reader = world.person()
    first = world.clock()
    world.comment(reader, insult(0))
    second = world.clock()
    world.comment(reader, insult(1), article="artikel-2")

    assert queue(world, moderator)["oldest_at"] == first.isoformat()
    assert queue(world, moderator, article="artikel-2")["oldest_at"] == second.isoformat()
    assert queue(world, moderator, status="flagged")["oldest_at"] is None


def test_the_state_says_what_became_of_what_a_moderator_looks_at(world: World, moderator: Person) -> None:
    reader, colleague = world.person(), world.person(Role.MODERATOR, "demo", name="Hans")
    waiting = [world.comment(reader, insult(number)) for number in range(3)]
    seen = [comment["id"] for comment in waiting]
    world.review(waiting[1], "reject", colleague)
    world.call("DELETE", f"/comments/{seen[2]}", by=reader)

    found = state(world, moderator, ids=",".join(reversed(seen)))

    assert found["counts"] == {"held": 1, "flagged": 0, "appealed": 0, "all": 1}
    decided, still = found["items"]
    assert (decided["id"], decided["is_waiting"], decided["status"]) == (seen[1], False, "rejected")
    assert (decided["action"], decided["actor"]) == ("reject", "Hans")
    assert (still["id"], still["is_waiting"], still["actor"], still["action"]) == (seen[0], True, None, "hold")
    assert still["version"] == world.queue_item(seen[0], moderator)["version"]


def test_a_state_that_did_not_change_is_not_sent_again(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    query = {"ids": held["id"]}
    first = world.call("GET", "/review-queue/state", by=moderator, query_string=query)
    seen = {"If-None-Match": first.headers["ETag"]}

    same = world.call("GET", "/review-queue/state", by=moderator, query_string=query, headers=seen)
    world.review(held, "publish", world.person(Role.ADMIN))
    other = world.call("GET", "/review-queue/state", by=moderator, query_string=query, headers=seen)

    assert (same.status_code, same.get_data()) == (304, b"")
    assert other.status_code == 200
    assert json_of(other)["counts"]["all"] == 0


@pytest.mark.parametrize("given", ["x", "1,2", ",".join(["00000000-0000-7000-8000-000000000000"] * 101)])
def test_ids_that_are_none_or_too_many_are_refused(world: World, moderator: Person, given: str) -> None:
    answer = world.call("GET", "/review-queue/state", by=moderator, query_string={"ids": given})

    assert answer.status_code == 422


def test_e5_another_sites_comments_have_no_state_and_are_no_choice(world: World) -> None:
    world.site("andere")
    stranger = world.person(Role.MODERATOR, "andere")
    held = world.comment(world.person(), insult(0))

    found = state(world, stranger, ids=held["id"])
    choices = json_of(world.call("GET", "/review-queue/choices", by=stranger))

    assert (found["items"], found["counts"]["all"], found["oldest_at"]) == ([], 0, None)
    assert [site["value"] for site in choices.pop("sites")] == ["andere"]
    assert choices == {"articles": [], "authors": [], "reasons": [], "labels": []}
    for path in ("/review-queue/state?site=demo", "/review-queue/choices?site=demo"):
        assert world.call("GET", path, by=stranger).status_code == 404
    for status in ("any", "published", "rejected", "all"):
        assert ids(queue(world, stranger, status=status, q="murrkopf")) == []


def test_choices_say_how_many_comments_wait_behind_each(world: World, moderator: Person) -> None:
    ada, bob = world.person(name="Ada"), world.person(name="Bob")
    world.comment(ada, insult(0))
    world.comment(ada, insult(1), article="artikel-2")
    flagged = world.comment(ada, insult(2))
    world.review(flagged, "publish", moderator)
    for reason, by in (("spam", bob), ("spam", world.person()), ("hate", moderator)):
        world.call("POST", f"/comments/{flagged['id']}/flags", {"reason": reason}, by=by)
    world.comment(bob, insult(3))

    found = json_of(world.call("GET", "/review-queue/choices", by=moderator))

    def tally(kind: str) -> dict[str, int]:
        return {entry["value"]: entry["count"] for entry in found[kind]}

    assert tally("sites") == {"demo": 4}
    assert tally("articles") == {"artikel-1": 3, "artikel-2": 1}
    assert [(entry["name"], entry["count"]) for entry in found["authors"]] == [("Ada", 3), ("Bob", 1)]
    assert tally("reasons") == {"toxicity": 4, "spam": 1, "hate": 1}
    assert tally("labels") == {"toxicity": 4, "insult": 4}
    for kind in ("articles", "authors", "reasons", "labels"):
        for value, count in tally(kind).items():
            query = {kind.removesuffix("s"): value}
            assert queue(world, moderator, **query)["counts"]["all"] == count, query


def test_an_item_suggests_the_reason_that_a_refusal_would_have(world: World, moderator: Person) -> None:
    reader = world.person()
    held = world.comment(reader, insult(0))
    published = world.comment(reader, sentence(1))
    assert world.queue_item(published["id"], moderator)["suggested_reason"] is None

    world.call("POST", f"/comments/{published['id']}/flags", {"reason": "off_topic"}, by=world.person())

    assert world.queue_item(held["id"], moderator)["suggested_reason"] == "insult"
    assert world.queue_item(published["id"], moderator)["suggested_reason"] == "off_topic"


def test_an_item_names_who_decided_last(world: World, moderator: Person) -> None:
    held = world.comment(world.person(), insult(0))
    before = world.queue_item(held["id"], moderator)["decision"]

    world.review(held, "reject", moderator, note="Bitte sachlich.")
    after = world.queue_item(held["id"], moderator)["decision"]

    assert (before["actor"], before["by_machine"], before["action"]) == (None, True, "hold")
    assert (after["actor"], after["by_machine"], after["action"]) == ("Erika", False, "reject")
    assert after["note"] == "Bitte sachlich."
