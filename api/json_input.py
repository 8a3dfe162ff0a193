"""Reading JSON strictly: what RFC 8259 leaves to chance is refused here, before anything looks at it."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from flask import Request
from flask.json.provider import DefaultJSONProvider
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request

from moderation.errors import InvalidInputError, VorabError


class UnsupportedMediaTypeError(VorabError):
    """A body came that does not call itself JSON."""

    code = "unsupported_media_type"


class MalformedJsonError(VorabError):
    """The body is no JSON, or nested absurdly deep."""

    code = "malformed_json"


class StrictJSONProvider(DefaultJSONProvider):
    sort_keys = False
    ensure_ascii = False


class StrictParser(FlaskParser):
    """Demands ``application/json`` and reads it with :func:`loads`. Its errors carry our codes."""

    def load_json(self, req: Request, schema: Any) -> Any:  # noqa: ARG002  # The base class names them.
        body = req.get_data(cache=True)
        if not is_json_request(req):
            if body or req.mimetype:
                raise UnsupportedMediaTypeError
            return missing
        return loads(body)

    def load_querystring(self, req: Request, schema: Any) -> Any:
        for name, value in req.args.items(multi=True):
            if "\0" in name + value:
                raise InvalidInputError(_printable(name), "control_character")
        return super().load_querystring(req, schema)

    def handle_error(self, error: Any, req: Any, schema: Any, **_: Any) -> NoReturn:  # noqa: ARG002  # As above.
        raise error


def loads(body: bytes) -> Any:
    """
    Raises:
        MalformedJsonError: not UTF-8, not JSON, or nested too deep.
        InvalidInputError: a name twice in one object, a number that is none (NaN, 1e400), a lone surrogate.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJsonError from error
    except ValueError as error:
        # Python limits the digits of an integer.
        raise InvalidInputError("body", "invalid_number") from error
    _refuse_surrogates(value, "body")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise InvalidInputError(_printable(name), "duplicate_field")
        found[name] = value
    return found


def _refuse_constant(_constant: str) -> NoReturn:
    raise InvalidInputError("body", "invalid_number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise InvalidInputError("body", "invalid_number")
    return number


def _refuse_surrogates(value: Any, field: str) -> None:
    if isinstance(value, str):
        if any("\ud800" <= sign <= "\udfff" for sign in value):
            raise InvalidInputError(field, "lone_surrogate")
    elif isinstance(value, dict):
        for name, part in value.items():
            _refuse_surrogates(name, _printable(name))
            _refuse_surrogates(part, _printable(name))
    elif isinstance(value, list):
        for part in value:
            _refuse_surrogates(part, field)


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:100]
