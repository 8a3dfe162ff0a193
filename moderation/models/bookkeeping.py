"""Tables that keep promises rather than content: repeated requests, limits, letters to send."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, JSONValue, UTCDateTime
from moderation.identifiers import new_id


class IdempotencyKey(Base, kw_only=True, eq=False, repr=False):
    """A request that its sender may repeat. ``fingerprint`` tells a repetition from another request with the same key.

    ``answer`` is what the first request was answered; it is ``None`` until that answer was made, and ``{}`` once the
    comment was withdrawn and nothing may be kept.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index(None, "created_at"), Index(None, "comment_id"))

    account_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(String(200), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    # Not JSONB, which forgets the order of names: a repeated answer is the first one to the letter.
    answer: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class LimitWindow(Base, kw_only=True, eq=False, repr=False):
    """How often something limited was done in one window of time. ``subject`` is a hash: no address is kept."""

    __tablename__ = "limit_window"
    __table_args__ = (Index(None, "ends_at"),)

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    subject: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int]
    ends_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class OutboxMessage(Base, kw_only=True, eq=False, repr=False):
    """A letter that was promised together with the change that it tells of, and is sent after that change is stored."""

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index(
            "ix_outbox_message_due",
            "due_at",
            sqlite_where=text("sent_at IS NULL"),
            postgresql_where=text("sent_at IS NULL"),
        ),
        Index(None, "account_id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    kind: Mapped[str] = mapped_column(String(40))
    recipient: Mapped[str] = mapped_column(String(320))
    language: Mapped[str] = mapped_column(String(8))
    context: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    sent_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    account_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), default=None)
    """The account that it is about; empty for a letter to an address that may be nobody's."""
