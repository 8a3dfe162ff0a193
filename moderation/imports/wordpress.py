"""WordPress's own export (WXR): articles are ``item`` elements, with their comments inside."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from moderation.imports import xml
from moderation.imports.entries import ArticleEntry, Author, BadEntry, BadRowError, CommentEntry, Entry, Was
from moderation.imports.markup import to_text
from moderation.imports.values import identifier, moment, optional_identifier
from moderation.imports.xml import Element

_STATUSES = {
    "1": Was.PUBLISHED, "approve": Was.PUBLISHED, "0": Was.HELD, "hold": Was.HELD, "spam": Was.SPAM,
    "trash": Was.DELETED, "post-trashed": Was.DELETED,
}  # fmt: skip
_ITEM = ("rss", "channel", "item")


def read(paths: Sequence[Path]) -> Iterator[Entry]:
    """See ``Reader``."""
    for path in paths:
        yield from xml.entries(path, _Handler(path.name))


class _Handler:
    def __init__(self, name: str) -> None:
        self._name = name
        self._items = 0
        self._item: dict[str, str] = {}
        self._comment: dict[str, str] = {}

    def began(self, path: tuple[str, ...], element: Element) -> None:
        if (*path, element.name) == _ITEM:
            self._items += 1
            self._item = {}
        elif path == _ITEM and element.name == "comment":
            self._comment = {}

    def ended(self, path: tuple[str, ...], element: Element, line: int) -> Iterator[Entry]:
        if path == (*_ITEM, "comment"):
            self._comment[element.name] = element.text
        elif path == _ITEM and element.name == "comment":
            yield self._comment_entry(f"{self._name}, line {line}")
        elif path == _ITEM and element.name in ("title", "link", "post_id"):
            self._item.setdefault(element.name, element.text.strip())
        elif (*path, element.name) == _ITEM:
            yield from self._article_entry(line)

    @property
    def _key(self) -> str:
        """The comments of an item come before all of it is known."""
        return f"{self._name} {self._items}"

    def _article_entry(self, line: int) -> Iterator[Entry]:
        item = self._item
        try:
            own = optional_identifier(item.get("post_id"))
        except BadRowError as error:
            yield BadEntry(f"{self._name}, line {line}", None, error.reason)
            return
        yield ArticleEntry(self._key, own, item.get("link") or None, item.get("title") or None)

    def _comment_entry(self, where: str) -> CommentEntry | BadEntry:
        said = self._comment
        try:
            return self._entry(where, said)
        except BadRowError as error:
            return BadEntry(where, None, error.reason)

    def _entry(self, where: str, said: dict[str, str]) -> CommentEntry:
        was = _STATUSES.get(said.get("comment_approved", "").strip())
        if was is None:
            raise BadRowError("unknown_status")
        if said.get("comment_type", "").strip() not in ("", "comment"):
            was = Was.NO_COMMENT
        return CommentEntry(
            where=where,
            id=identifier(said.get("comment_id")),
            parent=_number(said.get("comment_parent")),
            article=self._key,
            author=Author(
                _number(said.get("comment_user_id")),
                said.get("comment_author_email", "").strip() or None,
                said.get("comment_author"),
            ),
            body=to_text(said.get("comment_content", ""), lines_count=True),
            # Without the first one, nothing says in which zone the second is.
            created_at=moment(said.get("comment_date_gmt")) or moment(said.get("comment_date")),
            was=was,
        )


def _number(text: str | None) -> str | None:
    """An id, for which 0 stands where there is none."""
    found = optional_identifier(text)
    return None if found == "0" else found
