"""Results that may be a moment old, found out once for all who want them in that moment."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

_MOST = 1024


@dataclass(frozen=True, slots=True, eq=False)
class _Call(Generic[T]):
    began: float
    changes: int
    result: Future[T] = field(default_factory=Future)


class Recent(Generic[T]):
    """Safe to use from several threads; whoever comes while a call is under way waits for it.

    Args:
        age_s: a result is shared for so long after its call began, in seconds.
    """

    def __init__(self, age_s: float) -> None:
        self._age_s = age_s
        self._lock = threading.Lock()
        self._changes = 0
        self._calls: OrderedDict[Hashable, _Call[T]] = OrderedDict()

    def forget(self) -> None:
        """Something may have changed: nobody is given any more what was called for before."""
        with self._lock:
            self._changes += 1

    def get(self, key: Hashable, call: Callable[[], T]) -> T:
        """What ``call`` returns, or raises; a failure is shared only with those who waited for it."""
        now = time.monotonic()
        with self._lock:
            found = self._calls.get(key)
            is_ours = found is None or found.changes != self._changes or now - found.began >= self._age_s
            if found is None or is_ours:
                found = self._calls[key] = _Call(now, self._changes)
                self._calls.move_to_end(key)
                if len(self._calls) > _MOST:
                    self._calls.popitem(last=False)
        if is_ours:
            self._make(key, found, call)
        return found.result.result()

    def _make(self, key: Hashable, ours: _Call[T], call: Callable[[], T]) -> None:
        try:
            ours.result.set_result(call())
        except BaseException as error:  # noqa: BLE001  # The future raises it, for each who waits.
            ours.result.set_exception(error)
            with self._lock:
                if self._calls.get(key) is ours:
                    del self._calls[key]
