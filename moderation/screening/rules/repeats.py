"""The same text again, or very many texts at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Verdict
from moderation.text.normalising import normalise

_SIMILAR = 0.8
"""Share of the shingles (Jaccard) from which two texts count as nearly the same."""
_SHINGLE = 4
_FEWEST_LETTERS = 15
"""Shorter texts ("Danke!", "So ist es.") may be said twice."""
_COMPARED = 10
_OTHER = re.compile(r"[\W_]+")
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
    ours, others = _shingles(normalised[:_LONGEST]), _shingles_as_meant(earlier[:_LONGEST])
    if not ours or not others:
        return 0.0
    return len(ours & others) / len(ours | others)


@lru_cache(maxsize=512)
def _shingles_as_meant(text: str) -> frozenset[str]:
    """Somebody who writes much is compared with the same few texts again and again."""
    return _shingles(normalise(text).text)


def _shingles(text: str) -> frozenset[str]:
    letters = _OTHER.sub("", text.casefold())
    if len(letters) < _FEWEST_LETTERS:
        return frozenset()
    return frozenset(letters[start : start + _SHINGLE] for start in range(len(letters) - _SHINGLE + 1))
