"""Doing many things at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def at_once(work: Sequence[Callable[[], T]]) -> list[T]:
    """Do everything in a thread of its own, all of them released by the same barrier; the results in order."""
    barrier = threading.Barrier(len(work))

    def begin(one: Callable[[], T]) -> T:
        barrier.wait(timeout=60)
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result(timeout=120) for future in [pool.submit(begin, one) for one in work]]
