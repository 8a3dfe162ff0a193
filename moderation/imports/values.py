"""Single values of an export, none of which is to be believed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from moderation.imports.entries import BadRowError

LONGEST_ID = 255


def identifier(value: object) -> str:
    """A name or number that something is known by, as text.

    Raises:
        BadRowError: it is none, or holds what no identifier holds.
    """
    found = optional_identifier(value)
    if found is None:
        raise BadRowError("missing_id")
    return found


def optional_identifier(value: object) -> str | None:
    """
    Raises:
        BadRowError: it is neither empty nor an identifier.
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise BadRowError("invalid_id")
    text = str(value).strip()
    if len(text) > LONGEST_ID or not text.isprintable():
        raise BadRowError("invalid_id")
    return text or None


def text_or_none(value: object) -> str | None:
    """A text that is not needed: what is none is left out."""
    return value if isinstance(value, str) and value else None


def section(fields: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of an object that is an object itself; empty if it is missing.

    Raises:
        BadRowError: it is something else.
    """
    found = fields.get(name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise BadRowError(f"invalid_{name}")
    return found


def moment(value: object) -> dt.datetime | None:
    """A time from ISO 8601, or from seconds since 1970; without a zone it counts as UTC. ``None`` if it is none."""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return dt.datetime.fromtimestamp(value, dt.UTC)
        if not isinstance(value, str):
            return None
        found = dt.datetime.fromisoformat(value.strip())
        return (found if found.tzinfo else found.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError, OSError):
        return None
