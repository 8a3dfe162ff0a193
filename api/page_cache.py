"""The pages that :mod:`api.public_pages` keeps in memory."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass

OVERHEAD = 1024
"""What an answer takes besides its body, roughly: its address, its version, its place in order. There are as many
addresses as there are cursors, and anybody may make those up: pages without a comment must not count for nothing."""


@dataclass(frozen=True, slots=True)
class KeptPage:
    """An answer as it is sent.

    Attributes:
        version: of what it was made from.
        comments: which comments are on it, in no order.
    """

    version: Hashable
    body: bytes
    comments: tuple[uuid.UUID, ...] = ()

    @property
    def size(self) -> int:
        return len(self.body) + OVERHEAD


class PublicPages:
    """The latest answers by address, the least recently asked for dropped first. Safe to use from several threads.

    Args:
        size: how many bytes of memory they may take, with all that belongs to them.
    """

    def __init__(self, size: int = 32 * 1024 * 1024) -> None:
        self._size = size
        self._used = 0
        self._kept: OrderedDict[Hashable, KeptPage] = OrderedDict()
        self._lock = threading.Lock()
        self.hits = self.misses = 0

    def find(self, address: Hashable, version: Hashable) -> KeptPage | None:
        """The answer at an address if it is still of this version."""
        with self._lock:
            kept = self._kept.get(address)
            if kept is None or kept.version != version:
                self.misses += 1
                return None
            self._kept.move_to_end(address)
            self.hits += 1
            return kept

    def keep(self, address: Hashable, page: KeptPage) -> None:
        with self._lock:
            before = self._kept.pop(address, None)
            self._kept[address] = page
            self._used += page.size - (before.size if before else 0)
            while self._used > self._size:
                _, dropped = self._kept.popitem(last=False)
                self._used -= dropped.size
