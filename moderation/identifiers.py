"""Public identifiers: UUIDv7 (RFC 9562, section 5.7), opaque to clients and sortable by the time they were made."""

from __future__ import annotations

import uuid

import uuid_utils.compat


def new_id() -> uuid.UUID:
    """A new UUIDv7. Within one process, later ones always sort after earlier ones."""
    return uuid_utils.compat.uuid7()


def parse_id(text: str) -> uuid.UUID | None:
    """The identifier that ``text`` spells in its canonical form, ``None`` if it spells none."""
    try:
        parsed = uuid.UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None
