"""The description of the API, made from the views themselves."""

from __future__ import annotations

import http
import json
import threading
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
    """flask-smorest's, with problems as its errors.

    The API is described when somebody asks for it: that takes as long as all else that makes an application.
    """

    ERROR_SCHEMA = Problem

    def __init__(self, app: Flask) -> None:
        self._describing = threading.Lock()
        self._description: dict[str, Any] | None = None
        self._blueprints: list[flask_smorest.Blueprint] = []
        super().__init__(app)

    def register_blueprint(self, blueprint: flask_smorest.Blueprint) -> None:
        # As the original, without what it writes into the description.
        self._app.extensions["flask-smorest"]["blp_name_to_api"][blueprint.name] = self
        self._app.register_blueprint(blueprint)
        self._blueprints.append(blueprint)

    def _init_spec(self, **_options: Any) -> None:
        """Not yet: see `described`."""

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

    @property
    def described(self) -> dict[str, Any]:
        """The whole description. Complete once every blueprint is registered."""
        with self._describing:
            if self._description is None:
                super()._init_spec()
                for blueprint in self._blueprints:
                    name = blueprint.name
                    blueprint.register_views_in_doc(self, self._app, self.spec, name=name, parameters=None)
                    self.spec.tag({"name": name, "description": blueprint.description})
                self._description = complete(self._app, self.spec.to_dict())
            return self._description

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
