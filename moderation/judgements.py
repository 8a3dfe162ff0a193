"""What a site's moderators thought of texts that the machine scored: what its thresholds are calibrated on."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, null, select
from sqlalchemy.orm import Session

from moderation.classifiers.protocol import Classifier, ModelIdentity
from moderation.models import Comment, Decision, Revision, ScreeningRecord, SuggestedScore, VerdictRecord
from moderation.policies import Policy
from moderation.screening.assessment import assess
from moderation.screening.verdicts import Outcome

TOXIC_REASONS = frozenset({"insult", "hate", "threat"})
"""Refused for any other reason, a text says nothing about the scores of its tone."""

_CONTENT_RULES = ("limits", "repeats", "links", "word_lists")
"""Rules about authors and articles hold whatever is written: they say nothing about where thresholds should be."""
_TOXIC_FROM = 0.5
"""A suggested score (Perspective API) that says: this is toxic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A text and what is known about it. ``toxic`` is ``None`` where no person judged its tone."""

    language: str
    scores: Mapping[str, float]
    toxic: bool | None
    held_otherwise: bool = False
    """A rule about its content holds or rejects it, whatever it scores."""
    is_screened: bool = True
    """It is one of all that came in, not one that somebody picked to suggest a score for."""
    text: str | None = None
    """Only where today's model has not scored it yet."""


def load(session: Session, site_id: uuid.UUID, identity: ModelIdentity, *, since: dt.datetime) -> list[Judgement]:
    """Everything that was screened on the site since then, and every score that was suggested to it, oldest first.

    Texts in languages that the model does not cover are left out: no threshold decides about them.
    """
    of_site = (Comment.site_id == site_id) & (ScreeningRecord.created_at >= since)
    judged, objected = _judged(session, site_id), _objected(session, of_site)
    latest: dict[uuid.UUID, Judgement] = {}
    unscored = case((ScreeningRecord.model_digest == identity.digest, null()), else_=Revision.body)
    rows = session.execute(
        select(ScreeningRecord.id, Revision.id, ScreeningRecord.language, ScreeningRecord.scores, unscored)
        .join(Revision, Revision.id == ScreeningRecord.revision_id)
        .join(Comment, Comment.id == Revision.comment_id)
        .where(of_site)
        .order_by(ScreeningRecord.id)
    )
    for screening_id, revision_id, language, scores, text in rows:
        latest[revision_id] = Judgement(
            language=language,
            scores=scores if text is None else {},
            toxic=judged.get(revision_id),
            held_otherwise=screening_id in objected,
            text=text,
        )
    found = [*latest.values(), *_suggested(session, site_id, since)]
    return [one for one in found if one.language in identity.languages or "*" in identity.languages]


def scored(judgement: Judgement, classifier: Classifier) -> Judgement:
    """A judgement that still has its text, with the scores that today's model gives it.

    Raises:
        ClassifierError: it could not be scored.
    """
    assert judgement.text is not None
    found = assess(judgement.text, judgement.language, classifier, Policy().hold_thresholds)
    return dataclasses.replace(judgement, scores=found.scores, text=None)


def _judged(session: Session, site_id: uuid.UUID) -> dict[uuid.UUID, bool | None]:
    """Each revision's last word by a moderator that was not taken back: was it toxic?

    Where all that somebody had written went at once, nobody has judged the single text.
    """
    rows = session.execute(
        select(Decision.id, Decision.revision_id, Decision.action, Decision.reasons, Decision.undoes_id)
        .join(Comment, Comment.id == Decision.comment_id)
        .where(Comment.site_id == site_id, Decision.actor_id.is_not(None), Decision.removal_id.is_(None))
        .order_by(Decision.id)
    ).all()
    undone = {row.undoes_id for row in rows}
    return {
        row.revision_id: False if row.action == "publish" else True if TOXIC_REASONS & set(row.reasons) else None
        for row in rows
        if row.undoes_id is None and row.id not in undone and row.action in ("publish", "reject")
    }


def _objected(session: Session, of_site: ColumnElement[bool]) -> set[uuid.UUID]:
    """Screenings in which a rule objected to something in the text that is not its score."""
    return set(
        session.scalars(
            select(VerdictRecord.screening_id)
            .join(ScreeningRecord, ScreeningRecord.id == VerdictRecord.screening_id)
            .join(Revision, Revision.id == ScreeningRecord.revision_id)
            .join(Comment, Comment.id == Revision.comment_id)
            .where(of_site, VerdictRecord.rule.in_(_CONTENT_RULES), VerdictRecord.outcome != Outcome.PUBLISH.value)
        )
    )


def _suggested(session: Session, site_id: uuid.UUID, since: dt.datetime) -> list[Judgement]:
    rows = session.scalars(
        select(SuggestedScore)
        .where(SuggestedScore.site_id == site_id, SuggestedScore.created_at >= since)
        .order_by(SuggestedScore.id)
    )
    return [
        Judgement(
            language=row.language,
            scores={},
            toxic=max(row.scores.values()) >= _TOXIC_FROM,
            is_screened=False,
            text=row.text,
        )
        for row in rows
        if row.scores
    ]
