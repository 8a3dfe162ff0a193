"""Second factors: codes from an app, passkeys, and recovery codes."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load, validates_schema

from api.schemas.base import StrictSchema
from moderation.passkeys import Shown
from moderation.proofs import Proof


class ShownPasskeyIn(StrictSchema):
    """A browser's answer to a question to a passkey."""

    challenge_id = fields.UUID(required=True, load_only=True)
    credential = fields.Dict(
        required=True,
        load_only=True,
        metadata={"description": "`credential.toJSON()` of the Web Authentication API."},
    )


class ProofIn(StrictSchema):
    """A second factor: a code, or a passkey."""

    code = fields.String(
        load_default=None,
        allow_none=True,
        load_only=True,
        metadata={"description": "Of the account's second factor: from the app, or a recovery code."},
    )
    passkey = fields.Nested(ShownPasskeyIn, load_default=None, allow_none=True, load_only=True)

    @post_load
    def put_together(self, wish: dict[str, Any], **_: Any) -> dict[str, Any]:
        code, passkey = wish.pop("code"), wish.pop("passkey")
        return {**wish, "proof": Proof(code, Shown(**passkey) if passkey is not None else None)}


class PasswordIn(StrictSchema):
    password = fields.String(required=True, load_only=True)


class CodeIn(StrictSchema):
    code = fields.String(required=True, load_only=True, metadata={"description": "What the app shows now."})


class PasswordAndProofIn(ProofIn):
    """The password, and one of `code` and `passkey`."""

    password = fields.String(required=True, load_only=True)

    @validates_schema
    def demand_proof(self, wish: dict[str, Any], **_: Any) -> None:
        if wish["code"] is None and wish["passkey"] is None:
            raise ValidationError("required", "code")


class NewPasskeyIn(ShownPasskeyIn):
    name = fields.String(required=True, load_only=True, metadata={"description": "To tell it from others."})


class PasskeyOut(Schema):
    id = fields.UUID(required=True)
    name = fields.String(required=True)
    created_at = fields.AwareDateTime(required=True)
    last_used_at = fields.AwareDateTime(required=True, allow_none=True)


class SecondFactorOut(Schema):
    is_on = fields.Boolean(required=True)
    has_app = fields.Boolean(required=True, metadata={"description": "Codes from an app are accepted."})
    passkeys = fields.List(fields.Nested(PasskeyOut), required=True)
    recovery_codes_left = fields.Integer(required=True)
    is_required = fields.Boolean(
        required=True, metadata={"description": "A site that you moderate wants one, and you have not shown one."}
    )
    passkeys_available = fields.Boolean(
        required=True, metadata={"description": "False where the server's public address is a number."}
    )


class PasskeyQuestionOut(Schema):
    """A question to a passkey, good for one answer and five minutes."""

    challenge_id = fields.UUID(required=True)
    options = fields.Dict(
        required=True,
        metadata={
            "description": "For `PublicKeyCredential.parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON`."
        },
    )


class FactorChoiceOut(Schema):
    """How you can go on after the password."""

    has_app = fields.Boolean(required=True, metadata={"description": "Codes from an app are accepted."})
    question = fields.Nested(
        PasskeyQuestionOut, required=True, allow_none=True, metadata={"description": "`null` without a passkey."}
    )


class EnrolmentOut(Schema):
    secret = fields.String(required=True, metadata={"description": "To be typed into an app that has no camera."})
    uri = fields.String(required=True, metadata={"description": "`otpauth://…`, for apps."})
    qr = fields.List(
        fields.String(), required=True, metadata={"description": "The same to be photographed: rows of `1` and `0`."}
    )


class RecoveryCodesOut(Schema):
    recovery_codes = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Each lets you in once. Told this once; empty where you have some already."},
    )


class RegisteredPasskeyOut(RecoveryCodesOut):
    passkey = fields.Nested(PasskeyOut, required=True)
