"""Screening as a job that survives its process. The revision's row is the job: who has it, until when, which try.

A job is claimed in one transaction, runs in none, and is finished in one. A process that dies in between leaves the row
as it was, and after the lease another one claims it. Only the holder of the current lease may finish, so a job that was
given up for dead and comes back changes nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import cast

import structlog
from sqlalchemy import ColumnElement, Table, bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from moderation import addresses, author_facts, publication, sites, standings
from moderation.identifiers import new_id
from moderation.models import (
    Article,
    Comment,
    Revision,
    ScreeningRecord,
    Site,
    Status,
    VerdictRecord,
)
from moderation.policies import Policy
from moderation.publication import Change
from moderation.screening.context import ArticleFacts, AuthorFacts, Elsewhere, Standing
from moderation.screening.pipeline import Material, Screening
from moderation.screening.rules.address import UNCONFIRMED
from moderation.screening.rules.imported import IMPORTED
from moderation.screening.verdicts import Outcome, Passage, Verdict

MAX_ATTEMPTS = 3

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed revision with everything that its screening needs."""

    revision_id: uuid.UUID
    comment_id: uuid.UUID
    token: uuid.UUID
    attempt: int
    policy_id: uuid.UUID
    material: Material
    stored_at: dt.datetime
    """When the text was written, and its waiting began."""
    was_lost: bool = False
    """Somebody else had it, and their lease ran out."""


@dataclass(frozen=True, slots=True)
class _Screened:
    """The revision that was screened."""

    id: uuid.UUID
    number: int


@dataclass(frozen=True, slots=True)
class Finished:
    """A job that this holder has carried through."""

    change: Change | None
    """What became of the comment; ``None`` if a person had decided meanwhile, or the author had changed it."""


def claim(session: Session, revision_id: uuid.UUID, *, lease: dt.timedelta, now: dt.datetime) -> Job | None:
    """Take the job for as long as ``lease``; ``None`` if it is done or somebody else has it."""
    token = new_id()
    was_held = session.scalar(select(Revision.lease_token).where(Revision.id == revision_id)) is not None
    claimed = session.execute(
        update(Revision)
        .where(Revision.id == revision_id, Revision.screened_at.is_(None), _is_free(lease, now))
        .values(lease_until=now + lease, lease_token=token, attempts=Revision.attempts + 1)
        .execution_options(synchronize_session=False)
        .returning(Revision.id)
    ).one_or_none()
    if claimed is None:
        return None
    return replace(_reclaimed(session, revision_id, now=now), was_lost=was_held)


def _is_free(lease: dt.timedelta, now: dt.datetime) -> ColumnElement[bool]:
    """Nobody has it, or not any more.

    A lease that ends later than two of them from now was taken by a clock that is wrong by now. To believe it would be
    to wait for as long as the clock jumped; whoever still works on it has lost the token then, and changes nothing.
    """
    ends = Revision.lease_until
    return ends.is_(None) | (ends <= now) | (ends > now + 2 * lease)


def take_over(
    session: Session, revision_id: uuid.UUID, token: uuid.UUID, *, lease: dt.timedelta, now: dt.datetime
) -> Job | None:
    """Go on with a job that another process claimed and handed over with its token.

    The token changes hands with it, so that a message which says so twice is heard once. ``None`` if the job is done,
    or somebody else has it by now.
    """
    taken = session.execute(
        update(Revision)
        .where(Revision.id == revision_id, Revision.screened_at.is_(None), Revision.lease_token == token)
        .values(lease_until=now + lease, lease_token=new_id())
        .execution_options(synchronize_session=False)
        .returning(Revision.id)
    ).one_or_none()
    if taken is None:
        return None
    return _reclaimed(session, revision_id, now=now)


def _reclaimed(session: Session, revision_id: uuid.UUID, *, now: dt.datetime) -> Job:
    revision = session.get_one(Revision, revision_id, populate_existing=True)
    comment = session.get_one(Comment, revision.comment_id)
    standing = standings.of(session, comment.author_id, comment.site_id, now=now).standing
    return job_for(session, comment, revision, standing=standing, now=now)


def is_done(session: Session, revision_id: uuid.UUID) -> bool:
    """Whether the revision was screened, or needs no screening any more."""
    return session.scalar(select(Revision.screened_at).where(Revision.id == revision_id)) is not None


def job_for(session: Session, comment: Comment, revision: Revision, *, standing: Standing, now: dt.datetime) -> Job:
    """The job of a revision whose lease the caller holds, by an author of this ``standing`` on the site."""
    article = session.get_one(Article, comment.article_id)
    in_force = sites.policy_of(session, comment.site_id)
    site_language = session.get_one(Site, comment.site_id).language
    elsewhere = elsewhere_of(comment, revision.number)
    if elsewhere is not None:
        material = imported_material(revision.body, site_language, in_force.policy, elsewhere, article=article)
        return _job(comment, revision, in_force.id, material)
    material = Material(
        text=revision.body,
        site_language=site_language,
        policy=in_force.policy,
        author=author_facts.collect(
            session,
            comment.author_id,
            comment.site_id,
            in_force.policy,
            standing=standing,
            now=now,
            but=comment.id,
        ),
        article=ArticleFacts(premoderated=article.premoderated, closed=article.closed),
    )
    return _job(comment, revision, in_force.id, material)


def elsewhere_of(comment: Comment, number: int) -> Elsewhere | None:
    """What the comment's revision of this number was in another system; ``None`` for what was written here."""
    return Elsewhere(comment.imported_as) if comment.imported_as is not None and number == 1 else None


def imported_material(
    text: str, site_language: str, policy: Policy, elsewhere: Elsewhere, *, article: Article | None
) -> Material:
    """What is known of a text that was written years ago, elsewhere.

    It is judged as a text. How much its author wrote in which time, whether they are new here or in disgrace today,
    and whether the article takes comments by now says nothing about it.
    """
    return Material(
        text=text,
        site_language=site_language,
        policy=policy,
        author=AuthorFacts(published_count=policy.premoderate_first),
        article=ArticleFacts(premoderated=article is not None and article.premoderated),
        elsewhere=elsewhere,
    )


def _job(comment: Comment, revision: Revision, policy_id: uuid.UUID, material: Material) -> Job:
    assert revision.lease_token is not None
    return Job(
        revision_id=revision.id,
        comment_id=comment.id,
        token=revision.lease_token,
        attempt=revision.attempts,
        policy_id=policy_id,
        material=material,
        stored_at=revision.created_at,
    )


def release(session: Session, job: Job) -> None:
    """Give the job back untried: there is no classifier to ask, which is not the text's fault."""
    session.execute(
        update(Revision)
        .where(Revision.id == job.revision_id, Revision.lease_token == job.token)
        .values(lease_until=None, lease_token=None, attempts=Revision.attempts - 1)
        .execution_options(synchronize_session=False)
    )


def finish(session: Session, job: Job, screening: Screening, *, now: dt.datetime) -> Finished | None:
    """Write verdicts, decision and new status, once. ``None`` if this holder's time is over.

    A moderator who decided meanwhile wins, and so does an edit: the screening then goes on record and changes nothing.
    An address that was confirmed meanwhile leaves nothing to hold the comment for: it is screened again.
    """
    if _rests_on_address(screening) and not addresses.is_unconfirmed(session, _author(session, job)):
        release(session, job)
        return None
    comment = publication.lock(session, job.comment_id)
    held = {"revision": job.revision_id, "token": job.token, "now": now}
    number = session.connection().scalar(_FINISHED, held)
    if comment is None or number is None:
        log.info("screening_superseded", revision_id=str(job.revision_id))
        return None
    stored = record(session, job, screening, now=now)
    if comment.status != Status.SCREENING or comment.current_number != number:
        log.info("screening_overtaken", comment_id=str(comment.id), status=comment.status)
        return Finished(None)
    comment.risk = screening.risk
    change = _change(job, comment, screening, stored)
    publication.decide(session, comment, _Screened(job.revision_id, number), change, is_alone=True, now=now)
    return Finished(change)


def _rests_on_address(screening: Screening) -> bool:
    return any(verdict.reason == UNCONFIRMED for verdict in screening.verdicts)


def _author(session: Session, job: Job) -> uuid.UUID:
    return session.scalars(select(Comment.author_id).where(Comment.id == job.comment_id)).one()


def _change(job: Job, comment: Comment, screening: Screening, stored: uuid.UUID) -> Change:
    limit = job.material.policy.flags_to_hold
    if screening.outcome == Outcome.PUBLISH and limit and comment.open_flag_count >= limit:
        # Readers' flags took the comment down until a person has looked; an edit by its author is no answer to them.
        return Change("hold", (publication.FLAGGED,), screening_id=stored, takes_down=True)
    reasons = screening.reasons if job.material.elsewhere is None else (*screening.reasons, IMPORTED)
    return Change(
        screening.outcome.value,
        reasons,
        screening_id=stored,
        waits_for_author=screening.outcome == Outcome.HOLD and _rests_on_address(screening),
    )


# Only the holder of the lease finishes, and only once.
_revision = cast(Table, Revision.__table__)
_FINISHED = (
    update(_revision)
    .where(
        _revision.c.id == bindparam("revision"),
        _revision.c.screened_at.is_(None),
        _revision.c.lease_token == bindparam("token"),
    )
    .values(screened_at=bindparam("now"), lease_until=None, lease_token=None)
    .returning(_revision.c.number)
)


def record(session: Session, job: Job, screening: Screening, *, now: dt.datetime) -> uuid.UUID:
    """Store a screening with its verdicts, and return its id."""
    stored, identity = new_id(), screening.identity
    values = {
        "id": stored,
        "revision_id": job.revision_id,
        "policy_id": job.policy_id,
        "outcome": screening.outcome.value,
        "risk": screening.risk,
        "language": screening.language,
        "model_name": identity.name if identity else None,
        "model_digest": identity.digest if identity else None,
        "scores": dict(screening.scores),
        "thresholds": dict(screening.thresholds),
        "passages": _as_json(screening.passages),
        "duration_ms": screening.duration_ms,
        "created_at": now,
    }
    session.connection().execute(_RECORD, values)
    if screening.verdicts:
        session.connection().execute(_VERDICTS, [_as_row(stored, verdict) for verdict in screening.verdicts])
    return stored


def _as_row(screening_id: uuid.UUID, verdict: Verdict) -> dict[str, object]:
    return {
        "id": new_id(),
        "screening_id": screening_id,
        "rule": verdict.rule,
        "outcome": verdict.outcome.value,
        "reason": verdict.reason,
        "passages": _as_json(verdict.passages),
        "evidence": dict(verdict.evidence),
    }


# Rows that are added and not looked at again need no objects.
_RECORD = insert(cast(Table, ScreeningRecord.__table__))
_VERDICTS = insert(cast(Table, VerdictRecord.__table__))


def _as_json(passages: Sequence[Passage]) -> list[dict[str, object]]:
    return [{**asdict(passage), "labels": list(passage.labels)} for passage in passages]


def settle(session: Session, comment_id: uuid.UUID) -> None:
    """Write what waits for its screening once more, so that the transaction's end waits for the disk to have it.

    To be done in ``Database.write`` before anybody is told that a text is stored which was written hastily and is not
    decided about. What is screened needs it no longer: the decision's end waited for all that was written before it.
    """
    session.execute(
        update(Revision)
        .where(Revision.comment_id == comment_id, Revision.screened_at.is_(None))
        .values(attempts=Revision.attempts)
        .execution_options(synchronize_session=False)
    )


def due(session: Session, *, lease: dt.timedelta, now: dt.datetime, limit: int = 50) -> list[uuid.UUID]:
    """Revisions that wait for a screening and that nobody has, oldest first."""
    return list(
        session.scalars(
            select(Revision.id)
            .where(Revision.screened_at.is_(None), _is_free(lease, now))
            .order_by(Revision.id)
            .limit(limit)
        )
    )


def backlog(session: Session) -> int:
    """How many revisions wait for a screening or are being screened."""
    return session.scalar(select(func.count()).where(Revision.screened_at.is_(None))) or 0


def expire(session: Session, job: Job, *, now: dt.datetime) -> None:
    """End the lease early; the try stays counted."""
    session.execute(
        update(Revision)
        .where(Revision.id == job.revision_id, Revision.lease_token == job.token)
        .values(lease_until=now, lease_token=None)
        .execution_options(synchronize_session=False)
    )
