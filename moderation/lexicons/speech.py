"""To whom a text speaks, and what it only quotes: how a word is meant, as far as its surroundings show it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from moderation.text.words import Word

_LONGEST_QUOTATION = 300
"""A quotation mark without its partner must not turn the rest of the text into a quotation."""
_QUOTED = re.compile(
    rf"„[^“”\"„]{{1,{_LONGEST_QUOTATION}}}[“”\"]"
    rf"|[“\"][^“”\"„]{{1,{_LONGEST_QUOTATION}}}[”“\"]"
    rf"|»[^«»]{{1,{_LONGEST_QUOTATION}}}«|«[^«»]{{1,{_LONGEST_QUOTATION}}}»"
    rf"|[‚‘][^‚‘’]{{1,{_LONGEST_QUOTATION}}}[‘’](?!\w)|(?<!\w)'[^'\n]{{1,{_LONGEST_QUOTATION}}}'(?!\w)"
    r"|^>[^\n]*",
    re.MULTILINE,
)

_LISTED = """
du dich dir dein deine deinen deinem deiner deines euch euer eure euren eurem eurer eures bist seid hast habt
you your yours yourself yourselves youre ur
"""
_ADDRESSES = frozenset(_LISTED.split())
_POLITE = re.compile(r"Sie|Ihnen|Ihre?[nmrs]?")
_NEAR = 4
"""Somebody who is addressed so many words before or after is meant."""

_MENTIONING = re.compile(
    r"(?:ge)?nann(?:t|te|ten)|nenn(?:t|en)|beschimpf\w*|bezeichne\w*|beleidig(?:t|te|ten|end|ung|ungen)|tituliert?e?n?|betitelt?e?n?"
    r"|(?:schimpf)?w(?:ort|oerter|orte|orten|oertern|orts)|begriffe?[ns]?|ausdruecken?|ausdruck|parolen?|slogans?"
    r"|gerufen|riefe?n?|schrie(?:e?n)?|geschrie(?:e?n)|bruellte?n?|bepoebel\w*|angepoebelt"
    r"|called|calling|calls|words?|slurs?|insult(?:s|ed)|shouted|yelled"
)


class Speech:
    """What a text shows of how its words are meant. ``words`` are those of ``text``."""

    def __init__(self, text: str, words: Sequence[Word]) -> None:
        self._words = words
        quoted = [match.span() for match in _QUOTED.finditer(text)]
        self._quotations, self._ends = [begin for begin, _ in quoted], [end for _, end in quoted]
        self._addresses = [_addresses(text, words, at) for at in range(len(words))]
        self._mentioning = {word.sentence for word in words if _MENTIONING.fullmatch(word.folded)}

    def is_address(self, at: int) -> bool:
        """Whether this word speaks to somebody."""
        return self._addresses[at]

    def is_aimed(self, first: int, last: int) -> bool:
        """Whether somebody is addressed close by."""
        around = range(max(0, first - _NEAR), min(len(self._words), last + 1 + _NEAR))
        sentence = self._words[first].sentence
        return any(self._addresses[at] and self._words[at].sentence == sentence for at in around)

    def is_reported(self, first: int, last: int) -> bool:
        """Whether these words are within a quotation, or in a sentence about what somebody said."""
        before = bisect_right(self._quotations, self._words[first].begin) - 1
        is_quoted = before >= 0 and self._words[last].end <= self._ends[before]
        return is_quoted or self._words[first].sentence in self._mentioning


def _addresses(text: str, words: Sequence[Word], at: int) -> bool:
    word = words[at]
    if word.folded in _ADDRESSES:
        return True
    if word.begin and text[word.begin - 1] == "@":
        return True
    # "ihr Idioten" speaks to somebody, "ihr Hund" of somebody: there only the verb tells.
    begins_sentence = at == 0 or words[at - 1].sentence != word.sentence
    return not begins_sentence and _POLITE.fullmatch(text, word.begin, word.end) is not None
