from __future__ import annotations

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime
from moderation.identifiers import new_id


class Article(Base, kw_only=True, eq=False, repr=False):
    """A page with comments, known by its site and the publisher's own id.

    The counters are kept by ``moderation.publication`` so that reading a thread never counts rows.
    """

    __tablename__ = "article"
    __table_args__ = (UniqueConstraint("site_id", "external_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    external_id: Mapped[str] = mapped_column(String(200))
    title: Mapped[str | None] = mapped_column(String(500), default=None)
    url: Mapped[str | None] = mapped_column(String(2000), default=None)
    closed: Mapped[bool] = mapped_column(default=False)
    premoderated: Mapped[bool] = mapped_column(default=False)
    published_count: Mapped[int] = mapped_column(default=0)
    """Published comments, replies included."""
    thread_count: Mapped[int] = mapped_column(default=0)
    """Listed top-level comments."""
    public_version: Mapped[int] = mapped_column(default=0, server_default="0")
    """One higher after every change of what readers see here: who has read version 7 has seen nothing newer."""
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
