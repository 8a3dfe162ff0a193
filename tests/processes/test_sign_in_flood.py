"""Fifty who sign in at once, at what passwords cost in earnest (control H6)."""

from __future__ import annotations

import threading
import time
from functools import partial
from pathlib import Path

import pytest

from tests.parallel import at_once
from tests.processes.mortal import running
from tests.processes.outside import asked
from tests.processes.parts import children_of
from tests.world import World

pytestmark = pytest.mark.processes

ONE_HASH_MIB = 46


def most_memory_mib(master: int) -> float:
    """The most that any process of a server has used so far."""
    found = []
    for pid in (master, *children_of(master)):
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        found.append(int(lines["VmHWM"].split()[0]) / 1024)
    return max(found)


def alive_until(port: int, ended: threading.Event) -> int:
    """Ask ``/healthz`` until something has ended; how often it was answered.

    How fast it is, a benchmark says (``sign_ins``).
    """
    answers = 0
    while not ended.is_set():
        assert asked(port, "GET", "/healthz")[0] == 200
        answers += 1
        time.sleep(0.01)
    return answers


def test_h6_fifty_sign_ins_at_once_take_bounded_memory_and_leave_room_for_all_else(
    on_postgresql: World, tmp_path: Path
) -> None:
    wrong = {"email": "nobody@example.org", "password": "falsch falsch"}
    many = {f"VORAB_SIGN_IN_PER_{scope}": "100000" for scope in ("ACCOUNT", "ADDRESS", "SITE")}

    with running(on_postgresql.database, tmp_path, dies="costly passwords", **many) as server:
        port, ended = int(server.address.rpartition(":")[2]), threading.Event()
        assert asked(port, "POST", "/api/v1/sessions", wrong)[0] == 401
        before = most_memory_mib(server.process.pid)

        def flood() -> list[int]:
            try:
                sign_in = partial(asked, port, "POST", "/api/v1/sessions", wrong)
                return [answer[0] for answer in at_once([sign_in] * 50)]
            finally:
                ended.set()

        statuses, alive = at_once([flood, partial(alive_until, port, ended)])  # type: ignore[list-item]
        grown = most_memory_mib(server.process.pid) - before

    assert set(statuses) == {401, 503}
    # Two hashes at once, one of which was there before; sixteen threads with one each would take seven hundred.
    assert grown < 3 * ONE_HASH_MIB
    assert alive
