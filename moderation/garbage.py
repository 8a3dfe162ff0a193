"""When cyclic garbage is looked for: not while libraries and models are read in, and not among them later."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collecting_later() -> Iterator[None]:
    """No search for cyclic garbage within this block: among the objects of large libraries it takes long.

    What is there at the end of it stays, and is never searched again.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
