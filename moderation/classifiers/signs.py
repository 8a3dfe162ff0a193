"""Which classes of listed words stand in a text, as columns of the linear half beside the n-grams.

N-grams know the words that the labelled comments hold; the lists know many more, and that they are of one kind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from moderation.lexicons.entries import Kind
from moderation.lexicons.lexicon import Lexicon, Match, objections
from moderation.lexicons.speech import Speech
from moderation.text.words import words

_TONES = (Kind.CONTEMPT, Kind.CRUDE, Kind.VIOLENCE)
_MOST_FURTHER = 3

SIGNS = (
    "banned", "suspect", "suspect twice", "context, aimed", "context", "context twice",
    *(name for tone in _TONES for name in (tone.value, f"{tone.value}, further")),
)  # fmt: skip
"""Each is 1 or 0, but for further words of a tone, which are counted: 1 for three of them.

A suspect word that is only quoted or spoken about counts as one of the class *context*.
"""


def signs(texts: Sequence[str], lexicon: Lexicon) -> NDArray[np.float32]:
    """One row for each text, one column for each of ``SIGNS``."""
    rows = [_row(text, lexicon) for text in texts]
    return np.array(rows, dtype=np.float32).reshape(len(texts), len(SIGNS))


def _row(text: str, lexicon: Lexicon) -> Sequence[float]:
    counts = Counter(name for name, _ in set(_named(text, lexicon)))
    listed = [
        counts["banned"] > 0, counts["suspect"] > 0, counts["suspect"] > 1,
        counts["aimed"] > 0, counts["context"] > 0, counts["context"] > 1,
    ]  # fmt: skip
    further = {tone: min(max(counts[tone] - 1, 0), _MOST_FURTHER) / _MOST_FURTHER for tone in _TONES}
    return [*map(float, listed), *(value for tone in _TONES for value in (float(counts[tone] > 0), further[tone]))]


def _named(text: str, lexicon: Lexicon) -> Iterator[tuple[str, str | int]]:
    """Names of signs with what they were given for: an entry of a list, or a place with a word of a tone."""
    found = words(text)
    matches = lexicon.find(found)
    wanted = objections(matches, [match for match in matches if match.entry.kind is Kind.ALLOWED])
    yield from ((match.entry.kind.value, match.first) for match in wanted if match.entry.kind in _TONES)
    listed = [match for match in wanted if match.entry.kind not in _TONES]
    if not listed:
        return
    speech = Speech(text, found)
    for match in listed:
        yield _sign_of(match, speech), match.entry.written


def _sign_of(match: Match, speech: Speech) -> str:
    kind, place = match.entry.kind, (match.first, match.last)
    if kind is Kind.SUSPECT and speech.is_reported(*place):
        kind = Kind.CONTEXT
    return "aimed" if kind is Kind.CONTEXT and speech.is_aimed(*place) else kind.value
