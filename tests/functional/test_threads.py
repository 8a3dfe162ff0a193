"""What readers of an article see, and how they page through it."""

from __future__ import annotations

import dataclasses
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import event

from moderation import threads
from moderation.comment_views import Viewer
from moderation.models import Role
from moderation.threads import PageRequest
from tests.integrity import assert_whole
from tests.sentences import CALM, insult, sentence
from tests.world import ARTICLE, World, json_of


@pytest.fixture
def world(world: World) -> World:
    world.set_policy(CALM)
    return world


def ids(page: dict[str, Any]) -> list[str]:
    return [item["id"] for item in page["items"]]


def all_pages(world: World, **query: Any) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page = world.thread(**query, **({"cursor": cursor} if cursor else {}))
        pages.append(ids(page))
        cursor = page["next_cursor"]
        if cursor is None:
            return pages


@pytest.mark.parametrize(("sort", "expected"), [("oldest", [0, 1, 2, 3, 4]), ("newest", [4, 3, 2, 1, 0])])
def test_pages_by_age_hold_every_comment_once_in_order(world: World, sort: str, expected: list[int]) -> None:
    reader = world.person()
    made = [world.comment(reader, sentence(number))["id"] for number in range(5)]

    pages = all_pages(world, sort=sort, limit=2)

    assert [len(page) for page in pages] == [2, 2, 1]
    assert list(chain(*pages)) == [made[index] for index in expected]


def test_the_best_voted_comments_come_first_and_equal_scores_newest_first(world: World) -> None:
    reader, voter, other = world.person(), world.person(), world.person()
    made = [world.comment(reader, sentence(number))["id"] for number in range(4)]
    for person in (voter, other):
        world.call("PUT", f"/comments/{made[1]}/vote", {"value": 1}, by=person)
    world.call("PUT", f"/comments/{made[3]}/vote", {"value": -1}, by=voter)

    pages = all_pages(world, sort="top", limit=1)

    assert list(chain(*pages)) == [made[1], made[2], made[0], made[3]]


def test_a_page_that_is_exactly_full_has_no_cursor(world: World) -> None:
    reader = world.person()
    for number in range(2):
        world.comment(reader, sentence(number))

    assert world.thread(limit=2)["next_cursor"] is None


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/sites/demo/articles/artikel-1/comments", {"cursor": "nonsense"}),
        ("/sites/demo/articles/artikel-1/comments", {"cursor": "ä"}),
        ("/sites/demo/articles/artikel-1/comments", {"cursor": "WyJ0b3AiLDFd"}),
        ("/sites/demo/articles/artikel-1/comments", {"cursor": "WyJvbGRlc3QiLCJ4Il0"}),
        ("/sites/demo/articles/artikel-1/comments", {"sort": "top", "cursor": "WyJ0b3AiLDk5OTk5OTk5OTk5OTk5LCJ4Il0"}),
    ],
    ids=["no base64", "no ascii", "another order", "no id in it", "a score out of range"],
)
def test_a_cursor_that_is_not_of_the_list_is_refused(world: World, path: str, query: dict[str, str]) -> None:
    world.comment(world.person())

    answer = world.call("GET", path, query_string=query)

    assert answer.status_code == 422
    assert json_of(answer)["errors"]["cursor"][0]["code"] == "invalid_cursor"


def test_a_cursor_of_one_order_does_not_fit_another(world: World) -> None:
    reader = world.person()
    for number in range(3):
        world.comment(reader, sentence(number))
    cursor = world.thread(sort="oldest", limit=1)["next_cursor"]

    answer = world.call(
        "GET", "/sites/demo/articles/artikel-1/comments", query_string={"sort": "newest", "cursor": cursor}
    )

    assert answer.status_code == 422


def test_the_total_counts_the_whole_list_whatever_the_page(world: World) -> None:
    reader = world.person()
    for number in range(3):
        parent = world.comment(reader, sentence(number))
    world.comment(reader, sentence(3), parent=parent["id"])
    world.comment(reader, insult(4))

    page = world.thread(limit=1)

    assert page["total"] == 3


def test_replies_are_shown_flat_below_the_shown_depth(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, shown_depth=2))
    reader = world.person()
    top = world.comment(reader, sentence(0))
    under = world.comment(reader, sentence(1), parent=top["id"])
    below = world.comment(reader, sentence(2), parent=under["id"])
    deepest = world.comment(reader, sentence(3), parent=below["id"])

    (shown,) = world.thread()["items"]

    assert [reply["id"] for reply in shown["replies"]] == [under["id"], below["id"], deepest["id"]]
    assert [reply["depth"] for reply in shown["replies"]] == [2, 3, 4]
    assert [reply["parent_id"] for reply in shown["replies"]] == [top["id"], under["id"], below["id"]]
    assert all(reply["replies"] == [] for reply in shown["replies"])
    assert_whole(world.database)


def test_replies_nest_down_to_the_shown_depth(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, shown_depth=3))
    reader = world.person()
    chain = [world.comment(reader, sentence(0))]
    for number in range(1, 5):
        chain.append(world.comment(reader, sentence(number), parent=chain[-1]["id"]))

    (top,) = world.thread()["items"]

    (second,) = top["replies"]
    assert second["id"] == chain[1]["id"]
    assert [reply["id"] for reply in second["replies"]] == [comment["id"] for comment in chain[2:]]


def test_a_flat_section_shows_replies_among_the_comments(world: World) -> None:
    world.set_policy(dataclasses.replace(CALM, shown_depth=1))
    reader = world.person()
    top = world.comment(reader, sentence(0))
    reply = world.comment(reader, sentence(1), parent=top["id"])

    page = world.thread()

    assert ids(page) == [top["id"], reply["id"]]
    assert page["total"] == 2
    assert page["items"][0]["reply_count"] == 0


def test_the_first_replies_come_along_and_a_cursor_leads_to_the_others(world: World) -> None:
    reader = world.person()
    top = world.comment(reader, sentence(0))
    replies = [world.comment(reader, sentence(number), parent=top["id"])["id"] for number in range(1, 6)]

    (shown,) = world.thread()["items"]
    rest = json_of(
        world.call("GET", f"/comments/{top['id']}/replies", query_string={"cursor": shown["replies_cursor"]})
    )

    assert shown["reply_count"] == 5
    assert [reply["id"] for reply in shown["replies"]] + ids(rest) == replies
    assert rest["next_cursor"] is None


def test_own_replies_are_among_the_replies_in_every_status_and_nobody_elses(world: World) -> None:
    reader, other = world.person(), world.person()
    top = world.comment(reader, sentence(0))
    held = world.comment(reader, insult(1), parent=top["id"])

    seen = {
        person: ids(json_of(world.call("GET", f"/comments/{top['id']}/replies", by=who)))
        for person, who in (("author", reader), ("other", other), ("nobody", None))
    }

    assert seen == {"author": [held["id"]], "other": [], "nobody": []}


@pytest.mark.parametrize("way", ["withdrawn", "rejected"])
def test_a_parent_that_is_gone_keeps_its_place_while_it_has_replies(world: World, way: str) -> None:
    reader, other = world.person(), world.person()
    moderator = world.person(Role.MODERATOR, "demo")
    top = world.comment(reader, "Ein Satz, der wieder verschwinden soll.")
    reply = world.comment(other, sentence(1), parent=top["id"])

    if way == "withdrawn":
        assert world.call("DELETE", f"/comments/{top['id']}", by=reader).status_code == 204
    else:
        assert world.review(top, "reject", moderator).status_code == 200

    page = world.thread(by=other)
    (shown,) = page["items"]
    assert (shown["id"], shown["status"]) == (top["id"], "removed")
    assert (shown["body"], shown["body_html"], shown["author"], shown["revision"]) == (None, None, None, None)
    assert [item["id"] for item in shown["replies"]] == [reply["id"]]
    assert page["total"] == 1
    assert json_of(world.call("GET", "/sites/demo/counts?articles=artikel-1"))["counts"] == {"artikel-1": 1}
    assert world.call("GET", f"/comments/{top['id']}").status_code == 404
    assert ids(json_of(world.call("GET", f"/comments/{top['id']}/replies"))) == [reply["id"]]
    assert_whole(world.database)


def test_a_placeholder_goes_with_its_last_reply(world: World) -> None:
    reader = world.person()
    chain = [world.comment(reader, sentence(0))]
    for number in (1, 2):
        chain.append(world.comment(reader, sentence(number), parent=chain[-1]["id"]))
    for comment in chain[:2]:
        world.call("DELETE", f"/comments/{comment['id']}", by=reader)
    assert world.thread()["total"] == 1

    world.call("DELETE", f"/comments/{chain[2]['id']}", by=reader)

    assert world.thread() == {"items": [], "next_cursor": None, "total": 0}
    assert_whole(world.database)


def test_a_reply_to_a_placeholder_is_refused(world: World) -> None:
    reader = world.person()
    top = world.comment(reader, sentence(0))
    world.comment(reader, sentence(1), parent=top["id"])
    world.call("DELETE", f"/comments/{top['id']}", by=reader)

    answer = world.post(reader, sentence(2), parent=top["id"])

    assert answer.status_code == 422
    assert json_of(answer)["errors"]["parent_id"][0]["code"] == "unknown_parent"


def test_counts_hold_replies_and_give_zero_for_articles_nobody_knows(world: World) -> None:
    reader = world.person()
    top = world.comment(reader, sentence(0))
    world.comment(reader, sentence(1), parent=top["id"])
    world.comment(reader, insult(2))
    world.comment(reader, sentence(3), article="zwei")

    counts = json_of(world.call("GET", "/sites/demo/counts?articles=artikel-1,zwei,drei"))["counts"]

    assert counts == {"artikel-1": 2, "zwei": 1, "drei": 0}


def test_counts_are_given_for_a_hundred_articles_and_not_more(world: World) -> None:
    hundred = ",".join(str(number) for number in range(100))

    assert world.call("GET", f"/sites/demo/counts?articles={hundred}").status_code == 200
    assert world.call("GET", f"/sites/demo/counts?articles={hundred},100").status_code == 422


def test_own_comments_come_newest_first_in_every_status_and_can_be_narrowed(world: World) -> None:
    world.site("andere")
    world.set_policy(CALM, "andere")
    reader, other = world.person(), world.person()
    published = world.comment(reader, sentence(0))["id"]
    held = world.comment(reader, insult(1))["id"]
    gone = world.comment(reader, sentence(2))["id"]
    world.call("DELETE", f"/comments/{gone}", by=reader)
    elsewhere = world.comment(reader, sentence(3), site="andere", article="eins")["id"]
    world.comment(other, sentence(4))

    def own(**query: str) -> list[str]:
        return ids(json_of(world.call("GET", "/accounts/me/comments", by=reader, query_string=query)))

    assert own() == [elsewhere, held, published]
    assert own(site="demo") == [held, published]
    assert own(site="andere", article="eins") == [elsewhere]
    assert own(site="demo", article="eins") == []
    first = json_of(world.call("GET", "/accounts/me/comments?limit=2", by=reader))
    second = world.call("GET", "/accounts/me/comments", by=reader, query_string={"cursor": first["next_cursor"]})
    assert ids(first) + ids(json_of(second)) == [elsewhere, held, published]


@pytest.mark.parametrize(
    "path",
    [
        "/sites/nirgends/articles/artikel-1/comments",
        "/sites/demo/articles/unbekannt/comments",
        "/sites/nirgends/counts?articles=a",
        "/comments/01890000-0000-7000-8000-000000000000",
        "/comments/01890000-0000-7000-8000-000000000000/replies",
        "/comments/keine-kennung",
    ],
)
def test_what_is_not_there_is_not_found(world: World, path: str) -> None:
    assert world.call("GET", path).status_code == 404


def test_reading_a_thread_takes_the_same_number_of_queries_however_long_it_is(world: World) -> None:
    from sqlalchemy import event

    reader = world.person()
    statements: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    def cost() -> int:
        statements.clear()
        world.thread(by=reader, limit=100)
        return len(statements)

    top = world.comment(reader, sentence(0))
    world.comment(reader, sentence(1), parent=top["id"])
    few = cost()
    for number in range(2, 10):
        top = world.comment(reader, sentence(number))
        world.comment(reader, sentence(10 + number), parent=top["id"])

    assert cost() == few


def test_flat_every_published_comment_stands_by_itself_and_none_that_only_keeps_a_place(world: World) -> None:
    ada, bob = world.person(), world.person()
    first = world.comment(ada, sentence(1))
    reply = world.comment(bob, sentence(2), parent=first["id"])
    deeper = world.comment(bob, sentence(3), parent=reply["id"])
    held = world.comment(bob, insult(4))
    last = world.comment(ada, sentence(5))
    world.call("DELETE", f"/comments/{first['id']}", by=ada)

    pages = all_pages(world, sort="newest", flat="true", limit=2)
    page = world.thread(sort="newest", flat="true")

    assert list(chain(*pages)) == ids(page) == [last["id"], deeper["id"], reply["id"]]
    assert page["total"] == 3
    assert {item["parent_id"] for item in page["items"]} == {None, first["id"], reply["id"]}
    assert all(item["replies"] == [] for item in page["items"])
    assert held["id"] not in ids(world.thread(by=bob, sort="newest", flat="true"))


def test_a_comment_is_written_once_when_it_is_decided_about_and_counted_all_the_same(world: World) -> None:
    from sqlalchemy import event

    reader = world.person()
    top = world.comment(reader, sentence(0))
    statements: list[str] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))

    world.comment(reader, sentence(1), parent=top["id"])

    # The reply, the number of its parent's replies, and whether that gives the parent a place, which it has.
    assert sum(text.startswith("UPDATE comment") for text in statements) == 3
    page = world.thread(by=reader)
    assert (page["total"], page["items"][0]["reply_count"]) == (1, 1)


@pytest.mark.parametrize("sort", ["oldest", "newest", "top"])
def test_a_first_page_is_read_from_an_index_and_not_sorted(world: World, sort: Any) -> None:
    world.comment(world.person())
    asked: list[tuple[str, Any]] = []
    event.listen(world.database.engine, "before_cursor_execute", lambda *given: asked.append((given[2], given[3])))
    with world.database.read() as session:
        threads.of_article(session, "demo", ARTICLE, PageRequest(sort=sort), Viewer())
    statement, values = next((text, values) for text, values in asked if "LIMIT" in text and "display_name" in text)

    with world.database.read() as session:
        connection = session.connection()
        if world.database.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
        else:
            # So small a table would be read and sorted whole; what counts is whether there is another way.
            for way in ("seqscan", "bitmapscan", "sort", "hashjoin"):
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", values).all()

    lines = " ".join(str(row[-1]) for row in plan)
    assert "ix_comment_" in lines
    assert "Sort" not in lines
    assert "TEMP B-TREE" not in lines
