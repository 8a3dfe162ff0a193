"""Everything that is stored about a person, for that person."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from moderation import outbox
from moderation.models import (
    Account,
    AddressConfirmation,
    Appeal,
    Article,
    Comment,
    Decision,
    Flag,
    IdempotencyKey,
    ImportedComment,
    ModeratedSite,
    OutboxMessage,
    Passkey,
    PasskeyChallenge,
    PasswordReset,
    RecoveryCode,
    Removal,
    Revision,
    Sanction,
    ScreeningRecord,
    SecondFactor,
    SignInSession,
    Site,
    SiteIdentity,
    SitePolicy,
    StaffIdentity,
    VerdictRecord,
    Vote,
)

Rows = list[dict[str, Any]]

SECTIONS: dict[InstrumentedAttribute[Any], str] = {
    AddressConfirmation.account_id: "address_confirmations",
    Comment.author_id: "comments",
    Decision.actor_id: "decisions",
    Flag.account_id: "flags",
    IdempotencyKey.account_id: "requests",
    ModeratedSite.account_id: "moderated_sites",
    OutboxMessage.account_id: "letters",
    Passkey.account_id: "passkeys",
    PasskeyChallenge.account_id: "passkey_questions",
    PasswordReset.account_id: "password_resets",
    RecoveryCode.account_id: "recovery_codes",
    Removal.account_id: "removals",
    Removal.actor_id: "removals_ordered",
    Removal.undone_by_id: "removals_undone",
    Sanction.account_id: "sanctions",
    Sanction.actor_id: "sanctions_imposed",
    SecondFactor.account_id: "second_factors",
    SignInSession.account_id: "sessions",
    SiteIdentity.account_id: "identities",
    SitePolicy.actor_id: "policies",
    StaffIdentity.account_id: "staff_identities",
    Vote.account_id: "votes",
}
"""Where the export has what belongs to an account by this column. A test holds it together with the schema."""


def export(session: Session, account: Account) -> dict[str, Any]:
    """The account with everything that belongs to it. What would let somebody sign in (hashes) is left out, and so is
    what is other people's: who flagged a comment, and who decided about it."""
    return {
        "account": _account(session, account),
        "identities": _rows(
            session,
            select(Site.key.label("site"), SiteIdentity.issuer, SiteIdentity.subject, SiteIdentity.created_at)
            .join(Site, Site.id == SiteIdentity.site_id)
            .where(SiteIdentity.account_id == account.id)
            .order_by(SiteIdentity.id),
        ),
        "staff_identities": _rows(
            session,
            select(StaffIdentity.provider_name, StaffIdentity.issuer, StaffIdentity.subject, StaffIdentity.created_at)
            .where(StaffIdentity.account_id == account.id)
            .order_by(StaffIdentity.id),
        ),
        "moderated_sites": _moderated_sites(session, account.id),
        "sanctions": _sanctions(session, account.id),
        "sanctions_imposed": _sanctions_imposed(session, account.id),
        "removals": _removals(session, Removal.account_id == account.id, Removal.reason, Removal.note),
        "removals_ordered": _removals(session, Removal.actor_id == account.id, Removal.reason, Removal.note),
        "removals_undone": _removals(session, Removal.undone_by_id == account.id),
        "sessions": _sessions(session, account.id),
        "password_resets": _rows(
            session, select(PasswordReset.expires_at).where(PasswordReset.account_id == account.id)
        ),
        "address_confirmations": _rows(
            session,
            select(AddressConfirmation.email, AddressConfirmation.expires_at).where(
                AddressConfirmation.account_id == account.id
            ),
        ),
        "second_factors": _rows(
            session,
            select(SecondFactor.created_at, SecondFactor.confirmed_at).where(SecondFactor.account_id == account.id),
        ),
        "passkeys": _rows(
            session,
            select(Passkey.name, Passkey.sign_count, Passkey.created_at, Passkey.last_used_at)
            .where(Passkey.account_id == account.id)
            .order_by(Passkey.id),
        ),
        "passkey_questions": _rows(
            session, select(PasskeyChallenge.expires_at).where(PasskeyChallenge.account_id == account.id)
        ),
        "recovery_codes": _rows(session, select(RecoveryCode.created_at).where(RecoveryCode.account_id == account.id)),
        "comments": _comments(session, account.id),
        "votes": _rows(
            session,
            select(Vote.comment_id, Vote.value, Vote.created_at)
            .where(Vote.account_id == account.id)
            .order_by(Vote.created_at, Vote.comment_id),
        ),
        "flags": _flags(session, account.id),
        "requests": _rows(
            session,
            select(IdempotencyKey.key, IdempotencyKey.comment_id, IdempotencyKey.created_at)
            .where(IdempotencyKey.account_id == account.id)
            .order_by(IdempotencyKey.created_at),
        ),
        "letters": _letters(session, account),
        "decisions": _decisions_made(session, account.id),
        "policies": _policies(session, account.id),
    }


def _rows(session: Session, query: Select[*tuple[Any, ...]]) -> Rows:
    return [dict(row) for row in session.execute(query).mappings()]


def _account(session: Session, account: Account) -> dict[str, Any]:
    home = session.get(Site, account.home_site_id) if account.home_site_id is not None else None
    return {
        "id": account.id,
        "email": account.email,
        "display_name": account.display_name,
        "role": account.role,
        "language": account.language,
        "home_site": home.key if home else None,
        "has_password": account.password_hash is not None,
        "unconfirmed": account.unconfirmed,
        "created_at": account.created_at,
    }


def _moderated_sites(session: Session, account_id: uuid.UUID) -> list[str]:
    return list(
        session.scalars(
            select(Site.key)
            .join(ModeratedSite, ModeratedSite.site_id == Site.id)
            .where(ModeratedSite.account_id == account_id)
            .order_by(Site.key)
        )
    )


def _sanctions(session: Session, account_id: uuid.UUID) -> Rows:
    """What was done about the person, and what ended it. By whom is left out: that is another person's."""
    return _rows(
        session,
        select(
            Sanction.id,
            Site.key.label("site"),
            Sanction.kind,
            Sanction.reason,
            Sanction.note,
            Sanction.until,
            Sanction.ends_id.label("ends"),
            Sanction.created_at,
        )
        .join(Site, Site.id == Sanction.site_id)
        .where(Sanction.account_id == account_id)
        .order_by(Sanction.created_at, Sanction.id),
    )


def _sanctions_imposed(session: Session, account_id: uuid.UUID) -> Rows:
    """What the person did about others as a moderator, or acknowledged. About whom is left out."""
    return _rows(
        session,
        select(
            Site.key.label("site"), Sanction.kind, Sanction.reason, Sanction.note, Sanction.until, Sanction.created_at
        )
        .join(Site, Site.id == Sanction.site_id)
        .where(Sanction.actor_id == account_id)
        .order_by(Sanction.created_at, Sanction.id),
    )


def _removals(session: Session, whose: ColumnElement[bool], *details: InstrumentedAttribute[Any]) -> Rows:
    """All of an author's comments taken away at once: by whom, or whose, is left out, as that is another person's."""
    return _rows(
        session,
        select(Site.key.label("site"), Removal.action, Removal.state, *details, Removal.created_at)
        .join(Site, Site.id == Removal.site_id)
        .where(whose)
        .order_by(Removal.id),
    )


def _sessions(session: Session, account_id: uuid.UUID) -> Rows:
    return _rows(
        session,
        select(
            SignInSession.id,
            SignInSession.device,
            SignInSession.created_at,
            SignInSession.last_used_at,
            SignInSession.expires_at,
        )
        .where(SignInSession.account_id == account_id)
        .order_by(SignInSession.id),
    )


def _flags(session: Session, account_id: uuid.UUID) -> Rows:
    return _rows(
        session,
        select(Flag.comment_id, Flag.reason, Flag.text, Flag.created_at, Flag.resolved_at)
        .where(Flag.account_id == account_id)
        .order_by(Flag.id),
    )


def _letters(session: Session, account: Account) -> Rows:
    return _rows(
        session,
        select(OutboxMessage.kind, OutboxMessage.recipient, OutboxMessage.created_at, OutboxMessage.sent_at)
        .where(outbox.about(account))
        .order_by(OutboxMessage.id),
    )


def _decisions_made(session: Session, account_id: uuid.UUID) -> Rows:
    """As a moderator, and as an author who withdrew something."""
    return _rows(
        session,
        select(Decision.comment_id, Decision.action, Decision.reasons, Decision.note, Decision.decided_at)
        .where(Decision.actor_id == account_id)
        .order_by(Decision.id),
    )


def _policies(session: Session, account_id: uuid.UUID) -> Rows:
    return _rows(
        session,
        select(Site.key.label("site"), SitePolicy.number, SitePolicy.created_at)
        .join(Site, Site.id == SitePolicy.site_id)
        .where(SitePolicy.actor_id == account_id)
        .order_by(SitePolicy.id),
    )


def _comments(session: Session, account_id: uuid.UUID) -> Rows:
    found = session.execute(
        select(Comment, Article, Site.key, ImportedComment)
        .join(Article, Article.id == Comment.article_id)
        .join(Site, Site.id == Comment.site_id)
        .outerjoin(ImportedComment, ImportedComment.comment_id == Comment.id)
        .where(Comment.author_id == account_id)
        .order_by(Comment.id)
    )
    revisions = _by_comment(_revisions(session, account_id))
    decisions = _by_comment(_decisions_about(session, account_id))
    screenings = _by_comment(_screenings(session, account_id))
    appeals = _by_comment(_appeals(session, account_id))
    return [
        {
            "id": comment.id,
            "site": site,
            "article": article.external_id,
            "title": article.title,
            "url": article.url,
            "parent_id": comment.parent_id,
            "by_staff": comment.by_staff,
            "status": comment.status,
            "published_revision": comment.published_number,
            "score": comment.score,
            "created_at": comment.created_at,
            "edited_at": comment.edited_at,
            "revisions": revisions[comment.id],
            "screenings": screenings[comment.id],
            "decisions": decisions[comment.id],
            "appeals": appeals[comment.id],
            "imported": _imported(comment, imported) if imported is not None else None,
        }
        for comment, article, site, imported in found
    ]


def _imported(comment: Comment, row: ImportedComment) -> dict[str, Any]:
    return {"source": row.source, "id": row.external_id, "status": comment.imported_as, "imported_at": row.created_at}


def _by_comment(rows: Iterable[dict[str, Any]]) -> defaultdict[uuid.UUID, Rows]:
    found: defaultdict[uuid.UUID, Rows] = defaultdict(list)
    for row in rows:
        found[row.pop("comment_id")].append(row)
    return found


def _revisions(session: Session, account_id: uuid.UUID) -> Rows:
    return _rows(
        session,
        select(Revision.comment_id, Revision.number, Revision.body, Revision.created_at)
        .join(Comment, Comment.id == Revision.comment_id)
        .where(Comment.author_id == account_id)
        .order_by(Revision.number),
    )


def _decisions_about(session: Session, account_id: uuid.UUID) -> Rows:
    rows = _rows(
        session,
        select(
            Decision.comment_id,
            Revision.number.label("revision"),
            Decision.action,
            Decision.reasons,
            Decision.note,
            Decision.actor_id,
            Decision.decided_at,
        )
        .join(Comment, Comment.id == Decision.comment_id)
        .join(Revision, Revision.id == Decision.revision_id)
        .where(Comment.author_id == account_id)
        .order_by(Decision.id),
    )
    return [{**row, "by_machine": row.pop("actor_id") is None} for row in rows]


def _appeals(session: Session, account_id: uuid.UUID) -> Rows:
    return _rows(
        session,
        select(
            Appeal.comment_id,
            Revision.number.label("revision"),
            Appeal.status,
            Appeal.text,
            Appeal.created_at,
            Appeal.decided_at,
        )
        .join(Comment, Comment.id == Appeal.comment_id)
        .join(Revision, Revision.id == Appeal.revision_id)
        .where(Comment.author_id == account_id)
        .order_by(Appeal.id),
    )


def _screenings(session: Session, account_id: uuid.UUID) -> Rows:
    """What the machine made of each text: it is data about its author, and the ground for decisions about them."""
    objections: defaultdict[uuid.UUID, list[str]] = defaultdict(list)
    theirs = (
        select(ScreeningRecord, Revision.comment_id, Revision.number)
        .join(Revision, Revision.id == ScreeningRecord.revision_id)
        .join(Comment, Comment.id == Revision.comment_id)
        .where(Comment.author_id == account_id)
        .order_by(ScreeningRecord.id)
    )
    verdicts = theirs.with_only_columns(VerdictRecord.screening_id, VerdictRecord.reason).join(
        VerdictRecord, VerdictRecord.screening_id == ScreeningRecord.id
    )
    for row in session.execute(verdicts):
        objections[row.screening_id].append(row.reason)
    return [
        {
            "comment_id": comment_id,
            "revision": number,
            "outcome": screening.outcome,
            "reasons": objections[screening.id],
            "language": screening.language,
            "model": screening.model_name,
            "scores": screening.scores,
            "created_at": screening.created_at,
        }
        for screening, comment_id, number in session.execute(theirs)
    ]
