"""What an author is told about their comment, in German and English."""

from __future__ import annotations

import dataclasses
import json
import re
from importlib import resources
from string import Formatter
from typing import Any

import pytest

from api.errors import STATUS_OF
from moderation.models import Role
from moderation.review_queue import REASON_CODES
from tests.sentences import CALM, insult, sentence
from tests.world import Person, World, json_of


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def told(world: World, comment_id: str, by: Person, language: str) -> dict[str, Any]:
    return json_of(world.call("GET", f"/comments/{comment_id}", by=by, headers={"Accept-Language": language}))


MACHINE = {"de": "Programm", "en": "program"}
PERSON = {"de": "Redaktion", "en": "editors"}


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("case", ["published", "held", "rejected"])
def test_an_author_is_told_that_a_machine_decided(world: World, language: str, case: str) -> None:
    if case == "rejected":
        world.set_policy(dataclasses.replace(CALM, reject_thresholds={"de": {"toxicity": 0.8}}))
    reader = world.person()
    own = world.comment(reader, sentence(0) if case == "published" else insult(0))

    answer = told(world, own["id"], reader, language)

    assert (answer["status"], answer["decided_by"]) == (case, "machine")
    assert MACHINE[language] in answer["explanation"]
    assert bool(answer["reasons"]) == (case != "published")
    assert all(reason["message"] for reason in answer["reasons"])


@pytest.mark.parametrize("case", ["published", "held", "rejected"])
@pytest.mark.parametrize("is_reply", [False, True])
def test_a_post_is_answered_with_what_reading_the_comment_then_gives(world: World, case: str, is_reply: bool) -> None:
    parent = world.comment(world.person(), sentence(1))["id"] if is_reply else None
    if case == "rejected":
        world.set_policy(dataclasses.replace(CALM, reject_thresholds={"de": {"toxicity": 0.8}}))
    reader = world.person()

    answer = world.comment(reader, sentence(0) if case == "published" else insult(0), parent=parent)

    read = told(world, answer["id"], reader, "de")
    assert answer["status"] == case
    assert (answer, answer["parent_id"]) == ({name: read[name] for name in answer}, parent)
    assert {name for name in read if read[name]} <= set(answer)


@pytest.mark.parametrize("language", ["de", "en"])
@pytest.mark.parametrize("action", ["publish", "reject"])
def test_an_author_is_told_that_a_person_decided_and_what_they_noted(world: World, language: str, action: str) -> None:
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo", name="Erika")
    own = world.comment(reader, insult(0))
    world.review(own, action, moderator, reason_code="insult", note="Bitte sachlich bleiben.")

    answer = told(world, own["id"], reader, language)

    assert (answer["decided_by"], answer["note"]) == ("moderator", "Bitte sachlich bleiben.")
    assert MACHINE[language] not in answer["explanation"]
    assert [reason["code"] for reason in answer["reasons"]] == ["insult"]
    assert "Erika" not in json.dumps(answer, ensure_ascii=False)


@pytest.mark.parametrize("language", ["de", "en"])
def test_an_author_is_told_that_nothing_is_decided_yet(world: World, language: str) -> None:
    world.classifier.available = False
    reader = world.person()
    own = world.comment(reader, sentence(0))

    answer = told(world, own["id"], reader, language)

    assert (answer["status"], answer["decided_by"], answer["reasons"]) == ("screening", None, [])
    assert answer["explanation"]


def test_german_and_english_differ_and_german_is_what_others_get(world: World) -> None:
    reader = world.person()
    own = world.comment(reader, insult(0))

    words = {language: told(world, own["id"], reader, language)["explanation"] for language in ("de", "en", "fr")}

    assert words["de"] != words["en"]
    assert words["fr"] == words["de"]
    answer = world.call("GET", f"/comments/{own['id']}", by=reader, headers={"Accept-Language": "en-GB, de;q=0.5"})
    assert answer.headers["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("kind", "days", "standing", "status"),
    [
        ("premoderation", None, "premoderated", "held"),
        ("suspension", 3, "suspended", "rejected"),
        ("ban", None, "banned", "rejected"),
    ],
)
def test_an_author_is_told_what_the_site_does_not_let_them_do(
    world: World, kind: str, days: int | None, standing: str, status: str
) -> None:
    reader = world.person()
    world.sanction(reader, kind, days=days)
    signed_in = world.signed_in_again(reader)

    own = world.comment(signed_in, sentence(0))

    assert (own["status"], own["reasons"][0]["code"]) == (status, f"author_{standing}")


@pytest.mark.parametrize("case", ["screening", "held", "rejected"])
def test_an_author_is_told_that_others_still_see_the_version_before_an_edit(world: World, case: str) -> None:
    if case == "rejected":
        world.set_policy(dataclasses.replace(CALM, reject_thresholds={"de": {"toxicity": 0.8}}))
    reader = world.person()
    own = world.comment(reader, sentence(0))
    world.classifier.available = case != "screening"
    world.call("PATCH", f"/comments/{own['id']}", {"body": insult(1)}, by=reader)

    answer = told(world, own["id"], reader, "de")

    assert (answer["status"], answer["published_revision"]) == (case, 1)
    assert "zuletzt veröffentlichte Fassung" in answer["explanation"]
    assert "nur du" not in answer["explanation"]


@pytest.mark.parametrize("refusing", [False, True], ids=["held", "refused"])
def test_an_author_is_told_after_a_moderator_took_a_decision_about_an_edit_back_what_holds_again(
    world: World, refusing: bool
) -> None:
    if refusing:
        world.set_policy(dataclasses.replace(CALM, reject_thresholds={"de": {"toxicity": 0.8}}))
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    world.call("PATCH", f"/comments/{own['id']}", {"body": insult(1)}, by=reader)
    before = told(world, own["id"], reader, "de")
    version = json_of(world.review(own, "publish", moderator))["version"]

    path = f"/review-queue/{own['id']}/decision"
    assert world.call("DELETE", path, by=moderator, query_string={"version": version}).status_code == 200

    assert told(world, own["id"], reader, "de") == before
    assert before["decided_by"] == "machine"
    assert world.call("GET", "/accounts/me/comments", by=reader).status_code == 200


@pytest.mark.parametrize("action", ["reject", "withdraw"])
@pytest.mark.parametrize("case", ["screening", "refused"])
def test_an_author_is_told_what_holds_after_all_of_theirs_was_removed_and_given_back(
    world: World, case: str, action: str
) -> None:
    if case == "refused":
        world.set_policy(dataclasses.replace(CALM, reject_thresholds={"de": {"toxicity": 0.8}}))
    reader, moderator = world.person(), world.person(Role.MODERATOR, "demo")
    own = world.comment(reader, sentence(0))
    world.classifier.available = case != "screening"
    world.call("PATCH", f"/comments/{own['id']}", {"body": insult(1)}, by=reader)
    world.comment(reader, sentence(2))  # There has to be something to refuse.
    path = f"/sites/demo/authors/{reader.account.id}/removals"
    wish = {"action": action, "reason_code": "spam" if action == "reject" else None}
    removal = json_of(world.call("POST", path, wish, by=moderator))["id"]

    assert world.call("DELETE", f"{path}/{removal}", by=moderator).status_code == 202

    answer = told(world, own["id"], reader, "de")
    expected = ("held", "moderator") if case == "screening" else ("rejected", "machine")
    assert (answer["status"], answer["decided_by"], answer["published_revision"]) == (*expected, 1)
    assert "zuletzt veröffentlichte Fassung" in answer["explanation"]


SPOKEN = ("mail", "account_pages")
"""What German says to readers in one way and to staff in another."""


def texts(language: str) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(resources.files("api").joinpath(f"texts/{language}.json").read_text())
    return found


def test_every_text_is_there_in_both_languages_with_the_same_gaps() -> None:
    german, english = texts("de"), texts("en")

    formal = {group: german.pop(f"{group}_formal") for group in SPOKEN}
    assert {group: set(entries) for group, entries in german.items()} == {
        group: set(entries) for group, entries in english.items()
    }
    for group, entries in german.items():
        for code, words in entries.items():
            assert gaps(words) == gaps(english[group][code]), code
    for group, entries in formal.items():
        for code, words in entries.items():
            # Staff are not told when an account goes that nobody confirms: theirs does not.
            assert gaps(words) == gaps(german[group][code]) - {"unconfirmed_days"}, code


def gaps(words: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(words) if name}


@pytest.mark.parametrize("group", SPOKEN)
def test_every_letter_and_page_that_staff_can_get_has_a_formal_form(group: str) -> None:
    german = texts("de")
    familiar = re.compile(r"\b(du|dich|dir|dein\w*|euch|euer)\b", re.IGNORECASE)
    to_readers_only = ("sanction_", "lifted.", "note")

    formal = german[f"{group}_formal"]

    assert not [code for code, words in formal.items() if familiar.search(words)]
    needed = {code for code, words in german[group].items() if familiar.search(words)}
    assert {code for code in needed if not code.startswith(to_readers_only)} <= set(formal)


def test_every_code_has_words() -> None:
    german = texts("de")

    assert set(REASON_CODES) <= set(german["reasons"])
    parts = {"not_found"}
    assert set(STATUS_OF) - parts <= set(german["titles"])
    assert set(german["titles"]) == set(german["details"])
    for status in ("screening", "published", "held", "rejected"):
        assert any(key.startswith(f"{status}.") for key in german["explanations"])


def test_every_status_can_be_explained_by_whom_it_was_decided() -> None:
    explanations = texts("de")["explanations"]
    possible = {"screening": ("nobody",), "published": ("machine", "moderator"), "rejected": ("machine", "moderator")}
    possible["held"] = ("machine", "moderator")

    assert {f"{status}.{who}" for status, names in possible.items() for who in names} <= set(explanations)
