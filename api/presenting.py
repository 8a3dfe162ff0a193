"""From the domain's objects to what the schemas dump: every shape written out, the words in the caller's language."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from api import browser_sessions, language
from api.errors import STATUS_OF
from moderation import comment_views, removals, suggestions
from moderation.comment_views import Author, CommentView, OwnState
from moderation.errors import InvalidInputError, NotFoundError, VorabError
from moderation.models import Account, Appeal, AppealStatus, Decision, ModeratedSite, Site, Status
from moderation.review_items import AppealView, QueueItem
from moderation.review_queue import REASON_CODES, BatchResult, Recorded, Reviewed
from moderation.screening.pipeline import Screening
from moderation.screening.rules.address import UNCONFIRMED
from moderation.sections import Section
from moderation.sessions import SignedIn
from moderation.text.rendering import to_html


def account(session: Session, shown: Account) -> dict[str, Any]:
    sites = session.scalars(
        select(Site.key)
        .join(ModeratedSite, ModeratedSite.site_id == Site.id)
        .where(ModeratedSite.account_id == shown.id)
    )
    return {
        "id": shown.id,
        "email": shown.email,
        "display_name": shown.display_name,
        "role": shown.role,
        "sites": sorted(sites),
        "language": shown.language,
        "has_password": shown.password_hash is not None,
        "created_at": shown.created_at,
    }


def signed_in(session: Session, begun: SignedIn, *, in_cookie: bool) -> dict[str, Any]:
    """A session's token, or what its requests carry beside the cookie that has it."""
    return {
        "token": None if in_cookie else begun.token,
        "csrf_token": browser_sessions.csrf_token(begun.token) if in_cookie else None,
        "expires_at": begun.expires_at,
        "account": account(session, begun.account),
    }


def reasons(codes: Iterable[str]) -> list[dict[str, str]]:
    return [{"code": code, "message": _reason(code)} for code in codes]


def _reason(code: str) -> str:
    return language.text("reasons", code if language.has_text("reasons", code) else "other")


def comment(view: CommentView) -> dict[str, Any]:
    """A comment for whoever the view was made for, with its replies."""
    shown = {
        "id": view.id,
        "article": {
            "site": view.article.site,
            "id": view.article.id,
            "title": view.article.title,
            "url": view.article.url,
        },
        "parent_id": view.parent_id,
        "depth": view.depth,
        "author": _author(view.author) if view.author else None,
        "body": view.body,
        "body_html": to_html(view.body) if view.body is not None else None,
        "status": _status(view),
        "revision": view.revision,
        "created_at": view.created_at,
        "edited_at": view.edited_at,
        "score": view.score,
        "own_vote": view.own_vote,
        "reply_count": view.reply_count,
        "is_own": view.own is not None,
        "replies": [comment(reply) for reply in view.replies],
        "replies_cursor": view.replies_cursor,
    }
    return {**shown, **own_state(view.own)} if view.own is not None else shown


def _author(author: Author) -> dict[str, Any]:
    return {
        "id": author.id,
        "display_name": author.display_name or language.gone(author.language),
        "is_staff": author.is_staff,
    }


def _status(view: CommentView) -> str:
    if view.own is not None:
        return view.own.status
    return "published" if view.body is not None else "removed"


def own_state(own: OwnState) -> dict[str, Any]:
    return {
        "reasons": reasons(own.reasons),
        "decided_by": own.decided_by,
        "explanation": language.text("explanations", _explanation(own)),
        "note": own.note,
        "published_revision": own.published_revision,
        "editable_until": own.editable_until,
        "appealable_until": own.appealable_until,
        "appeal": _own_appeal(own.appeal) if own.appeal else None,
    }


def _own_appeal(appeal: Appeal) -> dict[str, Any]:
    return {
        "status": appeal.status,
        "text": appeal.text,
        "created_at": appeal.created_at,
        "decided_at": appeal.decided_at,
        "explanation": language.text("appeals", appeal.status),
    }


def _explanation(own: OwnState) -> str:
    code = f"{own.status}.{own.decided_by or 'nobody'}"
    if own.status == Status.HELD and UNCONFIRMED in own.reasons:
        code = "held.author"
    # While an edit waits or was refused, readers go on seeing the last published revision.
    return f"{code}.edit" if own.published_revision not in (None, own.revision) else code


def preview(body: str, screening: Screening) -> dict[str, Any]:
    return {
        "outcome": screening.outcome.value,
        "reasons": reasons(screening.reasons),
        "passages": [{"begin": passage.begin, "end": passage.end} for passage in screening.passages],
        "body_html": to_html(body),
    }


def section(found: Section, reset_url: str) -> dict[str, Any]:
    return {
        "site": {"key": found.site_key, "name": found.site_name, "language": found.language},
        "article": {
            "id": found.article,
            "title": found.title,
            "url": found.url,
            "known": found.is_known,
            "closed": found.closed,
            "premoderated": found.premoderated,
        },
        "comments": found.comments,
        "limits": {
            "min_length": found.policy.min_length,
            "max_length": found.policy.max_length,
            "edit_window_s": found.policy.edit_window_s,
            "shown_depth": found.policy.shown_depth,
        },
        "sign_in": {
            "password": True,
            "registration": True,
            "reset_url": reset_url,
            "providers": [{"key": key, "name": name} for key, name in found.providers],
        },
    }


def queue_item(item: QueueItem, viewer_id: uuid.UUID) -> dict[str, Any]:
    screening = item.screening
    has_model = screening is not None and screening.model_name is not None and screening.model_digest is not None
    return {
        "id": item.comment.id,
        "version": item.comment.version,
        "status": item.comment.status,
        "revision": item.revision.number,
        "body": item.revision.body,
        "body_html": to_html(item.revision.body),
        "published_body": item.published_body,
        "created_at": item.comment.created_at,
        "edited_at": item.comment.edited_at,
        "queued_at": item.comment.queued_at,
        "risk": item.comment.risk,
        "language": screening.language if screening else None,
        "scores": screening.scores if screening else {},
        "thresholds": screening.thresholds if screening else {},
        "passages": screening.passages if screening else [],
        "reasons": reasons(item.decision.reasons if item.decision else ()),
        "decided_by": _decided_by(item.decision),
        "decision": _latest(item),
        "suggested_reason": _suggested(item),
        "verdicts": [
            {
                "rule": verdict.rule,
                "outcome": verdict.outcome,
                "reason": {"code": verdict.reason, "message": _reason(verdict.reason)},
                "passages": verdict.passages,
                "evidence": verdict.evidence,
            }
            for verdict in item.verdicts
        ],
        "model": {"name": screening.model_name, "digest": screening.model_digest} if screening and has_model else None,
        "author": _author_record(item),
        "article": {
            "site": item.site.key,
            "site_name": item.site.name,
            "id": item.article.external_id,
            "title": item.article.title,
            "url": item.article.url,
        },
        "parent": _parent(item),
        "depth": item.comment.depth,
        "reply_count": item.comment.reply_count,
        "score": item.comment.score,
        "flags": item.flags,
        "appeal": _appeal_for_moderators(item.appeal, viewer_id) if item.appeal else None,
    }


def _appeal_for_moderators(view: AppealView, viewer_id: uuid.UUID) -> dict[str, Any]:
    refusal = view.refusal
    return {
        "status": view.appeal.status,
        "text": view.appeal.text,
        "created_at": view.appeal.created_at,
        "decided_at": view.appeal.decided_at,
        "refusal": {
            "actor": view.refused_by,
            "by_machine": refusal.actor_id is None,
            "by_you": refusal.actor_id == viewer_id,
            "reasons": reasons(refusal.reasons),
            "note": refusal.note,
            "decided_at": refusal.decided_at,
        },
    }


def _author_record(item: QueueItem) -> dict[str, Any]:
    author = item.author
    return {
        "id": author.id,
        "display_name": author.display_name,
        "is_staff": comment_views.is_by_staff(item.comment, author.display_name),
        "created_at": author.created_at,
        "published": author.published,
        "rejected": author.rejected,
        "held": author.held,
    }


def _latest(item: QueueItem) -> dict[str, Any] | None:
    made = item.decision
    if made is None:
        return None
    return {
        "action": made.action,
        "actor": item.decided_by,
        "by_machine": made.actor_id is None,
        "note": made.note,
        "decided_at": made.decided_at,
    }


def _suggested(item: QueueItem) -> str | None:
    """Whoever denies an appeal most likely does so for the reason of the refusal."""
    if item.appeal is not None and item.appeal.appeal.status == AppealStatus.WAITING:
        for code in item.appeal.refusal.reasons:
            if code in REASON_CODES:
                return code
    screening = item.screening
    scores, thresholds = (screening.scores, screening.thresholds) if screening else ({}, {})
    return suggestions.refusal_reason(
        (label for label, score in scores.items() if score >= thresholds.get(label, 2.0)),
        [verdict.reason for verdict in item.verdicts],
        [flag.reason for flag in item.flags],
    )


def _parent(item: QueueItem) -> dict[str, Any] | None:
    if item.parent is None:
        return None
    return {
        "id": item.parent.id,
        "author": item.parent.author,
        "body": item.parent.body,
        "body_html": to_html(item.parent.body),
    }


def _decided_by(decision: Decision | None) -> str | None:
    if decision is None:
        return None
    return "machine" if decision.actor_id is None else "moderator"


def decision(made: Decision, revision: int, actor: str | None) -> dict[str, Any]:
    return {
        "id": made.id,
        "comment_id": made.comment_id,
        "revision": revision,
        "action": made.action,
        "from_status": made.from_status,
        "to_status": made.to_status,
        "reasons": reasons(made.reasons),
        "note": made.note,
        "actor": actor,
        "by_machine": made.actor_id is None,
        "undoes": made.undoes_id,
        "decided_at": made.decided_at,
    }


def recorded(entry: Recorded) -> dict[str, Any]:
    shown = decision(entry.decision, entry.revision, entry.actor)
    return {**shown, "answers_appeal": entry.answers_appeal}


def reviewed(result: Reviewed, actor: str) -> dict[str, Any]:
    return {**decision(result.decision, result.revision, actor), "version": result.version}


def batch(results: Sequence[BatchResult], actor: str) -> dict[str, Any]:
    return {"results": [_batch_result(result, actor) for result in results]}


def _batch_result(result: BatchResult, actor: str) -> dict[str, Any]:
    return {
        "comment_id": result.comment_id,
        "ok": result.error is None,
        "decision": reviewed(result.reviewed, actor) if result.reviewed else None,
        "problem": _short_problem(result.error) if result.error else None,
    }


def removal(found: removals.Listed) -> dict[str, Any]:
    shown = found.removal
    return {
        "id": shown.id,
        "action": shown.action,
        "reason": {"code": shown.reason, "message": _reason(shown.reason)} if shown.reason is not None else None,
        "note": shown.note,
        "state": shown.state,
        "total": shown.total,
        "changed": shown.changed,
        "actor": found.actor,
        "undone_by": found.undone_by,
        "created_at": shown.created_at,
        "finished_at": shown.finished_at,
    }


def _short_problem(error: VorabError) -> dict[str, Any]:
    code = f"{error.what}_not_found" if isinstance(error, NotFoundError) else error.code
    shown = {
        "status": STATUS_OF[error.code],
        "code": code,
        "title": language.text("titles", code),
        "detail": language.text("details", code, **error.details),
    }
    if isinstance(error, InvalidInputError):
        message = language.text("fields", error.reason, **error.details)
        shown["errors"] = {error.field: [{"code": error.reason, "message": message}]}
    return shown
