"""Our own format, which anything can be converted to: JSON Lines, a comment a line (docs/import.md)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from moderation.imports.entries import ArticleEntry, Author, BadEntry, BadRowError, CommentEntry, Entry, Was
from moderation.imports.lines import objects_in
from moderation.imports.values import identifier, moment, optional_identifier, section, text_or_none

_STATUSES = {one.value: one for one in (Was.PUBLISHED, Was.HELD, Was.REJECTED, Was.SPAM, Was.DELETED)}


def read(paths: Sequence[Path]) -> Iterator[Entry]:
    """See ``Reader``."""
    for path in paths:
        for found in objects_in(path):
            yield from [found] if isinstance(found, BadEntry) else _entries(*found)


def _entries(where: str, fields: Mapping[str, Any]) -> Iterator[Entry]:
    try:
        article = _article(section(fields, "article"))
        comment = _comment(where, fields, article)
    except BadRowError as error:
        yield BadEntry(where, _named(fields), error.reason)
        return
    if article is not None:
        yield article
    yield comment


def _article(fields: Mapping[str, Any]) -> ArticleEntry | None:
    own, url = optional_identifier(fields.get("id")), text_or_none(fields.get("url"))
    key = own or url
    return ArticleEntry(key, own, url, text_or_none(fields.get("title"))) if key is not None else None


def _comment(where: str, fields: Mapping[str, Any], article: ArticleEntry | None) -> CommentEntry:
    author, body = section(fields, "author"), fields.get("body")
    status = fields.get("status") or Was.PUBLISHED
    was = _STATUSES.get(status) if isinstance(status, str) else None
    if was is None:
        raise BadRowError("unknown_status")
    if not isinstance(body, str) and was is not Was.DELETED:
        raise BadRowError("invalid_body")
    return CommentEntry(
        where=where,
        id=identifier(fields.get("id")),
        parent=optional_identifier(fields.get("parent_id")),
        article=article.key if article else None,
        author=Author(
            optional_identifier(author.get("id")), text_or_none(author.get("email")), text_or_none(author.get("name"))
        ),
        body=body if isinstance(body, str) else "",
        created_at=moment(fields.get("created_at")),
        was=was,
    )


def _named(fields: Mapping[str, Any]) -> str | None:
    try:
        return optional_identifier(fields.get("id"))
    except BadRowError:
        return None
