"""What the machine said of the demo's comments, next to what a person would say."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation.models import Decision
from seeds.timeline import Posting


@dataclass(frozen=True, slots=True)
class Comparison:
    """``missed``: keys of what the machine published and a person would not have; ``overcautious``: the reverse."""

    outcomes: Mapping[str, int]
    missed: tuple[str, ...]
    overcautious: tuple[str, ...]

    def lines(self) -> tuple[str, ...]:
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.outcomes.items()))
        return (
            f"The screening said: {counts or 'nothing'}.",
            f"Published, but a person would not have: {', '.join(self.missed) or 'none'}.",
            f"Stopped, but a person would have published: {', '.join(self.overcautious) or 'none'}.",
        )


def compare(session: Session, postings: Sequence[Posting], comments: Mapping[str, uuid.UUID]) -> Comparison:
    """Look at the machine's first decision about each comment; edits and people's decisions come later."""
    said = _first_actions(session, list(comments.values()))
    pairs = [(posting, said[comments[posting.key]]) for posting in postings if comments.get(posting.key) in said]
    return Comparison(
        Counter(action for _, action in pairs),
        tuple(posting.key for posting, action in pairs if action == "publish" and posting.expected != "publish"),
        tuple(posting.key for posting, action in pairs if action != "publish" and posting.expected == "publish"),
    )


def _first_actions(session: Session, comment_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, str]:
    rows = session.execute(
        select(Decision.comment_id, Decision.action)
        .where(Decision.comment_id.in_(comment_ids), Decision.screening_id.is_not(None))
        .order_by(Decision.id.desc())
    )
    return {row.comment_id: row.action for row in rows}
