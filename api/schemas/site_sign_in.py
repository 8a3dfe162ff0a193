from __future__ import annotations

from marshmallow import fields

from api.schemas.base import StrictSchema


class SiteTokenIn(StrictSchema):
    token = fields.String(
        required=True,
        load_only=True,
        metadata={"description": "A JWT that the site's server signed, good for one exchange."},
    )
