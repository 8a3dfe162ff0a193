"""Schemas refuse what they do not know, and say with codes what is wrong; the words are added where errors are answered."""

from __future__ import annotations

from typing import Any, ClassVar

from marshmallow import RAISE, Schema, fields, validate

_CODES: dict[type[fields.Field[Any]], str] = {
    fields.String: "not_a_string",
    fields.Integer: "not_a_number",
    fields.Boolean: "not_a_boolean",
    fields.List: "not_a_list",
    fields.Nested: "not_an_object",
}


class StrictSchema(Schema):
    """Input: every field named, nothing else accepted."""

    error_messages: ClassVar[dict[str, str]] = {"unknown": "unknown_field", "type": "not_an_object"}

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        code = next((code for kind, code in _CODES.items() if isinstance(field_obj, kind)), "invalid")
        codes = dict.fromkeys(field_obj.error_messages, code)
        codes.update(required="required", null="not_null", validator_failed="invalid", too_large="out_of_range")
        field_obj.error_messages = codes


def choice(*values: str) -> validate.OneOf:
    return validate.OneOf(values, error="unknown_choice")


def between(low: int, high: int) -> validate.Range:
    return validate.Range(low, high, error="out_of_range")


class PageQuery(StrictSchema):
    limit = fields.Integer(strict=False, load_default=20, validate=between(1, 100))
    cursor = fields.String(load_default=None, metadata={"description": "`next_cursor` of the page before."})
