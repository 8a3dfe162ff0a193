"""What everybody may see is answered from memory, and never after it has changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.page_cache import OVERHEAD, KeptPage, PublicPages
from moderation import publication, threads
from moderation.comment_views import Viewer
from moderation.models import Role
from moderation.policies import Policy
from tests.world import ARTICLE, ORIGIN, Person, World, json_of

THREAD = f"/sites/demo/articles/{ARTICLE}/comments"


def read(world: World, etag: str | None = None, **options: Any) -> TestResponse:
    headers = {"If-None-Match": etag} if etag else {}
    return world.call("GET", THREAD, headers=headers, **options)


def test_an_unchanged_thread_is_answered_with_304_and_nothing_else(world: World) -> None:
    world.comment(world.person())
    first = read(world)

    again = read(world, first.headers["ETag"])

    assert again.status_code == 304
    assert again.get_data() == b""
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]


def test_a_tag_that_a_proxy_has_weakened_is_still_known(world: World) -> None:
    world.comment(world.person())
    etag = read(world).headers["ETag"]

    assert read(world, f"W/{etag}").status_code == 304
    assert read(world, f'"anders", W/{etag}').status_code == 304
    assert read(world, 'W/"anders"').status_code == 200


def test_the_second_reader_gets_the_same_bytes_from_memory(world: World) -> None:
    world.comment(world.person())

    first, second = read(world), read(world)

    assert first.get_data() == second.get_data()
    assert (world.services.public_pages.hits, world.services.public_pages.misses) == (1, 1)


def test_what_shared_caches_may_keep_is_public_and_short(world: World) -> None:
    world.comment(world.person())

    answer = read(world, by=None)

    assert answer.headers["Cache-Control"] == "public, max-age=0, s-maxage=1, must-revalidate"
    assert {name.strip() for name in answer.headers["Vary"].split(",")} == {"Authorization", "Cookie", "Origin"}
    assert answer.headers["X-Accel-Expires"].startswith("@")
    assert "Set-Cookie" not in answer.headers


def test_what_one_reader_sees_is_in_no_shared_cache(world: World) -> None:
    reader = world.person()
    world.comment(reader)

    for path in (THREAD, "/accounts/me", "/accounts/me/comments"):
        answer = world.call("GET", path, by=reader)
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers
        assert "X-Accel-Expires" not in answer.headers
    assert json_of(read(world, by=reader))["items"][0]["is_own"] is True
    assert json_of(read(world))["items"][0]["is_own"] is False


def test_an_unknown_article_or_site_is_in_no_shared_cache(world: World) -> None:
    for path in ("/sites/demo/articles/niemals/comments", f"/sites/nirgends/articles/{ARTICLE}/comments"):
        answer = world.call("GET", path)
        assert answer.status_code == 404
        assert answer.headers["Cache-Control"] == "no-store"


Change = Callable[[World, Person, dict[str, Any]], object]

CHANGES: dict[str, Change] = {
    "another comment": lambda world, reader, comment: world.comment(reader, "Noch ein Gedanke dazu."),
    "a reply": lambda world, reader, comment: world.comment(reader, "Eine Antwort darauf.", parent=comment["id"]),
    "an edit": lambda world, reader, comment: world.call(
        "PATCH", f"/comments/{comment['id']}", {"body": "Anders gesagt."}, by=reader
    ),
    "a withdrawal": lambda world, reader, comment: world.call("DELETE", f"/comments/{comment['id']}", by=reader),
    "a vote": lambda world, reader, comment: world.call(
        "PUT", f"/comments/{comment['id']}/vote", {"value": 1}, by=world.person()
    ),
    "a moderator's refusal": lambda world, reader, comment: world.review(
        comment, "reject", world.person(Role.MODERATOR, "demo"), reason_code="other"
    ),
    "another title": lambda world, reader, comment: world.call(
        "PUT", f"/sites/demo/articles/{ARTICLE}", {"title": "Neu"}, by=world.person(Role.MODERATOR, "demo")
    ),
    "another depth": lambda world, reader, comment: world.set_policy(Policy(shown_depth=1)),
}


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_that_readers_can_see_is_seen_at_the_next_request(world: World, name: str) -> None:
    reader = world.person()
    comment = world.comment(reader)
    before = read(world)

    CHANGES[name](world, reader, comment)

    assert read(world, before.headers["ETag"]).status_code == 200
    shown = json_of(read(world))
    object.__setattr__(world.services, "public_pages", PublicPages())
    assert shown == json_of(read(world))


def test_a_change_of_all_that_somebody_wrote_is_seen_under_every_article(world: World) -> None:
    reader = world.person()
    world.comment(reader)
    before = read(world).headers["ETag"]

    with world.database.write() as session:
        publication.renew_all_of(session, reader.account.id)

    assert read(world, before).status_code == 200


def test_what_readers_cannot_see_changes_nothing(world: World) -> None:
    reader = world.person()
    world.comment(reader)
    before = read(world)

    world.comment(reader, "Du Murrkopf!")

    assert read(world, before.headers["ETag"]).status_code == 304


def test_pages_and_orders_have_answers_of_their_own(world: World) -> None:
    reader = world.person()
    for number in range(3):
        world.comment(reader, f"Gedanke Nummer {number}.")

    answers = [read(world, query_string=query) for query in ({}, {"limit": 2}, {"sort": "newest"}, {"sort": "top"})]
    cursor = json_of(answers[1])["next_cursor"]
    answers.append(read(world, query_string={"limit": 2, "cursor": cursor}))

    assert len({answer.headers["ETag"] for answer in answers}) == 5
    assert [item["body"] for item in json_of(answers[4])["items"]] == ["Gedanke Nummer 2."]


def test_counts_have_a_tag_and_change_it_with_the_numbers(world: World) -> None:
    reader = world.person()
    world.comment(reader)
    path = f"/sites/demo/counts?articles={ARTICLE},andere"
    before = world.call("GET", path)

    same = world.call("GET", path, headers={"If-None-Match": before.headers["ETag"]})
    world.comment(reader, "Noch ein Gedanke dazu.")
    other = world.call("GET", path, headers={"If-None-Match": before.headers["ETag"]})

    assert same.status_code == 304
    assert json_of(other)["counts"] == {ARTICLE: 2, "andere": 0}


def test_a_304_is_shared_with_the_sites_own_pages_too(world: World) -> None:
    world.comment(world.person())
    etag = read(world).headers["ETag"]

    answer = world.call("GET", THREAD, headers={"If-None-Match": etag, "Origin": ORIGIN})

    assert answer.status_code == 304
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


def test_memory_is_bounded_and_the_least_recently_asked_for_goes_first() -> None:
    pages = PublicPages(size=10 + 2 * OVERHEAD)
    pages.keep("a", KeptPage(1, b"12345"))
    pages.keep("b", KeptPage(1, b"12345"))
    assert pages.find("a", 1) == KeptPage(1, b"12345")

    pages.keep("c", KeptPage(1, b"1234"))

    assert pages.find("b", 1) is None
    assert pages.find("a", 1) == KeptPage(1, b"12345")
    pages.keep("a", KeptPage(2, b"1"))
    assert pages.find("a", 1) is None
    assert pages.find("c", 1) == KeptPage(1, b"1234")


def test_pages_without_a_comment_take_memory_too() -> None:
    pages = PublicPages(size=100 * OVERHEAD)

    for cursor in range(1000):
        pages.keep(cursor, KeptPage(1, b"[]"))

    assert sum(pages.find(cursor, 1) is not None for cursor in range(1000)) <= 100


class TestWhoIsSignedIn:
    """Sees what everybody sees until there is something of their own on the page."""

    @staticmethod
    def made(world: World, monkeypatch: pytest.MonkeyPatch) -> list[Viewer]:
        """For whom pages are made from here on."""
        found: list[Viewer] = []
        original = threads.of_article

        def of_article(session: Any, site: str, article: str, request: Any, viewer: Viewer) -> Any:
            found.append(viewer)
            return original(session, site, article, request, viewer)

        monkeypatch.setattr(threads, "of_article", of_article)
        return found

    def test_is_given_the_page_from_memory_where_nothing_is_theirs(
        self, world: World, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        comment = world.comment(world.person())
        world.comment(world.person(), "Eine Antwort darauf.", parent=comment["id"])
        reader = world.person()
        public = read(world)
        made = self.made(world, monkeypatch)

        own = read(world, by=reader)

        assert made == []
        assert json_of(own) == json_of(public)
        assert own.headers["Cache-Control"] == "no-store"
        assert "ETag" not in own.headers
        assert read(world, public.headers["ETag"], by=reader).status_code == 200

    @pytest.mark.parametrize("place", ["thread", "reply"])
    def test_finds_their_own_comments_and_votes_wherever_they_are(self, world: World, place: str) -> None:
        reader, other = world.person(), world.person()
        thread = world.comment(other if place == "reply" else reader)
        reply = world.comment(reader if place == "reply" else other, "Eine Antwort darauf.", parent=thread["id"])
        voter = world.person()
        chosen = reply if place == "reply" else thread
        world.call("PUT", f"/comments/{chosen['id']}/vote", {"value": 1}, by=voter)
        for by in (None, world.person()):
            read(world, by=by)

        def shown(by: Person) -> dict[str, Any]:
            (item,) = json_of(read(world, by=by))["items"]
            found: dict[str, Any] = item if place == "thread" else item["replies"][0]
            return found

        assert shown(reader)["is_own"] is True
        assert (shown(voter)["is_own"], shown(voter)["own_vote"]) == (False, 1)
        assert (shown(world.person())["is_own"], shown(world.person())["own_vote"]) == (False, 0)

    def test_finds_their_own_text_where_others_find_an_empty_place(self, world: World) -> None:
        reader = world.person()
        comment = world.comment(reader, "Das nimmt gleich jemand weg.")
        world.comment(world.person(), "Eine Antwort darauf.", parent=comment["id"])
        world.review(comment, "reject", world.person(Role.MODERATOR, "demo"), reason_code="other")
        assert json_of(read(world))["items"][0]["body"] is None

        assert json_of(read(world, by=reader))["items"][0]["body"] == "Das nimmt gleich jemand weg."
        assert json_of(read(world, by=world.person()))["items"][0]["body"] is None

    def test_sees_a_vote_gone_that_they_have_taken_back(self, world: World) -> None:
        comment = world.comment(world.person())
        voter = world.person()
        votes = []
        for method, body in (("PUT", {"value": 1}), ("DELETE", None)):
            assert world.call(method, f"/comments/{comment['id']}/vote", body, by=voter).status_code < 300
            votes.append(json_of(read(world, by=voter))["items"][0]["own_vote"])

        assert votes == [1, 0]
