from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.base import StrictSchema, choice
from api.schemas.second_factors import ProofIn


class NewAccountIn(StrictSchema):
    email = fields.String(required=True)
    display_name = fields.String(required=True)
    password = fields.String(required=True, load_only=True)


class Registered(Schema):
    email = fields.String(required=True)
    display_name = fields.String(required=True)


class CredentialsIn(StrictSchema):
    email = fields.String(required=True)
    password = fields.String(required=True, load_only=True)


class SignInIn(ProofIn):
    email = fields.String(required=True)
    password = fields.String(required=True, load_only=True)
    transport = fields.String(
        load_default="bearer",
        validate=choice("bearer", "cookie"),
        metadata={"description": "How the session travels. `cookie` is for this server's own pages only."},
    )


class OwnAccount(Schema):
    """An account as its holder sees it."""

    id = fields.UUID(required=True)
    email = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "`null` where a site vouches for the account and names no address."},
    )
    display_name = fields.String(required=True)
    role = fields.String(required=True)
    sites = fields.List(
        fields.String(), required=True, metadata={"description": "The sites that a moderator works for."}
    )
    language = fields.String(required=True)
    has_password = fields.Boolean(
        required=True, metadata={"description": "False where a site or a provider signs the account in."}
    )
    created_at = fields.AwareDateTime(required=True)


class SessionOut(Schema):
    token = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "Told once, kept only as a hash; null where it is in a cookie."},
    )
    csrf_token = fields.String(
        required=True, allow_none=True, metadata={"description": "For `X-CSRF-Token`; null without a cookie."}
    )
    expires_at = fields.AwareDateTime(required=True)
    account = fields.Nested(OwnAccount, required=True)


class OwnSession(Schema):
    """Somewhere you are signed in."""

    id = fields.UUID(required=True)
    device = fields.String(
        required=True, allow_none=True, metadata={"description": "Browser and system, as far as they are known."}
    )
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, metadata={"description": "To within ten minutes."})
    expires_at = fields.AwareDateTime(required=True, metadata={"description": "If it is not used any more."})
    is_current = fields.Boolean(required=True)


class SessionsOut(Schema):
    items = fields.List(fields.Nested(OwnSession), required=True)


class EndSessionsQuery(StrictSchema):
    keep_current = fields.Boolean(load_default=False)


class PasswordResetIn(StrictSchema):
    email = fields.String(required=True)


class PasswordResetRequested(Schema):
    email = fields.String(required=True)


class LetterPromised(Schema):
    email = fields.String(required=True, allow_none=True, metadata={"description": "Where the letter goes."})


class EmailChangeIn(StrictSchema):
    email = fields.String(required=True)
    current_password = fields.String(required=True, load_only=True)


class ConfirmationIn(StrictSchema):
    token = fields.String(required=True, load_only=True, metadata={"description": "From the letter's link."})


class NewPasswordIn(StrictSchema):
    token = fields.String(required=True, load_only=True, metadata={"description": "From the letter's link."})
    password = fields.String(required=True, load_only=True)


class PasswordChangeIn(StrictSchema):
    current_password = fields.String(required=True, load_only=True)
    password = fields.String(required=True, load_only=True)
