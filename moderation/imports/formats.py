"""Which reader reads what, and what a file looks like."""

from __future__ import annotations

from pathlib import Path

from moderation.imports import coral, disqus, isso, vorab, wordpress
from moderation.imports.entries import Reader, UnreadableExportError
from moderation.imports.lines import opened

READERS: dict[str, Reader] = {
    "vorab": vorab.read,
    "wordpress": wordpress.read,
    "disqus": disqus.read,
    "coral": coral.read,
    "isso": isso.read,
}
ARTICLE_ID = {"isso": "path"}
"""What an article is known by where that is not its id."""
_LOOKED_AT = 64 * 1024
_SQLITE = b"SQLite format 3\0"
_CORALS_OWN = ('"tenantID"', '"storyID"')


def recognise(path: Path) -> str:
    """The format of an export, by how it begins.

    Raises:
        UnreadableExportError: it is none that we know, or the file cannot be read.
    """
    with opened(path) as stream:
        begin = stream.read(_LOOKED_AT)
    found = "isso" if begin.startswith(_SQLITE) else _of_text(begin)
    if found is None:
        raise UnreadableExportError(f"{path.name} looks like no export that is known; say which it is with --format")
    return found


def _of_text(begin: bytes) -> str | None:
    text = begin.decode("utf-16" if begin.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8", "replace")
    text = text.lstrip("\ufeff \t\r\n")
    if text.startswith("{"):
        return "coral" if any(name in text for name in _CORALS_OWN) else "vorab"
    if not text.startswith("<"):
        return None
    if "http://wordpress.org/export/" in text:
        return "wordpress"
    return "disqus" if "http://disqus.com" in text else None
