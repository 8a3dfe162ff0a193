from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, JSONValue, UTCDateTime
from moderation.identifiers import new_id


class Worker(Base, kw_only=True, eq=False, repr=False):
    """A process that screens for the others, and which model it has. It says every few seconds that it is there."""

    __tablename__ = "worker"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    model: Mapped[dict[str, Any] | None] = mapped_column(JSONValue, default=None)
    """The model's identity; empty while there is none to ask, and then ``reason`` says why."""
    reason: Mapped[str] = mapped_column(String(500), default="")
    started_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
