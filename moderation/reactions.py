"""Votes and flags on other people's published comments."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from moderation import accounts, publication, sites, standings
from moderation.actors import Actor
from moderation.errors import AlreadyFlaggedError, InvalidInputError, NotFoundError, OwnCommentError
from moderation.models import Comment, Flag, Revision, Vote
from moderation.publication import Change
from moderation.text.input import clean

FLAG_REASONS = ("insult", "hate", "threat", "spam", "off_topic", "personal_data", "illegal", "other")
_FLAG_TEXT_LENGTH = 1000
_FLAGGED_RISK = 0.5


@dataclass(frozen=True, slots=True)
class VoteState:
    score: int
    own_vote: int


def vote(session: Session, comment_id: uuid.UUID, value: int, *, actor: Actor, now: dt.datetime) -> VoteState:
    """Cast a vote, or change it; the same vote again changes nothing.

    Raises:
        NotSignedInError: the account was deleted a moment ago.
        NotFoundError: the comment is not published.
        OwnCommentError: it is the voter's own.
        AuthorSuspendedError, AuthorBannedError: the voter has no say on the site. Flagging is everybody's right.
    """
    comment = _published_by_another(session, comment_id, actor)
    standings.demand_voice(session, actor.account_id, comment.site_id, now=now)
    cast = session.get(Vote, (comment.id, actor.account_id))
    before = cast.value if cast else 0
    if cast is None:
        session.add(Vote(comment_id=comment.id, account_id=actor.account_id, value=value, created_at=now))
    else:
        cast.value = value
    session.flush()
    return VoteState(_add_to_score(session, comment.id, value - before), value)


def take_vote_back(session: Session, comment_id: uuid.UUID, *, actor: Actor) -> None:
    """
    Raises:
        NotSignedInError: the account was deleted a moment ago.
        NotFoundError: the comment is not published.
        OwnCommentError: it is the voter's own.
    """
    comment = _published_by_another(session, comment_id, actor)
    cast = session.get(Vote, (comment.id, actor.account_id))
    if cast is None:
        return
    value = cast.value
    session.delete(cast)
    session.flush()
    _add_to_score(session, comment.id, -value)


def flag(
    session: Session, comment_id: uuid.UUID, reason: str, text: str | None, *, actor: Actor, now: dt.datetime
) -> Flag:
    """Ask the moderators to look at a comment. With enough open flags it is taken down until they have.

    Raises:
        NotSignedInError: the account was deleted a moment ago.
        NotFoundError: the comment is not published.
        OwnCommentError: it is the flagger's own.
        AlreadyFlaggedError: they have flagged it before.
        InvalidInputError: the reason is not one of ``FLAG_REASONS``, or the text is not acceptable.
    """
    if reason not in FLAG_REASONS:
        raise InvalidInputError("reason", "unknown_reason")
    words = _clean_words(text)
    comment = _published_by_another(session, comment_id, actor)
    known = session.scalar(select(Flag.id).where(Flag.comment_id == comment.id, Flag.account_id == actor.account_id))
    if known is not None:
        raise AlreadyFlaggedError
    raised = Flag(comment_id=comment.id, account_id=actor.account_id, reason=reason, text=words, created_at=now)
    session.add(raised)
    session.flush()
    _take_note(session, comment, now=now)
    return raised


def site_of(session: Session, comment_id: uuid.UUID) -> str:
    """The site that a published comment is on.

    Raises:
        NotFoundError: the comment is not published.
    """
    site_id = session.scalar(
        select(Comment.site_id).where(Comment.id == comment_id, Comment.published_number.is_not(None))
    )
    if site_id is None:
        raise NotFoundError("comment")
    return str(site_id)


def _take_note(session: Session, comment: Comment, *, now: dt.datetime) -> None:
    # Core, so that the comment's version stays: a flag does not make a moderator's decision stale.
    session.execute(
        update(Comment)
        .where(Comment.id == comment.id)
        .values(
            open_flag_count=Comment.open_flag_count + 1,
            queued_at=comment.queued_at or now,
            risk=max(comment.risk, _FLAGGED_RISK),
        )
    )
    limit = sites.policy_of(session, comment.site_id).policy.flags_to_hold
    if not limit or comment.open_flag_count < limit:
        return
    # What readers flagged is what they see, though there may be a newer revision that waits or was refused.
    revision = session.scalars(
        select(Revision).where(Revision.comment_id == comment.id, Revision.number == comment.published_number)
    ).one()
    publication.decide(session, comment, revision, Change("hold", (publication.FLAGGED,), takes_down=True), now=now)


def _clean_words(text: str | None) -> str | None:
    if text is None or not text.strip():
        return None
    if len(text) > _FLAG_TEXT_LENGTH:
        raise InvalidInputError("text", "too_long", maximum=_FLAG_TEXT_LENGTH)
    return clean(text, field="text")


def _published_by_another(session: Session, comment_id: uuid.UUID, actor: Actor) -> Comment:
    accounts.demand_present(session, actor.account_id)
    comment = publication.lock(session, comment_id)
    if comment is None or comment.published_number is None:
        raise NotFoundError("comment")
    if comment.author_id == actor.account_id:
        raise OwnCommentError
    actor.demand_valid_on(comment.site_id)
    return comment


def _add_to_score(session: Session, comment_id: uuid.UUID, step: int) -> int:
    # Core, for the same reason as above.
    score, article_id = session.execute(
        update(Comment)
        .where(Comment.id == comment_id)
        .values(score=Comment.score + step)
        .execution_options(synchronize_session=False)
        .returning(Comment.score, Comment.article_id)
    ).one()
    if step:
        publication.renew(session, article_id)
    return score
