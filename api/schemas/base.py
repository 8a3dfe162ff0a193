"""Schemas refuse what they do not know and say with codes what is wrong; words are added where errors are answered."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, validate

from api import language

_CODES: dict[type[fields.Field[Any]], str] = {
    fields.String: "not_a_string",
    fields.Integer: "not_a_number",
    fields.Boolean: "not_a_boolean",
    fields.List: "not_a_list",
    fields.Nested: "not_an_object",
}


class StrictSchema(Schema):
    """Input: every field named, nothing else accepted."""

    error_messages = {"unknown": "unknown_field", "type": "not_an_object"}  # noqa: RUF012  # marshmallow's way.

    class Meta:
        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:  # noqa: ARG002  # marshmallow's hook.
        code = next((code for kind, code in _CODES.items() if isinstance(field_obj, kind)), "invalid")
        codes: dict[str, Any] = dict.fromkeys(field_obj.error_messages, code)
        codes.update(required="required", null="not_null", validator_failed="invalid", too_large="out_of_range")
        field_obj.error_messages = codes


class PersonName(fields.String):
    """A name that staff are shown. Who is gone has none, and is called what they are called in the caller's language.

    What readers see is kept and answered to everybody alike: there, the words are of the site's language.
    """

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        return language.gone() if value == "" else super()._serialize(value, attr, obj, **kwargs)


def choice(*values: str) -> validate.OneOf:
    return validate.OneOf(values, error="unknown_choice")


def between(low: int, high: int) -> validate.Range:
    return validate.Range(low, high, error="out_of_range")


class PageQuery(StrictSchema):
    limit = fields.Integer(strict=False, load_default=20, validate=between(1, 100))
    cursor = fields.String(load_default=None, metadata={"description": "`next_cursor` of the page before."})
