"""Answers that everybody may see, kept for as long as nothing in them has changed.

Whether something has is asked of the database each time: one small query, however many comments a page holds. So a
comment that is taken down is gone from this cache with the transaction that takes it down, in every process.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app, request

from api import counters

# What is in front of us (a proxy, a CDN) may keep an answer for a second; a browser asks each time and gets a 304.
CACHE_CONTROL = "public, max-age=0, s-maxage=1, must-revalidate"


OVERHEAD = 1024
"""What an answer takes besides its body, roughly: its address, its version, its place in order. There are as many
addresses as there are cursors, and anybody may make those up: pages without a comment must not count for nothing."""


@dataclass(frozen=True, slots=True)
class _Kept:
    version: Hashable
    body: bytes

    @property
    def size(self) -> int:
        return len(self.body) + OVERHEAD


class PublicPages:
    """The latest answers by address, the least recently asked for dropped first. Safe to use from several threads.

    Args:
        size: how many bytes of memory they may take, with all that belongs to them.
    """

    def __init__(self, size: int = 32 * 1024 * 1024) -> None:
        self._size = size
        self._used = 0
        self._kept: OrderedDict[Hashable, _Kept] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    def find(self, address: Hashable, version: Hashable) -> bytes | None:
        """The answer at an address if it is still of this version."""
        with self._lock:
            kept = self._kept.get(address)
            if kept is None or kept.version != version:
                self.misses += 1
                return None
            self._kept.move_to_end(address)
            self.hits += 1
            return kept.body

    def keep(self, address: Hashable, version: Hashable, body: bytes) -> None:
        with self._lock:
            before = self._kept.pop(address, None)
            self._kept[address] = kept = _Kept(version, body)
            self._used += kept.size - (before.size if before else 0)
            while self._used > self._size:
                _, dropped = self._kept.popitem(last=False)
                self._used -= dropped.size


def answer(pages: PublicPages, address: tuple[Hashable, ...], version: Hashable, make: Callable[[], Any]) -> Response:
    """A 304 for whoever has this version already, the kept answer, or a new one.

    Args:
        address: what was asked for.
        version: of what the answer is made from; has to change whenever the answer would.
        make: gives the answer as what JSON can hold.
    """
    etag = _etag(address, version)
    if request.if_none_match.contains(etag):
        counters.count_page("unchanged")
        response = Response(status=304)
    else:
        body = pages.find(address, version)
        counters.count_page("made" if body is None else "kept")
        if body is None:
            body = current_app.json.dumps(make(), separators=(",", ":")).encode()
            pages.keep(address, version, body)
        response = Response(body, mimetype="application/json")
    response.set_etag(etag)
    response.headers["Cache-Control"] = CACHE_CONTROL
    # nginx counts whole seconds and would round a lifetime of one up to nearly two. This names the second itself.
    response.headers["X-Accel-Expires"] = f"@{int(time.time())}"
    return response


def _etag(address: tuple[Hashable, ...], version: Hashable) -> str:
    return hashlib.blake2b(repr((address, version)).encode(), digest_size=12).hexdigest()
