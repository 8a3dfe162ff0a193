"""Where limits are counted: the database or Redis, for all processes together (controls H2 to H6)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
import re
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from api import limiting
from api.limiting import FallingBackLimiter, Limiters, RedisLimiter
from api.server import Listening
from moderation.errors import LimiterUnavailableError, RateLimitedError, TooBusyError
from moderation.limits import DatabaseLimiter, Limit, Limiter, Slot
from moderation.passwords import Hasher
from tests.fakes import Clock
from tests.parallel import at_once
from tests.servers import serving
from tests.world import ARTICLE, ORIGIN, World, json_of

NOWHERE = "redis://127.0.0.1:1/0"
WRONG = {"email": "nobody@example.org", "password": "falsch falsch"}


def redis_url() -> str:
    url = os.environ.get("VORAB_TEST_REDIS", "redis://127.0.0.1:6379/5")
    try:
        with Redis.from_url(url) as client:
            client.ping()
    except RedisError:
        if os.environ.get("CI"):
            pytest.fail("no Redis on localhost:6379")
        pytest.skip("no Redis on localhost:6379")
    return url


@pytest.fixture(params=["database", "redis"])
def limiter(request: pytest.FixtureRequest, world: World) -> Limiter:
    return RedisLimiter(redis_url()) if request.param == "redis" else DatabaseLimiter(world.database)


def slot(count: int, name: str = "test", subject: str | None = None, window_s: int = 60) -> Slot:
    return Slot(Limit(name, count, window_s), subject or uuid.uuid4().hex)


def passes(limiter: Limiter, *slots: Slot, clock: Clock) -> bool:
    try:
        limiter.take(*slots, now=clock())
    except RateLimitedError:
        return False
    return True


def test_h2_however_many_take_at_once_exactly_as_many_pass_as_may(limiter: Limiter, clock: Clock) -> None:
    taken = slot(10)

    passed = at_once([partial(passes, limiter, taken, clock=clock) for _ in range(30)])

    assert sum(passed) == 10


def test_all_slots_are_taken_or_none(limiter: Limiter, clock: Clock) -> None:
    roomy, tight = slot(2, "roomy"), slot(1, "tight")

    assert passes(limiter, roomy, tight, clock=clock)
    assert not passes(limiter, roomy, tight, clock=clock)
    assert passes(limiter, roomy, clock=clock)
    assert not passes(limiter, roomy, clock=clock)


@pytest.mark.parametrize("place", [0, 1])
def test_of_two_subjects_of_one_limit_each_is_counted(limiter: Limiter, clock: Clock, place: int) -> None:
    both = sorted((slot(1), slot(1)), key=lambda one: one.key)
    full, other = both[place], both[1 - place]
    limiter.take(full, now=clock())

    assert not passes(limiter, *both, clock=clock)
    assert passes(limiter, other, clock=clock)


def test_a_slot_that_was_given_back_can_be_taken_again_but_only_once(limiter: Limiter, clock: Clock) -> None:
    taken = slot(1)
    limiter.take(taken, now=clock())

    limiter.give_back(taken)
    limiter.give_back(taken)

    assert passes(limiter, taken, clock=clock)
    assert not passes(limiter, taken, clock=clock)


def test_a_refusal_says_honestly_when_to_come_back(limiter: Limiter, clock: Clock) -> None:
    taken = slot(1, window_s=2)
    limiter.take(taken, now=clock())

    with pytest.raises(RateLimitedError) as refused:
        limiter.take(taken, now=clock())

    wait = refused.value.retry_after_s
    assert wait in (1, 2)
    clock.move(seconds=wait)
    threading.Event().wait(wait if isinstance(limiter, RedisLimiter) else 0)
    assert passes(limiter, taken, clock=clock)


@pytest.mark.processes
@pytest.mark.parametrize("counted_in", ["database", "redis"])
def test_h2_two_worker_processes_let_exactly_ten_wrong_sign_ins_through(world: World, counted_in: str) -> None:
    if counted_in == "redis" and world.database.is_sqlite:
        pytest.skip("where Redis is, PostgreSQL is")
    settings = {"VORAB_SIGN_IN_PER_ACCOUNT": "10", "VORAB_SIGN_IN_PER_ADDRESS": "1000"}
    if counted_in == "redis":
        settings["VORAB_REDIS_URL"] = redis_url()
    wrong = {**WRONG, "email": f"{uuid.uuid4().hex}@example.org"}

    with serving(world.database, workers=2, **settings) as address:
        statuses: list[int] = []
        while statuses.count(429) < 5:
            # Not more at once than may wait for their turn to be hashed.
            statuses += at_once([partial(sign_in_at, address, wrong) for _ in range(8)])

    assert statuses.count(401) == 10
    assert set(statuses) == {401, 429}


def sign_in_at(address: str, credentials: dict[str, str]) -> int:
    request = urllib.request.Request(  # noqa: S310  # Our own address.
        f"{address}/api/v1/sessions",
        json.dumps(credentials).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # As above.
            status: int = answer.status
            return status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.parametrize("address", ["2001:db8:1:2::1", "2001:db8:1:2:ffff::9"])
def test_h3_another_address_of_the_same_ipv6_network_gives_no_further_tries(
    make_world: Callable[..., World], address: str
) -> None:
    world = make_world(sign_in_per_address=1)

    def attempt(remote: str) -> int:
        return world.call("POST", "/sessions", WRONG, environ_base={"REMOTE_ADDR": remote}).status_code

    assert attempt("2001:db8:1:2::7") == 401
    assert attempt(address) == 429
    assert attempt("2001:db8:1:3::1") == 401


def test_h3_ipv4_addresses_that_are_written_as_ipv6_are_counted_one_by_one(make_world: Callable[..., World]) -> None:
    world = make_world(sign_in_per_address=1)

    def attempt(remote: str) -> int:
        return world.call("POST", "/sessions", WRONG, environ_base={"REMOTE_ADDR": remote}).status_code

    assert attempt("::ffff:192.0.2.1") == 401
    assert attempt("192.0.2.1") == 429
    assert attempt("::ffff:192.0.2.2") == 401


def test_h4_writing_is_limited_by_account_address_and_site(make_world: Callable[..., World]) -> None:
    world = make_world(posts_per_account=2, posts_per_address=3, posts_per_site=4)
    world.site()
    first, second, third = world.person(), world.person(), world.person()

    def post(person: object, remote: str = "192.0.2.1") -> int:
        path = f"/sites/demo/articles/{ARTICLE}/comments"
        body = {"body": f"Ein Gedanke, {uuid.uuid4()}."}
        options = {"headers": {"Origin": "https://zeitung.example"}, "environ_base": {"REMOTE_ADDR": remote}}
        answer = world.call("POST", path, body, by=person, **options)  # type: ignore[arg-type]
        if answer.status_code == 429:
            assert 0 < int(answer.headers["Retry-After"]) <= 600
        return answer.status_code

    assert [post(first), post(first), post(first)] == [201, 201, 429]
    assert [post(second), post(second)] == [201, 429]
    assert [post(third, "192.0.2.2"), post(third, "192.0.2.3")] == [201, 429]


def test_h4_what_is_edited_counts_like_what_is_new(make_world: Callable[..., World]) -> None:
    world = make_world(posts_per_account=3)
    world.site()
    author, other = world.person(), world.person()
    wish = {"body": "Ein Gedanke."}
    made = world.call("POST", f"/sites/demo/articles/{ARTICLE}/comments", wish, by=author, headers={"Origin": ORIGIN})
    path = f"/comments/{json_of(made)['id']}"

    edited = [world.call("PATCH", path, {"body": f"Ein Gedanke, Fassung {n}."}, by=author) for n in range(3)]

    assert [answer.status_code for answer in edited] == [200, 200, 429]
    assert world.call("PATCH", path, {"body": "Fremd."}, by=other).status_code == 403
    assert json_of(world.call("GET", path, by=author))["body"] == "Ein Gedanke, Fassung 1."


@pytest.fixture
def without_redis(world: World) -> World:
    away = RedisLimiter(NOWHERE)
    limiters = Limiters(away, FallingBackLimiter(away, DatabaseLimiter(world.database)))
    world.app.extensions["vorab"] = dataclasses.replace(world.services, limiters=limiters)
    return world


def test_h5_without_redis_everything_about_accounts_is_closed(without_redis: World) -> None:
    new = {"email": "neu@example.org", "display_name": "Neu", "password": "Ahornblatt am Fenster"}

    for path, body in (("/sessions", WRONG), ("/accounts", new)):
        answer = without_redis.call("POST", path, body)
        assert answer.status_code == 503
        assert json_of(answer)["code"] == "limiter_unavailable"
        assert int(answer.headers["Retry-After"]) > 0


def test_h5_without_redis_reading_and_writing_go_on(without_redis: World) -> None:
    author, reader = without_redis.person(), without_redis.person()

    comment = without_redis.comment(author)
    flagged = without_redis.call("POST", f"/comments/{comment['id']}/flags", {"reason": "spam"}, by=reader)

    assert flagged.status_code == 201
    assert [item["id"] for item in without_redis.thread()["items"]] == [comment["id"]]


def test_h5_without_redis_what_goes_on_is_counted_in_the_database(without_redis: World, clock: Clock) -> None:
    lenient, taken = without_redis.app.extensions["vorab"].limiters.lenient, slot(1)

    assert [passes(lenient, taken, clock=clock), passes(lenient, taken, clock=clock)] == [True, False]
    lenient.give_back(taken)
    with pytest.raises(LimiterUnavailableError):
        without_redis.app.extensions["vorab"].limiters.strict.give_back(taken)


def test_redis_is_used_where_it_is_configured(world: World) -> None:
    settings = dataclasses.replace(world.services.settings, redis_url=NOWHERE)

    assert isinstance(limiting.limiters_for(settings, world.database).strict, RedisLimiter)
    assert isinstance(world.services.limiters.strict, DatabaseLimiter)


class Gate:
    """A hash that takes until it is let go, and counts who is at it."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)
        self.most = self.present = 0
        self._lock = threading.Lock()

    def hash(self, _password: str) -> str:
        with self._lock:
            self.present += 1
            self.most = max(self.most, self.present)
        self.entered.release()
        self.open.wait(timeout=20)
        with self._lock:
            self.present -= 1
        return "hashed"


def test_h6_only_so_many_passwords_are_hashed_at_once_and_only_so_many_wait() -> None:
    hasher = Hasher(memory_kib=8, at_once=2, waiting=3)
    gate = Gate()
    hasher._hasher = gate  # type: ignore[assignment]

    def attempt() -> str:
        try:
            return hasher.hash("x")
        except TooBusyError:
            gate.open.set()
            return "too busy"

    results = at_once([attempt for _ in range(50)])

    assert results.count("hashed") >= 5
    assert results.count("hashed") + results.count("too busy") == 50
    assert "too busy" in results
    assert gate.most == 2


def test_h6_too_many_sign_ins_at_once_are_told_to_come_back(world: World) -> None:
    for _ in range(10):
        assert world.services.hasher._places.acquire(blocking=False)

    answer = world.call("POST", "/sessions", WRONG)

    for _ in range(10):
        world.services.hasher._places.release()
    assert answer.status_code == 503
    assert json_of(answer)["code"] == "too_busy"
    assert answer.headers["Retry-After"] == "1"
    assert world.call("POST", "/sessions", WRONG).status_code == 401


class ShutLimiter:
    """Counts when it is let."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Semaphore(0)

    def take(self, *_slots: Slot, now: dt.datetime) -> None:  # As all limiters do.
        self.entered.release()
        self.open.wait(timeout=20)

    def give_back(self, *_slots: Slot) -> None: ...


@pytest.mark.parametrize("wait_for", ["sign-in", "registration", "second factor's choice", "change of password"])
def test_h6_who_waits_to_be_counted_is_among_the_few_who_may_wait(world: World, wait_for: str) -> None:
    """Counting takes its time on a busy database, and would hold every thread of the server meanwhile."""
    method, path, wish = {
        "sign-in": ("POST", "/sessions", WRONG),
        "registration": ("POST", "/accounts", {**WRONG, "display_name": "Ada"}),
        "second factor's choice": ("POST", "/sessions/choices", WRONG),
        "change of password": ("PUT", "/accounts/me/password", {"current_password": "x", "password": "Birke am See"}),
    }[wait_for]
    shut, by = ShutLimiter(), world.person()
    world.app.extensions["vorab"] = dataclasses.replace(world.services, limiters=Limiters(shut, shut))

    with ThreadPoolExecutor(10) as pool:
        waiting = [pool.submit(world.call, method, path, wish, by=by) for _ in range(10)]
        assert all(shut.entered.acquire(timeout=20) for _ in waiting)
        one_more = world.call("POST", "/sessions", WRONG)
        shut.open.set()

    assert (one_more.status_code, json_of(one_more)["code"]) == (503, "too_busy")
    assert "too_busy" not in [(future.result().json or {}).get("code") for future in waiting]
    assert world.call("POST", "/sessions", WRONG).status_code != 503


def test_h6_a_server_has_more_threads_than_may_wait_for_passwords() -> None:
    """Whoever waits for a hash holds a thread; the others answer all the rest meanwhile, such as whether it lives."""
    assert Hasher(memory_kib=8)._places._value < Listening("127.0.0.1", 0).threads  # type: ignore[attr-defined]


def peak_kib() -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells")
def test_h6_fifty_sign_ins_at_once_take_the_memory_of_two_hashes() -> None:
    hasher = Hasher(at_once=2, waiting=48)
    stored = hasher.hash("Ahornblatt am Fenster")
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = peak_kib()

    results = at_once([lambda: hasher.verify(stored, "Ahornblatt am Fenster")] * 50)

    assert results == [True] * 50
    # All fifty at once would be 2.2 GiB. A third hash's worth is for whatever else the test does.
    assert peak_kib() - before < 3 * 47_104
