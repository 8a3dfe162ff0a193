"""How the moderation goes: outcomes by day, waits, agreement of machine and moderators, and what a threshold would do.

The rows are read once into facts; everything after that is computed from them alone.
"""

from __future__ import annotations

import datetime as dt
import statistics
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from moderation import review_filters
from moderation.actors import Actor
from moderation.models import Appeal, AppealStatus, Comment, Decision, Revision, ScreeningRecord, Status, VerdictRecord

OUTCOMES = ("published", "cleared", "refused", "refused_by_machine", "waiting", "withdrawn")
"""``published`` and ``refused_by_machine`` by the machine alone; ``cleared`` and ``refused`` by a moderator."""
_STEPS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    site: str | None
    since: dt.datetime
    until: dt.datetime
    zone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One comment. ``judgement`` is a moderator's latest word that was not taken back; ``waits_s`` how long each of
    their decisions took; ``is_held_otherwise`` says that something else than a label's score would hold it."""

    created_at: dt.datetime
    status: str
    machine: str | None
    judgement: str | None
    waits_s: tuple[float, ...] = ()
    scores: dict[str, float]
    thresholds: dict[str, float]
    is_held_otherwise: bool = False

    @property
    def outcome(self) -> str:
        if self.status == Status.WITHDRAWN:
            return "withdrawn"
        if self.status in (Status.HELD, Status.SCREENING):
            return "waiting"
        if self.status == Status.REJECTED:
            return "refused" if self.judgement else "refused_by_machine"
        return "cleared" if self.judgement else "published"

    def passes(self, label: str, threshold: float) -> bool:
        return self.scores.get(label, 0.0) >= threshold

    def passes_another(self, label: str) -> bool:
        """It would wait whatever became of this label's threshold."""
        others = (name for name in self.thresholds if name != label)
        return self.is_held_otherwise or any(self.passes(name, self.thresholds[name]) for name in others)


@dataclass(frozen=True, slots=True)
class Day:
    day: dt.date
    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Shares:
    """``held`` and ``refused`` as shares of all comments, 0..1; ``None`` where there are none."""

    comments: int
    held: float | None
    refused: float | None


@dataclass(frozen=True, slots=True)
class Waits:
    decisions: int
    median_s: float | None
    longest_s: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the comments that moderators judged: passed the label's threshold and were refused (``confirmed``) or not
    (``overruled``), did not pass and were refused all the same (``missed``), or neither (``agreed``)."""

    label: str
    confirmed: int
    overruled: int
    missed: int
    agreed: int

    @property
    def share(self) -> float | None:
        judged = self.confirmed + self.overruled + self.missed + self.agreed
        return (self.confirmed + self.agreed) / judged if judged else None


@dataclass(frozen=True, slots=True)
class Point:
    """With this threshold so many comments would have waited, and so many that moderators refused would not."""

    threshold: float
    waiting: int
    slipping: int
    needless: int
    """Would have waited, and moderators published them."""


@dataclass(frozen=True, slots=True)
class Curve:
    label: str
    current: float | None
    refused: int
    """All that moderators refused."""
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Appeals:
    """Those that came in the period, by how they stand; ``median_s`` from an appeal to its answer."""

    all: int
    waiting: int
    granted: int
    denied: int
    closed: int
    median_s: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    since: dt.datetime
    until: dt.datetime
    days: tuple[Day, ...]
    shares: Shares
    waits: Waits
    appeals: Appeals
    agreement: tuple[Agreement, ...]
    thresholds: tuple[Curve, ...]


def figures(session: Session, period: Period, *, actor: Actor) -> Figures:
    """
    Raises:
        ForbiddenError: the actor is a reader.
        NotFoundError: the site does not exist, or is another's.
    """
    scope = review_filters.moderated(session, period.site, actor, withdrawn=True)
    return compute(load(session, scope, period), period, appeals=_appeals(session, scope, period))


def compute(facts: Sequence[Fact], period: Period, *, appeals: Appeals) -> Figures:
    labels = sorted({label for fact in facts for label in fact.scores})
    return Figures(
        since=period.since,
        until=period.until,
        days=by_day(facts, period),
        shares=shares(facts),
        waits=waits(facts),
        appeals=appeals,
        agreement=tuple(agreement(facts, label) for label in labels),
        thresholds=tuple(curve(facts, label) for label in labels),
    )


def by_day(facts: Iterable[Fact], period: Period) -> tuple[Day, ...]:
    """Every day of the period in its time zone, those without a comment too."""
    tally = Counter((fact.created_at.astimezone(period.zone).date(), fact.outcome) for fact in facts)
    first, last = (moment.astimezone(period.zone).date() for moment in (period.since, period.until))
    days = [first + dt.timedelta(days=number) for number in range((last - first).days + 1)]
    return tuple(Day(day, {outcome: tally[day, outcome] for outcome in OUTCOMES}) for day in days)


def shares(facts: Sequence[Fact]) -> Shares:
    if not facts:
        return Shares(0, None, None)
    held = sum(fact.machine == "hold" for fact in facts)
    refused = sum(fact.status == Status.REJECTED for fact in facts)
    return Shares(len(facts), held / len(facts), refused / len(facts))


def waits(facts: Iterable[Fact]) -> Waits:
    found = [seconds for fact in facts for seconds in fact.waits_s]
    return Waits(len(found), statistics.median(found) if found else None, max(found, default=None))


def agreement(facts: Iterable[Fact], label: str) -> Agreement:
    tally = Counter(
        (fact.passes(label, fact.thresholds[label]), fact.judgement == "reject")
        for fact in facts
        if fact.judgement is not None and label in fact.thresholds
    )
    return Agreement(label, tally[True, True], tally[True, False], tally[False, True], tally[False, False])


def curve(facts: Sequence[Fact], label: str) -> Curve:
    """What would have waited at each threshold from 0 to 1, everything else being as it was."""
    scored = [fact for fact in facts if label in fact.scores]
    in_use = [fact.thresholds[label] for fact in scored if label in fact.thresholds]
    points = tuple(_point(scored, label, step / _STEPS) for step in range(_STEPS + 1))
    refused = sum(fact.judgement == "reject" for fact in scored)
    return Curve(label, in_use[-1] if in_use else None, refused, points)


def _point(facts: Iterable[Fact], label: str, threshold: float) -> Point:
    tally = Counter((fact.passes(label, threshold) or fact.passes_another(label), fact.judgement) for fact in facts)
    waiting = sum(number for (waits_, _), number in tally.items() if waits_)
    return Point(threshold, waiting, tally[False, "reject"], tally[True, "publish"])


def load(session: Session, scope: ColumnElement[bool], period: Period) -> list[Fact]:
    """The comments written in the period, oldest first."""
    rows = session.execute(
        select(Comment.id, Comment.created_at, Comment.status, Revision.id)
        .join(Revision, (Revision.comment_id == Comment.id) & (Revision.number == Comment.current_number))
        .where(scope, Comment.created_at >= period.since, Comment.created_at <= period.until)
        .order_by(Comment.created_at, Comment.id)
    ).all()
    written = scope & (Comment.created_at >= period.since) & (Comment.created_at <= period.until)
    screenings = _screenings(session, written)
    decisions = _decisions(session, written)
    facts = []
    for comment_id, created_at, status, revision_id in rows:
        screening, is_held_otherwise = screenings.get(revision_id, (None, False))
        made = decisions.get(comment_id, [])
        facts.append(
            Fact(
                created_at=created_at,
                status=status,
                machine=next((decision.action for decision in made if decision.actor_id is None), None),
                judgement=_judgement(made),
                waits_s=_waits(made),
                scores=screening.scores if screening else {},
                thresholds=screening.thresholds if screening else {},
                is_held_otherwise=is_held_otherwise,
            )
        )
    return facts


def _appeals(session: Session, scope: ColumnElement[bool], period: Period) -> Appeals:
    rows = session.execute(
        select(Appeal.status, Appeal.created_at, Appeal.decided_at)
        .join(Comment, Comment.id == Appeal.comment_id)
        .where(scope, Appeal.created_at >= period.since, Appeal.created_at <= period.until)
    ).all()
    tally = Counter(row.status for row in rows)
    answered = [
        (row.decided_at - row.created_at).total_seconds()
        for row in rows
        if row.status in (AppealStatus.GRANTED, AppealStatus.DENIED)
    ]
    counts = {status.value: tally[status] for status in AppealStatus}
    return Appeals(all=len(rows), median_s=statistics.median(answered) if answered else None, **counts)


def _screenings(session: Session, written: ColumnElement[bool]) -> dict[uuid.UUID, tuple[ScreeningRecord, bool]]:
    """Each revision's latest screening, and whether a rule other than the model's objected."""
    records = session.scalars(
        select(ScreeningRecord)
        .join(Revision, Revision.id == ScreeningRecord.revision_id)
        .join(Comment, (Comment.id == Revision.comment_id) & (Comment.current_number == Revision.number))
        .where(written)
        .order_by(ScreeningRecord.id)
    ).all()
    objecting = set(
        session.scalars(
            select(VerdictRecord.screening_id)
            .join(ScreeningRecord, ScreeningRecord.id == VerdictRecord.screening_id)
            .join(Revision, Revision.id == ScreeningRecord.revision_id)
            .join(Comment, Comment.id == Revision.comment_id)
            .where(written, VerdictRecord.rule != "toxicity")
        )
    )
    return {record.revision_id: (record, record.id in objecting) for record in records}


def _decisions(session: Session, written: ColumnElement[bool]) -> dict[uuid.UUID, list[Decision]]:
    """Each comment's decisions in order, without those that were taken back and the taking back itself."""
    rows = session.scalars(
        select(Decision).join(Comment, Comment.id == Decision.comment_id).where(written).order_by(Decision.id)
    ).all()
    undone = {row.undoes_id for row in rows}
    found: dict[uuid.UUID, list[Decision]] = {}
    for row in rows:
        if row.undoes_id is None and row.id not in undone:
            found.setdefault(row.comment_id, []).append(row)
    return found


def _judgement(made: Iterable[Decision]) -> str | None:
    by_people = [entry.action for entry in made if entry.actor_id is not None and entry.action in ("publish", "reject")]
    return by_people[-1] if by_people else None


def _waits(made: Iterable[Decision]) -> tuple[float, ...]:
    return tuple(
        (entry.decided_at - entry.waited_since).total_seconds()
        for entry in made
        if entry.actor_id is not None and entry.waited_since is not None and entry.action in ("publish", "reject")
    )
