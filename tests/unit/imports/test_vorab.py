"""The JSON Lines of our own: whatever a line holds, it becomes entries or a bad entry, and never breaks the rest."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from moderation.imports import lines, vorab
from moderation.imports.entries import ArticleEntry, Author, BadEntry, CommentEntry, UnreadableExportError, Was

GOOD = {
    "id": 1,
    "article": {"id": "a1", "url": "https://zeitung.example/a1", "title": "Titel"},
    "author": {"id": 7, "name": "Anna", "email": "anna@example.org"},
    "body": "Ein Beitrag.",
    "created_at": "2015-03-04T10:00:00+01:00",
}


def entries(tmp_path: Path, *rows: Any) -> list[Any]:
    path = tmp_path / "export.jsonl"
    path.write_bytes(b"\n".join(row if isinstance(row, bytes) else json.dumps(row).encode() for row in rows))
    return list(vorab.read([path]))


def test_a_line_is_an_article_and_a_comment(tmp_path: Path) -> None:
    article, comment = entries(tmp_path, GOOD)

    assert article == ArticleEntry("a1", "a1", "https://zeitung.example/a1", "Titel")
    assert comment == CommentEntry(
        where="export.jsonl, line 1",
        id="1",
        parent=None,
        article="a1",
        author=Author("7", "anna@example.org", "Anna"),
        body="Ein Beitrag.",
        created_at=dt.datetime(2015, 3, 4, 9, tzinfo=dt.UTC),
        was=Was.PUBLISHED,
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"nonsense", "not_json"),
        (b"[1]", "not_an_object"),
        (b'{"id": NaN}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"body": "\xff\xfe"}', "not_utf8"),
        ({**GOOD, "id": None}, "missing_id"),
        ({**GOOD, "id": " "}, "missing_id"),
        ({**GOOD, "id": ["1"]}, "invalid_id"),
        ({**GOOD, "id": True}, "invalid_id"),
        ({**GOOD, "id": "x" * 256}, "invalid_id"),
        ({**GOOD, "id": "a\x00b"}, "invalid_id"),
        ({**GOOD, "id": "a\ud800b"}, "invalid_id"),
        ({**GOOD, "body": 5}, "invalid_body"),
        ({**GOOD, "article": "a1"}, "invalid_article"),
        ({**GOOD, "author": ["Anna"]}, "invalid_author"),
        ({**GOOD, "status": "approved"}, "unknown_status"),
        ({**GOOD, "status": ["published"]}, "unknown_status"),
    ],
)
def test_a_bad_line_says_what_is_wrong_and_the_next_one_is_read(tmp_path: Path, row: Any, reason: str) -> None:
    bad, *rest = entries(tmp_path, row, {**GOOD, "id": "next"})

    assert isinstance(bad, BadEntry)
    assert (bad.where, bad.reason) == ("export.jsonl, line 1", reason)
    assert [entry.id for entry in rest if isinstance(entry, CommentEntry)] == ["next"]


@pytest.mark.parametrize("when", [None, "gestern", "2015-13-01T00:00:00Z", 10**30, True, {}, float("1e400")])
def test_what_is_no_time_is_left_to_the_checks(tmp_path: Path, when: Any) -> None:
    *_, comment = entries(tmp_path, json.dumps({**GOOD, "created_at": when}).replace("Infinity", "1e400").encode())

    assert comment.created_at is None


def test_a_line_that_is_longer_than_any_comment_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "LONGEST_LINE", 1000)

    bad, _, good = entries(tmp_path, {**GOOD, "body": "x" * 5000}, GOOD)

    assert bad == BadEntry("export.jsonl, line 1", None, "line_too_long")
    assert (good.where, good.id) == ("export.jsonl, line 2", "1")


def test_a_byte_order_mark_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    found = entries(tmp_path, b"\xef\xbb\xbf" + json.dumps(GOOD).encode(), b"", b"  \r", {**GOOD, "id": 2})

    assert [entry.id for entry in found if isinstance(entry, CommentEntry)] == ["1", "2"]


def test_packed_files_are_unpacked_and_torn_ones_refused(tmp_path: Path) -> None:
    whole, torn = tmp_path / "whole.jsonl.gz", tmp_path / "torn.jsonl.gz"
    packed = gzip.compress(json.dumps(GOOD).encode() * 1)
    whole.write_bytes(packed)
    torn.write_bytes(packed[:-12])

    assert len(list(vorab.read([whole]))) == 2
    with pytest.raises(UnreadableExportError, match=r"torn\.jsonl\.gz"):
        list(vorab.read([torn]))


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
_names = ["id", "parent_id", "article", "author", "body", "created_at", "status"]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(_names), _values) | _values, max_size=5))
def test_no_json_whatever_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    found = entries(tmp_path_factory.mktemp("rows"), *rows)

    assert sum(not isinstance(entry, ArticleEntry) for entry in found) == len(rows)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_whatever_break_the_reader(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "export.jsonl"
    path.write_bytes(b" " + content)

    for entry in vorab.read([path]):
        assert isinstance(entry, ArticleEntry | CommentEntry | BadEntry)
