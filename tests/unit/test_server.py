"""How long a thread stays with a connection."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.workers.gthread import ThreadWorker

from api import server
from api.server import Worker


class Handling:
    """What gunicorn does with a connection, in its place."""

    def __init__(self, *results: Any) -> None:
        self.results = deque(results)
        self.calls = 0

    def __call__(self, _connection: Any) -> Any:
        self.calls += 1
        return self.results.popleft()


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(server, "_says_more", lambda _connection: True)
    made = Worker.__new__(Worker)
    made.alive = True
    made._waiting = deque(["this one"])
    return made


def handle(monkeypatch: pytest.MonkeyPatch, worker: Any, *results: Any) -> tuple[Any, int]:
    handling = Handling(*results)
    monkeypatch.setattr(ThreadWorker, "handle", handling)
    return worker.handle(SimpleNamespace()), handling.calls


def test_a_thread_stays_while_there_is_more_to_answer(monkeypatch: pytest.MonkeyPatch, worker: Any) -> None:
    assert handle(monkeypatch, worker, True, True, False) == (False, 3)


def test_it_goes_as_soon_as_another_connection_waits_for_a_thread(monkeypatch: pytest.MonkeyPatch, worker: Any) -> None:
    worker._waiting.append("another one")

    assert handle(monkeypatch, worker, True, True) == (True, 1)


def test_it_goes_when_the_server_ends(monkeypatch: pytest.MonkeyPatch, worker: Any) -> None:
    worker.alive = False

    assert handle(monkeypatch, worker, True, True) == (True, 1)


def test_what_gunicorn_puts_aside_is_left_to_it(monkeypatch: pytest.MonkeyPatch, worker: Any) -> None:
    aside = object()

    assert handle(monkeypatch, worker, aside, True) == (aside, 1)


def test_nobody_is_waited_for_who_says_nothing(monkeypatch: pytest.MonkeyPatch, worker: Any) -> None:
    monkeypatch.setattr(server, "_says_more", lambda _connection: False)

    assert handle(monkeypatch, worker, True, True) == (True, 1)
