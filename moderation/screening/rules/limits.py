"""How long a text may be, and what is hardly a text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Verdict
from moderation.text.input import is_readable

_RUN = re.compile(r"(\S)\1{19,}")
_FEWEST_DIFFERENT = 3
_LONG_ENOUGH_TO_VARY = 20


class LimitsRule:
    """Too short or too long for the site, shouted throughout, one character over and over, or none that could be read.

    What cannot be read is refused before it becomes a comment; in files to be scored it may stand.
    """

    name = "limits"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        return list(self._objections(context))

    def _objections(self, context: RuleContext) -> Iterator[Verdict]:
        policy, length = context.policy, len(context.normalised.text.strip())
        if length < policy.min_length:
            yield self._verdict(Outcome.REJECT, "too_short", length=length, minimum=policy.min_length)
        if length > policy.max_length:
            yield self._verdict(Outcome.REJECT, "too_long", length=length, maximum=policy.max_length)
        if _is_shouted(context.text, policy.shouting_from):
            yield self._verdict(Outcome.HOLD, "shouting")
        if _is_repetition(context.text):
            yield self._verdict(Outcome.HOLD, "repeated_characters")
        if not is_readable(context.text):
            yield self._verdict(Outcome.HOLD, "unreadable")

    def _verdict(self, outcome: Outcome, reason: str, **evidence: int) -> Verdict:
        return Verdict(self.name, outcome, reason, evidence=evidence)


def _is_shouted(text: str, letters_from: int) -> bool:
    # Letters without case (Arabic, Chinese) cannot be shouted.
    if not letters_from or any(map(str.islower, text)):
        return False
    return sum(map(str.isupper, text)) >= letters_from


def _is_repetition(text: str) -> bool:
    signs = "".join(text.split()).casefold()
    if len(signs) >= _LONG_ENOUGH_TO_VARY and len(set(signs)) < _FEWEST_DIFFERENT:
        return True
    run = _RUN.search(text)
    return run is not None and len(run.group()) * 2 > len(signs)
