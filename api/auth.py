"""Who is asking. Views say what they demand with ``@requires``; it is checked before their input is looked at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import structlog
from flask import Flask, current_app, g, request
from sqlalchemy.exc import OperationalError

from api import browser_sessions
from api.services import Services, services
from moderation import sessions
from moderation.actors import Actor
from moderation.comment_views import Viewer
from moderation.errors import NotSignedInError
from moderation.models import Account
from moderation.sessions import Authenticated

log = structlog.get_logger()

_READING = ("GET", "HEAD", "OPTIONS")

Demand = Literal["account", "staff"]
View = TypeVar("View", bound=Callable[..., Any])


def requires(demand: Demand) -> Callable[[View], View]:
    """Mark a view as one for signed-in people, or for moderators and admins only, here and in the API's description."""

    def mark(view: View) -> View:
        view.requires = demand  # type: ignore[attr-defined]  # Functions take attributes; Callable does not say so.
        view._apidoc = {"manual_doc": {"security": [{"bearer": []}, {"cookie": []}]}}  # type: ignore[attr-defined]  # As above.
        return view

    return mark


def register(app: Flask) -> None:
    app.before_request(check_demand)


def check_demand() -> None:
    """
    Raises:
        NotSignedInError: the view is for signed-in people.
        ForbiddenError: it is for staff.
    """
    if request.method == "OPTIONS":
        # A browser's question before the real request; it carries no token, and learns only which methods there are.
        return
    view = current_app.view_functions.get(request.endpoint or "")
    demand: Demand | None = getattr(view, "requires", None)
    if demand is None:
        return
    identity = demand_identity()
    if demand == "staff":
        identity.actor.demand_staff()


@dataclass(frozen=True, slots=True)
class Credential:
    """The token that a request carries, and whether a browser may have added it unasked."""

    token: str
    is_cookie: bool


def credential() -> Credential | None:
    """The bearer token (RFC 6750); without one, our own pages' cookie."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.casefold() == "bearer" and value.strip():
        return Credential(value.strip(), is_cookie=False)
    cookie = browser_sessions.read()
    return Credential(cookie, is_cookie=True) if cookie is not None else None


def identity() -> Authenticated | None:
    """Who is asking; ``None`` for nobody, or for a session that is over. Looked up once a request.

    Raises:
        CsrfError: a change is asked for with our cookie, and not provably by one of our pages.
    """
    if "identity" not in g:
        given = credential()
        if given is not None and given.is_cookie and request.method not in _READING:
            browser_sessions.demand_csrf(given.token)
        g.identity = _look_up(given.token if given else None)
    return g.identity  # type: ignore[no-any-return]  # flask.g has no types.


def _look_up(given: str | None) -> Authenticated | None:
    if given is None:
        return None
    held = services()
    now = held.clock()
    with held.database.alone() as session:
        found = sessions.authenticate(session, given, lifetimes=held.lifetimes, now=now)
    if found is not None and found.needs_touch:
        _touch(held, given, now=now)
    return found


def _touch(held: Services, given: str, *, now: dt.datetime) -> None:
    """Note that the session is in use. Where nothing can be written, a full disk say, reading goes on all the same."""
    try:
        with held.database.write() as session:
            sessions.touch(session, given, now=now)
    except OperationalError as error:
        log.warning("session_not_touched", error=type(error.orig).__name__)


def demand_identity() -> Authenticated:
    """
    Raises:
        NotSignedInError: no token, or one that is over.
    """
    found = identity()
    if found is None:
        raise NotSignedInError
    return found


def actor() -> Actor:
    """
    Raises:
        NotSignedInError: nobody is signed in.
    """
    return demand_identity().actor


def account() -> Account:
    """
    Raises:
        NotSignedInError: nobody is signed in.
    """
    return demand_identity().account


def viewer() -> Viewer:
    found = identity()
    return Viewer(found.account.id if found else None)
