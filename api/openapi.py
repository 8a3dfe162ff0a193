"""The description of the API, made from the views themselves."""

from __future__ import annotations

import http
import json
from functools import cached_property
from importlib.metadata import version
from typing import Any

import flask_smorest
from flask import Flask
from flask_smorest.utils import prepare_response
from marshmallow import Schema, fields

from api.browser_sessions import SECURE_NAME
from api.description import REFUSALS, complete

PROBLEM = "application/problem+json"


class FieldProblem(Schema):
    code = fields.String(required=True)
    message = fields.String(required=True)


class Problem(Schema):
    """An error (RFC 9457). `code` is stable; `title` and `detail` are in the caller's language."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    detail = fields.String(required=True)
    code = fields.String(required=True)
    request_id = fields.String(required=True)
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.Nested(FieldProblem)),
        metadata={"description": "What is wrong with which field."},
    )


class Api(flask_smorest.Api):  # type: ignore[misc]  # flask-smorest has no types.
    """flask-smorest's, with problems as its errors."""

    ERROR_SCHEMA = Problem

    def _register_responses(self) -> None:
        # As the original, but errors are of another content type than everything else.
        for status in http.HTTPStatus:
            self._register_response(status.name, status.phrase, has_body=status >= 200 and status not in (204, 304))
        self._register_response("DEFAULT_ERROR", "Any other problem", has_body=True)

    def _register_response(self, name: str, description: str, *, has_body: bool) -> None:
        response: dict[str, Any] = {"description": description}
        if has_body:
            response["schema"] = self.ERROR_SCHEMA
        prepare_response(response, self.spec, PROBLEM)
        self.spec.components.response(name, response, lazy=name not in REFUSALS)

    def _register_error_handlers(self) -> None:
        """Ours answer every error: :mod:`api.errors`."""

    @cached_property
    def described(self) -> dict[str, Any]:
        """The whole description. Complete once every blueprint is registered."""
        return complete(self._app, self.spec.to_dict())

    def _openapi_json(self) -> Any:
        answer = self._app.response_class(json.dumps(self.described, ensure_ascii=False, indent=1))
        answer.content_type = "application/json"
        return answer


def configure(app: Flask) -> None:
    app.config.update(
        API_TITLE="Vorab",
        API_VERSION=version("vorab"),
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api/v1",
        API_SPEC_OPTIONS={
            "info": {
                "description": "Accounts, comments, screening before publication, and the review queue. "
                "Errors are `application/problem+json`; texts are German or English by `Accept-Language`.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": "/"}],
            "components": {
                "securitySchemes": {
                    "bearer": {"type": "http", "scheme": "bearer"},
                    "cookie": {
                        "type": "apiKey",
                        "in": "cookie",
                        "name": SECURE_NAME,
                        "description": "For this server's own pages. Changes also need `X-CSRF-Token`.",
                    },
                }
            },
        },
    )
