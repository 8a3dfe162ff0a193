"""The API's documentation as a page: made from the OpenAPI description, with nothing from any other host."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, send_from_directory
from markupsafe import Markup

from api import language
from api.description import METHODS
from api.errors import STATUS_OF

blueprint = Blueprint("docs", __name__, template_folder="../templates")

_CSP = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


@blueprint.get("/api/v1/docs")
def page() -> Response:
    spec = _spec()
    texts = language.texts(language.current())
    answer = make_response(
        render_template(
            "docs.html",
            info=spec["info"],
            groups=_groups(spec),
            schemas=spec["components"]["schemas"],
            problems=[
                {"code": code, "status": STATUS_OF.get(code), "title": title, "detail": texts["details"][code]}
                for code, title in sorted(texts["titles"].items())
            ],
            type_of=type_of,
            language=language.current(),
        )
    )
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@blueprint.get("/static/docs.css")
def style() -> Response:
    answer = send_from_directory("static", "docs.css")
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer


def _spec() -> dict[str, Any]:
    found: dict[str, Any] = current_app.extensions["flask-smorest"]["apis"][""]["ext_obj"].described
    return found


def _groups(spec: dict[str, Any]) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {
        tag["name"]: {"name": tag["name"], "description": tag["description"], "operations": []} for tag in spec["tags"]
    }
    for path, item in spec["paths"].items():
        for method in METHODS:
            if method in item:
                operation = {**item[method], "method": method.upper(), "path": path}
                operation["parameters"] = [*item.get("parameters", []), *operation.get("parameters", [])]
                operation["success"] = _success(operation)
                groups[operation["tags"][0]]["operations"].append(operation)
    return list(groups.values())


def _success(operation: dict[str, Any]) -> list[tuple[str, dict[str, Any] | None]]:
    """Each success status with the schema of its body."""
    return [
        (status, next((body["schema"] for body in answer.get("content", {}).values()), None))
        for status, answer in operation["responses"].items()
        if status.startswith("2")
    ]


@blueprint.app_template_filter("prose")
def prose(text: str) -> Markup:
    """The few marks that our descriptions use: `code`, as reStructuredText's ``code`` or Markdown's."""
    parts = re.split(r"`{1,2}([^`]+)`{1,2}", text)
    return Markup("").join(Markup("<code>{}</code>").format(part) if at % 2 else part for at, part in enumerate(parts))


def type_of(schema: dict[str, Any]) -> str:
    """A schema in a few words."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    for combined in ("allOf", "anyOf", "oneOf"):
        if combined in schema:
            return " | ".join(type_of(part) for part in schema[combined])
    kind = schema.get("type", "any")
    kinds = [str(one) for one in kind] if isinstance(kind, list) else [str(kind)]
    if "array" in kinds:
        return "list of " + type_of(schema.get("items", {}))
    words = " | ".join(kinds)
    if "format" in schema:
        words += f" ({schema['format']})"
    if "enum" in schema:
        words = " | ".join(repr(value) for value in schema["enum"])
    return words
