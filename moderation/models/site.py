from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, JSONValue, UTCDateTime
from moderation.identifiers import new_id


class Site(Base, kw_only=True, eq=False, repr=False):
    """A publication that embeds comments. ``key`` is public: it stands in the page's source."""

    __tablename__ = "site"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    key: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(8))
    allowed_origins: Mapped[list[str]] = mapped_column(JSONValue)
    moderators_by_token: Mapped[bool] = mapped_column(default=False)
    """Whether the site's own tokens may make their holder a moderator of the site."""
    staff_second_factor: Mapped[bool] = mapped_column(default=False)
    """Whether the site's moderators need a second factor to act as such."""
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)


class SitePolicy(Base, kw_only=True, eq=False, repr=False):
    """One policy of a site. Rows are added, never changed: the highest number is the one in force."""

    __tablename__ = "site_policy"
    __table_args__ = (UniqueConstraint("site_id", "number"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default_factory=new_id)
    site_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("site.id", ondelete="CASCADE"))
    number: Mapped[int]
    policy: Mapped[dict[str, Any]] = mapped_column(JSONValue)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("account.id", ondelete="SET NULL"), default=None)
    created_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
