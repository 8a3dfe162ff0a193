"""What becomes of each system's export, and of what somebody has tampered with."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from moderation.imports import coral, disqus, formats, isso, wordpress, xml
from moderation.imports.entries import (
    ArticleEntry,
    Author,
    AuthorEntry,
    BadEntry,
    CommentEntry,
    Entry,
    UnreadableExportError,
    Was,
)
from tests.unit.imports import samples


def written(tmp_path: Path, text: str | bytes, name: str = "export.xml") -> Path:
    path = tmp_path / name
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def of_kind(entries: list[Entry], kind: type) -> list[Any]:
    return [entry for entry in entries if isinstance(entry, kind)]


def sorts(entries: list[Entry]) -> dict[str, Was]:
    return {entry.id: entry.was for entry in of_kind(entries, CommentEntry)}


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[misc,arg-type]  # Year to second.


def test_wordpress(tmp_path: Path) -> None:
    entries = list(wordpress.read([written(tmp_path, samples.wordpress(*samples.ALL_OF_WORDPRESS))]))

    first, second, *_ = of_kind(entries, CommentEntry)
    assert (first.id, first.parent, first.author) == ("1", None, Author(None, "anna@example.org", "Anna"))
    assert first.body == "Beitrag 1 & mehr\nmit zwei Zeilen."
    assert first.created_at == utc(2015, 3, 4, 10, 1)
    assert first.where.startswith("export.xml, line ")
    assert (second.parent, second.author.id) == ("1", "5")
    assert sorts(entries) == {
        "1": Was.PUBLISHED, "2": Was.PUBLISHED, "3": Was.HELD, "4": Was.SPAM, "5": Was.DELETED, "6": Was.NO_COMMENT,
    }  # fmt: skip
    article, empty = of_kind(entries, ArticleEntry)
    assert article == ArticleEntry(first.article, "71", "https://zeitung.example/radweg/", "Der neue Radweg")
    assert empty.id == "72"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"approved": "vielleicht"}, "unknown_status"), ({"id": ""}, "missing_id"), ({"parent": "x" * 300}, "invalid_id")],
)
def test_a_bad_comment_of_wordpress_is_left_out(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    text = samples.wordpress(samples.wordpress_comment(1, **changes), samples.wordpress_comment(2))

    entries = list(wordpress.read([written(tmp_path, text)]))

    assert [bad.reason for bad in of_kind(entries, BadEntry)] == [reason]
    assert sorts(entries) == {"2": Was.PUBLISHED}


def test_wordpress_without_a_time_in_utc(tmp_path: Path) -> None:
    text = samples.wordpress(samples.wordpress_comment(1, gmt="0000-00-00 00:00:00"))

    (comment,) = of_kind(list(wordpress.read([written(tmp_path, text)])), CommentEntry)

    assert comment.created_at == utc(2015, 3, 4, 11, 1)


def test_disqus(tmp_path: Path) -> None:
    entries = list(disqus.read([written(tmp_path, samples.disqus(*samples.ALL_OF_DISQUS))]))

    second, first, *_ = of_kind(entries, CommentEntry)
    assert (first.id, first.parent, first.author) == ("1", None, Author("anna77", None, "Anna"))
    assert first.body == "Beitrag 1\nmit Link (https://a.example/x)"
    assert first.created_at == utc(2015, 3, 4, 10, 1)
    assert (second.parent, second.author) == ("1", Author(None, None, "Bert"))
    assert sorts(entries) == {"2": Was.PUBLISHED, "1": Was.PUBLISHED, "3": Was.SPAM, "4": Was.DELETED}
    assert of_kind(entries, ArticleEntry) == [
        ArticleEntry(first.article, "radweg-71", "https://zeitung.example/radweg/", "Der neue Radweg")
    ]


def test_coral(tmp_path: Path) -> None:
    entries = list(coral.read(samples.coral(tmp_path)))

    second, first, *_ = of_kind(entries, CommentEntry)
    assert (first.id, first.parent, first.author, first.body) == ("c1", None, Author("user-1"), "Beitrag c1")
    assert first.created_at == dt.datetime(2020, 3, 4, 10, 0, 0, 123_000, tzinfo=dt.UTC)
    assert (second.parent, second.created_at) == ("c1", first.created_at)
    assert sorts(entries) == {
        "c2": Was.PUBLISHED, "c1": Was.PUBLISHED, "c3": Was.HELD, "c4": Was.HELD, "c5": Was.REJECTED,
        "c6": Was.DELETED,
    }  # fmt: skip
    assert of_kind(entries, ArticleEntry) == [
        ArticleEntry("story-71", "story-71", "https://zeitung.example/radweg", "Der neue Radweg")
    ]
    assert of_kind(entries, AuthorEntry) == [AuthorEntry("user-1", "Anna")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (samples.coral_comment("c1", status="NEW"), "unknown_status"),
        (samples.coral_comment("c1", status=None), "unknown_status"),
        (samples.coral_comment("c1", revisions=[]), "invalid_body"),
        (samples.coral_comment("c1", revisions=["Text"]), "invalid_body"),
        (samples.coral_comment("c1", revisions={"0": "Text"}), "invalid_body"),
        ({"id": "x"}, "unknown_kind"),
        ({"id": "x", "url": "https://zeitung.example/", "metadata": []}, "invalid_metadata"),
    ],
)
def test_a_bad_row_of_coral_is_left_out(tmp_path: Path, row: dict[str, Any], reason: str) -> None:
    path = written(tmp_path, f"{json.dumps(row)}\n{json.dumps(samples.coral_comment('c9'))}\n", "rows.json")

    entries = list(coral.read([path]))

    assert [bad.reason for bad in of_kind(entries, BadEntry)] == [reason]
    assert sorts(entries) == {"c9": Was.PUBLISHED}


@pytest.mark.parametrize(
    "date",
    [None, "gestern", {"$date": None}, {"$date": 10**400}, {"$date": {"$numberLong": "9" * 5000}}, {"$date": []}],
)
def test_what_is_no_time_of_coral_is_left_to_the_checks(tmp_path: Path, date: Any) -> None:
    path = written(tmp_path, json.dumps(samples.coral_comment("c1", createdAt=date)), "rows.json")

    (comment,) = coral.read([path])

    assert isinstance(comment, CommentEntry)
    assert comment.created_at is None


def test_isso(tmp_path: Path) -> None:
    entries = list(isso.read([samples.isso(tmp_path / "comments.db")]))

    first, second, *_ = of_kind(entries, CommentEntry)
    assert (first.id, first.parent, first.author) == ("1", None, Author(None, "anna@example.org", "Anna"))
    assert (first.body, first.created_at) == ("Beitrag *eins*", dt.datetime(2015, 3, 4, 10, 0, 0, 500_000, dt.UTC))
    assert (second.parent, second.author) == ("1", Author())
    assert sorts(entries) == {"1": Was.PUBLISHED, "2": Was.PUBLISHED, "3": Was.HELD, "4": Was.DELETED}
    assert of_kind(entries, ArticleEntry) == [ArticleEntry("9", "/radweg/", "/radweg/", "Der neue Radweg")]


@pytest.mark.parametrize(
    ("statement", "reasons"),
    [
        ("UPDATE comments SET mode = 8 WHERE id = 1", ["unknown_status"]),
        ("UPDATE comments SET text = x'00' WHERE id = 1", ["invalid_body"]),
        ("UPDATE threads SET uri = NULL", ["missing_id"]),
    ],
)
def test_bad_rows_of_isso_are_left_out(tmp_path: Path, statement: str, reasons: list[str]) -> None:
    path = samples.isso(tmp_path / "comments.db")
    with closing(sqlite3.connect(path)) as database:
        database.execute(statement)
        database.commit()

    assert [bad.reason for bad in of_kind(list(isso.read([path])), BadEntry)] == reasons


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE threads",
        "DROP TABLE comments;"
        "CREATE VIEW comments AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS id, 9 AS tid, 0 AS parent, 0 AS created, 1 AS mode, '' AS text, '' AS author, '' AS email FROM n",
        "ALTER TABLE comments DROP COLUMN text",
    ],
)
def test_a_database_that_is_not_isso_s_is_refused(tmp_path: Path, script: str) -> None:
    path = samples.isso(tmp_path / "comments.db")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(script)

    with pytest.raises(UnreadableExportError, match="no database of Isso's"):
        list(isso.read([path]))


def test_a_broken_database_is_refused_and_none_is_changed(tmp_path: Path) -> None:
    path = samples.isso(tmp_path / "comments.db")
    whole = path.read_bytes()
    list(isso.read([path]))
    assert path.read_bytes() == whole
    path.write_bytes(whole[:5000])

    with pytest.raises(UnreadableExportError):
        list(isso.read([path]))


_LAUGHS = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<rss><channel><title>&b;</title></channel></rss>"""
_FILE = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>"""
_PARAMETER = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY % a SYSTEM "http://127.0.0.1:9/x.dtd"> %a;]><rss/>"""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_LAUGHS, "declares entities"),
        (_FILE, "declares entities"),
        (_PARAMETER, "declares entities"),
        ("<rss><channel>", "no element found"),
        ("<rss>&nbsp;</rss>", "undefined entity"),
        ("<rss></channel>", "mismatched tag"),
        ("", "no element found"),
        ("<a>" * 200, "nested too deeply"),
        (b"<rss>\xff\xfe</rss>", "no utf-8"),
        ("<?xml version='1.0' encoding='klingon'?><rss/>", "no encoding klingon"),
        ("<?xml version='1.0' encoding='rot13'?><rss/>", "no encoding of texts"),
    ],
)
def test_hostile_and_broken_xml_is_refused(tmp_path: Path, content: str | bytes, said: str) -> None:
    with pytest.raises(UnreadableExportError, match=said):
        list(wordpress.read([written(tmp_path, content)]))


@pytest.mark.parametrize("begin", ["<rss x='", "<!--", "<", "<?php "])
def test_what_has_no_end_takes_no_more_than_some_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: str
) -> None:
    monkeypatch.setattr(xml, "_LONGEST_TAG", 500_000)
    path = written(tmp_path, begin + "x" * 3_000_000)

    with pytest.raises(UnreadableExportError, match=r"has no end|not well-formed|unclosed"):
        list(wordpress.read([path]))


def test_a_huge_text_is_cut_off(tmp_path: Path) -> None:
    text = samples.wordpress(samples.wordpress_comment(1, body="x" * 20_000_000), samples.wordpress_comment(2))
    path = written(tmp_path, text)
    del text
    tracemalloc.start()

    comments = of_kind(list(wordpress.read([path])), CommentEntry)

    assert tracemalloc.get_traced_memory()[1] < 12_000_000
    tracemalloc.stop()
    assert [len(one.body) < 1_100_000 for one in comments] == [True, True]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_encodings_that_are_declared_are_read(tmp_path: Path, encoding: str) -> None:
    text = samples.wordpress(samples.wordpress_comment(1, body="Käse & Brötchen"))
    declared = text.replace('encoding="UTF-8"', f'encoding="{encoding.removesuffix("-sig")}"')

    (comment,) = of_kind(list(wordpress.read([written(tmp_path, declared.encode(encoding))])), CommentEntry)

    assert comment.body == "Käse & Brötchen"


def test_control_characters_and_blank_lines_before_it_do_no_harm(tmp_path: Path) -> None:
    text = "\n\n" + samples.wordpress(samples.wordpress_comment(1, body="Ein\x00 Bei\x08trag\x0b"))

    (comment,) = of_kind(list(wordpress.read([written(tmp_path, text)])), CommentEntry)

    assert comment.body == "Ein Beitrag"


def test_each_format_is_recognised(tmp_path: Path) -> None:
    files = {
        "wordpress": written(tmp_path, samples.wordpress(), "a.xml"),
        "disqus": written(tmp_path, gzip.compress(samples.disqus().encode()), "b.xml.gz"),
        "coral": samples.coral(tmp_path)[0],
        "isso": samples.isso(tmp_path / "comments.db"),
        "vorab": written(tmp_path, '{"id": 1}', "c.jsonl"),
    }

    assert {kind: formats.recognise(path) for kind, path in files.items()} == {kind: kind for kind in files}
    assert all(formats.recognise(path) == "coral" for path in samples.coral(tmp_path))


@pytest.mark.parametrize("content", ["", "Hallo", "<html></html>", "[{}]", b"\x00\x01\x02"])
def test_other_files_are_not(tmp_path: Path, content: str | bytes) -> None:
    with pytest.raises(UnreadableExportError, match="looks like no export"):
        formats.recognise(written(tmp_path, content))
