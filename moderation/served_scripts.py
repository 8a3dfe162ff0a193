"""Scripts that publishers' pages load by version: kept beyond the update that replaces them (docs/decisions/0034)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from moderation.models import ServedScript

KEPT_FOR = dt.timedelta(days=730)


@dataclass(frozen=True, slots=True)
class VersionedScript:
    version: str
    name: str
    compressed: bytes


def keep(session: Session, current: Iterable[VersionedScript], *, now: dt.datetime) -> None:
    """Note what is served from now on, and forget what nobody has served for two years."""
    # Servers on several machines may start at the same moment.
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    for script in current:
        values = {"version": script.version, "name": script.name, "compressed": script.compressed, "served_at": now}
        new = insert(ServedScript).values(values)
        session.execute(new.on_conflict_do_update(index_elements=["version", "name"], set_={"served_at": now}))
    session.execute(delete(ServedScript).where(ServedScript.served_at < now - KEPT_FOR))


def find(session: Session, version: str, name: str) -> bytes | None:
    return session.scalar(
        select(ServedScript.compressed).where(ServedScript.version == version, ServedScript.name == name)
    )


def every(session: Session) -> list[ServedScript]:
    """The latest first."""
    order = ServedScript.served_at.desc(), ServedScript.version, ServedScript.name
    return list(session.scalars(select(ServedScript).order_by(*order)))


def forget(session: Session, version: str) -> int:
    """Serve a version no longer, because it has a fault that pages should rather do without. Says how many scripts."""
    gone = session.execute(delete(ServedScript).where(ServedScript.version == version))
    return int(gone.rowcount)  # type: ignore[attr-defined]  # A DELETE's result has one.
