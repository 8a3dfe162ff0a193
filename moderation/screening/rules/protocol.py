from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Verdict


class Rule(Protocol):
    """One subject that can give rise to doubts. Pure: the same context gives the same verdicts, always."""

    @property
    def name(self) -> str: ...

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        """All objections to the text, none if there are none."""
        ...
