"""Which limits there are, and Redis as the place to count in where there is one."""

from __future__ import annotations

import datetime as dt
import ipaddress
import math
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import structlog
from flask import request
from limits.errors import StorageError
from limits.storage import RedisStorage

from api.settings import Settings
from moderation.db import Database
from moderation.errors import LimiterUnavailableError, RateLimitedError
from moderation.limits import DatabaseLimiter, Limit, Limiter, Slot

log = structlog.get_logger()

Action = Literal[
    "sign_in", "registrations", "mails", "posts", "flags", "appeals", "votes", "previews", "exports", "site_sign_ins"
]
Scope = Literal["account", "address", "site"]

WINDOWS_S: dict[Action, int] = {
    "sign_in": 15 * 60,
    "registrations": 3600,
    "mails": 3600,
    "posts": 600,
    "flags": 3600,
    "appeals": 3600,
    "votes": 600,
    "previews": 300,
    "exports": 3600,
    "site_sign_ins": 60,
}
_REDIS_TIMEOUT_S = 1.0

_T = TypeVar("_T")


def slots(settings: Settings, action: Action, *, account: str, site: str | None = None) -> tuple[Slot, ...]:
    """What one such action takes: a slot of the account's, of the address's that asks, and of the site's.

    ``account`` is an id, or the e-mail address that somebody claims. Without a ``site`` it is the page's origin that
    counts, which a browser does not let a page forge.
    """
    subjects: dict[Scope, str] = {
        "account": account,
        "address": _address(),
        "site": site if site is not None else request.headers.get("Origin", ""),
    }
    limits = {scope: getattr(settings, f"{action}_per_{scope}", None) for scope in subjects}
    return tuple(
        Slot(Limit(f"{action}_{scope}", count, WINDOWS_S[action]), subjects[scope])
        for scope, count in limits.items()
        if count is not None
    )


class RedisLimiter:
    """Counts in Redis, by Redis's clock."""

    def __init__(self, url: str) -> None:
        self._storage = RedisStorage(
            url,
            key_prefix="vorab",
            wrap_exceptions=True,
            socket_timeout=_REDIS_TIMEOUT_S,
            socket_connect_timeout=_REDIS_TIMEOUT_S,
        )

    def take(self, *slots: Slot, now: dt.datetime) -> None:  # noqa: ARG002  # Redis has a clock of its own.
        taken: list[Slot] = []
        for slot in slots:
            taken.append(slot)
            if self._add(slot, 1) > slot.limit.count:
                retry_after_s = self._remaining_s(slot)
                self.give_back(*taken)
                raise RateLimitedError(retry_after_s)

    def give_back(self, *slots: Slot) -> None:
        for slot in slots:
            if self._add(slot, -1) < 0:
                # The window ended meanwhile: nothing is owed to the next one.
                self._forget(slot)

    def _forget(self, slot: Slot) -> None:
        self._call(lambda: self._storage.clear(_key(slot)))

    def _add(self, slot: Slot, amount: int) -> int:
        return int(self._call(lambda: self._storage.incr(_key(slot), slot.limit.window_s, amount)))

    def _remaining_s(self, slot: Slot) -> int:
        # The library rounds to seconds, and may say too few.
        client: Any = self._storage.get_connection(readonly=True)
        left_ms = self._call(lambda: client.pttl(self._storage.prefixed_key(_key(slot))))
        return max(1, math.ceil(int(left_ms) / 1000))

    @staticmethod
    def _call(work: Callable[[], _T]) -> _T:
        try:
            return work()
        except StorageError as error:
            log.error("limiter_unavailable", error=type(error.storage_error).__name__)
            raise LimiterUnavailableError from error


class FallingBackLimiter:
    """Counts in the second place while the first is away: for what must go on, and is watched by other means too."""

    def __init__(self, first: Limiter, second: Limiter) -> None:
        self._first = first
        self._second = second

    def take(self, *slots: Slot, now: dt.datetime) -> None:
        try:
            self._first.take(*slots, now=now)
        except LimiterUnavailableError:
            self._second.take(*slots, now=now)

    def give_back(self, *slots: Slot) -> None:
        with suppress(LimiterUnavailableError):
            self._first.give_back(*slots)


@dataclass(frozen=True, slots=True)
class Limiters:
    strict: Limiter
    """For whatever has to do with accounts: closed while nobody can count."""
    lenient: Limiter
    """For writing and flagging, which the screening watches as well."""


def limiters_for(settings: Settings, database: Database) -> Limiters:
    in_database = DatabaseLimiter(database)
    if settings.redis_url is None:
        return Limiters(in_database, in_database)
    in_redis = RedisLimiter(settings.redis_url)
    return Limiters(in_redis, FallingBackLimiter(in_redis, in_database))


def _address() -> str:
    """Who asks. A subscriber has a whole /64 of IPv6 addresses (RFC 6177), so that is what counts as one."""
    given = request.remote_addr or ""
    try:
        address = ipaddress.ip_address(given)
    except ValueError:
        return given
    if isinstance(address, ipaddress.IPv6Address):
        # A socket for both versions writes IPv4 addresses as IPv6 (RFC 4291, 2.5.5.2): all of them in one /64.
        mapped = address.ipv4_mapped
        return str(mapped or ipaddress.ip_network((address, 64), strict=False))
    return given


def _key(slot: Slot) -> str:
    return f"{slot.limit.name}:{slot.key}"
