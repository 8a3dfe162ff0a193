"""Coral's stories, users and comments, as ``mongoexport`` writes them: three files, told apart by what is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.imports.entries import (
    ArticleEntry,
    Author,
    AuthorEntry,
    BadEntry,
    BadRowError,
    CommentEntry,
    Entry,
    Was,
)
from moderation.imports.lines import objects_in
from moderation.imports.markup import to_text
from moderation.imports.values import identifier, moment, optional_identifier, section, text_or_none

_STATUSES = {
    "NONE": Was.PUBLISHED, "APPROVED": Was.PUBLISHED, "PREMOD": Was.HELD, "SYSTEM_WITHHELD": Was.HELD,
    "REJECTED": Was.REJECTED,
}  # fmt: skip
"""``NONE`` is what nobody had to look at; readers see it."""


def read(paths: Sequence[Path]) -> Iterator[Entry]:
    """See ``Reader``."""
    for path in paths:
        for found in objects_in(path):
            yield from [found] if isinstance(found, BadEntry) else _entries(*found)


def _entries(where: str, fields: Mapping[str, Any]) -> Iterator[Entry]:
    try:
        if "storyID" in fields:
            yield _comment(where, fields)
        elif "url" in fields:
            yield _story(fields)
        elif "username" in fields or "profiles" in fields:
            yield from _user(fields)
        else:
            raise BadRowError("unknown_kind")
    except BadRowError as error:
        yield BadEntry(where, None, error.reason)


def _story(fields: Mapping[str, Any]) -> ArticleEntry:
    own = identifier(fields.get("id"))
    title = section(fields, "metadata").get("title")
    return ArticleEntry(own, own, text_or_none(fields.get("url")), text_or_none(title))


def _user(fields: Mapping[str, Any]) -> Iterator[AuthorEntry]:
    name = text_or_none(fields.get("username"))
    if name is not None:
        yield AuthorEntry(identifier(fields.get("id")), name)


def _comment(where: str, fields: Mapping[str, Any]) -> CommentEntry:
    is_deleted = fields.get("deletedAt") is not None
    status = fields.get("status")
    was = Was.DELETED if is_deleted else _STATUSES.get(status) if isinstance(status, str) else None
    if was is None:
        raise BadRowError("unknown_status")
    return CommentEntry(
        where=where,
        id=identifier(fields.get("id")),
        parent=optional_identifier(fields.get("parentID")),
        article=optional_identifier(fields.get("storyID")),
        author=Author(optional_identifier(fields.get("authorID"))),
        body="" if is_deleted else to_text(_body(fields.get("revisions")), lines_count=False),
        created_at=_moment(fields.get("createdAt")),
        was=was,
    )


def _body(revisions: object) -> str:
    """The newest text, which is the last one."""
    newest = revisions[-1] if isinstance(revisions, list) and revisions else None
    body = newest.get("body") if isinstance(newest, Mapping) else None
    if not isinstance(body, str):
        raise BadRowError("invalid_body")
    return body


def _moment(value: object) -> Any:
    """MongoDB's extended JSON: ISO 8601, or milliseconds since 1970 in its canonical form."""
    date = value.get("$date") if isinstance(value, Mapping) else value
    if isinstance(date, Mapping):
        long = date.get("$numberLong")
        date = int(long) if isinstance(long, str) and len(long) <= 20 and long.lstrip("-").isdecimal() else None
    if isinstance(date, int) and not isinstance(date, bool):
        return moment(date // 1000 + date % 1000 / 1000) if abs(date) < 10**18 else None
    return moment(date)
