"""Screening again what was screened before: with another model or policy, what would change? And then: change it."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from moderation import appeal_records, publication, screening_jobs, sites
from moderation.classifiers.protocol import Classifier
from moderation.identifiers import new_id
from moderation.models import Comment, Decision, Revision, Site, Status
from moderation.models.comment import FORGOTTEN
from moderation.publication import Change
from moderation.screening.pipeline import Material, Screening, screen
from moderation.screening.rules.protocol import Rule
from moderation.screening.verdicts import Outcome
from moderation.screening_jobs import Job

_STATUS_AFTER = {Outcome.PUBLISH: Status.PUBLISHED, Outcome.HOLD: Status.HELD, Outcome.REJECT: Status.REJECTED}


@dataclass(frozen=True, slots=True)
class Seen:
    """A comment as it was when it was looked at."""

    job: Job
    status: Status
    version: int
    judged_by_person: bool
    """A moderator has decided about it; the machine does not overrule them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a new screening would make of a comment. Nothing has changed yet."""

    seen: Seen
    screening: Screening

    @property
    def to_status(self) -> Status:
        return self.seen.status if self.seen.judged_by_person else _STATUS_AFTER[self.screening.outcome]

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
    # Repeats and bursts were judged when the comment came; what its author wrote since says nothing about it.
    language = session.get_one(Site, comment.site_id).language
    elsewhere = screening_jobs.elsewhere_of(comment, revision.number)
    material = Material(text=revision.body, site_language=language, policy=in_force.policy, elsewhere=elsewhere)
    job = Job(revision.id, comment.id, new_id(), 1, in_force.id, material, revision.created_at)
    judged = session.scalar(select(exists().where(Decision.comment_id == comment.id, Decision.actor_id.is_not(None))))
    return Seen(job, Status(comment.status), comment.version, bool(judged))


def find(seen: Seen, rules: Sequence[Rule], classifier: Classifier) -> Finding:
    """Screen again, with no transaction open.

    Raises:
        ClassifierError: the text could not be scored.
    """
    return Finding(seen, screen(seen.job.material, rules, classifier))


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
