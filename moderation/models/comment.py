from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, Float, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id

FORGOTTEN = ""
"""The text of a revision whose text was removed. Nobody can write it: a text has at least one character."""


class Status(StrEnum):
    SCREENING = "screening"
    PUBLISHED = "published"
    HELD = "held"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Comment(Base, kw_only=True, eq=False, repr=False):
    """What a reader wrote, and where it stands.

    ``status`` is that of the newest revision. What other readers see is revision ``published_number``, and nothing
    while that is empty: an edit that waits leaves the last published revision in place.

    ``listed`` is true where the comment has a place in the thread: it is published, or it is not (withdrawn, taken
    down) but has listed replies, which would hang in the air without it. ``shown_under_id`` is the comment that it is
    shown under, which is its parent except below the site's shown depth.
    """

    __tablename__ = "comment"
    __table_args__ = (
        CheckConstraint("status IN ('screening', 'published', 'held', 'rejected', 'withdrawn')", name="status"),
        # Threads are read by key ranges over these two, oldest or newest first, and by score.
        Index("ix_comment_thread", "article_id", "shown_under_id", "listed", "id"),
        Index("ix_comment_thread_top", "article_id", "shown_under_id", "listed", "score", "id"),
        Index("ix_comment_replies", "shown_under_id", "listed", "id"),
        Index("ix_comment_author", "author_id", "id"),
        # What is counted of an author is counted in the index alone.
        Index("ix_comment_author_record", "author_id", "site_id", "created_at", "status"),
        Index(None, "site_id", "created_at"),
        Index(
            "ix_comment_queue_risk",
            "site_id",
            "risk",
            "id",
            sqlite_where=text("queued_at IS NOT NULL"),
            postgresql_where=text("queued_at IS NOT NULL"),
        ),
        # What waits is counted in the index alone.
        Index(
            "ix_comment_queue_counts",
            "site_id",
            "status",
            "open_flag_count",
            "queued_at",
            "article_id",
            "author_id",
            sqlite_where=text("queued_at IS NOT NULL"),
            postgresql_where=text("queued_at IS NOT NULL"),
        ),
        Index(
            "ix_comment_queue_age",
            "site_id",
            "queued_at",
            "id",
            sqlite_where=text("queued_at IS NOT NULL"),
            postgresql_where=text("queued_at IS NOT NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    article_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("article.id", ondelete="CASCADE"))
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    parent_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("comment.id"), default=None)
    shown_under_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("comment.id"), default=None)
    depth: Mapped[int] = mapped_column(default=1)
    """1 for a top-level comment."""
    by_staff: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether its author could moderate the site when they wrote it. What they become later changes nothing."""

    status: Mapped[str] = mapped_column(String(16), default=Status.SCREENING)
    current_number: Mapped[int] = mapped_column(default=1)
    published_number: Mapped[int | None] = mapped_column(default=None)
    listed: Mapped[bool] = mapped_column(default=False)

    score: Mapped[int] = mapped_column(default=0)
    reply_count: Mapped[int] = mapped_column(default=0)
    """Listed comments shown under this one."""
    open_flag_count: Mapped[int] = mapped_column(default=0)

    risk: Mapped[float] = mapped_column(Float, default=0.0)
    """0..1, for the order of the review queue."""
    queued_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    """Since when the comment waits for a moderator; empty while it does not."""

    waits_for_author: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Held until its author has confirmed their address. Nobody's time is spent on it before."""

    imported_as: Mapped[str | None] = mapped_column(String(16), default=None)
    """What it was in the system that it was imported from (a ``Status``); empty for what was written here."""

    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    edited_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    version: Mapped[int] = mapped_column(init=False)
    """Counts changes of text and status. A moderator's decision names the one that it was made on."""

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012  # SQLAlchemy's way.


class Revision(Base, kw_only=True, eq=False, repr=False):
    """One text of a comment. The row is also the job of screening it: who has it, until when, which try."""

    __tablename__ = "revision"
    __table_args__ = (
        UniqueConstraint("comment_id", "number"),
        Index(
            "ix_revision_unscreened",
            "id",
            sqlite_where=text("screened_at IS NULL"),
            postgresql_where=text("screened_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    number: Mapped[int]
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    screened_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    """When screening came to an end: with an outcome, superseded by another revision, or given to a moderator."""
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    lease_token: Mapped[uuid.UUID | None] = mapped_column(default=None)
