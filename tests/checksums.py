"""What is in the database, in one number per table: to see that a request changed nothing, or what it changed."""

from __future__ import annotations

import hashlib

from sqlalchemy import select

from moderation.db import Base, Database


def checksums(database: Database) -> dict[str, str]:
    """Each table's name with a hash over all its rows."""
    with database.engine.connect() as connection:
        return {
            table.name: _hash(sorted(repr(tuple(row)) for row in connection.execute(select(table))))
            for table in Base.metadata.sorted_tables
        }


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    """The names of the tables that are not what they were."""
    return {name for name in before if before[name] != after[name]}


def _hash(rows: list[str]) -> str:
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()
