"""Controls E: who may see and do what. The matrix of all calls is in ``test_authorization_matrix.py``."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from moderation import accounts
from moderation.erasure import Fate, erase_account
from moderation.errors import LastAdminError
from moderation.models import Account, Decision, Flag, OutboxMessage, Role, Vote
from tests.checksums import changed, checksums
from tests.world import ARTICLE, ORIGIN, Person, World, json_of

AT_ONCE = 20
SECRET = "Nur für mich: Murrkopf"


def hidden_comments(world: World, author: Person, moderator: Person) -> dict[str, str]:
    """One comment in each state that others must not see, by state."""
    held = world.comment(author, f"{SECRET} 1")
    rejected = world.comment(author, f"{SECRET} 2")
    assert world.review(rejected, "reject", moderator).status_code == 200
    withdrawn = world.comment(author, "Nur für mich: zurückgezogen")
    assert world.call("DELETE", f"/comments/{withdrawn['id']}", by=author).status_code == 204
    world.classifier.available = False
    waiting = world.comment(author, f"{SECRET} 3")
    world.classifier.available = True
    assert waiting["status"] == "screening"
    return {"held": held["id"], "rejected": rejected["id"], "withdrawn": withdrawn["id"], "waiting": waiting["id"]}


def test_e2_what_is_not_published_is_nowhere_to_be_found(world: World) -> None:
    author, other, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    world.comment(author, "Für alle.")
    hidden = hidden_comments(world, author, moderator)

    assert set(hidden) == {"held", "rejected", "withdrawn", "waiting"}
    for state, comment_id in hidden.items():
        for by in (None, other):
            for path in (f"/comments/{comment_id}", f"/comments/{comment_id}/replies"):
                assert (state, world.call("GET", path, by=by).status_code) == (state, 404)
    for by in (None, other, moderator):
        for sort in ("oldest", "newest", "top"):
            page = world.call("GET", f"/sites/demo/articles/{ARTICLE}/comments?sort={sort}", by=by)
            assert [item["body"] for item in json_of(page)["items"]] == ["Für alle."]
            assert json_of(page)["total"] == 1
            assert "Nur für mich" not in page.get_data(as_text=True)
    counts = json_of(world.call("GET", f"/sites/demo/counts?articles={ARTICLE}"))
    assert counts == {"counts": {ARTICLE: 1}}
    assert "Nur für mich" not in world.call("GET", "/accounts/me/comments", by=other).get_data(as_text=True)


def test_e2_hidden_comments_take_no_votes_flags_or_replies(world: World) -> None:
    author, other, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    hidden = hidden_comments(world, author, moderator)
    before = checksums(world.database)

    for comment_id in hidden.values():
        assert world.call("PUT", f"/comments/{comment_id}/vote", {"value": 1}, by=other).status_code == 404
        assert world.call("DELETE", f"/comments/{comment_id}/vote", by=other).status_code == 404
        assert world.call("POST", f"/comments/{comment_id}/flags", {"reason": "spam"}, by=other).status_code == 404
        assert world.call("PATCH", f"/comments/{comment_id}", {"body": "Meins."}, by=other).status_code == 404
        assert world.call("DELETE", f"/comments/{comment_id}", by=other).status_code == 404
        assert world.post(other, parent=comment_id).status_code == 422

    assert changed(before, checksums(world.database)) == {"limit_window"}


def test_e2_a_held_reply_does_not_show_in_its_parents_count(world: World) -> None:
    author, other = world.person(), world.person()
    parent = world.comment(author)
    world.comment(other, SECRET, parent=parent["id"])

    assert world.thread()["items"][0]["reply_count"] == 0
    assert json_of(world.call("GET", f"/comments/{parent['id']}/replies"))["items"] == []
    assert len(json_of(world.call("GET", f"/comments/{parent['id']}/replies", by=other))["items"]) == 1


def test_e2_the_text_of_a_withdrawn_comment_is_in_no_answer_though_its_place_stays(world: World) -> None:
    author, other, moderator = world.person(name="Ada"), world.person(), world.person(Role.MODERATOR, "demo")
    parent = world.comment(author, "Etwas Peinliches.", Idempotency_Key="once")
    reply = world.comment(other, "Eine Antwort.", parent=parent["id"])
    world.call("DELETE", f"/comments/{parent['id']}", by=author)

    place = world.thread()["items"][0]

    assert (place["id"], place["status"], place["body"], place["author"]) == (parent["id"], "removed", None, None)
    assert [one["id"] for one in place["replies"]] == [reply["id"]]
    for by in (None, author, other, moderator):
        for path in (
            f"/sites/demo/articles/{ARTICLE}/comments",
            f"/comments/{parent['id']}",
            f"/comments/{parent['id']}/replies",
            f"/comments/{reply['id']}",
            "/accounts/me/comments",
            "/review-queue",
            f"/review-queue/{parent['id']}",
            f"/review-queue/{reply['id']}",
            f"/comments/{parent['id']}/decisions",
        ):
            assert "Etwas Peinliches" not in world.call("GET", path, by=by).get_data(as_text=True)
    replayed = world.post(author, "Etwas Peinliches.", Idempotency_Key="once")
    assert "Etwas Peinliches" not in replayed.get_data(as_text=True)


EXTRA = [
    ("POST", f"/sites/demo/articles/{ARTICLE}/comments", {"body": "Text."}, ["status", "author_id", "id", "score"]),
    ("POST", f"/sites/demo/articles/{ARTICLE}/comments/preview", {"body": "Text."}, ["outcome", "article"]),
    ("PATCH", "/comments/{comment}", {"body": "Text."}, ["status", "published_number", "parent_id"]),
    ("PUT", "/comments/{comment}/vote", {"value": 1}, ["account_id", "score"]),
    ("POST", "/comments/{comment}/flags", {"reason": "spam"}, ["account_id", "resolved_at"]),
    ("PUT", f"/sites/demo/articles/{ARTICLE}", {"title": "Neu"}, ["published_count", "site_id", "id"]),
    ("PUT", "/review-queue/{comment}/decision", {"action": "publish", "version": 1}, ["actor_id", "decided_at"]),
    ("POST", "/accounts", {"email": "a@example.org", "display_name": "A", "password": "Ahorn und Linde"}, ["role"]),
    ("POST", "/sessions", {"email": "a@example.org", "password": "Ahorn und Linde"}, ["expires_at", "role"]),
    ("POST", "/sites/demo/sessions", {"token": "x"}, ["role", "site", "account_id"]),
]


@pytest.mark.parametrize(("method", "path", "body", "extra"), EXTRA, ids=[f"{row[0]} {row[1]}" for row in EXTRA])
def test_e3_fields_that_a_call_does_not_have_are_refused(
    world: World, method: str, path: str, body: dict[str, Any], extra: list[str]
) -> None:
    admin = world.person(Role.ADMIN)
    comment = world.comment(admin)
    before = checksums(world.database)

    for name in extra:
        answer = world.call(method, path.format(comment=comment["id"]), {**body, name: None}, by=admin)
        assert (name, answer.status_code) == (name, 422)
        assert [entry["code"] for entry in json_of(answer)["errors"][name]] == ["unknown_field"]

    assert checksums(world.database) == before


def test_e3_a_filter_that_a_list_does_not_have_is_refused(world: World) -> None:
    admin = world.person(Role.ADMIN)
    world.comment(admin)

    lists = [f"/sites/demo/articles/{ARTICLE}/comments", "/review-queue", "/accounts/me/comments", "/sites/demo/counts"]
    for path in lists:
        answer = world.call("GET", path, by=admin, query_string={"articles": ARTICLE, "stauts": "held"})
        assert (path, answer.status_code) == (path, 422)
        assert [entry["code"] for entry in json_of(answer)["errors"]["stauts"]] == ["unknown_field"]


def names_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {name for part in value.values() for name in names_in(part)}
    return {name for part in value for name in names_in(part)} if isinstance(value, list) else set()


def test_e4_scores_and_addresses_are_in_no_answer_but_the_moderators(world: World) -> None:
    author, other, moderator = world.person(), world.person(), world.person(Role.MODERATOR, "demo")
    parent = world.comment(author)
    held = world.comment(author, "Du Murrkopf!")
    world.call("POST", f"/comments/{parent['id']}/flags", {"reason": "spam", "text": "Werbung!"}, by=other)
    inside = {"scores", "thresholds", "risk", "verdicts", "evidence", "model", "flags", "version"}

    for by in (None, author, other):
        for path in (
            f"/sites/demo/articles/{ARTICLE}/comments",
            f"/comments/{parent['id']}",
            f"/comments/{parent['id']}/replies",
            f"/comments/{held['id']}",
            "/accounts/me/comments",
        ):
            answer = world.call("GET", path, by=by)
            if answer.status_code == 200:
                assert not names_in(json_of(answer)) & (inside | {"email", "ip", "remote_address"})
            text = answer.get_data(as_text=True)
            assert "@example.org" not in text
            assert "0.9" not in text
            assert "Werbung!" not in text
    previewed = world.call("POST", f"/sites/demo/articles/{ARTICLE}/comments/preview", {"body": SECRET}, by=author)
    assert not names_in(json_of(previewed)) & inside

    seen = world.queue_item(held["id"], moderator)
    assert inside <= names_in(seen)
    assert "@example.org" not in repr(seen)


def test_e5_a_moderator_finds_nothing_of_another_sites(world: World) -> None:
    world.site("zweite", origins=(ORIGIN,))
    author, foreign = world.person(), world.person(Role.MODERATOR, "zweite")
    held = world.comment(author, "Du Murrkopf!")
    before = checksums(world.database)

    def decide(comment_id: str) -> TestResponse:
        return world.call(
            "PUT", f"/review-queue/{comment_id}/decision", {"action": "publish", "version": 1}, by=foreign
        )

    answers = [
        world.call("GET", f"/review-queue/{held['id']}", by=foreign),
        world.call("GET", f"/comments/{held['id']}/decisions", by=foreign),
        decide(held["id"]),
        world.call("GET", "/review-queue?site=demo", by=foreign),
        world.call("PUT", f"/sites/demo/articles/{ARTICLE}", {"closed": True}, by=foreign),
        world.call("PUT", "/sites/demo/articles/neu", {}, by=foreign),
    ]
    batch = {"decisions": [{"comment_id": held["id"], "action": "publish", "version": 1}]}
    many = json_of(world.call("POST", "/review-queue/decisions", batch, by=foreign))

    assert [answer.status_code for answer in answers] == [404] * 6
    assert (many["results"][0]["ok"], many["results"][0]["problem"]["status"]) == (False, 404)
    queue = json_of(world.call("GET", "/review-queue", by=foreign))
    assert (queue["items"], queue["counts"]) == ([], {"held": 0, "flagged": 0, "appealed": 0, "all": 0})
    assert checksums(world.database) == before
    # What is another's cannot be told from what is not there at all.
    missing = decide("00000000-0000-7000-8000-000000000000")
    assert {**json_of(missing), "request_id": ""} == {**json_of(answers[2]), "request_id": ""}


def test_e6_the_last_admin_stays_one(world: World) -> None:
    first, second = world.person(Role.ADMIN), world.person(Role.ADMIN)

    with world.database.write() as session:
        accounts.change_role(session, first.account.email, Role.READER, ())
    with pytest.raises(LastAdminError), world.database.write() as session:
        accounts.change_role(session, second.account.email, Role.READER, ())

    with world.database.read() as session:
        admins = session.scalars(select(Account.email).where(Account.role == Role.ADMIN)).all()
    assert admins == [second.account.email]


def test_e6_the_last_admin_cannot_be_deleted(world: World) -> None:
    first, second = world.person(Role.ADMIN), world.person(Role.ADMIN)
    erase_account(world.database, first.account.id, Fate.KEEP, now=world.clock())

    with pytest.raises(LastAdminError):
        erase_account(world.database, second.account.id, Fate.KEEP, now=world.clock())

    assert world.call("GET", "/accounts/me", by=second).status_code == 200


def at_once(call: Callable[[int], TestResponse]) -> list[int]:
    """The statuses of many calls that are made at the same time, sorted."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return sorted(answer.status_code for answer in pool.map(call, range(AT_ONCE)))


def count(world: World, model: type[Any], *conditions: Any) -> int:
    with world.database.read() as session:
        found: int = session.scalar(select(func.count()).select_from(model).where(*conditions))
        return found


def test_e7_many_votes_at_once_are_one_vote(world: World) -> None:
    author, voter = world.person(), world.person()
    comment = world.comment(author)

    statuses = at_once(lambda _: world.call("PUT", f"/comments/{comment['id']}/vote", {"value": 1}, by=voter))

    assert statuses == [200] * AT_ONCE
    assert count(world, Vote) == 1
    assert world.thread()["items"][0]["score"] == 1


def test_e7_votes_back_and_forth_at_once_leave_the_score_right(world: World) -> None:
    author, voter, other = world.person(), world.person(), world.person()
    comment = world.comment(author)
    path = f"/comments/{comment['id']}/vote"
    world.call("PUT", path, {"value": 1}, by=other)

    at_once(
        lambda number: (
            world.call("DELETE", path, by=voter)
            if number % 3 == 0
            else world.call("PUT", path, {"value": 1 if number % 3 == 1 else -1}, by=voter)
        )
    )

    with world.database.read() as session:
        total = session.scalar(select(func.sum(Vote.value)))
    assert world.thread()["items"][0]["score"] == total


def test_e7_many_flags_at_once_are_one_flag(world: World) -> None:
    author, flagger = world.person(), world.person()
    comment = world.comment(author)

    statuses = at_once(lambda _: world.call("POST", f"/comments/{comment['id']}/flags", {"reason": "spam"}, by=flagger))

    assert statuses == [201] + [409] * (AT_ONCE - 1)
    assert count(world, Flag) == 1
    moderator = world.person(Role.MODERATOR, "demo")
    assert len(world.queue_item(comment["id"], moderator)["flags"]) == 1


def test_e7_many_decisions_at_once_are_one_decision(world: World) -> None:
    comment = world.comment(world.person(), "Du Murrkopf!")
    moderators = [world.person(Role.MODERATOR, "demo") for _ in range(2)]
    version = world.queue_item(comment["id"], moderators[0])["version"]

    def decide(number: int) -> TestResponse:
        wish = {"action": "publish" if number % 2 else "reject", "version": version}
        return world.call("PUT", f"/review-queue/{comment['id']}/decision", wish, by=moderators[number % 2])

    assert at_once(decide) == [200] + [409] * (AT_ONCE - 1)
    assert count(world, Decision, Decision.actor_id.is_not(None)) == 1


def test_e7_registering_one_address_many_times_at_once_makes_one_account(
    make_world: Callable[..., World],
) -> None:
    world = make_world(registrations_per_account=AT_ONCE, registrations_per_address=AT_ONCE)
    world.site()
    wish = {"email": "ada@example.org", "display_name": "Ada", "password": "Ahornblatt am Fenster"}

    statuses = at_once(lambda _: world.call("POST", "/accounts", wish))

    # Who would have to wait for too long is told to come back.
    assert set(statuses) <= {201, 503}
    assert statuses.count(201) >= 10
    assert count(world, Account) == 1
    assert count(world, OutboxMessage) <= AT_ONCE - 1


def test_e7_two_admins_who_demote_each_other_at_once_leave_one(world: World) -> None:
    admins = [world.person(Role.ADMIN), world.person(Role.ADMIN)]

    def demote(person: Person) -> bool:
        try:
            with world.database.write() as session:
                accounts.change_role(session, person.account.email, Role.READER, ())
        except LastAdminError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(demote, admins))

    assert sorted(done) == [False, True]
    assert count(world, Account, Account.role == Role.ADMIN) == 1
