"""Setting up codes from an app as a second factor."""

from __future__ import annotations

from marshmallow import Schema, fields

from api.schemas.base import StrictSchema


class PasswordIn(StrictSchema):
    password = fields.String(required=True, load_only=True)


class CodeIn(StrictSchema):
    code = fields.String(required=True, load_only=True, metadata={"description": "What the app shows now."})


class PasswordAndCodeIn(PasswordIn):
    code = fields.String(
        required=True, load_only=True, metadata={"description": "What the app shows now, or a recovery code."}
    )


class SecondFactorOut(Schema):
    is_on = fields.Boolean(required=True)
    recovery_codes_left = fields.Integer(required=True)
    is_required = fields.Boolean(
        required=True, metadata={"description": "A site that you moderate wants one, and you have not shown one."}
    )


class EnrolmentOut(Schema):
    secret = fields.String(required=True, metadata={"description": "To be typed into an app that has no camera."})
    uri = fields.String(required=True, metadata={"description": "`otpauth://…`, for apps."})
    qr = fields.List(
        fields.String(), required=True, metadata={"description": "The same to be photographed: rows of `1` and `0`."}
    )


class RecoveryCodesOut(Schema):
    recovery_codes = fields.List(
        fields.String(), required=True, metadata={"description": "Each lets you in once. Told this once."}
    )
