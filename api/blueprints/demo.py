"""The demo's page at ``/``: a newspaper's article with the comment section under it. Only where it is asked for."""

from __future__ import annotations

import secrets
from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, send_from_directory
from markupsafe import Markup

from api import language
from api.blueprints import embed
from api.embed.times import in_words
from moderation.errors import NotFoundError
from seeds.article import ARTICLE_ID, article
from seeds.demo import SITE_KEY, SITE_NAME
from seeds.people import demo_accounts

blueprint = Blueprint("demo", __name__, template_folder="../templates")

# As strict as a publisher's page can be: the section needs one script by its nonce, and one host to talk to.
_CSP = (
    "default-src 'none'; script-src 'nonce-{nonce}'; connect-src 'self'; style-src 'self'; img-src 'self'; "
    "require-trusted-types-for 'script'; trusted-types 'none'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_FILES = ("demo.css", "demo.js", "demo.svg")


@blueprint.get("/")
def page() -> Response:
    nonce = secrets.token_urlsafe(16)
    answer = make_response(render_template("demo.html", nonce=nonce, **_material()))
    answer.headers["Content-Security-Policy"] = _CSP.format(nonce=nonce)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/demo/<name>")
def file(name: str) -> Response:
    answer = send_from_directory("static", name if name in _FILES else "")
    answer.headers["Cache-Control"] = "public, max-age=300"
    return answer


def _material() -> dict[str, Any]:
    spoken = request.args.get("lang", language.LANGUAGES[0])
    spoken = spoken if spoken in language.LANGUAGES else language.LANGUAGES[0]
    shown = article()
    scripts = embed.scripts()
    return {
        "lang": spoken,
        "t": language.texts(spoken)["demo"],
        "article": shown,
        "published": in_words(shown.published_at, "de"),
        "site_name": SITE_NAME,
        "site_key": SITE_KEY,
        "article_id": ARTICLE_ID,
        "accounts": demo_accounts(),
        "embed": scripts["embed.js"],
        "counts": scripts["counts.js"],
        "static": _static_comments(),
    }


def _static_comments() -> Markup:
    """As a publisher's server includes them. Before the demo is loaded there is no site to include any from."""
    try:
        return embed.rendered_fragment(SITE_KEY, ARTICLE_ID)
    except NotFoundError:
        return Markup()
