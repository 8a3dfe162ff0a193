"""Files of one JSON object a line, read with no more than one line in memory."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NoReturn

from moderation.imports.entries import BadEntry, UnreadableExportError

LONGEST_LINE = 4_000_000
"""Bytes. A Coral comment with all its revisions takes some ten thousand."""
_GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The file's bytes; what is packed with gzip is unpacked.

    Raises:
        UnreadableExportError: it cannot be opened, or breaks off in the middle of something packed.
    """
    try:
        with path.open("rb") as plain:
            is_packed = plain.read(2) == _GZIP
            plain.seek(0)
            if not is_packed:
                yield plain
                return
            with gzip.open(plain) as unpacked:
                yield unpacked  # type: ignore[misc]  # gzip says only that it is some file of bytes.
    except (OSError, EOFError) as error:
        raise UnreadableExportError(f"{path.name}: {error}") from error


def objects_in(path: Path) -> Iterator[tuple[str, dict[str, Any]] | BadEntry]:
    """Each line's object, with a name for the place; what is no object is a bad entry.

    Raises:
        UnreadableExportError: the file cannot be read.
    """
    with opened(path) as stream:
        for number, raw in _lines(stream):
            where = f"{path.name}, line {number}"
            if raw is None:
                yield BadEntry(where, None, "line_too_long")
            elif raw.strip():
                yield _parsed(where, raw, is_first=number == 1)


def _lines(stream: IO[bytes]) -> Iterator[tuple[int, bytes | None]]:
    number = 0
    while raw := stream.readline(LONGEST_LINE):
        number += 1
        if len(raw) < LONGEST_LINE or raw.endswith(b"\n"):
            yield number, raw
            continue
        while raw and not raw.endswith(b"\n"):
            raw = stream.readline(LONGEST_LINE)
        yield number, None


def _parsed(where: str, raw: bytes, *, is_first: bool) -> tuple[str, dict[str, Any]] | BadEntry:
    try:
        line = raw.decode("utf-8-sig" if is_first else "utf-8")
    except UnicodeDecodeError:
        return BadEntry(where, None, "not_utf8")
    try:
        found = json.loads(line, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return BadEntry(where, None, "not_json")
    return (where, found) if isinstance(found, dict) else BadEntry(where, None, "not_an_object")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
