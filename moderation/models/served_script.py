from __future__ import annotations

import datetime as dt

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from moderation.db import Base, UTCDateTime


class ServedScript(Base, kw_only=True, eq=False, repr=False):
    """A script that this installation has served under an address with a version. What lies there never changes."""

    __tablename__ = "served_script"

    version: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    compressed: Mapped[bytes] = mapped_column(LargeBinary)
    """With gzip, as browsers take it."""
    served_at: Mapped[dt.datetime] = mapped_column(UTCDateTime)
    """When a server last started with it as the current one."""
