"""Opaque cursors: where a page ended, and in which order it was read."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, NoReturn

from moderation.errors import InvalidInputError

_LONGEST = 300


def encode(order: str, position: Sequence[str | int | float]) -> str:
    packed = json.dumps([order, *position], separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def decode(cursor: str, order: str, kinds: Sequence[type]) -> list[Any]:
    """The position that a cursor holds.

    Raises:
        InvalidInputError: for field ``cursor``: it is not one of ours, or belongs to another order.
    """
    try:
        packed = base64.b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(packed, parse_constant=_refuse)
    except (binascii.Error, ValueError, UnicodeError, RecursionError) as error:
        raise InvalidInputError("cursor", "invalid_cursor") from error
    well_formed = (
        len(cursor) <= _LONGEST
        and isinstance(found, list)
        and len(found) == len(kinds) + 1
        and found[0] == order
        and all(type(value) is kind for value, kind in zip(found[1:], kinds, strict=True))
    )
    if not well_formed:
        raise InvalidInputError("cursor", "invalid_cursor")
    return list(found[1:])


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
