"""Which classes of listed words stand in a text, as columns of the linear half beside the n-grams.

N-grams know the words that the labelled comments hold; the lists know many more, and that they are of one kind.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence, Set

import numpy as np
from numpy.typing import NDArray

from moderation.lexicons.entries import LISTED, PLAIN_TONES, TONES, Kind
from moderation.lexicons.lexicon import Lexicon, Match, objections
from moderation.lexicons.speech import Speech
from moderation.text.words import Word, words

_SOBER = frozenset({
    Kind.SWEEPING, Kind.SCORN, Kind.PUNISH, Kind.DYING, Kind.POLITICS, Kind.MIGRATION, Kind.GROUP, Kind.PERSON,
    Kind.FACT, Kind.ASK, Kind.BENIGN,
})  # fmt: skip
_HARSH = frozenset(TONES) - _SOBER
_OF_PEOPLE = _HARSH - {
    Kind.FAECAL, Kind.SEXUAL, Kind.NAIVE, Kind.NONSENSE, Kind.RIDICULE, Kind.DISGUST, Kind.DRUNK, Kind.DEATH,
    Kind.THREAT, Kind.DISMISS, Kind.CURSE, Kind.OUTRAGE,
}  # fmt: skip
"""What people are called, or called names for."""

_BESIDE: Mapping[str, str] = {
    "others": "er sie der die ihm ihn ihnen dem ihr denen he she they him them",
    "a thing": "das es dies dieses sowas etwas it this that",
    "a negation": "nicht kein keine keinen keiner nie niemals nix net ned weder ohne not no never",
    "oneself": "ich mich mir wir uns i me we us myself",
}
"""Words that say of whom, or how, harsh words beside them are meant."""
_BESIDE_OF = {
    word: tuple(what for what in _BESIDE if word in _BESIDE[what].split())
    for some in _BESIDE.values()
    for word in some.split()
}
"""The same by word: "es" is not among two of them, but nothing forbids it."""
_BESIDE_KINDS = {"a person": Kind.PERSON, "a group": Kind.GROUP, "all such": Kind.SWEEPING}
_NEAR = 4
_STRONG_BESIDE = ("somebody addressed", "a thing", "a negation", "oneself")

_MOST_FURTHER = 3
_MOST_NEAR = 2
_MOST_PLACES = 6
_MOST_KINDS = 6
_MOST_KINDS_OF_PEOPLE = 4
_DENSE = 4
"""A text is as dense as can be where every so manieth word is harsh."""
_SHORT, _LONG = 12, 80
"""In words."""

_CAPITALS = re.compile(r"\b[A-ZÄÖÜ]{4,}\b")
_NUMBER = re.compile(r"\d+")
_MOST_SIGNS = 3
_MOST_NUMBERS = 4

SIGNS = (
    "banned", "suspect", "suspect twice", "context, aimed", "context", "context twice",
    *(tone.value for tone in TONES),
    *(f"of people beside {what}" for what in ("somebody addressed", *_BESIDE, *_BESIDE_KINDS)),
    *(f"strong beside {what}" for what in _STRONG_BESIDE),
    "harsh places", "harsh density", "harsh kinds", "kinds of people", "short", "long",
    "exclamation marks", "capitals", "numbers",
)  # fmt: skip
"""What a model is fitted to now. Each is from 0 to 1; counts are parts of the most that is counted.

A suspect word that is only quoted or spoken about counts as one of the class *context*. Harsh words within a harmless
expression (``Kind.BENIGN``) count for nothing.
"""

FORMER_SIGNS = (
    *SIGNS[:6],
    *(name for tone in PLAIN_TONES for name in (tone.value, f"{tone.value}, further")),
)
"""Those of models that don't say what theirs are called."""


def signs(texts: Sequence[str], lexicon: Lexicon, names: Sequence[str] = SIGNS) -> NDArray[np.float32]:
    """One row for each text, one column for each name; those unknown here are 0."""
    rows = [[found.get(name, 0.0) for name in names] for found in (_found(text, lexicon) for text in texts)]
    return np.array(rows, dtype=np.float32).reshape(len(texts), len(names))


def _found(text: str, lexicon: Lexicon) -> dict[str, float]:
    found = words(text)
    matches = lexicon.find(found)
    wanted = objections(matches, [match for match in matches if match.entry.kind is Kind.ALLOWED])
    listed = [match for match in wanted if match.entry.kind in LISTED]
    places = _places(wanted)
    speech = Speech(text, found) if listed or any(places[kind] for kind in _OF_PEOPLE) else None
    values = _lengths(len(found)) | _form(text) | _tones(places) | _amounts(places, len(found))
    if speech is not None:
        values |= _listed_signs(listed, speech) | _neighbours(found, places, listed, speech)
    return values


def _places(matches: Sequence[Match]) -> defaultdict[Kind, set[int]]:
    """Where words of each tone stand. Harsh ones in a harmless expression are left out."""
    harmless = {at for match in matches if match.entry.kind is Kind.BENIGN for at in range(match.first, match.last + 1)}
    places: defaultdict[Kind, set[int]] = defaultdict(set)
    for match in matches:
        kind = match.entry.kind
        if kind not in LISTED and not (kind in _HARSH and match.first in harmless):
            places[kind].add(match.first)
    return places


def _tones(places: Mapping[Kind, Set[int]]) -> dict[str, float]:
    present = {kind.value: 1.0 for kind, where in places.items() if where}
    further = {
        f"{tone.value}, further": min(len(places[tone]) - 1, _MOST_FURTHER) / _MOST_FURTHER
        for tone in PLAIN_TONES
        if places.get(tone)
    }
    return present | further


def _amounts(places: Mapping[Kind, Set[int]], length: int) -> dict[str, float]:
    kinds = [kind for kind, where in places.items() if where and kind in _HARSH]
    count = len(_union(places, kinds))
    return {
        "harsh places": min(count, _MOST_PLACES) / _MOST_PLACES,
        "harsh density": min(count * _DENSE / max(length, 1), 1.0),
        "harsh kinds": min(len(kinds), _MOST_KINDS) / _MOST_KINDS,
        "kinds of people": min(sum(kind in _OF_PEOPLE for kind in kinds), _MOST_KINDS_OF_PEOPLE)
        / _MOST_KINDS_OF_PEOPLE,
    }


def _lengths(length: int) -> dict[str, float]:
    return {"short": max(0.0, 1 - length / _SHORT), "long": min(length / _LONG, 1.0)}


def _form(text: str) -> dict[str, float]:
    return {
        "exclamation marks": min(text.count("!"), _MOST_SIGNS) / _MOST_SIGNS,
        "capitals": min(len(_CAPITALS.findall(text)), _MOST_SIGNS) / _MOST_SIGNS,
        "numbers": min(len(_NUMBER.findall(text)), _MOST_NUMBERS) / _MOST_NUMBERS,
    }


def _neighbours(
    found: Sequence[Word], places: Mapping[Kind, Set[int]], listed: Sequence[Match], speech: Speech
) -> dict[str, float]:
    of_people = _union(places, _OF_PEOPLE)
    strong = {match.first for match in listed if match.entry.kind in (Kind.BANNED, Kind.SUSPECT)}
    beside: dict[str, Set[int]] = {"somebody addressed": {at for at in range(len(found)) if speech.is_address(at)}}
    beside |= _beside_words(found)
    beside |= {what: places.get(kind, frozenset()) for what, kind in _BESIDE_KINDS.items()}
    values = {f"of people beside {what}": _share_near(of_people, where, found) for what, where in beside.items()}
    return values | {f"strong beside {what}": _share_near(strong, beside[what], found) for what in _STRONG_BESIDE}


def _beside_words(found: Sequence[Word]) -> dict[str, Set[int]]:
    places: dict[str, set[int]] = {what: set() for what in _BESIDE}
    for at, word in enumerate(found):
        for what in _BESIDE_OF.get(word.folded, ()):
            places[what].add(at)
    return dict(places)


def _share_near(first: Set[int], second: Set[int], found: Sequence[Word]) -> float:
    """How many of the first have one of the second close by in their sentence, as a part of the most that count."""
    near = sum(any(_is_near(at, to, found) for to in second) for at in first) if second else 0
    return min(near, _MOST_NEAR) / _MOST_NEAR


def _is_near(at: int, to: int, found: Sequence[Word]) -> bool:
    return 0 < abs(at - to) <= _NEAR and found[to].sentence == found[at].sentence


def _union(places: Mapping[Kind, Set[int]], kinds: Collection[Kind]) -> set[int]:
    return {at for kind in kinds for at in places.get(kind, ())}


def _listed_signs(listed: Sequence[Match], speech: Speech) -> dict[str, float]:
    """An entry counts once, however often it stands in the text."""
    counts = Counter(name for name, _ in set(_named(listed, speech)))
    return {
        "banned": float(counts["banned"] > 0),
        "suspect": float(counts["suspect"] > 0),
        "suspect twice": float(counts["suspect"] > 1),
        "context, aimed": float(counts["aimed"] > 0),
        "context": float(counts["context"] > 0),
        "context twice": float(counts["context"] > 1),
    }


def _named(listed: Sequence[Match], speech: Speech) -> Iterator[tuple[str, str]]:
    for match in listed:
        kind, place = match.entry.kind, (match.first, match.last)
        if kind is Kind.SUSPECT and speech.is_reported(*place):
            kind = Kind.CONTEXT
        aimed = kind is Kind.CONTEXT and speech.is_aimed(*place)
        yield ("aimed" if aimed else kind.value), match.entry.written
