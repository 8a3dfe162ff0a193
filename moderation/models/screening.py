from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, JSONValue, UTCDateTime
from moderation.identifiers import new_id


class ScreeningRecord(Base, kw_only=True, eq=False, repr=False):
    """All verdicts on one revision, with what they rest on. Rows are added, never changed.

    Without a model (a language that it does not cover, a check that failed) the model's columns are empty.
    """

    __tablename__ = "screening"
    __table_args__ = (Index(None, "revision_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    revision_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("revision.id", ondelete="CASCADE"))
    policy_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site_policy.id"))
    outcome: Mapped[str] = mapped_column(String(16))
    risk: Mapped[float] = mapped_column(Float)
    language: Mapped[str] = mapped_column(String(8))
    model_name: Mapped[str | None] = mapped_column(String(100))
    model_digest: Mapped[str | None] = mapped_column(String(64))
    scores: Mapped[dict[str, float]] = mapped_column(JSONValue)
    thresholds: Mapped[dict[str, float]] = mapped_column(JSONValue)
    passages: Mapped[list[dict[str, Any]]] = mapped_column(JSONValue)
    duration_ms: Mapped[float] = mapped_column(Float)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class VerdictRecord(Base, kw_only=True, eq=False, repr=False):
    """One rule's objection, as it was made."""

    __tablename__ = "verdict"
    __table_args__ = (Index(None, "screening_id"), Index(None, "reason"))

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    screening_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("screening.id", ondelete="CASCADE"))
    rule: Mapped[str] = mapped_column(String(40))
    outcome: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(40))
    passages: Mapped[list[dict[str, Any]]] = mapped_column(JSONValue)
    evidence: Mapped[dict[str, Any]] = mapped_column(JSONValue)
