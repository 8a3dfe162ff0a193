"""What moderators do about authors, and what authors are told of it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.base import PersonName, StrictSchema, choice
from api.schemas.comments import Reason
from moderation.sanctions import KINDS, REASONS
from moderation.screening.context import Standing

_KINDS = tuple(kind.value for kind in KINDS)
_STANDINGS = tuple(standing.value for standing in Standing)


class SanctionIn(StrictSchema):
    kind = fields.String(required=True, validate=choice(*_KINDS))
    reason_code = fields.String(required=True, validate=choice(*REASONS))
    note = fields.String(load_default=None, allow_none=True, metadata={"description": "The author is shown this."})
    until = fields.AwareDateTime(
        load_default=None,
        allow_none=True,
        metadata={"description": "Needed for a suspension; pre-moderation may have it, warnings and bans have none."},
    )


class SanctionOut(Schema):
    """A sanction as moderators see it, with what ended it."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(_KINDS))
    reason = fields.Nested(Reason, required=True)
    note = fields.String(required=True, allow_none=True)
    until = fields.AwareDateTime(required=True, allow_none=True)
    actor = PersonName(
        required=True, allow_none=True, metadata={"description": "Null for the operator, on the command line."}
    )
    created_at = fields.AwareDateTime(required=True)
    in_force = fields.Boolean(required=True)
    ended = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(["lift", "acknowledgement"]),
        metadata={"description": "What ended it before its time, if anything did."},
    )
    ended_by = PersonName(required=True, allow_none=True)
    ended_at = fields.AwareDateTime(required=True, allow_none=True)


class SanctionedAuthorOut(Schema):
    id = fields.UUID(required=True)
    display_name = PersonName(required=True)


class AuthorSanctionsOut(Schema):
    """An author's standing on a site, and how it came about: the newest sanction first."""

    author = fields.Nested(SanctionedAuthorOut, required=True)
    standing = fields.String(required=True, validate=validate.OneOf(_STANDINGS))
    until = fields.AwareDateTime(required=True, allow_none=True)
    items = fields.List(fields.Nested(SanctionOut), required=True)


class OwnSanction(Schema):
    """A sanction as its author is told of it."""

    id = fields.UUID(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(_KINDS))
    reason = fields.Nested(Reason, required=True)
    note = fields.String(required=True, allow_none=True, metadata={"description": "A moderator's word to the author."})
    until = fields.AwareDateTime(required=True, allow_none=True)
    explanation = fields.String(
        required=True, metadata={"description": "What it means and why, and that a person decided it."}
    )
    created_at = fields.AwareDateTime(required=True)


class OwnStandingOut(Schema):
    """What a site lets you do at this moment."""

    standing = fields.String(required=True, validate=validate.OneOf(_STANDINGS))
    may_write = fields.Boolean(
        required=True, metadata={"description": "False while a warning waits for you, or you are suspended or banned."}
    )
    confirm_address = fields.Boolean(
        required=True,
        metadata={"description": "What you write waits until you have opened the link in the letter to your address."},
    )
    until = fields.AwareDateTime(required=True, allow_none=True)
    warnings = fields.List(
        fields.Nested(OwnSanction), required=True, metadata={"description": "Those that you have not acknowledged."}
    )
    sanction = fields.Nested(
        OwnSanction, required=True, allow_none=True, metadata={"description": "What your standing comes from."}
    )
