"""An export in order: parents before replies, bad rows sorted out, places kept where one is needed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from moderation.imports.checking import Rules
from moderation.imports.entries import ArticleEntry, Author, AuthorEntry, BadEntry, CommentEntry, Entry, Was
from moderation.imports.staging import Stage, Staged

NOW = dt.datetime(2026, 11, 23, 12, 0, tzinfo=dt.UTC)
THEN = dt.datetime(2015, 3, 4, 10, 0, tzinfo=dt.UTC)
PAGE = ArticleEntry("a1", "a1", "https://zeitung.example/a1", "Der Artikel")
OTHER_PAGE = ArticleEntry("a2", "a2", "https://zeitung.example/a2", "Ein anderer")


def rules(**changes: Any) -> Rules:
    asked: dict[str, Any] = {
        "origins": ("https://zeitung.example",),
        "max_length": 5000,
        "now": NOW,
        "pseudonym": lambda address: f"mail:{len(address)}",
    }
    return Rules(**{**asked, **changes})


def comment(own: str, parent: str | None = None, **changes: Any) -> CommentEntry:
    said: dict[str, Any] = {
        "where": f"line {own}",
        "id": own,
        "parent": parent,
        "article": "a1",
        "author": Author(name="Anna"),
        "body": f"Beitrag {own}.",
        "created_at": THEN,
        "was": Was.PUBLISHED,
    }
    return CommentEntry(**{**said, **changes})


class Ordered:
    def __init__(self, entries: Iterable[Entry], known: Mapping[str, str] | None = None, **changes: Any) -> None:
        wanted = changes.pop("wanted", (Was.PUBLISHED, Was.HELD, Was.REJECTED))
        with Stage.opened(rules(**changes)) as stage:
            self.count = [0, *stage.add(entries)][-1]
            there = known or {}
            stage.settle(lambda ids: {one: there[one] for one in ids if one in there}, wanted=wanted)
            self.rows = [row for batch in stage.batches(2) for row in batch]
            self.bad = {one.id: one.reason for one in stage.bad(100)}
            self.problems, self.left_out, self.total = stage.problems(), stage.left_out(), stage.total()
            self.articles = stage.articles({"a1", "a2"})

    @property
    def ids(self) -> list[str]:
        return [row.id for row in self.rows]

    def row(self, own: str) -> Staged:
        return next(row for row in self.rows if row.id == own)


def test_parents_come_before_their_replies_whatever_the_order_of_the_export() -> None:
    entries = [comment("1"), *(comment(str(number), str(number // 2)) for number in range(2, 64))]
    entries = entries[1::2] + entries[::2]

    found = Ordered([*entries, PAGE])

    assert sorted(found.ids, key=int) == [str(number) for number in range(1, 64)]
    seen: set[str] = set()
    for row in found.rows:
        assert row.parent is None or row.parent in seen
        seen.add(row.id)
    assert found.total == 63
    assert found.problems == {}


def test_a_thread_may_be_as_deep_as_it_likes() -> None:
    chain = [comment(str(number), str(number - 1) if number else None) for number in range(3000)]

    assert Ordered([PAGE, *reversed(chain)]).ids == [str(number) for number in range(3000)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"body": " \u200b\n"}, "empty"),
        ({"body": "x" * 5001}, "too_long"),
        ({"body": "halb \ud83d"}, "lone_surrogate"),
        ({"body": "a" + "\u0301" * 9}, "too_many_combining_marks"),
        ({"created_at": None}, "invalid_date"),
        ({"created_at": NOW + dt.timedelta(seconds=1)}, "future_date"),
        ({"created_at": dt.datetime(1989, 12, 31, tzinfo=dt.UTC)}, "date_before_1990"),
        ({"article": None}, "missing_article"),
        ({"article": "a9"}, "missing_article"),
        ({"article": "foreign"}, "foreign_article_url"),
        ({"article": "without"}, "article_without_id"),
        ({"article": "long"}, "invalid_article_id"),
        ({"article": "slashed"}, "invalid_article_id"),
        ({"parent": "99"}, "unknown_parent"),
        ({"parent": "1"}, "parent_cycle"),
        ({"parent": "elsewhere"}, "parent_on_another_article"),
    ],
)
def test_a_bad_comment_is_left_out_with_its_reason_and_the_others_are_not(changes: dict[str, Any], reason: str) -> None:
    found = Ordered(
        [
            PAGE,
            OTHER_PAGE,
            ArticleEntry("foreign", "a3", "https://anderswo.example/a3"),
            ArticleEntry("without", None, "https://zeitung.example/a4"),
            ArticleEntry("long", "x" * 201),
            ArticleEntry("slashed", "p/7"),
            comment("elsewhere", article="a2"),
            comment("1", **changes),
            comment("2"),
        ]
    )

    assert found.bad == {"1": reason}
    assert found.ids == ["elsewhere", "2"]


def test_the_second_of_two_with_one_id_is_left_out() -> None:
    found = Ordered([PAGE, comment("1"), comment("1", where="line 2", body="Noch einmal.")])

    assert [row.body for row in found.rows] == ["Beitrag 1."]
    assert found.problems == {"duplicate_id": 1}


def test_bad_entries_of_a_reader_are_counted_too() -> None:
    assert Ordered([BadEntry("line 1", None, "not_json")]).problems == {"not_json": 1}


def test_what_hangs_on_a_missing_comment_is_left_out_with_it_and_cycles_are_told_apart() -> None:
    found = Ordered(
        [PAGE, comment("1", "99"), comment("2", "1"), comment("3", "5"), comment("4", "3"), comment("5", "4")]
    )

    assert found.ids == []
    assert found.bad == {
        "1": "unknown_parent", "2": "unknown_parent", "3": "parent_cycle", "4": "parent_cycle", "5": "parent_cycle",
    }  # fmt: skip


def test_a_parent_that_was_imported_before_need_not_be_in_the_export() -> None:
    found = Ordered([PAGE, comment("2", "1"), comment("3", "0")], known={"1": "a1", "0": "a2"})

    assert found.ids == ["2"]
    assert found.bad == {"3": "parent_on_another_article"}


def test_deleted_spam_and_bad_comments_keep_a_place_only_where_others_answered_them() -> None:
    later = THEN + dt.timedelta(hours=1)
    found = Ordered(
        [
            PAGE,
            comment("1", was=Was.DELETED, body="", created_at=None),
            comment("2", "1", was=Was.SPAM),
            comment("3", "2", body="", created_at=later),
            comment("4", "3", created_at=later),
            comment("5", was=Was.DELETED),
            comment("6", "5", was=Was.SPAM),
            comment("7", was=Was.NO_COMMENT),
        ]
    )

    assert [(row.id, row.was) for row in found.rows] == [("1", None), ("2", None), ("3", None), ("4", Was.PUBLISHED)]
    assert found.row("1").created_at == THEN, "as old as the oldest answer to it"
    assert [row.body for row in found.rows] == ["", "", "", "Beitrag 4."]
    assert found.left_out == {"deleted": 2, "no_comment": 1, "spam": 2}
    assert found.bad == {"3": "empty"}


def test_what_was_not_published_can_be_left_out() -> None:
    entries = [PAGE, comment("1", was=Was.HELD), comment("2", "1"), comment("3", was=Was.REJECTED)]

    found = Ordered(entries, wanted=(Was.PUBLISHED,))

    assert [(row.id, row.was) for row in found.rows] == [("1", None), ("2", Was.PUBLISHED)]
    assert found.left_out == {"held": 1, "rejected": 1}


def test_control_characters_are_left_out_of_texts() -> None:
    assert Ordered([PAGE, comment("1", body="Ein\x00 Bei\x07trag\r\nhier.")]).row("1").body == "Ein Beitrag\nhier."


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Anna", "Anna"),
        ("  Anna \n\t Berg ", "Anna Berg"),
        ("A\u200bn\u202ena\x00", "Anna"),
        ("x" * 200, "x" * 80),
        ("Ann\ud800a", "Anna"),
        ("\u200b", None),
        ("", None),
        (None, None),
    ],
)
def test_names_are_shown_as_they_were_written_as_far_as_that_can_be(name: str | None, shown: str | None) -> None:
    assert Ordered([PAGE, comment("1", author=Author("7", None, name))]).row("1").name == shown


def test_a_name_may_stand_elsewhere_in_the_export() -> None:
    found = Ordered([comment("1", author=Author("7")), PAGE, AuthorEntry("7", "Anna")])

    assert found.row("1").name == "Anna"


@pytest.mark.parametrize(
    ("author", "subject"),
    [
        (Author("7", "anna@example.org", "Anna"), "id:7"),
        (Author(None, "anna@example.org", "Anna"), "mail:16"),
        (Author(None, "keine", "Anna"), "name:Anna"),
        (Author(None, None, "Anna"), "name:Anna"),
        (Author(), ""),
    ],
)
def test_authors_are_told_apart_by_number_address_or_name(author: Author, subject: str) -> None:
    assert Ordered([PAGE, comment("1", author=author)]).row("1").subject == subject


@pytest.mark.parametrize(
    ("kind", "base_url", "address", "external_id", "url"),
    [
        ("id", None, "http://zeitung.example/p/7?x=1", "a7", "https://zeitung.example/p/7?x=1"),
        ("path", None, "https://zeitung.example/p/7/?x=1", "p-7?x=1", "https://zeitung.example/p/7/?x=1"),
        ("path", None, "https://zeitung.example/?p=7", "?p=7", "https://zeitung.example/?p=7"),
        ("path", None, "/blog/%C3%BCber/", "blog-über", None),
        (
            "slug",
            None,
            "https://zeitung.example/2015/radweg.html?x",
            "radweg.html",
            "https://zeitung.example/2015/radweg.html?x",
        ),
        ("slug", "https://zeitung.example", "http://alt.example/p/7", "7", "https://zeitung.example/p/7"),
    ],
)
def test_articles_are_called_what_the_pages_call_them(
    kind: str, base_url: str | None, address: str, external_id: str, url: str | None
) -> None:
    page = ArticleEntry("k", "a7", address, "Sieben")
    with Stage.opened(rules(article_id=kind, base_url=base_url)) as stage:
        list(stage.add([page, comment("1", article="k")]))
        stage.settle(lambda _ids: {})
        (found,) = stage.sample_articles()
        ((row,),) = stage.batches(10)

    assert (found.external_id, found.url, found.title) == (external_id, url, "Sieben")
    assert row.article == external_id


def test_two_pages_do_not_come_to_one_article_unseen() -> None:
    pages = [ArticleEntry(key, None, f"https://zeitung.example/{key}") for key in ("2015/start", "2016/start", "ende")]
    entries = [comment(str(number), article=page.key) for number, page in enumerate(pages)]

    found = Ordered([*pages, *entries], article_id="slug")

    assert found.ids == ["2"]
    assert found.problems == {"ambiguous_article_id": 2}


def test_a_path_alone_is_no_address_unless_it_is_said_whose() -> None:
    page = ArticleEntry("1", "eins", "/blog/eins", "Eins")
    for base_url, url in ((None, None), ("https://zeitung.example", "https://zeitung.example/blog/eins")):
        with Stage.opened(rules(base_url=base_url)) as stage:
            list(stage.add([page]))
            assert stage.sample_articles()[0].url == url


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://zeitung.example:8443/a", "http://["])
def test_addresses_elsewhere_are_foreign(url: str) -> None:
    found = Ordered([ArticleEntry("a1", "a1", url), comment("1")])

    assert found.bad == {"1": "foreign_article_url"}
