"""What may be a moment old is found out once for all who want it in that moment."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from moderation import recent
from moderation.recent import Recent


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(recent, "time", made)
    return made


class Source:
    """Gives another number with each call."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self) -> int:
        self.calls += 1
        return self.calls


def test_a_result_is_shared_while_it_is_young(clock: Clock) -> None:
    kept, source = Recent[int](0.01), Source()
    found = []

    for clock.now in (0.0, 0.009, 0.0101, 0.02):
        found.append(kept.get("a", source))

    assert found == [1, 1, 2, 2]


def test_each_key_has_a_result_of_its_own(clock: Clock) -> None:
    kept = Recent[str](0.01)

    assert [kept.get(key, lambda key=key: key) for key in ("a", "b", "a")] == ["a", "b", "a"]


def test_what_was_called_for_before_a_change_is_given_to_nobody_after_it(clock: Clock) -> None:
    kept, source = Recent[int](0.01), Source()
    kept.get("a", source)

    kept.forget()

    assert kept.get("a", source) == 2


def test_a_call_that_began_before_a_change_is_not_shared_by_those_who_come_after_it() -> None:
    kept = Recent[str](60.0)
    asked, answered = threading.Event(), threading.Event()

    def slow() -> str:
        asked.set()
        answered.wait(10)
        return "before"

    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(kept.get, "a", slow)
        asked.wait(10)
        kept.forget()

        assert kept.get("a", lambda: "after") == "after"

        answered.set()
        assert first.result() == "before"
    assert kept.get("a", lambda: "later") == "after"


def test_many_at_once_share_one_call() -> None:
    kept, source = Recent[int](60.0), Source()
    together = threading.Barrier(8)

    def slow() -> int:
        time.sleep(0.05)
        return source()

    def ask() -> int:
        together.wait()
        return kept.get("a", slow)

    with ThreadPoolExecutor(8) as pool:
        found = [future.result() for future in [pool.submit(ask) for _ in range(8)]]

    assert found == [1] * 8


def test_a_failure_is_raised_and_not_kept() -> None:
    kept = Recent[int](60.0)

    def failing() -> int:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        kept.get("a", failing)
    assert kept.get("a", lambda: 1) == 1


def test_no_more_than_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "_MOST", 2)
    kept, source = Recent[int](60.0), Source()

    for key in "abc":
        kept.get(key, source)

    assert [kept.get(key, source) for key in "cab"] == [3, 4, 5]
