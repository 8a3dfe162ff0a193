"""Connections that stay open: each is served, however busy the others are."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
from urllib.parse import urlsplit

from moderation.db import Database
from tests.processes.outside import world_on
from tests.servers import serving
from tests.world import ARTICLE

PATH = f"/api/v1/sites/demo/articles/{ARTICLE}/comments"
THREADS = 16


def get(connection: http.client.HTTPConnection) -> int:
    connection.request("GET", PATH)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def test_whoever_asks_without_a_pause_keeps_nobody_else_out(database: Database) -> None:
    world = world_on(database)
    world.post(world.person())
    with serving(database) as address:
        host = urlsplit(address).netloc
        enough = threading.Event()
        served = [0] * (THREADS + 4)

        def ask(number: int) -> None:
            with contextlib.closing(http.client.HTTPConnection(host, timeout=60)) as connection:
                while not enough.is_set():
                    served[number] += get(connection) == 200

        busy = [threading.Thread(target=ask, args=(number,), daemon=True) for number in range(len(served))]
        for thread in busy:
            thread.start()
        try:
            with contextlib.closing(http.client.HTTPConnection(host, timeout=20)) as late:
                assert [get(late) for _ in range(20)] == [200] * 20
        finally:
            enough.set()
        for thread in busy:
            thread.join(60)

    assert min(served) > 0


def test_requests_sent_one_behind_the_other_are_all_answered_in_order(database: Database) -> None:
    world = world_on(database)
    world.post(world.person())
    ids = [f"0198c0de-0000-7000-8000-{number:012}" for number in range(5)]
    with serving(database) as address:
        parts = urlsplit(address)
        with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=60) as connection:
            last = len(ids) - 1
            connection.sendall(
                b"".join(
                    f"GET {PATH} HTTP/1.1\r\nHost: {parts.netloc}\r\nX-Request-Id: {given}\r\n"
                    f"Connection: {'close' if place == last else 'keep-alive'}\r\n\r\n".encode()
                    for place, given in enumerate(ids)
                )
            )
            received = b"".join(iter(lambda: connection.recv(65536), b""))

    assert received.count(b"HTTP/1.1 200 OK") == len(ids)
    places = [received.index(f"X-Request-Id: {given}".encode()) for given in ids]
    assert places == sorted(places)
