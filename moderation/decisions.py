"""Reading a comment's record: which of its decisions still stand. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import takewhile

from moderation.models import Decision, Status


def standing(decisions: Iterable[Decision]) -> list[Decision]:
    """A comment's decisions, oldest first, without those that were taken back. The last one is in force.

    Whoever takes one back has not decided what was there before.
    """
    left: list[Decision] = []
    for decision in decisions:
        if decision.undoes_id is not None and left[-2:-1] and left[-2].to_status == decision.to_status:
            left.pop()
        else:
            left.append(decision)
    return left


def refusals(left: Sequence[Decision]) -> list[Decision]:
    """Those at the end of a record that keep a comment refused: what refused it, and whatever confirmed that since."""
    return list(takewhile(lambda decision: decision.to_status == Status.REJECTED, reversed(left)))[::-1]
