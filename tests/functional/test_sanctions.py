"""Moderators warn, pre-moderate, suspend and ban authors; authors are told why and until when (controls C4, E4, E5)."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from api import mail
from moderation import outbox
from moderation.accounts import NOBODY
from moderation.erasure import Fate, erase_account
from moderation.models import Comment, OutboxMessage, Role, Sanction
from tests.site_tokens import shared_key
from tests.world import ORIGIN, Person, World, json_of, some_id

KINDS = ("warning", "premoderation", "suspension", "ban")


class Case:
    """An author who has written on the site, and a moderator of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.author = world.person(name="Ada")
        self.moderator = world.person(Role.MODERATOR, "demo", name="Erika")
        self.comment = world.comment(self.author)

    def path(self, site: str = "demo") -> str:
        return f"/sites/{site}/authors/{self.author.account.id}/sanctions"

    def impose(self, kind: str, *, days: float | None = None, by: Person | None = None, **wish: Any) -> TestResponse:
        body = {"kind": kind, "reason_code": "insult", **wish}
        if days is not None:
            body["until"] = (self.world.clock() + dt.timedelta(days=days)).isoformat()
        return self.world.call("POST", self.path(), body, by=by or self.moderator)

    def history(self) -> dict[str, Any]:
        return json_of(self.world.call("GET", self.path(), by=self.moderator))

    def lift(self, sanction_id: str, *, by: Person | None = None) -> TestResponse:
        return self.world.call("DELETE", f"{self.path()}/{sanction_id}", by=by or self.moderator)

    def standing(self, spoken: str = "de", site: str = "demo") -> dict[str, Any]:
        headers = {"Accept-Language": spoken}
        return json_of(self.world.call("GET", f"/sites/{site}/standing", by=self.author, headers=headers))

    def acknowledge(self, warning_id: str, *, by: Person | None = None) -> int:
        path = f"/accounts/me/warnings/{warning_id}/acknowledgement"
        return self.world.call("PUT", path, by=by or self.author).status_code

    def letters(self) -> list[OutboxMessage]:
        with self.world.database.read() as session:
            return list(session.scalars(select(OutboxMessage).order_by(OutboxMessage.id)))


@pytest.fixture
def case(world: World) -> Case:
    return Case(world)


def outcome(answer: TestResponse) -> tuple[int, str | None]:
    return answer.status_code, json_of(answer).get("code")


def test_nothing_was_done_about_most_authors(case: Case) -> None:
    assert case.standing() == {
        "standing": "good",
        "may_write": True,
        "confirm_address": False,
        "until": None,
        "warnings": [],
        "sanction": None,
    }
    shown = case.history()
    assert (shown["standing"], shown["items"], shown["author"]["display_name"]) == ("good", [], "Ada")


def test_a_warning_must_be_acknowledged_before_anything_is_written(case: Case) -> None:
    case.impose("warning", note="So nicht, bitte.")
    world = case.world

    assert outcome(world.post(case.author, "Noch ein Beitrag.")) == (403, "warning_pending")
    edit = world.call("PATCH", f"/comments/{case.comment['id']}", {"body": "Anders."}, by=case.author)
    assert outcome(edit) == (403, "warning_pending")
    told = case.standing()
    assert (told["standing"], told["may_write"]) == ("good", False)
    (warning,) = told["warnings"]
    assert (warning["note"], warning["reason"]["code"]) == ("So nicht, bitte.", "insult")
    assert case.acknowledge(warning["id"]) == 204

    assert world.post(case.author, "Noch ein Beitrag.").status_code == 201
    assert case.standing()["may_write"] is True
    with world.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Comment)) == 2


def test_a_refused_text_is_stored_nowhere_and_its_key_can_be_used_again(case: Case) -> None:
    case.impose("warning")
    refused = case.world.post(case.author, "Mit Schlüssel.", Idempotency_Key="k1")
    case.acknowledge(case.standing()["warnings"][0]["id"])

    assert refused.status_code == 403
    assert case.world.post(case.author, "Mit Schlüssel.", Idempotency_Key="k1").status_code == 201


def test_a_repeated_request_is_answered_as_before_though_a_warning_came_between(case: Case) -> None:
    first = case.world.post(case.author, "Mit Schlüssel.", Idempotency_Key="k1")
    case.impose("warning")

    again = case.world.post(case.author, "Mit Schlüssel.", Idempotency_Key="k1")

    assert (again.status_code, json_of(again)["id"]) == (201, json_of(first)["id"])


def test_only_the_warned_author_acknowledges_and_twice_is_once(case: Case) -> None:
    warning = json_of(case.impose("warning"))["items"][0]["id"]
    suspension = json_of(case.impose("suspension", days=1))["items"][0]["id"]

    assert case.acknowledge(warning, by=case.world.person()) == 404
    assert case.acknowledge(warning, by=case.moderator) == 404
    assert case.acknowledge(suspension) == 404
    assert case.acknowledge(some_id()) == 404
    assert (case.acknowledge(warning), case.acknowledge(warning)) == (204, 204)
    ended = [(item["kind"], item["in_force"], item["ended"], item["ended_by"]) for item in case.history()["items"]]
    assert ended == [("suspension", True, None, None), ("warning", False, "acknowledgement", "Ada")]


def test_every_warning_counts(case: Case) -> None:
    case.impose("warning")
    case.impose("warning", reason_code="spam")

    first, second = case.standing()["warnings"]
    case.acknowledge(first["id"])

    assert case.world.post(case.author, "Jetzt aber.").status_code == 403
    case.acknowledge(second["id"])
    assert case.world.post(case.author, "Jetzt aber.").status_code == 201


def test_who_is_premoderated_waits_until_that_is_over(case: Case) -> None:
    case.impose("premoderation", days=2)

    assert case.world.comment(case.author, "Ein erster Gedanke.")["status"] == "held"
    case.world.clock.move(days=2)
    assert case.world.comment(case.author, "Ein zweiter Gedanke.")["status"] == "published"


def test_a_suspension_ends_by_itself_and_what_was_there_before_goes_on(case: Case) -> None:
    case.impose("premoderation")
    case.impose("suspension", days=3)
    world = case.world

    suspended = world.comment(case.author, "Während der Sperre.")
    told = case.standing()
    world.clock.move(days=3)
    after = world.comment(case.author, "Nach der Sperre.")

    assert (suspended["status"], suspended["reasons"][0]["code"]) == ("rejected", "author_suspended")
    assert (told["standing"], told["may_write"], told["sanction"]["kind"]) == ("suspended", False, "suspension")
    assert after["status"] == "held"
    assert case.standing()["standing"] == "premoderated"
    assert case.history()["standing"] == "premoderated"


def test_who_is_suspended_may_flag_and_take_votes_back_but_not_vote(case: Case) -> None:
    world = case.world
    others = world.comment(world.person(), "Ein Beitrag von jemand anderem.")
    vote = ("PUT", f"/comments/{others['id']}/vote", {"value": 1})
    world.call(*vote, by=case.author)
    case.impose("suspension", days=3)

    refused = world.call(*vote, by=case.author)

    assert outcome(refused) == (403, "author_suspended")
    assert str(world.clock().year) in json_of(refused)["detail"]
    assert world.call("DELETE", f"/comments/{others['id']}/vote", by=case.author).status_code == 204
    flag = world.call("POST", f"/comments/{others['id']}/flags", {"reason": "spam"}, by=case.author)
    assert flag.status_code == 201


def test_c4_a_ban_ends_every_session_and_signing_in_again_tells_why(case: Case) -> None:
    world = case.world
    other_device = world.signed_in_again(case.author)

    case.impose("ban", reason_code="threat", note="Drohungen dulden wir nicht.")

    for session in (case.author, other_device):
        assert world.call("GET", "/accounts/me", by=session).status_code == 401
    case.author = world.signed_in_again(case.author)
    told = case.standing()
    assert (told["standing"], told["may_write"], told["until"]) == ("banned", False, None)
    assert told["sanction"]["note"] == "Drohungen dulden wir nicht."
    assert world.comment(case.author, "Bin wieder da.")["status"] == "rejected"
    others = world.comment(world.person(), "Ein Beitrag von jemand anderem.")
    vote = world.call("PUT", f"/comments/{others['id']}/vote", {"value": 1}, by=case.author)
    assert outcome(vote) == (403, "author_banned")


@pytest.mark.parametrize("kind", ["warning", "premoderation", "suspension"])
def test_c4_nothing_less_than_a_ban_signs_anybody_out(case: Case, kind: str) -> None:
    case.impose(kind, days=1 if kind == "suspension" else None)

    assert case.world.call("GET", "/accounts/me", by=case.author).status_code == 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("spoken", "why", "who"), [("de", "Werbung", "ein Mensch"), ("en", "advertising", "A person")])
def test_an_author_is_told_why_and_until_when(case: Case, kind: str, spoken: str, why: str, who: str) -> None:
    case.impose(kind, days=3 if kind == "suspension" else None, reason_code="spam")
    case.author = case.world.signed_in_again(case.author)

    told = case.standing(spoken)

    (sanction,) = told["warnings"] or [told["sanction"]]
    assert why in sanction["explanation"]
    assert who in sanction["explanation"]
    assert "Demo" in sanction["explanation"]
    if kind == "suspension":
        end = case.world.clock() + dt.timedelta(days=3)
        assert sanction["until"] == told["until"]
        assert f"{end.day}" in sanction["explanation"]
        assert str(end.year) in sanction["explanation"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("spoken", "why"), [("de", "Beleidigungen"), ("en", "insults")])
def test_an_author_gets_a_letter(case: Case, kind: str, spoken: str, why: str) -> None:
    with case.world.database.write() as session:
        session.merge(case.author.account).language = spoken
    imposed = json_of(case.impose(kind, days=3 if kind == "suspension" else None, note="Bitte {so} nicht.\nDanke."))
    case.lift(imposed["items"][0]["id"])

    told, lifted = case.letters()

    assert (told.kind, lifted.kind) == (f"sanction_{kind}", "sanction_lifted")
    assert told.recipient == case.author.account.email
    words = [str(mail.compose(one, case.world.services.settings).get_body(("plain",))) for one in (told, lifted)]
    letter = mail.compose(told, case.world.services.settings).get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert why in letter
    assert "Bitte {so} nicht." in letter
    assert "Hallo Ada" in letter or "Hello Ada" in letter
    assert all(words)


def test_the_moderator_who_decided_is_not_named_to_the_author(case: Case) -> None:
    case.impose("suspension", days=3)

    answers = [
        case.world.call("GET", path, by=case.author).get_data(as_text=True)
        for path in ("/sites/demo/standing", "/accounts/me/export")
    ]

    assert not any("Erika" in answer or str(case.moderator.account.id) in answer for answer in answers)


def test_the_history_has_everything_and_keeps_it(case: Case) -> None:
    first = json_of(case.impose("suspension", days=3, note="Drei Tage."))["items"][0]
    case.impose("suspension", days=10, reason_code="repeated", by=case.world.person(Role.ADMIN, name="Chefin"))
    case.world.clock.move(minutes=1)
    case.lift(case.history()["items"][0]["id"])

    shown = case.history()

    assert shown["standing"] == "good"
    assert [(one["reason"]["code"], one["actor"], one["ended"], one["ended_by"]) for one in shown["items"]] == [
        ("repeated", "Chefin", "lift", "Erika"),
        ("insult", "Erika", "lift", "Chefin"),
    ]
    assert (shown["items"][1]["id"], shown["items"][1]["note"]) == (first["id"], "Drei Tage.")


def test_rows_are_added_and_never_changed(case: Case) -> None:
    def rows() -> list[dict[str, Any]]:
        with case.world.database.read() as session:
            return [
                dict(row._mapping) for row in session.execute(select(Sanction.__table__).order_by("created_at", "id"))
            ]

    case.impose("warning")
    case.impose("suspension", days=3)
    before = rows()
    case.world.clock.move(minutes=1)

    case.acknowledge(case.standing()["warnings"][0]["id"])
    case.lift(case.history()["items"][0]["id"])

    after = rows()
    assert after[: len(before)] == before
    assert [row["kind"] for row in after[len(before) :]] == ["acknowledgement", "lift"]


def test_a_shorter_suspension_takes_the_place_of_a_longer_one(case: Case) -> None:
    case.impose("suspension", days=30)

    shown = json_of(case.impose("suspension", days=1))

    assert [item["in_force"] for item in shown["items"]] == [True, False]
    assert shown["until"] == shown["items"][0]["until"]


def test_what_is_over_cannot_be_taken_back(case: Case) -> None:
    sanction = json_of(case.impose("suspension", days=1))["items"][0]["id"]
    warning = json_of(case.impose("warning"))["items"][0]["id"]
    case.acknowledge(warning)
    case.world.clock.move(days=1)

    assert outcome(case.lift(sanction)) == (409, "sanction_over")
    assert outcome(case.lift(warning)) == (409, "sanction_over")
    assert outcome(case.lift(some_id())) == (404, "sanction_not_found")


def test_e7_a_sanction_that_is_taken_back_many_times_at_once_is_taken_back_once(case: Case) -> None:
    sanction = json_of(case.impose("ban"))["items"][0]["id"]

    with ThreadPoolExecutor(5) as pool:
        statuses = sorted(answer.status_code for answer in pool.map(lambda _: case.lift(sanction), range(5)))

    assert statuses == [200, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("wish", "field", "code"),
    [
        ({"kind": "suspension"}, "until", "required"),
        ({"kind": "suspension", "days": -1}, "until", "out_of_range"),
        ({"kind": "suspension", "days": 4000}, "until", "out_of_range"),
        ({"kind": "ban", "days": 3}, "until", "has_no_end"),
        ({"kind": "warning", "days": 3}, "until", "has_no_end"),
        ({"kind": "warning", "note": "x" * 2001}, "note", "too_long"),
        ({"kind": "lift"}, "kind", "unknown_choice"),
        ({"kind": "warning", "reason_code": "nose"}, "reason_code", "unknown_choice"),
        ({"kind": "suspension", "until": "2027-01-01T00:00:00"}, "until", "invalid"),
    ],
)
def test_what_makes_no_sense_is_refused(case: Case, wish: dict[str, Any], field: str, code: str) -> None:
    answer = case.impose(**wish)

    assert answer.status_code == 422
    assert json_of(answer)["errors"][field][0]["code"] == code
    assert case.history()["items"] == []


def test_e5_a_moderator_of_another_site_finds_neither_author_nor_sanction(case: Case) -> None:
    world = case.world
    world.site("zweite")
    stranger = world.person(Role.MODERATOR, "zweite")
    sanction = json_of(case.impose("suspension", days=3))["items"][0]["id"]

    assert case.impose("ban", by=stranger).status_code == 404
    assert case.lift(sanction, by=stranger).status_code == 404
    assert world.call("GET", case.path(), by=stranger).status_code == 404
    # On their own site nobody of this number has written.
    assert outcome(world.call("GET", case.path("zweite"), by=stranger)) == (404, "author_not_found")
    assert world.call("GET", case.path("gibt-es-nicht"), by=world.person(Role.ADMIN)).status_code == 404
    assert case.history()["items"][0]["in_force"] is True


def test_a_sanction_holds_on_its_own_site_only(case: Case) -> None:
    world = case.world
    world.site("zweite")
    case.impose("ban")
    case.author = world.signed_in_again(case.author)

    elsewhere = world.post(case.author, "Auf der anderen Seite.", site="zweite")

    assert json_of(elsewhere)["status"] == "published"
    assert case.standing(site="zweite")["standing"] == "good"
    wish = {"kind": "warning", "reason_code": "insult"}
    admin = world.person(Role.ADMIN)
    there = json_of(world.call("POST", case.path("zweite"), wish, by=admin))["items"][0]["id"]
    assert outcome(case.lift(there, by=admin)) == (404, "sanction_not_found")
    assert world.call("GET", "/sites/gibt-es-nicht/standing", by=case.author).status_code == 404


@pytest.mark.parametrize("role", [Role.MODERATOR, Role.ADMIN])
def test_nobody_sanctions_a_colleague(world: World, role: Role) -> None:
    colleague = world.person(role, *(("demo",) if role == Role.MODERATOR else ()))
    world.comment(colleague, "Ein Wort der Redaktion.")

    answer = world.call(
        "POST",
        f"/sites/demo/authors/{colleague.account.id}/sanctions",
        {"kind": "ban", "reason_code": "other"},
        by=world.person(Role.ADMIN),
    )

    assert outcome(answer) == (409, "not_sanctionable")
    assert world.call("GET", "/accounts/me", by=colleague).status_code == 200


def test_who_moderates_elsewhere_is_an_author_here(world: World) -> None:
    world.site("zweite")
    guest = world.person(Role.MODERATOR, "zweite")
    world.comment(guest, "Als Gast.")
    wish = {"kind": "warning", "reason_code": "other"}

    answer = world.call(
        "POST",
        f"/sites/demo/authors/{guest.account.id}/sanctions",
        wish,
        by=world.person(Role.MODERATOR, "demo"),
    )

    assert answer.status_code == 201


def test_who_is_gone_is_no_author_any_more(case: Case) -> None:
    case.impose("ban")
    erase_account(case.world.database, case.author.account.id, Fate.KEEP, now=case.world.clock())

    assert case.world.call("GET", case.path(), by=case.moderator).status_code == 404
    path = f"/sites/demo/authors/{NOBODY}/sanctions"
    assert case.world.call("GET", path, by=case.moderator).status_code == 404


def test_what_a_moderator_did_stays_done_when_their_account_is_deleted(case: Case) -> None:
    case.impose("suspension", days=3)
    admin = case.world.person(Role.ADMIN)

    erase_account(case.world.database, case.moderator.account.id, Fate.KEEP, now=case.world.clock())

    shown = json_of(case.world.call("GET", case.path(), by=admin))
    assert (shown["standing"], shown["items"][0]["actor"]) == ("suspended", "Gelöschtes Konto")


def test_an_author_without_an_address_is_told_in_the_section(world: World) -> None:
    token = shared_key(world).token(sub="leser-1", email=None)
    answer = world.call("POST", "/sites/demo/sessions", {"token": token}, headers={"Origin": ORIGIN})
    headers = {"Authorization": f"Bearer {json_of(answer)['token']}", "Origin": ORIGIN}
    wish = {"body": "Von der Seite angemeldet."}
    comment = json_of(world.call("POST", "/sites/demo/articles/artikel-1/comments", wish, headers=headers))
    path = f"/sites/demo/authors/{comment['author']['id']}/sanctions"
    until = (world.clock() + dt.timedelta(days=3)).isoformat()
    sanction = {"kind": "suspension", "reason_code": "spam", "until": until}

    imposed = world.call("POST", path, sanction, by=world.person(Role.ADMIN))

    assert imposed.status_code == 201
    told = json_of(world.call("GET", "/sites/demo/standing", headers=headers))
    assert told["standing"] == "suspended"
    with world.database.read() as session:
        assert not outbox.has_due(session, now=world.clock())
