"""Answers that everybody may see, kept for as long as nothing in them has changed.

Whether something has is asked of the database: one small query, however many comments a page holds, shared by all who
ask within ten milliseconds. So a comment that is taken down is gone from this cache with the transaction that takes it
down, in other processes ten milliseconds later at most.
"""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from flask import Response, current_app, request

from api import counters, headers, logs
from api.page_cache import KeptPage, PublicPages

SOURCE = "vorab.source"
"""Where a request's environment holds the :class:`Source` of its answer."""

# What is in front of us (a proxy, a CDN) may keep an answer for a second; a browser asks each time and gets a 304.
CACHE_CONTROL = "public, max-age=0, s-maxage=1, must-revalidate"


class Version(Hashable, Protocol):
    """Of what an answer is made from: equal ones mean that it would be the same, its headers included."""

    @property
    def origins(self) -> tuple[str, ...]:
        """Whose pages may read it."""


V = TypeVar("V", bound=Version)


@dataclass(frozen=True, slots=True)
class Source:
    """What an answer is made from.

    Attributes:
        question: asks for the version that is current; raises what a view would.
        version: the one that the answer was made from.
        address: what was asked for.
        route: the pattern of its path.
    """

    question: Callable[[], Version]
    version: Version
    address: tuple[Hashable, ...]
    route: str


def answer(
    pages: PublicPages, address: tuple[Hashable, ...], question: Callable[[], V], make: Callable[[V], Any]
) -> Response:
    """A 304 for whoever has this version already, the kept answer, or a new one.

    Args:
        address: what was asked for.
        question: gives the version that is current. Asked again with later requests of this kind, outside of Flask's
            contexts.
        make: gives the answer as what JSON can hold. What changes after the question was asked may be in it: it then
            counts as the older one, and is made again.
    """
    version = question()
    origin = request.headers.get("Origin")
    if origin in version.origins:
        headers.let_read(origin)
    etag = _etag(address, version)
    # Weakly (RFC 9110, section 13.1.2): a proxy that compresses an answer weakens its tag.
    if request.if_none_match.contains_weak(etag):
        counters.count_page("unchanged")
        response = Response(status=304)
    else:
        kept = pages.find(address, version)
        counters.count_page("made" if kept is None else "kept")
        response = Response((kept or _made(pages, address, version, make)).body, mimetype="application/json")
    response.set_etag(etag)
    response.headers["Cache-Control"] = CACHE_CONTROL
    response.headers.extend(expiry())
    request.environ[SOURCE] = Source(question, version, address, logs.route() or "none")
    return response


def page(pages: PublicPages, address: tuple[Hashable, ...], version: V, make: Callable[[V], Any]) -> KeptPage:
    """The page that everybody may see, for an answer to somebody in particular."""
    return pages.find(address, version) or _made(pages, address, version, make)


def _made(pages: PublicPages, address: tuple[Hashable, ...], version: V, make: Callable[[V], Any]) -> KeptPage:
    content = make(version)
    body = current_app.json.dumps(content, separators=(",", ":")).encode()
    made = KeptPage(version, body, tuple(uuid.UUID(one) for one in _comments_on(content)))
    pages.keep(address, made)
    return made


def _comments_on(content: Mapping[str, Any]) -> Iterator[str]:
    for comment in [*content.get("items", ()), *content.get("replies", ())]:
        yield comment["id"]
        yield from _comments_on(comment)


def expiry() -> list[tuple[str, str]]:
    """nginx counts whole seconds and would round a lifetime of one up to nearly two. This names the second itself."""
    return [("X-Accel-Expires", f"@{int(time.time())}")]


def _etag(address: tuple[Hashable, ...], version: Hashable) -> str:
    return hashlib.blake2b(repr((address, version)).encode(), digest_size=12).hexdigest()
