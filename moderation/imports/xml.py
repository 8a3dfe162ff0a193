"""XML read as a stream by expat, safe against what an attacker puts into it.

No entity may be declared, which is where "billion laughs" and files from elsewhere come in; nothing outside of the
document is ever read; and neither a text, nor a tag, nor the depth has a say in how much memory is taken.
"""

from __future__ import annotations

import codecs
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, Protocol
from xml.parsers import expat

from moderation.imports.entries import Entry, UnreadableExportError
from moderation.imports.lines import opened

LONGEST_TEXT = 1_000_000
"""Characters of one element's text; the rest is cut off. It is too long for a comment in any case."""
_DEEPEST = 100
_LONGEST_TAG = 4_000_000
_CHUNK = 64 * 1024
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARED = re.compile(rb"""<\?xml[^>]{0,200}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")


@dataclass(slots=True)
class Element:
    """An element that has just ended: its name without its namespace, and its text without that of others in it."""

    name: str
    attributes: Mapping[str, str]
    text: str = ""


class Handler(Protocol):
    """What a format makes of elements. ``path`` holds the names of those around, the outermost first."""

    def began(self, path: tuple[str, ...], element: Element) -> None: ...

    def ended(self, path: tuple[str, ...], element: Element, line: int) -> Iterator[Entry]: ...


def entries(path: Path, handler: Handler) -> Iterator[Entry]:
    """What the handler makes of a file.

    Raises:
        UnreadableExportError: it is not well-formed, declares entities, or holds something without end.
    """
    parsing = _Parsing(path.name, handler)
    with opened(path) as stream:
        for text in _texts(path.name, stream):
            parsing.feed(text)
            while parsing.found:
                yield parsing.found.popleft()
        parsing.close()
    yield from parsing.found


def _texts(name: str, stream: IO[bytes]) -> Iterator[str]:
    """The file's characters without those that XML forbids: old databases are full of them, and expat would give up."""
    begin = stream.read(_CHUNK)
    decode = _decoder(name, begin).decode
    try:
        # Plugins of WordPress write blank lines before it, where XML allows none.
        yield _FORBIDDEN.sub("", decode(begin)).lstrip()
        while chunk := stream.read(_CHUNK):
            yield _FORBIDDEN.sub("", decode(chunk))
        yield _FORBIDDEN.sub("", decode(b"", final=True))
    except UnicodeDecodeError as error:
        raise UnreadableExportError(f"{name}: the bytes are no {error.encoding}, as they should be") from error


def _decoder(name: str, begin: bytes) -> codecs.IncrementalDecoder:
    if begin.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    else:
        declared = _DECLARED.match(begin.removeprefix(codecs.BOM_UTF8).lstrip())
        encoding = declared.group(1).decode().lower() if declared else "utf-8"
    if encoding in ("utf-8", "utf8"):
        encoding = "utf-8-sig"
    try:
        info = codecs.lookup(encoding)
    except LookupError as error:
        raise UnreadableExportError(f"{name}: there is no encoding {encoding}") from error
    if not info._is_text_encoding:  # How the library itself asks.
        raise UnreadableExportError(f"{name}: {encoding} is no encoding of texts")
    return info.incrementaldecoder("strict")


class _Parsing:
    def __init__(self, name: str, handler: Handler) -> None:
        self.found: deque[Entry] = deque()
        self._name, self._handler = name, handler
        self._fed = 0
        self._path: tuple[str, ...] = ()
        self._open: list[tuple[Element, list[str], int]] = []
        # Texts are handed in decoded, as UTF-8.
        self._parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser.EntityDeclHandler = self._refuse_entity
        self._parser.StartElementHandler = self._begin
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take

    def feed(self, text: str) -> None:
        raw = text.encode("utf-8", "replace")
        self._fed += len(raw)
        try:
            self._parser.Parse(raw)
        except expat.ExpatError as error:
            self._give_up(expat.ErrorString(error.code))
        if self._fed - max(self._parser.CurrentByteIndex, 0) > _LONGEST_TAG:
            self._give_up("a tag or comment has no end")

    def close(self) -> None:
        try:
            self._parser.Parse(b"", True)  # noqa: FBT003  # It takes it by its place alone.
        except expat.ExpatError as error:
            self._give_up(expat.ErrorString(error.code))

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        if len(self._open) >= _DEEPEST:
            self._give_up("elements are nested too deeply")
        element = Element(_plain(name), {_plain(key): value for key, value in attributes.items()})
        self._handler.began(self._path, element)
        self._path = (*self._path, element.name)
        self._open.append((element, [], 0))

    def _take(self, text: str) -> None:
        if not self._open:
            return
        element, parts, length = self._open[-1]
        if length < LONGEST_TEXT:
            parts.append(text)
            self._open[-1] = (element, parts, length + len(text))

    def _end(self, _name: str) -> None:
        element, parts, _ = self._open.pop()
        self._path = self._path[:-1]
        element.text = "".join(parts)
        self.found.extend(self._handler.ended(self._path, element, self._parser.CurrentLineNumber))

    def _refuse_entity(self, *_declared: object) -> None:
        self._give_up("it declares entities, which no export does")

    def _give_up(self, reason: str) -> NoReturn:
        place = f"line {self._parser.CurrentLineNumber}"
        raise UnreadableExportError(f"{self._name}, {place}: {reason}")


def _plain(name: str) -> str:
    return name.rpartition(" ")[2]
