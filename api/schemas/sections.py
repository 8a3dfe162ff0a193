"""What the comment section asks first."""

from __future__ import annotations

from marshmallow import Schema, fields


class SectionSite(Schema):
    key = fields.String(required=True)
    name = fields.String(required=True)
    language = fields.String(required=True)


class SectionArticle(Schema):
    id = fields.String(required=True)
    title = fields.String(required=True, allow_none=True)
    url = fields.String(required=True, allow_none=True)
    known = fields.Boolean(
        required=True, metadata={"description": "False until it is registered or somebody comments on it."}
    )
    closed = fields.Boolean(required=True)
    premoderated = fields.Boolean(required=True)


class SectionLimits(Schema):
    min_length = fields.Integer(required=True)
    max_length = fields.Integer(required=True, metadata={"description": "In code points."})
    edit_window_s = fields.Integer(required=True)
    shown_depth = fields.Integer(
        required=True, metadata={"description": "Levels that are nested; deeper ones are flat."}
    )


class SectionProvider(Schema):
    """An identity provider that readers may sign in with: docs/openid-connect.md."""

    key = fields.String(required=True)
    name = fields.String(required=True)


class SectionSignIn(Schema):
    """The ways of signing in. More of them may be added."""

    password = fields.Boolean(required=True)
    registration = fields.Boolean(required=True)
    reset_url = fields.String(required=True, allow_none=True)
    providers = fields.List(fields.Nested(SectionProvider), required=True)


class SectionOut(Schema):
    site = fields.Nested(SectionSite, required=True)
    article = fields.Nested(SectionArticle, required=True)
    comments = fields.Integer(required=True, metadata={"description": "Published comments, replies included."})
    limits = fields.Nested(SectionLimits, required=True)
    sign_in = fields.Nested(SectionSignIn, required=True)
