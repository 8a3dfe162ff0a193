"""The desk's scripts and styles, under addresses that change with their content, so that browsers may keep them."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources

from flask import Response, abort, url_for

_TYPES = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}


@cache
def _files() -> dict[str, bytes]:
    folder = resources.files("api.desk").joinpath("static")
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.rpartition(".")[2] in _TYPES}


@cache
def version() -> str:
    """One for all files together: the modules import each other by relative addresses."""
    content = hashlib.sha256()
    for name, data in sorted(_files().items()):
        content.update(name.encode() + b"\0" + data + b"\0")
    return content.hexdigest()[:16]


def address(name: str) -> str:
    return url_for("desk.asset", version=version(), name=name)


def send(given_version: str, name: str) -> Response:
    """A file. Only under the current version is it kept for good: a page loaded before an update gets today's file."""
    data = _files().get(name)
    if data is None:
        abort(404)
    answer = Response(data, content_type=_TYPES[name.rpartition(".")[2]])
    is_current = given_version == version()
    answer.headers["Cache-Control"] = "public, max-age=31536000, immutable" if is_current else "no-store"
    return answer
