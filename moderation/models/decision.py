from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, JSONValue, UTCDateTime
from moderation.identifiers import new_id


class Decision(Base, kw_only=True, eq=False, repr=False):
    """One change of a comment's status: why, when, by whom. Rows are added, never changed.

    An empty ``actor_id`` means the machine; ``screening_id`` is then what it decided on.
    """

    __tablename__ = "decision"
    __table_args__ = (
        CheckConstraint("action IN ('publish', 'hold', 'reject', 'withdraw')", name="action"),
        Index(None, "comment_id", "id"),
        Index(None, "actor_id"),
        Index(None, "decided_at"),
        Index(None, "removal_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    comment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("comment.id", ondelete="CASCADE"))
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"))
    screening_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("screening.id"), default=None)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id"), default=None)
    action: Mapped[str] = mapped_column(String(16))
    from_status: Mapped[str] = mapped_column(String(16))
    to_status: Mapped[str] = mapped_column(String(16))
    reasons: Mapped[list[str]] = mapped_column(JSONValue)
    note: Mapped[str | None] = mapped_column(Text, default=None)
    decided_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)

    waited_since: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    """Since when the comment had waited for a moderator at that moment; empty if it did not."""
    replaced_number: Mapped[int | None] = mapped_column(default=None)
    """The revision that readers saw until then."""
    removal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("author_removal.id", ondelete="SET NULL"), default=None
    )
    """It was one of many: all that the author had written went."""
    undoes_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("decision.id"), default=None, unique=True)
    """The moderator's decision that this one takes back."""
