"""The moderators' desk at ``/desk``: pages that the server renders as a shell and small modules of JavaScript fill.

Everything on them comes from this server. Their policy allows no inline script or style and no way from text to HTML
(Trusted Types with no policy at all), so that what a reader wrote can only ever be shown as text.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from api import auth, browser_sessions, language
from api.desk import assets
from api.services import services
from moderation import identity_providers, queue_state
from moderation.models import Role
from moderation.review_queue import REASON_CODES
from moderation.sanctions import REASONS
from moderation.sessions import Authenticated
from seeds.people import demo_accounts

blueprint = Blueprint("desk", __name__, url_prefix="/desk", template_folder="templates")

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
_LANGUAGE_COOKIE = "vorab-language"
_YEAR_S = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Section:
    """A page of the desk, as its navigation names it. More pages are added here and nowhere else."""

    endpoint: str
    text: str


SECTIONS = (Section("desk.queue", "nav_queue"), Section("desk.figures", "nav_figures"))


@blueprint.get("")
def queue() -> AnyResponse:
    return page("desk/queue.html")


@blueprint.get("/figures")
def figures() -> AnyResponse:
    return page("desk/figures.html")


@blueprint.get("/second-factor")
def second_factor() -> AnyResponse:
    return page("desk/second_factor.html")


@blueprint.get("/assets/<version>/<name>")
def asset(version: str, name: str) -> Response:
    return assets.send(version, name)


def page(template: str) -> AnyResponse:
    """A page for staff in the language that they chose; for everybody else, the place to sign in."""
    chosen = request.args.get("lang")
    if chosen in language.LANGUAGES:
        return _remember_language(chosen)
    spoken = page_language()
    found = auth.identity()
    if found is not None and found.actor.lacks_second_factor and request.endpoint != "desk.second_factor":
        return redirect(url_for("desk.second_factor"), 303)
    shown = template if found is not None and found.actor.is_staff else "desk/sign_in.html"
    answer = make_response(render_template(shown, **_context(found, spoken)))
    answer.headers["Content-Security-Policy"] = CSP
    answer.headers["Content-Language"] = spoken
    answer.headers["Cache-Control"] = "no-store"
    answer.vary.update(["Cookie", "Accept-Language"])
    return answer


def page_language() -> str:
    """The language that was chosen on a page of ours before; without one, the browser's."""
    chosen = request.cookies.get(_LANGUAGE_COOKIE)
    return chosen if chosen in language.LANGUAGES else language.current()


def _remember_language(chosen: str) -> AnyResponse:
    kept = urlencode([(name, value) for name, value in request.args.items() if name != "lang"])
    answer = redirect(f"{request.path}?{kept}" if kept else request.path, 303)
    answer.set_cookie(
        _LANGUAGE_COOKIE,
        chosen,
        max_age=_YEAR_S,
        path="/desk",
        secure=not browser_sessions.is_plain(),
        httponly=True,
        samesite="Lax",
    )
    return answer


def _context(found: Authenticated | None, spoken: str) -> dict[str, Any]:
    texts = language.texts(spoken)
    given = auth.credential()
    held = services()
    return {
        "text": texts["desk"],
        "language": spoken,
        "languages": {"de": "Deutsch", "en": "English"},
        "sections": SECTIONS,
        "account": found.account if found is not None else None,
        "is_refused": found is not None and not found.actor.is_staff,
        "csrf_token": browser_sessions.csrf_token(given.token) if found is not None and given is not None else "",
        "asset": assets.address,
        "page_data": {
            "language": spoken,
            "texts": {**texts["desk"], **texts["figures"]},
            "reason_codes": REASON_CODES,
            "sanction_reasons": REASONS,
            "is_admin": found is not None and found.account.role == Role.ADMIN,
            "undo_window_s": held.settings.undo_window.total_seconds(),
            "account": found.account.display_name if found is not None else None,
            "passkeys_available": held.checker.party is not None,
            "providers": _providers(),
            "only_site": _only_site(found) if found is not None else None,
        },
        "demo": demo_accounts() if held.settings.demo else None,
    }


def _only_site(found: Authenticated) -> str | None:
    """Whoever works for one site need not be told at each comment which it is."""
    with services().database.read() as session:
        return queue_state.only_site(session, actor=found.actor)


def _providers() -> list[dict[str, str]]:
    """Identity providers that staff may sign in with."""
    with services().database.read() as session:
        found = identity_providers.for_staff(session)
    return [
        {"site": site, "key": provider.key, "name": provider.name, "issuer": provider.issuer}
        for site, provider in found
    ]
