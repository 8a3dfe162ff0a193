from __future__ import annotations

from collections.abc import Sequence

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Verdict


class WordListsRule:
    name = "word_lists"

    def check(self, context: RuleContext) -> Sequence[Verdict]:  # noqa: ARG002  # the matching is still to come
        return []
