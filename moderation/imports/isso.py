"""Isso's database, an SQLite file: opened for reading only, and not trusted."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from moderation.imports.entries import (
    ArticleEntry,
    Author,
    BadEntry,
    BadRowError,
    CommentEntry,
    Entry,
    UnreadableExportError,
    Was,
)
from moderation.imports.values import identifier, moment, optional_identifier, text_or_none

_STATUSES = {1: Was.PUBLISHED, 2: Was.HELD, 4: Was.DELETED}
_LONGEST_VALUE = 4_000_000
_NEEDED = {
    "threads": {"id", "uri", "title"},
    "comments": {"id", "tid", "parent", "created", "mode", "text", "author", "email"},
}


def read(paths: Sequence[Path]) -> Iterator[Entry]:
    """See ``Reader``."""
    for path in paths:
        try:
            with closing(_open(path)) as database:
                _demand_tables(path, database)
                yield from _articles(path, database)
                yield from _comments(path, database)
        except sqlite3.Error as error:
            raise UnreadableExportError(f"{path.name}: {error}") from error


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST_VALUE)
    database.execute("PRAGMA trusted_schema = OFF")
    # What is no UTF-8 is seen as such where the values are checked.
    database.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
    return database


def _demand_tables(path: Path, database: sqlite3.Connection) -> None:
    """Tables they have to be: a view could compute without end."""
    for table, columns in _NEEDED.items():
        kind = database.execute("SELECT type FROM sqlite_master WHERE name = ?", (table,)).fetchone()
        found = {row[1] for row in database.execute(f"PRAGMA table_info({table})")}
        if kind != ("table",) or not columns <= found:
            raise UnreadableExportError(f"{path.name} is no database of Isso's: its {table} are missing")


def _articles(path: Path, database: sqlite3.Connection) -> Iterator[Entry]:
    for number, uri, title in database.execute("SELECT id, uri, title FROM threads ORDER BY id"):
        where = f"{path.name}, thread {_shown(number)}"
        try:
            own = identifier(uri)
            yield ArticleEntry(identifier(number), own, own, text_or_none(title))
        except BadRowError as error:
            yield BadEntry(where, None, error.reason)


def _comments(path: Path, database: sqlite3.Connection) -> Iterator[Entry]:
    rows = database.execute("SELECT id, tid, parent, created, mode, text, author, email FROM comments ORDER BY id")
    for row in rows:
        where = f"{path.name}, comment {_shown(row[0])}"
        try:
            yield _comment(where, *row)
        except BadRowError as error:
            yield BadEntry(where, None, error.reason)


def _shown(number: object) -> str:
    return str(number) if isinstance(number, int) else "without a number"


def _comment(where: str, own: object, tid: object, parent: object, created: object, *rest: object) -> CommentEntry:
    mode, text, author, email = rest
    was = _STATUSES.get(mode) if isinstance(mode, int) else None
    if was is None:
        raise BadRowError("unknown_status")
    if not isinstance(text, str):
        raise BadRowError("invalid_body")
    return CommentEntry(
        where=where,
        id=identifier(own),
        parent=optional_identifier(parent),
        article=optional_identifier(tid),
        author=Author(None, text_or_none(email), text_or_none(author)),
        body=text,
        created_at=moment(created),
        was=was,
    )
