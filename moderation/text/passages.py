"""Sentences, and windows made of them: how a long text is cut so that nothing in it escapes the classifier."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """A stretch of a text: half-open offsets in code points."""

    begin: int
    end: int


_LISTED_ABBREVIATIONS = """
abs art bd bspw bzw ca co dr etc evtl ggf hl inkl jh jr kap max min mio mr mrd mrs ms nr prof rd s sog sr st str tel u
usw vgl vol vs z
"""
_ABBREVIATIONS = frozenset(_LISTED_ABBREVIATIONS.split())
# Possessive, and only where a run of signs begins: linear in whatever is typed.
_BREAK = re.compile(r"(?<![.!?…])[.!?…]++[\"'»«“”’)\]]*+(?=\s)|\n+")
_LAST_WORD = re.compile(r"[^\W_]+\Z")


def sentences(text: str) -> tuple[Window, ...]:
    """The sentences of a text without the white space between them.

    A full stop after an abbreviation ("z. B.", "Dr."), a single letter or a number ("1. Januar") ends none; a line end
    always does.
    """
    found = []
    begin = 0
    for match in _BREAK.finditer(text):
        if match.group().startswith("\n") or not _is_inside(text, match):
            found.append((begin, match.end()))
            begin = match.end()
    found.append((begin, len(text)))
    return tuple(window for pair in found if (window := _stripped(text, *pair)) is not None)


def _is_inside(text: str, match: re.Match[str]) -> bool:
    if match.group() != ".":
        return False
    # No abbreviation is longer than this; looking further back would make the whole quadratic.
    before = _LAST_WORD.search(text[max(0, match.start() - 12) : match.start()])
    if before is None:
        return False
    word = before.group()
    return len(word) == 1 or word.casefold() in _ABBREVIATIONS or (word.isdigit() and len(word) <= 2)


def _stripped(text: str, begin: int, end: int) -> Window | None:
    part = text[begin:end]
    inner = part.strip()
    if not inner:
        return None
    first = begin + len(part) - len(part.lstrip())
    return Window(first, first + len(inner))


def windows(text: str, *, max_chars: int) -> tuple[Window, ...]:
    """Overlapping windows of whole sentences, none longer than ``max_chars``, that together cover every sentence.

    Each window begins with the last sentence of the one before, so that what two sentences say together is seen
    together. A sentence that is too long by itself is cut with an overlap of a quarter.
    """
    pieces = [piece for sentence in sentences(text) for piece in _cut(sentence, max_chars)]
    return tuple(_joined(pieces, max_chars))


def _cut(sentence: Window, max_chars: int) -> Iterator[Window]:
    step = max(1, max_chars - max_chars // 4)
    begin = sentence.begin
    while sentence.end - begin > max_chars:
        yield Window(begin, begin + max_chars)
        begin += step
    yield Window(begin, sentence.end)


def _joined(pieces: list[Window], max_chars: int) -> Iterator[Window]:
    first = 0
    while first < len(pieces):
        last = first
        while last + 1 < len(pieces) and pieces[last + 1].end - pieces[first].begin <= max_chars:
            last += 1
        yield Window(pieces[first].begin, pieces[last].end)
        if last + 1 >= len(pieces):
            return
        # Overlap by one piece where that still makes progress.
        overlaps = last > first and pieces[last + 1].end - pieces[last].begin <= max_chars
        first = last if overlaps else last + 1
