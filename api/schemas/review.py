"""What moderators see and say. The only answers with scores in them."""

from __future__ import annotations

from marshmallow import Schema, validate
from webargs import fields

from api.schemas.base import PageQuery, PersonName, StrictSchema, between, choice
from api.schemas.comments import ArticleOut, Reason
from moderation.models import AppealStatus
from moderation.review_queue import REASON_CODES


class FilterQuery(StrictSchema):
    site = fields.String(load_default=None)
    status = fields.String(
        load_default="all",
        validate=choice("held", "flagged", "appealed", "all", "published", "rejected", "any"),
        metadata={
            "description": "`held`, `flagged`, `appealed` and `all` are what waits. `published`, `rejected` and `any` "
            "find every comment that was not withdrawn."
        },
    )
    article = fields.String(load_default=None, metadata={"description": "The publisher's own id."})
    author = fields.UUID(load_default=None)
    reason = fields.String(load_default=None)
    label = fields.String(load_default=None, metadata={"description": "A label whose score passed its threshold."})
    q = fields.String(
        load_default=None,
        attribute="words",
        validate=validate.Length(max=200, error="out_of_range"),
        metadata={"description": "Words that all occur in the text or the author's name; quote a phrase."},
    )


class QueueQuery(FilterQuery, PageQuery):
    sort = fields.String(load_default="risk", validate=choice("risk", "oldest", "newest"))


class StateQuery(FilterQuery):
    ids = fields.DelimitedList(
        fields.UUID(),
        load_default=list,
        validate=validate.Length(max=100, error="out_of_range"),
        metadata={"description": "Comments that you look at, separated by commas; 100 at most."},
    )


class ChoicesQuery(StrictSchema):
    site = fields.String(load_default=None)


class TakeBackQuery(StrictSchema):
    version = fields.Integer(
        required=True,
        validate=between(1, 2**31 - 1),
        metadata={"description": "`version` of the decision's answer."},
    )


class ReviewIn(StrictSchema):
    action = fields.String(required=True, validate=choice("publish", "reject"))
    version = fields.Integer(
        required=True,
        strict=True,
        validate=between(1, 2**31 - 1),
        metadata={"description": "`version` of the queue item that the moderator looked at."},
    )
    reason_code = fields.String(load_default=None, allow_none=True, validate=choice(*REASON_CODES))
    note = fields.String(load_default=None, allow_none=True, metadata={"description": "The author is shown this."})


class BatchEntryIn(ReviewIn):
    comment_id = fields.UUID(required=True)


class BatchIn(StrictSchema):
    decisions = fields.List(
        fields.Nested(BatchEntryIn), required=True, validate=validate.Length(1, 100, error="out_of_range")
    )


class PassageWithLabels(Schema):
    begin = fields.Integer(required=True)
    end = fields.Integer(required=True)
    labels = fields.List(fields.String(), required=True)


class VerdictOut(Schema):
    rule = fields.String(required=True)
    outcome = fields.String(required=True, validate=validate.OneOf(["publish", "hold", "reject"]))
    reason = fields.Nested(Reason, required=True)
    passages = fields.List(fields.Nested(PassageWithLabels), required=True)
    evidence = fields.Dict(required=True)


class ModelOut(Schema):
    name = fields.String(required=True)
    digest = fields.String(required=True)


class AuthorRecordOut(Schema):
    id = fields.UUID(required=True)
    display_name = PersonName(required=True)
    is_staff = fields.Boolean(
        required=True, metadata={"description": "The comment was written by a moderator of the site or an admin."}
    )
    created_at = fields.AwareDateTime(required=True)
    published = fields.Integer(required=True)
    rejected = fields.Integer(required=True)
    held = fields.Integer(required=True)


class FlagForModerators(Schema):
    reason = fields.String(required=True)
    text = fields.String(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class ParentOut(Schema):
    id = fields.UUID(required=True)
    author = PersonName(required=True)
    body = fields.String(required=True)
    body_html = fields.String(required=True)


class LatestDecisionOut(Schema):
    """`actor` is null where the machine decided."""

    action = fields.String(required=True)
    actor = PersonName(required=True, allow_none=True)
    by_machine = fields.Boolean(required=True)
    note = fields.String(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True)


class RefusalOut(Schema):
    """`actor` is null where the machine decided."""

    actor = PersonName(required=True, allow_none=True)
    by_machine = fields.Boolean(required=True)
    by_you = fields.Boolean(required=True, metadata={"description": "Whoever asks made this decision themselves."})
    reasons = fields.List(fields.Nested(Reason), required=True)
    note = fields.String(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True)


class AppealForModerators(Schema):
    status = fields.String(required=True, validate=validate.OneOf(list(AppealStatus)))
    text = fields.String(required=True, allow_none=True, metadata={"description": "The author's explanation."})
    created_at = fields.AwareDateTime(required=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)
    refusal = fields.Nested(RefusalOut, required=True, metadata={"description": "What the appeal is against."})


class ReviewArticleOut(ArticleOut):
    site_name = fields.String(required=True, metadata={"description": "What people call the site; `site` is its key."})


class QueueItemOut(Schema):
    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    status = fields.String(required=True)
    revision = fields.Integer(required=True)
    body = fields.String(required=True)
    body_html = fields.String(required=True)
    published_body = fields.String(
        required=True, allow_none=True, metadata={"description": "What readers see at present, where that differs."}
    )
    created_at = fields.AwareDateTime(required=True)
    edited_at = fields.AwareDateTime(required=True, allow_none=True)
    queued_at = fields.AwareDateTime(required=True, allow_none=True)
    risk = fields.Float(required=True)
    language = fields.String(required=True, allow_none=True)
    scores = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    thresholds = fields.Dict(keys=fields.String(), values=fields.Float(), required=True)
    passages = fields.List(fields.Nested(PassageWithLabels), required=True)
    reasons = fields.List(fields.Nested(Reason), required=True)
    decided_by = fields.String(required=True, allow_none=True, validate=validate.OneOf(["machine", "moderator"]))
    decision = fields.Nested(LatestDecisionOut, required=True, allow_none=True)
    verdicts = fields.List(fields.Nested(VerdictOut), required=True)
    suggested_reason = fields.String(
        required=True, allow_none=True, metadata={"description": "The `reason_code` that a refusal would likely have."}
    )
    model = fields.Nested(ModelOut, required=True, allow_none=True)
    author = fields.Nested(AuthorRecordOut, required=True)
    article = fields.Nested(ReviewArticleOut, required=True)
    parent = fields.Nested(ParentOut, required=True, allow_none=True)
    depth = fields.Integer(required=True, metadata={"description": "1 for a top-level comment."})
    reply_count = fields.Integer(required=True)
    score = fields.Integer(required=True)
    flags = fields.List(fields.Nested(FlagForModerators), required=True)
    appeal = fields.Nested(
        AppealForModerators,
        required=True,
        allow_none=True,
        metadata={
            "description": "The latest one. `status` says whether it waits: publishing grants it, refusing denies."
        },
    )


class QueueCounts(Schema):
    """What waits, by all of the filters but the status."""

    held = fields.Integer(required=True)
    flagged = fields.Integer(required=True)
    appealed = fields.Integer(required=True)
    all = fields.Integer(required=True)


class QueuePageOut(Schema):
    items = fields.List(fields.Nested(QueueItemOut), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    counts = fields.Nested(QueueCounts, required=True)
    oldest_at = fields.AwareDateTime(
        required=True, allow_none=True, metadata={"description": "When the one that waits longest began to wait."}
    )


class ItemStateOut(Schema):
    """`action`, `actor` and `decided_at` are the latest decision's; `actor` is null where the machine decided."""

    id = fields.UUID(required=True)
    version = fields.Integer(required=True)
    status = fields.String(required=True)
    is_waiting = fields.Boolean(required=True)
    action = fields.String(required=True, allow_none=True)
    actor = PersonName(required=True, allow_none=True)
    decided_at = fields.AwareDateTime(required=True, allow_none=True)


class QueueStateOut(Schema):
    counts = fields.Nested(QueueCounts, required=True)
    oldest_at = fields.AwareDateTime(required=True, allow_none=True)
    items = fields.List(fields.Nested(ItemStateOut), required=True)


class ChoiceOut(Schema):
    value = fields.String(required=True)
    name = PersonName(required=True, allow_none=True)
    site = fields.String(required=True, allow_none=True)
    count = fields.Integer(required=True)


class ChoicesOut(Schema):
    sites = fields.List(fields.Nested(ChoiceOut), required=True)
    articles = fields.List(fields.Nested(ChoiceOut), required=True)
    authors = fields.List(fields.Nested(ChoiceOut), required=True)
    reasons = fields.List(fields.Nested(ChoiceOut), required=True)
    labels = fields.List(fields.Nested(ChoiceOut), required=True)


class DecisionOut(Schema):
    """One change of status. `actor` is null where the machine decided."""

    id = fields.UUID(required=True)
    comment_id = fields.UUID(required=True)
    revision = fields.Integer(required=True)
    action = fields.String(required=True, validate=validate.OneOf(["publish", "hold", "reject", "withdraw"]))
    from_status = fields.String(required=True)
    to_status = fields.String(required=True)
    reasons = fields.List(fields.Nested(Reason), required=True)
    note = fields.String(required=True, allow_none=True)
    actor = PersonName(required=True, allow_none=True)
    by_machine = fields.Boolean(required=True)
    undoes = fields.UUID(
        required=True, allow_none=True, metadata={"description": "The decision that this one takes back."}
    )
    decided_at = fields.AwareDateTime(required=True)


class ReviewedOut(DecisionOut):
    version = fields.Integer(required=True, metadata={"description": "The comment's version after the decision."})


class BatchResultOut(Schema):
    comment_id = fields.UUID(required=True)
    ok = fields.Boolean(required=True)
    decision = fields.Nested(ReviewedOut, required=True, allow_none=True)
    problem = fields.Dict(
        required=True,
        allow_none=True,
        metadata={"description": "`status`, `code`, `title` and `detail`, where not ok."},
    )


class BatchOut(Schema):
    results = fields.List(fields.Nested(BatchResultOut), required=True)


class RecordedDecisionOut(DecisionOut):
    answers_appeal = fields.Boolean(
        required=True, metadata={"description": "It granted or denied an appeal, or made it pointless."}
    )


class HistoryOut(Schema):
    items = fields.List(fields.Nested(RecordedDecisionOut), required=True)
