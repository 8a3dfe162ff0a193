"""Signing in with an identity provider, and saying as whom it knows one."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.base import StrictSchema, choice
from api.schemas.second_factors import ProofIn


class HandoverIn(StrictSchema):
    handover = fields.String(
        required=True,
        load_only=True,
        metadata={"description": "What came back to the page as `#vorab-sign-in=…`. Good for minutes, and once."},
    )
    verifier = fields.String(
        required=True,
        load_only=True,
        metadata={"description": "The random text whose SHA-256 in base64url was the `challenge` at the start."},
    )


class ProviderSessionIn(HandoverIn, ProofIn):
    transport = fields.String(
        load_default="bearer",
        validate=choice("bearer", "cookie"),
        metadata={"description": "`bearer` for the comment section, `cookie` for the desk."},
    )


class IdentityIn(HandoverIn):
    password = fields.String(required=True, load_only=True)


class Identity(Schema):
    """As whom a provider knows you."""

    id = fields.UUID(required=True)
    provider_name = fields.String(required=True)
    issuer = fields.String(required=True)
    subject = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)


class IdentitiesOut(Schema):
    items = fields.List(fields.Nested(Identity), required=True)
