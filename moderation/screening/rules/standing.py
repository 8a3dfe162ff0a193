"""What the site lets the author do."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.screening.context import RuleContext, Standing
from moderation.screening.verdicts import Outcome, Verdict

_BY_STANDING = {
    Standing.PREMODERATED: (Outcome.HOLD, "author_premoderated"),
    Standing.SUSPENDED: (Outcome.REJECT, "author_suspended"),
    Standing.BANNED: (Outcome.REJECT, "author_banned"),
}


class StandingRule:
    name = "standing"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        standing = context.author.standing
        if standing in _BY_STANDING:
            outcome, reason = _BY_STANDING[standing]
            return [Verdict(self.name, outcome, reason)]
        if context.author.published_count < context.policy.premoderate_first:
            evidence = {"published": context.author.published_count, "required": context.policy.premoderate_first}
            return [Verdict(self.name, Outcome.HOLD, "author_new", evidence=evidence)]
        return []
