"""Disqus's XML export: threads are articles, posts comments, in any order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from moderation.imports import xml
from moderation.imports.entries import ArticleEntry, Author, BadEntry, BadRowError, CommentEntry, Entry, Was
from moderation.imports.markup import to_text
from moderation.imports.values import identifier, moment, optional_identifier
from moderation.imports.xml import Element


def read(paths: Sequence[Path]) -> Iterator[Entry]:
    """See ``Reader``."""
    for path in paths:
        yield from xml.entries(path, _Handler(path.name))


class _Handler:
    def __init__(self, name: str) -> None:
        self._name = name
        self._own = ""
        self._said: dict[str, str] = {}

    def began(self, path: tuple[str, ...], element: Element) -> None:
        if path == ("disqus",):
            self._own = element.attributes.get("id", "")
            self._said = {}
        elif path == ("disqus", "post") and element.name in ("thread", "parent"):
            self._said[element.name] = element.attributes.get("id", "")

    def ended(self, path: tuple[str, ...], element: Element, line: int) -> Iterator[Entry]:
        where = f"{self._name}, line {line}"
        if path == ("disqus",):
            yield from self._entries(where, element.name)
        elif len(path) == 2:
            self._said.setdefault(element.name, element.text)
        elif len(path) == 3 and path[2] == "author":
            self._said[f"author.{element.name}"] = element.text

    def _entries(self, where: str, kind: str) -> Iterator[Entry]:
        try:
            if kind == "thread":
                yield self._article()
            elif kind == "post":
                yield self._comment(where)
        except BadRowError as error:
            yield BadEntry(where, None, error.reason)

    def _article(self) -> ArticleEntry:
        said = self._said
        return ArticleEntry(
            identifier(self._own),
            said.get("id", "").strip() or None,
            said.get("link", "").strip() or None,
            said.get("title", "").strip() or None,
        )

    def _comment(self, where: str) -> CommentEntry:
        said = self._said
        return CommentEntry(
            where=where,
            id=identifier(self._own),
            parent=optional_identifier(said.get("parent")),
            article=optional_identifier(said.get("thread")),
            author=_author(said),
            body=to_text(said.get("message", ""), lines_count=False),
            created_at=moment(said.get("createdAt")),
            was=_was(said),
        )


def _author(said: dict[str, str]) -> Author:
    """Guests have no name that is theirs alone."""
    username = said.get("author.username", "").strip()
    own = optional_identifier(username) if not _is_true(said, "author.isAnonymous") else None
    return Author(own, said.get("author.email", "").strip() or None, said.get("author.name"))


def _was(said: dict[str, str]) -> Was:
    if _is_true(said, "isDeleted"):
        return Was.DELETED
    if _is_true(said, "isSpam"):
        return Was.SPAM
    return Was.HELD if said.get("isApproved", "").strip() == "false" else Was.PUBLISHED


def _is_true(said: dict[str, str], name: str) -> bool:
    return said.get(name, "").strip() == "true"
