"""What the OpenAPI description says beyond what the schemas say by themselves: names, refusals, and where ids lead."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

from flask import Flask

METHODS = ("get", "post", "put", "patch", "delete")
REFUSALS = {
    status.name: str(status.value)
    for status in (
        HTTPStatus.BAD_REQUEST,
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.NOT_FOUND,
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    )
}
"""The name of the described answer to the status."""

_NULL = {"null"}
_CONVERTED = re.compile(r"<(?:\w+:)?(\w+)>")

_SHOWING_COMMENTS = ("comments_submit", "comments_edit", "comments_one", "review_item")
"""Their answers are comments: the id in them leads to every operation on one comment."""


def complete(app: Flask, described: dict[str, Any]) -> dict[str, Any]:
    """The description with a name for every operation, the refusals that can come, and links between operations."""
    names = _names(app)
    for path, item in described["paths"].items():
        for method in METHODS:
            if method in item:
                operation = item[method]
                operation["operationId"] = names[method, path]
                _tell_refusals(operation, takes_ids="{" in path)
                _mend_parameters(operation)
    _link(described["paths"])
    return described


def _names(app: Flask) -> dict[tuple[str, str], str]:
    """Method and path to the name of the view: ``comments_submit``. Stable, so clients may be generated from it."""
    return {
        (method.lower(), _CONVERTED.sub(r"{\1}", rule.rule)): rule.endpoint.replace(".", "_").lower()
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
    }


def _tell_refusals(operation: dict[str, Any], *, takes_ids: bool) -> None:
    names: list[str] = []
    if operation.get("security"):
        names += ["UNAUTHORIZED", "FORBIDDEN"]
    if takes_ids:
        names.append("NOT_FOUND")
    if "requestBody" in operation:
        names += ["BAD_REQUEST", "REQUEST_ENTITY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"]
    for name in names:
        operation["responses"].setdefault(REFUSALS[name], {"$ref": f"#/components/responses/{name}"})
    operation["responses"] = dict(sorted(operation["responses"].items()))


def _mend_parameters(operation: dict[str, Any]) -> None:
    """A parameter in an address cannot be null; it can be left out."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        if isinstance(schema.get("type"), list):
            kinds = [kind for kind in schema["type"] if kind not in _NULL]
            schema["type"] = kinds[0] if len(kinds) == 1 else kinds
        if schema.get("default", "") is None:
            del schema["default"]


def _link(paths: dict[str, Any]) -> None:
    operations = {
        operation["operationId"]: (path, operation)
        for path, item in paths.items()
        for method, operation in item.items()
        if method in METHODS
    }
    links = {
        name: {"operationId": name, "parameters": {"comment_id": "$response.body#/id"}}
        for name, (path, _) in operations.items()
        if "{comment_id}" in path
    }
    for name in _SHOWING_COMMENTS:
        _, operation = operations[name]
        for status in ("200", "201"):
            if status in operation["responses"]:
                operation["responses"][status]["links"] = dict(links)
