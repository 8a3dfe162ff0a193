"""The pages that letters lead to: asking for a new password, choosing one, confirming an address.

A letter's token stands behind the address's hash sign, which a browser sends to nobody; the page takes it from there,
wipes it from the address bar and sends it in a request's body.

German says „Sie“ to staff, „du“ to readers, and neither to whoever has not said yet who they are.
"""

from __future__ import annotations

from importlib import resources

from flask import Blueprint, Response, make_response, render_template, request

from api import auth, language
from api.services import services

blueprint = Blueprint("account_pages", __name__, template_folder="../templates")

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def forgotten_url() -> str:
    """Where somebody who reads in the caller's language asks for a new password."""
    return f"{services().settings.base_url.rstrip('/')}/account/forgotten?lang={language.current()}"


@blueprint.get("/account/forgotten")
def forgotten() -> Response:
    return _page("forgotten")


@blueprint.get("/account/password")
def password() -> Response:
    return _page("password")


@blueprint.get("/account/address")
def address() -> Response:
    return _page("address")


@blueprint.get("/static/account.css")
def styles() -> Response:
    return _asset("account.css", "text/css")


@blueprint.get("/static/account.js")
def script() -> Response:
    return _asset("account.js", "text/javascript")


def _page(kind: str) -> Response:
    chosen = request.args.get("lang", "")
    spoken = chosen if chosen in language.LANGUAGES else language.current()
    texts = language.texts(spoken)
    is_formal = _is_formal()
    words = texts["account_pages"] | (texts.get("account_pages_formal", {}) if is_formal else {})
    answer = make_response(
        render_template("account.html", kind=kind, language=spoken, texts=words, is_formal=is_formal)
    )
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Content-Language"] = spoken
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.update(["Cookie", "Accept-Language"])
    return answer


def _is_formal() -> bool:
    """Whether a letter to staff led here, which its link says, or staff are signed in."""
    if "formal" in request.args:
        return True
    found = auth.identity()
    return found is not None and found.actor.is_staff


def _asset(name: str, mimetype: str) -> Response:
    return Response(resources.files("api").joinpath("static", name).read_bytes(), mimetype=mimetype)
