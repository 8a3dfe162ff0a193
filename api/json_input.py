"""Reading JSON strictly: what RFC 8259 leaves to chance is refused here, before anything looks at it."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

from flask import Request
from flask.json.provider import DefaultJSONProvider
from marshmallow import RAISE
from webargs.core import missing
from webargs.flaskparser import FlaskParser, is_json_request
from werkzeug.exceptions import RequestEntityTooLarge

from moderation.errors import InvalidInputError, VorabError


class UnsupportedMediaTypeError(VorabError):
    """A body came that does not call itself JSON."""

    code = "unsupported_media_type"


_SURROGATES = re.compile(r"[\ud800-\udfff]")


class MalformedJsonError(VorabError):
    """The body is no JSON, or nested absurdly deep."""

    code = "malformed_json"


class StrictJSONProvider(DefaultJSONProvider):
    sort_keys = False
    ensure_ascii = False


class StrictParser(FlaskParser):
    """Demands ``application/json`` and reads it with :func:`loads`. Its errors carry our codes."""

    # A filter with a slip of the pen in its name must not look like one that found everything.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = {"json": RAISE, "query": RAISE}  # noqa: RUF012  # webargs' way.

    def load_json(self, req: Request, schema: Any) -> Any:  # noqa: ARG002  # The base class names them.
        body = read(req)
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


def read(req: Request) -> bytes:
    """The request's body.

    Raises:
        RequestEntityTooLarge: it is longer than may be. werkzeug cuts a body off at the limit where its sender did not
            say how long it is (chunked transfer), so what is left over is looked for here.
    """
    body = req.get_data(cache=True)
    if len(body) == req.max_content_length and req.content_length is None and req.environ["wsgi.input"].read(1):
        raise RequestEntityTooLarge
    return body


def loads(body: bytes) -> Any:
    """
    Raises:
        MalformedJsonError: not UTF-8, not JSON, or nested too deep.
        InvalidInputError: a name twice in one object, a number that is none (NaN, 1e400), a lone surrogate,
            a NUL.
    """
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
        _refuse_unstorable(value, "body")
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedJsonError from error
    except ValueError as error:
        # Python limits the digits of an integer.
        raise InvalidInputError("body", "invalid_number") from error
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


def _refuse_unstorable(value: Any, field: str) -> None:
    """Neither UTF-8 nor PostgreSQL has a place for these, wherever in the input they stand."""
    if isinstance(value, str):
        if _SURROGATES.search(value):
            raise InvalidInputError(field, "lone_surrogate")
        if "\0" in value:
            raise InvalidInputError(field, "control_character")
    elif isinstance(value, dict):
        for name, part in value.items():
            _refuse_unstorable(name, _printable(name))
            _refuse_unstorable(part, _printable(name))
    elif isinstance(value, list):
        for part in value:
            _refuse_unstorable(part, field)


def _printable(name: str) -> str:
    return name.encode("ascii", "backslashreplace").decode()[:100]
