"""What libraries log comes out as lines of ours, without what they quote."""

from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from decimal import Decimal
from typing import Any

import pytest
import structlog

from api import logs

Said = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def said() -> Iterator[Said]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    written = io.StringIO()
    with redirect_stderr(written):
        logs.configure("info", libraries=True)
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


@pytest.mark.parametrize(
    ("message", "given", "expected"),
    [
        ("nothing to fill in", (), "nothing to fill in"),
        ("it held %r", ("Geheimnis",), "it held '…'"),
        ("%s of %d failed with %s", ("Geheimnis", 3, ValueError("Geheimnis")), "… of 3 failed with ValueError"),
        ("%(task)s took %(seconds).1f s", ({"task": "Geheimnis", "seconds": 1.25},), "… took 1.2 s"),
        ("%d of another kind than we know", (Decimal("3.5"),), "%d of another kind than we know"),
    ],
)
def test_k2_what_a_library_quotes_is_left_out(said: Said, message: str, given: tuple[Any, ...], expected: str) -> None:
    logging.getLogger("library.part").warning(message, *given)

    (line,) = said()
    assert (line["event"], line["logger"], line["level"]) == ("library", "library.part", "warning")
    assert line["message"] == expected
    assert "Geheimnis" not in json.dumps(line)


def test_k2_of_an_error_its_type_and_place_are_told_and_not_what_it_says(said: Said) -> None:
    try:
        raise ValueError("Geheimnis")
    except ValueError:
        logging.getLogger("library").exception("it broke")

    (line,) = said()
    assert "ValueError" in line["exception"]
    assert "test_logs.py" in line["exception"]
    assert "Geheimnis" not in json.dumps(line)


def test_what_libraries_say_below_a_warning_is_left_out(said: Said) -> None:
    logging.getLogger("library").info("by the way")

    assert said() == []


def test_work_on_another_thread_bears_the_id_of_the_request_that_asked_for_it(said: Said) -> None:
    with structlog.contextvars.bound_contextvars(request_id="eins"):
        first = logs.carrying(lambda: structlog.get_logger().info("worked"))
    second = logs.carrying(lambda: structlog.get_logger().info("worked"))

    for work in (first, second):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()

    assert [line.get("request_id") for line in said()] == ["eins", None]
