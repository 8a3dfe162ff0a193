"""The documented nginx in front of a real server: what it keeps, for how long, for whom; and whom it waits for."""

from __future__ import annotations

import contextlib
import gzip
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.client import HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from moderation.models import Role
from tests import nginx
from tests.processes.mortal import wait_until
from tests.sentences import CALM
from tests.servers import serving
from tests.world import ARTICLE, Person, World

pytestmark = pytest.mark.processes

THREAD = f"/api/v1/sites/demo/articles/{ARTICLE}/comments"


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.site(policy=CALM)
    return made


@pytest.fixture
def front(world: World, tmp_path: Path) -> Iterator[str]:
    program = nginx.program()
    if program is None:
        pytest.skip("no nginx on this machine")
    with serving(world.database) as behind, nginx.in_front_of(behind, program, tmp_path) as address:
        wait_until(lambda: reads(f"{address}/healthz"))
        yield address


def reads(url: str) -> bool:
    try:
        return get(url)[0] == "ok"
    except OSError:
        return False


def get(url: str, by: Person | None = None) -> tuple[str, str]:
    """``ok`` or the text, and what nginx says of its cache."""
    request = urllib.request.Request(url, headers=by.headers if by else {})  # noqa: S310  # Our own address.
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # As above.
        text = answer.read().decode()
        return ("ok" if '"ok"' in text else text), answer.headers.get("X-Cache-Status", "")


def begin_of_a_second() -> None:
    time.sleep(1.02 - time.time() % 1)


def test_readers_are_answered_from_memory_and_nobody_elses_answer_is_kept(world: World, front: str) -> None:
    reader = world.person()
    world.comment(reader)
    begin_of_a_second()

    states = [get(front + THREAD)[1] for _ in range(3)]
    own = get(front + THREAD, by=reader)

    assert states == ["MISS", "HIT", "HIT"]
    assert own[1] == "BYPASS"
    assert '"is_own":true' in own[0]
    assert '"is_own":true' not in get(front + THREAD)[0]


def test_a_comment_that_is_taken_down_is_gone_from_every_cache_within_a_second(world: World, front: str) -> None:
    comment = world.comment(world.person(), "Das soll gleich verschwinden.")
    moderator = world.person(Role.MODERATOR, "demo")
    begin_of_a_second()
    assert "verschwinden" in get(front + THREAD)[0]

    world.review(comment, "reject", moderator, reason_code="other")
    taken_down = time.monotonic()
    wait_until(lambda: "verschwinden" not in get(front + THREAD)[0])

    # The cache names the second, so a second and the time of one request is the most there can be.
    assert time.monotonic() - taken_down < 2


def compressed(url: str, by: Person | None = None, **headers: str) -> HTTPMessage:
    """The headers of the answer to somebody who can read gzip, which it is."""
    sent = {"Accept-Encoding": "gzip", **(by.headers if by else {}), **headers}
    request = urllib.request.Request(url, headers=sent)  # noqa: S310  # Our own address.
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  # As above.
        body = answer.read()
        if answer.headers["Content-Encoding"] == "gzip":
            assert len(body) < len(gzip.decompress(body)) / 2
        found: HTTPMessage = answer.headers
        return found


def test_comments_are_compressed_and_known_again_and_what_may_be_secret_is_not(world: World, front: str) -> None:
    reader = world.person()
    for number in range(5):
        world.comment(reader, f"{number}. Die Gemeinde sollte mehr Geld für den Radweg ausgeben.")

    answer = compressed(front + THREAD)

    assert answer["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in ", ".join(answer.get_all("Vary", []))
    with pytest.raises(urllib.error.HTTPError) as unchanged:
        compressed(f"{front}{THREAD}?limit=49", **{"If-None-Match": compressed(f"{front}{THREAD}?limit=49")["ETag"]})
    with unchanged.value as answered:
        assert answered.code == 304
    for path in ("/api/v1/accounts/me", "/api/v1/accounts/me/comments"):
        assert compressed(front + path, reader)["Content-Encoding"] is None


@contextlib.contextmanager
def stalled_bodies(address: str, number: int) -> Iterator[list[socket.socket]]:
    """So many clients that begin to send a comment and then send nothing more."""
    parts = urlsplit(address)
    head = (
        f"POST {THREAD} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n"
    )
    with contextlib.ExitStack() as open_ones:
        clients = []
        for _ in range(number):
            client = open_ones.enter_context(
                socket.create_connection((parts.hostname or "", parts.port or 0), timeout=30)
            )
            client.sendall(f'{head}\r\n{{"body": "'.encode())
            clients.append(client)
        yield clients


def slowest_of(times: int, address: str, patience_s: float) -> float:
    """How long the slowest of so many readers waited, each of whom asks for something that nobody has kept."""
    taken = []
    for number in range(times):
        began = time.monotonic()
        with urllib.request.urlopen(f"{address}{THREAD}?limit={number + 1}", timeout=patience_s) as answer:  # noqa: S310  # Ours.
            assert answer.status == 200
        taken.append(time.monotonic() - began)
    return max(taken)


def test_sixty_stalled_bodies_do_not_stop_readers_behind_the_documented_nginx(world: World, front: str) -> None:
    world.comment(world.person())
    alone = slowest_of(20, front, patience_s=30)

    with stalled_bodies(front, 60) as clients:
        time.sleep(0.5)
        among_them = slowest_of(20, front, patience_s=30)
        still_there = [client for client in clients if client.fileno() != -1]

    assert len(still_there) == 60
    # None of the server's sixteen threads is held, so nobody waits for one.
    assert among_them < max(1.0, 5 * alone)


def test_without_a_proxy_the_same_clients_would_stop_them(world: World) -> None:
    """The test above can fail: this is what the documentation warns of."""
    world.comment(world.person())

    with serving(world.database) as address:
        assert slowest_of(1, address, patience_s=30) < 30
        with stalled_bodies(address, 60):
            time.sleep(0.5)
            with pytest.raises(OSError, match="timed out"):
                slowest_of(1, address, patience_s=5)
