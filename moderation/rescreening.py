"""Screening again what was screened before: with another model or policy, what would change? And then: change it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from moderation import appeal_records, publication, screening_jobs, sites
from moderation.classifiers.protocol import Classifier
from moderation.identifiers import new_id
from moderation.models import Comment, Decision, Revision, ScreeningRecord, Site, Status, VerdictRecord
from moderation.models.comment import FORGOTTEN
from moderation.publication import FLAGGED, Change
from moderation.screening.context import AuthorFacts
from moderation.screening.pipeline import Material, Screening, screen, with_verdicts
from moderation.screening.rules.article import ArticleRule
from moderation.screening.rules.protocol import Rule
from moderation.screening.rules.repeats import RepeatsRule
from moderation.screening.rules.standing import StandingRule
from moderation.screening.verdicts import Outcome, Verdict
from moderation.screening_jobs import Job

_OF_THE_MOMENT = (StandingRule.name, ArticleRule.name, RepeatsRule.name)
_STATUS_AFTER = {Outcome.PUBLISH: Status.PUBLISHED, Outcome.HOLD: Status.HELD, Outcome.REJECT: Status.REJECTED}


@dataclass(frozen=True, slots=True)
class Seen:
    """A comment as it was when it was looked at."""

    job: Job
    status: Status
    version: int
    stays: bool
    """A moderator has decided about it, readers' flags took it down, or its time was over: no model overrules that."""
    objections: tuple[Verdict, ...] = ()
    """Why it was stopped when it came, as far as neither its text nor a model had to do with it. They hold."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a new screening would make of a comment. Nothing has changed yet."""

    seen: Seen
    screening: Screening

    @property
    def to_status(self) -> Status:
        return self.seen.status if self.seen.stays else _STATUS_AFTER[self.screening.outcome]

    @property
    def changes(self) -> bool:
        return self.to_status != self.seen.status


def candidates(session: Session, site_key: str, *, after: uuid.UUID | None = None, limit: int = 100) -> list[uuid.UUID]:
    """Comments of a site that a machine may judge again, oldest first.

    Raises:
        NotFoundError: there is no such site.
    """
    site = sites.by_key(session, site_key)
    query = (
        select(Comment.id)
        .join(Revision, (Revision.comment_id == Comment.id) & (Revision.number == Comment.current_number))
        .where(
            Comment.site_id == site.id,
            Comment.status.in_([Status.PUBLISHED, Status.HELD, Status.REJECTED]),
            Revision.body != FORGOTTEN,
            # Its author has to confirm their address first; then it is screened by itself.
            ~Comment.waits_for_author,
            # A person has to answer that.
            ~appeal_records.waits(),
        )
    )
    if after is not None:
        query = query.where(Comment.id > after)
    return list(session.scalars(query.order_by(Comment.id).limit(limit)))


def look(session: Session, comment_id: uuid.UUID) -> Seen:
    """What is needed to screen a comment's newest revision again."""
    comment = session.get_one(Comment, comment_id)
    revision = publication.current_revision(session, comment)
    in_force = sites.policy_of(session, comment.site_id)
    # Author, article and haste were judged when the comment came; what has become of them says nothing about it.
    material = Material(
        text=revision.body,
        site_language=session.get_one(Site, comment.site_id).language,
        policy=in_force.policy,
        author=AuthorFacts(published_count=in_force.policy.premoderate_first),
        elsewhere=screening_jobs.elsewhere_of(comment, revision.number),
    )
    job = Job(revision.id, comment.id, new_id(), 1, in_force.id, material, revision.created_at)
    decisions = session.scalars(select(Decision).where(Decision.comment_id == comment.id).order_by(Decision.id)).all()
    stays = any(one.actor_id is not None for one in decisions) or not _rests_on_text(decisions[-1])
    status = Status(comment.status)
    objections = () if status == Status.PUBLISHED else _objections(session, revision.id)
    return Seen(job, status, comment.version, stays, objections)


def _rests_on_text(decision: Decision) -> bool:
    return decision.screening_id is not None and FLAGGED not in decision.reasons


def _objections(session: Session, revision_id: uuid.UUID) -> tuple[Verdict, ...]:
    """Those of the latest screening, by the rules that were not told enough this time."""
    latest = (
        select(ScreeningRecord.id)
        .where(ScreeningRecord.revision_id == revision_id)
        .order_by(ScreeningRecord.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(VerdictRecord)
        .where(VerdictRecord.screening_id == latest, VerdictRecord.rule.in_(_OF_THE_MOMENT))
        .order_by(VerdictRecord.id)
    )
    return tuple(Verdict(row.rule, Outcome(row.outcome), row.reason, evidence=row.evidence) for row in rows)


def find(seen: Seen, rules: Sequence[Rule], classifier: Classifier) -> Finding:
    """Screen again, with no transaction open.

    Raises:
        ClassifierError: the text could not be scored.
    """
    return Finding(seen, with_verdicts(screen(seen.job.material, rules, classifier), seen.objections))


def apply(session: Session, finding: Finding, *, now: dt.datetime) -> bool:
    """Put a finding into force. ``False`` if the comment has changed since it was looked at, or keeps its status."""
    comment = publication.lock(session, finding.seen.job.comment_id)
    if comment is None or comment.version != finding.seen.version or not finding.changes:
        return False
    if appeal_records.waiting(session, comment.id) is not None:
        return False
    revision = session.get_one(Revision, finding.seen.job.revision_id)
    record = screening_jobs.record(session, finding.seen.job, finding.screening, now=now)
    comment.risk = finding.screening.risk
    change = Change(
        finding.screening.outcome.value,
        finding.screening.reasons,
        screening_id=record,
        takes_down=finding.screening.outcome is not Outcome.PUBLISH,
    )
    publication.decide(session, comment, revision, change, now=now)
    return True
