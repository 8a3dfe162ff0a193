from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, JSONValue, UTCDateTime
from moderation.identifiers import new_id


class ApiKey(Base, kw_only=True, eq=False, repr=False):
    """A key with which another server asks for scores on a site's behalf. Only the key's SHA-256 is kept.

    ``hint`` is the key's beginning, by which its owner knows it again.
    """

    __tablename__ = "api_key"
    __table_args__ = (Index(None, "site_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(80))
    key_hash: Mapped[str] = mapped_column(String(64), unique=True)
    hint: Mapped[str] = mapped_column(String(16))
    holds_uncovered: Mapped[bool] = mapped_column(default=False)
    """Whether a text that the model cannot judge is answered with the highest score rather than with an error."""
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    last_used_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)
    """To the hour."""
    revoked_at: Mapped[dt.datetime | None] = mapped_column(UTCDateTime, default=None)


class SuggestedScore(Base, kw_only=True, eq=False, repr=False):
    """What a person on another system thought of a text, kept to calibrate thresholds with. Rows are only added."""

    __tablename__ = "suggested_score"
    __table_args__ = (Index(None, "site_id", "id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    scores: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    """Our label to the suggested score, 0..1."""
    community: Mapped[str | None] = mapped_column(String(200), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
