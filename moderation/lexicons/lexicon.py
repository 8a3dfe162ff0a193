"""Finding the entries of word lists in a text, in time linear in its length however many entries there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from moderation.lexicons.entries import Entry, Kind, Pattern, Step, steps_of
from moderation.lexicons.masks import Masked
from moderation.text.words import Word

_ENDINGS = (
    "", "e", "en", "em", "er", "es", "s", "n", "ern", "in", "innen", "chen", "ere", "eren", "erer", "eres",
    "ste", "sten", "ster", "stes", "ed", "ing", "ers",
)  # fmt: skip
_FEWEST_BEFORE = 2
"""A compound's first part has at least so many letters: "Marsch" is not m + Arsch."""
_FEWEST_JOINED = 8
_MOST_MASKED = 100
"""Guessing what asterisks hide is the one thing here that costs more than a look-up."""


_Rest = tuple[tuple[frozenset[int], int], ...]
"""What follows a phrase's first word: patterns, and how many words may stand before one of them."""


class Match(NamedTuple):
    """An entry that was found: from the word ``first`` to the word ``last`` of the text."""

    entry: Entry
    first: int
    last: int


class _Known(NamedTuple):
    """What one word, as it is folded, is to the lists."""

    numbers: frozenset[int]
    """Of all patterns that it is an instance of."""
    entries: tuple[Entry, ...]
    firsts: tuple[int, ...]
    """Those of the numbers that phrases begin with."""


def objections(found: Iterable[Match], allowed: Iterable[Match]) -> list[Match]:
    """What was found that does not lie within something allowed."""
    ends: dict[int, int] = {}
    for match in allowed:
        for at in range(match.first, match.last + 1):
            ends[at] = max(match.last, ends.get(at, -1))
    return [match for match in found if match.entry.kind is not Kind.ALLOWED and ends.get(match.first, -1) < match.last]


class Lexicon:
    """Lists, compiled once. Safe to share between threads."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._single: dict[int, list[Entry]] = defaultdict(list)
        self._phrases: dict[int, dict[int, list[tuple[Entry, _Rest]]]] = defaultdict(lambda: defaultdict(list))
        """By the first word's pattern, then by the second's: most phrases begin with words that stand everywhere."""
        self._skipped: dict[int, int] = defaultdict(int)
        self._numbers: dict[Pattern, int] = {}
        self._whole: dict[str, set[int]] = defaultdict(set)
        self._stems: dict[str, set[int]] = defaultdict(set)
        self._whole_tails: dict[str, set[int]] = defaultdict(set)
        self._tails: dict[str, set[int]] = defaultdict(set)
        self._heads: dict[str, set[int]] = defaultdict(set)
        self._inside: dict[str, set[int]] = defaultdict(set)
        self._whole_banned: dict[str, Entry] = {}
        for entry in entries:
            for steps in steps_of(entry.written):
                self._add(entry, steps)
        self._longest_tail = max(map(len, (*self._tails, *self._whole_tails)), default=0)
        self._head_lengths = sorted({len(stem) for stem in self._heads})
        self._inside_lengths = sorted({len(stem) for stem in self._inside})
        self._masked = Masked(self._hideable())
        self._known = lru_cache(maxsize=50_000)(self._read)

    def find(self, words: Sequence[Word]) -> list[Match]:
        """Every entry in the text, the allowed ones too, each place once."""
        known = [self._known(word.folded) for word in words]
        numbers = [one.numbers for one in known]
        found = [Match(entry, at, at) for at, one in enumerate(known) for entry in one.entries]
        for at, one in enumerate(known):
            for number in one.firsts:
                found += self._phrases_at(number, words, numbers, at)
        return list(dict.fromkeys([*found, *self._joined(words), *self._unmasked(words)]))

    def _add(self, entry: Entry, steps: tuple[Step, ...]) -> None:
        numbered = tuple((frozenset(map(self._number, step.patterns)), step.skipped) for step in steps)
        for number in numbered[0][0]:
            if len(numbered) == 1:
                self._single[number].append(entry)
            else:
                seconds, skipped = numbered[1]
                self._skipped[number] = max(self._skipped[number], skipped)
                for second in seconds:
                    self._phrases[number][second].append((entry, numbered[1:]))
        if len(steps) == 1 and entry.kind is Kind.BANNED:
            for form in (form for pattern in steps[0].patterns for form in _forms(pattern)):
                self._whole_banned.setdefault(form, entry)

    def _number(self, pattern: Pattern) -> int:
        number = self._numbers.get(pattern)
        if number is None:
            number = self._numbers[pattern] = len(self._numbers)
            self._file(pattern, number)
        return number

    def _file(self, pattern: Pattern, number: int) -> None:
        if pattern.is_open_before and pattern.is_open_behind:
            self._inside[pattern.stem].add(number)
        elif pattern.is_open_behind:
            self._heads[pattern.stem].add(number)
        else:
            kinds = (self._stems, self._tails) if pattern.takes_endings else (self._whole, self._whole_tails)
            kinds[0][pattern.stem].add(number)
            if pattern.is_open_before:
                kinds[1][pattern.stem].add(number)

    def _read(self, word: str) -> _Known:
        numbers = self._look_up(word)
        entries = tuple(entry for number in numbers for entry in self._single.get(number, ()))
        return _Known(numbers, entries, tuple(number for number in numbers if number in self._phrases))

    def _look_up(self, word: str) -> frozenset[int]:
        """The numbers of all patterns that this word is an instance of."""
        found = self._look_up_form(word, self._whole, self._whole_tails)
        for stem in _possible_stems(word):
            found |= self._look_up_form(stem, self._stems, self._tails)
        for length in self._head_lengths:
            found |= self._heads.get(word[:length], frozenset()) if length <= len(word) else frozenset()
        for length in self._inside_lengths:
            for begin in range(len(word) - length + 1):
                found |= self._inside.get(word[begin : begin + length], frozenset())
        return frozenset(found)

    def _look_up_form(self, form: str, wholes: Mapping[str, set[int]], tails: Mapping[str, set[int]]) -> set[int]:
        found = set(wholes.get(form, ()))
        for begin in range(max(_FEWEST_BEFORE, len(form) - self._longest_tail), len(form)):
            found |= tails.get(form[begin:], frozenset())
        return found

    def _phrases_at(
        self, first: int, words: Sequence[Word], numbers: Sequence[frozenset[int]], at: int
    ) -> Iterator[Match]:
        seconds = self._phrases[first]
        for following in numbers[at + 1 : at + 2 + self._skipped[first]]:
            for second in following & seconds.keys():
                for entry, rest in seconds[second]:
                    last = _end_of(rest, words, numbers, at)
                    if last is not None:
                        yield Match(entry, at, last)

    def _joined(self, words: Sequence[Word]) -> Iterator[Match]:
        for at, (word, following) in enumerate(pairwise(words)):
            joined = word.folded + following.folded
            if len(joined) >= _FEWEST_JOINED and joined in self._whole_banned:
                yield Match(self._whole_banned[joined], at, at + 1)

    def _unmasked(self, words: Sequence[Word]) -> Iterator[Match]:
        masked = [at for at, word in enumerate(words) if "*" in word.folded]
        for at in masked[:_MOST_MASKED]:
            if self._masked.could_be_listed(words[at].folded):
                # What is only guessed is for a person to see.
                yield Match(Entry(Kind.SUSPECT, words[at].folded), at, at)

    def _hideable(self) -> set[str]:
        kinds = (Kind.BANNED, Kind.SUSPECT)
        listed = {number for number, entries in self._single.items() if any(one.kind in kinds for one in entries)}
        patterns = (pattern for pattern, number in self._numbers.items() if number in listed)
        return {form for pattern in patterns if not pattern.is_open_behind for form in _forms(pattern)}


def _forms(pattern: Pattern) -> Iterator[str]:
    """The word with every ending it may have."""
    stem = pattern.stem
    if not pattern.takes_endings or pattern.is_open_behind:
        yield stem
        return
    for ending in _ENDINGS:
        yield stem + ending
        if stem.endswith("e") and ending.startswith("e"):
            yield stem + ending[1:]


def _possible_stems(word: str) -> Iterator[str]:
    """What a word may be a form of: the inverse of ``_forms``."""
    for ending in _ENDINGS:
        if word.endswith(ending):
            yield word.removesuffix(ending)
        # A stem's own e and that of its ending are one.
        if ending.startswith("e") and word.endswith(ending[1:]) and word.removesuffix(ending[1:]).endswith("e"):
            yield word.removesuffix(ending[1:])


def _end_of(rest: _Rest, words: Sequence[Word], numbers: Sequence[frozenset[int]], at: int) -> int | None:
    """Where a phrase ends whose first word stands at ``at``; ``None`` if it does not go on there."""
    sentence = words[at].sentence
    for wanted, skipped in rest:
        reach = range(at + 1, min(at + 2 + skipped, len(words)))
        following = (to for to in reach if words[to].sentence == sentence and numbers[to] & wanted)
        at = next(following, -1)
        if at < 0:
            return None
    return at
