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


def _is_offender(context: RuleContext) -> bool:
    """Enough refusals, and enough of all that was decided."""
    author, policy = context.author, context.policy
    judged = author.refused_lately + author.published_lately
    return (
        0 < policy.offender_refusals <= author.refused_lately
        and author.refused_lately * 100 >= policy.offender_percent * judged
    )


def _record(context: RuleContext) -> dict[str, object]:
    author = context.author
    judged = author.refused_lately + author.published_lately
    return {"refused": author.refused_lately, "judged": judged, "days": context.policy.offender_days}


class StandingRule:
    name = "standing"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        standing = context.author.standing
        if standing in _BY_STANDING:
            outcome, reason = _BY_STANDING[standing]
            return [Verdict(self.name, outcome, reason)]
        if _is_offender(context):
            return [Verdict(self.name, Outcome.HOLD, "author_often_refused", evidence=_record(context))]
        if context.author.published_count < context.policy.premoderate_first:
            evidence = {"published": context.author.published_count, "required": context.policy.premoderate_first}
            return [Verdict(self.name, Outcome.HOLD, "author_new", evidence=evidence)]
        return []
