"""Articles and sites whose comments all wait for a moderator, or that take none."""

from __future__ import annotations

from collections.abc import Sequence

from moderation.screening.context import RuleContext
from moderation.screening.verdicts import Outcome, Verdict


class ArticleRule:
    name = "article"

    def check(self, context: RuleContext) -> Sequence[Verdict]:
        if context.article.closed:
            # A new comment is refused at the door; this one was on its way when the article was closed.
            return [Verdict(self.name, Outcome.REJECT, "article_closed")]
        if context.article.premoderated or context.policy.premoderate_site:
            return [Verdict(self.name, Outcome.HOLD, "premoderation")]
        return []
