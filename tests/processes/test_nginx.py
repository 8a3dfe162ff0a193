"""The documented nginx in front of a real server: what it keeps, for how long, for whom; and whom it waits for."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from moderation.models import Role
from tests.processes.mortal import wait_until
from tests.sentences import CALM
from tests.servers import free_port, serving
from tests.world import ARTICLE, Person, World

pytestmark = pytest.mark.processes

DOCUMENTED = Path(__file__).parents[2] / "docs" / "deployment" / "nginx.conf"
THREAD = f"/api/v1/sites/demo/articles/{ARTICLE}/comments"
AROUND = """
{user}
pid {folder}/pid; worker_processes 1; error_log {folder}/errors; daemon off; events {{ worker_connections 256; }}
http {{
  access_log off; client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s; include {folder}/vorab.conf;
}}
"""


@pytest.fixture
def world(make_world: Callable[..., World]) -> World:
    made = make_world()
    made.site(policy=CALM)
    return made


@pytest.fixture
def front(world: World, tmp_path: Path) -> Iterator[str]:
    """The documented configuration with other addresses, in front of a server on the world's database."""
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        pytest.skip("no nginx on this machine")
    # Its workers would otherwise give up root's rights, and with them those to the test's folder.
    user = "user root;" if os.geteuid() == 0 else ""
    port = free_port()
    with serving(world.database) as behind:
        text = DOCUMENTED.read_text(encoding="utf-8")
        for documented, ours in (
            ("/var/cache/nginx/vorab", f"{tmp_path}/cache"),
            ("listen 80;", f"listen 127.0.0.1:{port};"),
            ("127.0.0.1:8000", behind.removeprefix("http://")),
        ):
            assert documented in text
            text = text.replace(documented, ours)
        (tmp_path / "vorab.conf").write_text(text, encoding="utf-8")
        (tmp_path / "nginx.conf").write_text(AROUND.format(folder=tmp_path, user=user), encoding="utf-8")
        process = subprocess.Popen([nginx, "-c", str(tmp_path / "nginx.conf")], stderr=subprocess.DEVNULL)
        address = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: reads(f"{address}/healthz"))
            yield address
        finally:
            process.terminate()
            process.wait(timeout=30)


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
