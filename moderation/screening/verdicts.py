"""What a rule answers, and what all answers together amount to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What happens to a revision; the strictest of all verdicts wins."""

    PUBLISH = "publish"
    HOLD = "hold"
    REJECT = "reject"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY = {Outcome.PUBLISH: 0, Outcome.HOLD: 1, Outcome.REJECT: 2}


@dataclass(frozen=True, slots=True, order=True)
class Passage:
    """Part of a text that gave rise to a doubt.

    ``begin`` and ``end`` are half-open offsets, in code points, into the text as its author wrote it.
    """

    begin: int
    end: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule's reason to hold or reject a revision. A rule that has no objection gives none.

    ``reason`` is a stable code that readers and moderators are shown in words. ``evidence`` is what a moderator may see
    and what an auditor needs: plain JSON, never shown to readers.
    """

    rule: str
    outcome: Outcome
    reason: str
    passages: tuple[Passage, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)


def strictest(verdicts: Iterable[Verdict]) -> Outcome:
    """The outcome of all verdicts together; ``publish`` where there is none. Their order never matters."""
    return max((verdict.outcome for verdict in verdicts), key=lambda outcome: outcome.severity, default=Outcome.PUBLISH)
