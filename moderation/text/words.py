"""A text's words as word lists know them: small letters, umlauts spelled out, nothing else on them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple


class Word(NamedTuple):
    """``folded`` is what lists compare; ``begin`` and ``end`` are half-open offsets into the text it was found in.

    ``sentence`` counts the sentences of the text: no phrase goes from one into the next.
    """

    folded: str
    begin: int
    end: int
    sentence: int


_MASK = "*#•✱"
_WORD = re.compile(
    rf"(?<![{_MASK}])[^\W_]+(?:['’´`][^\W_]+)*(?:[{_MASK}]{{1,12}}[^\W_]+|[:_]inn?(?:en)?\b)*(?:[{_MASK}]{{3,12}}(?!\w))?"
    r"|[^\W_]+(?:['’´`][^\W_]+)*"
    r"|[\u2600-\u27bf\U0001f000-\U0001faff]"
)
_BREAK = re.compile(r"[.!?…][\"'»«“”’)\]]*\s|\n")
_SPELLED_OUT = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "oe", "ł": "l", "đ": "d", "ı": "i"}
)
_GENDERED = re.compile(rf"[{_MASK}:_](?=in(?:nen)?$)")
_CONTRACTED = re.compile(r"['’´`](?:re|ll|ve|d|m)$")
"""English: "who're" is "who" and something else, not one word."""
_APOSTROPHES = re.compile(r"['’´`]")
_LONGEST = 80
"""Longer words are none; comparing their beginnings is enough."""


# A text that is screened is asked for by the rules and by the classifier.
@lru_cache(maxsize=64)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text, digits and pictograms included, in order. Linear in the text's length."""
    return tuple(_words(text))


def _words(text: str) -> Iterator[Word]:
    sentence, done = 0, 0
    for match in _WORD.finditer(text):
        begin, end = match.span()
        if begin - done > 1:
            sentence += _BREAK.search(text, done, begin) is not None
        elif begin > done:
            # One sign alone ends a sentence only if it is the end of a line.
            sentence += text[done] == "\n"
        done = end
        yield Word(fold(match.group()), begin, end, sentence)


def folded(text: str) -> Sequence[str]:
    """The words of a list's entry."""
    return [word.folded for word in _words(text)]


@lru_cache(maxsize=50_000)
def fold(word: str) -> str:
    """One word as lists compare it. A mask that hides letters ("A****loch") stays in as asterisks."""
    plain = word[:_LONGEST].casefold()
    if not plain.isascii():
        composed = unicodedata.normalize("NFC", plain).translate(_SPELLED_OUT)
        bare = unicodedata.normalize("NFD", composed)
        plain = "".join(sign for sign in bare if not unicodedata.combining(sign))
    if plain.isalnum():
        return plain
    plain = _APOSTROPHES.sub("", _CONTRACTED.sub("", _GENDERED.sub("", plain)))
    return re.sub(rf"[{_MASK}]", "*", plain)
