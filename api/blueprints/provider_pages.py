"""The way to an identity provider and back. A browser is sent to both ends; a try is counted, and nothing else stored.

docs/decisions/0070 says how the two hang together.
"""

from __future__ import annotations

from typing import cast
from urllib.parse import quote, urlsplit

import structlog
from flask import Blueprint, Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from api import browser_sessions, errors, language, provider_flows
from api.limiting import slots
from api.provider_client import Answer
from api.provider_flows import Flow
from api.services import services
from moderation import handovers, identity_providers, sites
from moderation.errors import (
    InvalidInputError,
    OriginNotAllowedError,
    ProviderRefusedError,
    ProviderSignInLostError,
    ProviderUnavailableError,
    VorabError,
)
from moderation.handovers import PURPOSES, Handover, Purpose
from moderation.identity_providers import Provider

log = structlog.get_logger()

blueprint = Blueprint("provider_pages", __name__, template_folder="../templates")

_CSP = "default-src 'none'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_DESK = "/desk"


@blueprint.get("/sign-in/<site>/<provider>")
def start(site: str, provider: str) -> AnyResponse:
    """Send the browser to the provider, if a page of the site's (or of ours) asks for it."""
    purpose, challenge, return_to = _wish()
    found = _provider(site, provider, purpose, return_to)
    try:
        begun = services().providers.begin(found, _callback(site, provider))
    except ProviderUnavailableError as error:
        return _back(return_to, failed=error.code)
    flow = Flow(
        provider_id=str(found.id),
        purpose=purpose,
        challenge=challenge,
        return_to=return_to,
        nonce=begun.nonce,
        code_verifier=begun.code_verifier,
        expires_at=int((services().clock() + provider_flows.LIFE).timestamp()),
    )
    answer = _send(begun.url)
    provider_flows.keep(answer, begun.state, flow)
    return answer


@blueprint.get("/sign-in/<site>/<provider>/callback")
def callback(site: str, provider: str) -> AnyResponse:
    """Where the provider sends the browser back to."""
    state = request.args.get("state", "")
    flow = provider_flows.recall(state)
    _count_a_try(site)
    try:
        answer = _back(flow.return_to, handover=_finish(site, provider, state, flow))
    except (ProviderUnavailableError, ProviderRefusedError) as error:
        answer = _back(flow.return_to, failed=error.code)
    provider_flows.forget(answer, state)
    return answer


@blueprint.errorhandler(VorabError)
def problem(error: VorabError) -> Response:
    """The same that a script would be told, as a page."""
    told = errors.domain_error(error)
    said = told.get_json()
    answer = make_response(render_template("provider_problem.html", problem=said, language=language.current()))
    answer.status_code = said["status"]
    if "Retry-After" in told.headers:
        answer.headers["Retry-After"] = told.headers["Retry-After"]
    answer.headers["Content-Security-Policy"] = _CSP
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _count_a_try(site: str) -> None:
    """Each one makes us ask the provider, which would stop answering us if somebody made us ask without end."""
    held = services()
    held.limiters.strict.take(*slots(held.settings, "site_sign_ins", account="", site=site), now=held.clock())


def _wish() -> tuple[Purpose, str, str]:
    """What the page asks for, as far as the address itself can be judged.

    A browser says which page it comes from, and no page can make it name another. So nobody can send others here with
    a verifier of their own, and have them sign in for it.
    """
    purpose, challenge = request.args.get("for", ""), request.args.get("challenge", "")
    return_to = request.args.get("return_to", "")
    origin = provider_flows.origin_of(return_to)
    if purpose not in PURPOSES:
        raise InvalidInputError("for", "unknown_choice")
    if not handovers.is_challenge(challenge):
        raise InvalidInputError("challenge", "invalid")
    if origin is None or "#" in return_to:
        raise InvalidInputError("return_to", "invalid")
    if provider_flows.origin_of(request.referrer or "") != origin:
        raise OriginNotAllowedError
    return purpose, challenge, return_to


def _provider(site_key: str, key: str, purpose: Purpose, return_to: str) -> Provider:
    """
    Raises:
        NotFoundError: there is no such provider for this purpose.
        OriginNotAllowedError: somebody else's page asks.
    """
    held = services()
    with held.database.read() as session:
        site = sites.by_key(session, site_key)
        row = identity_providers.get_for(session, site, key, staff=purpose != "section")
        if purpose == "section":
            sites.demand_origin(site, provider_flows.origin_of(return_to))
        elif not _is_own(return_to):
            raise OriginNotAllowedError
        return identity_providers.opened(held.sealer, row)


def _is_own(address: str) -> bool:
    is_of_desk = urlsplit(address).path == _DESK or urlsplit(address).path.startswith(f"{_DESK}/")
    return is_of_desk and provider_flows.origin_of(address) in browser_sessions.own_origins()


def _finish(site: str, key: str, state: str, flow: Flow) -> str:
    held, now = services(), services().clock()
    found = _opened(site, key, flow)
    if "error" in request.args:
        # What the provider calls it is its own business; the log has the code, never the description.
        log.info("provider_signed_nobody_in", issuer=found.issuer, error=request.args["error"][:80])
        raise ProviderRefusedError(name=found.name)
    answer = Answer(request.args.get("code", ""), request.args.get("iss"))
    person = held.providers.finish(found, _callback(site, key), flow.begun(state), answer, now=now)
    if person.name is None and flow.purpose == "section":
        log.error("provider_names_nobody", issuer=found.issuer)
        raise ProviderRefusedError(name=found.name)
    handover = Handover(
        provider_id=found.id,
        purpose=flow.purpose,
        subject=person.subject,
        name=person.name,
        email=person.email,
        challenge=flow.challenge,
        expires_at=now.replace(microsecond=0) + handovers.LIFE,
    )
    return handovers.seal(held.sealer, handover)


def _opened(site_key: str, key: str, flow: Flow) -> Provider:
    held = services()
    with held.database.read() as session:
        row = identity_providers.get(session, sites.by_key(session, site_key), key)
        if str(row.id) != flow.provider_id:
            raise ProviderSignInLostError
        return identity_providers.opened(held.sealer, row)


def _callback(site: str, provider: str) -> str:
    """Another address for each provider, so that one cannot pass its answers off as another's (RFC 9700, 4.4)."""
    return f"{services().settings.base_url.rstrip('/')}/sign-in/{quote(site)}/{quote(provider)}/callback"


def _back(return_to: str, *, handover: str = "", failed: str = "") -> Response:
    """To the page that asked. Behind the hash sign, a browser tells no server about it."""
    return _send(f"{return_to}#" + (f"vorab-sign-in-failed={failed}" if failed else f"vorab-sign-in={handover}"))


def _send(address: str) -> Response:
    answer = cast(Response, redirect(address, 303))
    answer.autocorrect_location_header = False
    answer.headers["Cache-Control"] = "no-store"
    return answer
