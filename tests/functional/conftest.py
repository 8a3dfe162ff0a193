from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest
import structlog

from api import logs


@pytest.fixture
def log_lines() -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Everything that was logged since the last call, from the lowest level up. Ask for it after the world."""
    written = io.StringIO()
    with redirect_stderr(written):
        logs.configure("debug")

    def read() -> list[dict[str, Any]]:
        found = [json.loads(line) for line in written.getvalue().splitlines()]
        written.seek(0)
        written.truncate()
        return found

    yield read
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
