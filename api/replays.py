"""Public answers given once more without the application, while all that they are made from is the same.

Whoever opens an article asks for the same page as everybody else. Looking it up takes a fraction of what Flask and its
extensions need to get there, so they are asked only for what is new. Nothing here knows what an answer consists of:
status and headers are those that the application gave to the same request before.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import Histogram
from sqlalchemy.exc import SQLAlchemyError

from api import counters, headers, public_pages
from api.logs import log
from api.page_cache import PublicPages
from api.public_pages import Source
from moderation.errors import VorabError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST = 4096
"""So many answers are known at once, some 10 MB of them at most. The pages themselves are not among them."""
LONGEST_KEY = 1024
"""Requests that take more characters to tell from others are for the application: anybody may make those up."""

_READ = (
    "wsgi.url_scheme",
    "SCRIPT_NAME",
    "PATH_INFO",
    "QUERY_STRING",
    "HTTP_HOST",
    "HTTP_ORIGIN",
    "HTTP_IF_NONE_MATCH",
)
"""What an answer for somebody unknown depends on: the parts of its address, and what its ``Vary`` names."""
_UNSHARED = ("HTTP_AUTHORIZATION", "HTTP_COOKIE", "CONTENT_LENGTH", "HTTP_TRANSFER_ENCODING")
"""What no request has that is answered for everybody."""
_KEPT = ("200", "304")
_OWN = {"x-request-id", "x-accel-expires", "content-length"}
"""Headers that each answer has of its own. Two bodies of one version may differ in length: the one that was made while
the next version was on its way has something of that."""


@dataclass(frozen=True)
class _Replay:
    source: Source
    status: str
    headers: tuple[tuple[str, str], ...]

    @functools.cached_property
    def code(self) -> int:
        return int(self.status[:3])

    @functools.cached_property
    def timing(self) -> Histogram:
        return counters.REQUESTS.labels("GET", self.source.route, str(self.code))


class Replays:
    """WSGI middleware around the application. Safe to use from several threads.

    Args:
        application: answers what is not known here. It leaves in the environment what an answer goes by.
        pages: where the pages are kept.
    """

    def __init__(self, application: WSGIApplication, pages: Callable[[], PublicPages]) -> None:
        self._application = application
        self._pages = pages
        self._known: OrderedDict[Hashable, _Replay] = OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        key = _key(environ)
        if key is None:
            return self._application(environ, start_response)
        began = time.perf_counter()
        known = self._find(key)
        body = self._current_body(known) if known else None
        if known is None or body is None:
            return self._application(environ, self._watching(key, environ, start_response))
        request_id = headers.request_id(environ.get("HTTP_X_REQUEST_ID"))
        own = [*public_pages.expiry(), ("X-Request-Id", request_id)]
        if known.code != HTTPStatus.NOT_MODIFIED:
            own.append(("Content-Length", str(len(body))))
        start_response(known.status, [*known.headers, *own])
        _tell(known, request_id, time.perf_counter() - began)
        return [body]

    def _find(self, key: Hashable) -> _Replay | None:
        with self._lock:
            known = self._known.get(key)
            if known is not None:
                self._known.move_to_end(key)
            return known

    def _current_body(self, known: _Replay) -> bytes | None:
        """The answer's body; ``None`` if it would be another answer by now, or nobody can say."""
        source = known.source
        try:
            if source.question() != source.version:
                return None
        except (SQLAlchemyError, VorabError):
            # The application knows how to say what is wrong.
            return None
        if known.code == HTTPStatus.NOT_MODIFIED:
            return b""
        page = self._pages().find(source.address, source.version)
        return page.body if page else None

    def _watching(self, key: Hashable, environ: WSGIEnvironment, start_response: StartResponse) -> StartResponse:
        def watched(status: str, sent: list[tuple[str, str]], *error: Any) -> Callable[[bytes], object]:
            source = environ.get(public_pages.SOURCE)
            if source is not None and status[:3] in _KEPT:
                kept = tuple((name, value) for name, value in sent if name.lower() not in _OWN)
                self._keep(key, _Replay(source, status, kept))
            return start_response(status, sent, *error)

        return watched

    def _keep(self, key: Hashable, replay: _Replay) -> None:
        with self._lock:
            self._known[key] = replay
            self._known.move_to_end(key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)


def _key(environ: WSGIEnvironment) -> Hashable | None:
    if environ["REQUEST_METHOD"] != "GET" or any(environ.get(name) for name in _UNSHARED):
        return None
    key = tuple(environ.get(name) for name in _READ)
    return key if sum(map(len, filter(None, key))) <= LONGEST_KEY else None


def _tell(replay: _Replay, request_id: str, taken: float) -> None:
    """Say what the application says of each request, in the log and for Prometheus."""
    counters.count_page("unchanged" if replay.code == HTTPStatus.NOT_MODIFIED else "kept")
    replay.timing.observe(taken)
    structlog.contextvars.clear_contextvars()
    log.info(
        "request",
        request_id=request_id,
        method="GET",
        route=replay.source.route,
        status=replay.code,
        duration_ms=round(taken * 1000, 1),
    )
