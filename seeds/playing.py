"""Carries out the timeline's steps through the same use cases that readers and moderators go through."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy.orm import Session

from moderation import appeals, reactions, review_queue, submissions
from moderation.actors import Actor
from moderation.db import Database
from moderation.errors import AlreadyFlaggedError, ClassifierUnavailableError
from moderation.models import Comment, Status
from moderation.review_queue import Review
from moderation.screener import Screener
from moderation.screening_jobs import Job
from moderation.submissions import NewComment
from seeds.timeline import Appealing, Editing, Flagging, Posting, Ruling, Step, Voting, Withdrawing

MODERATOR = "moderation"
_VISIBLE = (Status.PUBLISHED,)
_EDITABLE = (Status.PUBLISHED, Status.HELD)


@dataclass(frozen=True, slots=True)
class Stage:
    """Where the timeline plays."""

    database: Database
    screener: Screener
    clock: Callable[[], dt.datetime]
    site: str
    article: str
    opened_at: dt.datetime
    actors: Mapping[str, Actor]
    comments: dict[str, uuid.UUID] = field(default_factory=dict)
    """The comments that there are so far, by their key in the timeline."""

    def time_of(self, step: Step) -> dt.datetime:
        return self.opened_at + dt.timedelta(minutes=step.at)

    def lease_from(self, now: dt.datetime) -> dt.timedelta:
        """A lease that outlasts the real present, so that no running server takes the job from us."""
        return self.clock() - now + self.screener.lease


def play(stage: Stage, step: Step) -> bool:
    """Carry out one step. ``False`` if there is nothing to carry it out on, because the screening did not publish it.

    Raises:
        ClassifierUnavailableError: the comment is stored and waits for its screening; the timeline stops here.
    """
    now = stage.time_of(step)
    match step:
        case Posting():
            return _post(stage, step, now)
        case Editing():
            return _edit(stage, step, now)
        case Withdrawing():
            return _withdraw(stage, step, now)
        case Ruling():
            return _rule(stage, step, now)
        case Voting() | Flagging() | Appealing():
            return _react(stage, step, now)
    raise TypeError(f"unknown step {step!r}")


def _react(stage: Stage, step: Voting | Flagging | Appealing, now: dt.datetime) -> bool:
    match step:
        case Voting():
            return _vote(stage, step, now)
        case Flagging():
            return _flag(stage, step, now)
        case Appealing():
            return _appeal(stage, step, now)


def _post(stage: Stage, step: Posting, now: dt.datetime) -> bool:
    actor = stage.actors[step.author]
    with stage.database.write() as session:
        parent = _find(session, stage, step.reply_to, _VISIBLE)
        if step.reply_to is not None and parent is None:
            return False
        command = NewComment(stage.site, stage.article, step.body, parent_id=parent.id if parent else None)
        submitted = submissions.submit(session, command, actor=actor, lease=stage.lease_from(now), now=now)
    stage.comments[step.key] = submitted.comment_id
    _screen(stage, submitted.job, now)
    return True


def _edit(stage: Stage, step: Editing, now: dt.datetime) -> bool:
    with stage.database.write() as session:
        comment = _find(session, stage, step.comment, _EDITABLE)
        if comment is None:
            return False
        author = _author(stage, comment)
        job = submissions.edit(session, comment.id, step.body, actor=author, lease=stage.lease_from(now), now=now)
    _screen(stage, job, now)
    return True


def _withdraw(stage: Stage, step: Withdrawing, now: dt.datetime) -> bool:
    with stage.database.write() as session:
        comment = _find(session, stage, step.comment, _EDITABLE)
        if comment is None:
            return False
        submissions.withdraw(session, comment.id, actor=_author(stage, comment), now=now)
    return True


def _rule(stage: Stage, step: Ruling, now: dt.datetime) -> bool:
    with stage.database.write() as session:
        comment = _find(session, stage, step.comment, (Status.HELD,))
        if comment is None:
            return False
        review = Review(comment.id, step.action, comment.version, step.reason_code, step.note)
        review_queue.decide(session, review, actor=stage.actors[MODERATOR], now=now)
    return True


def _vote(stage: Stage, step: Voting, now: dt.datetime) -> bool:
    with stage.database.write() as session:
        comment = _find(session, stage, step.comment, _VISIBLE)
        if comment is None:
            return False
        for value, keys in ((1, step.up), (-1, step.down)):
            for key in keys:
                reactions.vote(session, comment.id, value, actor=stage.actors[key], now=now)
    return True


def _flag(stage: Stage, step: Flagging, now: dt.datetime) -> bool:
    with stage.database.write() as session:
        comment = _find(session, stage, step.comment, _VISIBLE)
        if comment is None:
            return False
        # After an interruption the flag may be there already.
        with contextlib.suppress(AlreadyFlaggedError):
            reactions.flag(session, comment.id, step.reason, step.text, actor=stage.actors[step.by], now=now)
    return True


def _appeal(stage: Stage, step: Appealing, now: dt.datetime) -> bool:
    with stage.database.write() as session:
        comment = _find(session, stage, step.comment, (Status.REJECTED,))
        if comment is None:
            return False
        appeals.appeal(session, comment.id, step.text, actor=_author(stage, comment), now=now)
    return True


def _screen(stage: Stage, job: Job | None, now: dt.datetime) -> None:
    """Screen with the screener's own rules and classifier, at the time at which the comment is said to be written."""
    if job is None:
        return
    replace(stage.screener, clock=lambda: now).run(job)
    with stage.database.read() as session:
        if session.get_one(Comment, job.comment_id).status == Status.SCREENING:
            raise ClassifierUnavailableError


def _find(session: Session, stage: Stage, key: str | None, statuses: tuple[Status, ...]) -> Comment | None:
    """The comment, if it exists and is in one of the statuses."""
    comment_id = stage.comments.get(key) if key is not None else None
    comment = session.get(Comment, comment_id) if comment_id is not None else None
    return comment if comment is not None and comment.status in statuses else None


def _author(stage: Stage, comment: Comment) -> Actor:
    return next(actor for actor in stage.actors.values() if actor.account_id == comment.author_id)
