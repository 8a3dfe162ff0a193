"""What people decided about a comment before it was imported: the machine holds or refuses more, never less."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.screening.context import Elsewhere, RuleContext
from moderation.screening.verdicts import Outcome, Verdict

IMPORTED = "imported"
"""The reason that every decision about an imported text has."""
_STAYS = {
    Elsewhere.HELD: (Outcome.HOLD, "imported_held"),
    Elsewhere.REJECTED: (Outcome.REJECT, "imported_rejected"),
}


class ImportedRule:
    name = "imported"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        if context.elsewhere not in _STAYS:
            return []
        outcome, reason = _STAYS[context.elsewhere]
        return [Verdict(self.name, outcome, reason)]
