"""Taking all of an author's comments away, as moderators see it."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from api.schemas.base import PersonName, StrictSchema, choice
from api.schemas.comments import Reason
from moderation.models import RemovalState
from moderation.review_queue import REASON_CODES

_ACTIONS = ("reject", "withdraw")


class RemovalIn(StrictSchema):
    action = fields.String(
        required=True,
        validate=choice(*_ACTIONS),
        metadata={"description": "`reject`: the editors' judgement, with a reason. `withdraw`: in the author's name."},
    )
    reason_code = fields.String(load_default=None, allow_none=True, validate=choice(*REASON_CODES))
    note = fields.String(load_default=None, allow_none=True, metadata={"description": "The author is shown this."})


class RemovalOut(Schema):
    """A removal and how far it has got."""

    id = fields.UUID(required=True)
    action = fields.String(required=True, validate=validate.OneOf(_ACTIONS))
    reason = fields.Nested(Reason, required=True, allow_none=True)
    note = fields.String(required=True, allow_none=True)
    state = fields.String(required=True, validate=validate.OneOf([state.value for state in RemovalState]))
    total = fields.Integer(required=True, metadata={"description": "Comments that it is about."})
    changed = fields.Integer(
        required=True, metadata={"description": "Comments that it has taken away and not given back."}
    )
    actor = PersonName(required=True)
    undone_by = PersonName(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)
    finished_at = fields.AwareDateTime(required=True, allow_none=True)


class RemovalsOut(Schema):
    items = fields.List(fields.Nested(RemovalOut), required=True)
