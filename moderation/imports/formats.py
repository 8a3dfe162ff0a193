"""Which reader reads what, and what a file looks like."""

from __future__ import annotations

from pathlib import Path

from moderation.imports import vorab
from moderation.imports.entries import Reader, UnreadableExportError
from moderation.imports.lines import opened

READERS: dict[str, Reader] = {
    "vorab": vorab.read,
}
_LOOKED_AT = 64 * 1024


def recognise(path: Path) -> str:
    """The format of an export.

    Raises:
        UnreadableExportError: it is none that we know, or the file cannot be read.
    """
    with opened(path) as stream:
        begin = stream.read(_LOOKED_AT)
    text = begin.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        return "vorab"
    raise UnreadableExportError(f"{path.name} looks like no export that is known; say which it is with --format")
