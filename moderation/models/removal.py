from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class RemovalState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    UNDOING = "undoing"
    UNDONE = "undone"


class Removal(Base, kw_only=True, eq=False, repr=False):
    """A moderator's wish to take all of an author's comments on a site away, and how far that has got.

    The row is the job: whoever works at it locks it for one comment at a time, and after a crash it goes on from there.
    """

    __tablename__ = "author_removal"
    __table_args__ = (
        CheckConstraint("action IN ('reject', 'withdraw')", name="action"),
        CheckConstraint("state IN ('running', 'done', 'undoing', 'undone')", name="state"),
        Index(None, "account_id", "site_id", "id"),
        Index(None, "actor_id"),
        Index(
            "ix_author_removal_open",
            "state",
            sqlite_where=text("state IN ('running', 'undoing')"),
            postgresql_where=text("state IN ('running', 'undoing')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    actor_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id"))
    action: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(40), default=None)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    """To the author, about each of the comments."""
    state: Mapped[str] = mapped_column(String(16), default=RemovalState.RUNNING)
    total: Mapped[int]
    """Comments that it is about, as many as there were when it was wished for."""
    changed: Mapped[int] = mapped_column(default=0)
    """Comments that it has taken away and not given back."""
    last_id: Mapped[uuid.UUID | None] = mapped_column(default=None)
    """The comment that was looked at last; while it is undone, the decision."""
    undone_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
