"""Words that a site does not print, and words that it wants to look at: the shipped lists and the site's own."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from moderation.lexicons.entries import Entry, Kind
from moderation.lexicons.lexicon import Lexicon, Match, objections
from moderation.lexicons.lists import shipped
from moderation.lexicons.speech import Speech
from moderation.policies import WordLists
from moderation.screening.assessment import thresholds_for
from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Passage, Verdict
from moderation.text.normalising import Normalised
from moderation.text.words import Word, words

DOUBT = 0.1
"""So near to the threshold of a label, in log odds, the classifier counts as doubtful: a *context* word then holds."""

DOUBT_IF_AIMED = 1.0
"""The same for a *context* word that is aimed at somebody: less doubt will do."""

_REASONS = {Outcome.REJECT: "banned_word", Outcome.HOLD: "suspect_word"}


@dataclass(frozen=True, slots=True)
class Finding:
    """An entry that was found and what it leads to; ``begin`` and ``end`` are offsets into the text as written."""

    entry: Entry
    outcome: Outcome
    begin: int
    end: int
    is_reported: bool


class WordListsRule:
    """Rejects a *banned* word, holds a *suspect* one, and a *context* one where the classifier has its doubts, too."""

    name = "word_lists"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        as_written = Normalised(context.text, tuple(range(len(context.text))))
        forms = [context.normalised] if context.normalised.text == context.text else [context.normalised, as_written]
        found = list(dict.fromkeys(finding for form in forms for finding in _findings(form, context)))
        return [
            self._verdict(outcome, chosen)
            for outcome in (Outcome.REJECT, Outcome.HOLD)
            if (chosen := [finding for finding in found if finding.outcome is outcome])
        ]

    def _verdict(self, outcome: Outcome, found: Sequence[Finding]) -> Verdict:
        entries = [
            {"entry": one.entry.written, "class": one.entry.kind.value, "reported": one.is_reported} for one in found
        ]
        evidence = {"words": [entry for at, entry in enumerate(entries) if entry not in entries[:at]]}
        passages = sorted({Passage(one.begin, one.end) for one in found})
        return Verdict(self.name, outcome, _REASONS[outcome], tuple(passages), evidence)


def _findings(form: Normalised, context: RuleContext) -> Iterator[Finding]:
    found = words(form.text)
    speech = Speech(form.text, found)
    doubt = _doubt(context)
    for match in _matches(found, context.language, context.policy.word_lists):
        is_reported = speech.is_reported(match.first, match.last)
        is_doubtful = doubt <= (DOUBT_IF_AIMED if speech.is_aimed(match.first, match.last) else DOUBT)
        outcome = _outcome(match.entry.kind, is_reported=is_reported, is_doubtful=is_doubtful)
        if outcome is not Outcome.PUBLISH:
            begin, end = form.to_original(found[match.first].begin, found[match.last].end)
            yield Finding(match.entry, outcome, begin, end, is_reported)


def _outcome(kind: Kind, *, is_reported: bool, is_doubtful: bool) -> Outcome:
    if kind is Kind.BANNED:
        return Outcome.HOLD if is_reported else Outcome.REJECT
    if is_doubtful or (kind is Kind.SUSPECT and not is_reported):
        return Outcome.HOLD
    return Outcome.PUBLISH


def _doubt(context: RuleContext) -> float:
    """By how much, in log odds, the classifier's scores are below the nearest threshold; at most 0 where it holds."""
    assessment = context.assessment
    if assessment is None:
        return math.inf
    limits = thresholds_for(context.policy.hold_thresholds, assessment.identity, context.language)
    below = (
        _log_odds(limits[label]) - _log_odds(score) for label, score in assessment.scores.items() if label in limits
    )
    return min(below, default=math.inf)


def _log_odds(chance: float) -> float:
    inside = min(max(chance, 1e-9), 1 - 1e-9)
    return math.log(inside / (1 - inside))


def _matches(found: Sequence[Word], language: str, lists: WordLists) -> list[Match]:
    """What a site's own lists and the shipped ones object to. The site's ``allowed`` wins over everything."""
    own = _own(lists).find(found)
    taken_back = [match for match in own if match.entry.kind is Kind.ALLOWED]
    wanted = objections(own, taken_back)
    if not lists.use_default:
        return wanted
    default = _default(language).find(found)
    return wanted + objections(default, [*taken_back, *(one for one in default if one.entry.kind is Kind.ALLOWED)])


@lru_cache(maxsize=64)
def _own(lists: WordLists) -> Lexicon:
    listed = {Kind.BANNED: lists.banned, Kind.SUSPECT: lists.suspect, Kind.ALLOWED: lists.allowed}
    return Lexicon(Entry(kind, written) for kind, entries in listed.items() for written in entries)


@lru_cache(maxsize=16)
def _default(language: str) -> Lexicon:
    return Lexicon(shipped(language))
