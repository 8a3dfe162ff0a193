from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.base import PageQuery, StrictSchema, choice
from moderation.appeals import TEXT_LENGTH
from moderation.models import AppealStatus
from moderation.reactions import FLAG_REASONS

STATUSES = ("screening", "published", "held", "rejected", "removed")
"""``removed`` is what everybody is told of a comment that only keeps its place in the thread."""


class ThreadQuery(PageQuery):
    sort = fields.String(load_default="oldest", validate=choice("oldest", "newest", "top"))
    flat = fields.Boolean(
        load_default=False,
        metadata={"description": "Every comment by itself, replies too; for telling what is new."},
    )


class OwnCommentsQuery(PageQuery):
    site = fields.String(load_default=None)
    article = fields.String(load_default=None)


class ArticleHint(StrictSchema):
    """What the page says of an article that nobody has registered yet."""

    title = fields.String(load_default=None, allow_none=True)
    url = fields.String(load_default=None, allow_none=True)


class NewCommentIn(StrictSchema):
    body = fields.String(required=True)
    parent_id = fields.UUID(load_default=None, allow_none=True)
    article = fields.Nested(ArticleHint, load_default=None, allow_none=True)


class PreviewIn(StrictSchema):
    body = fields.String(required=True)
    parent_id = fields.UUID(load_default=None, allow_none=True)


class EditIn(StrictSchema):
    body = fields.String(required=True)


class VoteIn(StrictSchema):
    value = fields.Integer(required=True, strict=True, validate=validate.OneOf([1, -1], error="unknown_choice"))


class FlagIn(StrictSchema):
    reason = fields.String(required=True, validate=choice(*FLAG_REASONS))
    text = fields.String(load_default=None, allow_none=True)


class AppealIn(StrictSchema):
    text = fields.String(
        load_default=None,
        allow_none=True,
        metadata={"description": f"What the author has to say to it; {TEXT_LENGTH} characters at most."},
    )


class Reason(Schema):
    """Why something was held, refused or taken down, as a stable code and in the caller's language."""

    code = fields.String(required=True)
    message = fields.String(required=True)


class ArticleOut(Schema):
    site = fields.String(required=True)
    id = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)
    url = fields.String(required=True, allow_none=True)


class AuthorOut(Schema):
    id = fields.UUID(required=True)
    display_name = fields.String(required=True)
    is_staff = fields.Boolean(
        required=True,
        metadata={
            "description": "The comment was written by a moderator of the site or an admin. What the person becomes "
            "later does not change it."
        },
    )


class PublicComment(Schema):
    """A comment as readers see it. One that only keeps its place in the thread has no author and no body."""

    id = fields.UUID(required=True)
    article = fields.Nested(ArticleOut, required=True)
    parent_id = fields.UUID(required=True, allow_none=True)
    depth = fields.Integer(required=True, metadata={"description": "1 for a top-level comment."})
    author = fields.Nested(AuthorOut, required=True, allow_none=True)
    body = fields.String(required=True, allow_none=True, metadata={"description": "As written."})
    body_html = fields.String(required=True, allow_none=True, metadata={"description": "Safe to put into a page."})
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    revision = fields.Integer(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    edited_at = fields.AwareDateTime(required=True, allow_none=True)
    score = fields.Integer(required=True)
    own_vote = fields.Integer(required=True, validate=validate.OneOf([-1, 0, 1]))
    reply_count = fields.Integer(required=True)
    is_own = fields.Boolean(required=True)


class AppealOut(Schema):
    """The author asked for a second look at a refusal."""

    status = fields.String(
        required=True,
        validate=validate.OneOf(list(AppealStatus)),
        metadata={"description": "`closed` where nobody has to answer it any more."},
    )
    text = fields.String(required=True, allow_none=True, metadata={"description": "What the author had to say to it."})
    created_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    explanation = fields.String(required=True, metadata={"description": "How it stands, in a sentence."})


class OwnState(Schema):
    """What only the author is told."""

    reasons = fields.List(fields.Nested(Reason), required=True)
    decided_by = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["machine", "moderator"]),
        metadata={"description": "`machine` where no person was involved; null while nothing is decided."},
    )
    explanation = fields.String(
        required=True,
        metadata={"description": "What happened to the comment and who decided it, in one or two sentences."},
    )
    note = fields.String(required=True, allow_none=True, metadata={"description": "A moderator's word to the author."})
    published_revision = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The revision that readers see; null if they see none."},
    )
    editable_until = fields.AwareDateTime(required=True, allow_none=True)
    appealable_until = fields.AwareDateTime(
        required=True,
        allow_none=True,
        metadata={"description": "Until when the refusal can be appealed; null if it cannot."},
    )
    appeal = fields.Nested(
        AppealOut,
        required=True,
        allow_none=True,
        metadata={"description": "The one against what is decided now, or that led to it."},
    )


class OwnComment(OwnState, PublicComment):
    """A comment as its author sees it: the newest revision in whatever status, with reasons."""


class Comment(PublicComment):
    """A comment as the caller may see it. The fields of its author's view are there if the caller is its author."""

    reasons = fields.List(fields.Nested(Reason))
    decided_by = fields.String(allow_none=True, validate=validate.OneOf(["machine", "moderator"]))
    explanation = fields.String()
    note = fields.String(allow_none=True)
    published_revision = fields.Integer(allow_none=True)
    editable_until = fields.AwareDateTime(allow_none=True)
    appealable_until = fields.AwareDateTime(allow_none=True)
    appeal = fields.Nested(AppealOut, allow_none=True)


class ThreadComment(Comment):
    """A comment with its first replies, oldest first, down to the depth that the site shows."""

    replies = fields.List(fields.Nested("ThreadComment"), required=True)
    replies_cursor = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Where `/comments/{comment_id}/replies` goes on, if there are more replies."},
    )


class ThreadPage(Schema):
    items = fields.List(fields.Nested(ThreadComment), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    total = fields.Integer(required=True, metadata={"description": "Top-level comments of the whole list."})


class RepliesPage(Schema):
    items = fields.List(fields.Nested(ThreadComment), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class OwnCommentsPage(Schema):
    items = fields.List(fields.Nested(OwnComment), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class PassageOut(Schema):
    begin = fields.Integer(required=True, metadata={"description": "Offset in code points into the body."})
    end = fields.Integer(required=True, metadata={"description": "One past the last code point."})


class PreviewOut(Schema):
    """What would happen to a text. Nothing was stored."""

    outcome = fields.String(required=True, validate=validate.OneOf(["publish", "hold", "reject"]))
    reasons = fields.List(fields.Nested(Reason), required=True)
    passages = fields.List(fields.Nested(PassageOut), required=True)
    body_html = fields.String(required=True)


class VoteOut(Schema):
    score = fields.Integer(required=True)
    own_vote = fields.Integer(required=True, validate=validate.OneOf([-1, 0, 1]))


class FlagOut(Schema):
    id = fields.UUID(required=True)
    reason = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class CountsQuery(StrictSchema):
    articles = fields.String(required=True, metadata={"description": "Article ids, separated by commas; 100 at most."})


class ArticleIn(StrictSchema):
    title = fields.String(load_default=None, allow_none=True)
    url = fields.String(load_default=None, allow_none=True)
    closed = fields.Boolean(load_default=None, allow_none=True)
    premoderated = fields.Boolean(load_default=None, allow_none=True)


class RegisteredArticle(ArticleOut):
    closed = fields.Boolean(required=True)
    premoderated = fields.Boolean(required=True)
    comments = fields.Integer(required=True, metadata={"description": "Published comments, replies included."})


class CountsOut(Schema):
    counts = fields.Dict(keys=fields.String(), values=fields.Integer(), required=True)
