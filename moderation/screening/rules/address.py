"""Whose address nobody has confirmed yet."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Verdict

UNCONFIRMED = "address_unconfirmed"


class AddressRule:
    name = "address"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        return [Verdict(self.name, Outcome.HOLD, UNCONFIRMED)] if context.author.unconfirmed else []
