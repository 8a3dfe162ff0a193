"""All that an author has written is refused or withdrawn at once, and given back (controls E5, L5)."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select, text

from api.mail import ConsoleMailer
from api.maintenance import Maintenance
from moderation import judgements, removals, sites
from moderation.erasure import Fate, erase_account
from moderation.identifiers import parse_id
from moderation.models import Comment, Decision, Removal, Revision, Role
from tests import parallel
from tests.fakes import IDENTITY
from tests.integrity import assert_whole
from tests.sentences import CALM, sentence
from tests.world import ARTICLE, Person, World, json_of, some_id


class Case:
    """An author who has written a few things, and a moderator."""

    def __init__(self, world: World, number: int = 4) -> None:
        world.set_policy(CALM)
        self.world = world
        self.author = world.person(name="Ada")
        self.moderator = world.person(Role.MODERATOR, "demo", name="Erika")
        self.comments = [world.comment(self.author, sentence(each)) for each in range(number)]

    @property
    def path(self) -> str:
        return f"/sites/demo/authors/{self.author.account.id}/removals"

    def begin(self, action: str = "reject", by: Person | None = None, **wish: Any) -> Any:
        if action == "reject":
            wish = {"reason_code": "spam", **wish}
        return self.world.call("POST", self.path, {"action": action, **wish}, by=by or self.moderator)

    def undo(self, removal: dict[str, Any], by: Person | None = None) -> Any:
        return self.world.call("DELETE", f"{self.path}/{removal['id']}", by=by or self.moderator)

    def look(self, removal: dict[str, Any]) -> dict[str, Any]:
        return json_of(self.world.call("GET", f"{self.path}/{removal['id']}", by=self.moderator))

    def statuses(self) -> list[str]:
        with self.world.database.read() as session:
            return list(
                session.scalars(
                    select(Comment.status).where(Comment.author_id == self.author.account.id).order_by(Comment.id)
                )
            )

    def work(self) -> None:
        Maintenance(self.world.services, ConsoleMailer(self.world.services.settings)).go_on_removing()


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


def test_all_that_an_author_wrote_is_refused_with_a_reason_and_a_word(case: Case) -> None:
    world = case.world
    other = world.comment(world.person(), sentence(20))

    answer = case.begin(note="Bitte keine Werbung.")

    made = json_of(answer)
    assert (answer.status_code, made["state"], made["total"], made["changed"]) == (202, "done", 4, 4)
    assert (made["actor"], made["reason"]["code"]) == ("Erika", "spam")
    assert case.statuses() == ["rejected"] * 4
    assert [item["id"] for item in world.thread()["items"]] == [other["id"]]
    told = json_of(world.call("GET", f"/comments/{case.comments[0]['id']}", by=case.author))
    assert (told["decided_by"], told["note"], told["reasons"][0]["code"]) == (
        "moderator",
        "Bitte keine Werbung.",
        "spam",
    )
    assert_whole(world.database)


def test_withdrawing_is_done_in_the_authors_name_and_takes_refused_ones_too(case: Case) -> None:
    case.world.review(case.comments[0], "reject", case.moderator)

    answer = case.begin("withdraw", note="Auf deine Bitte hin.")

    assert (answer.status_code, json_of(answer)["changed"]) == (202, 4)
    assert case.statuses() == ["withdrawn"] * 4
    assert case.world.call("GET", f"/comments/{case.comments[0]['id']}", by=case.author).status_code == 404
    assert_whole(case.world.database)


@pytest.mark.parametrize("action", ["reject", "withdraw"])
def test_what_was_taken_away_is_given_back_as_it_was(case: Case, action: str) -> None:
    world, fresh = case.world, world_thread(case.world)
    world.review(case.comments[1], "reject", case.moderator)
    held = world.comment(case.author, "Du Murrkopf, das stimmt nicht!")
    flagger = world.person()
    world.call("POST", f"/comments/{case.comments[2]['id']}/flags", {"reason": "spam"}, by=flagger)
    before, public = case.statuses(), world_thread(world)
    assert (before[1], before[-1], len(fresh)) == ("rejected", "held", 4)
    removal = json_of(case.begin(action))
    assert world_thread(world) == []

    answer = case.undo(removal, by=world.person(Role.ADMIN, name="Ina"))

    undone = json_of(answer)
    assert (answer.status_code, undone["state"], undone["changed"], undone["undone_by"]) == (202, "undone", 0, "Ina")
    assert case.statuses() == before
    assert world_thread(world) == public
    queue = json_of(world.call("GET", "/review-queue", by=case.moderator))
    assert {item["id"] for item in queue["items"]} == {held["id"], case.comments[2]["id"]}
    assert_whole(world.database)


def world_thread(world: World) -> list[str]:
    return [item["id"] for item in world.thread()["items"]]


def test_what_was_decided_since_stays_decided(case: Case) -> None:
    removal = json_of(case.begin())
    case.world.review(case.comments[0], "publish", case.moderator)
    case.world.review(case.comments[1], "reject", case.moderator, reason_code="insult")

    undone = json_of(case.undo(removal))

    assert (undone["state"], undone["changed"]) == ("undone", 2)
    assert case.statuses() == ["published", "rejected", "published", "published"]


def test_many_comments_are_worked_off_in_the_background_with_progress(world: World) -> None:
    case = Case(world, 30)

    begun = json_of(case.begin())
    assert (begun["state"], begun["total"], begun["changed"], begun["finished_at"]) == ("running", 30, 20, None)
    assert json_of(case.begin())["code"] == "removal_under_way"
    case.work()

    done = case.look(begun)
    assert (done["state"], done["changed"]) == ("done", 30)
    assert done["finished_at"] is not None
    assert json_of(world.call("GET", case.path, by=case.moderator))["items"] == [done]


def test_one_that_runs_is_stopped_by_undoing_it(world: World) -> None:
    case = Case(world, 30)
    begun = json_of(case.begin())

    undone = json_of(case.undo(begun))
    assert (undone["state"], undone["changed"]) == ("undoing", 0), "twenty were gone, and twenty steps gave them back"
    case.work()

    assert case.look(begun)["state"] == "undone"
    assert case.statuses() == ["published"] * 30


def test_several_processes_do_it_once(world: World) -> None:
    case = Case(world, 30)
    begun = json_of(case.begin())

    def work() -> bool:
        return removals.go_on(world.database, parse_id(begun["id"]), now=world.clock(), steps=100)

    assert parallel.at_once([work] * 4) == [False] * 4

    assert case.look(begun)["changed"] == 30
    with world.database.read() as session:
        by_moderator = select(func.count()).select_from(Decision).where(Decision.removal_id.is_not(None))
        assert session.scalar(by_moderator) == 30
    assert_whole(world.database)


def test_what_the_author_writes_later_is_not_concerned(world: World) -> None:
    case = Case(world, 25)
    begun = json_of(case.begin())
    world.clock.move(seconds=1)
    later = world.comment(case.author, sentence(30))

    case.work()

    assert case.look(begun)["changed"] == 25
    assert json_of(world.call("GET", f"/comments/{later['id']}"))["status"] == "published"


def test_a_comment_that_is_being_screened_is_refused_all_the_same(case: Case) -> None:
    with case.world.database.write() as session:
        # As after a crash in the middle of it.
        session.execute(text("UPDATE comment SET status = 'screening', published_number = NULL"))
        session.execute(text("UPDATE revision SET screened_at = NULL"))

    assert json_of(case.begin())["changed"] == 4

    case.world.services.runner.screener.screen_revision(first_revision(case.world))
    assert case.statuses() == ["rejected"] * 4


def first_revision(world: World) -> Any:
    with world.database.read() as session:
        return session.scalars(select(Revision.id).order_by(Revision.id)).first()


def test_where_nothing_would_change_nothing_is_put_on_record(case: Case) -> None:
    removal = json_of(case.begin())

    assert json_of(case.begin())["code"] == "nothing_to_remove"
    case.undo(removal)
    assert json_of(case.undo(removal))["code"] == "nothing_to_remove"
    with case.world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Removal)) == 1


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        ({"action": "reject"}, "reason_code", "required"),
        ({"action": "reject", "reason_code": "laune"}, "reason_code", "unknown_choice"),
        ({"action": "withdraw", "reason_code": "spam"}, "reason_code", "needs_no_reason"),
        ({"action": "hold"}, "action", "unknown_choice"),
        ({"action": "reject", "reason_code": "spam", "note": "x" * 2001}, "note", "too_long"),
    ],
)
def test_a_wish_that_makes_no_sense_is_refused(case: Case, wish: dict[str, Any], field: str, code: str) -> None:
    answer = case.world.call("POST", case.path, wish, by=case.moderator)

    assert (answer.status_code, json_of(answer)["errors"][field][0]["code"]) == (422, code)
    assert case.statuses() == ["published"] * 4


def test_e5_only_moderators_of_the_site_do_it_and_only_there(case: Case) -> None:
    world = case.world
    world.site("zweite", policy=CALM)
    elsewhere = json_of(world.post(case.author, sentence(9), site="zweite"))
    foreign = world.person(Role.MODERATOR, "zweite")
    removal = json_of(case.begin())

    assert case.begin(by=foreign).status_code == 404
    assert case.undo(removal, by=foreign).status_code == 404
    assert world.call("DELETE", f"{case.path}/{some_id()}", by=case.moderator).status_code == 404
    assert case.statuses() == ["rejected"] * 4 + ["published"]
    assert json_of(world.call("GET", f"/comments/{elsewhere['id']}"))["status"] == "published"


def test_nobody_is_taken_to_have_judged_each_text(case: Case) -> None:
    """What thresholds are calibrated on is what a person thought of a text, not of its author."""
    case.begin(reason_code="insult")

    with case.world.database.read() as session:
        site = sites.by_key(session, "demo")
        found = judgements.load(session, site.id, IDENTITY, since=site.created_at)

    assert [one.toxic for one in found] == [None] * 4


def test_an_author_who_leaves_meanwhile_takes_it_with_them(world: World) -> None:
    case = Case(world, 25)
    begun = json_of(case.begin())

    erase_account(world.database, case.author.account.id, Fate.KEEP, now=world.clock())
    case.work()

    assert removals.go_on(world.database, parse_id(begun["id"]), now=world.clock(), steps=1) is False
    with world.database.read() as session:
        assert session.scalars(select(Removal)).all() == []
        assert session.scalars(select(Decision.removal_id).where(Decision.removal_id.is_not(None))).all() == []
    assert_whole(world.database)


def test_article_counts_follow(case: Case) -> None:
    removal = json_of(case.begin())
    counts = f"/sites/demo/counts?articles={ARTICLE}"
    assert json_of(case.world.call("GET", counts))["counts"][ARTICLE] == 0

    case.undo(removal)

    assert json_of(case.world.call("GET", counts))["counts"][ARTICLE] == 4
