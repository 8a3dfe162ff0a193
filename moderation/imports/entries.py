"""What an export says, whatever system wrote it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from moderation.errors import VorabError


class Was(StrEnum):
    """What became of a comment where it comes from. The first three are imported, the others are counted."""

    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
    SPAM = "spam"
    DELETED = "deleted"
    NO_COMMENT = "no_comment"
    """A pingback, say: another page's mention of the article."""


class UnreadableExportError(VorabError):
    """The file as a whole is not what it should be; the message says where and why. Nothing was imported."""

    code = "unreadable_export"


class BadRowError(VorabError):
    """A row is not what it should be, for a reason with a stable name."""

    code = "bad_row"

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ArticleEntry:
    """A page. ``key`` is what the export's comments call it, ``id`` what the publisher does."""

    key: str
    id: str | None = None
    url: str | None = None
    title: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorEntry:
    """Somebody whose name stands elsewhere than with their comments."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a comment, as far as the export knows."""

    id: str | None = None
    email: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommentEntry:
    """``where`` tells a person where in the export it stands; ``article`` is an ``ArticleEntry``'s key."""

    where: str
    id: str
    parent: str | None = None
    article: str | None
    author: Author
    body: str
    created_at: dt.datetime | None
    was: Was


@dataclass(frozen=True, slots=True)
class BadEntry:
    """Something that could not be read as a comment at all."""

    where: str
    id: str | None
    reason: str


Entry = ArticleEntry | AuthorEntry | CommentEntry | BadEntry


class Reader(Protocol):
    """Reads the files of one export, in any order, a little at a time."""

    def __call__(self, paths: Sequence[Path]) -> Iterator[Entry]:
        """
        Raises:
            UnreadableExportError: a file is broken beyond single rows, or no such export at all.
        """
        ...
