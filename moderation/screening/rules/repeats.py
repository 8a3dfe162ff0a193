"""The same text again, or very many texts at once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Verdict
from moderation.text.normalising import normalise

_SIMILAR = 0.8
"""Share of the shingles (Jaccard) from which two texts count as nearly the same."""
_SHINGLE = 4
_FEWEST_LETTERS = 15
"""Shorter texts ("Danke!", "So ist es.") may be said twice."""
_COMPARED = 10
_LONGEST = 2000


class RepeatsRule:
    name = "repeats"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        verdicts = []
        policy, recent = context.policy, context.author.recent
        in_burst = sum(entry.age_s <= policy.burst_window_s for entry in recent)
        if in_burst >= policy.burst_limit:
            evidence = {"comments": in_burst + 1, "window_s": policy.burst_window_s}
            verdicts.append(Verdict(self.name, Outcome.HOLD, "too_many_comments", evidence=evidence))
        texts = [entry.text for entry in recent[:_COMPARED] if entry.age_s <= policy.repeat_window_s]
        similarity = max((_similarity(context.normalised.text, text) for text in texts), default=0.0)
        if similarity >= _SIMILAR:
            evidence_of_text = {"similarity": round(similarity, 2)}
            verdicts.append(Verdict(self.name, Outcome.HOLD, "repeated_text", evidence=evidence_of_text))
        return verdicts


def _similarity(normalised: str, earlier: str) -> float:
    mine, theirs = _letters(normalised), _letters(normalise(earlier[:_LONGEST]).text)
    if min(len(mine), len(theirs)) < _FEWEST_LETTERS:
        return 0.0
    ours, others = _shingles(mine), _shingles(theirs)
    return len(ours & others) / len(ours | others)


def _letters(text: str) -> str:
    return re.sub(r"[\W_]+", "", text[:_LONGEST].casefold())


def _shingles(letters: str) -> set[str]:
    return {letters[start : start + _SHINGLE] for start in range(len(letters) - _SHINGLE + 1)}
