"""Authors ask for a second look at what was refused, and a person answers."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from api.maintenance import Maintenance
from moderation import erasure, rescreening, retention
from moderation.models import Account, Appeal, Comment, OutboxMessage, Role
from moderation.policies import WordLists
from moderation.retention import Periods
from moderation.screening.pipeline import default_rules
from tests.integrity import assert_whole
from tests.parallel import at_once
from tests.postbox import Postbox, plain
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of

POLICY = dataclasses.replace(CALM, word_lists=WordLists(False, banned=("Vollpfosten",)), flags_to_hold=2)
BANNED = "Solche Vollpfosten gehören nicht in den Stadtrat."
WHY = "Das war ein Zitat aus dem Artikel."


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(POLICY)
    return world


@pytest.fixture
def author(world: World) -> Person:
    return world.person(name="Ada")


@pytest.fixture
def moderator(world: World) -> Person:
    return world.person(Role.MODERATOR, "demo", name="Erika")


def appeal(world: World, comment: dict[str, Any], by: Person | None, text: str | None = WHY) -> TestResponse:
    return world.call("POST", f"/comments/{comment['id']}/appeal", {"text": text}, by=by)


def appealed(world: World, comment: dict[str, Any], by: Person, text: str | None = WHY) -> dict[str, Any]:
    answer = appeal(world, comment, by, text)
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return json_of(answer)


def own(world: World, comment: dict[str, Any], by: Person) -> dict[str, Any]:
    return json_of(world.call("GET", f"/comments/{comment['id']}", by=by))


def refused(world: World, author: Person, moderator: Person, **details: Any) -> dict[str, Any]:
    """A comment that a moderator refused."""
    comment = world.comment(author, insult(0))
    wish = {"reason_code": "insult", "note": "Bitte ohne Schimpfwort.", **details}
    assert world.review(comment, "reject", moderator, **wish).status_code == 200
    return own(world, comment, author)


def queue(world: World, by: Person, status: str = "appealed", **query: Any) -> dict[str, Any]:
    return json_of(world.call("GET", "/review-queue", by=by, query_string={"status": status, **query}))


def code_of(answer: TestResponse) -> tuple[int, str]:
    return answer.status_code, json_of(answer)["code"]


def instant(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


# Appealing.


def test_an_author_appeals_a_refusal_and_it_stays_refused_meanwhile(
    world: World, author: Person, moderator: Person
) -> None:
    comment = refused(world, author, moderator)
    assert comment["appeal"] is None
    assert instant(comment["appealable_until"]) > world.clock() + dt.timedelta(days=179)

    answer = appealed(world, comment, author)

    assert (answer["status"], answer["appealable_until"]) == ("rejected", None)
    assert (answer["appeal"]["status"], answer["appeal"]["text"]) == ("waiting", WHY)
    assert answer["appeal"]["decided_at"] is None
    assert "noch einmal" in answer["appeal"]["explanation"]
    assert world.call("GET", f"/comments/{comment['id']}").status_code == 404
    assert own(world, comment, author) == answer
    mine = json_of(world.call("GET", "/accounts/me/comments", by=author))["items"]
    assert mine[0]["appeal"] == answer["appeal"]
    assert_whole(world.database)


def test_what_the_machine_refused_can_be_appealed_too(world: World, author: Person, moderator: Person) -> None:
    comment = world.comment(author, BANNED)
    assert (comment["status"], comment["decided_by"]) == ("rejected", "machine")
    assert comment["appealable_until"] is not None
    assert comment == own(world, comment, author)

    appealed(world, comment, author, None)

    (item,) = queue(world, moderator)["items"]
    assert (item["id"], item["status"]) == (comment["id"], "rejected")
    assert item["appeal"]["text"] is None
    assert item["appeal"]["refusal"]["by_machine"] is True
    assert item["appeal"]["refusal"]["by_you"] is False
    assert [reason["code"] for reason in item["appeal"]["refusal"]["reasons"]] == ["banned_word"]


def test_the_same_appeal_again_changes_nothing_and_another_is_refused(
    world: World, author: Person, moderator: Person
) -> None:
    comment = refused(world, author, moderator)
    first = appealed(world, comment, author)
    version = world.queue_item(comment["id"], moderator)["version"]

    assert appealed(world, comment, author) == first
    assert code_of(appeal(world, comment, author, "Noch etwas.")) == (409, "already_appealed")
    assert world.queue_item(comment["id"], moderator)["version"] == version


def test_many_appeals_at_once_are_one(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)

    answers = at_once([lambda: appeal(world, comment, author).status_code] * 8)

    assert answers == [201] * 8
    assert queue(world, moderator)["counts"]["appealed"] == 1
    with world.database.read() as session:
        assert len(session.scalars(select(Appeal)).all()) == 1


@pytest.mark.parametrize("text", ["", "  \n", None])
def test_an_appeal_needs_no_explanation(world: World, author: Person, moderator: Person, text: str | None) -> None:
    assert appealed(world, refused(world, author, moderator), author, text)["appeal"]["text"] is None


@pytest.mark.parametrize(
    ("text", "code"), [("a" * 1001, "too_long"), ("a\u0000b", "control_characters"), (5, "invalid")]
)
def test_an_explanation_that_is_none_is_refused_and_changes_nothing(
    world: World, author: Person, moderator: Person, text: Any, code: str
) -> None:
    comment = refused(world, author, moderator)

    answer = appeal(world, comment, author, text)

    assert code_of(answer) == (422, "invalid_input")
    assert list(json_of(answer)["errors"]) == ["text"]
    assert own(world, comment, author) == comment
    assert appealed(world, comment, author, "a" * 1000)["appeal"]["text"] == "a" * 1000


def test_only_what_is_refused_can_be_appealed(world: World, author: Person, moderator: Person) -> None:
    published, held = world.comment(author, sentence(1)), world.comment(author, insult(1))

    assert code_of(appeal(world, published, author)) == (409, "not_refused")
    assert code_of(appeal(world, held, author)) == (409, "not_refused")
    comment = refused(world, author, moderator)
    world.call("DELETE", f"/comments/{comment['id']}", by=author)
    assert code_of(appeal(world, comment, author)) == (404, "comment_not_found")
    assert code_of(appeal(world, {"id": str(uuid.uuid4())}, author)) == (404, "comment_not_found")


def test_nobody_appeals_for_another(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)

    assert code_of(appeal(world, comment, None)) == (401, "not_signed_in")
    assert code_of(appeal(world, comment, world.person())) == (404, "comment_not_found")
    assert code_of(appeal(world, comment, moderator)) == (404, "comment_not_found")
    assert code_of(appeal(world, world.comment(author, sentence(3)), world.person())) == (403, "not_author")


def test_after_half_a_year_it_is_too_late(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    until = instant(comment["appealable_until"])
    author = world.signed_in_again(author)

    world.clock.move(seconds=(until - world.clock()).total_seconds() + 1)
    again = world.signed_in_again(author)
    assert code_of(appeal(world, comment, again)) == (409, "appeal_too_late")
    world.clock.move(seconds=-2)
    assert appeal(world, comment, world.signed_in_again(author)).status_code == 201


def test_a_text_that_was_removed_cannot_be_looked_at(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    world.clock.move(days=40)
    retention.enforce(world.database, Periods(refused=dt.timedelta(days=30)), now=world.clock())
    author = world.signed_in_again(author)

    assert own(world, comment, author)["appealable_until"] is None
    assert code_of(appeal(world, comment, author)) == (409, "appeal_too_late")


def test_a_site_can_switch_appeals_off_and_set_their_time(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)

    world.set_policy(dataclasses.replace(POLICY, appeal_days=0))
    assert own(world, comment, author)["appealable_until"] is None
    assert code_of(appeal(world, comment, author)) == (403, "appeals_off")

    world.set_policy(dataclasses.replace(POLICY, appeal_days=3))
    until = instant(own(world, comment, author)["appealable_until"])
    assert until - world.clock() <= dt.timedelta(days=3)


@pytest.mark.parametrize("kind", ["suspension", "ban", "warning"])
def test_who_may_not_write_may_appeal(world: World, author: Person, moderator: Person, kind: str) -> None:
    comment = refused(world, author, moderator)
    world.sanction(author, kind, days=3 if kind == "suspension" else None)

    assert appealed(world, comment, world.signed_in_again(author))["appeal"]["status"] == "waiting"


def test_who_never_confirmed_their_address_does_so_first(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    with world.database.write() as session:
        session.get_one(Account, author.account.id).unconfirmed = True

    assert own(world, comment, author)["appealable_until"] is None
    assert code_of(appeal(world, comment, author)) == (403, "address_unconfirmed")


def test_appeals_are_limited(make_world: Callable[..., World]) -> None:
    world = make_world(appeals_per_account=1)
    world.site(policy=POLICY)
    author, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    comments = [world.comment(author, f"{BANNED} {number}") for number in range(2)]

    assert appeal(world, comments[0], author).status_code == 201
    assert code_of(appeal(world, comments[1], author)) == (429, "rate_limited")
    assert queue(world, moderator)["counts"]["appealed"] == 1


# Answering.


def test_publishing_grants_an_appeal(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    (item,) = queue(world, moderator)["items"]
    refusal = item["appeal"]["refusal"]
    assert (item["appeal"]["text"], item["appeal"]["status"]) == (WHY, "waiting")
    assert (refusal["actor"], refusal["by_you"], refusal["note"]) == ("Erika", True, "Bitte ohne Schimpfwort.")
    assert queue(world, world.person(Role.ADMIN))["items"][0]["appeal"]["refusal"]["by_you"] is False

    assert world.review(item, "publish", moderator, note="Sie haben recht.").status_code == 200

    after = own(world, comment, author)
    assert (after["status"], after["appeal"]["status"], after["note"]) == ("published", "granted", "Sie haben recht.")
    assert after["appeal"]["decided_at"] is not None
    assert queue(world, moderator)["items"] == []
    assert world.call("GET", f"/comments/{comment['id']}").status_code == 200
    assert_whole(world.database)


def test_rejecting_denies_an_appeal_and_ends_it(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)

    assert world.review(comment, "reject", moderator, reason_code="hate", note="Es bleibt dabei.").status_code == 200

    after = own(world, comment, author)
    assert (after["status"], after["appeal"]["status"], after["note"]) == ("rejected", "denied", "Es bleibt dabei.")
    assert [reason["code"] for reason in after["reasons"]] == ["hate"]
    assert after["appealable_until"] is None
    assert code_of(appeal(world, comment, author)) == (409, "already_appealed")
    assert queue(world, moderator)["counts"] == {"held": 0, "flagged": 0, "appealed": 0, "all": 0}
    world.review(comment, "reject", moderator, reason_code="insult")
    assert code_of(appeal(world, comment, author)) == (409, "already_appealed")
    assert_whole(world.database)


def test_a_new_refusal_can_be_appealed_again(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    world.review(comment, "publish", moderator)
    world.clock.move(minutes=1)
    world.review(comment, "reject", moderator, reason_code="hate")

    assert own(world, comment, author)["appeal"] is None
    assert own(world, comment, author)["appealable_until"] is not None
    assert appealed(world, comment, author, "Schon wieder?")["appeal"]["text"] == "Schon wieder?"


def test_an_appeal_makes_a_decision_stale_that_did_not_know_of_it(
    world: World, author: Person, moderator: Person
) -> None:
    comment = refused(world, author, moderator)
    seen = world.queue_item(comment["id"], moderator)["version"]
    appealed(world, comment, author)

    answer = world.review(comment, "reject", moderator, version=seen)
    undone = world.call(
        "DELETE", f"/review-queue/{comment['id']}/decision", by=moderator, query_string={"version": seen}
    )

    assert code_of(answer) == code_of(undone) == (409, "stale_review")
    assert own(world, comment, author)["appeal"]["status"] == "waiting"


def test_a_refused_edit_that_is_appealed_in_vain_leaves_what_readers_see(
    world: World, author: Person, moderator: Person
) -> None:
    comment = world.comment(author, sentence(1))
    edited = json_of(world.call("PATCH", f"/comments/{comment['id']}", {"body": BANNED}, by=author))
    assert (edited["status"], edited["published_revision"]) == ("rejected", 1)
    appealed(world, comment, author)

    world.review(comment, "reject", moderator, reason_code="insult")

    after = own(world, comment, author)
    assert (after["appeal"]["status"], after["published_revision"]) == ("denied", 1)
    assert json_of(world.call("GET", f"/comments/{comment['id']}"))["body"] == sentence(1)
    world.review(comment, "reject", moderator, reason_code="insult")
    assert world.call("GET", f"/comments/{comment['id']}").status_code == 404
    assert_whole(world.database)


def test_flags_on_what_readers_see_leave_the_appeal_to_a_person(
    world: World, author: Person, moderator: Person
) -> None:
    comment = world.comment(author, sentence(1))
    world.call("PATCH", f"/comments/{comment['id']}", {"body": BANNED}, by=author)
    appealed(world, comment, author)
    for _ in range(2):
        world.call("POST", f"/comments/{comment['id']}/flags", {"reason": "hate"}, by=world.person())

    item = world.queue_item(comment["id"], moderator)
    assert (item["status"], item["appeal"]["status"]) == ("held", "waiting")
    assert queue(world, moderator)["counts"] == {"held": 1, "flagged": 1, "appealed": 1, "all": 1}
    assert own(world, comment, author)["appeal"]["status"] == "waiting"
    assert_whole(world.database)

    world.clock.move(days=100)
    retention.enforce(world.database, Periods(), now=world.clock())
    moderator = world.signed_in_again(moderator)
    assert world.queue_item(comment["id"], moderator)["appeal"]["status"] == "waiting"
    world.review(comment, "reject", moderator, reason_code="hate")
    assert own(world, comment, world.signed_in_again(author))["appeal"]["status"] == "denied"
    assert world.call("GET", f"/comments/{comment['id']}").status_code == 404


def test_an_edit_makes_an_appeal_pointless(world: World, author: Person, moderator: Person) -> None:
    comment = world.comment(author, sentence(1))
    world.call("PATCH", f"/comments/{comment['id']}", {"body": BANNED}, by=author)
    appealed(world, comment, author)
    for _ in range(2):
        world.call("POST", f"/comments/{comment['id']}/flags", {"reason": "hate"}, by=world.person())

    world.call("PATCH", f"/comments/{comment['id']}", {"body": sentence(2)}, by=author)

    assert world.queue_item(comment["id"], moderator)["appeal"]["status"] == "closed"
    assert_whole(world.database)


@pytest.mark.parametrize("action", ["publish", "reject"])
def test_an_answer_taken_back_waits_again(world: World, author: Person, moderator: Person, action: str) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    before = world.queue_item(comment["id"], moderator)
    world.clock.move(minutes=1)
    made = json_of(world.review(comment, action, moderator, reason_code=None if action == "publish" else "hate"))

    taken = world.call(
        "DELETE", f"/review-queue/{comment['id']}/decision", by=moderator, query_string={"version": made["version"]}
    )

    assert taken.status_code == 200
    after = world.queue_item(comment["id"], moderator)
    assert {key: after[key] for key in ("status", "queued_at", "appeal")} == {
        key: before[key] for key in ("status", "queued_at", "appeal")
    }
    assert queue(world, moderator)["counts"]["appealed"] == 1
    assert own(world, comment, author)["appeal"]["status"] == "waiting"
    assert_whole(world.database)
    world.review(comment, "publish", moderator)
    assert own(world, comment, author)["appeal"]["status"] == "granted"


def test_many_are_answered_at_once(world: World, author: Person, moderator: Person) -> None:
    comments = [world.comment(author, f"{BANNED} {number}") for number in range(2)]
    for comment in comments:
        appealed(world, comment, author)
    wishes = [
        {"comment_id": item["id"], "version": item["version"], "action": action}
        for item, action in zip(queue(world, moderator)["items"], ("publish", "reject"), strict=True)
    ]

    results = json_of(world.call("POST", "/review-queue/decisions", {"decisions": wishes}, by=moderator))["results"]

    assert [result["ok"] for result in results] == [True, True]
    found = {own(world, comment, author)["appeal"]["status"] for comment in comments}
    assert found == {"granted", "denied"}


def test_a_removal_that_is_taken_back_grants_the_appeals_against_it(
    world: World, author: Person, moderator: Person
) -> None:
    comment = world.comment(author, sentence(1))
    path = f"/sites/demo/authors/{author.account.id}/removals"
    removal = json_of(world.call("POST", path, {"action": "reject", "reason_code": "spam"}, by=moderator))
    Maintenance(world.services, Postbox(world)).go_on_removing()
    appealed(world, comment, author)

    world.call("DELETE", f"{path}/{removal['id']}", by=moderator)
    Maintenance(world.services, Postbox(world)).go_on_removing()

    after = own(world, comment, author)
    assert (after["status"], after["appeal"]["status"]) == ("published", "granted")
    assert_whole(world.database)


# The machine keeps out of it.


def test_screening_again_leaves_an_appeal_to_a_person(world: World, author: Person, moderator: Person) -> None:
    comment, late = world.comment(author, BANNED), world.comment(author, f"{BANNED} Noch einmal.")
    world.set_policy(CALM)
    appealed(world, comment, author)
    with world.database.read() as session:
        assert rescreening.candidates(session, "demo") == [uuid.UUID(late["id"])]
        finding = rescreening.look(session, uuid.UUID(late["id"]))
    found = rescreening.find(finding, default_rules(), world.classifier)
    assert found.changes
    appealed(world, late, author)
    with world.database.write() as session:
        changed = dataclasses.replace(
            found, seen=dataclasses.replace(found.seen, version=session.get_one(Comment, uuid.UUID(late["id"])).version)
        )
        assert rescreening.apply(session, changed, now=world.clock()) is False

    assert queue(world, moderator)["counts"]["appealed"] == 2


# The queue.


def test_the_queue_counts_and_finds_appeals(world: World, author: Person, moderator: Person) -> None:
    held = world.comment(author, insult(5))
    comment = refused(world, author, moderator)
    world.site("zweite")
    foreign = world.person(Role.MODERATOR, "zweite", name="Fremd")
    state = "/review-queue/state"

    def counts(**query: Any) -> dict[str, int]:
        found: dict[str, int] = json_of(world.call("GET", state, by=moderator, query_string=query))["counts"]
        return found

    assert counts() == {"held": 1, "flagged": 0, "appealed": 0, "all": 1}
    appealed(world, comment, author)
    assert counts() == counts(site="demo") == {"held": 1, "flagged": 0, "appealed": 1, "all": 2}
    assert counts(article="anderswo") == {"held": 0, "flagged": 0, "appealed": 0, "all": 0}
    assert counts(q="Murrkopf", author=str(author.account.id))["appealed"] == 1
    assert [item["id"] for item in queue(world, moderator)["items"]] == [comment["id"]]
    assert {item["id"] for item in queue(world, moderator, "all")["items"]} == {held["id"], comment["id"]}
    assert [item["id"] for item in queue(world, moderator, "held")["items"]] == [held["id"]]
    for sort in ("risk", "oldest", "newest"):
        page = queue(world, moderator, sort=sort)
        assert [item["id"] for item in page["items"]] == [comment["id"]]
        assert page["oldest_at"] == page["items"][0]["queued_at"]
    assert queue(world, foreign)["counts"]["appealed"] == 0
    watched = json_of(world.call("GET", state, by=moderator, query_string={"ids": comment["id"]}))["items"]
    assert watched[0]["is_waiting"] is True


def test_the_record_shows_every_decision_about_an_appealed_comment(
    world: World, author: Person, moderator: Person
) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    world.review(comment, "reject", moderator, reason_code="hate")

    items = json_of(world.call("GET", f"/comments/{comment['id']}/decisions", by=moderator))["items"]

    assert [(item["action"], item["answers_appeal"]) for item in items] == [
        ("hold", False),
        ("reject", False),
        ("reject", True),
    ]


def test_the_figures_count_appeals_by_what_became_of_them(world: World, author: Person, moderator: Person) -> None:
    comments = [world.comment(author, f"{BANNED} {number}") for number in range(4)]
    for comment in comments[:3]:
        appealed(world, comment, author)
    world.clock.move(minutes=10)
    world.review(comments[0], "publish", moderator)
    world.review(comments[1], "reject", moderator, reason_code="hate")

    found = json_of(world.call("GET", "/figures", by=moderator))["appeals"]

    assert {name: found[name] for name in ("all", "waiting", "granted", "denied", "closed")} == {
        "all": 3,
        "waiting": 1,
        "granted": 1,
        "denied": 1,
        "closed": 0,
    }
    assert found["median_s"] == 600
    world.site("zweite")
    foreign = world.person(Role.MODERATOR, "zweite")
    assert json_of(world.call("GET", "/figures", by=foreign))["appeals"]["all"] == 0


def test_the_reason_of_the_refusal_is_suggested_again(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator, reason_code="off_topic")
    assert world.queue_item(comment["id"], moderator)["suggested_reason"] == "insult"
    appealed(world, comment, author)
    assert world.queue_item(comment["id"], moderator)["suggested_reason"] == "off_topic"


def test_an_author_who_leaves_and_an_answer_do_not_wait_for_each_other(world: World, moderator: Person) -> None:
    for number in range(8):
        author = world.person()
        comment = world.comment(author, f"{BANNED} {number}")
        appealed(world, comment, author)
        version = world.queue_item(comment["id"], moderator)["version"]

        def leave(author: Person = author) -> int:
            erasure.erase_account(world.database, author.account.id, erasure.Fate.KEEP, now=world.clock())
            return 204

        def answer(comment: dict[str, Any] = comment, version: int = version) -> int:
            return world.review(comment, "publish", moderator, version=version).status_code

        left, answered = at_once([leave, answer])

        assert left == 204
        assert answered in (200, 409)
    assert_whole(world.database)


# Letters.


def test_the_author_is_written_to_once_the_answer_is_final(world: World, author: Person, moderator: Person) -> None:
    postbox = Postbox(world)
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    world.call("PUT", "/sites/demo/articles/artikel-1", {"title": "Der Haushalt"}, by=moderator)
    postbox.empty()
    made = json_of(world.review(comment, "publish", moderator))
    assert postbox.empty() == []
    world.call(
        "DELETE", f"/review-queue/{comment['id']}/decision", by=moderator, query_string={"version": made["version"]}
    )
    world.clock.move(minutes=5)
    world.review(comment, "reject", moderator, reason_code="insult", note="Es {bleibt} dabei.")
    world.clock.move(minutes=11)

    (letter,) = postbox.empty()

    assert letter["To"] == author.account.email
    text = plain(letter)
    assert "bei der Ablehnung" in text
    assert "„Es {bleibt} dabei.“" in text
    assert "zu „Der Haushalt“" in text
    assert "deinen Kommentar" in text
    world.clock.move(minutes=11)
    assert postbox.empty() == []
    with world.database.read() as session:
        stored = session.scalars(select(OutboxMessage).where(OutboxMessage.kind.startswith("appeal"))).all()
        assert all("bleibt" not in str(message.context) for message in stored)


def test_a_granted_appeal_is_told_by_letter_too_and_in_english(world: World, moderator: Person) -> None:
    author = world.person(name="Ada")
    with world.database.write() as session:
        session.get_one(Account, author.account.id).language = "en"
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    postbox = Postbox(world)
    postbox.empty()
    world.review(comment, "publish", moderator)
    world.clock.move(minutes=11)

    (letter,) = postbox.empty()

    assert letter["Subject"] == "Your comment on Demo is published"
    assert "your comment again and published it" in plain(letter)


def test_no_letter_says_what_is_no_longer_so(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    postbox = Postbox(world)
    postbox.empty()
    world.review(comment, "publish", moderator)
    world.clock.move(minutes=1)
    world.review(comment, "reject", world.person(Role.ADMIN), reason_code="hate")
    world.clock.move(minutes=11)

    assert postbox.empty() == []
    with world.database.read() as session:
        assert not session.scalars(select(OutboxMessage).where(OutboxMessage.kind.startswith("appeal"))).all()


def test_staff_are_spoken_to_formally(world: World, moderator: Person) -> None:
    colleague = world.person(Role.MODERATOR, "demo", name="Kollege")
    comment = refused(world, colleague, moderator)
    appealed(world, comment, colleague)
    postbox = Postbox(world)
    postbox.empty()
    world.review(comment, "reject", moderator, reason_code="insult", note="Bitte anders.")
    world.clock.move(minutes=11)

    (letter,) = postbox.empty()

    assert "Ihren Kommentar" in plain(letter)
    assert "dein" not in plain(letter)


# What is kept.


def test_an_explanation_goes_with_the_text(world: World, author: Person, moderator: Person) -> None:
    denied, granted = refused(world, author, moderator), world.comment(author, BANNED)
    for comment, action in ((denied, "reject"), (granted, "publish")):
        appealed(world, comment, author)
        world.review(comment, action, moderator, reason_code="hate" if action == "reject" else None)
    waiting = world.comment(author, f"{BANNED} Immer noch.")
    appealed(world, waiting, author)

    def texts() -> list[str | None]:
        with world.database.read() as session:
            return list(session.scalars(select(Appeal.text).order_by(Appeal.id)))

    world.clock.move(days=183)
    retention.enforce(world.database, Periods(), now=world.clock())
    assert texts() == [WHY, WHY, WHY]
    world.clock.move(days=2)
    retention.enforce(world.database, Periods(), now=world.clock())
    assert texts() == [None, None, WHY]


def test_a_withdrawn_comment_takes_its_appeal_along(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    world.call("DELETE", f"/comments/{comment['id']}", by=author)

    assert queue(world, moderator)["counts"]["appealed"] == 0
    world.clock.move(days=31)
    retention.enforce(world.database, Periods(), now=world.clock())
    with world.database.read() as session:
        (kept,) = session.scalars(select(Appeal)).all()
        assert (kept.status, kept.text) == ("closed", None)
    assert_whole(world.database)


@pytest.mark.parametrize("fate", ["keep", "remove"])
def test_nothing_of_an_appeal_outlives_its_author(world: World, moderator: Person, fate: str) -> None:
    author = world.person()
    waiting = world.comment(author, sentence(1))
    world.call("PATCH", f"/comments/{waiting['id']}", {"body": BANNED}, by=author)
    granted = world.comment(author, f"{BANNED} Zwei.")
    for comment in (waiting, granted):
        appealed(world, comment, author)
    world.review(granted, "publish", moderator)

    erasure.erase_account(world.database, author.account.id, erasure.Fate(fate), now=world.clock())

    with world.database.read() as session:
        found = session.execute(select(Appeal.status, Appeal.text).order_by(Appeal.id)).all()
        assert [tuple(row) for row in found] == [("closed", None), ("granted", None)]
        assert not session.scalars(select(OutboxMessage).where(OutboxMessage.account_id == author.account.id)).all()
    assert_whole(world.database)


def test_the_export_has_the_appeals(world: World, author: Person, moderator: Person) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    world.review(comment, "publish", moderator)

    exported = json_of(world.call("GET", "/accounts/me/export", by=author))["comments"][0]["appeals"]

    assert [(entry["revision"], entry["status"], entry["text"]) for entry in exported] == [(1, "granted", WHY)]


# Beside a release that knows no appeals.


@pytest.mark.parametrize(("status", "outcome"), [("published", "granted"), ("rejected", "denied")])
def test_what_a_previous_release_decided_is_the_answer(
    world: World, author: Person, moderator: Person, status: str, outcome: str
) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    world.review(comment, "publish" if status == "published" else "reject", moderator)
    with world.database.write() as session:
        session.execute(update(Appeal).values(status="waiting", decision_id=None, decided_at=None))

    Maintenance(world.services, Postbox(world)).tidy()

    assert own(world, comment, author)["appeal"]["status"] == outcome
    assert_whole(world.database)


def test_what_a_previous_release_took_out_of_the_queue_waits_again(
    world: World, author: Person, moderator: Person
) -> None:
    comment = refused(world, author, moderator)
    appealed(world, comment, author)
    with world.database.write() as session:
        session.execute(update(Comment).values(queued_at=None))

    Maintenance(world.services, Postbox(world)).tidy()

    assert [item["id"] for item in queue(world, moderator)["items"]] == [comment["id"]]
    assert own(world, comment, author)["appeal"]["status"] == "waiting"
