"""The sign of Vorab in a browser's tab, where every browser looks for it."""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, Response

blueprint = Blueprint("icon", __name__)


@blueprint.get("/favicon.ico")
def icon() -> Response:
    content = resources.files("api").joinpath("static", "favicon.ico").read_bytes()
    return Response(content, mimetype="image/x-icon", headers={"Cache-Control": "public, max-age=86400"})
