from __future__ import annotations

import datetime as dt
import uuid
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class AppealStatus(StrEnum):
    WAITING = "waiting"
    GRANTED = "granted"
    DENIED = "denied"
    CLOSED = "closed"
    """Nobody has to answer it any more: the comment was withdrawn or edited, or the refusal was taken back."""


class Appeal(Base, kw_only=True, eq=False, repr=False):
    """An author asks a person to look once more at what was refused. There is one for each refusal at most."""

    __tablename__ = "appeal"
    __table_args__ = (
        CheckConstraint("status IN ('waiting', 'granted', 'denied', 'closed')", name="status"),
        Index(None, "comment_id", "id"),
        Index(None, "revision_id"),
        Index(None, "created_at"),
        Index(None, "decision_id"),
        Index(
            "ix_appeal_waiting",
            "comment_id",
            unique=True,
            sqlite_where=text("status = 'waiting'"),
            postgresql_where=text("status = 'waiting'"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"))
    refusal_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("decision.id", ondelete="CASCADE"), unique=True)
    """The decision that it is against."""
    text: Mapped[str | None] = mapped_column(Text, default=None)
    """The author's explanation. It goes with the text that it is about."""
    status: Mapped[str] = mapped_column(String(16), default=AppealStatus.WAITING)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    decision_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision.id", ondelete="CASCADE"), default=None)
    """What ended it; empty while it waits, and where an edit did."""
    decided_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
